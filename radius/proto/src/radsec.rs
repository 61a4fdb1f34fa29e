//! RADIUS over TLS without the TLS: the stream of one connection, seen from the server.
//!
//! [`frames`] cuts the stream into packets, `token` is RADIUS/1.1 (RFC 9765), [`reverse`] is
//! what the server asks the NAS (draft-ietf-radext-reverse-coa), and [`connection`] joins them.
//! Who the peer is was decided by its certificate before the first octet arrives here.

pub mod connection;
pub mod frames;
pub mod reverse;
mod token;

pub use connection::{CloseReason, Connection, Event, Limits, Question, Sent, Ticket};
pub use frames::{Frames, WrongLength};
pub use reverse::RequestNumber;

/// The secret of every RADIUS/TLS connection (RFC 6614 s2.3); TLS protects, not this.
pub const SECRET: &str = "radsec";

/// Which packet format a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RADIUS as over UDP, with the secret [`SECRET`] (RFC 6614).
    Historic,
    /// RADIUS/1.1: tokens for identifiers, and no MD5 (RFC 9765).
    Tokens,
}

impl Version {
    /// The names offered in TLS's ALPN, the preferred one first (RFC 9765 s3).
    pub const ALPN: [&[u8]; 2] = [b"radius/1.1", b"radius/1.0"];

    /// What was agreed on in ALPN; a peer without ALPN speaks the historic format.
    pub fn agreed(alpn: Option<&[u8]>) -> Self {
        let [tokens, _] = Self::ALPN;
        if alpn == Some(tokens) { Self::Tokens } else { Self::Historic }
    }
}
