-- The seconds of the spans in `link_cells`, those of a span together. They take more room than all the rest,
-- and are kept for `link-second-days`.
CREATE TABLE link_seconds (
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    begin_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    seconds BYTEA NOT NULL,
    health TEXT NOT NULL,
    readiness TEXT,
    PRIMARY KEY (site, path, begin_at, position)
);
CREATE INDEX link_seconds_by_age ON link_seconds (begin_at);
