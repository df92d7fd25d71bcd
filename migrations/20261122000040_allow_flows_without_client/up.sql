-- Flows of people who come by themselves, to look after their account.

ALTER TABLE flows ALTER COLUMN client_id DROP NOT NULL;
COMMENT ON TABLE flows IS 'Requests whose person is on the way: the request as it came, and how far they are. Bound to one browser by the SHA-256 of its cookie. Without a client, the person came by themselves to look after their account.';
