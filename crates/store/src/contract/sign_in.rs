//! Challenges: one-time codes on their way from request to use.
//!
//! Codes are kept only as keyed hashes bound to challenge, purpose, number, device and
//! site. Numbers are encrypted.

use async_trait::async_trait;
use domain::{
    Challenge, ChallengeId, ChallengePolicy, Code, MacAddress, ResendRefusal, SiteName, SmsText,
    Timestamp, Verdict,
};

use crate::StoreError;

/// A challenge that shall begin, with its first code and the message that carries it.
#[derive(Debug)]
pub struct NewChallenge {
    /// The challenge as it is before the first message is sent: `sends` is 1.
    pub challenge: Challenge,
    /// The first code.
    pub code: Code,
    /// The message to the visitor.
    pub text: SmsText,
}

/// An attempt to win a challenge.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Which challenge.
    pub challenge: ChallengeId,
    /// The code that was entered.
    pub code: &'a Code,
    /// When.
    pub at: Timestamp,
}

/// Challenges by id, and by the device that they belong to.
#[async_trait]
pub trait Challenges: Send + Sync {
    /// Begins a challenge and puts its message into the outbox, in one transaction. An open
    /// challenge of the same device at the same site is abandoned.
    async fn begin_challenge(&self, new: &NewChallenge) -> Result<(), StoreError>;

    /// The newest open challenge of a device at a site, however old or locked it is.
    async fn find_open_challenge(
        &self,
        site: &SiteName,
        device: MacAddress,
    ) -> Result<Option<Challenge>, StoreError>;

    /// Adds a code and puts its message into the outbox, in one transaction, if
    /// [`Challenge::may_resend`] allows it for the challenge as it is then. Codes sent before
    /// stay good for their own life. Of two calls at the same time, one sends.
    ///
    /// # Errors
    /// The inner result says why nothing was sent; an unknown challenge is [`ResendRefusal::Over`].
    async fn send_code_again(
        &self,
        challenge: ChallengeId,
        code: &Code,
        text: &SmsText,
        policy: &ChallengePolicy,
        at: Timestamp,
    ) -> Result<Result<Challenge, ResendRefusal>, StoreError>;

    /// Counts an attempt, then compares it in constant time with every code of the challenge
    /// that is still good. Counting comes first and is atomic: of any number of attempts at the
    /// same time, at most `policy.attempts` are ever compared. The right code moves the
    /// challenge to verified by one conditional update, so that it wins once.
    async fn try_code(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Verdict, StoreError>;

    /// Gives a challenge up, so that another number can be entered.
    async fn abandon_challenge(&self, challenge: ChallengeId) -> Result<(), StoreError>;

    /// How many challenges were begun for the number of `like` since `since`; for budgets.
    async fn count_challenges_for_phone(
        &self,
        like: &domain::PhoneNumber,
        since: Timestamp,
    ) -> Result<u32, StoreError>;

    /// How many codes were sent on behalf of a device since `since`; for budgets.
    async fn count_sends_for_device(
        &self,
        device: MacAddress,
        since: Timestamp,
    ) -> Result<u32, StoreError>;

    /// Destroys challenges created before `before` with their codes; returns how many.
    async fn prune_challenges(&self, before: Timestamp) -> Result<u64, StoreError>;
}
