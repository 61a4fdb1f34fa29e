//! A code that wins. On SQLite all of it is one turn; PostgreSQL is told as little as possible one after
//! the other, and nothing is locked while it waits to be told more: one trip counts the attempt, and
//! the next one uses up the right code and writes what it wins. Only who is known, or comes with a
//! device that has a grant, takes more, for then grants may have to end.

use domain::{Challenge, ChallengeId, ChallengePolicy, ChallengeState, Purpose, Verdict};

use super::{bind_sought, codes, finding, refusal};
use crate::sql::SqlStore;
use crate::sql::row::{Columns, id_column};
use crate::sql::script::Script;
use crate::{Attempt, Prize, SignIn, SignInOutcome, StoreError};

/// What is won, or why nothing is.
type Won = Result<SignInOutcome, Verdict>;

/// A right code, which is counted and not used up yet.
struct Right {
    challenge: Challenge,
    /// Whether neither the person nor a grant of the device was there.
    is_newcomer: bool,
}

impl SqlStore {
    /// Wins by one change.
    pub(super) async fn win_in_turn(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Won, StoreError> {
        let mut looking = self.look().await?;
        let mut script = self.independent();
        let of = (Purpose::SignIn, policy);
        let challenge = match self.try_code(&mut looking, &mut script, attempt, of).await? {
            Ok(challenge) => challenge,
            Err(verdict) => {
                looking.commit_with(script).await?;
                return Ok(Err(verdict));
            }
        };
        let sign_in = sign_in(challenge, prize);
        let mut look = self.script();
        self.find_to_sign_in(&mut look, &sign_in);
        let (mut change, found) = looking.begin_with(look).await?;
        let outcome = self.sign_in_with(&mut change, &mut script, &sign_in, found).await?;
        if let Some(credential) = &prize.credential {
            self.insert_credential(&mut script, credential);
        }
        change.commit_with(script).await?;
        Ok(Ok(outcome))
    }

    /// Wins by one change that counts the attempt, and another one if it is right.
    pub(super) async fn win_by_steps(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Won, StoreError> {
        let Right { challenge, is_newcomer } = match self.count_attempt(attempt, policy).await? {
            Ok(right) => right,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let id = challenge.id;
        let sign_in = sign_in(challenge, prize);
        if is_newcomer {
            match self.take_in_at_once(id, &sign_in, prize).await {
                // Another device of the same person was first.
                Err(StoreError::Database(error)) if is_taken(&error) => {}
                won => return won,
            }
        }
        self.take_by_steps(id, &sign_in, prize).await
    }

    /// Counts an attempt before it is compared. A wrong one is durable before anybody is told that it is
    /// wrong; a right one becomes so with what it wins.
    async fn count_attempt(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Result<Right, Verdict>, StoreError> {
        let (found, values) = finding(attempt.challenge);
        let count = format!(
            "WITH counted AS (UPDATE challenges SET attempts = attempts + 1 WHERE {found} \
             AND state = 'open' AND code_expires_at > ${} AND attempts < {} RETURNING attempts) {}",
            values + 1,
            policy.attempts,
            codes::to_compare(
                attempt.challenge,
                ", (SELECT counted.attempts FROM counted) AS counted, \
                 (SELECT COUNT(*) FROM accounts WHERE identity_hash = challenges.phone_hash) AS known, \
                 (SELECT COUNT(*) FROM grants WHERE grants.device = challenges.device \
                  AND ended_at IS NULL) AS live, \
                 (SELECT set_config('synchronous_commit', 'off', TRUE)) AS not_synced"
            ),
        );
        loop {
            let mut script = self.script();
            script.add(&count);
            bind_sought(&mut script, attempt.challenge, Purpose::SignIn)
                .bind(attempt.at.as_millis());
            let codes = self.change_finding(script).await?.pop().unwrap_or_default();
            let Some(row) = codes.first() else { return Ok(Err(Verdict::Used)) };
            let columns = Columns(row);
            let mut challenge = self.challenge(row)?;
            if columns.optional_integer("counted")?.is_none() {
                match refusal(&challenge, attempt.at, policy) {
                    Some(verdict) => return Ok(Err(verdict)),
                    // Somebody else was first, which is seen by the next look.
                    None => continue,
                }
            }
            challenge.attempts = columns.count("counted")?;
            if !self.matches(&codes, &challenge, attempt)? {
                self.sync_attempts(challenge.id).await?;
                let left = policy.attempts.saturating_sub(challenge.attempts);
                return Ok(Err(Verdict::Wrong { left }));
            }
            let is_newcomer = columns.count("known")? == 0 && columns.count("live")? == 0;
            return Ok(Ok(Right { challenge, is_newcomer }));
        }
    }

    /// Brings to the disk what was counted: a commit that waits for the disk brings those before it there.
    async fn sync_attempts(&self, challenge: ChallengeId) -> Result<(), StoreError> {
        let mut script = self.script();
        script
            .add("UPDATE challenges SET attempts = attempts WHERE id = $1")
            .bind(id_column(challenge));
        self.change(script).await
    }

    /// Uses up the code of somebody who was never here, by one statement: all of it is done or nothing.
    async fn take_in_at_once(
        &self,
        challenge: ChallengeId,
        sign_in: &SignIn,
        prize: &Prize,
    ) -> Result<Won, StoreError> {
        let mut script = Script::chained();
        use_up(&mut script, challenge);
        self.take_in(&mut script, sign_in);
        if let Some(credential) = &prize.credential {
            self.insert_credential(&mut script, credential);
        }
        let done = self.change_finding(script).await?;
        if done.iter().flatten().next().is_none() {
            return Ok(Err(Verdict::Used));
        }
        Ok(Ok(SignInOutcome { grant: sign_in.grant.clone(), retired: Vec::new() }))
    }

    /// Uses up the code of somebody whose account, or device, may have grants.
    async fn take_by_steps(
        &self,
        challenge: ChallengeId,
        sign_in: &SignIn,
        prize: &Prize,
    ) -> Result<Won, StoreError> {
        let mut look = Script::chained();
        use_up(&mut look, challenge);
        self.find_to_sign_in(&mut look, sign_in);
        let (mut change, found) = self.look().await?.begin_with(look).await?;
        if found.iter().flatten().next().is_none() {
            change.commit().await?;
            return Ok(Err(Verdict::Used));
        }
        let mut script = self.independent();
        let outcome = self.sign_in_with(&mut change, &mut script, sign_in, found).await?;
        if let Some(credential) = &prize.credential {
            self.insert_credential(&mut script, credential);
        }
        change.commit_with(script).await?;
        Ok(Ok(outcome))
    }
}

/// One statement: of any number of right codes one uses up the challenge.
fn use_up(script: &mut Script, challenge: ChallengeId) {
    script
        .add("UPDATE challenges SET state = $1 WHERE id = $2 AND state = 'open'")
        .bind(ChallengeState::Verified.as_str())
        .bind(id_column(challenge));
}

/// Who signs in by a challenge, and for what.
fn sign_in(challenge: Challenge, prize: &Prize) -> SignIn {
    let mut grant = prize.grant.clone();
    if let Some((site, device)) = challenge.binding.device() {
        (grant.device, grant.site) = (device, site.clone());
    }
    SignIn {
        identity: challenge.phone.into(),
        new_account: grant.account,
        language: prize.language.clone(),
        grant,
        agreed: challenge.agreed,
        devices: prize.devices,
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
