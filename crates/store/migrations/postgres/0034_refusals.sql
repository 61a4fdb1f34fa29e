-- What was refused in a visit: how many times, the first and the last, also before any number was taken.

ALTER TABLE visits ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN first_refused TEXT;
ALTER TABLE visits ADD COLUMN first_refused_at BIGINT;
ALTER TABLE visits ADD COLUMN last_refused TEXT;
ALTER TABLE visits ADD COLUMN last_refused_at BIGINT;

UPDATE visits SET refusals = 1, first_refused = refused, first_refused_at = asked_at,
    last_refused = refused, last_refused_at = asked_at WHERE refused IS NOT NULL;
