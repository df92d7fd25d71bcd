-- People on their way: sessions, requests under way, pushed requests, and what was agreed to.

CREATE TABLE sessions (
    session_id text PRIMARY KEY,
    cookie_digest bytea NOT NULL UNIQUE CHECK (length(cookie_digest) = 32),
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    methods text[] NOT NULL,
    attributes text NOT NULL CHECK (jsonb_typeof(attributes::jsonb) = 'object'),
    address text NOT NULL,
    user_agent text NOT NULL,
    authenticated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE sessions IS 'Sessions of people at this server, by the SHA-256 of their cookie. methods is what they did to sign in; attributes is what plugins remember.';
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE session_clients (
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, client_id)
);
COMMENT ON TABLE session_clients IS 'Which clients got something in a session, so that they can be told of its end.';
CREATE INDEX session_clients_client_id ON session_clients (client_id);

CREATE TABLE flows (
    flow_digest bytea PRIMARY KEY CHECK (length(flow_digest) = 32),
    browser_digest bytea NOT NULL CHECK (length(browser_digest) = 32),
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    request text NOT NULL CHECK (jsonb_typeof(request::jsonb) = 'object'),
    progress text NOT NULL CHECK (jsonb_typeof(progress::jsonb) = 'object'),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE flows IS 'Authorization requests whose person is on the way: the request as it came, and how far they are. Bound to one browser by the SHA-256 of its cookie.';
CREATE INDEX flows_client_id ON flows (client_id);
CREATE INDEX flows_expires_at ON flows (expires_at);

CREATE TABLE pushed_requests (
    request_digest bytea PRIMARY KEY CHECK (length(request_digest) = 32),
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    request text NOT NULL CHECK (jsonb_typeof(request::jsonb) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    spent_at timestamptz
);
COMMENT ON TABLE pushed_requests IS 'Pushed authorization requests (RFC 9126) by the SHA-256 of their request_uri; spent when their answer is made.';
CREATE INDEX pushed_requests_client_id ON pushed_requests (client_id);
CREATE INDEX pushed_requests_expires_at ON pushed_requests (expires_at);

CREATE TABLE consents (
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    scopes text[] NOT NULL,
    claims text[] NOT NULL,
    details text CHECK (jsonb_typeof(details::jsonb) = 'array'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, client_id)
);
COMMENT ON TABLE consents IS 'What a person has agreed to let a client have, remembered until they take it back.';
CREATE INDEX consents_client_id ON consents (client_id);
