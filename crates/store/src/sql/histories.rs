//! What happened to a person, a device or a session: rows, read for an admin.

use async_trait::async_trait;
use domain::{ChallengeState, Grant, GrantId, MacAddress, Purpose, Session, Timestamp};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::grants::{self, grant};
use super::messages;
use super::row::{Columns, id_column, mac_column};
use super::sessions::{self, session};
use crate::{ChallengeTold, ChallengesOf, CredentialTold, Histories, MessageTold, StoreError};

#[async_trait]
impl Histories for SqlStore {
    async fn list_challenges(
        &self,
        of: &ChallengesOf,
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<ChallengeTold>, StoreError> {
        let (condition, value) = match of {
            ChallengesOf::Phone(phone) => ("phone_hash = $1", self.keys.phone_hash(phone)),
            ChallengesOf::Device(device) => ("device = $1", mac_column(*device)),
            ChallengesOf::Account(account) => {
                let of_account = "phone_hash = (SELECT identity_hash FROM accounts WHERE id = $1)";
                (of_account, id_column(*account))
            }
        };
        let statement = format!(
            "SELECT id, purpose, site, device, created_at, code_expires_at, attempts, state \
             FROM challenges WHERE {condition} AND subject = '' AND created_at >= $2 ORDER BY created_at DESC LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(value)
            .bind(since.as_millis())
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        let mut challenges = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let state = ChallengeState::from_name(&columns.text("state")?);
            let purpose = Purpose::from_name(&columns.text("purpose")?);
            let id = columns.id("id")?;
            challenges.push(ChallengeTold {
                id,
                purpose: purpose.ok_or(StoreError::Corrupt { what: "purpose" })?,
                site: columns.parsed("site")?,
                device: columns.mac("device")?,
                created_at: columns.time("created_at")?,
                code_expires_at: columns.time("code_expires_at")?,
                attempts: columns.count("attempts")?,
                state: state.ok_or(StoreError::Corrupt { what: "challenge state" })?,
                messages: self.messages_of(id_column(id)).await?,
            });
        }
        Ok(challenges)
    }

    async fn list_grants_of_device(
        &self,
        device: MacAddress,
        most: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let statement = format!(
            "SELECT {} FROM grants WHERE device = $1 ORDER BY issued_at DESC, id DESC LIMIT $2",
            grants::COLUMNS
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(mac_column(device))
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(grant).collect()
    }

    async fn list_credentials_of_grant(
        &self,
        grant: GrantId,
        most: u32,
    ) -> Result<Vec<CredentialTold>, StoreError> {
        let statement = "SELECT grant_id, device, nas, expires_at, used_at FROM credentials \
             WHERE grant_id = $1 ORDER BY expires_at DESC LIMIT $2";
        let rows = sqlx::query(statement)
            .bind(id_column(grant))
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        let credential = |row| {
            let columns = Columns(row);
            Ok(CredentialTold {
                grant: columns.id("grant_id")?,
                device: columns.mac("device")?,
                nas: columns.parsed("nas")?,
                expires_at: columns.time("expires_at")?,
                used_at: columns.optional_time("used_at")?,
            })
        };
        rows.iter().map(credential).collect()
    }

    async fn list_sessions_called(
        &self,
        acct_session_id: &str,
        most: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let statement = format!(
            "SELECT {} FROM sessions WHERE acct_session_id = $1 ORDER BY started_at DESC LIMIT $2",
            sessions::COLUMNS
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(acct_session_id.to_owned())
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(session).collect()
    }
}

impl SqlStore {
    async fn messages_of(&self, challenge: Vec<u8>) -> Result<Vec<MessageTold>, StoreError> {
        let statement = format!(
            "SELECT {} FROM messages WHERE challenge = $1 ORDER BY created_at, id",
            messages::TOLD
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(challenge).fetch_all(&self.reader);
        rows.await?.iter().map(messages::told).collect()
    }
}
