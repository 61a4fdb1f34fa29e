-- What visitors asked to have destroyed: until when it must be answered, and when it was done.
-- Retention: `audit-days` after it was done.

CREATE TABLE erasure_requests (
    reference TEXT NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    site TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    done_at INTEGER
);

CREATE UNIQUE INDEX erasure_requests_once ON erasure_requests (account) WHERE done_at IS NULL;
CREATE INDEX erasure_requests_by_due ON erasure_requests (due_at);
