//! Visits, by the reference that a visitor knows.

use async_trait::async_trait;
use domain::{Counted, Reference, Timestamp, Unsent, VisitRecord};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, mac_column};
use super::script::Script;
use crate::{StoreError, Visits};

pub(super) const COLUMNS: &str =
    "reference, site, nas, device, language, arrived_at, asked_at, refused";

#[async_trait]
impl Visits for SqlStore {
    async fn find_visit(&self, reference: &Reference) -> Result<Option<VisitRecord>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM visits WHERE reference = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(reference.to_string())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(visit).transpose()
    }

    async fn count_refused(&self, since: Timestamp) -> Result<Vec<(Counted, u64)>, StoreError> {
        let statement = "SELECT refused, COUNT(*) AS amount FROM visits WHERE asked_at >= $1 \
             AND refused IS NOT NULL GROUP BY refused ORDER BY refused";
        let rows = sqlx::query(statement).bind(since.as_millis()).fetch_all(&self.reader).await?;
        let mut counted: Vec<(Counted, u64)> = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let (of, amount) =
                (unsent(&columns.text("refused")?)?.counted(), columns.count("amount")?);
            match counted.iter_mut().find(|(known, _)| *known == of) {
                Some((_, so_far)) => *so_far += u64::from(amount),
                None => counted.push((of, amount.into())),
            }
        }
        counted.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
        Ok(counted)
    }

    async fn prune_visits(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM visits WHERE asked_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds \
                             JOIN devices ON devices.account = legal_holds.account \
                             WHERE released_at IS NULL AND devices.mac = visits.device)";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

pub(super) fn visit(row: &AnyRow) -> Result<VisitRecord, StoreError> {
    let columns = Columns(row);
    let refused = columns.optional_text("refused")?.map(|name| unsent(&name));
    Ok(VisitRecord {
        reference: columns.parsed("reference")?,
        site: columns.parsed("site")?,
        nas: columns.parsed("nas")?,
        device: columns.mac("device")?,
        language: columns.parsed("language")?,
        arrived_at: columns.time("arrived_at")?,
        asked_at: columns.time("asked_at")?,
        refused: refused.transpose()?,
    })
}

fn unsent(name: &str) -> Result<Unsent, StoreError> {
    Unsent::from_name(name).ok_or(StoreError::Corrupt { what: "refused" })
}

/// Writes a visit as it is now. Of two that drew the same reference the later one has it.
pub(super) fn record(script: &mut Script, visit: &VisitRecord) {
    let statement = "INSERT INTO visits (reference, site, nas, device, language, arrived_at, asked_at, refused) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (reference) DO UPDATE SET site = excluded.site, nas = excluded.nas, \
         device = excluded.device, language = excluded.language, arrived_at = excluded.arrived_at, \
         asked_at = excluded.asked_at, refused = excluded.refused";
    script
        .add(statement)
        .bind(visit.reference.to_string())
        .bind(visit.site.as_str())
        .bind(visit.nas.as_str())
        .bind(mac_column(visit.device))
        .bind(visit.language.as_str())
        .bind(visit.arrived_at.as_millis())
        .bind(visit.asked_at.as_millis())
        .bind(visit.refused.map(Unsent::name));
}
