//! The dynamic authorization client: tells a NAS to end a session or to ask again (RFC 5176).
//!
//! What is said stands in [`request`], how it travels in [`lane`]. Each source port has at most
//! 256 requests per NAS and window (RFC 5176 §6.3), so further ports are opened when a NAS needs
//! more at a time. When to try again after all is the controller's business.

mod lane;
mod request;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Nas, NasOrder, OrderKind, Session};
use radius_proto::PacketBuilder;
use radius_proto::client::Schedule;
use radius_proto::dictionary::enumeration::ErrorCause;
use tokio::sync::{mpsc, oneshot};

use crate::random;
use crate::server::RadiusError;
use crate::settings::DaeSettings;
use lane::{Answer, Errand};
use request::{Naming, Particulars};

/// Source ports for each address family.
const MOST_LANES: usize = 64;

/// Delivers orders to access points.
pub struct DaeClient {
    settings: DaeSettings,
    clock: Arc<dyn Clock>,
    ipv4: Mutex<Vec<mpsc::Sender<Errand>>>,
    ipv6: Mutex<Vec<mpsc::Sender<Errand>>>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaeOutcome {
    /// The NAS did it, or there is nothing left to do.
    Acknowledged,
    /// The NAS said no, with this Error-Cause (RFC 5176 §3.5), 0 if it gave none.
    Refused(u32),
    /// The NAS did not answer in time, or has no address for such requests.
    NoAnswer,
}

impl DaeClient {
    /// Opens the first source port. To be called within a tokio runtime.
    ///
    /// # Errors
    /// A setting or source address that cannot be used.
    pub fn bind(settings: &DaeSettings, clock: Arc<dyn Clock>) -> Result<Self, RadiusError> {
        settings.validate()?;
        let client = Self {
            settings: settings.clone(),
            clock,
            ipv4: Mutex::default(),
            ipv6: Mutex::default(),
        };
        let address = SocketAddr::from((settings.source_ipv4, 0));
        client.lane(0, address).map_err(|source| RadiusError::Socket { address, source })?;
        Ok(client)
    }

    /// Tells `nas` what `order` says, about `session` if the order names one; retransmits until
    /// an answer comes or the patience set is over.
    pub async fn deliver(
        &self,
        nas: &Nas,
        order: &NasOrder,
        session: Option<&Session>,
    ) -> DaeOutcome {
        let Some(address) = nas.dae_address else { return DaeOutcome::NoAnswer };
        let particulars =
            Particulars { now: self.clock.now(), state: random::octets(), naming: Naming::Named };
        let named = request::build(nas, order, session, &particulars);
        let mut answer = self.ask(nas, address, &named).await;
        if answer == Answer::Nak(ErrorCause::NasIdentificationMismatch.into()) {
            // The NAS calls itself otherwise than the admin does: RFC 5176 §3 lets us leave it out.
            let particulars = Particulars { naming: Naming::Unnamed, ..particulars };
            let unnamed = request::build(nas, order, session, &particulars);
            answer = self.ask(nas, address, &unnamed).await;
        }
        outcome(order.kind, answer)
    }

    async fn ask(&self, nas: &Nas, address: SocketAddr, request: &PacketBuilder) -> Answer {
        let source = match address {
            SocketAddr::V4(_) => IpAddr::from(self.settings.source_ipv4),
            SocketAddr::V6(_) => IpAddr::from(self.settings.source_ipv6),
        };
        for number in 0..MOST_LANES {
            let lane = match self.lane(number, SocketAddr::from((source, 0))) {
                Ok(lane) => lane,
                Err(error) => {
                    tracing::warn!(nas = %nas.name, %error, "dae.socket");
                    return Answer::Nothing;
                }
            };
            let (answer, answered) = oneshot::channel();
            let request = request.clone();
            let secret = nas.secret.clone();
            let errand = Errand { address, secret, request, schedule: self.schedule(), answer };
            if lane.send(errand).await.is_err() {
                return Answer::Nothing;
            }
            match answered.await.unwrap_or(Answer::Nothing) {
                Answer::LaneIsFull => {}
                answer => return answer,
            }
        }
        tracing::warn!(nas = %nas.name, "dae.exhausted: no identifier is free on any port");
        Answer::Nothing
    }

    /// The lane of that number; the next one after the last is opened.
    fn lane(&self, number: usize, source: SocketAddr) -> io::Result<mpsc::Sender<Errand>> {
        let lanes = match source {
            SocketAddr::V4(_) => &self.ipv4,
            SocketAddr::V6(_) => &self.ipv6,
        };
        let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(number).filter(|lane| !lane.is_closed()) {
            return Ok(lane.clone());
        }
        let lane = lane::open(source)?;
        match lanes.get_mut(number) {
            Some(closed) => *closed = lane.clone(),
            None => lanes.push(lane.clone()),
        }
        Ok(lane)
    }

    /// The timers of RFC 5080 §2.2.1, cut to the patience set.
    fn schedule(&self) -> Schedule {
        let patience = Duration::from_millis(self.settings.patience_ms);
        Schedule { max_duration: Some(patience), ..Schedule::default() }
    }
}

/// A session that is gone needs no Disconnect, and a NAS that asks again by itself refuses the
/// CoA-Request that made it do so (RFC 5176 §3.2).
fn outcome(kind: OrderKind, answer: Answer) -> DaeOutcome {
    let number = match answer {
        Answer::Ack => return DaeOutcome::Acknowledged,
        Answer::Nothing | Answer::LaneIsFull => return DaeOutcome::NoAnswer,
        Answer::Nak(number) => number,
    };
    match (kind, ErrorCause::from(number)) {
        (OrderKind::Disconnect, ErrorCause::SessionContextNotFound)
        | (OrderKind::Reauthenticate, ErrorCause::RequestInitiated) => DaeOutcome::Acknowledged,
        (OrderKind::Disconnect | OrderKind::Reauthenticate, _) => DaeOutcome::Refused(number),
    }
}

#[cfg(test)]
mod tests;
