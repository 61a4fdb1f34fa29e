-- Keeps with a session how its access point names it and which speed that was told, and with an
-- order how far it has come: its place among those about the same device, who is at it, which way
-- it is tried, what was answered, and when the access point said that it was done.
-- Retention: as the rows.

ALTER TABLE sessions ADD COLUMN identification BLOB;
ALTER TABLE sessions ADD COLUMN speed TEXT NOT NULL DEFAULT 'full';

ALTER TABLE orders ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN speed TEXT;
ALTER TABLE orders ADD COLUMN method TEXT;
ALTER TABLE orders ADD COLUMN answer TEXT;
ALTER TABLE orders ADD COLUMN claimed_until BIGINT;
ALTER TABLE orders ADD COLUMN acknowledged_at BIGINT;

CREATE INDEX orders_of_device ON orders (nas, device, generation);
CREATE INDEX orders_of_session ON orders (session, created_at);
CREATE INDEX orders_unconfirmed ON orders (acknowledged_at)
    WHERE done_at IS NULL AND acknowledged_at IS NOT NULL;
