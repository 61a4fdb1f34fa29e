-- What a gateway tells in the end of a message that it took; and until when its words are kept for
-- another route, if nothing is told.

ALTER TABLE messages ADD COLUMN receipt TEXT;
ALTER TABLE messages ADD COLUMN receipt_at BIGINT;
ALTER TABLE messages ADD COLUMN watch_until BIGINT;

CREATE INDEX messages_watched ON messages (watch_until) WHERE watch_until IS NOT NULL;
CREATE INDEX messages_by_reference ON messages (detail, route) WHERE state = 'accepted';
CREATE INDEX messages_receipted ON messages (route, receipt_at) WHERE receipt_at IS NOT NULL;
