-- Names with a session the one that took its name, where an access point gives a name again.
-- Retention: as the rows.

ALTER TABLE sessions ADD COLUMN next_stay BYTEA;
