ALTER TABLE clients DROP COLUMN tokens_ended_at;
