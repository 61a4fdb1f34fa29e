-- Tells access points behind one address by their NAS-Identifier; '' is none. Declares networks
-- of access points to come, and keeps who was seen there.
-- Retention: ranges live until an admin removes them; pending access points until they are
-- approved, their range is removed, or they were not seen for a month.

ALTER TABLE access_points DROP CONSTRAINT access_points_addresses_key;
ALTER TABLE access_points ADD COLUMN identifier TEXT NOT NULL DEFAULT '';
ALTER TABLE access_points ADD UNIQUE (addresses, identifier);

CREATE TABLE access_point_ranges (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    addresses TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    secret BYTEA NOT NULL
);

CREATE TABLE pending_access_points (
    address TEXT NOT NULL PRIMARY KEY,
    network TEXT NOT NULL REFERENCES access_point_ranges (name) ON DELETE CASCADE,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    state TEXT NOT NULL,
    definition TEXT NOT NULL
);
CREATE INDEX pending_access_points_by_age ON pending_access_points (last_seen);
