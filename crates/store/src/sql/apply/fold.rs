//! A batch folded in memory: sessions as they end up, and what they used in between.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};

use domain::{
    AccountId, AccountingEvent, AccountingRecord, Advance, Day, GrantId, Id, NasName, Octets,
    Session, SessionEnd, SessionId, SessionIdentification, SessionReport, SessionState, Timestamp,
    Usage, Zone,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{rows, stays};
use crate::sql::dialect::Dialect;
use crate::sql::given::{Column, Given};
use crate::sql::row::{Columns, id_column};
use crate::sql::sessions::{COLUMNS, ERASED_DEVICE, session};
use crate::{AccountUsage, ApplyOutcome, StoreError};

/// A session as the batch finds and leaves it.
pub(super) struct Entry {
    pub(super) session: Session,
    pub(super) account: Option<AccountId>,
    /// The stay that came after it under the same name.
    pub(super) next_stay: Option<SessionId>,
    change: Change,
}

/// What the batch has changed of a session, the lesser first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    /// Its counters, and when it was last heard of.
    Counters,
    /// These, and that it is over.
    End,
    /// Anything else, or it is new.
    Whole,
    /// All of it, and its device that had a pseudonym.
    Device,
}

/// A batch on its way into the database.
pub(super) struct Fold {
    dialect: Dialect,
    pub(super) sessions: HashMap<SessionId, Entry>,
    /// Stays that came after others in this batch.
    followed: Vec<(SessionId, SessionId)>,
    /// Sessions that were read or changed; some more than once.
    touched: Vec<SessionId>,
    zones: BTreeMap<NasName, Zone>,
    owners: BTreeMap<GrantId, AccountId>,
    /// Whose the next session is that no grant of ours let in.
    owner: Option<AccountId>,
    days: BTreeMap<(AccountId, Day), Usage>,
    grants: BTreeMap<GrantId, Usage>,
    /// Access points whose open sessions are all in `sessions`.
    whole: BTreeSet<NasName>,
    accounts: BTreeMap<AccountId, AccountUsage>,
    repeated: u64,
}

impl Fold {
    /// Reads what the batch is about: those of its sessions that are not `known`, the owners of
    /// its grants, zones.
    pub(super) async fn load(
        transaction: &mut AnyConnection,
        dialect: Dialect,
        known: HashMap<SessionId, Entry>,
        records: &[AccountingRecord],
    ) -> Result<Self, StoreError> {
        let mut fold = Self {
            dialect,
            sessions: known,
            followed: Vec::new(),
            touched: Vec::with_capacity(records.len()),
            zones: zones(transaction).await?,
            owners: BTreeMap::new(),
            owner: None,
            days: BTreeMap::new(),
            grants: BTreeMap::new(),
            whole: BTreeSet::new(),
            accounts: BTreeMap::new(),
            repeated: 0,
        };
        let wanted =
            reports(records).filter_map(|report| match fold.sessions.get(&report.session) {
                Some(known) => known.next_stay,
                None => Some(report.session),
            });
        let unknown = wanted.filter(|id| !fold.sessions.contains_key(id)).collect();
        fold.read_stays(transaction, unknown).await?;
        let ownerless: BTreeSet<_> = reports(records)
            .filter(|report| fold.account_of(report.session).is_none())
            .filter_map(|report| report.grant)
            .collect();
        let statement = "SELECT id, account FROM grants WHERE id IN (SELECT id FROM given)";
        for row in fold.fetch(transaction, statement, ownerless).await? {
            fold.owners.insert(Columns(&row).id("id")?, Columns(&row).id("account")?);
        }
        Ok(fold)
    }

    /// When the stays of that name began that are known, the first first.
    pub(super) fn beginnings(&self, first: SessionId) -> Vec<Timestamp> {
        let mut beginnings = Vec::new();
        let mut next = Some(first);
        while let Some(entry) = next.and_then(|id| self.sessions.get(&id)) {
            if beginnings.len() >= stays::MOST {
                break;
            }
            beginnings.push(entry.session.started_at);
            next = entry.next_stay;
        }
        beginnings
    }

    /// Says whose the session of the next record is, should neither it nor a grant say it.
    pub(super) const fn own(&mut self, owner: Option<AccountId>) {
        self.owner = owner;
    }

    /// How many records have changed nothing so far.
    pub(super) const fn repeated(&self) -> u64 {
        self.repeated
    }

