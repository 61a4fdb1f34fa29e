//! Building and signing packets to send.
//!
//! The builder keeps the first thing that went wrong and reports it when signing, so that a
//! reply is written as one list of attributes. The Message-Authenticator stands first (DEPR
//! 5.3.2, 5.3.6), then the Proxy-State of the request, then what the caller appends.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use thiserror::Error;

use crate::authenticator::Authenticator;
use crate::code::Code;
use crate::dictionary::{AttributeId, AttributeType, attribute};
use crate::digest;
use crate::packet::{MAX_ATTRIBUTES, MAX_PACKET_OCTETS, MIN_PACKET_OCTETS, Packet};
use crate::salted::SaltedError;
use crate::secret::SharedSecret;
use crate::signed::SignedPacket;
use crate::user_password::{self, UserPasswordError};

pub use vendor::MAX_VENDOR_VALUE_OCTETS;

/// The longest value of an attribute, in octets (RFC 2865 s5).
pub const MAX_VALUE_OCTETS: usize = 253;

const MESSAGE_AUTHENTICATOR_OCTETS: usize = 18;

/// Why a packet cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// A value does not fit its attribute.
    #[error("the value of {attribute} has {length} octets, too many for one attribute")]
    ValueTooLong {
        /// The attribute.
        attribute: AttributeId,
        /// Octets given.
        length: usize,
    },
    /// A time before 1970 or after 2106 has no Event-Timestamp.
    #[error("the time for {attribute} is outside 1970 to 2106")]
    TimeOutOfRange {
        /// The attribute.
        attribute: AttributeId,
    },
    /// A prefix is longer than an address.
    #[error("a prefix of {bits} bits is too long for {attribute}")]
    PrefixTooLong {
        /// The attribute.
        attribute: AttributeId,
        /// Bits given.
        bits: u8,
    },
    /// The packet is longer than [`MAX_PACKET_OCTETS`].
    #[error("the packet has {length} octets, more than {MAX_PACKET_OCTETS}")]
    PacketTooLong {
        /// Octets it would have.
        length: usize,
    },
    /// The packet has more attributes than any receiver with our limits reads.
    #[error("the packet has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// The password cannot be hidden.
    #[error(transparent)]
    Password(#[from] UserPasswordError),
    /// The value cannot be hidden behind a salt.
    #[error(transparent)]
    Salted(#[from] SaltedError),
    /// A tagged number has 24 bits (RFC 2868 s3.1).
    #[error("{number} is too large for {attribute}, which has a tag")]
    TaggedNumberTooLarge {
        /// The attribute.
        attribute: AttributeId,
        /// The number given.
        number: u32,
    },
    /// A User-Password belongs into an Access-Request, whose authenticator hides it.
    #[error("a user-password cannot stand in {code}")]
    PasswordOutsideAccessRequest {
        /// What was being built.
        code: Code,
    },
}

/// What the authenticator field holds, before and after signing.
#[derive(Clone, Copy, Debug)]
enum Field {
    /// Random, and sent as it is.
    Random(Authenticator),
    /// Starts from these octets, and is replaced by the hash over the packet.
    Computed(Authenticator),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageAuthenticator {
    First,
    Omitted,
}

/// A packet being written.
#[derive(Clone)]
pub struct PacketBuilder {
    code: Code,
    identifier: u8,
    field: Field,
    message_authenticator: MessageAuthenticator,
    attributes: Vec<u8>,
    count: usize,
    error: Option<BuildError>,
}

impl PacketBuilder {
    /// An Access-Request; `random` is sixteen unpredictable octets, never used before
    /// (RFC 2865 s3).
    pub fn access_request(random: Authenticator) -> Self {
        Self::new(Code::AccessRequest, Field::Random(random))
    }

    /// A Status-Server; `random` as for an Access-Request (RFC 5997 s3).
    pub fn status_server(random: Authenticator) -> Self {
        Self::new(Code::StatusServer, Field::Random(random))
    }

    /// An Accounting-Request (RFC 2866 s4.1).
    pub fn accounting_request() -> Self {
        Self::new(Code::AccountingRequest, Field::Computed(Authenticator::ZERO))
    }

    /// A Disconnect-Request (RFC 5176 s2.1).
    pub fn disconnect_request() -> Self {
        Self::new(Code::DisconnectRequest, Field::Computed(Authenticator::ZERO))
    }

    /// A CoA-Request (RFC 5176 s2.2).
    pub fn coa_request() -> Self {
        Self::new(Code::CoaRequest, Field::Computed(Authenticator::ZERO))
    }

    /// A reply to `request` with its identifier and, in order and unchanged, every Proxy-State
    /// (RFC 2865 s5.33, RFC 5176 s3.1).
    pub fn reply_to(request: &Packet<'_>, code: Code) -> Self {
        let mut reply = Self::new(code, Field::Computed(request.authenticator()));
        reply.identifier = request.identifier();
        for state in request.find_all(attribute::PROXY_STATE) {
            reply.octets(attribute::PROXY_STATE, state.octets());
        }
        reply
    }

    fn new(code: Code, field: Field) -> Self {
        let message_authenticator = if code.carries_message_authenticator() {
            MessageAuthenticator::First
        } else {
            MessageAuthenticator::Omitted
        };
        Self {
            code,
            identifier: 0,
            field,
            message_authenticator,
            attributes: Vec::with_capacity(256),
            count: 0,
            error: None,
        }
    }

    /// What is being built.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Sets the identifier; a request tracker does so for the requests it sends.
    pub fn identifier(&mut self, identifier: u8) -> &mut Self {
        self.identifier = identifier;
        self
    }

    /// Leaves the Message-Authenticator out, for a peer that drops packets with one it does not
    /// know; the packet is then open to forgery by anyone on the path (CVE-2024-3596).
    pub fn omit_message_authenticator(&mut self) -> &mut Self {
        self.message_authenticator = MessageAuthenticator::Omitted;
        self
    }

    /// Appends octets, at most [`MAX_VALUE_OCTETS`].
    pub fn octets(&mut self, kind: AttributeType, value: &[u8]) -> &mut Self {
        self.append(kind, &[value])
    }

    /// Appends octets as consecutive attributes of one kind, as EAP-Message allows
    /// (RFC 3579 s3.1).
    pub fn split_octets(&mut self, kind: AttributeType, value: &[u8]) -> &mut Self {
        for part in value.chunks(MAX_VALUE_OCTETS) {
            self.append(kind, &[part]);
        }
        self
    }

    /// Appends text, at most [`MAX_VALUE_OCTETS`]; empty text is left out, since RFC 2865 s5
    /// forbids sending it.
    pub fn text(&mut self, kind: AttributeType, value: &str) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        self.append(kind, &[value.as_bytes()])
    }

    /// Appends a number, plain or one of the dictionary's enumerations.
    pub fn u32(&mut self, kind: AttributeType, value: impl Into<u32>) -> &mut Self {
        let value: u32 = value.into();
        self.append(kind, &[&value.to_be_bytes()])
    }

    /// Appends an IPv4 address.
    pub fn ipv4(&mut self, kind: AttributeType, value: Ipv4Addr) -> &mut Self {
        self.append(kind, &[&value.octets()])
    }

    /// Appends an IPv6 address (RFC 3162 s2.1).
    pub fn ipv6(&mut self, kind: AttributeType, value: Ipv6Addr) -> &mut Self {
        self.append(kind, &[&value.octets()])
    }

    /// Appends a time in whole seconds since 1970 (RFC 2869 s5.3).
    pub fn time(&mut self, kind: AttributeType, value: SystemTime) -> &mut Self {
        let seconds = value
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| u32::try_from(since.as_secs()).ok());
        match seconds {
            Some(seconds) => self.u32(kind, seconds),
            None => self.fail(BuildError::TimeOutOfRange { attribute: kind.into() }),
        }
    }

    /// Appends a password, hidden with `secret` and this request's authenticator.
    pub fn user_password(&mut self, password: &[u8], secret: &SharedSecret) -> &mut Self {
        let (Code::AccessRequest, Field::Random(random)) = (self.code, self.field) else {
            return self.fail(BuildError::PasswordOutsideAccessRequest { code: self.code });
        };
        match user_password::hide(password, random, secret) {
            Ok(hidden) => self.octets(attribute::USER_PASSWORD, &hidden),
            Err(error) => self.fail(error.into()),
        }
    }

    fn append(&mut self, kind: AttributeType, parts: &[&[u8]]) -> &mut Self {
        self.append_as(kind.into(), kind, parts)
    }

    /// Appends one attribute; `id` is whose value it holds, for the error if it is too long.
    fn append_as(&mut self, id: AttributeId, kind: AttributeType, parts: &[&[u8]]) -> &mut Self {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let Ok(octets) = u8::try_from(length + 2) else {
            return self.fail(BuildError::ValueTooLong { attribute: id, length });
        };
        self.count += 1;
        self.attributes.extend_from_slice(&[kind.0, octets]);
        for part in parts {
            self.attributes.extend_from_slice(part);
        }
        self
    }

    fn fail(&mut self, error: BuildError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }

    /// The finished packet: Message-Authenticator first, then the authenticator field over it
    /// (RFC 3579 s3.2, RFC 2865 s3, RFC 2866 s3, RFC 5176 s2.3 and s3.4).
    pub fn sign(&self, secret: &SharedSecret) -> Result<SignedPacket, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let head = self.head()?;
        let (Field::Random(field) | Field::Computed(field)) = self.field;
        let proof_octets;
        let proof: &[u8] = match self.message_authenticator {
            MessageAuthenticator::First => {
                let empty = message_authenticator([0; 16]);
                let parts = [&head, field.octets().as_slice(), &empty, &self.attributes];
                proof_octets = message_authenticator(digest::hmac_md5(secret, &parts));
                &proof_octets
            }
            MessageAuthenticator::Omitted => &[],
        };
        let authenticator = match self.field {
            Field::Random(random) => *random.octets(),
            Field::Computed(start) => {
                let octets = start.octets().as_slice();
                let parts = [&head, octets, proof, &self.attributes, secret.octets()];
                digest::md5(&parts)
            }
        };
        let octets = [&head, authenticator.as_slice(), proof, &self.attributes].concat();
        Ok(SignedPacket::new(octets))
    }

    fn head(&self) -> Result<[u8; 4], BuildError> {
        let (octets, count) = match self.message_authenticator {
            MessageAuthenticator::First => (MESSAGE_AUTHENTICATOR_OCTETS, self.count + 1),
            MessageAuthenticator::Omitted => (0, self.count),
        };
        if count > MAX_ATTRIBUTES {
            return Err(BuildError::TooManyAttributes);
        }
        let length = MIN_PACKET_OCTETS + octets + self.attributes.len();
        let too_long = BuildError::PacketTooLong { length };
        if length > MAX_PACKET_OCTETS {
            return Err(too_long);
        }
        let [high, low] = u16::try_from(length).map_err(|_| too_long)?.to_be_bytes();
        Ok([self.code.into(), self.identifier, high, low])
    }
}

/// Names the packet without its content, which may be personal or secret.
impl fmt::Debug for PacketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacketBuilder({}, {} attributes)", self.code, self.count)
    }
}

/// The Message-Authenticator attribute with the given value.
fn message_authenticator(value: [u8; 16]) -> [u8; MESSAGE_AUTHENTICATOR_OCTETS] {
    let header = [attribute::MESSAGE_AUTHENTICATOR.0, 18];
    let mut octets = [0; MESSAGE_AUTHENTICATOR_OCTETS];
    for (to, from) in octets.iter_mut().zip(header.into_iter().chain(value)) {
        *to = from;
    }
    octets
}

mod kinds;
#[cfg(test)]
mod tests;
mod vendor;
