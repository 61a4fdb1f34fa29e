-- Counts codes by when they were sent, lets an order be written once while it waits, and finds
-- an open session by the visitor's address.

ALTER TABLE challenge_codes ADD COLUMN sent_at BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX orders_once_for_session ON orders (kind, session)
    WHERE done_at IS NULL AND session IS NOT NULL;
CREATE UNIQUE INDEX orders_once_for_device ON orders (kind, nas, device)
    WHERE done_at IS NULL AND session IS NULL;

CREATE INDEX sessions_open_by_address ON sessions (nas, address) WHERE ended_at IS NULL;
