-- Codes have purposes: beside letting a device online, showing visitors their data, and closing a
-- report. What has no device has a subject, the number of the report; one challenge of each binding
-- is open at a time. Messages that nobody waits for before a page give way to those that are awaited.

ALTER TABLE challenges ADD COLUMN subject TEXT NOT NULL DEFAULT '';
DROP INDEX challenges_open_once;
CREATE UNIQUE INDEX challenges_open_once ON challenges (purpose, site, device, subject) WHERE state = 'open';
CREATE INDEX challenges_of_subject ON challenges (subject, created_at) WHERE subject <> '';

ALTER TABLE messages ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0;
