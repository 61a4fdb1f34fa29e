//! The header's authenticator field: computed for requests and replies, compared in constant time.
//!
//! An Access-Request and a Status-Server carry a random one (RFC 2865 s3, RFC 5997 s2), every
//! other request a hash over itself with sixteen zero octets in the field (RFC 2866 s3, RFC 5176
//! s2.3), every reply a hash over itself with the request's authenticator in the field.

use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::digest;
use crate::packet::Packet;
use crate::secret::SharedSecret;

/// Sixteen octets of an authenticator field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Authenticator([u8; 16]);

/// The error for a request or reply that was not signed with the secret, or was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the authenticator does not match the shared secret")]
pub struct WrongAuthenticator;

impl Authenticator {
    /// The field while a request other than an Access-Request is signed.
    pub const ZERO: Self = Self([0; 16]);

    /// Wraps the octets of a field; for an Access-Request they come from a random source.
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets of the field.
    pub const fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Checks the Request Authenticator of an accounting, CoA or disconnect request
/// (RFC 2866 s3, RFC 5176 s2.3).
pub fn verify_request(
    request: &Packet<'_>,
    secret: &SharedSecret,
) -> Result<(), WrongAuthenticator> {
    verify(request, Authenticator::ZERO, secret)
}

/// Checks the Response Authenticator of a reply to the request that carried `request`
/// (RFC 2865 s3).
pub fn verify_reply(
    reply: &Packet<'_>,
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<(), WrongAuthenticator> {
    verify(reply, request, secret)
}

fn verify(
    packet: &Packet<'_>,
    field: Authenticator,
    secret: &SharedSecret,
) -> Result<(), WrongAuthenticator> {
    let expected =
        digest::md5(&[packet.head(), field.octets(), packet.attribute_octets(), secret.octets()]);
    let equal = expected.ct_eq(packet.authenticator().octets());
    if bool::from(equal) { Ok(()) } else { Err(WrongAuthenticator) }
}
