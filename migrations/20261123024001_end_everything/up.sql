-- Everything of a client can be ended at once: also tokens that no row stands for.

ALTER TABLE clients ADD COLUMN tokens_ended_at timestamptz;
COMMENT ON COLUMN clients.tokens_ended_at IS 'Access tokens of the client that were issued up to then are over, whatever they say themselves. Null until somebody ended everything of it.';
