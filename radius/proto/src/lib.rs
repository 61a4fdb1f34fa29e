//! RADIUS without IO: packets, dictionary, authenticators, and the rules of a server and a client.
//!
//! Bytes, the time and entropy come in as parameters; decisions and bytes go out. Nothing here
//! opens a socket, reads a clock or draws a random number, so that every rule is a table test.

pub mod authenticator;
pub mod build;
pub mod chap;
pub mod code;
pub mod dictionary;
pub mod dump;
pub mod message_authenticator;
pub mod packet;
pub mod secret;
pub mod user_password;
pub mod value;

mod digest;

pub use authenticator::{Authenticator, WrongAuthenticator};
pub use build::{BuildError, PacketBuilder};
pub use code::Code;
pub use dictionary::{AttributeId, AttributeType, VendorAttribute, VendorId, attribute, vendor};
pub use packet::{Attribute, Packet, ParseError, VendorValue};
pub use secret::{EmptySecret, Secrets, SharedSecret};
pub use value::Value;
