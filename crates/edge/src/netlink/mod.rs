//! Talks netlink (RFC 3549) to the kernel: just what the gateway asks for.
//!
//! [`Message`] writes, [`Attributes`] and [`Received`] read, [`Socket`] asks and
//! waits for the answer. What a message means is known by its caller; here are
//! only headers, attributes, acknowledgements and sequence numbers.

mod message;
mod received;
mod socket;

pub use message::{CREATE, ECHO, EXCLUSIVE, Message, REPLACE, netfilter_header};
pub use received::{Attributes, Received};
pub use socket::{NetlinkError, Socket, Subscription};
