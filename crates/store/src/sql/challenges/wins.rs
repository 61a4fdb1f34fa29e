//! A code that wins: the attempt is counted, and a right one used up with what it wins, in one change. Many
//! try theirs together (see [`crowd`](crate::sql::crowd)). What newcomers win is written for all; who is
//! known, or comes with a device that has a grant, goes alone, for then grants may have to end. On
//! PostgreSQL the attempt is counted by what looks up, and stays so.

use domain::{Challenge, ChallengeId, ChallengePolicy, ChallengeState, Purpose, Verdict};
use sqlx::any::AnyRow;

use super::{binding_cells, codes, finding, refusal};
use crate::sql::SqlStore;
use crate::sql::crowd::{Cell, Look, Payment, Seen};
use crate::sql::dialect::{Dialect, Lock};
use crate::sql::row::{Columns, id_column};
use crate::sql::script::Script;
use crate::sql::together::Looking;
use crate::{Attempt, Prize, SignIn, SignInOutcome, Sought, StoreError};

/// Whether the person of a challenge is there, and a grant of its device.
const WHO_IS_THERE: &str = "(SELECT COUNT(*) FROM accounts WHERE identity_hash = challenges.phone_hash) \
     AS known, (SELECT COUNT(*) FROM grants WHERE grants.device = challenges.device \
     AND ended_at IS NULL) AS live";

/// What is won, or why nothing is.
type Won = Result<SignInOutcome, Verdict>;

impl SqlStore {
    /// Wins by a change of one's own, or by one's turn in another one.
    pub(super) async fn win_alone(
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
        let won = self.sign_in_by(looking, (self.script(), script), &sign_in, prize).await?;
        Ok(won.ok_or(Verdict::Used))
    }

