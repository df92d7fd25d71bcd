DROP TABLE consents;
DROP TABLE pushed_requests;
DROP TABLE flows;
DROP TABLE session_clients;
DROP TABLE sessions;
