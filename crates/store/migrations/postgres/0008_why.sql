-- Finds what happened to a session by its access point's name for it, and the orders about a
-- device wherever it was.
-- Retention: as the rows.

CREATE INDEX sessions_by_name ON sessions (acct_session_id);
CREATE INDEX orders_by_device ON orders (device, created_at);
