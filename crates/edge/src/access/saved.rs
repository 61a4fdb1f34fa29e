//! Sessions that outlast the daemon.

use std::net::Ipv4Addr;

use domain::MacAddress;
use serde::{Deserialize, Serialize};

use super::AccessControl;
use super::device::{Device, State, Then};
use super::session::Session;
use crate::moment::Moment;

/// A session as it is kept in the state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    /// The device.
    pub device: MacAddress,
    /// Its address.
    pub address: Ipv4Addr,
    /// The session.
    #[serde(flatten)]
    pub(super) session: Session,
}

impl AccessControl {
    /// Every session that goes on. One whose end the kernel has yet to carry out has no time left.
    #[must_use]
    pub fn saved(&self) -> Vec<SavedSession> {
        let sessions = self.devices.iter().filter_map(|(device, known)| {
            let mut session = match &known.state {
                State::Online { session, .. } | State::Leaving { session, .. } => {
                    Session::clone(session)
                }
                State::Quiet { .. } | State::Asking(_) | State::Refused { .. } => return None,
            };
            if let State::Leaving { then: Then::End(_), .. } = known.state {
                session.expires_at = Some(Moment::default());
            }
            Some(SavedSession { device: *device, address: known.address, session })
        });
        sessions.collect()
    }

    /// Goes on with the sessions of an earlier run. Whose time is over is cut off by the next
    /// [`AccessControl::tick`], and [`AccessControl::counted`] makes the kernel agree.
    pub fn restore(&mut self, sessions: Vec<SavedSession>, now: Moment) {
        for SavedSession { device, address, session } in sessions {
            let state = State::Online { session: Box::new(session), asking: None };
            let known = Device { address, absent_since: None, calm_until: now, state };
            self.devices.insert(device, known);
        }
    }
}
