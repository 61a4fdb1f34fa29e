//! The contracts: what every backend promises, aggregate by aggregate.
//!
//! All of them: a call that returns `Ok` is durable. A call that fails has changed
//! nothing. Changes are published on the feed after their commit.

mod erasures;
mod grants;
mod heritage;
mod histories;
mod nas_ranges;
mod outboxes;
mod radius_servers;
mod sessions;
mod setup;
mod sign_in;

pub use erasures::{Erasure, Erasures};
pub use grants::{
    AccountRecord, Accounts, Circumstances, CredentialUse, Credentials, Grants, GrantsOf, OpenStay,
    SignIn, SignInOutcome,
};
pub use heritage::{Heritage, Intent, KnownDevice, KnownPerson, PastStay, Taken};
pub use histories::{ChallengeTold, ChallengesOf, CredentialTold, Histories, MessageTold};
pub use nas_ranges::{NasRanges, Sighting};
pub use outboxes::{MessageOutbox, OrderFilter, Orders, OutgoingMessage, Reach};
pub use radius_servers::{RadiusServer, RadiusServers, ServerId};
pub use sessions::{
    AccountUsage, ApplyOutcome, JournalPosition, SessionFilter, SessionReports, Sessions,
    SessionsFrom,
};
pub use setup::{AccessPoints, NasChange, Plans, SiteChange, Sites};
pub use sign_in::{Attempt, Challenges, NewChallenge};

use crate::Changes;

/// Everything that Sabeel remembers.
pub trait Store:
    Sites
    + Plans
    + AccessPoints
    + NasRanges
    + Challenges
    + Accounts
    + Grants
    + Credentials
    + Sessions
    + SessionReports
    + Heritage
    + Orders
    + MessageOutbox
    + Histories
    + RadiusServers
    + Erasures
{
    /// Starts listening to changes from now on.
    fn changes(&self) -> Changes;
}
