DROP TABLE admin_tokens;
DROP TABLE master_key_check;
DROP TABLE signing_keys;
