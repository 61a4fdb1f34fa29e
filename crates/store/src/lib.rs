//! What Sabeel remembers: one trait per aggregate with its contract, on SQLite and
//! PostgreSQL, the accounting journal, and the trail of decisions.
//!
//! No rule lives here. The rules are in `domain`; the store makes their outcome
//! durable and atomic.

mod applier;
mod contract;
mod eraser;
mod erasing;
mod error;
mod feed;
mod frame;
mod journal;
mod key_filter;
mod keys;
mod memory;
mod sealed;
mod settings;
mod sql;
mod standing;
#[cfg(feature = "testing")]
pub mod testing;
mod together;
mod trail;
mod versions;

pub use applier::{Applier, ApplyError};
pub use contract::{
    AcceptedMessage, AccessPoints, AccountRecord, AccountUsage, Accounts, Act, Actor, AnotherCode,
    Appearance, Appearances, ApplyOutcome, Attempt, AuditEntry, AuditFilter, AuditLog,
    AuditSubject, BatchTold, Begun, Budget, ChallengeTold, Challenges, ChallengesOf, Circumstances,
    ConsentPage, Consents, ConversionPart, CredentialTold, CredentialUse, Credentials,
    DeviceAtDoor, Elsewhere, Erasure, ErasureRequests, Erasures, Gateways, Grants, GrantsOf,
    Heritage, Histories, Intent, JournalPosition, KnownDevice, KnownPerson, LegalHold, LegalHolds,
    LinkBatch, LinkConclusion, LinkEvent, LinkEventTold, LinkEventsQuestion, LinkHistoryQuestion,
    LinkIncident, LinkIncidents, LinkMaintenance, LinkMaintenanceKept, LinkMonthlyReports,
    LinkPolicies, LinkPolicy, LinkPolicyHead, LinkReports, LinkSite, LinkSpan, LinkTaken, Linked,
    MessageOutbox, MessageTold, NasChange, NasRanges, NewChallenge, NotSent, OpenStay, OrderFilter,
    Orders, OutgoingMessage, PastStay, PersonalData, Plans, Prize, Proof, Pseudonyms, RadiusServer,
    RadiusServers, Ratings, Reach, ReceiptEnd, ReceiptOf, RequestFilter, Revoked, RouteTold,
    SendBlock, SendBlockTold, SendBlocks, ServerId, SessionFilter, SessionReports, Sessions,
    SessionsFrom, Sighting, SignIn, SignInOutcome, SiteChange, Sites, Sought, Spending,
    SpendingPart, SpendingSpan, SpendingTold, Spent, Store, Taken, Visits, VoucherUse, Vouchers,
    VouchersOf,
};
pub use eraser::Eraser;
pub use erasing::order_off_account;
pub use error::StoreError;
pub use feed::{Change, ChangeFeed, Changes};
pub use journal::{
    Archive, Durability, Journal, JournalError, JournalSettings, SegmentReport, Stretch,
};
pub use keys::KeyRing;
pub use memory::Memory;
pub use settings::SettingsError;
pub use sql::{Migrated, SqlStore, StoreSettings};
pub use standing::{Standing, holders_of, most_at, standing_of, terms_of};
pub use together::{Question, Together, Unanswered};
pub use trail::{
    Given, Searched, Trail, TrailArchive, TrailCounts, TrailEvent, TrailKind, TrailPort,
    TrailSettings, Wanted, is_about,
};
pub use versions::{Version, Versions};
