-- Where no messages go: numbers that begin so, a number as its keyed hash, or a site. Retention:
-- `challenge-days` from its end, as challenges.

CREATE TABLE send_blocks (
    target TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    until BIGINT
);
