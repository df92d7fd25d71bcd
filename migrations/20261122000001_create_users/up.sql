-- People.

CREATE TABLE users (
    user_id text PRIMARY KEY CHECK (user_id ~ '^usr_[A-Za-z0-9_-]{22}$'),
    username text NOT NULL CHECK (length(username) BETWEEN 1 AND 256),
    username_key text NOT NULL UNIQUE,
    enabled boolean NOT NULL,
    claims text NOT NULL CHECK (jsonb_typeof(claims::jsonb) = 'object'),
    attributes text NOT NULL CHECK (jsonb_typeof(attributes::jsonb) = 'object'),
    password_hash text CHECK (length(password_hash) BETWEEN 1 AND 512),
    password_changed_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_password_with_age CHECK ((password_hash IS NULL) = (password_changed_at IS NULL))
);
COMMENT ON TABLE users IS 'People. user_id is random and the public subject; username_key is the username as RFC 8265 compares it; claims are those of OpenID Connect Core §5.1, attributes are for plugins; password_hash is Argon2id, or of another function until the next sign-in.';
CREATE INDEX users_email ON users (lower(claims::jsonb ->> 'email'));
