//! What bounds the messages that are sent: counted in the transaction that writes the next one.

use domain::{Binding, Challenge, ChallengePolicy, Counted, OverLimit, SendLimit, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::binding_columns;
use crate::StoreError;
use crate::sql::SqlStore;
use crate::sql::row::Columns;
use crate::sql::script::Script;

/// What a limit counts since `$since`: how many there were, and when the first of them was; what
/// visitors ask for together, and what is sent for reports by itself, as `$4` says. What was begun for
/// a number beyond its limits is not counted for it, for it got nothing. `$1` is the device, `$2` the
/// number and `$3` its block.
fn counting(counted: Counted, since: usize, policy: &ChallengePolicy) -> String {
    const SENDS: &str = "SELECT COUNT(*) AS amount, MIN(challenge_codes.sent_at) AS earliest FROM challenges \
         JOIN challenge_codes ON challenge_codes.challenge = challenges.id";
    const CHALLENGES: &str =
        "SELECT COUNT(*) AS amount, MIN(created_at) AS earliest FROM challenges";
    match counted {
        Counted::SendsOfDevice => format!(
            "{SENDS} WHERE challenges.device = $1 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = $4"
        ),
        Counted::NumbersOfDevice => format!(
            "SELECT COUNT(DISTINCT phone_hash) AS amount, MIN(created_at) AS earliest \
             FROM challenges WHERE device = $1 AND created_at > ${since} AND (subject = '') = $4 \
             AND phone_hash <> $2"
        ),
        Counted::SpentChallengesOfDevice => format!(
            "SELECT COUNT(*) AS amount, MIN(sent_at) AS earliest FROM challenges \
             WHERE device = $1 AND sent_at > ${since} AND (subject = '') = $4 AND sends > {}",
            policy.cooldowns.len()
        ),
        Counted::ChallengesOfNumber => format!(
            "{CHALLENGES} WHERE phone_hash = $2 AND created_at > ${since} AND (subject = '') = $4 \
             AND mute = 0"
        ),
        Counted::SendsToNumber => format!(
            "{SENDS} WHERE challenges.phone_hash = $2 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = $4 AND challenge_codes.mute = 0"
        ),
        // No challenge sends for longer than it lives.
        Counted::SendsToBlock => format!(
            "{SENDS} WHERE challenges.block_hash = $3 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = $4 AND challenge_codes.mute = 0 \
             AND challenges.created_at > ${since} - {}",
            policy.challenge_life.as_millis()
        ),
        // They are looked up, charged, and shaped elsewhere.
        Counted::Blocks
        | Counted::Money
        | Counted::SendsOfAccessPoint
        | Counted::SendsOfSite
        | Counted::SendsToCountry
        | Counted::SendsOfAll => "SELECT 0 AS amount, NULL AS earliest WHERE 1 = 0".to_owned(),
    }
}

/// The first limit that one more message would pass, by what was counted for each.
pub(super) fn over(
    counted: &[AnyRow],
    limits: &[SendLimit],
    at: Timestamp,
) -> Result<Option<OverLimit>, StoreError> {
    let mut amounts = vec![(0, None); limits.len()];
    for row in counted {
        let columns = Columns(row);
        let place = usize::try_from(columns.count("place")?).unwrap_or(usize::MAX);
        let amount = amounts.get_mut(place).ok_or(StoreError::Corrupt { what: "place" })?;
        *amount = (columns.count("amount")?, columns.optional_time("earliest")?);
    }
    let passed = limits.iter().zip(amounts).find(|(limit, (amount, _))| *amount >= limit.most);
    Ok(passed.map(|(limit, (_, earliest))| {
        let wait = (earliest.unwrap_or(at) + limit.window).since(at);
        OverLimit { limit: *limit, wait }
    }))
}

impl SqlStore {
    /// What waits for its turn to send for the challenge's device or report, and to its number.
    pub(super) fn lock_sends(&self, challenge: &Challenge) -> Option<String> {
        let whom = match &challenge.binding {
            Binding::SignIn { device, .. } | Binding::MyData { device, .. } => device.to_string(),
            Binding::ReportClose { report } => format!("report {report}"),
        };
        self.dialect.lock_sends([
            whom.as_bytes(),
            &self.keys.phone_hash(&challenge.phone),
            &self.keys.block_hash(&challenge.phone),
        ])
    }

    /// One statement that counts what each limit is about, for one more message of the challenge then.
    pub(super) fn count(
        &self,
        script: &mut Script,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) {
        const SHARED_VALUES: usize = 4;
        let counting = |(place, limit): (usize, &SendLimit)| {
            let counting = counting(limit.counted, SHARED_VALUES + 1 + place, policy);
            format!(
                "SELECT CAST({place} AS BIGINT) AS place, amount, earliest FROM ({counting}) AS of_{place}"
            )
        };
        let parts: Vec<_> = limits.iter().enumerate().map(counting).collect();
        let nothing = "SELECT 1 AS place WHERE 1 = 0".to_owned();
        let statement = if parts.is_empty() { nothing } else { parts.join(" UNION ALL ") };
        script.add(&statement);
        if parts.is_empty() {
            return;
        }
        let (_, device, subject) = binding_columns(&challenge.binding);
        script
            .bind(device)
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(self.keys.block_hash(&challenge.phone))
            .bind(subject.is_empty());
        for limit in limits {
            script.bind((at - limit.window).as_millis());
        }
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
