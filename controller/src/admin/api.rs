//! Requests and responses of the admin API, version 1, as JSON.
//!
//! The command line and other systems use these types; they say what travels, not what
//! is kept. Times are milliseconds since 1970 in UTC, spans whole seconds, data octets,
//! rates bits per second; data and rates may also be written with a unit. A secret is
//! taken in requests and answered once, when it was made.

mod access_point;
mod access_point_change;
mod account;
mod activity;
mod audit;
mod code;
mod consent;
mod import;
mod links;
mod messages;
mod nas_range;
mod nas_test;
mod onboarding;
mod order;
mod plan;
mod radius;
mod rating;
mod request;
mod send_blocks;
mod session;
mod session_export;
mod site;
mod site_change;
mod spending;
mod status;
mod support;
mod voucher;
mod why;

use serde::{Deserialize, Serialize};

pub use access_point::{
    AccessPoint, AccessPointAdded, AddAccessPoint, ApiView, FormerSecretView, HandOffView, NewApi,
    NewHandOff,
};
pub use access_point_change::{ChangeAccessPoint, FinishRotation, RotateSecret, SecretRotated};
pub use account::{
    AccountErased, AccountHeld, AccountReleased, AccountView, ConsentView, DeviceView,
    GrantStateView, GrantView, HoldAccount, HoldView, Person,
};
pub use activity::{AccessPointShown, Activity, Times};
pub use audit::{AuditAbout, AuditLinks, AuditPage, AuditQuestion};
pub use code::{CodeSent, CodeVerdict, CodeVerified, SendCode, VerifyCode};
pub use consent::{ConsentList, ConsentQuery, ConsentWithdrawn, WithdrawConsent, Wording};
pub use import::{
    ImportAccessPoints, ImportPeople, ImportStays, Imported, ImportedGrant, ImportedNas,
    ImportedPerson, ImportedStay, MOST_AT_ONCE, Verdict,
};
pub use links::{
    AcknowledgeLinkIncident, CancelLinkMaintenance, LinkBulkRunView, LinkEventView,
    LinkEventsQuery, LinkFiguresView, LinkHistoryQuery, LinkHistoryView, LinkIncidentsQuery,
    LinkLineView, LinkMaintenanceQuery, LinkMaintenanceView, LinkMapQuery, LinkMapView,
    LinkPolicyView, LinkReportQuery, LinkReportView, LinkSiteView, PlanLinkMaintenance,
    SignedPolicyView,
};
pub use messages::RouteView;
pub use nas_range::{AddRange, Approve, Pending, PendingRejected, Range, RangeAdded};
pub use nas_test::{
    AccessPointTested, ProbeWanted, TestAccessPoint, TestRow, TestSubject, TestVerdict,
};
pub use onboarding::{Onboard, Onboarding};
pub use order::{OrderAnswerView, OrderQuery, OrderStateView, OrderView};
pub use plan::PlanView;
pub use radius::{Cursor, RadiusStatistics, Tail, TailQuestion, TrailStatus};
pub use rating::{RatingsQuery, RatingsView, ReasonView};
pub use request::{RequestQuery, RequestView};
pub use send_blocks::{BlockSends, SendBlockView, UnblockSends};
pub use session::{
    Changing, Disconnect, Disconnecting, GrantFate, OrderFate, SessionDetails, SessionQuery,
    SessionStateView, SessionView,
};
pub use session_export::{ExportQuery, ExportedSession, SessionPage};
pub use site::SiteView;
pub use site_change::{ChangeHelp, ChangeSite};
pub use spending::{ChangeSpending, RefusedView, SpendingPartView, SpendingView, SpentView};
pub use status::{Counts, Health, JournalPlace, JournalStatus, Status};
pub use support::{Progress, RefusalTold, RefusalsTold, SignInStage, StageState, StageTold};
pub use voucher::{
    AddVouchers, BatchShown, BatchView, RevocationView, RevokeVouchers, VoucherView, VouchersAdded,
    VouchersRevoked,
};
pub use why::{Mark, Step, StepKind, Story, Subject, WhyQuestion};

/// Things of one kind: sites, plans and access points by name, sessions and orders newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// The things themselves.
    pub items: Vec<T>,
}

/// That something was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Its name.
    pub removed: String,
}

/// Why a request was not carried out; comes with a fitting HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure, for programs.
    pub error: FailureKind,
    /// One sentence for people.
    pub reason: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// 400: the request cannot be read.
    Malformed,
    /// 404: there is no such thing.
    NotFound,
    /// 405: the thing cannot be treated so.
    MethodNotAllowed,
    /// 409: the name or path is taken.
    Exists,
    /// 409: something else stands in the way.
    Conflict,
    /// 422: a value makes no sense.
    Invalid,
    /// 429: not now, it was asked for too often.
    TooMany,
    /// 503: the database does not answer.
    StoreUnavailable,
    /// 500: something that should not happen.
    Internal,
}
