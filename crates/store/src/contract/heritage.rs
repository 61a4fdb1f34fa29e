//! What another server has known and recorded before this one: persons with their devices, and
//! stays.

use async_trait::async_trait;
use domain::{
    AccountId, AccountingRecord, Grant, Language, MacAddress, PhoneNumber, SessionId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Whether something shall be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Only find out what would become of it.
    Rehearse,
    /// Do it.
    Apply,
}

/// A person that another server knows; no consent comes with it.
#[derive(Debug, Clone)]
pub struct KnownPerson {
    /// The number.
    pub phone: PhoneNumber,
    /// The id for the account, should the number be new.
    pub new_account: AccountId,
    /// Since when the number counts as verified.
    pub since: Timestamp,
    /// A device of the person, if one is known.
    pub device: Option<KnownDevice>,
}

/// A device of such a person.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    /// Its hardware address.
    pub mac: MacAddress,
    /// The language in which its owner is spoken to.
    pub language: Language,
    /// Permission to be online, if it has one; its `account` is replaced by the person's.
    pub grant: Option<Grant>,
    /// How many devices the account may keep online.
    pub devices: u32,
}

/// What became of a person, or of a stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Something of it was new, and is there now.
    New,
    /// All of it was there.
    ThereAlready,
    /// The device belongs to another person; nothing was changed.
    DeviceOfAnother,
    /// The person has as many devices online as the plan allows; nothing was changed.
    TooManyDevices,
}

/// A stay that another server has recorded: its last report is the record.
#[derive(Debug, Clone)]
pub struct PastStay {
    /// The last report, under the id that the other server's own key gives.
    pub record: AccountingRecord,
    /// The id that reports of the same stay come under from now on, should it go on.
    pub going_on_as: SessionId,
    /// Whose stay it is, where that is known; otherwise it is that of the device's owner.
    pub phone: Option<PhoneNumber>,
}

/// Taking over what another server knows. A rehearsal comes to the same outcome and leaves nothing.
#[async_trait]
pub trait Heritage: Send + Sync {
    /// Makes the account of the number unless it is there, and remembers the device and its grant
    /// unless the device has a live one; all in one transaction. Changes nothing that is there.
    async fn record_person(
        &self,
        person: &KnownPerson,
        at: Timestamp,
        intent: Intent,
    ) -> Result<Taken, StoreError>;

    /// Applies stays in their order, as [`crate::SessionReports::apply`] would their last report,
    /// in one transaction; a stay that is there already counts nothing again, be it by the other
    /// server's key or as a stay that has gone on here. Returns what became of each.
    async fn record_stays(
        &self,
        stays: &[PastStay],
        intent: Intent,
    ) -> Result<Vec<Taken>, StoreError>;
}
