//! Ranges, and who waits in them: a bounded table, written at most once a minute for a sender.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Introduction, MessageAuthenticatorRule, NasProfile, NasRange, PendingNas, PendingState,
    RangeName, SiteName,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use super::setup::{definition, refusal, written};
use crate::contract::{NasRanges, Sighting};
use crate::sealed::Seal;
use crate::{Change, StoreError};

/// How long a sender that is silent is remembered.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3_600);

#[async_trait]
impl NasRanges for SqlStore {
    async fn list_ranges(&self) -> Result<Vec<NasRange>, StoreError> {
        let rows = sqlx::query("SELECT definition, secret FROM access_point_ranges ORDER BY name")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| self.range(row)).collect()
    }

    async fn add_range(&self, range: &NasRange) -> Result<(), StoreError> {
        let addresses = range.addresses.trunc();
        let statement = "SELECT name FROM access_point_ranges WHERE addresses = $1 AND name <> $2";
        let rival = sqlx::query(statement)
            .bind(addresses.to_string())
            .bind(range.name.as_str())
            .fetch_optional(&self.reader)
            .await?;
        let obstructed = |kind, name: &str, obstacle: String| StoreError::Reference {
            kind,
            name: name.to_owned(),
            obstacle,
        };
        if let Some(rival) = rival {
            let obstacle = format!("has the addresses {addresses} already");
            return Err(obstructed("range", &Columns(&rival).text("name")?, obstacle));
        }
        let site = || obstructed("site", range.site.as_str(), "does not exist".into());
        let mut transaction = self.begin().await?;
        let statement = "INSERT INTO access_point_ranges (name, site, addresses, definition, secret) \
                         VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(statement)
            .bind(range.name.as_str())
            .bind(range.site.as_str())
            .bind(addresses.to_string())
            .bind(written(&Visible::of(range)))
            .bind(self.keys.seal(Seal::NasSecrets, range.secret.expose()))
            .execute(&mut *transaction)
            .await
            .map_err(|error| refusal(error, ("range", range.name.as_str()), site))?;
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(())
    }

    async fn remove_range(&self, name: &RangeName) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query("DELETE FROM access_point_ranges WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        self.publish(Change::Setup).await;
        Ok(true)
    }

    async fn record_pending(&self, seen: &PendingNas, most: u32) -> Result<Sighting, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM pending_access_points WHERE last_seen < $1")
            .bind((seen.last_seen - REMEMBERED).as_millis())
            .execute(&mut *transaction)
            .await?;
        // The row is inserted only where there is room for it, or where it is there already.
        let statement = "INSERT INTO pending_access_points \
                 (address, network, first_seen, last_seen, state, definition) \
             SELECT $1, name, $3, $4, $5, $6 FROM access_point_ranges WHERE name = $2 \
                 AND ((SELECT COUNT(*) FROM pending_access_points) < $7 \
                      OR EXISTS (SELECT 1 FROM pending_access_points WHERE address = $1)) \
             ON CONFLICT (address) DO UPDATE SET network = excluded.network, \
                 last_seen = excluded.last_seen, definition = excluded.definition";
        let done = sqlx::query(statement)
            .bind(seen.address.to_string())
            .bind(seen.range.as_str())
            .bind(seen.first_seen.as_millis())
            .bind(seen.last_seen.as_millis())
            .bind(seen.state.as_str())
            .bind(written(&seen.said))
            .bind(i64::from(most))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        if done.rows_affected() == 0 {
            return Ok(Sighting::NotKept);
        }
        self.publish(Change::Pending).await;
        Ok(Sighting::Kept)
    }

    async fn list_pending(&self) -> Result<Vec<PendingNas>, StoreError> {
        let statement = "SELECT address, network, first_seen, last_seen, state, definition \
                         FROM pending_access_points ORDER BY address";
        let rows = sqlx::query(statement).fetch_all(&self.reader).await?;
        rows.iter().map(pending).collect()
    }

    async fn find_pending(&self, address: IpAddr) -> Result<Option<PendingNas>, StoreError> {
        let statement = "SELECT address, network, first_seen, last_seen, state, definition \
                         FROM pending_access_points WHERE address = $1";
        let row =
            sqlx::query(statement).bind(address.to_string()).fetch_optional(&self.reader).await?;
        row.as_ref().map(pending).transpose()
    }

    async fn decide_pending(
        &self,
        address: IpAddr,
        state: PendingState,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query("UPDATE pending_access_points SET state = $2 WHERE address = $1")
            .bind(address.to_string())
            .bind(state.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn forget_pending(&self, address: IpAddr) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM pending_access_points WHERE address = $1")
            .bind(address.to_string())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

/// What may be seen of a range in the database.
#[derive(Serialize, Deserialize)]
struct Visible {
    name: RangeName,
    site: SiteName,
    addresses: ipnet::IpNet,
    profile: NasProfile,
    message_authenticator: MessageAuthenticatorRule,
    approval: domain::Approval,
}

impl Visible {
    fn of(range: &NasRange) -> Self {
        Self {
            name: range.name.clone(),
            site: range.site.clone(),
            addresses: range.addresses.trunc(),
            profile: range.profile,
            message_authenticator: range.message_authenticator,
            approval: range.approval,
        }
    }
}

impl SqlStore {
    fn range(&self, row: &AnyRow) -> Result<NasRange, StoreError> {
        let visible: Visible = definition(row)?;
        let secret = self.keys.open(Seal::NasSecrets, &Columns(row).octets("secret")?)?;
        Ok(NasRange {
            name: visible.name,
            site: visible.site,
            addresses: visible.addresses,
            profile: visible.profile,
            secret: secret.parse().map_err(|_| StoreError::Corrupt { what: "range" })?,
            message_authenticator: visible.message_authenticator,
            approval: visible.approval,
        })
    }
}

fn pending(row: &AnyRow) -> Result<PendingNas, StoreError> {
    let columns = Columns(row);
    let said: Introduction = definition(row)?;
    let state = match columns.text("state")?.as_str() {
        "waiting" => PendingState::Waiting,
        "rejected" => PendingState::Rejected,
        _ => return Err(StoreError::Corrupt { what: "state" }),
    };
    Ok(PendingNas {
        address: columns.parsed("address")?,
        range: columns.parsed("network")?,
        said,
        first_seen: columns.time("first_seen")?,
        last_seen: columns.time("last_seen")?,
        state,
    })
}
