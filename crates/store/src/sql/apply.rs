//! Accounting into the database: a batch, its usage and the journal's position in one
//! transaction, so that every record counts exactly once.
//!
//! A batch is folded in memory first: many reports of one session cost one row. Processes
//! with journals of their own take turns, since an access point that changes servers reports
//! one session through two of them; a process that is alone remembers what it wrote.

mod fold;
mod known;
mod past;
mod rows;
mod stays;

use async_trait::async_trait;
use domain::AccountingRecord;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, amount_column};
use crate::{ApplyOutcome, Change, JournalPosition, SessionReports, StoreError};
use fold::Fold;
pub(super) use known::Known;

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
        let mut known = self.known.lock().await;
        let (mut transaction, change) = self.begin_on_sessions().await?;
        let row = sqlx::query("SELECT segment, position FROM journals WHERE id = $1")
            .bind(journal)
            .fetch_optional(&mut *transaction)
            .await?;
        if row.as_ref().map_or(Ok(JournalPosition::default()), position)? >= until {
            return Ok(ApplyOutcome::default());
        }
        let sessions = known.take_for(change);
        let mut fold = Fold::load(&mut transaction, self.dialect, sessions, records).await?;
        for record in records {
            fold.take(&mut transaction, record).await?;
            // Whoever answers access points on this thread must not wait for all of them.
            tokio::task::coop::consume_budget().await;
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
        let (outcome, sessions) = fold.finish();
        *known = Known::after(change, sessions);
        drop(known);
        if !outcome.accounts.is_empty() {
            // Whoever waits for the commit need not wait until others have been told of it.
            let (store, change) = (self.clone(), Change::Usage(outcome.accounts.clone()));
            tokio::spawn(async move { store.publish(change).await });
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