    pub(super) async fn fetch<Kind>(
        &self,
        transaction: &mut AnyConnection,
        statement: &str,
        ids: BTreeSet<Id<Kind>>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let columns = vec![Column::octets(ids.into_iter().map(id_column))];
        Given { dialect: self.dialect, names: "id", columns }.fetch(transaction, statement).await
    }

    /// Keeps a session that was read; returns the one that came after it under its name.
    pub(super) fn remember(&mut self, row: &AnyRow) -> Result<Option<SessionId>, StoreError> {
        let session = session(row)?;
        let account = Columns(row).optional_id("account")?;
        let next_stay = Columns(row).optional_id("next_stay")?;
        self.touched.push(session.id);
        let entry = Entry { session, account, next_stay, change: Change::Nothing };
        self.sessions.entry(entry.session.id).or_insert(entry);
        Ok(next_stay)
    }

    fn account_of(&self, session: SessionId) -> Option<AccountId> {
        self.sessions.get(&session).and_then(|entry| entry.account)
    }

    /// Folds one record in.
    pub(super) async fn take(
        &mut self,
        transaction: &mut AnyConnection,
        record: &AccountingRecord,
    ) -> Result<(), StoreError> {
        let record = storable(record);
        match &record.event {
            AccountingEvent::Started(report)
            | AccountingEvent::Interim(report)
            | AccountingEvent::Stopped(report, _) => {
                let id = self.stay_of(&record, report.session);
                self.advance(&record, id);
                Ok(())
            }
            AccountingEvent::NasStarted | AccountingEvent::NasStopped => {
                self.close_all(transaction, &record).await
            }
            // The journal has it, and there is no session.
            AccountingEvent::Waiting(_) => Ok(()),
        }
    }

    /// The stay that the record is about; a new one takes the name over from those before it.
    fn stay_of(&mut self, record: &AccountingRecord, name: SessionId) -> SessionId {
        let id = stays::stay(&self.sessions, name, record);
        let Some(entry) = self.sessions.get_mut(&id) else { return id };
        if entry.next_stay.is_some() || !entry.session.is_followed_by(record) {
            return id;
        }
        let next = stays::after(&entry.session);
        entry.next_stay = Some(next);
        entry.session.end_before_another();
        entry.change = entry.change.max(Change::End);
        self.followed.push((id, next));
        self.touched.push(id);
        next
    }

    fn advance(&mut self, record: &AccountingRecord, id: SessionId) {
        let (entry, is_new, was_open) = match self.sessions.entry(id) {
            hash_map::Entry::Occupied(known) => {
                let entry = known.into_mut();
                let was_open = entry.session.is_open();
                (entry, false, was_open)
            }
            hash_map::Entry::Vacant(place) => {
                let Some(begun) = Session::begun_by(record) else { return };
                let session = Session { id, ..begun };
                let (account, next_stay, change) = (None, None, Change::Whole);
                (place.insert(Entry { session, account, next_stay, change }), true, false)
            }
        };
        let advance = match entry.session.advance(record) {
            Some(advance) => advance,
            // A first report may tell of nothing but that the session is there.
            None if is_new => Advance { used: Usage::default(), is_news: true },
            None => {
                self.repeated += 1;
                return;
            }
        };
        let session = &mut entry.session;
        if session.device == ERASED_DEVICE {
            session.address = None;
            session.grant = None;
            session.identification = SessionIdentification::default();
        }
        let was_hashed = session.device.is_pseudonym();
        if let Some(report) = record.report().filter(|_| was_hashed) {
            // It was thought dead for long; access points are told of it by their own words.
            session.device = report.device;
            session.user_name.clone_from(&report.user_name);
            session.acct_session_id.clone_from(&report.acct_session_id);
        }
        let account = entry
            .account
            .or_else(|| session.grant.and_then(|grant| self.owners.get(&grant).copied()))
            .or(self.owner);
        let change = match (advance.is_news || account != entry.account, was_open) {
            _ if was_hashed => Change::Device,
            (false, true) if session.is_open() => Change::Counters,
            (false, true) => Change::End,
            _ => Change::Whole,
        };
        entry.change = entry.change.max(change);
        entry.account = account;
        if let Some(account) = account {
            let riyadh = Zone::riyadh();
            let zone = self.zones.get(&record.nas).unwrap_or(&riyadh);
            let day = self.days.entry((account, zone.day_of(record.occurred_at))).or_default();
            *day = *day + advance.used;
            let usage = self.accounts.entry(account).or_insert(AccountUsage::none(account));
            *usage = usage.and(AccountUsage {
                account,
                octets: advance.used.total(),
                time: advance.used.time,
                began: session.is_open() && !was_open,
            });
        }
        if let Some(grant) = session.grant {
            let used = self.grants.entry(grant).or_default();
            *used = *used + advance.used;
        }
        self.touched.push(id);
    }

