//! MD5 and HMAC-MD5 over a packet given in parts, so that none is copied to be signed.
//!
//! RADIUS prescribes both (RFC 2865 s3, RFC 3579 s3.2); nothing else may use them.

use hmac::Mac;
use md5::{Digest, Md5};

use crate::secret::SharedSecret;

/// MD5 over `parts` in order.
pub(crate) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-MD5 over `parts` in order, keyed by `secret` (RFC 2104).
pub(crate) fn hmac_md5(secret: &SharedSecret, parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = secret.mac();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
