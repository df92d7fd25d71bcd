DROP TABLE schema_reader;
DROP TABLE admin_audit;
DROP TABLE changes;
DROP TABLE generation;
