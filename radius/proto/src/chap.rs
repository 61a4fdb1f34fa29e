//! CHAP-Password: what a visitor answered to the NAS's challenge (RFC 2865 s5.3, RFC 1994).
//!
//! Verifying needs the password in clear, so it serves one-time codes only.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::dictionary::attribute;
use crate::digest;
use crate::packet::Packet;

/// One answer to a challenge, taken from an Access-Request.
#[derive(Clone, Copy)]
pub struct ChapAnswer<'a> {
    identifier: u8,
    response: &'a [u8; 16],
    challenge: Challenge<'a>,
}

#[derive(Clone, Copy)]
enum Challenge<'a> {
    Attribute(&'a [u8]),
    RequestAuthenticator([u8; 16]),
}

impl<'a> ChapAnswer<'a> {
    /// The answer in a request, absent without a CHAP-Password of seventeen octets; the challenge
    /// is CHAP-Challenge, or else the Request Authenticator (RFC 2865 s5.40).
    pub fn from_request(request: &Packet<'a>) -> Option<Self> {
        let value = request.octets_of(attribute::CHAP_PASSWORD)?;
        let (&[identifier], response) = value.split_first_chunk::<1>()?;
        let response = response.try_into().ok()?;
        let challenge = request.octets_of(attribute::CHAP_CHALLENGE).map_or(
            Challenge::RequestAuthenticator(*request.authenticator().octets()),
            Challenge::Attribute,
        );
        Some(Self { identifier, response, challenge })
    }

    /// Whether the answer was made from `password`, compared in constant time.
    pub fn matches(&self, password: &[u8]) -> bool {
        let challenge = match &self.challenge {
            Challenge::Attribute(octets) => octets,
            Challenge::RequestAuthenticator(octets) => octets.as_slice(),
        };
        let expected = digest::md5(&[&[self.identifier], password, challenge]);
        expected.ct_eq(self.response).into()
    }
}

impl fmt::Debug for ChapAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChapAnswer(..)")
    }
}

/// The value of a CHAP-Password that answers `challenge`: identifier and sixteen octets.
pub fn respond(identifier: u8, password: &[u8], challenge: &[u8]) -> [u8; 17] {
    let response = digest::md5(&[&[identifier], password, challenge]);
    let mut value = [identifier; 17];
    for (to, from) in value.iter_mut().skip(1).zip(response) {
        *to = from;
    }
    value
}
