-- What the token path writes, in groups, and the sweeper removes as fast as it comes. None of these refer to clients:
-- a foreign key would cost a lock on the client's row for every token.

CREATE TABLE replay_guards (
    client_id text NOT NULL,
    jti_digest bytea NOT NULL CHECK (length(jti_digest) = 32),
    settle_id bytea NOT NULL CHECK (length(settle_id) = 16),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_digest)
);
COMMENT ON TABLE replay_guards IS 'Assertions that have been used, until they could not be used anyway (RFC 7523 §3 item 7). settle_id tells the winner of a race, also after a lost connection.';
CREATE INDEX replay_guards_expires_at ON replay_guards (expires_at);

CREATE TABLE opaque_tokens (
    token_digest bytea PRIMARY KEY CHECK (length(token_digest) = 32),
    jti_digest bytea NOT NULL CHECK (length(jti_digest) = 32),
    client_id text NOT NULL,
    claims text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE opaque_tokens IS 'Reference access tokens by their SHA-256, with the claims that introspection answers. Not checked to be JSON: the server wrote it a moment ago.';
CREATE INDEX opaque_tokens_expires_at ON opaque_tokens (expires_at);

CREATE TABLE revocations (
    jti_digest bytea PRIMARY KEY CHECK (length(jti_digest) = 32),
    client_id text NOT NULL,
    revoked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE revocations IS 'Access tokens of either format revoked before they expire, by the SHA-256 of their jti (RFC 7009).';
CREATE INDEX revocations_expires_at ON revocations (expires_at);

CREATE TABLE token_audit (
    record_id bytea PRIMARY KEY CHECK (length(record_id) = 16),
    happened_at timestamptz NOT NULL,
    token_id text,
    client_id text NOT NULL,
    grant_type text NOT NULL,
    outcome text NOT NULL,
    subject text,
    scope text NOT NULL,
    audience text NOT NULL,
    plugin_digests bytea NOT NULL CHECK (length(plugin_digests) % 32 = 0),
    claim_sources text NOT NULL,
    request_id text NOT NULL,
    node_id text NOT NULL,
    expires_at timestamptz
);
COMMENT ON TABLE token_audit IS 'What the token endpoint issued or refused: by whom, for whom, shaped by which plugin versions, and which of them set which claim. audience and claim_sources are JSON, plugin_digests are digests of 32 bytes one after the other. Swept by the retention setting.';
CREATE INDEX token_audit_happened_at ON token_audit (happened_at, record_id);
CREATE INDEX token_audit_token_id ON token_audit (token_id);
CREATE INDEX token_audit_client_id ON token_audit (client_id, happened_at, record_id);
