-- Tells access points behind one address by their NAS-Identifier; '' is none. Declares networks
-- of access points to come, and keeps who was seen there.
-- Retention: ranges live until an admin removes them; pending access points until they are
-- approved, their range is removed, or they were not seen for a month.

CREATE TABLE access_points_with_identifier (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    addresses TEXT NOT NULL,
    identifier TEXT NOT NULL DEFAULT '',
    portal_path_hash BLOB NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    secrets BLOB NOT NULL,
    UNIQUE (addresses, identifier)
);
INSERT INTO access_points_with_identifier
    (name, site, addresses, portal_path_hash, definition, secrets)
    SELECT name, site, addresses, portal_path_hash, definition, secrets FROM access_points;
DROP TABLE access_points;
ALTER TABLE access_points_with_identifier RENAME TO access_points;

CREATE TABLE access_point_ranges (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    addresses TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    secret BLOB NOT NULL
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
