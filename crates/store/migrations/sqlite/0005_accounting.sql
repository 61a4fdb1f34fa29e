-- Counters of sessions stand in no index, so that most reports change none; and whoever changes
-- sessions counts it, so that another knows whether what it remembers of them still holds.
-- Retention: one row, for ever.

DROP INDEX sessions_open_by_update;

CREATE TABLE session_changes (
    number BIGINT NOT NULL
);
INSERT INTO session_changes (number) VALUES (0);
