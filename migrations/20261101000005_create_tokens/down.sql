DROP TABLE token_audit;
DROP TABLE revocations;
DROP TABLE opaque_tokens;
DROP TABLE replay_guards;
