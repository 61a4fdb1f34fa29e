//! Work on links and the making of their reports: what two do at once counts once.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, amount_column};
use crate::{LinkMaintenance, LinkMaintenanceKept, LinkMonthlyReports, StoreError};

#[async_trait]
impl LinkMaintenance for SqlStore {
    async fn plan_link_maintenance(&self, kept: &LinkMaintenanceKept) -> Result<u64, StoreError> {
        let statement = "INSERT INTO link_maintenance (number, planned_at, planned_by, over_at, plan) \
             SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4 FROM link_maintenance WHERE TRUE \
             ON CONFLICT (number) DO NOTHING RETURNING number";
        let mut transaction = self.begin().await?;
        // Whoever was faster has the number, so the next one is taken.
        let number = loop {
            let row = sqlx::query(statement)
                .bind(kept.planned_at.as_millis())
                .bind(kept.planned_by.as_str())
                .bind(kept.over_at.map(Timestamp::as_millis))
                .bind(kept.plan.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
            if let Some(row) = row {
                break amount(Columns(&row))?;
            }
        };
        self.commit(transaction).await?;
        Ok(number)
    }

    async fn change_link_maintenance(
        &self,
        kept: &LinkMaintenanceKept,
        before: &str,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE link_maintenance SET over_at = $2, plan = $3 \
             WHERE number = $1 AND plan = $4";
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(statement)
            .bind(amount_column(kept.number))
            .bind(kept.over_at.map(Timestamp::as_millis))
            .bind(kept.plan.as_str())
            .bind(before)
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn list_link_maintenance(
        &self,
        since: Timestamp,
        most: NonZeroU32,
    ) -> Result<Vec<LinkMaintenanceKept>, StoreError> {
        let statement = "SELECT number, planned_at, planned_by, over_at, plan FROM link_maintenance \
             WHERE over_at IS NULL OR over_at > $1 ORDER BY number DESC LIMIT $2";
        let rows = sqlx::query(statement)
            .bind(since.as_millis())
            .bind(i64::from(most.get()))
            .fetch_all(&self.reader)
            .await?;
        let kept = |row: &AnyRow| {
            let columns = Columns(row);
            Ok(LinkMaintenanceKept {
                planned_at: columns.time("planned_at")?,
                planned_by: columns.text("planned_by")?,
                over_at: columns.optional_time("over_at")?,
                plan: columns.text("plan")?,
                number: amount(columns)?,
            })
        };
        rows.iter().rev().map(kept).collect()
    }

    async fn prune_link_maintenance(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM link_maintenance WHERE over_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

#[async_trait]
impl LinkMonthlyReports for SqlStore {
    async fn claim_link_report(
        &self,
        month: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let statement = "INSERT INTO link_monthly_reports (month, claimed_until, progress) \
             VALUES ($1, $3, '') ON CONFLICT (month) DO UPDATE SET \
             claimed_until = excluded.claimed_until \
             WHERE link_monthly_reports.claimed_until <= $2 AND link_monthly_reports.done_at IS NULL \
             RETURNING progress";
        let mut transaction = self.begin().await?;
        let row = sqlx::query(statement)
            .bind(month)
            .bind(now.as_millis())
            .bind(until.as_millis())
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        row.map(|row| Columns(&row).text("progress")).transpose()
    }

    async fn note_link_report(
        &self,
        month: &str,
        progress: &str,
        done_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let statement =
            "UPDATE link_monthly_reports SET progress = $2, done_at = $3 WHERE month = $1";
        let mut transaction = self.begin().await?;
        sqlx::query(statement)
            .bind(month)
            .bind(progress)
            .bind(done_at.map(Timestamp::as_millis))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn prune_link_reports(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM link_monthly_reports WHERE done_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

fn amount(columns: Columns<'_>) -> Result<u64, StoreError> {
    let what = "number";
    u64::try_from(columns.integer(what)?).map_err(|_| StoreError::Corrupt { what })
}
