-- Signed request objects, kept with what came of them (FAPI 2.0 Message Signing §5.3).

CREATE TABLE signed_requests (
    grant_id bytea PRIMARY KEY CHECK (length(grant_id) = 16),
    client_id text NOT NULL,
    user_id text NOT NULL,
    request_object text NOT NULL,
    answered_at timestamptz NOT NULL
);
COMMENT ON TABLE signed_requests IS 'The signed request objects upon which people allowed something, byte for byte, so that no client can say later that it asked for something else. Kept as long as the audit; neither the grant nor client and user have to be there any more.';
CREATE INDEX signed_requests_answered_at ON signed_requests (answered_at);
CREATE INDEX signed_requests_client_id ON signed_requests (client_id, answered_at);
