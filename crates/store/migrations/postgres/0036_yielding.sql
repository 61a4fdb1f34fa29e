-- Sessions that have less because an office needs the network are looked for every second while any
-- might be left, and are none most of the time. Retention: that of sessions.

CREATE INDEX sessions_yielding ON sessions (nas)
    WHERE ended_at IS NULL AND speed IN ('yielding', 'reduced-yielding');
