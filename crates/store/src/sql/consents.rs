//! Consents, and the words that they are to.

use async_trait::async_trait;
use domain::{
    AccountId, Agreed, Consent, ConsentPurpose, GrantEnd, OrderReason, Timestamp, WordingHash,
};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::grants::{self, end_grant_row, grant, order_off};
use super::row::{Columns, id_column};
use super::script::Script;
use crate::{Change, ConsentPage, Consents, SignIn, StoreError};

pub(super) const COLUMNS: &str =
    "account, purpose, version, wording, language, site, channel, given_at, withdrawn_at";

#[async_trait]
impl Consents for SqlStore {
    async fn keep_wording(&self, words: &str, at: Timestamp) -> Result<WordingHash, StoreError> {
        let hash = WordingHash::of(words);
        let statement = "INSERT INTO wordings (hash, words, since) VALUES ($1, $2, $3) \
             ON CONFLICT (hash) DO NOTHING";
        sqlx::query(statement)
            .bind(hash.to_bytes().to_vec())
            .bind(words)
            .bind(at.as_millis())
            .execute(&self.writer)
            .await?;
        Ok(hash)
    }

    async fn find_wording(&self, wording: WordingHash) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT words FROM wordings WHERE hash = $1")
            .bind(wording.to_bytes().to_vec())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| Columns(row).text("words")).transpose()
    }

    async fn list_consents(
        &self,
        after: Option<AccountId>,
        persons: u32,
    ) -> Result<ConsentPage, StoreError> {
        let after = after.map_or_else(Vec::new, id_column);
        let statement = "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = sqlx::query(statement)
            .bind(after.clone())
            .bind(i64::from(persons))
            .fetch_all(&self.reader)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(ConsentPage { consents: Vec::new(), next: None });
        };
        let last: AccountId = Columns(last).id("id")?;
        let statement = format!(
            "SELECT {COLUMNS} FROM consents WHERE account > $1 AND account <= $2 \
             ORDER BY account, given_at, purpose"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(after)
            .bind(id_column(last))
            .fetch_all(&self.reader)
            .await?;
        let consents = rows.iter().map(consent).collect::<Result<_, _>>()?;
        Ok(ConsentPage { consents, next: Some(last) })
    }

    async fn withdraw_consent(
        &self,
        account: AccountId,
        purpose: ConsentPurpose,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let (mut transaction, _) = self.begin_on_sessions().await?;
        let mut devices = Vec::new();
        if purpose == ConsentPurpose::Service {
            // Before the consents: the order in which signing in locks them.
            let statement = format!(
                "SELECT {} FROM grants WHERE account = $1 AND ended_at IS NULL ORDER BY id{}",
                grants::COLUMNS,
                self.dialect.for_update()
            );
            let rows = sqlx::query(AssertSqlSafe(statement))
                .bind(id_column(account))
                .fetch_all(&mut *transaction)
                .await?;
            for row in &rows {
                let grant = grant(row)?;
                end_grant_row(&mut transaction, grant.id, GrantEnd::Revoked, at).await?;
                let (dialect, reason) = (self.dialect, OrderReason::Admin);
                order_off(&mut transaction, dialect, grant.id, reason, at).await?;
                devices.push(grant.device);
            }
        }
        let statement = "UPDATE consents SET withdrawn_at = $1 \
             WHERE account = $2 AND purpose = $3 AND withdrawn_at IS NULL";
        let done = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(id_column(account))
            .bind(purpose.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(0);
        }
        self.commit(transaction).await?;
        for device in &devices {
            self.publish(Change::Grant(*device)).await;
        }
        if !devices.is_empty() {
            self.publish(Change::Order).await;
        }
        Ok(done.rows_affected())
    }
}

/// Writes down what a person agrees to by signing in.
pub(super) fn record_consents(script: &mut Script, sign_in: &SignIn, account: AccountId) {
    let into = format!("consents ({COLUMNS})");
    for Agreed { purpose, version, wording, language } in &sign_in.agreed {
        script
            .insert(&into, "$1, $2, $3, $4, $5, $6, $7, $8, NULL", "")
            .bind(id_column(account))
            .bind(purpose.as_str())
            .bind(version.as_str())
            .bind(wording.to_bytes().to_vec())
            .bind(language.as_str())
            .bind(sign_in.grant.site.as_str())
            .bind(domain::ConsentChannel::Portal.as_str())
            .bind(sign_in.grant.issued_at.as_millis());
    }
}

pub(super) fn consent(row: &AnyRow) -> Result<Consent, StoreError> {
    let columns = Columns(row);
    let corrupt = |_| StoreError::Corrupt { what: "wording" };
    let wording = columns.optional_octets("wording")?;
    let wording = wording.map(<[u8; 32]>::try_from).transpose().map_err(corrupt)?;
    Ok(Consent {
        account: columns.id("account")?,
        purpose: columns.parsed("purpose")?,
        version: columns.text("version")?,
        wording: wording.map(WordingHash::from_bytes),
        language: columns.parsed("language")?,
        site: columns.parsed("site")?,
        channel: columns.parsed("channel")?,
        given_at: columns.time("given_at")?,
        withdrawn_at: columns.optional_time("withdrawn_at")?,
    })
}
