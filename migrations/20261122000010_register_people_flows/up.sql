-- What clients register for the flows of people.

ALTER TABLE clients
    ADD COLUMN registration text NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(registration::jsonb) = 'object'),
    ADD COLUMN refresh_token_lifetime_seconds integer CHECK (refresh_token_lifetime_seconds > 0),
    ADD COLUMN id_token_lifetime_seconds integer CHECK (id_token_lifetime_seconds > 0);
COMMENT ON COLUMN clients.registration IS 'Metadata that only the flows of people read (redirect URIs, ID tokens, request objects, logout), one checked JSON document by the names of RFC 7591 and OpenID Connect Dynamic Client Registration.';
