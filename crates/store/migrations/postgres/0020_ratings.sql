-- What visitors think of their stays, one rating each. Of the stay there is a keyed hash, of the time the
-- day; nothing leads to a person.
-- Retention: `usage-days`.

CREATE TABLE ratings (
    stay TEXT NOT NULL PRIMARY KEY,
    site TEXT NOT NULL,
    nas TEXT NOT NULL,
    day BIGINT NOT NULL,
    score BIGINT NOT NULL,
    reason TEXT NOT NULL
);

CREATE INDEX ratings_of_site ON ratings (site, day);
