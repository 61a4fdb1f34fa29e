//! A batch folded in memory: sessions as they end up, and what they used in between.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AccountId, AccountingEvent, AccountingRecord, Day, GrantId, NasName, Octets, Session,
    SessionEnd, SessionId, SessionIdentification, SessionState, Usage, Zone,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::rows;
use crate::StoreError;
use crate::sql::dialect::Dialect;
use crate::sql::row::Columns;
use crate::sql::sessions::{COLUMNS, ERASED_DEVICE, session};

/// A session as the batch finds and leaves it.
pub(super) struct Entry {
    pub(super) session: Session,
    pub(super) account: Option<AccountId>,
    changed: bool,
}

/// A batch on its way into the database.
pub(super) struct Fold {
    dialect: Dialect,
    sessions: BTreeMap<SessionId, Entry>,
    zones: BTreeMap<NasName, Zone>,
    owners: BTreeMap<GrantId, AccountId>,
    days: BTreeMap<(AccountId, Day), Usage>,
    grants: BTreeMap<GrantId, Usage>,
    /// Access points whose open sessions are all in `sessions`.
    whole: BTreeSet<NasName>,
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) repeated: u64,
}

impl Fold {
    /// Reads what the batch is about: its sessions, the owners of its grants, zones.
    pub(super) async fn load(
        transaction: &mut Transaction<'_, Any>,
        dialect: Dialect,
        records: &[AccountingRecord],
    ) -> Result<Self, StoreError> {
        let reports = || {
            records.iter().filter_map(|record| match &record.event {
                AccountingEvent::Started(report)
                | AccountingEvent::Interim(report)
                | AccountingEvent::Stopped(report, _) => Some(report),
                AccountingEvent::NasStarted | AccountingEvent::NasStopped => None,
            })
        };
        let ids: BTreeSet<_> = reports().map(|report| report.session.to_bytes().to_vec()).collect();
        let grants: BTreeSet<_> = reports()
            .filter_map(|report| report.grant)
            .map(|grant| grant.to_bytes().to_vec())
            .collect();
        let mut fold = Self {
            dialect,
            sessions: BTreeMap::new(),
            zones: zones(transaction).await?,
            owners: BTreeMap::new(),
            days: BTreeMap::new(),
            grants: BTreeMap::new(),
            whole: BTreeSet::new(),
            accounts: BTreeSet::new(),
            repeated: 0,
        };
        let columns = format!("SELECT {COLUMNS} FROM sessions WHERE id");
        for row in rows::rows_in(transaction, dialect, &columns, ids).await? {
            fold.remember(&row)?;
        }
        let columns = "SELECT id, account FROM grants WHERE id";
        for row in rows::rows_in(transaction, dialect, columns, grants).await? {
            fold.owners.insert(Columns(&row).id("id")?, Columns(&row).id("account")?);
        }
        Ok(fold)
    }

    fn remember(&mut self, row: &AnyRow) -> Result<(), StoreError> {
        let session = session(row)?;
        let account = Columns(row).optional_id("account")?;
        self.sessions.entry(session.id).or_insert(Entry { session, account, changed: false });
        Ok(())
    }

