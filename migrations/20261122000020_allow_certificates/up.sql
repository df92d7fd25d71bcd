-- Clients that prove themselves with a certificate (RFC 8705 §2).

ALTER TABLE clients
    DROP CONSTRAINT clients_auth_method_check,
    DROP CONSTRAINT clients_keys_fit_method,
    ADD CONSTRAINT clients_auth_method_check CHECK (auth_method IN (
        'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
        'tls_client_auth', 'self_signed_tls_client_auth')),
    ADD CONSTRAINT clients_keys_fit_method CHECK (
        CASE WHEN auth_method IN ('private_key_jwt', 'self_signed_tls_client_auth') THEN num_nonnulls(jwks, jwks_uri) = 1
             ELSE num_nonnulls(jwks, jwks_uri) = 0 END);
COMMENT ON TABLE replay_guards IS 'Assertions and DPoP proofs that have been used, until they could not be used anyway (RFC 7523 §3 item 7, RFC 9449 §11.1); for a proof, client_id is the thumbprint of its key. settle_id tells the winner of a race, also after a lost connection.';
