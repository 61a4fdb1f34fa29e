//! Where SQLite and PostgreSQL differ.

use domain::MacAddress;

/// How PostgreSQL finds rows by their keys. It would plan each statement of a transaction anew and read
/// whole tables of some ten thousand rows for a batch of a few hundred; a plan that is kept for any
/// batch goes by the index, row by row in the order in which they are given, also in tables so small
/// that reading them whole would cost less: others lock rows in that order, too. What is ruled out
/// counts as so dear that each statement would be compiled to machine code first.
pub(crate) const BY_KEYS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

/// What only one transaction of PostgreSQL has at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lock(u32, i32);

impl Lock {
    /// For who sends messages for the same device, to the same number, or to the same block of numbers.
    pub(crate) fn of_sends(of: [&[u8]; 3]) -> [Self; 3] {
        // Two that share a number wait for each other without need.
        let [device, number, block] = of.map(|name| crc32c::crc32c(name).cast_signed());
        [Self(1_935_761_520, device), Self(1_935_761_521, number), Self(1_935_761_522, block)]
    }

    /// For who tries a code of the challenge that is called so.
    pub(crate) fn of_attempt(challenge: &[u8]) -> Self {
        Self(1_935_761_523, crc32c::crc32c(challenge).cast_signed())
    }

    /// For who lets a device in once.
    pub(crate) fn of_device(device: MacAddress) -> Self {
        Self(1_935_761_524, crc32c::crc32c(&device.octets()).cast_signed())
    }

    /// What takes those of these that nobody has, and finds whether that is all.
    pub(crate) fn take_if_free(locks: &[Self]) -> String {
        let locks: Vec<_> =
            locks.iter().map(|lock| lock.call("pg_try_advisory_xact_lock")).collect();
        locks.join(" AND ")
    }

    fn call(self, function: &str) -> String {
        format!("{function}({}, {})", self.0, self.1)
    }
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Which database a URL names.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            return Some(Self::Sqlite);
        }
        let is_postgres = url.starts_with("postgres:") || url.starts_with("postgresql:");
        is_postgres.then_some(Self::Postgres)
    }

    /// Begins a writing transaction. SQLite takes its lock at once, since a read that turns
    /// into a write later can fail.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => {
                "BEGIN; SET LOCAL plan_cache_mode TO DEFAULT; \
                 SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT; \
                 SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL jit TO DEFAULT"
            }
        }
    }

    /// The same for rows that are found by their keys, for which connections that write are set
    /// ([`BY_KEYS`]).
    pub(crate) const fn begin_by_keys(self) -> &'static str {
        match self {
            Self::Sqlite => self.begin(),
            Self::Postgres => "BEGIN",
        }
    }

    /// Locks the rows that a transaction has read until it ends. SQLite has one writer anyway.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// The same for the challenges alone among what is joined.
    pub(crate) const fn for_update_of_challenges(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE OF challenges",
        }
    }

    /// Keeps the rows that a transaction has read from being changed by others until it ends.
    pub(crate) const fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
        }
    }

    /// Uses up the credentials that are `given`. Of those who come at the same time with several the
    /// same, each goes by their ids, so that nobody waits for another in a circle; whoever waited
    /// looks again at what the other left.
    pub(crate) const fn use_up_credentials(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "UPDATE credentials SET used_at = now FROM given \
                 WHERE id = wanted AND nas = by_nas AND used_at IS NULL AND expires_at > now \
                 RETURNING id, nas"
            }
            Self::Postgres => {
                ", locked AS (SELECT id FROM credentials WHERE id IN (SELECT wanted FROM given) \
                 ORDER BY id FOR UPDATE) \
                 UPDATE credentials SET used_at = now FROM locked JOIN given ON wanted = locked.id \
                 WHERE credentials.id = locked.id AND nas = by_nas AND used_at IS NULL \
                 AND expires_at > now RETURNING credentials.id, nas"
            }
        }
    }

    /// Waits until no other transaction writes orders about the device that the first value names;
    /// until its end.
    pub(crate) const fn lock_orders(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(1935761518, hashtext($1))"),
        }
    }

    /// Waits until no other transaction appends to the audit log; until its end.
    pub(crate) const fn lock_audit(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(1935761519)"),
        }
    }

    /// Waits until no other transaction has one of these locks; until its end. Everybody takes them in
    /// this order.
    pub(crate) fn lock<const N: usize>(self, locks: [Lock; N]) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(format!(
                "SELECT {}",
                locks.map(|lock| lock.call("pg_advisory_xact_lock")).join(", ")
            )),
        }
    }

    /// Waits until no other transaction changes the schema; until its end.
    pub(crate) const fn lock_schema(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(1935761517)"),
        }
    }

    /// That the column `device` has an address, and no pseudonym (the group bit of
    /// [`domain::MacAddress::pseudonym`]) nor nothing. The indexes by age say it in the same words.
    pub(crate) const fn in_clear(self) -> &'static str {
        match self {
            Self::Sqlite => "instr('13579BDF', substr(hex(device), 2, 1)) = 0",
            Self::Postgres => "strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) = 0",
        }
    }

    /// The same of those that have no address; each row is one or the other.
    pub(crate) const fn hashed(self) -> &'static str {
        match self {
            Self::Sqlite => "instr('13579BDF', substr(hex(device), 2, 1)) <> 0",
            Self::Postgres => "strpos('13579bdf', substr(encode(device, 'hex'), 2, 1)) <> 0",
        }
    }

    /// Lets other processes pass by rows that one has claimed.
    pub(crate) const fn for_update_skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }
}
