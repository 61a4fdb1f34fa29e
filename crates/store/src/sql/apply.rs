//! Accounting into the database: a batch, its usage and the journal's position in one
//! transaction, so that every record counts exactly once.
//!
//! A batch is folded in memory first: many reports of one session cost one row.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::{
    AccountId, AccountingEvent, AccountingRecord, Day, GrantId, NasName, Session, SessionEnd,
    SessionId, SessionState, Usage, Zone,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::SqlStore;
use super::row::{Columns, amount_column, duration_column, id_column, mac_column};
use super::sessions::{COLUMNS, end_name, session};
use crate::{ApplyOutcome, Change, JournalPosition, SessionReports, StoreError};

/// Rows in one statement; SQLite takes 32,766 values and a session has fifteen.
const ROWS: usize = 500;

#[async_trait]
impl SessionReports for SqlStore {
    async fn applied_until(&self, journal: &str) -> Result<JournalPosition, StoreError> {
        let row = sqlx::query("SELECT segment, position FROM journals WHERE id = $1")
            .bind(journal)
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map_or(Ok(JournalPosition::default()), position)
    }

    async fn apply(
        &self,
        journal: &str,
        records: &[AccountingRecord],
        until: JournalPosition,
    ) -> Result<ApplyOutcome, StoreError> {
        let mut transaction = self.begin().await?;
        let lock = self.dialect.for_update();
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT segment, position FROM journals WHERE id = $1{lock}"
        )))
        .bind(journal)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.as_ref().map_or(Ok(JournalPosition::default()), position)? >= until {
            return Ok(ApplyOutcome::default());
        }
        let mut fold = Fold::load(&mut transaction, records).await?;
        for record in records {
            fold.take(&mut transaction, record).await?;
        }
        fold.write(&mut transaction).await?;
        let statement = "INSERT INTO journals (id, segment, position) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET segment = excluded.segment, position = excluded.position";
        sqlx::query(statement)
            .bind(journal)
            .bind(amount_column(until.segment))
            .bind(amount_column(until.offset))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let outcome =
            ApplyOutcome { accounts: fold.accounts.into_iter().collect(), repeated: fold.repeated };
        if !outcome.accounts.is_empty() {
            self.publish(Change::Usage(outcome.accounts.clone())).await;
        }
        Ok(outcome)
    }
}

fn position(row: &AnyRow) -> Result<JournalPosition, StoreError> {
    let number = |name: &'static str| {
        u64::try_from(Columns(row).integer(name)?).map_err(|_| StoreError::Corrupt { what: name })
    };
    Ok(JournalPosition { segment: number("segment")?, offset: number("position")? })
}

/// A session as the batch finds and leaves it.
struct Entry {
    session: Session,
    account: Option<AccountId>,
    changed: bool,
}

/// A batch on its way into the database.
struct Fold {
    sessions: BTreeMap<SessionId, Entry>,
    zones: BTreeMap<NasName, Zone>,
    owners: BTreeMap<GrantId, AccountId>,
    days: BTreeMap<(AccountId, Day), Usage>,
    grants: BTreeMap<GrantId, Usage>,
    accounts: BTreeSet<AccountId>,
    repeated: u64,
}

