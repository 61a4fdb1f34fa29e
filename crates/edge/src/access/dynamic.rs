//! What the controller tells: end this session, change its limits, ask about it again (RFC 5176).
//!
//! A request names a device by one or more attributes, and all of them must hold. Sessions have
//! one address and one device each, so a request never means two of them.

use std::net::Ipv4Addr;

use domain::MacAddress;
use radius_proto::dictionary::enumeration::ErrorCause;

use super::device::{Again, Device, State, Then};
use super::report::TerminateCause;
use super::session::user_name;
use super::terms::{Limits, Opaque};
use super::{AccessControl, Action};
use crate::moment::Moment;

/// Whom a request means; what it does not name is `None` (RFC 5176 §3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Acct-Session-Id.
    pub session: Option<String>,
    /// Calling-Station-Id.
    pub device: Option<MacAddress>,
    /// User-Name.
    pub user_name: Option<String>,
    /// Framed-IP-Address.
    pub address: Option<Ipv4Addr>,
}

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Ack,
    /// It is not, for this reason.
    Nak(ErrorCause),
}

impl AccessControl {
    /// Ends a session (Disconnect-Request).
    pub fn disconnect(&mut self, target: &Target, now: Moment) -> (Answer, Vec<Action>) {
        match self.find_online(target) {
            Ok(device) => {
                let then = Then::End(TerminateCause::AdminReset);
                (Answer::Ack, self.leave(device, then, now))
            }
            Err(cause) => (Answer::Nak(cause), Vec::new()),
        }
    }

    /// Changes the limits that are named and keeps the others (CoA-Request).
    pub fn change(
        &mut self,
        target: &Target,
        limits: &Limits,
        now: Moment,
    ) -> (Answer, Vec<Action>) {
        let device = match self.find_online(target) {
            Ok(device) => device,
            Err(cause) => return (Answer::Nak(cause), Vec::new()),
        };
        let known = self.devices.get_mut(&device).map(|known| (known.address, &mut known.state));
        let Some((address, State::Online { session, .. })) = known else {
            return (Answer::Nak(ErrorCause::SessionContextNotFound), Vec::new());
        };
        session.change(limits, &self.rules, now);
        (Answer::Ack, vec![Action::Admit(session.admission(device, address))])
    }

    /// Asks about a device at once (CoA-Request with Service-Type Authorize Only, RFC 5176 §3.2).
    pub fn authorize_only(
        &mut self,
        target: &Target,
        state: Opaque,
        now: Moment,
    ) -> (Answer, Vec<Action>) {
        match self.find(target) {
            Ok(device) => {
                let asks = self.ask(device, Some(Again { state }), now);
                (Answer::Nak(ErrorCause::RequestInitiated), asks)
            }
            Err(cause) => (Answer::Nak(cause), Vec::new()),
        }
    }

    fn find_online(&self, target: &Target) -> Result<MacAddress, ErrorCause> {
        let device = self.find(target)?;
        let is_online = self.devices.get(&device).is_some_and(|known| known.session().is_some());
        is_online.then_some(device).ok_or(ErrorCause::SessionContextNotFound)
    }

    fn find(&self, target: &Target) -> Result<MacAddress, ErrorCause> {
        if *target == Target::default() {
            return Err(ErrorCause::MissingAttribute);
        }
        let mut devices = self.devices.iter();
        let found = devices.find(|(device, known)| target.is_met_by(**device, known));
        found.map(|(device, _)| *device).ok_or(ErrorCause::SessionContextNotFound)
    }
}

impl Target {
    fn is_met_by(&self, device: MacAddress, known: &Device) -> bool {
        let session = known.session();
        self.device.is_none_or(|wanted| wanted == device)
            && self.address.is_none_or(|wanted| wanted == known.address)
            && self
                .session
                .as_ref()
                .is_none_or(|wanted| session.is_some_and(|session| session.id.as_str() == wanted))
            && self.user_name.as_ref().is_none_or(|wanted| match session {
                Some(session) => session.user_name == *wanted,
                None => user_name(device) == *wanted,
            })
    }
}
