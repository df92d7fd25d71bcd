-- Clients that are still to be told of the end of a session (OpenID Connect Back-Channel Logout 1.0).

CREATE TABLE logout_deliveries (
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    session_id text NOT NULL,
    user_id text NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    attempt_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, session_id)
);
COMMENT ON TABLE logout_deliveries IS 'Logout tokens that are owed to clients: written with the end of the session, gone when delivered or given up. Neither session nor user has to be there any more. Whoever attempts one puts attempt_at ahead, so that nobody else does.';
CREATE INDEX logout_deliveries_attempt_at ON logout_deliveries (attempt_at);
CREATE INDEX logout_deliveries_expires_at ON logout_deliveries (expires_at);
