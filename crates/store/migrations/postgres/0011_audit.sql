-- What was done to people's data and to the set-up, by whom, as a chain: each link has the hash of
-- the one before it. Persons are told by account or keyed hash.
-- Retention: `audit-days`; what is destroyed is told by a link with the hash of the last of it.

CREATE TABLE audit (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE INDEX audit_by_subject ON audit (subject, number);
CREATE INDEX audit_by_act ON audit (act, number);
CREATE INDEX audit_by_time ON audit (at);
