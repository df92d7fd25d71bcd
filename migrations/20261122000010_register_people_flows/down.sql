ALTER TABLE clients DROP COLUMN registration, DROP COLUMN refresh_token_lifetime_seconds, DROP COLUMN id_token_lifetime_seconds;
