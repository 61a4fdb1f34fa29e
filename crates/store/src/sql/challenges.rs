//! Challenges: attempts are counted before anything is compared, and a code wins once.

use async_trait::async_trait;
use domain::{
    Challenge, ChallengeId, ChallengePolicy, ChallengeState, Code, MacAddress, MessageClass,
    MessageId, PhoneNumber, Purpose, ResendRefusal, SiteName, SmsText, Timestamp, Verdict,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Transaction};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::SqlStore;
use super::row::{Columns, id_column, mac_column};
use crate::sealed::Seal;
use crate::{Attempt, Challenges, Change, NewChallenge, StoreError};

const COLUMNS: &str = "id, purpose, site, device, phone, language, terms_version, created_at, sent_at, sends, \
                       code_expires_at, attempts, state";

#[async_trait]
impl Challenges for SqlStore {
    async fn begin_challenge(&self, new: &NewChallenge) -> Result<(), StoreError> {
        let challenge = &new.challenge;
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE challenges SET state = 'abandoned' WHERE device = $1 AND site = $2 AND state = 'open'")
            .bind(mac_column(challenge.device))
            .bind(challenge.site.as_str())
            .execute(&mut *transaction)
            .await?;
        let statement = "INSERT INTO challenges (id, purpose, site, device, phone, phone_hash, language, \
             terms_version, created_at, sent_at, sends, code_expires_at, attempts, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        sqlx::query(statement)
            .bind(id_column(challenge.id))
            .bind(challenge.purpose.as_str())
            .bind(challenge.site.as_str())
            .bind(mac_column(challenge.device))
            .bind(self.keys.seal(Seal::Phone, challenge.phone.digits()))
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(challenge.language.as_str())
            .bind(challenge.terms_version.as_str())
            .bind(challenge.created_at.as_millis())
            .bind(challenge.sent_at.as_millis())
            .bind(i64::from(challenge.sends))
            .bind(challenge.code_expires_at.as_millis())
            .bind(i64::from(challenge.attempts))
            .bind(challenge.state.as_str())
            .execute(&mut *transaction)
            .await?;
        self.add_code(&mut transaction, challenge, &new.code).await?;
        self.add_message(&mut transaction, challenge, &new.text).await?;
        transaction.commit().await?;
        self.publish(Change::Message).await;
        self.publish(Change::Challenge(challenge.site.clone())).await;
        Ok(())
    }

