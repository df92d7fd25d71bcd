ALTER TABLE clients
    DROP CONSTRAINT clients_auth_method_check,
    DROP CONSTRAINT clients_keys_fit_method,
    ADD CONSTRAINT clients_auth_method_check CHECK (auth_method IN (
        'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt')),
    ADD CONSTRAINT clients_keys_fit_method CHECK (
        CASE WHEN auth_method = 'private_key_jwt' THEN num_nonnulls(jwks, jwks_uri) = 1 ELSE num_nonnulls(jwks, jwks_uri) = 0 END);
COMMENT ON TABLE replay_guards IS 'Assertions that have been used, until they could not be used anyway (RFC 7523 §3 item 7). settle_id tells the winner of a race, also after a lost connection.';
