//! What happened to a person, a device or a session: rows, read for an admin.

use async_trait::async_trait;
use domain::{ChallengeState, Grant, GrantId, MacAddress, Purpose, Session, Timestamp};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::grants::{self, grant};
use super::messages;
use super::pseudonyms::places;
use super::row::{Columns, id_column};
use super::sessions::{self, session};
use crate::{ChallengeTold, ChallengesOf, CredentialTold, Histories, MessageTold, StoreError};

/// Addresses at most that a session's name is taken to have in it; one is what access points write,
/// and a few more may be read into longer digits.
const MOST_SPELLED: usize = 64;

#[async_trait]
impl Histories for SqlStore {
    async fn list_challenges(
        &self,
        of: &ChallengesOf,
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<ChallengeTold>, StoreError> {
        let (condition, values) = match of {
            ChallengesOf::Phone(phone) => {
                ("phone_hash = $3".to_owned(), vec![self.keys.phone_hash(phone)])
            }
            ChallengesOf::Device(device) => {
                let devices = self.device_columns(*device);
                (format!("device IN ({})", places(3, devices.len())), devices)
            }
            ChallengesOf::Account(account) => {
                let of_account = "phone_hash = (SELECT identity_hash FROM accounts WHERE id = $3)";
                (of_account.to_owned(), vec![id_column(*account)])
            }
        };
        let statement = format!(
            "SELECT id, purpose, site, device, created_at, code_expires_at, attempts, state \
             FROM challenges WHERE {condition} AND subject = '' AND created_at >= $1 ORDER BY created_at DESC LIMIT $2"
        );
        let mut query =
            sqlx::query(AssertSqlSafe(statement)).bind(since.as_millis()).bind(i64::from(most));
        for value in values {
            query = query.bind(value);
        }
        let rows = query.fetch_all(&self.reader).await?;
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
        let devices = self.device_columns(device);
        let statement = format!(
            "SELECT {} FROM grants WHERE device IN ({}) ORDER BY issued_at DESC, id DESC LIMIT $1",
            grants::COLUMNS,
            places(2, devices.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(most));
        for device in devices {
            query = query.bind(device);
        }
        let rows = query.fetch_all(&self.reader).await?;
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
        let names = self.kept_names(acct_session_id);
        let statement = format!(
            "SELECT {} FROM sessions WHERE acct_session_id IN ({}) ORDER BY started_at DESC LIMIT $1",
            sessions::COLUMNS,
            places(2, names.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(most));
        for name in names {
            query = query.bind(name);
        }
        let rows = query.fetch_all(&self.reader).await?;
        rows.iter().map(session).collect()
    }
}

impl SqlStore {
    /// As what a session's name may be kept: as it is, or with a pseudonym where an access point has
    /// its device's address in it.
    fn kept_names(&self, acct_session_id: &str) -> Vec<String> {
        let mut names = vec![acct_session_id.to_owned()];
        for device in MacAddress::spelled_in(acct_session_id).into_iter().take(MOST_SPELLED) {
            let pseudonyms = self.keys.names_of(device).into_iter().skip(1);
            names.extend(pseudonyms.map(|hashed| device.concealed_in(acct_session_id, hashed)));
        }
        names
    }

    async fn messages_of(&self, challenge: Vec<u8>) -> Result<Vec<MessageTold>, StoreError> {
        let statement = format!(
            "SELECT {} FROM messages WHERE challenge = $1 ORDER BY created_at, id",
            messages::TOLD
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(challenge).fetch_all(&self.reader);
        rows.await?.iter().map(messages::told).collect()
    }
}
