-- Clients that register themselves (RFC 7591, RFC 7592), and who may.

CREATE TABLE registration_tokens (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    uses_left integer CHECK (uses_left >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
);
COMMENT ON TABLE registration_tokens IS 'Initial access tokens (RFC 7591 §3), by their SHA-256: each lets clients register until it has expired or is used up.';

CREATE TABLE registered_clients (
    client_id text PRIMARY KEY REFERENCES clients ON DELETE CASCADE,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    registered_with text,
    extra text NOT NULL CHECK (jsonb_typeof(extra::jsonb) = 'object')
);
COMMENT ON TABLE registered_clients IS 'Clients that registered themselves: the SHA-256 of the registration access token (RFC 7592 §3), the name of the initial access token, and members that are only shown.';
