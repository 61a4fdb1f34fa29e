//! Challenges: an attempt is counted before anybody knows how it went, and a code wins once.

mod codes;
mod first;
mod limits;
mod row;
mod wins;

use async_trait::async_trait;
use domain::{
    Binding, Challenge, ChallengeId, ChallengePolicy, ChallengeState, Charge, Code, Counted,
    Country, LinkToken, MessageClass, MessageId, Purpose, Refused, ReportNumber, ResendRefusal,
    RouteName, SendLimit, SmsText, Timestamp, Verdict, VisitRecord,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Executor};

use self::codes::Fresh;
use super::SqlStore;
use super::crowd::Cell;
use super::row::{Columns, id_column, mac_column};
use super::script::Script;
use super::setup::written;
use super::spending::{Charged, cost_columns};
use super::visits;
use crate::sealed::Seal;
use crate::{
    AnotherCode, Attempt, Begun, Budget, Challenges, Change, Linked, NewChallenge, NotSent, Prize,
    SignInOutcome, Sought, StoreError,
};

const COLUMNS: &str = "id, purpose, site, device, subject, phone, language, agreed, created_at, sent_at, sends, \
                       code_expires_at, attempts, state";
/// The open challenge of a binding.
const OPEN: &str = "purpose = $1 AND site = $2 AND device = $3 AND subject = $4 AND state = 'open'";

