-- Other issuers whose tokens are believed here.

CREATE TABLE trusted_issuers (
    issuer text PRIMARY KEY CHECK (length(issuer) BETWEEN 1 AND 2048),
    document text NOT NULL CHECK (jsonb_typeof(document::jsonb) = 'object'),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE trusted_issuers IS 'Other issuers whose tokens are believed here, each with its keys and what its tokens may be used for.';
