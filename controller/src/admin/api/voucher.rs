//! Vouchers as they travel. Codes are answered once, when they were made.

use domain::{BatchName, PlanName, Revocation, SiteName, Timestamp, Voucher, VoucherBatch};
use serde::{Deserialize, Serialize};
use store::BatchTold;

/// Vouchers to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddVouchers {
    /// The batch's name.
    pub name: BatchName,
    /// Where its codes are taken.
    pub site: SiteName,
    /// The limits of each voucher.
    pub plan: PlanName,
    /// How many; 1 to 2,000.
    pub count: u32,
    /// Devices that one admits; 1 to 50.
    pub devices: u32,
    /// When all of them are over.
    pub until: Timestamp,
    /// Seconds for which one is good from its first use, if it is over before that; 60 to 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts_seconds: Option<u64>,
    /// Why, for the audit log; 1 to 200 characters, without numbers that are dialled.
    pub reason: String,
}

/// A batch that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchersAdded {
    /// The batch.
    pub batch: BatchView,
    /// The codes as they are printed, by number from 1; they are kept nowhere.
    pub codes: Vec<String>,
    /// The address of the page that takes a code; the code follows it.
    pub page: String,
}

/// A batch, and how far it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchView {
    /// Its name.
    pub name: BatchName,
    /// Where its codes are taken.
    pub site: SiteName,
    /// The limits of each voucher.
    pub plan: PlanName,
    /// Devices that one admits.
    pub devices: u32,
    /// When all of them are over.
    pub until: Timestamp,
    /// Seconds for which one is good from its first use.
    pub lasts_seconds: Option<u64>,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// Why.
    pub reason: String,
    /// When and why it was revoked.
    pub revoked: Option<RevocationView>,
    /// How many vouchers it has.
    pub vouchers: u32,
    /// How many of them were used.
    pub used: u32,
    /// How many of them were revoked by themselves.
    pub revoked_vouchers: u32,
}

/// That something was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationView {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// A batch with its vouchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchShown {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchView,
    /// Its vouchers by number.
    pub items: Vec<VoucherView>,
}

/// One voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherView {
    /// Its number in the batch.
    pub serial: u32,
    /// Devices that it has admitted.
    pub devices: u32,
    /// When it admitted the first.
    pub first_used_at: Option<Timestamp>,
    /// When it is over.
    pub ends_at: Timestamp,
    /// When and why it was revoked by itself.
    pub revoked: Option<RevocationView>,
}

/// Why vouchers are revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeVouchers {
    /// For the audit log; 1 to 200 characters, without numbers that are dialled.
    pub reason: String,
}

/// That vouchers were revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchersRevoked {
    /// The batch, or the voucher with its number, such as `fair/17`.
    pub revoked: String,
    /// Devices that lost their permission to be online.
    pub ended: u32,
}

impl From<BatchTold> for BatchView {
    fn from(BatchTold { batch, vouchers, used, revoked }: BatchTold) -> Self {
        Self {
            name: batch.name,
            site: batch.site,
            plan: batch.plan,
            devices: batch.devices,
            until: batch.until,
            lasts_seconds: batch.lasts.map(|lasts| lasts.as_secs()),
            made_at: batch.made_at,
            made_by: batch.made_by,
            reason: batch.reason,
            revoked: batch.revoked.map(RevocationView::from),
            vouchers,
            used,
            revoked_vouchers: revoked,
        }
    }
}

impl From<Revocation> for RevocationView {
    fn from(Revocation { at, why }: Revocation) -> Self {
        Self { at, why }
    }
}

impl VoucherView {
    /// A voucher of that batch.
    #[must_use]
    pub fn new(batch: &VoucherBatch, voucher: Voucher) -> Self {
        let Voucher { serial, devices, first_used_at, revoked } = voucher;
        let ends_at = first_used_at.map_or(batch.until, |used_at| batch.ends_at(used_at));
        Self { serial, devices, first_used_at, ends_at, revoked: revoked.map(RevocationView::from) }
    }
}
