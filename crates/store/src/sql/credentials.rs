//! One-time credentials: encrypted, short-lived, used once.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::{Credential, CredentialId, Timestamp};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::given::{Column, Given, round};
use super::row::{Columns, id_column, mac_column};
use super::script::Script;
use crate::keys::KeyRing;
use crate::sealed::Seal;
use crate::{CredentialUse, Credentials, StoreError};

#[async_trait]
impl Credentials for SqlStore {
    async fn add_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        let mut change = self.script();
        self.insert_credential(&mut change, credential);
        self.change(change).await
    }

    async fn find_credentials(
        &self,
        ids: &[CredentialId],
        at: Timestamp,
    ) -> Result<BTreeMap<CredentialId, Result<Credential, StoreError>>, StoreError> {
        let ids = round(ids.to_vec());
        let columns = vec![
            Column::octets(ids.iter().copied().map(id_column)),
            Column::numbers(ids.iter().map(|_| at.as_millis())),
        ];
        let given = Given { dialect: self.dialect, names: "wanted, now", columns };
        let statement = "SELECT id, grant_id, device, nas, password, expires_at \
             FROM given JOIN credentials ON id = wanted AND used_at IS NULL AND expires_at > now";
        let rows = self.read_given(&given, statement).await?;
        rows.iter().map(|row| Ok((Columns(row).id("id")?, credential(row, &self.keys)))).collect()
    }

    async fn consume_credentials(
        &self,
        uses: &[CredentialUse],
        at: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        let distinct: BTreeSet<_> = uses.iter().collect();
        let distinct = round(distinct.into_iter().collect());
        let columns = vec![
            Column::octets(distinct.iter().map(|used| id_column(used.credential))),
            Column::texts(distinct.iter().map(|used| used.nas.as_str().to_owned())),
            Column::numbers(distinct.iter().map(|_| at.as_millis())),
        ];
        let given = Given { dialect: self.dialect, names: "wanted, by_nas, now", columns };
        let mut script = self.script();
        given.add_to(&mut script, self.dialect.use_up_credentials());
        let found = self.change_finding(script).await?;
        let mut done = BTreeSet::new();
        for row in found.iter().flatten() {
            let columns = Columns(row);
            let (credential, nas) = (columns.id("id")?, columns.parsed("nas")?);
            done.insert(CredentialUse { credential, nas });
        }
        // Of several that are the same the first one has done it.
        Ok(uses.iter().map(|used| done.remove(used)).collect())
    }

    async fn prune_credentials(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM credentials WHERE expires_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

impl SqlStore {
    pub(super) fn insert_credential(&self, script: &mut Script, credential: &Credential) {
        let into = "credentials (id, grant_id, device, nas, password, expires_at)";
        script
            .insert(into, "$1, $2, $3, $4, $5, $6", "")
            .bind(id_column(credential.id))
            .bind(id_column(credential.grant))
            .bind(mac_column(credential.device))
            .bind(credential.nas.as_str())
            .bind(self.keys.seal(Seal::CredentialPassword, credential.password.expose()))
            .bind(credential.expires_at.as_millis());
    }
}

fn credential(row: &AnyRow, keys: &KeyRing) -> Result<Credential, StoreError> {
    let columns = Columns(row);
    let password = keys.open(Seal::CredentialPassword, &columns.octets("password")?)?;
    Ok(Credential {
        id: columns.id("id")?,
        password: password.parse().map_err(|_| StoreError::Corrupt { what: "password" })?,
        grant: columns.id("grant_id")?,
        device: columns.mac("device")?,
        nas: columns.parsed("nas")?,
        expires_at: columns.time("expires_at")?,
    })
}
