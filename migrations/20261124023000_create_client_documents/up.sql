-- Clients that are what a document at their client_id says (draft-ietf-oauth-client-id-metadata-document).

CREATE TABLE client_documents (
    client_id text PRIMARY KEY REFERENCES clients ON DELETE CASCADE,
    document_digest bytea NOT NULL CHECK (length(document_digest) = 32),
    good_until_at timestamptz NOT NULL
);
COMMENT ON TABLE client_documents IS 'Clients whose client_id is the URL of their metadata: the SHA-256 of what was read there, and until when it is taken for true without being fetched again.';
CREATE INDEX client_documents_good_until ON client_documents (good_until_at);
