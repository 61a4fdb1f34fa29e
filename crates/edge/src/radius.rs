//! The gateway's side of RADIUS: it asks, tells, and is told.
//!
//! What stands in which packet is in a file for each; [`Servers`] carries requests. No rule is
//! here: whom to ask about, and what an answer changes, is decided in [`crate::access`].

mod access_request;
mod accounting_request;
mod dynamic_request;
mod identity;
mod line;
mod servers;

use radius_proto::{Authenticator, Code, Packet, SharedSecret};

use crate::access::{Ask, Terms};
use crate::ledger::Entry;
use crate::moment::Moment;
use crate::random;
pub(crate) use dynamic_request::{Wish, read as read_dynamic_request};
pub(crate) use identity::Identity;
pub(crate) use servers::Servers;

/// What the servers say of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It may come in, on these terms.
    Accept(Terms),
    /// It may not.
    Reject,
    /// None has answered.
    Silence,
}

/// Asks about a device.
pub(crate) async fn authenticate(
    servers: &Servers,
    ask: &Ask,
    identity: &Identity,
    secret: &SharedSecret,
) -> Decision {
    let build = || {
        let random = Authenticator::new(random::octets());
        access_request::build(ask, identity, secret, random)
    };
    let Some(octets) = servers.ask(build).await else { return Decision::Silence };
    match Packet::parse(&octets) {
        Ok(reply) if reply.code() == Code::AccessAccept => {
            Decision::Accept(access_request::terms_of(&reply))
        }
        // A challenge is nothing that a device could answer here.
        Ok(_) => Decision::Reject,
        Err(_) => Decision::Silence,
    }
}

/// Tells of an entry; whether a server has acknowledged it.
pub(crate) async fn account(
    servers: &Servers,
    entry: &Entry,
    identity: &Identity,
    now: Moment,
) -> bool {
    servers.ask(|| accounting_request::build(entry, identity, now)).await.is_some()
}
