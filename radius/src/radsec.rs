//! RADIUS over TLS (RadSec): access points that bring a certificate instead of an address.
//!
//! [`listener`] takes connections, [`line`] is the life of one connection around the core of `radius-proto`, and [`connections`] is how an order finds
//! the connection of its access point; [`presence`] lets other processes
//! know who is connected here. Every decision is the one that is made over UDP.

mod connections;
mod line;
mod listener;
mod outbox;
mod peer;
mod presence;
mod settings;

pub(crate) use connections::Carried;
pub use connections::Connections;
pub(crate) use listener::{Radsec, bind, serve};
pub use presence::Presence;
pub use settings::RadsecSettings;
