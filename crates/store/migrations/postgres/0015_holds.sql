-- Persons whose data must stay, whatever retention says. The reason is encrypted.
-- Retention: released holds go with the person.

CREATE TABLE legal_holds (
    account BYTEA NOT NULL,
    phone_hash BYTEA NOT NULL,
    since BIGINT NOT NULL,
    why BYTEA NOT NULL,
    released_at BIGINT
);

CREATE UNIQUE INDEX legal_holds_once ON legal_holds (account) WHERE released_at IS NULL;
CREATE INDEX legal_holds_of_account ON legal_holds (account);
