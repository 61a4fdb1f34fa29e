//! Signed redirects that came already.
//!
//! A signature without a time in it, such as CoovaChilli's, is good for ever. So whoever brings one
//! again stands where its first visitor would stand by now, and has no new right to messages.

use std::time::Duration;

use domain::{NasName, Timestamp};
use sha2::{Digest, Sha256};
use store::Memory;

/// Only access points can add to them.
const REDIRECTS: usize = 100_000;
const LASTS: Duration = Duration::from_secs(24 * 3_600);

type Fingerprint = [u8; 16];

/// When redirects came first.
pub(crate) struct Redirects(Memory<Fingerprint, Timestamp>);

impl Redirects {
    pub(crate) fn new() -> Self {
        Self(Memory::new(REDIRECTS, LASTS))
    }

    /// When this one came first, which is `at` if it was never seen.
    pub(crate) fn first_seen(&self, nas: &NasName, query: &str, at: Timestamp) -> Timestamp {
        let digest = Sha256::new().chain_update(nas.as_str()).chain_update([0]).chain_update(query);
        let digest = digest.finalize();
        let fingerprint = digest.first_chunk().copied().unwrap_or_default();
        self.0.get_or_insert_with(&fingerprint, || at)
    }
}
