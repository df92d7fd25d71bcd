-- What people have allowed clients. Codes, refresh tokens and the jti of access tokens begin with the grant's id, so that redeeming,
-- rotating, revoking and asking are one look at one row.

CREATE TABLE grants (
    grant_id bytea PRIMARY KEY CHECK (length(grant_id) = 16),
    client_id text NOT NULL,
    user_id text NOT NULL,
    session_id text,
    allowed text NOT NULL,
    code_digest bytea CHECK (length(code_digest) = 32),
    code_expires_at timestamptz,
    code_spent_at timestamptz,
    refresh_number bigint,
    refresh_digest bytea CHECK (length(refresh_digest) = 32),
    previous_digest bytea CHECK (length(previous_digest) = 32),
    rotated_at timestamptz,
    refresh_expires_at timestamptz,
    bound_to text,
    settle_id bytea CHECK (length(settle_id) = 16),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT grants_code_whole CHECK ((code_digest IS NULL) = (code_expires_at IS NULL)),
    CONSTRAINT grants_refresh_whole CHECK ((refresh_digest IS NULL) = (refresh_number IS NULL) AND (refresh_digest IS NULL) = (refresh_expires_at IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE grants IS 'What one person allowed one client, once: the state of its code and of its refresh token, both by their SHA-256. allowed is JSON that the server wrote itself. Rotation changes no indexed column, so that it stays within the page.';
CREATE INDEX grants_user_id ON grants (user_id, client_id);
CREATE INDEX grants_session_id ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_expires_at ON grants (expires_at);

CREATE TABLE server_secrets (
    name text PRIMARY KEY,
    sealed_secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE server_secrets IS 'Secrets that all nodes share and that outlive master keys: 32 random bytes each, sealed. `people` is what refresh tokens, pairwise subjects and forms are made with.';
