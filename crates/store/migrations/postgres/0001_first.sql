-- Times are milliseconds since 1970 UTC, durations milliseconds, days days since 1970.
-- Retention: setup tables live until an admin removes rows; accounts, devices, consents and
-- usage_days until the person is erased; the rest is pruned by age (see the prune calls).

CREATE TABLE plans (
    name TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL
);

CREATE TABLE sites (
    name TEXT NOT NULL PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES plans (name),
    zone TEXT NOT NULL,
    definition TEXT NOT NULL
);

CREATE TABLE access_points (
    name TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    addresses TEXT NOT NULL UNIQUE,
    portal_path_hash BYTEA NOT NULL UNIQUE,
    definition TEXT NOT NULL,
    secrets BYTEA NOT NULL
);

CREATE TABLE accounts (
    id BYTEA NOT NULL PRIMARY KEY,
    phone BYTEA NOT NULL,
    phone_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL
);

CREATE TABLE devices (
    mac BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL REFERENCES accounts (id),
    language TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX devices_of_account ON devices (account);

CREATE TABLE consents (
    account BYTEA NOT NULL REFERENCES accounts (id),
    terms_version TEXT NOT NULL,
    language TEXT NOT NULL,
    site TEXT NOT NULL,
    given_at BIGINT NOT NULL
);
CREATE INDEX consents_of_account ON consents (account);

CREATE TABLE grants (
    id BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL REFERENCES accounts (id),
    device BYTEA NOT NULL,
    site TEXT NOT NULL,
    plan TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    ended_at BIGINT,
    ended_why TEXT,
    uploaded BIGINT NOT NULL DEFAULT 0,
    downloaded BIGINT NOT NULL DEFAULT 0,
    time BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX grants_of_device ON grants (device, issued_at);
CREATE INDEX grants_of_account ON grants (account, issued_at);

CREATE TABLE credentials (
    id BYTEA NOT NULL PRIMARY KEY,
    grant_id BYTEA NOT NULL,
    device BYTEA NOT NULL,
    nas TEXT NOT NULL,
    password BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX credentials_by_expiry ON credentials (expires_at);

CREATE TABLE challenges (
    id BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    site TEXT NOT NULL,
    device BYTEA NOT NULL,
    phone BYTEA NOT NULL,
    phone_hash BYTEA NOT NULL,
    language TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    code_expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX challenges_of_device ON challenges (device, created_at);
CREATE INDEX challenges_of_phone ON challenges (phone_hash, created_at);
CREATE INDEX challenges_by_age ON challenges (created_at);

CREATE TABLE challenge_codes (
    challenge BYTEA NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX codes_of_challenge ON challenge_codes (challenge);

CREATE TABLE messages (
    id BYTEA NOT NULL PRIMARY KEY,
    challenge BYTEA,
    phone_hash BYTEA,
    phone BYTEA,
    text BYTEA,
    class TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    done_at BIGINT,
    state TEXT NOT NULL,
    detail TEXT
);
CREATE INDEX messages_waiting ON messages (next_at) WHERE done_at IS NULL;
CREATE INDEX messages_of_challenge ON messages (challenge, created_at);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    nas TEXT NOT NULL,
    acct_session_id TEXT NOT NULL,
    device BYTEA NOT NULL,
    user_name TEXT NOT NULL,
    address TEXT,
    grant_id BYTEA,
    account BYTEA,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    uploaded BIGINT NOT NULL,
    downloaded BIGINT NOT NULL,
    time BIGINT NOT NULL,
    ended_at BIGINT,
    ended_why TEXT
);
CREATE INDEX sessions_open_at_nas ON sessions (nas, device) WHERE ended_at IS NULL;
CREATE INDEX sessions_open_of_account ON sessions (account) WHERE ended_at IS NULL;
CREATE INDEX sessions_open_by_update ON sessions (updated_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_of_grant ON sessions (grant_id);
CREATE INDEX sessions_of_account ON sessions (account, started_at);
CREATE INDEX sessions_of_device ON sessions (device, started_at);
CREATE INDEX sessions_by_start ON sessions (started_at);

CREATE TABLE usage_days (
    account BYTEA NOT NULL,
    day BIGINT NOT NULL,
    uploaded BIGINT NOT NULL,
    downloaded BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (account, day)
);

CREATE TABLE journals (
    id TEXT NOT NULL PRIMARY KEY,
    segment BIGINT NOT NULL,
    position BIGINT NOT NULL
);

CREATE TABLE orders (
    id BYTEA NOT NULL PRIMARY KEY,
    nas TEXT NOT NULL,
    kind TEXT NOT NULL,
    device BYTEA NOT NULL,
    session BYTEA,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    done_at BIGINT,
    outcome TEXT,
    cause BIGINT
);
CREATE INDEX orders_waiting ON orders (next_at) WHERE done_at IS NULL;
CREATE INDEX orders_by_age ON orders (created_at);
