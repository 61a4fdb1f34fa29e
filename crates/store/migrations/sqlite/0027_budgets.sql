-- Messages are counted by the block of the number as well: the number without its last four digits, as
-- a keyed hash. What is mute was begun beyond a limit of its number that others had used up: there is a
-- code, and no message.
-- Retention: `challenge-days`, as challenges.

ALTER TABLE challenges ADD COLUMN block_hash BLOB;
ALTER TABLE challenges ADD COLUMN mute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE challenge_codes ADD COLUMN mute BIGINT NOT NULL DEFAULT 0;
CREATE INDEX challenges_of_block ON challenges (block_hash, created_at);