impl Fold {
    /// Reads what the batch is about: its sessions, the owners of its grants, zones.
    async fn load(
        transaction: &mut Transaction<'_, Any>,
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
            sessions: BTreeMap::new(),
            zones: zones(transaction).await?,
            owners: BTreeMap::new(),
            days: BTreeMap::new(),
            grants: BTreeMap::new(),
            accounts: BTreeSet::new(),
            repeated: 0,
        };
        let columns = format!("SELECT {COLUMNS} FROM sessions WHERE id");
        for row in rows_in(transaction, &columns, ids).await? {
            fold.remember(&row)?;
        }
        for row in rows_in(transaction, "SELECT id, account FROM grants WHERE id", grants).await? {
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

    async fn take(
        &mut self,
        transaction: &mut Transaction<'_, Any>,
        record: &AccountingRecord,
    ) -> Result<(), StoreError> {
        match &record.event {
            AccountingEvent::Started(report)
            | AccountingEvent::Interim(report)
            | AccountingEvent::Stopped(report, _) => self.advance(record, report.session),
            AccountingEvent::NasStarted | AccountingEvent::NasStopped => {
                self.close_all(transaction, record).await?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, record: &AccountingRecord, id: SessionId) {
        let before = self.sessions.get(&id).map(|entry| entry.session.clone());
        let Some(advance) = Session::advance(before, record) else {
            self.repeated += 1;
            return;
        };
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
        let statement =
            format!("SELECT {COLUMNS} FROM sessions WHERE nas = $1 AND ended_at IS NULL");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(record.nas.as_str().to_owned())
            .fetch_all(&mut **transaction)
            .await?;
        for row in &rows {
            self.remember(row)?;
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

    async fn write(&self, transaction: &mut Transaction<'_, Any>) -> Result<(), StoreError> {
        let changed: Vec<&Entry> = self.sessions.values().filter(|entry| entry.changed).collect();
        for rows in changed.chunks(ROWS) {
            write_sessions(transaction, rows).await?;
        }
        let days: Vec<_> = self.days.iter().collect();
        for rows in days.chunks(ROWS) {
            write_days(transaction, rows).await?;
        }
        for (grant, used) in &self.grants {
            let statement = "UPDATE grants SET uploaded = uploaded + $1, downloaded = downloaded + $2, \
                             time = time + $3 WHERE id = $4";
            sqlx::query(statement)
                .bind(amount_column(used.uploaded.get()))
                .bind(amount_column(used.downloaded.get()))
                .bind(duration_column(used.time))
                .bind(id_column(*grant))
                .execute(&mut **transaction)
                .await?;
        }
        Ok(())
    }
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

/// Rows of `statement IN (values)`, a few hundred values at a time.
async fn rows_in(
    transaction: &mut Transaction<'_, Any>,
    statement: &str,
    values: BTreeSet<Vec<u8>>,
) -> Result<Vec<AnyRow>, StoreError> {
    let values: Vec<_> = values.into_iter().collect();
    let mut found = Vec::with_capacity(values.len());
    for chunk in values.chunks(ROWS) {
        let places: Vec<String> = (1..=chunk.len()).map(|number| format!("${number}")).collect();
        let text = format!("{statement} IN ({})", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in chunk {
            query = query.bind(value.clone());
        }
        found.extend(query.fetch_all(&mut **transaction).await?);
    }
    Ok(found)
}

/// `($1, $2), ($3, $4) …` for so many rows of so many columns.
fn places(rows: usize, columns: usize) -> String {
    let row = |number: usize| {
        let places: Vec<String> =
            (1..=columns).map(|column| format!("${}", number * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

async fn write_sessions(
    transaction: &mut Transaction<'_, Any>,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO sessions ({COLUMNS}) VALUES {} ON CONFLICT (id) DO UPDATE SET address = excluded.address, \
         grant_id = excluded.grant_id, account = excluded.account, updated_at = excluded.updated_at, \
         uploaded = excluded.uploaded, downloaded = excluded.downloaded, time = excluded.time, \
         ended_at = excluded.ended_at, ended_why = excluded.ended_why",
        places(entries.len(), 15)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for entry in entries {
        let session = &entry.session;
        let (ended_at, ended_why) = match session.state {
            SessionState::Open => (None, None),
            SessionState::Stopped { at, end } => (Some(at.as_millis()), Some(end_name(end))),
        };
        query = query
            .bind(id_column(session.id))
            .bind(session.nas.as_str().to_owned())
            .bind(session.acct_session_id.clone())
            .bind(mac_column(session.device))
            .bind(session.user_name.clone())
            .bind(session.address.map(|address| address.to_string()))
            .bind(session.grant.map(id_column))
            .bind(entry.account.map(id_column))
            .bind(session.started_at.as_millis())
            .bind(session.updated_at.as_millis())
            .bind(amount_column(session.usage.uploaded.get()))
            .bind(amount_column(session.usage.downloaded.get()))
            .bind(duration_column(session.usage.time))
            .bind(ended_at)
            .bind(ended_why);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

async fn write_days(
    transaction: &mut Transaction<'_, Any>,
    days: &[(&(AccountId, Day), &Usage)],
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO usage_days (account, day, uploaded, downloaded, time) VALUES {} \
         ON CONFLICT (account, day) DO UPDATE SET uploaded = usage_days.uploaded + excluded.uploaded, \
         downloaded = usage_days.downloaded + excluded.downloaded, time = usage_days.time + excluded.time",
        places(days.len(), 5)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for ((account, day), used) in days {
        query = query
            .bind(id_column(*account))
            .bind(i64::from(day.epoch_days()))
            .bind(amount_column(used.uploaded.get()))
            .bind(amount_column(used.downloaded.get()))
            .bind(duration_column(used.time));
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}
