//! The codes of a challenge: kept as hashes, good for a while from when a gateway took them.

use domain::{Challenge, ChallengePolicy, Code, LinkToken, MessageId, Purpose, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use subtle::ConstantTimeEq;

use super::{COLUMNS, finding};
use crate::sql::SqlStore;
use crate::sql::dialect::Dialect;
use crate::sql::given::{Column, Given};
use crate::sql::row::{Columns, id_column};
use crate::sql::script::Script;
use crate::{Attempt, Proof, Sought, StoreError};

/// A code that is added to a challenge.
pub(super) struct Fresh<'a> {
    pub(super) code: &'a Code,
    pub(super) link: Option<&'a LinkToken>,
    /// The message that carries it.
    pub(super) message: MessageId,
    /// Whether nobody is sent it.
    pub(super) mute: bool,
}

/// One statement: a challenge with every code that is still good, and these columns. The time of the attempt
/// is its last value.
pub(super) fn to_compare(sought: Sought<'_>, more: &str) -> String {
    let (found, values) = finding(sought);
    format!(
        "SELECT {}, codes.hash, codes.link_hash{more} FROM challenges LEFT JOIN challenge_codes codes \
         ON codes.challenge = challenges.id AND codes.expires_at > ${} WHERE {found}",
        columns(),
        values + 1
    )
}

/// The columns of a challenge where codes are joined.
pub(super) fn columns() -> String {
    let columns = COLUMNS.split(", ").map(|column| format!("challenges.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

impl SqlStore {
    /// Gateways took messages, each at its time, and from then on the codes in them live; of those alone
    /// for which `condition` holds, that of the message `wanted`.
    pub(in crate::sql) fn begin_lives(
        &self,
        script: &mut Script,
        taken: &[(MessageId, Timestamp)],
        condition: &str,
    ) {
        let of_purpose = |purpose: &Purpose| {
            let policy = ChallengePolicy::of(*purpose);
            let (code, whole) = (policy.code_life.as_millis(), policy.challenge_life.as_millis());
            format!(
                "WHEN '{}' THEN CASE WHEN taken_at + {code} < created_at + {whole} \
                 THEN taken_at + {code} ELSE created_at + {whole} END",
                purpose.as_str()
            )
        };
        let lives: Vec<_> = Purpose::ALL.iter().map(of_purpose).collect();
        let until = format!("CASE purpose {} END", lives.join(" "));
        let columns = vec![
            Column::octets(taken.iter().map(|(message, _)| id_column(*message))),
            Column::numbers(taken.iter().map(|(_, at)| at.as_millis())),
        ];
        let given = Given { dialect: self.dialect, names: "wanted, taken_at", columns };
        let theirs =
            "SELECT challenge FROM challenge_codes WHERE message IN (SELECT wanted FROM given)";
        if self.dialect == Dialect::Postgres {
            // The challenge before its codes: the order in which everybody locks them.
            let lock =
                format!("SELECT id FROM challenges WHERE id IN ({theirs}) ORDER BY id FOR UPDATE");
            given.add_to(script, &lock);
        }
        let of_codes = format!(
            "UPDATE challenge_codes SET expires_at = \
             (SELECT {until} FROM challenges WHERE id = challenge_codes.challenge) \
             FROM given WHERE message = wanted{condition}"
        );
        given.add_to(script, &of_codes);
        let of_challenges = format!(
            "UPDATE challenges SET code_expires_at = (SELECT MAX(expires_at) FROM challenge_codes \
             WHERE challenge = challenges.id) WHERE id IN ({theirs})"
        );
        given.add_to(script, &of_challenges);
    }

    /// Compares with every code that is still good, in the same time whichever it is.
    pub(super) fn matches(
        &self,
        codes: &[AnyRow],
        challenge: &Challenge,
        attempt: &Attempt<'_>,
    ) -> Result<bool, StoreError> {
        let mut matches = subtle::Choice::from(0);
        for row in codes {
            matches |= match attempt.proof {
                Proof::Code(code) => {
                    // Of none there is a row, too.
                    let Some(stored) = Columns(row).optional_octets("hash")? else { continue };
                    let Some((version, _)) = stored.split_first_chunk::<4>() else {
                        return Err(StoreError::Corrupt { what: "code hash" });
                    };
                    let version = u32::from_be_bytes(*version);
                    let given = self.keys.code_hash(version, challenge, code);
                    let given = given.ok_or(StoreError::MissingKey { version })?;
                    given.as_slice().ct_eq(&stored)
                }
                Proof::Link(link) => {
                    let stored = Columns(row).optional_octets("link_hash")?.unwrap_or_default();
                    self.keys.link_hash(link).as_slice().ct_eq(&stored)
                }
            };
        }
        Ok(matches.into())
    }

    pub(super) fn add_code(&self, script: &mut Script, challenge: &Challenge, fresh: &Fresh<'_>) {
        let (version, _) = self.keys.pepper().newest();
        let hash = self
            .keys
            .code_hash(version, challenge, fresh.code)
            .expect("the newest pepper is there");
        let into =
            "challenge_codes (challenge, hash, expires_at, sent_at, link_hash, message, mute)";
        script
            .insert(into, "$1, $2, $3, $4, $5, $6, $7", "")
            .bind(id_column(challenge.id))
            .bind(hash.to_vec())
            .bind(challenge.code_expires_at.as_millis())
            .bind(challenge.sent_at.as_millis())
            .bind(fresh.link.map(|link| self.keys.link_hash(link)))
            .bind(id_column(fresh.message))
            .bind(i64::from(fresh.mute));
    }

    /// Adds a code beside those that were sent; returns until when it is good.
    pub(in crate::sql) async fn add_another_code(
        &self,
        transaction: &mut AnyConnection,
        challenge: &Challenge,
        (code, message): (&Code, MessageId),
        at: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let policy = ChallengePolicy::of(challenge.binding.purpose());
        let code_expires_at = policy.good_until(challenge.created_at, None);
        let changed = Challenge { sent_at: at, code_expires_at, ..challenge.clone() };
        let fresh = Fresh { code, link: None, message, mute: false };
        let mut script = self.script();
        self.add_code(&mut script, &changed, &fresh);
        script
            .add("UPDATE challenges SET code_expires_at = $1 WHERE id = $2")
            .bind(code_expires_at.as_millis())
            .bind(id_column(challenge.id));
        script.execute(transaction).await?;
        Ok(code_expires_at)
    }
}
