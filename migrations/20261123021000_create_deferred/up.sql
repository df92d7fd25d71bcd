-- Authorizations that a client waits for while somebody decides on another device.

CREATE TABLE deferred (
    grant_id bytea PRIMARY KEY CHECK (length(grant_id) = 16),
    code_digest bytea NOT NULL CHECK (length(code_digest) = 32),
    user_code_digest bytea UNIQUE CHECK (length(user_code_digest) = 32),
    client_id text NOT NULL,
    request text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied')),
    poll_interval integer NOT NULL CHECK (poll_interval > 0),
    last_polled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE deferred IS 'What clients wait for while a person decides on another device (RFC 8628): the client polls with a code that begins with grant_id, the id of the grant that an approval makes. Codes by digests, that of the user code under a key of the server, for it is short. poll_interval in seconds, longer each time the client is too fast.';
CREATE INDEX deferred_expires_at ON deferred (expires_at);
