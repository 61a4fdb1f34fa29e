//! The Simple Two-way Active Measurement Protocol (RFC 8762, with the session identifier and the
//! extensions of RFC 8972): how long packets take there and back, and in which direction they are
//! lost.
//!
//! A sender numbers its packets, a reflector gives each back with stamps and numbers of its own. Both
//! are told the time and what arrived; sockets, priorities and who may ask are the caller's.

mod clock;
mod extensions;
mod packet;
mod recent;
pub mod reflector;
pub mod sender;

pub use clock::{ErrorEstimate, Format, Timestamp};
pub use packet::{
    Authentication, BASE_OCTETS, Origin, ParseError, ReflectorPacket, SEALED_OCTETS, SenderPacket,
    SessionId, TWAMP_LIGHT_OCTETS,
};
