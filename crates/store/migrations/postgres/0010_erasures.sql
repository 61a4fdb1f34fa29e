-- Tells every machine with a trail whom to take out of it, also one that was down meanwhile. What
-- leads to the person is encrypted.
-- Retention: `erasure-days` after it happened, by which time no trail has anything older.

CREATE TABLE erasures (
    account BYTEA NOT NULL PRIMARY KEY,
    erased_at BIGINT NOT NULL,
    person BYTEA NOT NULL
);

CREATE INDEX erasures_by_time ON erasures (erased_at);
