-- What messages cost, in ten-thousandths of the currency, by the days of Riyadh since 1970-01-01. `raised` is
-- what somebody allowed beyond the limit for that day, `stopped` how many messages were refused since the limit
-- was changed last. Retention: `usage-days`, and a month at least.

CREATE TABLE spending (
    day BIGINT NOT NULL PRIMARY KEY,
    spent BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    segments BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    stopped BIGINT NOT NULL,
    raised BIGINT NOT NULL,
    most BIGINT NOT NULL
);

-- Limits that somebody set in place of those that are configured. Kept until they are taken back.
CREATE TABLE spending_limits (
    span TEXT NOT NULL PRIMARY KEY,
    most BIGINT NOT NULL
);

-- What each cost and of how many parts it was, and on which day that counts; on none for what a gateway refused.
ALTER TABLE messages ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN segments BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN paid_on BIGINT;
ALTER TABLE messages ADD COLUMN country TEXT;
