-- What the help desk finds by the reference that a visitor reads to it.
-- Retention: `challenge-days`, as challenges.

CREATE TABLE visits (
    reference TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL,
    nas TEXT NOT NULL,
    device BLOB NOT NULL,
    language TEXT NOT NULL,
    arrived_at BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    refused TEXT
);
CREATE INDEX visits_of_device ON visits (device);
CREATE INDEX visits_by_age ON visits (asked_at);
