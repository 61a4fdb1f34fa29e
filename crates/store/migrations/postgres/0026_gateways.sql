-- What gateways that ask by themselves are to be told, and who they said is there. Retention: one
-- day.

CREATE TABLE errands (
    nas TEXT NOT NULL,
    device BYTEA NOT NULL,
    errand TEXT NOT NULL,
    left_at BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (nas, device)
);
CREATE INDEX errands_by_age ON errands (left_at);

CREATE TABLE guest_reports (
    nas TEXT NOT NULL PRIMARY KEY,
    report TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL
);