    /// Folds one record in.
    pub(super) async fn take(
        &mut self,
        transaction: &mut Transaction<'_, Any>,
        record: &AccountingRecord,
    ) -> Result<(), StoreError> {
        let record = storable(record);
        match &record.event {
            AccountingEvent::Started(report)
            | AccountingEvent::Interim(report)
            | AccountingEvent::Stopped(report, _) => self.advance(&record, report.session),
            AccountingEvent::NasStarted | AccountingEvent::NasStopped => {
                self.close_all(transaction, &record).await?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, record: &AccountingRecord, id: SessionId) {
        let before = self.sessions.get(&id).map(|entry| entry.session.clone());
        let Some(mut advance) = Session::advance(before, record) else {
            self.repeated += 1;
            return;
        };
        if advance.session.device == ERASED_DEVICE {
            advance.session.address = None;
            advance.session.grant = None;
            advance.session.identification = SessionIdentification::default();
        }
        let known = self.sessions.get(&id).and_then(|entry| entry.account);
        let account = known
            .or_else(|| advance.session.grant.and_then(|grant| self.owners.get(&grant).copied()));
        if let Some(account) = account {
            let zone = self.zones.get(&record.nas).cloned().unwrap_or_else(Zone::riyadh);
            let day = self.days.entry((account, zone.day_of(record.occurred_at))).or_default();
            *day = *day + advance.used;
            self.accounts.insert(account);
        }
        if let Some(grant) = advance.session.grant {
            let used = self.grants.entry(grant).or_default();
            *used = *used + advance.used;
        }
        self.sessions.insert(id, Entry { session: advance.session, account, changed: true });
    }

    /// The access point restarted: none of its earlier sessions lives.
    async fn close_all(
        &mut self,
        transaction: &mut Transaction<'_, Any>,
        record: &AccountingRecord,
    ) -> Result<(), StoreError> {
        if self.whole.insert(record.nas.clone()) {
            let statement =
                format!("SELECT {COLUMNS} FROM sessions WHERE nas = $1 AND ended_at IS NULL");
            let rows = sqlx::query(AssertSqlSafe(statement))
                .bind(record.nas.as_str().to_owned())
                .fetch_all(&mut **transaction)
                .await?;
            for row in &rows {
                self.remember(row)?;
            }
        }
        for entry in self.sessions.values_mut() {
            let session = &mut entry.session;
            let ends = session.is_open()
                && session.nas == record.nas
                && session.started_at < record.occurred_at;
            if ends {
                session.state =
                    SessionState::Stopped { at: record.occurred_at, end: SessionEnd::NasRestarted };
                entry.changed = true;
                self.accounts.extend(entry.account);
            }
        }
        Ok(())
    }

    /// Writes what has changed, grants in the order of their ids.
    pub(super) async fn write(
        &self,
        transaction: &mut Transaction<'_, Any>,
    ) -> Result<(), StoreError> {
        let changed: Vec<&Entry> = self.sessions.values().filter(|entry| entry.changed).collect();
        for entries in changed.chunks(rows::ROWS) {
            rows::write_sessions(transaction, self.dialect, entries).await?;
        }
        let days: Vec<_> = self.days.iter().collect();
        for days in days.chunks(rows::ROWS) {
            rows::write_days(transaction, self.dialect, days).await?;
        }
        let grants: Vec<_> = self.grants.iter().collect();
        for grants in grants.chunks(rows::ROWS) {
            rows::write_grants(transaction, self.dialect, grants).await?;
        }
        Ok(())
    }
}

/// The record in what both databases can hold: no NUL in a text, no count beyond 63 bits.
fn storable(record: &AccountingRecord) -> Cow<'_, AccountingRecord> {
    const MOST: Octets = Octets::new(i64::MAX.unsigned_abs());
    let mut record = Cow::Borrowed(record);
    let (AccountingEvent::Started(report)
    | AccountingEvent::Interim(report)
    | AccountingEvent::Stopped(report, _)) = &record.event
    else {
        return record;
    };
    let fits = !report.user_name.contains('\0')
        && !report.acct_session_id.contains('\0')
        && report.usage.uploaded <= MOST
        && report.usage.downloaded <= MOST;
    if fits {
        return record;
    }
    let (AccountingEvent::Started(report)
    | AccountingEvent::Interim(report)
    | AccountingEvent::Stopped(report, _)) = &mut record.to_mut().event
    else {
        return record;
    };
    report.user_name = report.user_name.replace('\0', "\u{fffd}");
    report.acct_session_id = report.acct_session_id.replace('\0', "\u{fffd}");
    report.usage.uploaded = report.usage.uploaded.min(MOST);
    report.usage.downloaded = report.usage.downloaded.min(MOST);
    record
}

async fn zones(
    transaction: &mut Transaction<'_, Any>,
) -> Result<BTreeMap<NasName, Zone>, StoreError> {
    let statement = "SELECT access_points.name AS name, sites.zone AS zone FROM access_points JOIN sites ON sites.name = access_points.site";
    let rows = sqlx::query(statement).fetch_all(&mut **transaction).await?;
    rows.iter()
        .map(|row| Ok((Columns(row).parsed("name")?, Columns(row).parsed("zone")?)))
        .collect()
}
