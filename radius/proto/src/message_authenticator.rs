//! The Message-Authenticator attribute: an HMAC-MD5 over the whole packet (RFC 3579 s3.2).
//!
//! It is verified wherever it stands in a received packet; its place is only our sending rule.
//! What stands in the authenticator field while it is computed depends on the packet: see
//! [`verify_request`] and [`verify_reply`]. Whether it must be present is the caller's rule.

use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::authenticator::Authenticator;
use crate::code::Code;
use crate::dictionary::attribute;
use crate::digest;
use crate::packet::Packet;
use crate::secret::SharedSecret;

/// Whether a packet proved itself by a Message-Authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// There is one, and it is right.
    Verified,
    /// There is none.
    Absent,
}

/// Why a Message-Authenticator is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MessageAuthenticatorError {
    /// More than one in the packet.
    #[error("the packet has more than one message-authenticator")]
    Repeated,
    /// Its value is not sixteen octets long.
    #[error("the message-authenticator is not sixteen octets long")]
    Length,
    /// It was made with another secret, or the packet was altered.
    #[error("the message-authenticator does not match the shared secret")]
    Mismatch,
}

/// Checks the Message-Authenticator of a request: computed over its own authenticator for an
/// Access-Request and Status-Server (RFC 3579 s3.2), over zeroes for the others (RFC 5176 s3.4).
pub fn verify_request(
    request: &Packet<'_>,
    secret: &SharedSecret,
) -> Result<Presence, MessageAuthenticatorError> {
    let field = match request.code() {
        Code::AccessRequest | Code::StatusServer => request.authenticator(),
        _ => Authenticator::ZERO,
    };
    verify(request, field, secret)
}

/// Checks the Message-Authenticator of a reply: computed over the authenticator of its request
/// (RFC 3579 s3.2, RFC 5176 s3.4).
pub fn verify_reply(
    reply: &Packet<'_>,
    request: Authenticator,
    secret: &SharedSecret,
) -> Result<Presence, MessageAuthenticatorError> {
    verify(reply, request, secret)
}

fn verify(
    packet: &Packet<'_>,
    field: Authenticator,
    secret: &SharedSecret,
) -> Result<Presence, MessageAuthenticatorError> {
    let Some(found) = locate(packet)? else {
        return Ok(Presence::Absent);
    };
    let expected = digest::hmac_md5(
        secret,
        &[packet.head(), field.octets(), found.before, &[0; 16], found.after],
    );
    if bool::from(expected.ct_eq(found.value)) {
        Ok(Presence::Verified)
    } else {
        Err(MessageAuthenticatorError::Mismatch)
    }
}

struct Located<'a> {
    before: &'a [u8],
    value: &'a [u8; 16],
    after: &'a [u8],
}

fn locate<'a>(packet: &Packet<'a>) -> Result<Option<Located<'a>>, MessageAuthenticatorError> {
    let octets = packet.attribute_octets();
    let mut attributes = packet.attributes();
    let Some(found) = attributes.find(|found| found.kind == attribute::MESSAGE_AUTHENTICATOR)
    else {
        return Ok(None);
    };
    let value = found.value.octets().try_into().map_err(|_| MessageAuthenticatorError::Length)?;
    let end = octets.len() - attributes.rest().len();
    let (until_value, after) = octets.split_at(end);
    let (before, _) = until_value.split_at(end - 16);
    if attributes.any(|found| found.kind == attribute::MESSAGE_AUTHENTICATOR) {
        return Err(MessageAuthenticatorError::Repeated);
    }
    Ok(Some(Located { before, value, after }))
}

#[cfg(test)]
mod tests;
