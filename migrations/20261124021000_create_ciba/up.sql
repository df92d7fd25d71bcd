-- Clients that name their person and wait at the backchannel (OpenID Connect CIBA).

ALTER TABLE deferred
    ADD COLUMN kind text NOT NULL DEFAULT 'device' CHECK (kind IN ('device', 'ciba')),
    ADD COLUMN user_id text REFERENCES users ON DELETE CASCADE,
    ADD CONSTRAINT deferred_person CHECK ((kind = 'ciba') = (user_id IS NOT NULL));
CREATE INDEX deferred_user_id ON deferred (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE backchannel_notices (
    grant_id bytea PRIMARY KEY REFERENCES deferred ON DELETE CASCADE,
    client_id text NOT NULL,
    sealed_request bytea NOT NULL,
    sealed_tokens bytea,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempt_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE backchannel_notices IS 'What is owed to clients that are told of a decision (ping, push): sealed_request has the auth_req_id and the notification token, sealed_tokens what is pushed, made before the first attempt. attempt_at is empty until there is something to say; whoever attempts puts it ahead.';
CREATE INDEX backchannel_notices_attempt_at ON backchannel_notices (attempt_at);

CREATE TABLE request_codes (
    user_id text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    code_digest bytea NOT NULL CHECK (length(code_digest) = 32),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request_codes IS 'Codes with which people let clients ask them (user_code, OpenID Connect CIBA §7.1): digests under a key of the server, for they are short.';
