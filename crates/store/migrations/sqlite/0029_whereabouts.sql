-- What redirects said of where devices are, for controllers that must be told it again. Retention:
-- one day.

CREATE TABLE whereabouts (
    nas TEXT NOT NULL,
    device BLOB NOT NULL,
    said TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (nas, device)
);
CREATE INDEX whereabouts_by_age ON whereabouts (said_at);
