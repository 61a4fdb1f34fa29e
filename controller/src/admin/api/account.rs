//! Persons as they travel: everything that is kept, for whoever may ask for it.
//!
//! The number travels in the body of a request, never in its path, where logs would see it.

use domain::{
    AccountId, Consent, ConsentChannel, ConsentPurpose, Device, Grant, GrantId, GrantState,
    Identity, Language, MacAddress, PlanName, SiteName, Timestamp, WordingHash,
};
use serde::{Deserialize, Serialize};
use store::{AccountRecord, LegalHold};

use super::SessionView;

/// Who is meant: `{"phone": "+966551234567"}`, a mobile number in E.164, or
/// `{"voucher": "fair/17"}`; a number without proof is `claimed`, with `phone` and `grant`.
pub type Person = Identity;

/// Everything kept about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The account's id.
    pub id: AccountId,
    /// The number, as `phone`, or as `claimed` if nothing proved it, or the voucher, as `voucher`.
    #[serde(flatten)]
    pub person: Person,
    /// When it was first verified.
    pub created_at: Timestamp,
    /// When it was last verified.
    pub verified_at: Timestamp,
    /// Devices, newest first.
    pub devices: Vec<DeviceView>,
    /// Grants, newest first.
    pub grants: Vec<GrantView>,
    /// Consents, newest first.
    pub consents: Vec<ConsentView>,
    /// The latest sessions, newest first, at most 100.
    pub sessions: Vec<SessionView>,
    /// Legal holds, newest first.
    pub holds: Vec<HoldView>,
}

/// That a person's data must stay, or had to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// When it was released; none if it holds.
    pub released_at: Option<Timestamp>,
}

/// Whose data must stay, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldAccount {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// Why, such as the reference of the request; 1 to 500 characters.
    pub why: String,
}

/// That a person's data stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHeld {
    /// The account that is held.
    pub held: AccountId,
}

/// That a person's data need not stay any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReleased {
    /// The account that was held.
    pub released: AccountId,
}

/// A device of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its hardware address.
    pub mac: MacAddress,
    /// The language that was chosen with it.
    pub language: Language,
    /// When it was first signed in.
    pub first_seen: Timestamp,
    /// When it was last signed in.
    pub last_seen: Timestamp,
}

/// Permission for one device to be online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// Its id.
    pub id: GrantId,
    /// The device.
    pub device: MacAddress,
    /// Where the code was entered.
    pub site: SiteName,
    /// The limits that apply.
    pub plan: PlanName,
    /// When the code was accepted.
    pub issued_at: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
    /// Whether it was ended before.
    pub state: GrantStateView,
}

/// Whether a grant was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantStateView {
    /// It was not.
    Live,
    /// It was.
    Ended {
        /// When.
        at: Timestamp,
        /// Why, such as `logged-out`.
        why: String,
    },
}

/// Proof that a person agreed to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentView {
    /// Who.
    pub account: AccountId,
    /// To what.
    pub purpose: ConsentPurpose,
    /// Which version of the text.
    pub version: String,
    /// The hash of the words as they stood there, by which they can be shown; none for consents
    /// from before words were kept.
    pub wording: Option<WordingHash>,
    /// In which language.
    pub language: Language,
    /// At which site.
    pub site: SiteName,
    /// By which way.
    pub channel: ConsentChannel,
    /// When.
    pub given_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

/// That a person's data was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountErased {
    /// The account that is no more.
    pub account: AccountId,
    /// How many open sessions access points are told to end.
    pub disconnecting: u32,
}

impl From<AccountRecord> for AccountView {
    fn from(record: AccountRecord) -> Self {
        Self {
            id: record.account.id,
            person: record.account.identity,
            created_at: record.account.created_at,
            verified_at: record.account.verified_at,
            devices: record.devices.into_iter().map(DeviceView::from).collect(),
            grants: record.grants.into_iter().map(GrantView::from).collect(),
            consents: record.consents.into_iter().map(ConsentView::from).collect(),
            sessions: record.sessions.into_iter().map(SessionView::from).collect(),
            holds: record.holds.into_iter().map(HoldView::from).collect(),
        }
    }
}

impl From<LegalHold> for HoldView {
    fn from(LegalHold { since, why, released_at }: LegalHold) -> Self {
        Self { since, why, released_at }
    }
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        let Device { mac, account: _, language, first_seen, last_seen } = device;
        Self { mac, language, first_seen, last_seen }
    }
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            id: grant.id,
            device: grant.device,
            site: grant.site,
            plan: grant.plan,
            issued_at: grant.issued_at,
            until: grant.until,
            state: match grant.state {
                GrantState::Live => GrantStateView::Live,
                GrantState::Ended { at, why } => {
                    GrantStateView::Ended { at, why: why.as_str().to_owned() }
                }
            },
        }
    }
}

impl From<Consent> for ConsentView {
    fn from(consent: Consent) -> Self {
        let Consent {
            account,
            purpose,
            version,
            wording,
            language,
            site,
            channel,
            given_at,
            withdrawn_at,
        } = consent;
        Self { account, purpose, version, wording, language, site, channel, given_at, withdrawn_at }
    }
}
