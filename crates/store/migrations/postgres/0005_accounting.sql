-- Counters of sessions stand in no index, so that most reports change none; and whoever changes
-- sessions counts it, so that another knows whether what it remembers of them still holds.
-- Retention: one row, for ever.

DROP INDEX sessions_open_by_update;

CREATE TABLE session_changes (
    number BIGINT NOT NULL
);
INSERT INTO session_changes (number) VALUES (0);

-- Room in every page for the next version of a row beside it.
ALTER TABLE sessions SET (fillfactor = 70);
ALTER TABLE grants SET (fillfactor = 80);
ALTER TABLE usage_days SET (fillfactor = 80);
