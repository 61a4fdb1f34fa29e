-- Each purpose is a consent of its own, to words that can be shown again, and can be taken back. What
-- is agreed to with the number waits in the challenge until the number is proven.
-- Retention: consents go with the person; words stay, one row for each wording that was ever shown.

ALTER TABLE consents RENAME COLUMN terms_version TO version;
ALTER TABLE consents ADD COLUMN purpose TEXT NOT NULL DEFAULT 'service';
ALTER TABLE consents ADD COLUMN wording BLOB;
ALTER TABLE consents ADD COLUMN channel TEXT NOT NULL DEFAULT 'portal';
ALTER TABLE consents ADD COLUMN withdrawn_at INTEGER;

CREATE TABLE wordings (
    hash BLOB NOT NULL PRIMARY KEY,
    words TEXT NOT NULL,
    since INTEGER NOT NULL
);

ALTER TABLE challenges DROP COLUMN terms_version;
ALTER TABLE challenges ADD COLUMN agreed TEXT NOT NULL DEFAULT '[]';
