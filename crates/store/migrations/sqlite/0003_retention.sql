-- Finds what a retention rule, or the erasing of a person, destroys.
-- Retention: grants go some time after they are over, usage_days after their day; the rows of
-- journals stay, one for each journal there ever was.

CREATE INDEX grants_by_until ON grants (until);
CREATE INDEX usage_days_by_day ON usage_days (day);
CREATE INDEX credentials_of_grant ON credentials (grant_id);
CREATE INDEX messages_of_phone ON messages (phone_hash);
CREATE INDEX messages_by_end ON messages (done_at);
