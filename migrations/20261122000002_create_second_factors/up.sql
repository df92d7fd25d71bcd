-- What people hold beside a password.

CREATE TABLE user_totp (
    user_id text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
COMMENT ON TABLE user_totp IS 'Authenticator apps (RFC 6238), the secret sealed under the master key. last_step is the time step of the last code that was right: no code of it or of an earlier one is taken again.';

CREATE TABLE recovery_codes (
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    code_digest bytea NOT NULL CHECK (length(code_digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, code_digest)
);
COMMENT ON TABLE recovery_codes IS 'Recovery codes by their SHA-256, 80 random bits each. Using one deletes it.';

CREATE TABLE passkeys (
    credential_id bytea PRIMARY KEY CHECK (length(credential_id) BETWEEN 1 AND 1023),
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    credential text NOT NULL CHECK (jsonb_typeof(credential::jsonb) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
COMMENT ON TABLE passkeys IS 'Passkeys (WebAuthn) by the id of the credential; credential is its public key and counter as the library keeps them.';
CREATE INDEX passkeys_user_id ON passkeys (user_id);
