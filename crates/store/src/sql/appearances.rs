//! Appearances: one row for each device at a site.

use async_trait::async_trait;
use domain::Timestamp;

use super::SqlStore;
use super::row::mac_column;
use crate::{Appearance, Appearances, StoreError};

#[async_trait]
impl Appearances for SqlStore {
    async fn record_appearances(
        &self,
        seen: &[Appearance],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        // In one order, so that two servers that write the same rows do not wait for each other.
        let mut seen: Vec<_> = seen.iter().collect();
        seen.sort_by_key(|one| (one.device.octets(), one.site.as_str()));
        let mut transaction = self.begin().await?;
        for one in seen {
            let statement = "INSERT INTO appearances (device, site, seen_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (device, site) DO UPDATE SET seen_at = excluded.seen_at \
                 WHERE appearances.seen_at < excluded.seen_at";
            sqlx::query(statement)
                .bind(mac_column(one.device))
                .bind(one.site.as_str())
                .bind(at.as_millis())
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }

    async fn has_appeared(&self, seen: &Appearance, since: Timestamp) -> Result<bool, StoreError> {
        let statement =
            "SELECT 1 FROM appearances WHERE device = $1 AND site = $2 AND seen_at >= $3";
        let row = sqlx::query(statement)
            .bind(mac_column(seen.device))
            .bind(seen.site.as_str())
            .bind(since.as_millis())
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_some())
    }

    async fn prune_appearances(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM appearances WHERE seen_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}
