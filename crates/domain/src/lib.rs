//! The words of Sabeel: values, life cycles and rules that every part shares.
//!
//! Nothing here reads a clock, a file, a socket or a random number: `now` and
//! entropy are parameters. Parsing happens at the border, so a value that exists
//! is valid.

mod account;
mod audit;
mod budget;
mod certificate;
mod challenge;
mod clock;
mod consent;
mod device;
mod erasure_request;
mod errand;
mod grant;
mod hash;
mod id;
mod identification;
mod language;
mod link_token;
mod mac;
mod message;
mod money;
mod name;
mod nas;
mod nas_range;
mod octet_balance;
mod order;
mod phone;
mod plan;
mod quota;
mod rating;
mod readable;
mod reference;
mod report_number;
mod secret;
mod send_block;
mod session;
mod site;
mod sms_length;
mod tariff;
mod terms;
mod text;
mod time;
mod units;
mod visit;
mod voucher;

pub use account::{Account, CLAIMED, Claim, Identity, IdentityError, MaskedIdentity};
pub use audit::{
    AuditLink, BrokenChain, ChainHead, ChainHeadError, ChainWalk, Link, LinkHash,
    shortening_subject,
};
pub use budget::{Busy, Counted, OverLimit, SendLimit};
pub use certificate::{CertificateName, CertificateNameError};
pub use challenge::{
    Binding, Challenge, ChallengePolicy, ChallengeState, Code, CodeError, Purpose, ResendRefusal,
    Verdict,
};
pub use clock::{Clock, ManualClock};
pub use consent::{
    Agreed, Consent, ConsentChannel, ConsentChannelError, ConsentPurpose, ConsentPurposeError,
    WordingHash, Words,
};
pub use device::{Device, RecordsOfDevices};
pub use erasure_request::ErasureRequest;
pub use errand::{Errand, ErrandStep, GuestReport, WaitingErrand};
pub use grant::{Credential, Grant, GrantEnd, GrantState};
pub use hash::{HashError, HashOf};
pub use id::{
    AccountId, ChallengeId, CredentialId, GrantId, Id, IdError, MessageId, OrderId, SessionId,
};
pub use identification::SessionIdentification;
pub use language::{Language, LanguageError, Localised};
pub use link_token::{LinkToken, LinkTokenError};
pub use mac::{CalledStation, MacAddress, MacError};
pub use message::{MessageClass, MessageState, Receipt, SmsText, Urgency};
pub use money::{Money, MoneyError};
pub use name::{BatchName, NameError, NasName, PlanName, RangeName, RouteName, SiteName};
pub use nas::{
    AclName, AclNameError, ApiSite, ApiSiteError, ApiUrl, ApiUrlError, ApiUser, ApiUserError,
    AskingAgain, ControllerApi, FormerSecret, Guest, GuestStanding, HandOff, HandOffError,
    HandOffMethod, HandOffMethodError, LoginHost, LoginHostError, MessageAuthenticatorRule, Nas,
    NasIdentifier, NasIdentifierError, NasProfile, OctetDirection, ProfileError, ProxyStateRule,
    Renewal, RotationUnderWay, RuleError, SendRule, SendRuleError, StatusServerRule, VisitorHost,
    VisitorHostError, Whereabouts,
};
pub use nas_range::{
    Approval, ApprovalError, Introduction, NasRange, PendingNas, PendingState, SecretProof,
};
pub use octet_balance::OctetBalance;
pub use order::{
    NasCommand, NasOrder, OrderAnswer, OrderKind, OrderMethod, OrderOutcome, OrderProgress,
    OrderReason, OrderState, OrderStep, OrderTry,
};
pub use phone::{Country, CountryError, MaskedPhone, PhoneError, PhoneNumber};
pub use plan::{Allowance, Plan, RatePair, Speed};
pub use quota::{Assessment, Consumption, Remaining, Resource, Window, assess, code_gives_more};
pub use rating::{Rating, Score};
pub use reference::{Reference, ReferenceError};
pub use report_number::{ReportNumber, ReportNumberError};
pub use secret::{Secret, SecretError};
pub use send_block::{BlockTarget, BlockTargetError, Conversion, ConversionRule};
pub use session::{
    AccountingEvent, AccountingRecord, Advance, Session, SessionEnd, SessionReport, SessionState,
    Usage,
};
pub use site::{
    Colour, ColourError, Colours, DialNumber, DialNumberError, Doors, GardenHost, GardenHostError,
    HelpNumbers, HoursError, Logo, LogoError, Look, Notice, NoticeError, OfficeNeed, OfficePath,
    OfficePathError, OfficeState, OpeningHours, SignIns, Site, SiteLimit, SiteLimitError,
    SiteLimits, SiteTexts, Span, TextError, TextKey, WebAddress, WebAddressError, Zone, ZoneError,
    is_showable,
};
pub use sms_length::{SmsAlphabet, SmsLength};
pub use tariff::{
    Charge, NumberPrefix, NumberPrefixError, Prices, SpendingLimits, SpendingPeriod, Tariff,
    spending_alarm,
};
pub use terms::Terms;
pub use time::{Day, Timestamp, TimestampError};
pub use units::{BitRate, Octets, UnitError};
pub use visit::{EntryRefusal, Refusal, Refusals, Refused, VisitRecord};
pub use voucher::{
    Revocation, Voucher, VoucherBatch, VoucherCode, VoucherCodeError, VoucherId, VoucherIdError,
    VoucherRefusal, voucher_grant_until,
};
