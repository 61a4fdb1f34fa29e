//! Proofs of octets that nobody would write.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret of all targets.
pub const SECRET: &[u8] = b"sixteen octets or more";

/// The proof that whoever has the secret makes for that purpose.
pub fn of(purpose: &str, octets: &[u8]) -> [u8; 16] {
    let derived = hmac(SECRET, purpose.as_bytes());
    let proof = hmac(&derived, octets);
    *proof.first_chunk().expect("a digest has 32 octets")
}

fn hmac(key: &[u8], octets: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(octets);
    mac.finalize().into_bytes().into()
}
