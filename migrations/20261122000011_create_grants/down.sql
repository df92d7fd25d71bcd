DROP TABLE grants;
DROP TABLE server_secrets;
