DELETE FROM clients WHERE client_id IN (SELECT client_id FROM client_documents);
DROP TABLE client_documents;
