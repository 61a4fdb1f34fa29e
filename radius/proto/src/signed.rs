//! A finished packet, ready to be sent and to be kept for retransmissions.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The octets of a signed packet; clones share them, and `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedPacket(Arc<[u8]>);

impl SignedPacket {
    pub(crate) fn new(octets: Vec<u8>) -> Self {
        Self(octets.into())
    }
}

impl Deref for SignedPacket {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SignedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedPacket({} octets)", self.len())
    }
}
