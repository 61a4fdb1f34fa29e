//! Accounts, their devices, grants and consents.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    Account, AccountId, Agreed, Challenge, Consent, Credential, CredentialId, Day, Device, Grant,
    GrantEnd, GrantId, Identity, Language, MacAddress, NasName, OrderReason, Plan, PlanName,
    Session, Site, SiteName, Timestamp, Usage, VisitRecord,
};

use crate::{ChallengeTold, LegalHold, StoreError};

/// Somebody verified who shall be let online with a device.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// What was proven.
    pub identity: Identity,
    /// The id for the account, should the identity be new.
    pub new_account: AccountId,
    /// The language of the visitor.
    pub language: Language,
    /// The grant to make; its `account` is replaced by the identity's account.
    pub grant: Grant,
    /// What was agreed to.
    pub agreed: Vec<Agreed>,
    /// How many devices the account may keep; the oldest grants beyond are retired.
    pub devices: u32,
}

/// What signing in led to.
#[derive(Debug, Clone)]
pub struct SignInOutcome {
    /// The grant as made.
    pub grant: Grant,
    /// Grants of other devices that had to give way.
    pub retired: Vec<Grant>,
}

/// Everything kept about a person.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AccountRecord {
    /// The account.
    pub account: Account,
    /// Its devices, newest first.
    pub devices: Vec<Device>,
    /// Its grants, newest first.
    pub grants: Vec<Grant>,
    /// Its consents, newest first.
    pub consents: Vec<Consent>,
    /// Its latest sessions, newest first, at most 100.
    pub sessions: Vec<Session>,
    /// Legal holds on it, newest first.
    pub holds: Vec<LegalHold>,
}

/// Everything kept about a person in the database, for the person.
#[derive(Debug, Clone)]
pub struct PersonalData {
    /// The account and all that hangs on it; its latest 10,000 sessions.
    pub record: AccountRecord,
    /// What was used on which day, newest first.
    pub usage: Vec<(Day, Usage)>,
    /// The visits of its devices that the help desk can find, newest first.
    pub visits: Vec<VisitRecord>,
    /// Codes that its number was sent to sign in or see this, newest first, at most 10,000.
    pub challenges: Vec<ChallengeTold>,
}

/// What is known of a device that comes to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAtDoor {
    /// The language that its owner chose when last signing in.
    pub language: Option<Language>,
    /// Whether it has neither a grant that holds nor an open challenge there.
    pub is_stranger: bool,
}

/// Which grants are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsOf<'a> {
    /// The newest of each of these devices, whether it holds or not.
    Devices(&'a [MacAddress]),
    /// Those of these ids.
    Ids(&'a [GrantId]),
}

/// A grant, and what the standing of its holder follows from, as far as accounting is applied.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The grant.
    pub grant: Grant,
    /// Its site and plan; `None` if one of them is gone.
    pub rules: Option<(Site, Plan)>,
    /// What sessions of the grant used.
    pub used_by_grant: Usage,
    /// What the account used on the site's day, over all devices and sites.
    pub used_today: Usage,
    /// The account's open sessions, at any access point.
    pub open_stays: Vec<OpenStay>,
}

/// As much of an open session as its unreported time follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenStay {
    /// The grant that let the device in, if it is ours.
    pub grant: Option<GrantId>,
    /// When the last report came in.
    pub updated_at: Timestamp,
}

