-- The one-tap link that a message carries beside its code, as a keyed hash.
-- Retention: with the codes, `challenge-days`.

ALTER TABLE challenge_codes ADD COLUMN link_hash BYTEA;
CREATE UNIQUE INDEX codes_by_link ON challenge_codes (link_hash) WHERE link_hash IS NOT NULL;
