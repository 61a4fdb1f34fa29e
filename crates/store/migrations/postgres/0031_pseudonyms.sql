-- What is over and still has its device's address in clear, by age: after `mac-days` a keyed hash takes
-- the place of the address, with the group bit (the lowest of the first octet) that no device's has.

CREATE INDEX visits_in_clear ON visits (asked_at)
    WHERE strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0;
CREATE INDEX challenges_in_clear ON challenges (created_at)
    WHERE strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0;
CREATE INDEX orders_in_clear ON orders (done_at)
    WHERE done_at IS NOT NULL AND strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0;
CREATE INDEX sessions_in_clear ON sessions (ended_at)
    WHERE ended_at IS NOT NULL AND strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0;
CREATE INDEX grants_in_clear ON grants (COALESCE(ended_at, until))
    WHERE strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0;
