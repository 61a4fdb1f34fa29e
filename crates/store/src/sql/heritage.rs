//! Persons of another server: what is there stays as it is.

use async_trait::async_trait;
use domain::{AccountId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::grants::insert_grant;
use super::row::{Columns, id_column, mac_column};
use crate::contract::{Heritage, Intent, KnownDevice, KnownPerson, PastStay, Taken};
use crate::sealed::Seal;
use crate::{Change, StoreError};

#[async_trait]
impl Heritage for SqlStore {
    async fn record_person(
        &self,
        person: &KnownPerson,
        at: Timestamp,
        intent: Intent,
    ) -> Result<Taken, StoreError> {
        let mut transaction = self.begin().await?;
        let (account, mut taken) = self.known_account(&mut transaction, person).await?;
        if let Some(device) = &person.device {
            let device = (device, person.since, at);
            match self.known_device(&mut transaction, account, device).await? {
                Taken::New => taken = Taken::New,
                Taken::ThereAlready => {}
                refused @ (Taken::DeviceOfAnother | Taken::TooManyDevices) => return Ok(refused),
            }
        }
        if intent == Intent::Rehearse || taken == Taken::ThereAlready {
            transaction.rollback().await?;
            return Ok(taken);
        }
        transaction.commit().await?;
        if let Some(device) = &person.device {
            self.publish(Change::Grant(device.mac)).await;
        }
        Ok(taken)
    }

    async fn record_stays(
        &self,
        stays: &[PastStay],
        intent: Intent,
    ) -> Result<Vec<Taken>, StoreError> {
        self.apply_past(stays, intent).await
    }
}

impl SqlStore {
    async fn known_account(
        &self,
        transaction: &mut AnyConnection,
        person: &KnownPerson,
    ) -> Result<(AccountId, Taken), StoreError> {
        let statement = "INSERT INTO accounts (id, identity, identity_hash, created_at, verified_at) \
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (identity_hash) DO NOTHING";
        let done = sqlx::query(statement)
            .bind(id_column(person.new_account))
            .bind(self.keys.seal(Seal::Phone, person.phone.digits()))
            .bind(self.keys.phone_hash(&person.phone))
            .bind(person.since.as_millis())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 1 {
            return Ok((person.new_account, Taken::New));
        }
        let row = sqlx::query("SELECT id FROM accounts WHERE identity_hash = $1")
            .bind(self.keys.phone_hash(&person.phone))
            .fetch_one(&mut *transaction)
            .await?;
        Ok((Columns(&row).id("id")?, Taken::ThereAlready))
    }

    async fn known_device(
        &self,
        transaction: &mut AnyConnection,
        account: AccountId,
        (device, since, at): (&KnownDevice, Timestamp, Timestamp),
    ) -> Result<Taken, StoreError> {
        let statement = "INSERT INTO devices (mac, account, language, first_seen, last_seen) \
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (mac) DO NOTHING";
        let done = sqlx::query(statement)
            .bind(mac_column(device.mac))
            .bind(id_column(account))
            .bind(device.language.as_str())
            .bind(since.as_millis())
            .execute(&mut *transaction)
            .await?;
        let mut taken = Taken::New;
        if done.rows_affected() == 0 {
            taken = Taken::ThereAlready;
            // Signing in takes the same row first.
            let lock = self.dialect.for_update();
            let statement = format!("SELECT account FROM devices WHERE mac = $1{lock}");
            let row = sqlx::query(AssertSqlSafe(statement))
                .bind(mac_column(device.mac))
                .fetch_one(&mut *transaction)
                .await?;
            let owner: AccountId = Columns(&row).id("account")?;
            if owner != account {
                return Ok(Taken::DeviceOfAnother);
            }
        }
        let Some(grant) = &device.grant else { return Ok(taken) };
        let statement = "SELECT device FROM grants WHERE ended_at IS NULL AND until > $1 \
             AND (account = $2 OR device = $3)";
        let live = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(id_column(account))
            .bind(mac_column(device.mac))
            .fetch_all(&mut *transaction)
            .await?;
        for row in &live {
            if Columns(row).mac("device")? == device.mac {
                return Ok(taken);
            }
        }
        if live.len() >= usize::try_from(device.devices).unwrap_or(usize::MAX) {
            return Ok(Taken::TooManyDevices);
        }
        let mut grant = grant.clone();
        grant.account = account;
        let mut script = self.script();
        insert_grant(&mut script, &grant);
        script.execute(transaction).await?;
        Ok(Taken::New)
    }
}
