-- Messages go by routes: each has the one that carries it, a message that a route did not take is
-- written again for the next, and so the code in it is kept, encrypted, as long as its words are.
-- Messages that wait meanwhile have none and are given up; who waits for one asks again.

ALTER TABLE messages ADD COLUMN route TEXT;
ALTER TABLE messages ADD COLUMN tried_since BIGINT;
ALTER TABLE messages ADD COLUMN instead_of BYTEA;
ALTER TABLE messages ADD COLUMN code BYTEA;

UPDATE messages SET done_at = next_at, state = 'failed', detail = 'given up when Sabeel was renewed',
    phone = NULL, text = NULL WHERE done_at IS NULL;
