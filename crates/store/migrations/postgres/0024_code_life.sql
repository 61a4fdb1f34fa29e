-- A code lives from when a gateway took its message, so it is known which message carries it.

ALTER TABLE challenge_codes ADD COLUMN message BYTEA;
CREATE INDEX codes_of_message ON challenge_codes (message) WHERE message IS NOT NULL;
