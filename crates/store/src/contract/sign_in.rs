//! Challenges: one-time codes on their way from request to use.
//!
//! Codes are kept only as keyed hashes bound to challenge, purpose, number, and the device and site or
//! the report that they are for. Numbers are encrypted.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Binding, Busy, Challenge, ChallengeId, ChallengePolicy, Charge, Code, Credential, Grant,
    Language, LinkToken, NasName, OverLimit, Purpose, ReportNumber, ResendRefusal, RouteName,
    SendLimit, SmsText, Timestamp, Verdict, VisitRecord,
};

use crate::{OutgoingMessage, SignInOutcome, StoreError};

/// A challenge that shall begin, with its first code and the message that carries it.
#[derive(Debug, Clone)]
pub struct NewChallenge {
    /// The challenge as it is before the first message is sent: `sends` is 1.
    pub challenge: Challenge,
    /// The first code.
    pub code: Code,
    /// The link that does the same, if the message carries one.
    pub link: Option<LinkToken>,
    /// The message that carries it.
    pub text: SmsText,
    /// The visit in which a number was typed for it, if one was; `refused` is what came of it.
    pub visit: Option<VisitRecord>,
    /// Until when its message is claimed by who begins it; `None` leaves it to whoever claims it.
    pub claim_until: Option<Timestamp>,
}

/// What a message may be sent within.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// What is counted by device and number, the most specific first.
    pub limits: &'a [SendLimit],
    /// Takes one message from what all share, once no limit speaks against it of which whoever asks is
    /// told; the error says of what too much was taken, and how long to wait.
    pub shared: &'a (dyn Fn() -> Result<(), Busy> + Send + Sync),
    /// What the message costs; `None` is nothing. It is asked of a message that nobody is sent, too, and
    /// given back.
    pub charge: Option<Charge>,
}

impl Budget<'_> {
    /// No limit at all.
    pub const NONE: Budget<'static> = Budget::of(&[]);
}

impl<'a> Budget<'a> {
    /// These limits, and nothing that is shared or costs.
    #[must_use]
    pub const fn of(limits: &'a [SendLimit]) -> Self {
        Self { limits, shared: &|| Ok(()), charge: None }
    }
}

/// What came of beginning a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It began, and its message is in the outbox.
    Begins,
    /// It began, and its message in the outbox is claimed: it is to be sent by who began it.
    Claimed(Box<OutgoingMessage>),
    /// One for the same number goes on, and nothing is sent.
    GoesOn(Challenge),
    /// A limit of the number is reached, by others than the device: it began, and nothing is sent.
    /// To the visitor it looks like any other, so that nobody learns what others did.
    Mute(OverLimit),
    /// A limit is reached, and nothing is sent.
    Over(OverLimit),
    /// What all share is used up for so long, and nothing is sent.
    Busy(Duration),
    /// The money for messages is spent, and nothing is sent or changed.
    Spent,
}

/// Another code for a challenge, and the message that carries it.
#[derive(Debug)]
pub struct AnotherCode {
    /// Which challenge.
    pub challenge: ChallengeId,
    /// The code.
    pub code: Code,
    /// The link that does the same, if the message carries one.
    pub link: Option<LinkToken>,
    /// The message that carries it.
    pub text: SmsText,
    /// By which route it shall go; else by another than the last one that did not arrive.
    pub route: Option<RouteName>,
    /// When.
    pub at: Timestamp,
    /// The visit in which it is asked for, to be found by the help desk if it is refused.
    pub visit: Option<VisitRecord>,
}

/// Why no other code was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The challenge does not allow it.
    #[error(transparent)]
    Refused(#[from] ResendRefusal),
    /// A limit is reached.
    #[error(transparent)]
    Over(#[from] OverLimit),
    /// What all share is used up.
    #[error("too many messages are sent at the moment; the next can be sent in {} s", .0.as_secs())]
    Busy(Duration),
    /// The money for messages is spent.
    #[error("the money for messages is spent")]
    Spent,
}

/// An attempt to win a challenge.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Which challenge.
    pub challenge: Sought<'a>,
    /// What came back.
    pub proof: Proof<'a>,
    /// When.
    pub at: Timestamp,
}

