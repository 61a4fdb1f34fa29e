-- What agents tell of the links between offices. Retention: sites and logs for as long as something of
-- them is kept; events and quarters of an hour `link-days`, minutes `link-minute-days`, what has ten
-- seconds `link-fine-days`. What is concluded from it is one value, and incidents `link-days` from their
-- end.

CREATE TABLE link_sites (
    name TEXT NOT NULL PRIMARY KEY,
    first_seen_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    state TEXT,
    state_at BIGINT,
    events BIGINT NOT NULL,
    cells BIGINT NOT NULL
);

CREATE TABLE link_logs (
    site TEXT NOT NULL REFERENCES link_sites (name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    epoch TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    last BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    PRIMARY KEY (site, kind, epoch)
);

CREATE TABLE link_events (
    site TEXT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (site, position)
);
CREATE INDEX link_events_by_age ON link_events (taken_at);

CREATE TABLE link_cells (
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    begin_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    is_merged BIGINT NOT NULL,
    tally BLOB NOT NULL,
    health TEXT NOT NULL,
    readiness TEXT,
    PRIMARY KEY (site, path, begin_at, position)
);
CREATE INDEX link_cells_to_merge ON link_cells (site, position) WHERE is_merged = 0;
CREATE INDEX link_cells_by_age ON link_cells (begin_at);

CREATE TABLE link_history (
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    span BIGINT NOT NULL,
    begin_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    tally BLOB NOT NULL,
    health TEXT NOT NULL,
    readiness TEXT,
    PRIMARY KEY (site, path, span, begin_at)
);
CREATE INDEX link_history_by_age ON link_history (span, begin_at);

CREATE TABLE link_conclusion (
    id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    state TEXT NOT NULL
);

CREATE TABLE link_incidents (
    number BIGINT NOT NULL PRIMARY KEY,
    begin_at BIGINT NOT NULL,
    ended_at BIGINT,
    incident TEXT NOT NULL
);
CREATE INDEX link_incidents_by_age ON link_incidents (ended_at);
