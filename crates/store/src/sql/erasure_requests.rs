//! Requests of persons to have everything about them destroyed.

use async_trait::async_trait;
use domain::{AccountId, ErasureRequest, Reference, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::row::{Columns, id_column};
use crate::{ErasureRequests, RequestFilter, StoreError};

const COLUMNS: &str = "reference, account, site, asked_at, due_at, done_at";

#[async_trait]
impl ErasureRequests for SqlStore {
    async fn add_erasure_request(
        &self,
        request: &ErasureRequest,
    ) -> Result<ErasureRequest, StoreError> {
        let mut transaction = self.begin().await?;
        let statement = format!(
            "INSERT INTO erasure_requests ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, NULL) \
             ON CONFLICT (account) WHERE done_at IS NULL DO NOTHING"
        );
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(request.reference.to_string())
            .bind(id_column(request.account))
            .bind(request.site.as_str())
            .bind(request.asked_at.as_millis())
            .bind(request.due_at.as_millis())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() > 0 {
            self.commit(transaction).await?;
            return Ok(request.clone());
        }
        let statement = format!(
            "SELECT {COLUMNS} FROM erasure_requests WHERE account = $1 AND done_at IS NULL"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(request.account))
            .fetch_one(&mut *transaction)
            .await?;
        read(&row)
    }

    async fn find_erasure_request(
        &self,
        reference: &Reference,
    ) -> Result<Option<ErasureRequest>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM erasure_requests WHERE reference = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(reference.to_string())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn list_erasure_requests(
        &self,
        filter: RequestFilter,
    ) -> Result<Vec<ErasureRequest>, StoreError> {
        let which = if filter.open_only { "WHERE done_at IS NULL " } else { "" };
        let statement = format!(
            "SELECT {COLUMNS} FROM erasure_requests {which}ORDER BY due_at, reference LIMIT $1"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(filter.limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn prune_erasure_requests(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM erasure_requests WHERE done_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

/// Notes that what a person asked for is done.
pub(super) async fn finish(
    transaction: &mut AnyConnection,
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let statement =
        "UPDATE erasure_requests SET done_at = $1 WHERE account = $2 AND done_at IS NULL";
    sqlx::query(statement)
        .bind(at.as_millis())
        .bind(id_column(account))
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<ErasureRequest, StoreError> {
    let columns = Columns(row);
    Ok(ErasureRequest {
        reference: columns.parsed("reference")?,
        account: columns.id("account")?,
        site: columns.parsed("site")?,
        asked_at: columns.time("asked_at")?,
        due_at: columns.time("due_at")?,
        done_at: columns.optional_time("done_at")?,
    })
}
