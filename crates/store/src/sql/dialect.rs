//! Where SQLite and PostgreSQL differ.

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
            Self::Postgres => "BEGIN",
        }
    }

    /// Begins a writing transaction about many rows that are found by their keys. PostgreSQL would
    /// plan each of its statements anew and read whole tables of some ten thousand rows for a
    /// batch of a few hundred; a plan that is kept for any batch goes by the index, row by row in
    /// the order in which they are given, also in tables so small that reading them whole would
    /// cost less: others lock rows in that order, too.
    pub(crate) const fn begin_by_keys(self) -> &'static str {
        match self {
            Self::Sqlite => self.begin(),
            Self::Postgres => {
                "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; \
                 SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
                 SET LOCAL enable_mergejoin = off"
            }
        }
    }

    /// Locks the rows that a transaction has read until it ends. SQLite has one writer anyway.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Keeps the rows that a transaction has read from being changed by others until it ends.
    pub(crate) const fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
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

    /// Waits until no other transaction sends messages for the device that the first value names, to
    /// the number of the second, or to the block of numbers of the third; until its end. Everybody
    /// takes the three in this order.
    pub(crate) const fn lock_sends(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(
                "SELECT pg_advisory_xact_lock(1935761520, hashtext($1)), \
                 pg_advisory_xact_lock(1935761521, hashtext($2)), \
                 pg_advisory_xact_lock(1935761522, hashtext($3))",
            ),
        }
    }

    /// Waits until no other transaction changes the schema; until its end.
    pub(crate) const fn lock_schema(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(1935761517)"),
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
