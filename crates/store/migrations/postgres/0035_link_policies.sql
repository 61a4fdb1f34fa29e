-- What the agents of links between offices are to run by, signed elsewhere. Retention: the last of each
-- office, until the next takes its place.

CREATE TABLE link_policies (
    site TEXT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    document TEXT NOT NULL
);
