//! Challenges: attempts are counted before anything is compared, and a code wins once.

mod limits;
mod row;

use async_trait::async_trait;
use domain::{
    Binding, Challenge, ChallengeId, ChallengePolicy, ChallengeState, Charge, Code, Country,
    LinkToken, MessageClass, MessageId, Purpose, ReportNumber, ResendRefusal, RouteName, SendLimit,
    SmsText, Timestamp, Verdict, VisitRecord,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Executor, Transaction};
use subtle::ConstantTimeEq;

use super::SqlStore;
use super::row::{Columns, id_column, mac_column};
use super::setup::written;
use super::spending::{Charged, cost_columns};
use super::visits;
use crate::sealed::Seal;
use crate::{
    AnotherCode, Attempt, Begun, Budget, Challenges, Change, Linked, NewChallenge, NotSent, Prize,
    Proof, SignIn, SignInOutcome, StoreError,
};

const COLUMNS: &str = "id, purpose, site, device, subject, phone, language, agreed, created_at, sent_at, sends, \
                       code_expires_at, attempts, state";

#[async_trait]
impl Challenges for SqlStore {
    async fn begin_challenge(
        &self,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Begun, StoreError> {
        let challenge = &new.challenge;
        let mut transaction = self.begin_together().await?;
        self.lock_sends(&mut transaction, challenge).await?;
        let open = self.open_challenge(&mut **transaction, &challenge.binding).await?;
        let given_up = open.as_ref().map(|open| open.id);
        if let Some(open) = open
            && open.phone == challenge.phone
            && open.is_alive(policy, challenge.created_at)
        {
            // Who goes back and ticks something else means that.
            let statement = "UPDATE challenges SET agreed = $1 WHERE id = $2";
            sqlx::query(statement)
                .bind(written(&challenge.agreed))
                .bind(id_column(open.id))
                .execute(&mut **transaction)
                .await?;
            if let Some(visit) = &new.visit {
                visits::record(&mut transaction, visit).await?;
            }
            transaction.commit().await?;
            let agreed = challenge.agreed.clone();
            return Ok(Begun::GoesOn(Challenge { agreed, ..open }));
        }
        let at = challenge.created_at;
        let over = match self.barred(&mut transaction, challenge, at).await? {
            Some(barred) => Some(barred),
            None => self.over(&mut transaction, challenge, budget.limits, (at, policy)).await?,
        };
        let mute = self.is_others(&mut transaction, challenge, over, at).await?;
        let refused = over.map(|over| over.limit.counted);
        if let Some(visit) = &new.visit {
            let visit = VisitRecord { refused, ..visit.clone() };
            visits::record(&mut transaction, &visit).await?;
        }
        if let Some(over) = over.filter(|_| !mute) {
            transaction.commit().await?;
            return Ok(Begun::Over(over));
        }
        if !mute && let Err(wait) = (budget.shared)() {
            transaction.commit().await?;
            return Ok(Begun::Busy(wait));
        }
        if let Some(given_up) = given_up {
            abandon(&mut transaction, given_up).await?;
        }
        // What nobody sends looks as if it had been taken at once.
        let code_expires_at = policy.good_until(challenge.created_at, Some(at));
        let as_taken = Challenge { code_expires_at, ..challenge.clone() };
        let challenge = if mute { &as_taken } else { challenge };
        self.insert_challenge(&mut transaction, challenge, mute).await?;
        let message = super::messages::new_id(challenge.sent_at);
        let fresh = Fresh { code: &new.code, link: new.link.as_ref(), message, mute };
        self.add_code(&mut transaction, challenge, &fresh).await?;
        if !mute {
            let words = (&new.text, &new.code, message);
            self.add_message(&mut transaction, challenge, words, (None, budget.charge)).await?;
            if let Charged::Spent = self.charge(&mut transaction, budget.charge).await? {
                drop(transaction);
                self.note_spent(budget.charge, new.visit.as_ref()).await?;
                return Ok(Begun::Spent);
            }
        }
        self.commit(transaction).await?;
        self.publish(Change::Message).await;
        if let Some((_, device)) = challenge.binding.device() {
            self.publish(Change::Challenge(device)).await;
        }
        Ok(over.map_or(Begun::Begins, Begun::Mute))
    }

    async fn find_open_challenge(
        &self,
        binding: &Binding,
    ) -> Result<Option<Challenge>, StoreError> {
        self.open_challenge(&self.reader, binding).await
    }

    async fn find_latest_challenge(
        &self,
        report: &ReportNumber,
    ) -> Result<Option<Challenge>, StoreError> {
        // Of two that began in the same instant the open one is the later.
        let statement = format!(
            "SELECT {COLUMNS} FROM challenges WHERE subject = $1 \
             ORDER BY created_at DESC, CASE state WHEN 'open' THEN 0 ELSE 1 END LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(report.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| self.challenge(row)).transpose()
    }

    async fn find_linked(&self, link: &LinkToken) -> Result<Option<Linked>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS}, \
             (SELECT expires_at FROM challenge_codes WHERE link_hash = $1) AS link_expires_at, \
             (SELECT nas FROM visits WHERE visits.device = challenges.device \
              AND visits.site = challenges.site ORDER BY asked_at DESC LIMIT 1) AS nas \
             FROM challenges WHERE id = (SELECT challenge FROM challenge_codes WHERE link_hash = $1)"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.keys.link_hash(link))
            .fetch_optional(&self.reader)
            .await?;
        let linked = |row: &AnyRow| {
            let columns = Columns(row);
            let nas = columns.optional_text("nas")?.map(|name| name.parse());
            Ok(Linked {
                challenge: self.challenge(row)?,
                expires_at: columns.time("link_expires_at")?,
                nas: nas.transpose().map_err(|_| StoreError::Corrupt { what: "nas" })?,
            })
        };
        row.as_ref().map(linked).transpose()
    }

