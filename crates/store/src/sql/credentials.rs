//! One-time credentials: encrypted, short-lived, used once.

use async_trait::async_trait;
use domain::{Credential, CredentialId, NasName, Timestamp};

use super::SqlStore;
use super::row::{Columns, id_column, mac_column};
use crate::sealed::Seal;
use crate::{Credentials, StoreError};

#[async_trait]
impl Credentials for SqlStore {
    async fn add_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        let statement = "INSERT INTO credentials (id, grant_id, device, nas, password, expires_at) \
                         VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(statement)
            .bind(id_column(credential.id))
            .bind(id_column(credential.grant))
            .bind(mac_column(credential.device))
            .bind(credential.nas.as_str())
            .bind(self.keys.seal(Seal::CredentialPassword, credential.password.expose()))
            .bind(credential.expires_at.as_millis())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn find_credential(
        &self,
        credential: CredentialId,
        at: Timestamp,
    ) -> Result<Option<Credential>, StoreError> {
        let statement = "SELECT id, grant_id, device, nas, password, expires_at FROM credentials \
                         WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
        let row = sqlx::query(statement)
            .bind(id_column(credential))
            .bind(at.as_millis())
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns(&row);
        let password = self.keys.open(Seal::CredentialPassword, &columns.octets("password")?)?;
        Ok(Some(Credential {
            id: columns.id("id")?,
            password: password.parse().map_err(|_| StoreError::Corrupt { what: "password" })?,
            grant: columns.id("grant_id")?,
            device: columns.mac("device")?,
            nas: columns.parsed("nas")?,
            expires_at: columns.time("expires_at")?,
        }))
    }

    async fn consume_credential(
        &self,
        credential: CredentialId,
        nas: &NasName,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE credentials SET used_at = $1 \
                         WHERE id = $2 AND nas = $3 AND used_at IS NULL AND expires_at > $1";
        let done = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(id_column(credential))
            .bind(nas.as_str())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn prune_credentials(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM credentials WHERE expires_at < $1")
            .bind(before.as_millis())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected())
    }
}
