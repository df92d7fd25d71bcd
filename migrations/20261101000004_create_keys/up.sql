-- Signing keys at rest, the check value of the master key that seals them, and the bearer tokens of administrators.

CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    alg text NOT NULL,
    sealed_private bytea NOT NULL,
    active_from_at timestamptz NOT NULL,
    retired_at timestamptz,
    published_until_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signing_keys_retired_with_end CHECK ((retired_at IS NULL) = (published_until_at IS NULL))
);
COMMENT ON TABLE signing_keys IS 'Keys that sign tokens, PKCS #8 sealed under the master key. Published from the start, used from active_from_at to retired_at, published until published_until_at; then the row goes.';

CREATE TABLE master_key_check (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key_id text NOT NULL,
    check_value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE master_key_check IS 'One row once a master key is in use: a value sealed under it, which opens only with the right key.';

CREATE TABLE admin_tokens (
    token_digest bytea PRIMARY KEY CHECK (length(token_digest) = 32),
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
);
COMMENT ON TABLE admin_tokens IS 'Bearer tokens of the admin API, by their SHA-256. Revoking one deletes it; admin_audit remembers.';
