//! Who was erased; permissions and devices are sealed, since these could still lead to them.

use async_trait::async_trait;
use domain::{AccountId, GrantId, MacAddress, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::SqlStore;
use super::row::{Columns, id_column};
use crate::sealed::Seal;
use crate::{Erasure, Erasures, StoreError};

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Person {
    grants: Vec<GrantId>,
    devices: Vec<MacAddress>,
}

#[async_trait]
impl Erasures for SqlStore {
    async fn list_erasures(&self, since: Timestamp) -> Result<Vec<Erasure>, StoreError> {
        let statement = "SELECT account, erased_at, person FROM erasures WHERE erased_at >= $1 \
             ORDER BY erased_at";
        let rows = sqlx::query(statement).bind(since.as_millis()).fetch_all(&self.reader).await?;
        let mut erasures = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let person = self.keys.open(Seal::ErasedPerson, &columns.octets("person")?)?;
            let corrupt = |_| StoreError::Corrupt { what: "erased person" };
            let Person { grants, devices } = serde_json::from_str(&person).map_err(corrupt)?;
            erasures.push(Erasure {
                erased_at: columns.time("erased_at")?,
                account: columns.id("account")?,
                grants,
                devices,
            });
        }
        Ok(erasures)
    }

    async fn prune_erasures(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM erasures WHERE erased_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

impl SqlStore {
    /// Writes down who is about to be erased, while that can still be told.
    pub(super) async fn note_erasure(
        &self,
        transaction: &mut AnyConnection,
        account: AccountId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let grants = "SELECT id FROM grants WHERE account = $1 ORDER BY id";
        let rows = sqlx::query(grants).bind(id_column(account)).fetch_all(&mut *transaction);
        let grants: Result<Vec<GrantId>, _> =
            rows.await?.iter().map(|row| Columns(row).id("id")).collect();
        let devices = "SELECT mac FROM devices WHERE account = $1 \
             UNION SELECT device AS mac FROM grants WHERE account = $1 \
             AND NOT EXISTS (SELECT 1 FROM devices WHERE mac = grants.device AND account <> $1) \
             UNION SELECT device AS mac FROM sessions WHERE account = $1 \
             AND NOT EXISTS (SELECT 1 FROM devices WHERE mac = sessions.device AND account <> $1)";
        let rows =
            sqlx::query(devices).bind(id_column(account)).fetch_all(&mut *transaction).await?;
        let mut devices = Vec::with_capacity(rows.len());
        for row in &rows {
            // The trail knows nothing by a pseudonym.
            devices.extend(Some(Columns(row).mac("mac")?).filter(|device| !device.is_pseudonym()));
        }
        let person = Person { grants: grants?, devices };
        let person = serde_json::to_string(&person).expect("ids and addresses are plain text");
        sqlx::query("INSERT INTO erasures (account, erased_at, person) VALUES ($1, $2, $3)")
            .bind(id_column(account))
            .bind(at.as_millis())
            .bind(self.keys.seal(Seal::ErasedPerson, &person))
            .execute(&mut *transaction)
            .await?;
        Ok(())
    }
}