    /// Tries a code with others who try theirs meanwhile; a wrong one is told once its attempt is
    /// durable.
    pub(super) async fn win_in_crowd(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Option<Won>, StoreError> {
        let look = looking(self.dialect, attempt, policy);
        let Seen::Rows(codes, place) = self.attempts.come(self, look).await else {
            return Ok(None);
        };
        let Some(row) = codes.first() else { return Ok(None) };
        let mut challenge = self.challenge(row)?;
        match self.dialect {
            Dialect::Sqlite if refusal(&challenge, attempt.at, policy).is_some() => {
                return Ok(None);
            }
            Dialect::Sqlite => challenge.attempts += 1,
            Dialect::Postgres => match Columns(row).optional_count("counted")? {
                Some(attempts) => challenge.attempts = attempts,
                None => return Ok(None),
            },
        }
        let (id, dialect) = (challenge.id, self.dialect);
        let count = move |script: &mut Script| {
            if dialect == Dialect::Sqlite {
                let begins = "UPDATE challenges SET attempts = attempts + 1 WHERE id IN (";
                script.gather(begins, "$1", ")").bind(id_column(id));
            }
        };
        if !self.matches(&codes, &challenge, attempt)? {
            let left = policy.attempts.saturating_sub(challenge.attempts);
            let is_counted = place.change(count, Payment::Nothing).await?;
            return Ok(is_counted.then_some(Err(Verdict::Wrong { left })));
        }
        let sign_in = sign_in(challenge, prize);
        if !is_newcomer(row)? {
            let is_counted =
                dialect == Dialect::Postgres && place.change(|_| (), Payment::Nothing).await?;
            return match is_counted {
                true => self.win_as_known(id, &sign_in, prize).await.map(Some),
                false => Ok(None),
            };
        }
        let outcome = SignInOutcome { grant: sign_in.grant.clone(), retired: Vec::new() };
        let (store, credential) = (self.clone(), prize.credential.clone());
        let change = move |script: &mut Script| {
            count(script);
            let verified = ChallengeState::Verified.as_str();
            let begins = format!("UPDATE challenges SET state = '{verified}' WHERE id IN (");
            script.gather(&begins, "$1", ")").bind(id_column(id));
            store.take_in(script, &sign_in);
            if let Some(credential) = &credential {
                store.insert_credential(script, credential);
            }
        };
        Ok(place.change(change, Payment::Nothing).await?.then_some(Ok(outcome)))
    }

    /// Uses up a counted code of somebody whose account, or device, may have grants.
    async fn win_as_known(
        &self,
        challenge: ChallengeId,
        sign_in: &SignIn,
        prize: &Prize,
    ) -> Result<Won, StoreError> {
        let mut first = Script::chained();
        // Of any number of right codes one uses up the challenge.
        first
            .add("UPDATE challenges SET state = $1 WHERE id = $2 AND state = 'open'")
            .bind(ChallengeState::Verified.as_str())
            .bind(id_column(challenge));
        let scripts = (first, self.independent());
        let won = self.sign_in_by(self.look().await?, scripts, sign_in, prize).await?;
        Ok(won.ok_or(Verdict::Used))
    }

    /// Signs in after what the first script does, and with what the last one does; not at all if the
    /// first one is chained and changes nothing.
    async fn sign_in_by(
        &self,
        looking: Looking,
        (mut first, mut last): (Script, Script),
        sign_in: &SignIn,
        prize: &Prize,
    ) -> Result<Option<SignInOutcome>, StoreError> {
        self.find_to_sign_in(&mut first, sign_in);
        let (mut change, found) = looking.begin_with(first).await?;
        if found.iter().flatten().next().is_none() {
            change.commit().await?;
            return Ok(None);
        }
        let outcome = self.sign_in_with(&mut change, &mut last, sign_in, found).await?;
        if let Some(credential) = &prize.credential {
            self.insert_credential(&mut last, credential);
        }
        change.commit_with(last).await?;
        Ok(Some(outcome))
    }
}

/// What an attempt in a crowd is compared with.
fn looking(dialect: Dialect, attempt: &Attempt<'_>, policy: &ChallengePolicy) -> Look {
    let statement = match dialect {
        Dialect::Sqlite => codes::to_compare(attempt.challenge, &format!(", {WHO_IS_THERE}")),
        Dialect::Postgres => counting(attempt.challenge, policy),
    };
    let mut values = match attempt.challenge {
        Sought::Id(id) => {
            vec![Cell::Octets(id_column(id)), Cell::Text(Purpose::SignIn.as_str().to_owned())]
        }
        Sought::OpenOf(binding) => Vec::from(binding_cells(binding)),
    };
    let called: Vec<u8> = values.iter().flat_map(Cell::as_octets).copied().collect();
    values.push(Cell::Number(attempt.at.as_millis()));
    Look { locks: vec![Lock::of_attempt(&called)], statement, values }
}

/// One statement of PostgreSQL's: an attempt of each of `given` is counted, if one may be made, and there is
/// what it is compared with.
fn counting(sought: Sought<'_>, policy: &ChallengePolicy) -> String {
    let (found, values) = finding(sought);
    let now = values + 1;
    // By their ids, as everybody locks several challenges.
    let statement = format!(
        ", locked AS (SELECT place, challenges.id AS locked_id FROM given JOIN challenges ON {found} \
         ORDER BY challenges.id FOR UPDATE OF challenges), \
         counted AS (UPDATE challenges SET attempts = attempts + 1 FROM given JOIN locked USING (place) \
         WHERE id = locked_id AND state = 'open' AND code_expires_at > ${now} AND attempts < {} \
         RETURNING id AS counted_id, attempts AS counted) \
         SELECT given.place, {}, codes.hash, codes.link_hash, counted, {WHO_IS_THERE} \
         FROM given JOIN locked ON locked.place = given.place JOIN challenges ON id = locked_id \
         LEFT JOIN challenge_codes codes ON codes.challenge = id AND codes.expires_at > ${now} \
         LEFT JOIN counted ON counted_id = id",
        policy.attempts,
        codes::columns(),
    );
    statement.replace('$', "given.value_")
}

fn is_newcomer(row: &AnyRow) -> Result<bool, StoreError> {
    let columns = Columns(row);
    Ok(columns.count("known")? == 0 && columns.count("live")? == 0)
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
