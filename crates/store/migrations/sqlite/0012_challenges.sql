-- One challenge of a device at a site is open at a time, whatever comes at the same moment; and
-- whose an address is can be asked once instead of once for every access point.
-- Sign-ins that are under way meanwhile begin again.

UPDATE challenges SET state = 'abandoned' WHERE state = 'open';
CREATE UNIQUE INDEX challenges_open_once ON challenges (purpose, site, device) WHERE state = 'open';

CREATE INDEX sessions_open_of_address ON sessions (address) WHERE ended_at IS NULL;
DROP INDEX sessions_open_by_address;
