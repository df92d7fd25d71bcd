DELETE FROM flows WHERE client_id IS NULL;
ALTER TABLE flows ALTER COLUMN client_id SET NOT NULL;
COMMENT ON TABLE flows IS 'Authorization requests whose person is on the way: the request as it came, and how far they are. Bound to one browser by the SHA-256 of its cookie.';