    /// The access point restarted: none of its earlier sessions lives.
    async fn close_all(
        &mut self,
        transaction: &mut AnyConnection,
        record: &AccountingRecord,
    ) -> Result<(), StoreError> {
        if self.whole.insert(record.nas.clone()) {
            let statement = format!(
                "SELECT {COLUMNS}, next_stay FROM sessions WHERE nas = $1 AND ended_at IS NULL"
            );
            let rows = sqlx::query(AssertSqlSafe(statement))
                .bind(record.nas.as_str().to_owned())
                .fetch_all(&mut *transaction)
                .await?;
            for row in &rows {
                self.remember(row)?;
            }
        }
        // What is open in the database was just read, and what was opened since was touched.
        for id in &self.touched {
            let Some(entry) = self.sessions.get_mut(id) else { continue };
            let session = &mut entry.session;
            let ends = session.is_open()
                && session.nas == record.nas
                && session.started_at < record.occurred_at;
            if ends {
                session.state =
                    SessionState::Stopped { at: record.occurred_at, end: SessionEnd::NasRestarted };
                entry.change = entry.change.max(Change::End);
                if let Some(account) = entry.account {
                    self.accounts.entry(account).or_insert(AccountUsage::none(account));
                }
            }
        }
        Ok(())
    }

    /// Writes what has changed, grants in the order of their ids.
    pub(super) async fn write(
        &mut self,
        transaction: &mut AnyConnection,
    ) -> Result<(), StoreError> {
        self.touched.sort_unstable();
        self.touched.dedup();
        let changed = |change: Change| -> Vec<&Entry> {
            let entries = self.touched.iter().filter_map(|id| self.sessions.get(id));
            entries.filter(|entry| entry.change == change).collect()
        };
        rows::write_counters(transaction, self.dialect, &changed(Change::Counters)).await?;
        rows::write_ends(transaction, self.dialect, &changed(Change::End)).await?;
        rows::write_sessions(transaction, self.dialect, &changed(Change::Whole)).await?;
        let known_again = changed(Change::Device);
        rows::write_sessions(transaction, self.dialect, &known_again).await?;
        rows::write_devices(transaction, self.dialect, &known_again).await?;
        stays::write(transaction, self.dialect, &self.followed).await?;
        rows::write_days(transaction, self.dialect, &self.days).await?;
        rows::write_grants(transaction, self.dialect, &self.grants).await
    }

    /// After the commit: what it did, and the open sessions as the database has them now.
    pub(super) fn finish(mut self) -> (ApplyOutcome, HashMap<SessionId, Entry>) {
        for id in &self.touched {
            match self.sessions.get_mut(id) {
                Some(entry) if entry.session.is_open() => entry.change = Change::Nothing,
                Some(_) => drop(self.sessions.remove(id)),
                None => {}
            }
        }
        let accounts = self.accounts.into_values().collect();
        (ApplyOutcome { accounts, repeated: self.repeated }, self.sessions)
    }
}

fn reports(records: &[AccountingRecord]) -> impl Iterator<Item = &SessionReport> {
    records.iter().filter_map(AccountingRecord::report)
}

/// The record in what both databases can hold: no NUL in a text, no count beyond 63 bits.
fn storable(record: &AccountingRecord) -> Cow<'_, AccountingRecord> {
    const MOST: Octets = Octets::new(i64::MAX.unsigned_abs());
    let mut record = Cow::Borrowed(record);
    let Some(report) = record.report() else { return record };
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

async fn zones(transaction: &mut AnyConnection) -> Result<BTreeMap<NasName, Zone>, StoreError> {
    let statement = "SELECT access_points.name AS name, sites.zone AS zone FROM access_points JOIN sites ON sites.name = access_points.site";
    let rows = sqlx::query(statement).fetch_all(&mut *transaction).await?;
    rows.iter()
        .map(|row| Ok((Columns(row).parsed("name")?, Columns(row).parsed("zone")?)))
        .collect()
}
