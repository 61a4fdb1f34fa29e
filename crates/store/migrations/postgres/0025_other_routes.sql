-- Another code is asked for where the last did not arrive, so it goes by another route.

ALTER TABLE messages ADD COLUMN not_by TEXT;
