-- Vouchers, in batches. Of a code, and of a device that was admitted, only a keyed hash is kept. An
-- account is known by a number or by a voucher.
-- Retention: a batch goes `voucher-days` after its time is over, once no account of its vouchers is left.

ALTER TABLE accounts RENAME COLUMN phone TO identity;
ALTER TABLE accounts RENAME COLUMN phone_hash TO identity_hash;

CREATE TABLE voucher_batches (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL,
    plan TEXT NOT NULL,
    devices BIGINT NOT NULL,
    until BIGINT NOT NULL,
    lasts BIGINT,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    revoked_at BIGINT,
    revoked_why TEXT
);

CREATE TABLE vouchers (
    batch TEXT NOT NULL REFERENCES voucher_batches (name),
    serial BIGINT NOT NULL,
    code_hash BYTEA NOT NULL UNIQUE,
    account BYTEA,
    first_used_at BIGINT,
    revoked_at BIGINT,
    revoked_why TEXT,
    PRIMARY KEY (batch, serial)
);

CREATE INDEX vouchers_of_account ON vouchers (account) WHERE account IS NOT NULL;

CREATE TABLE voucher_devices (
    batch TEXT NOT NULL,
    serial BIGINT NOT NULL,
    device BYTEA NOT NULL,
    PRIMARY KEY (batch, serial, device)
);
