//! The contracts: what every backend promises, aggregate by aggregate.
//!
//! All of them: a call that returns `Ok` is durable. A call that fails has changed
//! nothing. Changes are published on the feed after their commit.

mod appearances;
mod audit;
mod consents;
mod erasure_requests;
mod erasures;
mod gateways;
mod grants;
mod heritage;
mod histories;
mod holds;
mod link_incidents;
mod link_maintenance;
mod link_policies;
mod links;
mod nas_ranges;
mod outboxes;
mod pseudonyms;
mod radius_servers;
mod ratings;
mod send_blocks;
mod sessions;
mod setup;
mod sign_in;
mod spending;
mod visits;
mod vouchers;

pub use appearances::{Appearance, Appearances};
pub use audit::{Act, Actor, AuditEntry, AuditFilter, AuditLog, AuditSubject};
pub use consents::{ConsentPage, Consents};
pub use erasure_requests::{ErasureRequests, RequestFilter};
pub use erasures::{Erasure, Erasures};
pub use gateways::Gateways;
pub use grants::{
    AccountRecord, Accounts, Circumstances, CredentialUse, Credentials, DeviceAtDoor, Grants,
    GrantsOf, OpenStay, PersonalData, SignIn, SignInOutcome,
};
pub use heritage::{Heritage, Intent, KnownDevice, KnownPerson, PastStay, Taken};
pub use histories::{ChallengeTold, ChallengesOf, CredentialTold, Histories, MessageTold};
pub use holds::{LegalHold, LegalHolds};
pub use link_incidents::{LinkConclusion, LinkIncident, LinkIncidents};
pub use link_maintenance::{LinkMaintenance, LinkMaintenanceKept, LinkMonthlyReports};
pub use link_policies::{LinkPolicies, LinkPolicy, LinkPolicyHead};
pub use links::{
    LinkBatch, LinkEvent, LinkEventTold, LinkEventsQuestion, LinkHistoryQuestion, LinkReports,
    LinkSite, LinkSpan, LinkTaken,
};
pub use nas_ranges::{NasRanges, Sighting};
pub use outboxes::{
    AcceptedMessage, Elsewhere, MessageOutbox, OrderFilter, Orders, OutgoingMessage, Reach,
    ReceiptEnd, ReceiptOf, RouteTold,
};
pub use pseudonyms::Pseudonyms;
pub use radius_servers::{RadiusServer, RadiusServers, ServerId};
pub use ratings::Ratings;
pub use send_blocks::{ConversionPart, SendBlock, SendBlockTold, SendBlocks};
pub use sessions::{
    AccountUsage, ApplyOutcome, JournalPosition, SessionFilter, SessionReports, Sessions,
    SessionsFrom,
};
pub use setup::{AccessPoints, NasChange, Plans, SiteChange, Sites};
pub use sign_in::{
    AnotherCode, Attempt, Begun, Budget, Challenges, Linked, NewChallenge, NotSent, Prize, Proof,
    Sought,
};
pub use spending::{Spending, SpendingPart, SpendingSpan, SpendingTold, Spent};
pub use visits::Visits;
pub use vouchers::{BatchTold, Revoked, VoucherUse, Vouchers, VouchersOf};

use std::sync::Arc;

use crate::{Changes, Versions};

/// Everything that Sabeel remembers.
pub trait Store:
    Sites
    + Plans
    + AccessPoints
    + NasRanges
    + Challenges
    + Visits
    + Appearances
    + Vouchers
    + Accounts
    + Grants
    + Credentials
    + Sessions
    + SessionReports
    + Heritage
    + Orders
    + Gateways
    + MessageOutbox
    + Spending
    + SendBlocks
    + Histories
    + RadiusServers
    + Erasures
    + ErasureRequests
    + Ratings
    + AuditLog
    + Consents
    + LegalHolds
    + Pseudonyms
    + LinkReports
    + LinkIncidents
    + LinkMaintenance
    + LinkMonthlyReports
    + LinkPolicies
{
    /// Starts listening to changes from now on.
    fn changes(&self) -> Changes;

    /// The versions of what there is, as far as changes are heard of.
    fn versions(&self) -> &Versions;

    /// The same store, whose next call that changes something appends `entry` to the audit log in
    /// its transaction; a call that destroys what is old adds how much that was. Calls that change
    /// nothing append nothing. Meant for what admins and retention do: setting up, ending grants,
    /// orders, erasing, destroying; other calls do not append it.
    fn on_record(&self, entry: AuditEntry) -> Arc<dyn Store>;
}
