//! Vouchers: made in batches, used by devices, revoked.
//!
//! Codes are kept only as keyed hashes, and so are the devices that a voucher has admitted.

use async_trait::async_trait;
use domain::{
    AccountId, Agreed, BatchName, GrantId, Timestamp, VisitRecord, Voucher, VoucherBatch,
    VoucherCode, VoucherId, VoucherRefusal,
};

use crate::{SignInOutcome, StoreError};

/// A batch, and how far it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchTold {
    /// The batch.
    pub batch: VoucherBatch,
    /// How many vouchers it has.
    pub vouchers: u32,
    /// How many of them were used.
    pub used: u32,
    /// How many of them were revoked by themselves.
    pub revoked: u32,
}

/// A voucher that is used by the device of a visit.
#[derive(Debug)]
pub struct VoucherUse<'a> {
    /// The code that was entered.
    pub code: &'a VoucherCode,
    /// By which device, where and when: `asked_at` is now.
    pub visit: &'a VisitRecord,
    /// What was agreed to.
    pub agreed: Vec<Agreed>,
    /// The id of the grant.
    pub grant: GrantId,
    /// The id for the voucher's account, should this be its first use.
    pub new_account: AccountId,
}

/// Which vouchers are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VouchersOf {
    /// A whole batch.
    Batch(BatchName),
    /// One voucher.
    One(VoucherId),
}

/// What revoking led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// How many devices lost their permission to be online.
    pub ended: u32,
}

/// Vouchers by batch and number, and by code.
#[async_trait]
pub trait Vouchers: Send + Sync {
    /// Adds a batch with one voucher for each code, numbered from 1 in their order; all or none.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is such a batch, [`StoreError::Reference`] if there is no such
    /// plan or site.
    async fn add_voucher_batch(
        &self,
        batch: &VoucherBatch,
        codes: &[VoucherCode],
    ) -> Result<(), StoreError>;

    /// All batches, newest first.
    async fn list_voucher_batches(&self) -> Result<Vec<BatchTold>, StoreError>;

    /// A batch with its vouchers in their order.
    async fn find_voucher_batch(
        &self,
        name: &BatchName,
    ) -> Result<Option<(BatchTold, Vec<Voucher>)>, StoreError>;

    /// Lets a device online by a voucher, in one transaction: of any number of devices at the same
    /// time no more get a place than the voucher has. A device that had one keeps it, and goes on
    /// with what it has used. All devices of a voucher are of one account. The visit is kept as well.
    ///
    /// # Errors
    /// The inner result says why nobody was let online; it is the same for a code that there is not,
    /// one of another site, and one that was revoked.
    async fn use_voucher(
        &self,
        voucher: &VoucherUse<'_>,
    ) -> Result<Result<SignInOutcome, VoucherRefusal>, StoreError>;

    /// Revokes a batch or a voucher, ends the grants that came of it, and writes a Disconnect order
    /// for each of their open sessions; in one transaction. `None` if there is none that is not
    /// revoked already.
    async fn revoke_vouchers(
        &self,
        which: &VouchersOf,
        why: &str,
        at: Timestamp,
    ) -> Result<Option<Revoked>, StoreError>;

    /// Destroys batches that were over before `before`, of whose vouchers no account is left; returns
    /// how many.
    async fn prune_vouchers(&self, before: Timestamp) -> Result<u64, StoreError>;
}
