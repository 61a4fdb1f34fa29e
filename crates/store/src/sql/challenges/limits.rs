//! What bounds the messages that are sent: counted in the transaction that writes the next one.

use data_encoding::HEXLOWER;
use domain::{Binding, Challenge, ChallengePolicy, Counted, OverLimit, SendLimit, Timestamp};
use sqlx::{Any, Transaction};

use super::binding_columns;
use crate::StoreError;
use crate::sql::SqlStore;
use crate::sql::row::Columns;

/// What a limit counts: how many there were of `$1` after `$2`, and when the first of them was;
/// what visitors ask for together, and what is sent for reports by itself, as `$3` says. What was
/// begun for a number beyond its limits is not counted for it, for it got nothing.
const fn counting(counted: Counted) -> &'static str {
    match counted {
        Counted::SendsOfDevice => {
            "SELECT COUNT(*) AS amount, MIN(challenge_codes.sent_at) AS earliest FROM challenges \
             JOIN challenge_codes ON challenge_codes.challenge = challenges.id \
             WHERE challenges.device = $1 AND challenge_codes.sent_at > $2 \
             AND (challenges.subject = '') = $3"
        }
        Counted::NumbersOfDevice => {
            "SELECT COUNT(DISTINCT phone_hash) AS amount, MIN(created_at) AS earliest \
             FROM challenges WHERE device = $1 AND created_at > $2 AND (subject = '') = $3 \
             AND phone_hash <> $4"
        }
        Counted::SpentChallengesOfDevice => {
            "SELECT COUNT(*) AS amount, MIN(sent_at) AS earliest FROM challenges \
             WHERE device = $1 AND sent_at > $2 AND (subject = '') = $3 AND sends >= $4"
        }
        Counted::ChallengesOfNumber => {
            "SELECT COUNT(*) AS amount, MIN(created_at) AS earliest FROM challenges \
             WHERE phone_hash = $1 AND created_at > $2 AND (subject = '') = $3 AND mute = 0"
        }
        Counted::SendsToNumber => {
            "SELECT COUNT(*) AS amount, MIN(challenge_codes.sent_at) AS earliest FROM challenges \
             JOIN challenge_codes ON challenge_codes.challenge = challenges.id \
             WHERE challenges.phone_hash = $1 AND challenge_codes.sent_at > $2 \
             AND (challenges.subject = '') = $3 AND challenge_codes.mute = 0"
        }
        Counted::SendsToBlock => {
            "SELECT COUNT(*) AS amount, MIN(challenge_codes.sent_at) AS earliest FROM challenges \
             JOIN challenge_codes ON challenge_codes.challenge = challenges.id \
             WHERE challenges.block_hash = $1 AND challenge_codes.sent_at > $2 \
             AND (challenges.subject = '') = $3 AND challenge_codes.mute = 0 \
             AND challenges.created_at > $4"
        }
        // They are looked up.
        Counted::Blocks => "",
    }
}

impl SqlStore {
    /// Waits for its turn to send for the challenge's device or report, and to its number.
    pub(super) async fn lock_sends(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
    ) -> Result<(), StoreError> {
        let Some(statement) = self.dialect.lock_sends() else { return Ok(()) };
        sqlx::query(statement)
            .bind(match &challenge.binding {
                Binding::SignIn { device, .. } | Binding::MyData { device, .. } => {
                    device.to_string()
                }
                Binding::ReportClose { report } => format!("report {report}"),
            })
            .bind(HEXLOWER.encode(&self.keys.phone_hash(&challenge.phone)))
            .bind(HEXLOWER.encode(&self.keys.block_hash(&challenge.phone)))
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    /// The first limit that one more message for the challenge would pass then.
    pub(super) async fn over(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) -> Result<Option<OverLimit>, StoreError> {
        let (_, device, subject) = binding_columns(&challenge.binding);
        let number = self.keys.phone_hash(&challenge.phone);
        let block = self.keys.block_hash(&challenge.phone);
        for limit in limits {
            let since = at - limit.window;
            let of = match limit.counted {
                Counted::SendsOfDevice
                | Counted::NumbersOfDevice
                | Counted::SpentChallengesOfDevice => &device,
                Counted::ChallengesOfNumber | Counted::SendsToNumber => &number,
                Counted::SendsToBlock => &block,
                Counted::Blocks => continue,
            };
            let query = sqlx::query(counting(limit.counted));
            let query = query.bind(of.clone()).bind(since.as_millis()).bind(subject.is_empty());
            let query = match limit.counted {
                Counted::NumbersOfDevice => query.bind(number.clone()),
                Counted::SpentChallengesOfDevice => {
                    let all = policy.cooldowns.len() + 1;
                    query.bind(i64::try_from(all).unwrap_or(i64::MAX))
                }
                // No challenge sends for longer than it lives.
                Counted::SendsToBlock => query.bind((since - policy.challenge_life).as_millis()),
                _ => query,
            };
            let row = query.fetch_one(&mut **transaction).await?;
            let columns = Columns(&row);
            if columns.count("amount")? < limit.most {
                continue;
            }
            let earliest = columns.optional_time("earliest")?.unwrap_or(at);
            let wait = (earliest + limit.window).since(at);
            return Ok(Some(OverLimit { limit: *limit, wait }));
        }
        Ok(None)
    }

    /// Whether a limit of a number was not used up by the device that meets it.
    pub(super) async fn is_others(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        over: Option<OverLimit>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(OverLimit { limit, .. }) = over else { return Ok(false) };
        if challenge.binding.device().is_none() || !limit.counted.is_of_number() {
            return Ok(false);
        }
        if limit.counted == Counted::Blocks {
            return Ok(true);
        }
        let statement = match limit.counted {
            Counted::ChallengesOfNumber => {
                "SELECT COUNT(*) AS amount FROM challenges \
                 WHERE device = $1 AND phone_hash = $2 AND created_at > $3"
            }
            _ => {
                "SELECT COUNT(*) AS amount FROM challenges \
                 JOIN challenge_codes ON challenge_codes.challenge = challenges.id \
                 WHERE challenges.device = $1 AND challenges.phone_hash = $2 \
                 AND challenge_codes.sent_at > $3"
            }
        };
        let (_, device, _) = binding_columns(&challenge.binding);
        let row = sqlx::query(statement)
            .bind(device)
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind((at - limit.window).as_millis())
            .fetch_one(&mut **transaction)
            .await?;
        Ok(Columns(&row).count("amount")? < limit.most)
    }
}
