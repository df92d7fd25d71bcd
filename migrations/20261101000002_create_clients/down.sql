DROP TABLE resource_introspectors;
DROP TABLE resources;
DROP TABLE client_secrets;
DROP TABLE clients;
