//! Sites and plans.

use async_trait::async_trait;
use domain::{Plan, PlanName, Site, SiteName};
use serde::Serialize;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use super::vouchers;
use crate::contract::SiteChange;
use crate::{Change, Plans, Sites, StoreError};

#[async_trait]
impl Sites for SqlStore {
    async fn list_sites(&self) -> Result<Vec<Site>, StoreError> {
        let rows = sqlx::query("SELECT definition FROM sites ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(definition).collect()
    }

    async fn find_site(&self, name: &SiteName) -> Result<Option<Site>, StoreError> {
        let row = sqlx::query("SELECT definition FROM sites WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(definition).transpose()
    }

    async fn add_site(&self, site: &Site) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO sites (name, plan, zone, definition) VALUES ($1, $2, $3, $4)")
            .bind(site.name.as_str())
            .bind(site.plan.as_str())
            .bind(site.zone.to_string())
            .bind(written(site))
            .execute(&mut *transaction)
            .await
            .map_err(|error| site_obstacle(error, site))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn change_site(
        &self,
        name: &SiteName,
        change: SiteChange<'_>,
    ) -> Result<Option<Site>, StoreError> {
        let mut transaction = self.begin().await?;
        let statement =
            format!("SELECT definition FROM sites WHERE name = $1{}", self.dialect.for_update());
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(before) = row.as_ref().map(definition::<Site>).transpose()? else {
            return Ok(None);
        };
        let mut site = before.clone();
        change(&mut site);
        site.name = before.name.clone();
        if site == before {
            return Ok(Some(site));
        }
        sqlx::query("UPDATE sites SET plan = $2, zone = $3, definition = $4 WHERE name = $1")
            .bind(site.name.as_str())
            .bind(site.plan.as_str())
            .bind(site.zone.to_string())
            .bind(written(&site))
            .execute(&mut *transaction)
            .await
            .map_err(|error| site_obstacle(error, &site))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(Some(site))
    }

    async fn remove_site(&self, name: &SiteName) -> Result<bool, StoreError> {
        let obstacle = || StoreError::Reference {
            kind: "site",
            name: name.to_string(),
            obstacle: "still has access points".into(),
        };
        let mut transaction = self.begin().await?;
        self.must_not_need_vouchers(&mut transaction, ("site", "sites"), name.as_str()).await?;
        let done = sqlx::query("DELETE FROM sites WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(|error| refusal(error, ("site", name.as_str()), obstacle))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(true)
    }
}

#[async_trait]
impl Plans for SqlStore {
    async fn list_plans(&self) -> Result<Vec<Plan>, StoreError> {
        let rows = sqlx::query("SELECT definition FROM plans ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(definition).collect()
    }

    async fn find_plan(&self, name: &PlanName) -> Result<Option<Plan>, StoreError> {
        let row = sqlx::query("SELECT definition FROM plans WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(definition).transpose()
    }

    async fn add_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO plans (name, definition) VALUES ($1, $2)")
            .bind(plan.name.as_str())
            .bind(written(plan))
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, "plan", plan.name.as_str()))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn remove_plan(&self, name: &PlanName) -> Result<bool, StoreError> {
        let in_use = |obstacle: &str| StoreError::Reference {
            kind: "plan",
            name: name.to_string(),
            obstacle: obstacle.into(),
        };
        // A grant keeps its plan's name only; it may hold until its time is over.
        let granted =
            sqlx::query("SELECT id FROM grants WHERE plan = $1 AND ended_at IS NULL LIMIT 1")
                .bind(name.as_str())
                .fetch_optional(&self.reader)
                .await?;
        if granted.is_some() {
            return Err(in_use("is still granted to visitors"));
        }
        let mut transaction = self.begin().await?;
        self.must_not_need_vouchers(&mut transaction, ("plan", "plans"), name.as_str()).await?;
        let done = sqlx::query("DELETE FROM plans WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(|error| {
                refusal(error, ("plan", name.as_str()), || in_use("is still used by a site"))
            })?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(true)
    }
}

impl SqlStore {
    /// Refuses to remove a plan or site of vouchers that can still be used.
    async fn must_not_need_vouchers(
        &self,
        transaction: &mut AnyConnection,
        (kind, table): (&'static str, &str),
        name: &str,
    ) -> Result<(), StoreError> {
        // Who adds a batch holds the same row.
        let statement =
            format!("SELECT name FROM {table} WHERE name = $1{}", self.dialect.for_update());
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name)
            .fetch_optional(&mut *transaction)
            .await?;
        match vouchers::batch_that_needs(transaction, kind, name).await? {
            None => Ok(()),
            Some(batch) => Err(StoreError::Reference {
                kind,
                name: name.to_owned(),
                obstacle: format!("has vouchers of batch `{batch}`; revoke them first"),
            }),
        }
    }
}

/// What stands in the way of a site as it would be.
fn site_obstacle(error: sqlx::Error, site: &Site) -> StoreError {
    refusal(error, ("site", site.name.as_str()), || StoreError::Reference {
        kind: "plan",
        name: site.plan.to_string(),
        obstacle: "does not exist".into(),
    })
}

pub(super) fn definition<T: serde::de::DeserializeOwned>(row: &AnyRow) -> Result<T, StoreError> {
    Columns(row).definition("definition")
}

pub(super) fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("values with text keys can be written as JSON")
}

/// A taken name, where the database says that it is one.
pub(super) fn taken(error: sqlx::Error, kind: &'static str, name: &str) -> StoreError {
    let unique =
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    if unique { StoreError::Exists { kind, name: name.to_owned() } } else { error.into() }
}

/// A taken name, or what a broken reference means here.
pub(super) fn refusal(
    error: sqlx::Error,
    (kind, name): (&'static str, &str),
    obstacle: impl Fn() -> StoreError,
) -> StoreError {
    let reference =
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
    if reference { obstacle() } else { taken(error, kind, name) }
}
