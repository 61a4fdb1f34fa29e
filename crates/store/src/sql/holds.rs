//! Legal holds.

use async_trait::async_trait;
use domain::{AccountId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::row::{Columns, id_column};
use crate::sealed::Seal;
use crate::{LegalHold, LegalHolds, StoreError};

#[async_trait]
impl LegalHolds for SqlStore {
    async fn hold_account(
        &self,
        account: AccountId,
        why: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // Who erases the account takes the same row first.
        let lock = self.dialect.for_update();
        let statement = format!("SELECT identity_hash FROM accounts WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(account))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(false) };
        if is_held(&mut transaction, account).await? {
            return Ok(false);
        }
        let statement =
            "INSERT INTO legal_holds (account, phone_hash, since, why) VALUES ($1, $2, $3, $4)";
        sqlx::query(statement)
            .bind(id_column(account))
            .bind(Columns(&row).octets("identity_hash")?)
            .bind(at.as_millis())
            .bind(self.keys.seal(Seal::HoldReason, why))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn release_account(&self, account: AccountId, at: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let statement =
            "UPDATE legal_holds SET released_at = $1 WHERE account = $2 AND released_at IS NULL";
        let done = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(id_column(account))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn list_holds(&self, account: AccountId) -> Result<Vec<LegalHold>, StoreError> {
        let statement = "SELECT since, why, released_at FROM legal_holds WHERE account = $1 \
             ORDER BY since DESC";
        let rows = sqlx::query(statement).bind(id_column(account)).fetch_all(&self.reader).await?;
        rows.iter().map(|row| self.hold(row)).collect()
    }
}

impl SqlStore {
    fn hold(&self, row: &AnyRow) -> Result<LegalHold, StoreError> {
        let columns = Columns(row);
        Ok(LegalHold {
            since: columns.time("since")?,
            why: self.keys.open(Seal::HoldReason, &columns.octets("why")?)?.to_string(),
            released_at: columns.optional_time("released_at")?,
        })
    }
}

/// Refuses an account that is held; its row must be locked.
pub(super) async fn refuse_held(
    transaction: &mut AnyConnection,
    account: AccountId,
) -> Result<(), StoreError> {
    if !is_held(transaction, account).await? {
        return Ok(());
    }
    Err(StoreError::Reference {
        kind: "account",
        name: account.to_string(),
        obstacle: "is under a legal hold".into(),
    })
}

async fn is_held(transaction: &mut AnyConnection, account: AccountId) -> Result<bool, StoreError> {
    let statement = "SELECT since FROM legal_holds WHERE account = $1 AND released_at IS NULL";
    let row =
        sqlx::query(statement).bind(id_column(account)).fetch_optional(&mut *transaction).await?;
    Ok(row.is_some())
}