    async fn send_code_again(
        &self,
        another: &AnotherCode,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, NotSent>, StoreError> {
        let at = another.at;
        let mut transaction = self.begin_together().await?;
        let statement = |lock| format!("SELECT {COLUMNS} FROM challenges WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement("")))
            .bind(id_column(another.challenge))
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(row) = row else { return Ok(Err(ResendRefusal::Over.into())) };
        self.lock_sends(&mut transaction, &self.challenge(&row)?).await?;
        let row = sqlx::query(AssertSqlSafe(statement(self.dialect.for_update())))
            .bind(id_column(another.challenge))
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(row) = row else { return Ok(Err(ResendRefusal::Over.into())) };
        let mut challenge = self.challenge(&row)?;
        if let Err(refusal) = challenge.may_resend(policy, at) {
            return Ok(Err(refusal.into()));
        }
        let of_sends = budget.limits.iter().filter(|limit| limit.counted.is_of_sends());
        let sends: Vec<SendLimit> = of_sends.copied().collect();
        let over = match self.barred(&mut transaction, &challenge, at).await? {
            Some(barred) => Some(barred),
            None => self.over(&mut transaction, &challenge, &sends, (at, policy)).await?,
        };
        let mute = self.is_others(&mut transaction, &challenge, over, at).await?;
        if let Some(over) = over.filter(|_| !mute) {
            return Ok(Err(over.into()));
        }
        if !mute && let Err(wait) = (budget.shared)() {
            return Ok(Err(NotSent::Busy(wait)));
        }
        challenge.sends += 1;
        challenge.sent_at = at;
        challenge.code_expires_at = policy.good_until(challenge.created_at, mute.then_some(at));
        sqlx::query(
            "UPDATE challenges SET sends = $1, sent_at = $2, code_expires_at = $3 WHERE id = $4",
        )
        .bind(i64::from(challenge.sends))
        .bind(at.as_millis())
        .bind(challenge.code_expires_at.as_millis())
        .bind(id_column(challenge.id))
        .execute(&mut **transaction)
        .await?;
        let message = super::messages::new_id(challenge.sent_at);
        let fresh = Fresh { code: &another.code, link: another.link.as_ref(), message, mute };
        self.add_code(&mut transaction, &challenge, &fresh).await?;
        if !mute {
            let words = (&another.text, &another.code, message);
            let by = (another.route.as_ref(), budget.charge);
            self.add_message(&mut transaction, &challenge, words, by).await?;
            if let Charged::Spent = self.charge(&mut transaction, budget.charge).await? {
                drop(transaction);
                self.note_spent(budget.charge, None).await?;
                return Ok(Err(NotSent::Spent));
            }
        }
        self.commit(transaction).await?;
        self.publish(Change::Message).await;
        Ok(Ok(challenge))
    }

    async fn verify(
        &self,
        attempt: &Attempt<'_>,
        purpose: Purpose,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, Verdict>, StoreError> {
        let mut transaction = self.begin_together().await?;
        let verified = self.try_code(&mut transaction, attempt, purpose, policy).await?;
        if verified.is_ok() {
            self.commit(transaction).await?;
        } else {
            // An attempt stays counted although it won nothing.
            transaction.commit().await?;
        }
        Ok(verified)
    }

    async fn win(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Result<SignInOutcome, Verdict>, StoreError> {
        let mut transaction = self.begin_together().await?;
        let verified = self.try_code(&mut transaction, attempt, Purpose::SignIn, policy).await?;
        let challenge = match verified {
            Ok(challenge) => challenge,
            Err(verdict) => {
                transaction.commit().await?;
                return Ok(Err(verdict));
            }
        };
        let mut grant = prize.grant.clone();
        if let Some((site, device)) = challenge.binding.device() {
            (grant.device, grant.site) = (device, site.clone());
        }
        let sign_in = SignIn {
            identity: challenge.phone.into(),
            new_account: grant.account,
            language: prize.language.clone(),
            grant,
            agreed: challenge.agreed,
            devices: prize.devices,
        };
        let outcome = self.sign_in_within(&mut transaction, &sign_in).await?;
        transaction.commit().await?;
        self.publish_sign_in(&outcome).await;
        Ok(Ok(outcome))
    }

    async fn abandon_challenge(&self, challenge: ChallengeId) -> Result<(), StoreError> {
        let mut transaction = self.begin_together().await?;
        abandon(&mut transaction, challenge).await?;
        transaction.commit().await
    }

    async fn prune_challenges(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM challenges WHERE created_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL AND legal_holds.phone_hash = challenges.phone_hash)";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

/// A binding in its columns: site, device and subject; what it has not is empty.
fn binding_columns(binding: &Binding) -> (String, Vec<u8>, String) {
    let (site, device) = binding.device().unzip();
    let report = binding.report().map_or("", ReportNumber::as_str);
    (
        site.map_or_else(String::new, ToString::to_string),
        device.map_or_else(Vec::new, mac_column),
        report.to_owned(),
    )
}

/// A code that is added to a challenge.
struct Fresh<'a> {
    code: &'a Code,
    link: Option<&'a LinkToken>,
    /// The message that carries it.
    message: MessageId,
    /// Whether nobody is sent it.
    mute: bool,
}

async fn abandon(
    transaction: &mut Transaction<'_, Any>,
    challenge: ChallengeId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE challenges SET state = 'abandoned' WHERE id = $1 AND state = 'open'")
        .bind(id_column(challenge))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Says why an attempt was not counted: the challenge is over, locked or too old.
async fn why_not_counted(
    transaction: &mut Transaction<'_, Any>,
    attempt: &Attempt<'_>,
    purpose: Purpose,
    policy: &ChallengePolicy,
) -> Result<Verdict, StoreError> {
    let row = sqlx::query("SELECT attempts, state FROM challenges WHERE id = $1 AND purpose = $2")
        .bind(id_column(attempt.challenge))
        .bind(purpose.as_str())
        .fetch_optional(&mut **transaction)
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

impl SqlStore {
    /// The open challenge of a binding.
    async fn open_challenge(
        &self,
        executor: impl Executor<'_, Database = Any>,
        binding: &Binding,
    ) -> Result<Option<Challenge>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM challenges WHERE purpose = $1 AND site = $2 AND device = $3 \
             AND subject = $4 AND state = 'open'"
        );
        let (site, device, subject) = binding_columns(binding);
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(binding.purpose().as_str())
            .bind(site)
            .bind(device)
            .bind(subject)
            .fetch_optional(executor)
            .await?;
        row.as_ref().map(|row| self.challenge(row)).transpose()
    }

    async fn insert_challenge(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        mute: bool,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO challenges (id, purpose, site, device, subject, phone, phone_hash, \
             language, agreed, created_at, sent_at, sends, code_expires_at, attempts, state, \
             block_hash, mute) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
        let (site, device, subject) = binding_columns(&challenge.binding);
        sqlx::query(statement)
            .bind(id_column(challenge.id))
            .bind(challenge.binding.purpose().as_str())
            .bind(site)
            .bind(device)
            .bind(subject)
            .bind(self.keys.seal(Seal::Phone, challenge.phone.digits()))
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(challenge.language.as_str())
            .bind(written(&challenge.agreed))
            .bind(challenge.created_at.as_millis())
            .bind(challenge.sent_at.as_millis())
            .bind(i64::from(challenge.sends))
            .bind(challenge.code_expires_at.as_millis())
            .bind(i64::from(challenge.attempts))
            .bind(challenge.state.as_str())
            .bind(self.keys.block_hash(&challenge.phone))
            .bind(i64::from(mute))
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    /// Counts an attempt and compares it; the right code is used up.
    async fn try_code(
        &self,
        transaction: &mut Transaction<'_, Any>,
        attempt: &Attempt<'_>,
        purpose: Purpose,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, Verdict>, StoreError> {
        let statement = format!(
            "UPDATE challenges SET attempts = attempts + 1 WHERE id = $1 AND purpose = $2 \
             AND state = 'open' AND attempts < $3 AND code_expires_at > $4 RETURNING {COLUMNS}"
        );
        let counted = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(attempt.challenge))
            .bind(purpose.as_str())
            .bind(i64::from(policy.attempts))
            .bind(attempt.at.as_millis())
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(row) = counted else {
            return Ok(Err(why_not_counted(transaction, attempt, purpose, policy).await?));
        };
        let mut challenge = self.challenge(&row)?;
        if !self.matches(transaction, &challenge, attempt).await? {
            let left = policy.attempts.saturating_sub(challenge.attempts);
            return Ok(Err(Verdict::Wrong { left }));
        }
        // Nobody else changes it meanwhile: it was locked when the attempt was counted.
        challenge.state = ChallengeState::Verified;
        sqlx::query("UPDATE challenges SET state = $1 WHERE id = $2")
            .bind(challenge.state.as_str())
            .bind(id_column(challenge.id))
            .execute(&mut **transaction)
            .await?;
        Ok(Ok(challenge))
    }

    /// Compares with every code that is still good, in the same time whichever it is.
    async fn matches(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        attempt: &Attempt<'_>,
    ) -> Result<bool, StoreError> {
        let rows = sqlx::query(
            "SELECT hash, link_hash FROM challenge_codes WHERE challenge = $1 AND expires_at > $2",
        )
        .bind(id_column(challenge.id))
        .bind(attempt.at.as_millis())
        .fetch_all(&mut **transaction)
        .await?;
        let mut matches = subtle::Choice::from(0);
        for row in &rows {
            matches |= match attempt.proof {
                Proof::Code(code) => {
                    let stored = Columns(row).octets("hash")?;
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

    async fn add_code(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        fresh: &Fresh<'_>,
    ) -> Result<(), StoreError> {
        let (version, _) = self.keys.pepper().newest();
        let hash = self
            .keys
            .code_hash(version, challenge, fresh.code)
            .expect("the newest pepper is there");
        sqlx::query(
            "INSERT INTO challenge_codes (challenge, hash, expires_at, sent_at, link_hash, message, mute) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id_column(challenge.id))
        .bind(hash.to_vec())
        .bind(challenge.code_expires_at.as_millis())
        .bind(challenge.sent_at.as_millis())
        .bind(fresh.link.map(|link| self.keys.link_hash(link)))
        .bind(id_column(fresh.message))
        .bind(i64::from(fresh.mute))
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    async fn add_message(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        (text, code, message): (&SmsText, &Code, MessageId),
        (route, charge): (Option<&RouteName>, Option<Charge>),
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO messages (id, challenge, phone_hash, phone, text, class, urgency, created_at, \
             expires_at, attempts, next_at, state, code, route, cost, segments, paid_on, country, not_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $8, 'waiting', $10, $11, $12, $13, $14, $15, \
             (SELECT route FROM messages former WHERE former.challenge = $2 \
             AND COALESCE(former.receipt, '') <> 'delivered' ORDER BY former.created_at DESC LIMIT 1))";
        let urgency = challenge.binding.purpose().urgency();
        let (cost, segments, paid_on) = cost_columns(charge);
        sqlx::query(statement)
            .bind(id_column(message))
            .bind(id_column(challenge.id))
            .bind(self.keys.phone_hash(&challenge.phone))
            .bind(self.keys.seal(Seal::Phone, challenge.phone.digits()))
            .bind(self.keys.seal(Seal::MessageText, text.expose()))
            .bind(super::messages::class_name(MessageClass::Service))
            .bind(super::messages::urgency_column(urgency))
            .bind(challenge.sent_at.as_millis())
            .bind(challenge.code_expires_at.as_millis())
            .bind(self.keys.seal(Seal::MessageText, code.expose()))
            .bind(route.map(RouteName::as_str))
            .bind(cost)
            .bind(segments)
            .bind(paid_on)
            .bind(challenge.phone.country().map(Country::as_str))
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    /// The challenge of that id, which nobody else changes until the transaction ends.
    pub(super) async fn lock_challenge(
        &self,
        transaction: &mut Transaction<'_, Any>,
        id: ChallengeId,
    ) -> Result<Option<Challenge>, StoreError> {
        let lock = self.dialect.for_update();
        let statement = format!("SELECT {COLUMNS} FROM challenges WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(id))
            .fetch_optional(&mut **transaction)
            .await?;
        row.as_ref().map(|row| self.challenge(row)).transpose()
    }

    /// A gateway took a message at `at`: from then on its code lives.
    pub(super) async fn begin_life(
        &self,
        transaction: &mut Transaction<'_, Any>,
        message: MessageId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT challenge FROM challenge_codes WHERE message = $1")
            .bind(id_column(message))
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(row) = row else { return Ok(()) };
        let challenge = self.lock_challenge(transaction, Columns(&row).id("challenge")?).await?;
        let Some(challenge) = challenge else { return Ok(()) };
        let policy = ChallengePolicy::of(challenge.binding.purpose());
        sqlx::query("UPDATE challenge_codes SET expires_at = $1 WHERE message = $2")
            .bind(policy.good_until(challenge.created_at, Some(at)).as_millis())
            .bind(id_column(message))
            .execute(&mut **transaction)
            .await?;
        sqlx::query(
            "UPDATE challenges SET code_expires_at = \
             (SELECT MAX(expires_at) FROM challenge_codes WHERE challenge = $1) WHERE id = $1",
        )
        .bind(id_column(challenge.id))
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    /// Adds a code beside those that were sent; returns until when it is good.
    pub(super) async fn add_another_code(
        &self,
        transaction: &mut Transaction<'_, Any>,
        challenge: &Challenge,
        (code, message): (&Code, MessageId),
        at: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let policy = ChallengePolicy::of(challenge.binding.purpose());
        let code_expires_at = policy.good_until(challenge.created_at, None);
        let changed = Challenge { sent_at: at, code_expires_at, ..challenge.clone() };
        let fresh = Fresh { code, link: None, message, mute: false };
        self.add_code(transaction, &changed, &fresh).await?;
        sqlx::query("UPDATE challenges SET code_expires_at = $1 WHERE id = $2")
            .bind(code_expires_at.as_millis())
            .bind(id_column(challenge.id))
            .execute(&mut **transaction)
            .await?;
        Ok(code_expires_at)
    }
}
