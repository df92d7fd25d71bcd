DROP TABLE registered_clients;
DROP TABLE registration_tokens;
