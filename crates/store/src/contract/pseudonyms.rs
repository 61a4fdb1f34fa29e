//! Hardware addresses that are kept no longer: a keyed hash takes their place in what is over.
//!
//! Whoever is asked for something by a device's address finds also what has its pseudonym, so
//! that a person's data is shown, held and erased as before. Who only has the database cannot tell
//! the address from it. Devices that are known, and what is not over, keep the address, since they are
//! found by it; so does what is under a legal hold.

use async_trait::async_trait;
use domain::{RecordsOfDevices, Timestamp};

use crate::StoreError;

/// Pseudonyms in the place of addresses.
#[async_trait]
pub trait Pseudonyms: Send + Sync {
    /// Puts the pseudonym in the place of the device's address in records that were over before
    /// `before`, the oldest first, `most` at most; returns how many. What has its pseudonym stays.
    async fn hash_addresses(
        &self,
        of: RecordsOfDevices,
        before: Timestamp,
        most: u32,
    ) -> Result<u64, StoreError>;
}
