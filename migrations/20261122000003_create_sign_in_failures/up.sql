-- Who has failed to sign in too often, as all nodes see it.

CREATE TABLE sign_in_failures (
    bucket_digest bytea PRIMARY KEY CHECK (length(bucket_digest) = 32),
    drained_at timestamptz NOT NULL
);
COMMENT ON TABLE sign_in_failures IS 'Failures as buckets that fill with each and drain with time: of an account, of a network, of both, of a browser. drained_at is when the bucket will be empty; then the row goes. The digest is of what is counted, so that no name of an account stands here.';
CREATE INDEX sign_in_failures_drained_at ON sign_in_failures (drained_at);
