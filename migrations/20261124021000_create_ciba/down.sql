DROP TABLE request_codes;
DROP TABLE backchannel_notices;
DELETE FROM deferred WHERE kind = 'ciba';
ALTER TABLE deferred DROP COLUMN user_id, DROP COLUMN kind;
