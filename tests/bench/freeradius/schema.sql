-- Filled by `tests/bench/freeradius.rs` before the server starts.
PRAGMA journal_mode = WAL;

CREATE TABLE radcheck (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    attribute TEXT NOT NULL,
    op TEXT NOT NULL,
    value TEXT NOT NULL,
    used_at INTEGER
);
CREATE INDEX radcheck_by_name ON radcheck (username);

CREATE TABLE radreply (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    attribute TEXT NOT NULL,
    op TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE INDEX radreply_by_name ON radreply (username);

CREATE TABLE radacct (
    acctsessionid TEXT NOT NULL,
    username TEXT NOT NULL,
    nasipaddress TEXT NOT NULL,
    callingstationid TEXT NOT NULL,
    framedipaddress TEXT NOT NULL,
    class TEXT NOT NULL,
    acctstarttime INTEGER NOT NULL,
    acctupdatetime INTEGER NOT NULL,
    acctstoptime INTEGER,
    acctsessiontime INTEGER NOT NULL,
    acctinputoctets INTEGER NOT NULL,
    acctoutputoctets INTEGER NOT NULL,
    PRIMARY KEY (nasipaddress, acctsessionid)
);
CREATE INDEX radacct_by_name ON radacct (username);
