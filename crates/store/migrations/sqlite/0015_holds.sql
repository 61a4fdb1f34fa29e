-- Persons whose data must stay, whatever retention says. The reason is encrypted.
-- Retention: released holds go with the person.

CREATE TABLE legal_holds (
    account BLOB NOT NULL,
    phone_hash BLOB NOT NULL,
    since INTEGER NOT NULL,
    why BLOB NOT NULL,
    released_at INTEGER
);

CREATE UNIQUE INDEX legal_holds_once ON legal_holds (account) WHERE released_at IS NULL;
CREATE INDEX legal_holds_of_account ON legal_holds (account);
