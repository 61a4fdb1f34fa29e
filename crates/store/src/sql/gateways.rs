//! Gateways that ask by themselves: a row for each device that an errand is about, and one for
//! each gateway's last report; one for each device of which a redirect said where it is.

use async_trait::async_trait;
use domain::{Errand, GuestReport, MacAddress, NasName, Timestamp, WaitingErrand, Whereabouts};

use super::SqlStore;
use super::row::{Columns, mac_column};
use crate::{Gateways, StoreError};

/// What is written as JSON can be.
fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have a form in JSON")
}

#[async_trait]
impl Gateways for SqlStore {
    async fn leave_errand(&self, nas: &NasName, errand: &WaitingErrand) -> Result<(), StoreError> {
        let statement = "INSERT INTO errands (nas, device, errand, left_at, told_at) \
             VALUES ($1, $2, $3, $4, 0) \
             ON CONFLICT (nas, device) DO UPDATE SET errand = excluded.errand, \
             left_at = excluded.left_at, told_at = 0";
        let mut transaction = self.begin().await?;
        sqlx::query(statement)
            .bind(nas.as_str())
            .bind(mac_column(errand.device))
            .bind(text(&errand.errand))
            .bind(errand.left_at.as_millis())
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    async fn list_errands(
        &self,
        nas: &NasName,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<WaitingErrand>, StoreError> {
        let statement = "SELECT device, errand, left_at FROM errands \
             WHERE nas = $1 AND left_at >= $2 ORDER BY told_at, left_at, device LIMIT $3";
        let rows = sqlx::query(statement)
            .bind(nas.as_str())
            .bind(since.as_millis())
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        let errand = |columns: Columns<'_>| {
            Ok(WaitingErrand {
                device: columns.mac("device")?,
                errand: columns.definition("errand")?,
                left_at: columns.time("left_at")?,
            })
        };
        rows.iter().map(|row| errand(Columns(row))).collect()
    }

    async fn note_told(
        &self,
        nas: &NasName,
        told: &[WaitingErrand],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if told.is_empty() {
            return Ok(());
        }
        let statement = "UPDATE errands SET told_at = $1 \
             WHERE nas = $2 AND device = $3 AND left_at = $4";
        let mut transaction = self.begin().await?;
        for errand in told {
            sqlx::query(statement)
                .bind(at.as_millis())
                .bind(nas.as_str())
                .bind(mac_column(errand.device))
                .bind(errand.left_at.as_millis())
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }

    async fn advance_errand(
        &self,
        nas: &NasName,
        errand: &WaitingErrand,
        next: Option<&Errand>,
    ) -> Result<bool, StoreError> {
        // What stood there is named by its time and its words.
        let mut transaction = self.begin().await?;
        let query = match next {
            Some(next) => sqlx::query(
                "UPDATE errands SET errand = $5, told_at = 0 \
                 WHERE nas = $1 AND device = $2 AND left_at = $3 AND errand = $4",
            )
            .bind(nas.as_str())
            .bind(mac_column(errand.device))
            .bind(errand.left_at.as_millis())
            .bind(text(&errand.errand))
            .bind(text(next)),
            None => sqlx::query(
                "DELETE FROM errands \
                 WHERE nas = $1 AND device = $2 AND left_at = $3 AND errand = $4",
            )
            .bind(nas.as_str())
            .bind(mac_column(errand.device))
            .bind(errand.left_at.as_millis())
            .bind(text(&errand.errand)),
        };
        let done = query.execute(&mut *transaction).await?;
        self.commit(transaction).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn record_guest_report(
        &self,
        nas: &NasName,
        report: &GuestReport,
    ) -> Result<bool, StoreError> {
        let statement = "INSERT INTO guest_reports (nas, report, said_at, heard_at) \
             VALUES ($1, $2, $3, $4) \
             ON CONFLICT (nas) DO UPDATE SET report = excluded.report, \
             said_at = excluded.said_at, heard_at = excluded.heard_at \
             WHERE guest_reports.said_at < excluded.said_at";
        let mut transaction = self.begin().await?;
        let done = sqlx::query(statement)
            .bind(nas.as_str())
            .bind(text(report))
            .bind(report.said_at.as_millis())
            .bind(report.heard_at.as_millis())
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn find_guest_report(&self, nas: &NasName) -> Result<Option<GuestReport>, StoreError> {
        let row = sqlx::query("SELECT report FROM guest_reports WHERE nas = $1")
            .bind(nas.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| Columns(&row).definition("report")).transpose()
    }

    async fn note_whereabouts(
        &self,
        nas: &NasName,
        device: MacAddress,
        (said, at): (&Whereabouts, Timestamp),
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO whereabouts (nas, device, said, said_at) \
             VALUES ($1, $2, $3, $4) \
             ON CONFLICT (nas, device) DO UPDATE SET said = excluded.said, \
             said_at = excluded.said_at";
        let mut transaction = self.begin().await?;
        sqlx::query(statement)
            .bind(nas.as_str())
            .bind(mac_column(device))
            .bind(text(said))
            .bind(at.as_millis())
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    async fn find_whereabouts(
        &self,
        nas: &NasName,
        device: MacAddress,
    ) -> Result<Option<Whereabouts>, StoreError> {
        let row = sqlx::query("SELECT said FROM whereabouts WHERE nas = $1 AND device = $2")
            .bind(nas.as_str())
            .bind(mac_column(device))
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| Columns(&row).definition("said")).transpose()
    }

    async fn prune_whereabouts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM whereabouts WHERE said_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }

    async fn prune_errands(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM errands WHERE left_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }

    async fn prune_guest_reports(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM guest_reports WHERE heard_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}
