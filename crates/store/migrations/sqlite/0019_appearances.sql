-- When an access point last asked about a device that was not let in, site by site: it shows that
-- the device is there. Retention: one day.

CREATE TABLE appearances (
    device BLOB NOT NULL,
    site TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (device, site)
);
CREATE INDEX appearances_by_age ON appearances (seen_at);
