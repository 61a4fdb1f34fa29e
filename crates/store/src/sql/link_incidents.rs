//! What the centre concluded of links: changed only by who knows what it was.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, amount_column};
use crate::{LinkConclusion, LinkIncident, LinkIncidents, StoreError};

#[async_trait]
impl LinkIncidents for SqlStore {
    async fn find_link_conclusion(&self) -> Result<LinkConclusion, StoreError> {
        let statement = "SELECT version, state FROM link_conclusion";
        let Some(row) = sqlx::query(statement).fetch_optional(&self.reader).await? else {
            return Ok(LinkConclusion::default());
        };
        let columns = Columns(&row);
        let state = columns.text("state")?;
        Ok(LinkConclusion { version: amount(columns, "version")?, state })
    }

    async fn keep_link_conclusion(
        &self,
        version: u64,
        state: &str,
        changed: &[LinkIncident],
        gone: &[u64],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let statement = match version {
            0 => {
                "INSERT INTO link_conclusion (id, version, state) VALUES (1, $1 + 1, $2) \
                 ON CONFLICT DO NOTHING"
            }
            _ => "UPDATE link_conclusion SET version = version + 1, state = $2 WHERE version = $1",
        };
        let kept = sqlx::query(statement)
            .bind(amount_column(version))
            .bind(state)
            .execute(&mut *transaction)
            .await?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        for incident in changed {
            let statement = "INSERT INTO link_incidents (number, begin_at, ended_at, incident) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO UPDATE SET \
                 begin_at = excluded.begin_at, ended_at = excluded.ended_at, \
                 incident = excluded.incident";
            sqlx::query(statement)
                .bind(amount_column(incident.number))
                .bind(incident.begin_at.as_millis())
                .bind(incident.ended_at.map(Timestamp::as_millis))
                .bind(incident.incident.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        for number in gone {
            sqlx::query("DELETE FROM link_incidents WHERE number = $1")
                .bind(amount_column(*number))
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn list_link_incidents(
        &self,
        open_only: bool,
        most: NonZeroU32,
    ) -> Result<Vec<LinkIncident>, StoreError> {
        let statement = if open_only {
            "SELECT number, begin_at, ended_at, incident FROM link_incidents \
             WHERE ended_at IS NULL ORDER BY number DESC LIMIT $1"
        } else {
            "SELECT number, begin_at, ended_at, incident FROM link_incidents \
             ORDER BY number DESC LIMIT $1"
        };
        let rows =
            sqlx::query(statement).bind(i64::from(most.get())).fetch_all(&self.reader).await?;
        let incident = |row: &AnyRow| {
            let columns = Columns(row);
            Ok(LinkIncident {
                begin_at: columns.time("begin_at")?,
                ended_at: columns.optional_time("ended_at")?,
                incident: columns.text("incident")?,
                number: amount(columns, "number")?,
            })
        };
        rows.iter().map(incident).collect()
    }

    async fn prune_link_incidents(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM link_incidents WHERE ended_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

fn amount(columns: Columns<'_>, name: &'static str) -> Result<u64, StoreError> {
    u64::try_from(columns.integer(name)?).map_err(|_| StoreError::Corrupt { what: name })
}
