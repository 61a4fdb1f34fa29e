//! Sessions and the usage that accounting brings.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccountId, AccountingRecord, GrantId, MacAddress, NasName, OctetBalance, Octets, Session,
    SessionId, SiteName, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Which sessions to list.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only those that go on.
    pub open_only: bool,
    /// Only those of this access point.
    pub nas: Option<NasName>,
    /// Only those of this device.
    pub device: Option<MacAddress>,
    /// At most this many, newest first; 0 stands for 100.
    pub limit: u32,
}

/// Sessions in the order of their beginnings.
#[derive(Debug, Clone)]
pub struct SessionsFrom {
    /// Only those that began then or later.
    pub since: Timestamp,
    /// Only those that began before.
    pub until: Option<Timestamp>,
    /// Only those after this one, which began then.
    pub after: Option<(Timestamp, SessionId)>,
    /// At most this many.
    pub limit: u32,
}

/// How far a journal has been applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalPosition {
    /// The segment's number.
    pub segment: u64,
    /// The octet after the last applied record in it.
    pub offset: u64,
}

/// What was applied about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// Whose it is.
    pub account: AccountId,
    /// Octets both ways that were not known before.
    pub octets: Octets,
    /// Time online that was not known before.
    pub time: Duration,
    /// Whether a session began, or came back.
    pub began: bool,
}

impl AccountUsage {
    /// Nothing yet.
    #[must_use]
    pub const fn none(account: AccountId) -> Self {
        Self { account, octets: Octets::new(0), time: Duration::ZERO, began: false }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            account: self.account,
            octets: self.octets + other.octets,
            time: self.time.saturating_add(other.time),
            began: self.began || other.began,
        }
    }
}

/// What applying a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// Accounts whose usage or sessions changed, each once.
    pub accounts: Vec<AccountUsage>,
    /// Records that changed nothing, since they repeated what was known.
    pub repeated: u64,
}

/// Sessions by id, access point, account and grant.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Sessions that match, newest first.
    async fn list_sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError>;

    /// Sessions by their beginning, and those of one moment by their id, so that all can be read
    /// page after page while others come.
    async fn list_sessions_from(&self, from: &SessionsFrom) -> Result<Vec<Session>, StoreError>;

    /// The session of that id.
    async fn find_session(&self, session: SessionId) -> Result<Option<Session>, StoreError>;

    /// The open session of a device at an access point with the latest report.
    async fn find_open_session(
        &self,
        nas: &NasName,
        device: MacAddress,
    ) -> Result<Option<Session>, StoreError>;

    /// The open session at an access point with that visitor address and the latest report.
    async fn find_open_session_by_address(
        &self,
        nas: &NasName,
        address: std::net::IpAddr,
    ) -> Result<Option<Session>, StoreError>;

    /// Open sessions with that visitor address, those with the latest reports first, `most` at most.
    async fn open_sessions_of_address(
        &self,
        address: std::net::IpAddr,
        most: u32,
    ) -> Result<Vec<Session>, StoreError>;

    /// Open sessions of every device of these accounts, each with its account.
    async fn open_sessions_of_accounts(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Session)>, StoreError>;

    /// Open sessions of a grant.
    async fn open_sessions_of_grant(&self, grant: GrantId) -> Result<Vec<Session>, StoreError>;

    /// How many sessions are open at the access points of a site.
    async fn count_open_sessions(&self, site: &SiteName) -> Result<u32, StoreError>;

    /// The device of each of these sessions.
    async fn devices_online_at(&self, site: &SiteName) -> Result<Vec<MacAddress>, StoreError>;

    /// Open sessions at the access points of a site that have the speed of their allowance, those that
    /// used most first.
    async fn list_unyielding(&self, site: &SiteName) -> Result<Vec<Session>, StoreError>;

    /// Open sessions, wherever they are, that have less because an office needs the network, those that
    /// used most first.
    async fn list_yielding(&self) -> Result<Vec<Session>, StoreError>;

    /// When the last report about any of the sessions that are open at a site came; `None` if none is.
    async fn last_report_at(&self, site: &SiteName) -> Result<Option<Timestamp>, StoreError>;

    /// Accounts that have an open session.
    async fn accounts_online(&self) -> Result<Vec<AccountId>, StoreError>;

    /// Which way the octets of an access point's latest stays went that began at `since` or later:
    /// of [`OctetBalance::MOST_STAYS`] with [`OctetBalance::LEAST_OCTETS`] or more.
    async fn octet_balance(
        &self,
        nas: &NasName,
        since: Timestamp,
    ) -> Result<OctetBalance, StoreError>;

    /// Closes, as stale, open sessions that have not been reported since `silent_since`; returns
    /// them. A later report opens such a session again.
    async fn close_stale_sessions(
        &self,
        silent_since: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<Session>, StoreError>;

    /// Destroys sessions that are over and began before `before`; returns how many.
    async fn prune_sessions(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// The way of accounting from the journal into the database.
#[async_trait]
pub trait SessionReports: Send + Sync {
    /// How far the journal of that id has been applied; the beginning if it is unknown.
    async fn applied_until(&self, journal: &str) -> Result<JournalPosition, StoreError>;

    /// Applies records in their order by [`Session::advance`], adds what they brought to the usage
    /// of grant and of account and day (day of `occurred_at` in the zone of the access point's
    /// site), and moves the journal's position to `until`; all in one transaction. Nothing happens
    /// if the position is already at or beyond `until`. `NasStarted` and `NasStopped` close the open sessions of the
    /// NAS that began before. Records of an access point that has been removed are applied all
    /// the same, with days of Asia/Riyadh.
    async fn apply(
        &self,
        journal: &str,
        records: &[AccountingRecord],
        until: JournalPosition,
    ) -> Result<ApplyOutcome, StoreError>;
}
