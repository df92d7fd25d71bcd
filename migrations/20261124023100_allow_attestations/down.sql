ALTER TABLE clients
    DROP CONSTRAINT clients_auth_method_check,
    ADD CONSTRAINT clients_auth_method_check CHECK (auth_method IN (
        'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
        'tls_client_auth', 'self_signed_tls_client_auth'));