    async fn find_open_challenge(
        &self,
        site: &SiteName,
        device: MacAddress,
    ) -> Result<Option<Challenge>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM challenges WHERE device = $1 AND site = $2 AND state = 'open' \
             ORDER BY created_at DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(mac_column(device))
            .bind(site.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| self.challenge(row)).transpose()
    }

    async fn send_code_again(
        &self,
        challenge: ChallengeId,
        code: &Code,
        text: &SmsText,
        policy: &ChallengePolicy,
        at: Timestamp,
    ) -> Result<Result<Challenge, ResendRefusal>, StoreError> {
        let mut transaction = self.begin().await?;
        let lock = self.dialect.for_update();
        let statement = format!("SELECT {COLUMNS} FROM challenges WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(challenge))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(Err(ResendRefusal::Over)) };
        let mut challenge = self.challenge(&row)?;
        if let Err(refusal) = challenge.may_resend(policy, at) {
            return Ok(Err(refusal));
        }
        challenge.sends += 1;
        challenge.sent_at = at;
        challenge.code_expires_at =
            (at + policy.code_life).min(challenge.created_at + policy.challenge_life);
        sqlx::query(
            "UPDATE challenges SET sends = $1, sent_at = $2, code_expires_at = $3 WHERE id = $4",
        )
        .bind(i64::from(challenge.sends))
        .bind(at.as_millis())
        .bind(challenge.code_expires_at.as_millis())
        .bind(id_column(challenge.id))
        .execute(&mut *transaction)
        .await?;
        self.add_code(&mut transaction, &challenge, code).await?;
        self.add_message(&mut transaction, &challenge, text).await?;
        transaction.commit().await?;
        self.publish(Change::Message).await;
        Ok(Ok(challenge))
    }

    async fn try_code(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Verdict, StoreError> {
        let statement = format!(
            "UPDATE challenges SET attempts = attempts + 1 \
             WHERE id = $1 AND state = 'open' AND attempts < $2 AND code_expires_at > $3 RETURNING {COLUMNS}"
        );
        // One statement on its own, so the attempt stays counted whatever happens next.
        let counted = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(attempt.challenge))
            .bind(i64::from(policy.attempts))
            .bind(attempt.at.as_millis())
            .fetch_optional(&self.writer)
            .await?;
        let Some(row) = counted else { return self.why_not_counted(attempt, policy).await };
        let mut challenge = self.challenge(&row)?;
        if !self.matches(&challenge, attempt).await? {
            let left = policy.attempts.saturating_sub(challenge.attempts);
            return Ok(Verdict::Wrong { left });
        }
        let won = sqlx::query(
            "UPDATE challenges SET state = 'verified' WHERE id = $1 AND state = 'open'",
        )
        .bind(id_column(challenge.id))
        .execute(&self.writer)
        .await?;
        if won.rows_affected() == 0 {
            return Ok(Verdict::Used);
        }
        challenge.state = ChallengeState::Verified;
        Ok(Verdict::Accepted(challenge))
    }

    async fn abandon_challenge(&self, challenge: ChallengeId) -> Result<(), StoreError> {
        sqlx::query("UPDATE challenges SET state = 'abandoned' WHERE id = $1 AND state = 'open'")
            .bind(id_column(challenge))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn count_challenges_for_phone(
        &self,
        like: &PhoneNumber,
        since: Timestamp,
    ) -> Result<u32, StoreError> {
        let statement =
            "SELECT COUNT(*) AS amount FROM challenges WHERE phone_hash = $1 AND created_at >= $2";
        let row = sqlx::query(statement)
            .bind(self.keys.phone_hash(like))
            .bind(since.as_millis())
            .fetch_one(&self.reader)
            .await?;
        Columns(&row).count("amount")
    }

    async fn count_sends_for_device(
        &self,
        device: MacAddress,
        since: Timestamp,
    ) -> Result<u32, StoreError> {
        let statement = "SELECT COUNT(*) AS amount FROM challenge_codes \
             JOIN challenges ON challenges.id = challenge_codes.challenge \
             WHERE challenges.device = $1 AND challenge_codes.sent_at >= $2";
        let row = sqlx::query(statement)
            .bind(mac_column(device))
            .bind(since.as_millis())
            .fetch_one(&self.reader)
            .await?;
        Columns(&row).count("amount")
    }

    async fn prune_challenges(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM challenges WHERE created_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

impl SqlStore {
    /// Says why an attempt was not counted: the challenge is over, locked or too old.
    async fn why_not_counted(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Verdict, StoreError> {
        let row = sqlx::query("SELECT attempts, state FROM challenges WHERE id = $1")
            .bind(id_column(attempt.challenge))
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(Verdict::Used) };
        let columns = Columns(&row);
        Ok(if columns.text("state")? != "open" {
            Verdict::Used
        } else if columns.count("attempts")? >= policy.attempts {
            Verdict::Locked
        } else {
            Verdict::Expired
        })
    }

    /// Compares with every code that is still good, in the same time whichever it is.
    async fn matches(
        &self,
        challenge: &Challenge,
        attempt: &Attempt<'_>,
    ) -> Result<bool, StoreError> {
        let rows = sqlx::query(
            "SELECT hash FROM challenge_codes WHERE challenge = $1 AND expires_at > $2",
        )
        .bind(id_column(challenge.id))
        .bind(attempt.at.as_millis())
        .fetch_all(&self.reader)
        .await?;
        let mut matches = subtle::Choice::from(0);
        for row in &rows {
            let stored = Columns(row).octets("hash")?;
            let Some((version, _)) = stored.split_first_chunk::<4>() else {
                return Err(StoreError::Corrupt { what: "code hash" });
            };
            let version = u32::from_be_bytes(*version);
            let given = self.keys.code_hash(version, challenge, attempt.code);
            let given = given.ok_or(StoreError::MissingKey { version })?;
            matches |= given.as_slice().ct_eq(&stored);
        }
        Ok(matches.into())
    }

    async fn add_code(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        code: &Code,
    ) -> Result<(), StoreError> {
        let (version, _) = self.keys.pepper().newest();
        let hash =
            self.keys.code_hash(version, challenge, code).expect("the newest pepper is there");
        sqlx::query(
            "INSERT INTO challenge_codes (challenge, hash, expires_at, sent_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(id_column(challenge.id))
        .bind(hash.to_vec())
        .bind(challenge.code_expires_at.as_millis())
            .bind(challenge.sent_at.as_millis())
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    async fn add_message(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        text: &SmsText,
    ) -> Result<(), StoreError> {
        let mut entropy = [0; 10];
        getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
        let statement = "INSERT INTO messages (id, challenge, phone_hash, phone, text, class, created_at, \
             expires_at, attempts, next_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $7, 'waiting')";
        sqlx::query(statement)
            .bind(id_column(MessageId::new(challenge.sent_at, entropy)))
            .bind(id_column(challenge.id))
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(self.keys.seal(Seal::Phone, challenge.phone.digits()))
            .bind(self.keys.seal(Seal::MessageText, text.expose()))
            .bind(super::messages::class_name(MessageClass::Service))
            .bind(challenge.sent_at.as_millis())
            .bind(challenge.code_expires_at.as_millis())
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    fn challenge(&self, row: &AnyRow) -> Result<Challenge, StoreError> {
        let columns = Columns(row);
        let phone = self.phone(&columns.octets("phone")?)?;
        let purpose = match columns.text("purpose")?.as_str() {
            "sign-in" => Purpose::SignIn,
            _ => return Err(StoreError::Corrupt { what: "purpose" }),
        };
        let state = ChallengeState::from_name(&columns.text("state")?)
            .ok_or(StoreError::Corrupt { what: "challenge state" })?;
        Ok(Challenge {
            id: columns.id("id")?,
            purpose,
            site: columns.parsed("site")?,
            device: columns.mac("device")?,
            phone,
            language: columns.parsed("language")?,
            terms_version: columns.text("terms_version")?,
            created_at: columns.time("created_at")?,
            sent_at: columns.time("sent_at")?,
            sends: columns.count("sends")?,
            code_expires_at: columns.time("code_expires_at")?,
            attempts: columns.count("attempts")?,
            state,
        })
    }

    /// Decrypts a number.
    pub(super) fn phone(&self, sealed: &[u8]) -> Result<PhoneNumber, StoreError> {
        let digits: Zeroizing<String> = self.keys.open(Seal::Phone, sealed)?;
        digits.parse().map_err(|_| StoreError::Corrupt { what: "phone" })
    }
}
