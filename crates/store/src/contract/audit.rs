//! The audit log: what was done to people's data, to the set-up, and by whom, as a chain of hashes.
//!
//! An entry is appended in the transaction of what it tells of, through
//! [`crate::Store::on_record`], or by itself where nothing is written. Persons are told by their
//! account or by keyed hashes, never by number or hardware address.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::{
    AccountId, AuditLink, BatchName, ChainHead, Claim, Identity, MacAddress, NasName, OrderId,
    PhoneNumber, PlanName, RangeName, ReportNumber, SessionId, SiteName, Timestamp, VoucherId,
};
use serde_json::{Map, Value};

use crate::StoreError;

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user of the machine.
    User {
        /// The user's number.
        uid: u32,
        /// The user's name, where the machine knows one.
        name: Option<String>,
    },
    /// The service by itself, by its settings.
    Service,
    /// A visitor, about what is kept of the visitor.
    Visitor,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, name: Some(name) } => write!(f, "uid {uid} ({name})"),
            Self::User { uid, name: None } => write!(f, "uid {uid}"),
            Self::Service => f.write_str("sabeel"),
            Self::Visitor => f.write_str("visitor"),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A plan was added.
    PlanAdded,
    /// A plan was removed.
    PlanRemoved,
    /// A site was added.
    SiteAdded,
    /// A site was changed.
    SiteChanged,
    /// A site was removed.
    SiteRemoved,
    /// An access point was added.
    AccessPointAdded,
    /// An access point was changed.
    AccessPointChanged,
    /// An access point was removed.
    AccessPointRemoved,
    /// An access point that waited in a range was let in.
    AccessPointApproved,
    /// An access point that waits in a range was refused.
    AccessPointRejected,
    /// An access point got another secret.
    SecretRotated,
    /// The former secret of an access point was given up.
    SecretRotationFinished,
    /// A range was added.
    RangeAdded,
    /// A range was removed.
    RangeRemoved,
    /// An access point was told to end a session.
    SessionDisconnected,
    /// An access point was told the limits of a session again.
    SessionChanged,
    /// A session was shown.
    SessionShown,
    /// Sessions were listed.
    SessionsShown,
    /// Sessions were taken out as a table.
    SessionsExported,
    /// An order was shown.
    OrderShown,
    /// Orders were listed.
    OrdersShown,
    /// Everything kept about a person was shown.
    AccountShown,
    /// Everything kept about a person was destroyed.
    AccountErased,
    /// A person asked to have everything destroyed.
    ErasureRequested,
    /// Requests of persons were listed.
    RequestsShown,
    /// Consents of all persons were read.
    ConsentsExported,
    /// A person took a consent back.
    ConsentWithdrawn,
    /// A person's device was forgotten, and may not be online any more without a code.
    DeviceRetired,
    /// A person was put under a legal hold.
    AccountHeld,
    /// A person's legal hold was released.
    AccountReleased,
    /// A batch of vouchers was made.
    VouchersMade,
    /// A batch of vouchers, or one of them, was revoked.
    VouchersRevoked,
    /// It was told what happened to a person, a device or a session.
    StoryTold,
    /// What devices ask and report was followed.
    TrafficFollowed,
    /// Access points of another server were taken over.
    AccessPointsImported,
    /// Persons of another server were taken over.
    PersonsImported,
    /// Stays of another server were taken over.
    StaysImported,
    /// A code to close a report was sent.
    CodeSent,
    /// The code to close a report was brought, and is used up.
    CodeVerified,
    /// A code to close a report was brought that was not the right one.
    CodeRefused,
    /// Messages to numbers, or on behalf of a site, were blocked.
    SendBlockSet,
    /// They were let through again.
    SendBlockEnded,
    /// Somebody takes care of an incident of links.
    LinkIncidentAcknowledged,
    /// Work on links was planned.
    LinkMaintenancePlanned,
    /// Work on links that was planned does not take place, or not on a day.
    LinkMaintenanceChanged,
    /// A policy of an office's links was published.
    LinkPolicyPublished,
    /// A limit on what messages may cost was changed.
    SpendingChanged,
    /// What was done to a person was looked up in the audit log.
    AuditShown,
    /// Records were destroyed since they were old enough.
    Destroyed,
    /// Hardware addresses in records were replaced by keyed hashes since they were old enough.
    AddressesHashed,
    /// The oldest links of the audit log were destroyed since they were old enough.
    AuditShortened,
}

