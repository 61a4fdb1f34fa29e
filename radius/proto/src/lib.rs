//! RADIUS without IO: packets, dictionary, authenticators, and the rules of a server and a client.
//!
//! Bytes, the time and entropy come in as parameters; decisions and bytes go out. Nothing here
//! opens a socket, reads a clock or draws a random number, so that every rule is a table test.
//!
//! "DEPR" in the documentation stands for draft-ietf-radext-deprecating-radius.

pub mod authenticator;
pub mod build;
pub mod chap;
pub mod client;
pub mod code;
pub mod dae;
pub mod dictionary;
pub mod drop_reason;
pub mod dump;
pub mod duplicates;
pub mod extended;
pub mod log_limit;
pub mod message_authenticator;
pub mod packet;
pub mod radsec;
pub mod reading;
pub mod salted;
pub mod secret;
pub mod server;
pub mod signed;
pub mod tagged;
pub mod user_password;
pub mod value;

mod digest;
#[cfg(test)]
mod fixtures;
mod proof;

pub use authenticator::{Authenticator, WrongAuthenticator};
pub use build::{BuildError, PacketBuilder};
pub use code::Code;
pub use dictionary::{
    AttributeId, AttributeType, Dictionary, ExtendedAttribute, ExtendedSpace,
    ExtendedVendorAttribute, VendorAttribute, VendorId, attribute, vendor,
};
pub use drop_reason::DropReason;
pub use extended::{ExtendedError, ExtendedValue};
pub use packet::{Attribute, Packet, ParseError, VendorValue};
pub use reading::{Content, Finding, Flaw, Proofs, Reading, Secrecy};
pub use salted::{Salt, SaltedError};
pub use secret::{EmptySecret, Secrets, SharedSecret};
pub use signed::SignedPacket;
pub use tagged::{Tag, Tagged};
pub use value::Value;