/// Persons by id and by what they are known by, which is encrypted and found by a keyed hash.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes or finds the account of the identity, remembers the device as its own (taking it from
    /// a former owner), records the consents, ends an earlier grant of the device as replaced,
    /// retires the oldest grants beyond `devices` with a Disconnect order for each open session of
    /// theirs, and makes the grant; all in one transaction.
    async fn sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError>;

    /// The same unless the device was let in on that plan since then, and keeps the visit as well.
    async fn sign_in_once(
        &self,
        sign_in: &SignIn,
        visit: &VisitRecord,
        since: Timestamp,
    ) -> Result<Option<SignInOutcome>, StoreError>;

    /// Whether a device was let in on that plan since then.
    async fn was_let_in(
        &self,
        device: MacAddress,
        plan: &PlanName,
        since: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The account that is known by that.
    async fn find_account(&self, identity: &Identity) -> Result<Option<Account>, StoreError>;

    /// Everything kept about an account.
    async fn account_record(&self, account: AccountId)
    -> Result<Option<AccountRecord>, StoreError>;

    /// All of that, with everything else that is kept about the person.
    async fn personal_data(&self, account: AccountId) -> Result<Option<PersonalData>, StoreError>;

    /// Forgets a device of an account: its permission is ended, its open sessions are ordered off,
    /// and it is no device of the account any more (while the account is under a legal hold it stays
    /// known as one); in one transaction. Returns whether it was one.
    async fn retire_device(
        &self,
        account: AccountId,
        device: MacAddress,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// What the account used on a day, over all devices and sites, as far as it is applied.
    async fn usage_of_day(&self, account: AccountId, day: Day) -> Result<Usage, StoreError>;

    /// Destroys number, devices, consents, grants, credentials, challenges, messages and daily
    /// usage of the account, and unlinks its sessions from it (their device address is replaced by
    /// 02:00:00:00:00:00 and their user name and address removed), and notes an [`crate::Erasure`];
    /// a voucher that it is the account of forgets its devices and is revoked; in one transaction. Returns whether the account was there.
    ///
    /// # Errors
    /// [`StoreError::Reference`] while the account is under a legal hold.
    async fn erase_account(&self, account: AccountId, now: Timestamp) -> Result<bool, StoreError>;

    /// Accounts that have not signed in, were not online and held no permission since `before`,
    /// those of the longest ago first, at most `most`.
    async fn list_unused_accounts(
        &self,
        before: Timestamp,
        most: u32,
    ) -> Result<Vec<AccountId>, StoreError>;

    /// Takes their numbers from accounts that were not used since `before` in that sense, so that
    /// whoever signs in with such a number is somebody else; what was asked for by the number before
    /// then stays with the account. Vouchers stay what they are. Returns how many.
    async fn part_with_numbers(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Destroys the usage of days before `before`; returns of how many persons and days.
    async fn prune_usage(&self, before: Day) -> Result<u64, StoreError>;
}

/// Grants by id and device.
#[async_trait]
pub trait Grants: Send + Sync {
    /// The newest grant of a device, whether it holds or not.
    async fn find_grant(&self, device: MacAddress) -> Result<Option<Grant>, StoreError>;

    /// How many devices gave way when that grant was made.
    async fn count_retired(&self, grant: GrantId) -> Result<u32, StoreError>;

    /// The grant of that id.
    async fn find_grant_by_id(&self, grant: GrantId) -> Result<Option<Grant>, StoreError>;

    /// Ends a grant that is live, and writes one Disconnect order for each open session of it and
    /// each open session of the device, in one transaction. Returns whether it was live.
    async fn end_grant(
        &self,
        grant: GrantId,
        why: GrantEnd,
        reason: OrderReason,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Grants, each once and in no order, with what the standing of their holders follows from at
    /// `now`. They are asked for whenever a device returns, many at a time where many return.
    async fn list_circumstances(
        &self,
        of: GrantsOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Circumstances>, StoreError>;

    /// What was used by sessions of the grant, as far as it is applied.
    async fn usage_of_grant(&self, grant: GrantId) -> Result<Usage, StoreError>;

    /// What is known of a device that comes to a site.
    async fn find_at_door(
        &self,
        device: MacAddress,
        site: &SiteName,
        now: Timestamp,
    ) -> Result<DeviceAtDoor, StoreError>;

    /// How far a device has come at a site: its newest grant, whether it holds or not, and the challenge
    /// of a sign-in that is open there.
    async fn find_progress(
        &self,
        device: MacAddress,
        site: &SiteName,
    ) -> Result<(Option<Grant>, Option<Challenge>), StoreError>;

    /// Destroys grants whose time was over before `before`, also of those that were ended early,
    /// unless a session of theirs goes on; returns how many.
    async fn prune_grants(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// A credential that an access point was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialUse {
    /// Which credential.
    pub credential: CredentialId,
    /// By which access point.
    pub nas: NasName,
}

/// One-time credentials, kept encrypted until they are used or too old.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Writes a credential down.
    async fn add_credential(&self, credential: &Credential) -> Result<(), StoreError>;

    /// Those of the credentials of these ids that are unused and not expired at `at`; one that
    /// cannot be read keeps no other from being found. They stay usable: a wrong password must not
    /// burn the visitor's credential.
    async fn find_credentials(
        &self,
        ids: &[CredentialId],
        at: Timestamp,
    ) -> Result<BTreeMap<CredentialId, Result<Credential, StoreError>>, StoreError>;

    /// Uses credentials up, all in one transaction, each by a conditional update; returns of each
    /// use, in their order, whether it was the one that did it. A credential that is unknown, used,
    /// expired or of another access point keeps no other from being used up; of several uses of one
    /// credential one wins, here and in any other process.
    async fn consume_credentials(
        &self,
        uses: &[CredentialUse],
        at: Timestamp,
    ) -> Result<Vec<bool>, StoreError>;

    /// Destroys credentials that expired before `before`; returns how many.
    async fn prune_credentials(&self, before: Timestamp) -> Result<u64, StoreError>;
}
