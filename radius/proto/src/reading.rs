//! What a packet says, for people: each attribute by name, with its value as its type.
//!
//! Passwords, CHAP answers, EAP and key material are left out unless the caller asks for them,
//! since together with a captured packet they help to guess a secret. What does not fit its type
//! or its format is shown as octets, with what is wrong and where it begins. Reading allocates;
//! the server itself reads through [`Packet`].

mod content;
mod proofs;
mod walk;

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use crate::authenticator::Authenticator;
use crate::dictionary::{Dictionary, Kind, Oid};
use crate::extended::ExtendedError;
use crate::packet::Packet;
use crate::salted::SaltedError;
use crate::secret::SharedSecret;
use crate::tagged::Tag;
use crate::user_password::{Password, UserPasswordError};

pub use proofs::{Finding, Proofs};

/// Whether secret values are shown.
#[derive(Clone, Copy, Debug)]
pub enum Secrecy<'k> {
    /// They are left out.
    Kept,
    /// They are revealed as far as the shared secret can.
    Revealed {
        /// The secret shared with the peer.
        secret: &'k SharedSecret,
        /// The authenticator of the request: of the packet itself, or of the one it answers.
        request: Authenticator,
    },
}

/// One value of a packet.
#[derive(Debug)]
pub struct Reading {
    /// Where its attribute begins in the packet, in octets.
    pub offset: usize,
    /// The attribute's number.
    pub oid: Oid,
    /// The attribute's name; with a number in it if it has none.
    pub name: String,
    /// Its tag, if it has one.
    pub tag: Option<Tag>,
    /// What it says.
    pub content: Content,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// What an attribute says.
#[derive(Debug)]
pub enum Content {
    /// Text.
    Text(String),
    /// A number, and the name that the value has.
    Number {
        /// The number.
        number: u64,
        /// Its name.
        name: Option<String>,
    },
    /// A number that may be negative.
    Signed(i32),
    /// Seconds since 1970.
    Time(u64),
    /// An address.
    Address(IpAddr),
    /// A prefix and its length in bits.
    Prefix(IpAddr, u8),
    /// The lower half of an IPv6 address, or a hardware address.
    Identifier(Vec<u8>),
    /// Octets without a type, or that do not fit theirs.
    Octets(Vec<u8>),
    /// A secret of so many octets in the packet.
    Hidden(usize),
    /// A secret that was asked for.
    Revealed(Password),
}

/// What is wrong with one attribute; the packet is good all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Flaw {
    /// The value does not fit its type.
    #[error("not {0}")]
    Kind(Kind),
    /// A Vendor-Specific attribute that is not in its vendor's format.
    #[error("not in the vendor's format")]
    VendorFormat,
    /// An attribute of an extended space that is invalid.
    #[error(transparent)]
    Extended(#[from] ExtendedError),
    /// A secret that cannot be revealed.
    #[error(transparent)]
    Salted(#[from] SaltedError),
    /// A User-Password that cannot be revealed.
    #[error(transparent)]
    UserPassword(#[from] UserPasswordError),
}

impl Packet<'_> {
    /// Everything that the packet says, in the order sent.
    pub fn readings(&self, dictionary: &Dictionary, secrecy: Secrecy<'_>) -> Vec<Reading> {
        walk::readings(*self, content::Reader { dictionary, secrecy })
    }
}

/// `Name:tag = value (what is wrong)`.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = self.tag {
            write!(f, ":{}", tag.number())?;
        }
        write!(f, " = {}", self.content)?;
        match self.flaw {
            Some(flaw) => write!(f, " ({flaw})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number { name: Some(name), .. } => f.write_str(name),
            Self::Number { number, name: None } | Self::Time(number) => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Prefix(address, bits) => write!(f, "{address}/{bits}"),
            Self::Identifier(octets) => {
                let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                f.write_str(&pairs.join(":"))
            }
            Self::Octets(octets) => write_hex(f, octets),
            Self::Hidden(octets) => write!(f, "hidden ({octets} octets)"),
            Self::Revealed(secret) => match str::from_utf8(secret.octets()) {
                Ok(text) => write!(f, "{text:?}"),
                Err(_) => write_hex(f, secret.octets()),
            },
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

#[cfg(test)]
mod tests;