impl Act {
    /// The name by which the act is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlanAdded => "plan-added",
            Self::PlanRemoved => "plan-removed",
            Self::SiteAdded => "site-added",
            Self::SiteChanged => "site-changed",
            Self::SiteRemoved => "site-removed",
            Self::AccessPointAdded => "access-point-added",
            Self::AccessPointChanged => "access-point-changed",
            Self::AccessPointRemoved => "access-point-removed",
            Self::AccessPointApproved => "access-point-approved",
            Self::AccessPointRejected => "access-point-rejected",
            Self::SecretRotated => "secret-rotated",
            Self::SecretRotationFinished => "secret-rotation-finished",
            Self::RangeAdded => "range-added",
            Self::RangeRemoved => "range-removed",
            Self::SessionDisconnected => "session-disconnected",
            Self::SessionChanged => "session-changed",
            Self::SessionShown => "session-shown",
            Self::SessionsShown => "sessions-shown",
            Self::SessionsExported => "sessions-exported",
            Self::OrderShown => "order-shown",
            Self::OrdersShown => "orders-shown",
            Self::AccountShown => "account-shown",
            Self::AccountErased => "account-erased",
            Self::ErasureRequested => "erasure-requested",
            Self::RequestsShown => "requests-shown",
            Self::ConsentsExported => "consents-exported",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::DeviceRetired => "device-retired",
            Self::AccountHeld => "account-held",
            Self::AccountReleased => "account-released",
            Self::VouchersMade => "vouchers-made",
            Self::VouchersRevoked => "vouchers-revoked",
            Self::StoryTold => "story-told",
            Self::TrafficFollowed => "traffic-followed",
            Self::AccessPointsImported => "access-points-imported",
            Self::PersonsImported => "persons-imported",
            Self::StaysImported => "stays-imported",
            Self::CodeSent => "code-sent",
            Self::CodeVerified => "code-verified",
            Self::CodeRefused => "code-refused",
            Self::SendBlockSet => "send-block-set",
            Self::SendBlockEnded => "send-block-ended",
            Self::LinkIncidentAcknowledged => "link-incident-acknowledged",
            Self::LinkMaintenancePlanned => "link-maintenance-planned",
            Self::LinkMaintenanceChanged => "link-maintenance-changed",
            Self::LinkPolicyPublished => "link-policy-published",
            Self::SpendingChanged => "spending-changed",
            Self::AuditShown => "audit-shown",
            Self::Destroyed => "destroyed",
            Self::AddressesHashed => "addresses-hashed",
            Self::AuditShortened => AuditLink::SHORTENED,
        }
    }
}

/// To what or whom something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditSubject {
    /// Nothing in particular.
    None,
    /// A person.
    Account(AccountId),
    /// A person of whom no account is known; kept as a keyed hash.
    Number(PhoneNumber),
    /// A voucher, also as a person of whom no account is known.
    Voucher(VoucherId),
    /// A batch of vouchers.
    VoucherBatch(BatchName),
    /// A device; kept as a keyed hash.
    Device(MacAddress),
    /// A session by our id.
    Session(SessionId),
    /// A session as its access point calls it; kept as a keyed hash, since the access point may
    /// have called it by the device.
    AcctSessionId(String),
    /// An order.
    Order(OrderId),
    /// A plan.
    Plan(PlanName),
    /// A site.
    Site(SiteName),
    /// An access point.
    AccessPoint(NasName),
    /// An access point by address, which has no name yet.
    Address(IpAddr),
    /// A range.
    Range(RangeName),
    /// A report to the municipality.
    Report(ReportNumber),
    /// Records of one kind, such as `sessions`.
    Records(&'static str),
    /// The links of the audit log up to this one.
    LinksUntil(ChainHead),
    /// As it is kept already.
    Kept(String),
}

/// A person of whom no account is known.
impl From<Identity> for AuditSubject {
    fn from(identity: Identity) -> Self {
        match identity {
            Identity::Phone(phone) | Identity::Claimed(Claim { phone, .. }) => Self::Number(phone),
            Identity::Voucher(voucher) => Self::Voucher(voucher),
        }
    }
}

/// What is written into the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it is done.
    pub at: Timestamp,
    /// Who does it.
    pub actor: Actor,
    /// What is done.
    pub act: Act,
    /// To what or whom.
    pub subject: AuditSubject,
    /// More about it; no numbers, hardware addresses or secrets.
    pub detail: Map<String, Value>,
}

/// Which links are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only about one of these; any if it is empty.
    pub about: Vec<AuditSubject>,
    /// Only of this act.
    pub act: Option<String>,
    /// At most this many.
    pub limit: u32,
}

/// The audit log. Several processes write one chain: a number is given once, and each link follows
/// the one before it.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends an entry by itself.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditLink, StoreError>;

    /// The links after that number, in their order, at most `most`.
    async fn list_audit_links(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError>;

    /// The latest links that are looked for, newest first.
    async fn find_audit_links(&self, filter: &AuditFilter) -> Result<Vec<AuditLink>, StoreError>;

    /// Destroys the links before `before`, and says so by a link of its own that carries the hash of
    /// the last of them, all in one transaction; returns how many.
    async fn shorten_audit(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;
}
