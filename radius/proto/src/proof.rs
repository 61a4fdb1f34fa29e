//! Which live secret of a client a request proves to know.
//!
//! These are the checks before the duplicate cache sees a request (DEPR 5.3, RFC 3579 s3.2,
//! RFC 2866 s3, RFC 5176 s2.3). During a rotation the secret that verifies wins.

use crate::authenticator::{WrongAuthenticator, verify_request};
use crate::dictionary::attribute;
use crate::drop_reason::DropReason;
use crate::message_authenticator::{self, MessageAuthenticatorError, Presence};
use crate::packet::Packet;
use crate::secret::{Secrets, SharedSecret};

/// The secret that a request was made with, and whether a Message-Authenticator says so.
pub(crate) struct Proof<'c> {
    pub(crate) secret: &'c SharedSecret,
    pub(crate) message_authenticator: Presence,
}

/// Tries the live secrets on the Message-Authenticator of a request whose own authenticator is
/// random; without one nothing is proved and the current secret is assumed.
pub(crate) fn by_message_authenticator<'c>(
    request: &Packet<'_>,
    secrets: &'c Secrets,
) -> Result<Proof<'c>, DropReason> {
    for secret in secrets.iter() {
        match message_authenticator::verify_request(request, secret) {
            Ok(Presence::Verified) => {
                return Ok(Proof { secret, message_authenticator: Presence::Verified });
            }
            Ok(Presence::Absent) => {
                let secret = secrets.current();
                return Ok(Proof { secret, message_authenticator: Presence::Absent });
            }
            Err(MessageAuthenticatorError::Mismatch) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(MessageAuthenticatorError::Mismatch.into())
}

/// Tries the live secrets on the Request Authenticator, then checks a Message-Authenticator if
/// there is one with the secret found.
pub(crate) fn by_request_authenticator<'c>(
    request: &Packet<'_>,
    secrets: &'c Secrets,
) -> Result<Proof<'c>, DropReason> {
    let secret = secrets
        .iter()
        .find(|secret| verify_request(request, secret).is_ok())
        .ok_or(WrongAuthenticator)?;
    let message_authenticator = message_authenticator::verify_request(request, secret)?;
    Ok(Proof { secret, message_authenticator })
}

/// The attributes that decide how much proof an Access-Request needs, found in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sensitive {
    pub(crate) message_authenticator: bool,
    pub(crate) proxy_state: bool,
    pub(crate) eap_message: bool,
}

impl Sensitive {
    /// Looks through a packet's attributes.
    pub(crate) fn of(packet: &Packet<'_>) -> Self {
        let mut seen = Self::default();
        for found in packet.attributes() {
            match found.kind {
                attribute::MESSAGE_AUTHENTICATOR => seen.message_authenticator = true,
                attribute::PROXY_STATE => seen.proxy_state = true,
                attribute::EAP_MESSAGE => seen.eap_message = true,
                _ => {}
            }
        }
        seen
    }
}
