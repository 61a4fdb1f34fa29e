-- Vouchers, in batches. Of a code, and of a device that was admitted, only a keyed hash is kept. An
-- account is known by a number or by a voucher.
-- Retention: a batch goes `voucher-days` after its time is over, once no account of its vouchers is left.

ALTER TABLE accounts RENAME COLUMN phone TO identity;
ALTER TABLE accounts RENAME COLUMN phone_hash TO identity_hash;

CREATE TABLE voucher_batches (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL,
    plan TEXT NOT NULL,
    devices INTEGER NOT NULL,
    until INTEGER NOT NULL,
    lasts INTEGER,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    revoked_at INTEGER,
    revoked_why TEXT
);

CREATE TABLE vouchers (
    batch TEXT NOT NULL REFERENCES voucher_batches (name),
    serial INTEGER NOT NULL,
    code_hash BLOB NOT NULL UNIQUE,
    account BLOB,
    first_used_at INTEGER,
    revoked_at INTEGER,
    revoked_why TEXT,
    PRIMARY KEY (batch, serial)
);

CREATE INDEX vouchers_of_account ON vouchers (account) WHERE account IS NOT NULL;

CREATE TABLE voucher_devices (
    batch TEXT NOT NULL,
    serial INTEGER NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (batch, serial, device)
);
