//! The last signed policy of each office: its generation only goes up.

use async_trait::async_trait;
use link::report::Name;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, amount_column};
use crate::{LinkPolicies, LinkPolicy, LinkPolicyHead, StoreError};

#[async_trait]
impl LinkPolicies for SqlStore {
    async fn publish_link_policy(&self, policy: &LinkPolicy) -> Result<bool, StoreError> {
        let LinkPolicy { head, document } = policy;
        let mut transaction = self.begin().await?;
        let statement = "INSERT INTO link_policies (site, generation, published_at, document) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (site) DO UPDATE SET \
             generation = excluded.generation, published_at = excluded.published_at, \
             document = excluded.document WHERE link_policies.generation < excluded.generation";
        let kept = sqlx::query(statement)
            .bind(head.site.as_str())
            .bind(amount_column(head.generation))
            .bind(head.published_at.as_millis())
            .bind(document.as_str())
            .execute(&mut *transaction)
            .await?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn find_link_policy(&self, site: &Name) -> Result<Option<LinkPolicy>, StoreError> {
        let statement = "SELECT site, generation, published_at, document FROM link_policies \
             WHERE site = $1";
        let row = sqlx::query(statement).bind(site.as_str()).fetch_optional(&self.reader).await?;
        let policy = |row: &AnyRow| {
            Ok(LinkPolicy { head: head(row)?, document: Columns(row).text("document")? })
        };
        row.as_ref().map(policy).transpose()
    }

    async fn list_link_policies(&self) -> Result<Vec<LinkPolicyHead>, StoreError> {
        let statement = "SELECT site, generation, published_at FROM link_policies ORDER BY site";
        let rows = sqlx::query(statement).fetch_all(&self.reader).await?;
        rows.iter().map(head).collect()
    }
}

fn head(row: &AnyRow) -> Result<LinkPolicyHead, StoreError> {
    let columns = Columns(row);
    let published_at = columns.time("published_at")?;
    let generation = u64::try_from(columns.integer("generation")?);
    let generation = generation.map_err(|_| StoreError::Corrupt { what: "generation" })?;
    Ok(LinkPolicyHead { site: columns.parsed("site")?, generation, published_at })
}
