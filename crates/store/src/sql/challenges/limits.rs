//! What bounds the messages that are sent: counted in the transaction that writes the next one.

use std::time::Duration;

use domain::{Binding, Challenge, ChallengePolicy, Counted, OverLimit, SendLimit, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{COLUMNS, OPEN, bind_sought, binding_columns};
use crate::sql::SqlStore;
use crate::sql::row::Columns;
use crate::{Sought, StoreError};

/// That nothing is blocked which one more message is about.
const UNBLOCKED: SendLimit =
    SendLimit { counted: Counted::Blocks, window: Duration::ZERO, most: 1 };

/// What a limit counts since `$since`: how many there were, and when the first of them was; what
/// visitors ask for together, and what is sent for reports by itself. What was begun for a number
/// beyond its limits is not counted for it, for it got nothing. The four values of [`OPEN`] come
/// first; `$5` is the number and `$6` its block.
fn counting(counted: Counted, since: usize, (policy, targets): (&ChallengePolicy, &str)) -> String {
    const SENDS: &str = "SELECT COUNT(*) AS amount, MIN(challenge_codes.sent_at) AS earliest FROM challenges \
         JOIN challenge_codes ON challenge_codes.challenge = challenges.id";
    const CHALLENGES: &str =
        "SELECT COUNT(*) AS amount, MIN(created_at) AS earliest FROM challenges";
    match counted {
        Counted::SendsOfDevice => format!(
            "{SENDS} WHERE challenges.device = $3 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = ($4 = '')"
        ),
        Counted::NumbersOfDevice => format!(
            "SELECT COUNT(DISTINCT phone_hash) AS amount, MIN(created_at) AS earliest \
             FROM challenges WHERE device = $3 AND created_at > ${since} AND (subject = '') = ($4 = '') \
             AND phone_hash <> $5"
        ),
        Counted::SpentChallengesOfDevice => format!(
            "SELECT COUNT(*) AS amount, MIN(sent_at) AS earliest FROM challenges \
             WHERE device = $3 AND sent_at > ${since} AND (subject = '') = ($4 = '') AND sends > {}",
            policy.cooldowns.len()
        ),
        Counted::ChallengesOfNumber => format!(
            "{CHALLENGES} WHERE phone_hash = $5 AND created_at > ${since} AND (subject = '') = ($4 = '') \
             AND mute = 0"
        ),
        Counted::SendsToNumber => format!(
            "{SENDS} WHERE challenges.phone_hash = $5 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = ($4 = '') AND challenge_codes.mute = 0"
        ),
        // No challenge sends for longer than it lives.
        Counted::SendsToBlock => format!(
            "{SENDS} WHERE challenges.block_hash = $6 AND challenge_codes.sent_at > ${since} \
             AND (challenges.subject = '') = ($4 = '') AND challenge_codes.mute = 0 \
             AND challenges.created_at > ${since} - {}",
            policy.challenge_life.as_millis()
        ),
        Counted::Blocks => format!(
            "SELECT COUNT(*) AS amount, CAST(NULL AS BIGINT) AS earliest FROM send_blocks \
             WHERE target IN ({targets}) AND (until IS NULL OR until > ${since})"
        ),
        // They are charged, and shaped elsewhere.
        Counted::Money
        | Counted::SendsOfAccessPoint
        | Counted::SendsOfSite
        | Counted::SendsToCountry
        | Counted::SendsOfAll => "SELECT 0 AS amount, NULL AS earliest WHERE 1 = 0".to_owned(),
    }
}

/// The first limit that one more message would pass, by what was counted for each.
fn over(
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

    /// What one more message of the challenge then meets: the open challenge of its binding, and the
    /// first limit that it would pass. One trip to the database.
    pub(super) async fn look_at_sends(
        &self,
        transaction: &mut AnyConnection,
        challenge: &Challenge,
        limits: &[SendLimit],
        (at, policy): (Timestamp, &ChallengePolicy),
    ) -> Result<(Option<Challenge>, Option<OverLimit>), StoreError> {
        const SHARED_VALUES: usize = 6;
        let limits: Vec<_> = [UNBLOCKED].iter().chain(limits).copied().collect();
        let targets = self.targets(challenge);
        let first_target = SHARED_VALUES + limits.len() + 1;
        let listed: Vec<_> =
            (first_target..).take(targets.len()).map(|number| format!("${number}")).collect();
        let listed = listed.join(", ");
        let counting = |(place, limit): (usize, &SendLimit)| {
            let since = SHARED_VALUES + 1 + place;
            let counting = counting(limit.counted, since, (policy, &listed));
            format!(
                "SELECT CAST({place} AS BIGINT) AS place, amount, earliest FROM ({counting}) AS of_{place}"
            )
        };
        let parts: Vec<_> = limits.iter().enumerate().map(counting).collect();
        let statement = format!(
            "SELECT place, amount, earliest, open.* FROM ({}) AS counted \
             LEFT JOIN (SELECT {COLUMNS} FROM challenges WHERE {OPEN}) AS open ON 1 = 1",
            parts.join(" UNION ALL ")
        );
        let mut look = self.script();
        look.add(&statement);
        bind_sought(&mut look, Sought::OpenOf(&challenge.binding), challenge.binding.purpose())
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(self.keys.block_hash(&challenge.phone));
        for limit in &limits {
            look.bind((at - limit.window).as_millis());
        }
        for target in targets {
            look.bind(target);
        }
        let [found] = look.fetch_each(transaction).await?;
        let open = match found.first() {
            Some(row) if Columns(row).optional_octets("id")?.is_some() => {
                Some(self.challenge(row)?)
            }
            _ => None,
        };
        Ok((open, over(&found, &limits, at)?))
    }

    /// Whether a limit of a number was not used up by the device that meets it.
    pub(super) async fn is_others(
        &self,
        transaction: &mut AnyConnection,
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
            .fetch_one(&mut *transaction)
            .await?;
        Ok(Columns(&row).count("amount")? < limit.most)
    }
}