/// What a challenge is found by.
#[derive(Debug, Clone, Copy)]
pub enum Sought<'a> {
    /// Its id.
    Id(ChallengeId),
    /// That it is the open one of that binding.
    OpenOf(&'a Binding),
}

/// What shows that a message was read.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The code that was entered.
    Code(&'a Code),
    /// The link that was followed.
    Link(&'a LinkToken),
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The challenge that it wins, however it stands.
    pub challenge: Challenge,
    /// When the link stops being good.
    pub expires_at: Timestamp,
    /// The access point at which a number was typed for the device last, while that is kept.
    pub nas: Option<NasName>,
}

/// What the right code wins.
#[derive(Debug)]
pub struct Prize {
    /// The grant; device and site are the challenge's, and its account becomes that of the number,
    /// if there is one.
    pub grant: Grant,
    /// The language of the visitor.
    pub language: Language,
    /// How many devices the account may keep; the oldest grants beyond are retired.
    pub devices: u32,
    /// What an access point is given for it at once.
    pub credential: Option<Credential>,
}

/// Challenges by id, and by what they are bound to.
#[async_trait]
pub trait Challenges: Send + Sync {
    /// Begins a challenge and puts its message into the outbox, in one transaction, unless one of
    /// the same binding goes on for the same number, or a limit is reached. One for another number,
    /// or past its time, is abandoned. Of any number of calls at the same time for one device,
    /// report, number or block of numbers no more begin than the limits allow, and what is refused
    /// takes nothing from what all share; what visitors ask for is counted together, and what is
    /// sent for reports by itself. The visit is kept as well, with the limit if there was one. Nor do all that cost something pass
    /// the limits on money together.
    async fn begin_challenge(
        &self,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Begun, StoreError>;

    /// The open challenge of that binding, however old or locked it is.
    async fn find_open_challenge(&self, binding: &Binding)
    -> Result<Option<Challenge>, StoreError>;

    /// The last challenge that began for a report, open or not.
    async fn find_latest_challenge(
        &self,
        report: &ReportNumber,
    ) -> Result<Option<Challenge>, StoreError>;

    /// The challenge one of whose messages carried that link. Looking uses nothing up.
    async fn find_linked(&self, link: &LinkToken) -> Result<Option<Linked>, StoreError>;

    /// Adds a code and puts its message into the outbox, in one transaction, if
    /// [`Challenge::may_resend`] and the limits on messages allow it for the challenge as it is
    /// then; at a limit of the number that others used up there is a code and no message. Codes sent
    /// before stay good for their own life. Of two calls at the same time, one
    /// sends.
    ///
    /// # Errors
    /// The inner result says why nothing was sent; an unknown challenge is over.
    async fn send_code_again(
        &self,
        another: &AnotherCode,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, NotSent>, StoreError>;

    /// Counts an attempt, then compares it in constant time with every code of the challenge that
    /// is still good, which must be one of `purpose`; or its link with their links. Of any number of attempts at the same time, at
    /// most `policy.attempts` are ever compared. The right code is taken once.
    ///
    /// # Errors
    /// The inner result says why it was not taken; a challenge that is unknown, of another purpose or
    /// not open is [`Verdict::Used`].
    async fn verify(
        &self,
        attempt: &Attempt<'_>,
        purpose: Purpose,
        policy: &ChallengePolicy,
    ) -> Result<Result<Challenge, Verdict>, StoreError>;

    /// Verifies a code as [`Challenges::verify`] does, for signing in: the right code wins a grant
    /// and its credential, and the challenge and these are one: none is there without the others.
    ///
    /// # Errors
    /// The inner result says why nothing was won.
    async fn win(
        &self,
        attempt: &Attempt<'_>,
        policy: &ChallengePolicy,
        prize: &Prize,
    ) -> Result<Result<SignInOutcome, Verdict>, StoreError>;

    /// Gives a challenge up, so that another number can be entered.
    async fn abandon_challenge(&self, challenge: ChallengeId) -> Result<(), StoreError>;

    /// Destroys challenges created before `before` with their codes; returns how many.
    async fn prune_challenges(&self, before: Timestamp) -> Result<u64, StoreError>;
}