#[async_trait]
impl Challenges for SqlStore {
    async fn begin_challenge(
        &self,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Begun, StoreError> {
        match self.begin_in_crowd(new, budget, policy).await? {
            Some(begun) => Ok(begun),
            None => self.begin_alone(new, budget, policy).await,
        }
    }

    async fn find_open_challenge(
        &self,
        binding: &Binding,
    ) -> Result<Option<Challenge>, StoreError> {
        let mut script = self.script();
        find_open(&mut script, binding);
        let [open] = self.read(script).await?;
        open.first().map(|row| self.challenge(row)).transpose()
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
              AND visits.site = challenges.site AND (refused IS NULL OR NOT refused LIKE 'entry/%') \
              ORDER BY asked_at DESC LIMIT 1) AS nas \
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
        let mut looking = self.look().await?;
        let statement = |lock| format!("SELECT {COLUMNS} FROM challenges WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement("")))
            .bind(id_column(another.challenge))
            .fetch_optional(&mut *looking)
            .await?;
        let Some(row) = row else { return Ok(Err(ResendRefusal::Over.into())) };
        if let Some(lock) = self.lock_sends(&self.challenge(&row)?) {
            looking.execute(AssertSqlSafe(lock)).await?;
        }
        let challenge = self.lock_challenge(&mut looking, another.challenge).await?;
        let Some(mut challenge) = challenge else { return Ok(Err(ResendRefusal::Over.into())) };
        if let Err(refusal) = challenge.may_resend(policy, at) {
            return Ok(Err(refusal.into()));
        }
        let of_sends = budget.limits.iter().filter(|limit| limit.counted.is_of_sends());
        let sends: Vec<SendLimit> = of_sends.copied().collect();
        let met = self.look_at_sends(&mut looking, &challenge, &sends, (at, policy)).await?;
        if let Some(unsent) = met.unsent(budget) {
            let mut script = self.script();
            if let Some(visit) = another.unsent(unsent.counted()) {
                visits::record(&mut script, &visit);
            }
            looking.commit_with(script).await?;
            return Ok(Err(unsent.into()));
        }
        let mute = met.mute;
        challenge.sends += 1;
        challenge.sent_at = at;
        challenge.code_expires_at = policy.good_until(challenge.created_at, mute.then_some(at));
        let mut script = self.independent();
        script
            .add("UPDATE challenges SET sends = $1, sent_at = $2, code_expires_at = $3 WHERE id = $4")
            .bind(i64::from(challenge.sends))
            .bind(at.as_millis())
            .bind(challenge.code_expires_at.as_millis())
            .bind(id_column(challenge.id));
        let message = super::messages::new_id(challenge.sent_at);
        let fresh = Fresh { code: &another.code, link: another.link.as_ref(), message, mute };
        self.add_code(&mut script, &challenge, &fresh);
        if !mute {
            let words = (&another.text, &another.code, message);
            let by = (another.route.as_ref(), budget.charge, None);
            self.add_message(&mut script, &challenge, words, by);
        }
        let charge = budget.charge;
        if let Charged::Spent = self.commit_charged(looking, script, (charge, mute)).await? {
            self.note_spent(charge, another.unsent(Counted::Money).as_ref()).await?;
            return Ok(Err(NotSent::Spent));
        }
        self.publish(Change::Message).await;
        Ok(Ok(challenge))
    }

    async fn verify(
        &self,
        attempt: &Attempt<'_>,
        purpose: Purpose,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, Verdict>, StoreError> {
        let mut looking = self.look().await?;
        let mut script = self.script();
        let verified = self.try_code(&mut looking, &mut script, attempt, (purpose, policy)).await?;
        if verified.is_ok() {
            self.commit_with(looking, script).await?;
        } else {
            // An attempt stays counted although it won nothing.
            looking.commit_with(script).await?;
        }
        Ok(verified)
    }

    async fn win(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Result<SignInOutcome, Verdict>, StoreError> {
        let won = match self.win_in_crowd(attempt, policy, prize).await? {
            Some(won) => won,
            None => self.win_alone(attempt, policy, prize).await?,
        };
        if let Ok(outcome) = &won {
            self.publish_sign_in(outcome).await;
        }
        Ok(won)
    }

    async fn abandon_challenge(&self, challenge: ChallengeId) -> Result<(), StoreError> {
        let mut script = self.script();
        abandon(&mut script, challenge);
        self.change(script).await
    }

    async fn prune_challenges(&self, before: Timestamp) -> Result<u64, StoreError> {
        let lock = self.dialect.for_update_skip_locked();
        let mut transaction = self.begin().await?;
        let mut count = 0;
        for half in [self.dialect.in_clear(), self.dialect.hashed()] {
            let statement = format!(
                "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges old \
                 WHERE created_at < $1 AND {half} \
                 AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL \
                                 AND legal_holds.phone_hash = old.phone_hash){lock})"
            );
            let query = sqlx::query(AssertSqlSafe(statement)).bind(before.as_millis());
            count += query.execute(&mut *transaction).await?.rows_affected();
        }
        self.commit_counted(transaction, count).await?;
        Ok(count)
    }
}

impl AnotherCode {
    /// The visit in which it is asked for, if it is not sent for want of that.
    fn unsent(&self, counted: Counted) -> Option<VisitRecord> {
        let refused = Some(Refused::Another(counted));
        self.visit.clone().map(|visit| VisitRecord { refused, ..visit })
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

/// What an open challenge is found by in a crowd: the values of [`OPEN`].
fn binding_cells(binding: &Binding) -> [Cell; 4] {
    let (site, device, subject) = binding_columns(binding);
    let purpose = binding.purpose().as_str().to_owned();
    [Cell::Text(purpose), Cell::Text(site), Cell::Octets(device), Cell::Text(subject)]
}

fn abandon(script: &mut Script, challenge: ChallengeId) {
    script
        .add("UPDATE challenges SET state = 'abandoned' WHERE id = $1 AND state = 'open'")
        .bind(id_column(challenge));
}

/// One statement: the open challenge of a binding.
pub(super) fn find_open(script: &mut Script, binding: &Binding) {
    script.add(&format!("SELECT {COLUMNS} FROM challenges WHERE {OPEN}"));
    bind_sought(script, Sought::OpenOf(binding), binding.purpose());
}

/// What finds a challenge, and how many values that takes.
const fn finding(sought: Sought<'_>) -> (&'static str, usize) {
    match sought {
        Sought::Id(_) => ("id = $1 AND purpose = $2", 2),
        Sought::OpenOf(_) => (OPEN, 4),
    }
}

/// Binds what a challenge of that purpose is found by: two values, or the four of [`OPEN`].
fn bind_sought<'s>(script: &'s mut Script, sought: Sought<'_>, purpose: Purpose) -> &'s mut Script {
    match sought {
        Sought::Id(id) => script.bind(id_column(id)).bind(purpose.as_str()),
        Sought::OpenOf(binding) => {
            let (site, device, subject) = binding_columns(binding);
            script.bind(purpose.as_str()).bind(site).bind(device).bind(subject)
        }
    }
}

/// Why no code of the challenge is compared, if none is.
fn refusal(challenge: &Challenge, at: Timestamp, policy: &ChallengePolicy) -> Option<Verdict> {
    if challenge.state != ChallengeState::Open {
        return Some(Verdict::Used);
    }
    if challenge.attempts >= policy.attempts {
        return Some(Verdict::Locked);
    }
    (challenge.code_expires_at <= at).then_some(Verdict::Expired)
}

impl SqlStore {
    fn insert_challenge(&self, script: &mut Script, challenge: &Challenge, mute: bool) {
        let into = "challenges (id, purpose, site, device, subject, phone, phone_hash, language, agreed, \
             created_at, sent_at, sends, code_expires_at, attempts, state, block_hash, mute)";
        let values = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17";
        let (site, device, subject) = binding_columns(&challenge.binding);
        script
            .insert(into, values, "")
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
            .bind(i64::from(mute));
    }

    /// Compares an attempt, which `script` counts before anybody else compares one; the right code is
    /// used up by it.
    async fn try_code(
        &self,
        transaction: &mut AnyConnection,
        script: &mut Script,
        attempt: &Attempt<'_>,
        (purpose, policy): (Purpose, &ChallengePolicy),
    ) -> Result<Result<Challenge, Verdict>, StoreError> {
        let statement = codes::to_compare(attempt.challenge, "");
        let mut look = self.script();
        look.add(&format!("{statement}{}", self.dialect.for_update_of_challenges()));
        bind_sought(&mut look, attempt.challenge, purpose).bind(attempt.at.as_millis());
        let [codes] = look.fetch_each(transaction).await?;
        let Some(row) = codes.first() else { return Ok(Err(Verdict::Used)) };
        let mut challenge = self.challenge(row)?;
        if let Some(verdict) = refusal(&challenge, attempt.at, policy) {
            return Ok(Err(verdict));
        }
        // Nobody else compares meanwhile: it is locked.
        challenge.attempts += 1;
        let matches = self.matches(&codes, &challenge, attempt)?;
        if matches {
            challenge.state = ChallengeState::Verified;
        }
        script
            .add("UPDATE challenges SET attempts = $1, state = $2 WHERE id = $3")
            .bind(i64::from(challenge.attempts))
            .bind(challenge.state.as_str())
            .bind(id_column(challenge.id));
        let left = policy.attempts.saturating_sub(challenge.attempts);
        Ok(if matches { Ok(challenge) } else { Err(Verdict::Wrong { left }) })
    }

    fn add_message(
        &self,
        script: &mut Script,
        challenge: &Challenge,
        (text, code, message): (&SmsText, &Code, MessageId),
        (route, charge, claim_until): (Option<&RouteName>, Option<Charge>, Option<Timestamp>),
    ) {
        let into = "messages (id, challenge, phone_hash, phone, text, class, urgency, created_at, expires_at, \
             code, route, cost, segments, paid_on, country, attempts, next_at, state, not_by)";
        let values = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'waiting', \
             (SELECT route FROM messages former WHERE former.challenge = $2 \
             AND COALESCE(former.receipt, '') <> 'delivered' ORDER BY former.created_at DESC LIMIT 1)";
        let urgency = challenge.binding.purpose().urgency();
        let (cost, segments, paid_on) = cost_columns(charge);
        script
            .insert(into, values, "")
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
            .bind(i64::from(claim_until.is_some()))
            .bind(claim_until.unwrap_or(challenge.sent_at).as_millis());
    }

    /// The challenge of that id, which nobody else changes until the transaction ends.
    pub(super) async fn lock_challenge(
        &self,
        transaction: &mut AnyConnection,
        id: ChallengeId,
    ) -> Result<Option<Challenge>, StoreError> {
        let lock = self.dialect.for_update();
        let statement = format!("SELECT {COLUMNS} FROM challenges WHERE id = $1{lock}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(id))
            .fetch_optional(&mut *transaction)
            .await?;
        row.as_ref().map(|row| self.challenge(row)).transpose()
    }
}
