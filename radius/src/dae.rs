//! The dynamic authorization client: tells a NAS to end a session or to ask again (RFC 5176).
//!
//! What is said stands in [`request`], how much of it in [`manner`], how fast in [`pace`], how it
//! travels in [`lane`]. Each source port has at most 256 requests per NAS and window (RFC 5176
//! §6.3), so further ports are opened when a NAS needs more at a time. What an answer means, and
//! when to try again after all, is the controller's business.

mod lane;
mod manner;
mod pace;
mod probe;
mod request;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Clock, Nas, NasCommand};
use radius_proto::client::Schedule;
use radius_proto::dictionary::enumeration::ErrorCause;
use radius_proto::{Packet, PacketBuilder};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::radsec::{Carried, Connections};
use crate::random;
use crate::server::RadiusError;
use crate::settings::DaeSettings;
use lane::{Answer, Errand};
use manner::Manners;
use pace::Pace;
pub use request::DaeSubject;
use request::Particulars;

/// Source ports for each address family.
const MOST_LANES: usize = 64;

/// Delivers orders to access points.
pub struct DaeClient {
    settings: DaeSettings,
    clock: Arc<dyn Clock>,
    ipv4: Mutex<Vec<mpsc::Sender<Errand>>>,
    ipv6: Mutex<Vec<mpsc::Sender<Errand>>>,
    manners: Mutex<Manners>,
    pace: Mutex<Pace>,
    connections: Connections,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaeOutcome {
    /// The NAS says that it did it.
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
            manners: Mutex::default(),
            pace: Mutex::new(Pace::new(
                settings.requests_per_second,
                settings.requests_per_second_to_one,
            )),
            connections: Connections::default(),
        };
        let address = SocketAddr::from((settings.source_ipv4, 0));
        client.lane(0, address).map_err(|source| RadiusError::Socket { address, source })?;
        Ok(client)
    }

    /// Reaches access points over their own connections first (draft-ietf-radext-reverse-coa).
    #[must_use]
    pub fn over(self, connections: Connections) -> Self {
        Self { connections, ..self }
    }

    /// Whether there can be a way to the access point: an address, or a connection of its own,
    /// which one that brings a certificate may open at any time.
    #[must_use]
    pub fn reaches(&self, nas: &Nas) -> bool {
        nas.dae_address.is_some() || nas.certificate.is_some()
    }

    /// Whether the access point has a connection of its own now.
    #[must_use]
    pub fn is_connected(&self, nas: &Nas) -> bool {
        self.connections.is_connected(&nas.name)
    }

    /// Asks `nas` to end a session that does not exist; whoever takes orders from us answers that
    /// there is none.
    pub async fn probe(&self, nas: &Nas) -> DaeOutcome {
        let session = probe::session(nas, self.clock.now(), random::octets());
        let subject = DaeSubject { session: Some(&session), ..DaeSubject::of(nas, session.device) };
        self.deliver(subject, &NasCommand::Disconnect).await
    }

    /// Tells an access point a command about a device and its session there; retransmits until an
    /// answer comes or the patience set is over, and says it otherwise to one that asks for that.
    pub async fn deliver(&self, subject: DaeSubject<'_>, command: &NasCommand) -> DaeOutcome {
        let nas = subject.nas;
        let mut manner = locked(&self.manners).of(nas);
        loop {
            let now = self.clock.now();
            let particulars = Particulars { now, state: random::octets(), manner };
            let request = request::build(subject, command, &particulars);
            let answer = self.ask(nas, &request).await;
            match manner.instead(answer) {
                Some(instead) => manner = instead,
                None => {
                    if answer == Answer::Ack {
                        locked(&self.manners).remember(nas, manner);
                    }
                    return answer.into();
                }
            }
        }
    }

    /// Asks over the access point's own connection, else at its address.
    async fn ask(&self, nas: &Nas, request: &PacketBuilder) -> Answer {
        let patience = Duration::from_millis(self.settings.patience_ms);
        let carried = self.connections.ask(&nas.name, request, patience).await;
        let answer = match &carried {
            Carried::NotConnected | Carried::Unanswered => Answer::Nothing,
            Carried::Answered(octets) => {
                Packet::parse(octets).map_or(Answer::Nothing, |packet| lane::read(&packet))
            }
        };
        // A client that takes no orders over its connection is silent, or says so.
        let takes_none = answer == Answer::Nothing
            || answer == Answer::Nak(ErrorCause::UnsupportedExtension.into());
        match nas.dae_address {
            Some(address) if takes_none => self.ask_at(nas, address, request).await,
            Some(_) | None => answer,
        }
    }

    async fn ask_at(&self, nas: &Nas, address: SocketAddr, request: &PacketBuilder) -> Answer {
        let source = match address {
            SocketAddr::V4(_) => IpAddr::from(self.settings.source_ipv4),
            SocketAddr::V6(_) => IpAddr::from(self.settings.source_ipv6),
        };
        let at = locked(&self.pace).take(address, Instant::now().into_std());
        tokio::time::sleep_until(at.into()).await;
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
            let secret = nas.secret_in_use(self.clock.now()).clone();
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
        let mut lanes = locked(lanes);
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

impl From<Answer> for DaeOutcome {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Ack => Self::Acknowledged,
            Answer::Nak(cause) => Self::Refused(cause),
            Answer::Nothing | Answer::LaneIsFull => Self::NoAnswer,
        }
    }
}

/// What is kept between requests is whole after every change of it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod makers;
#[cfg(test)]
mod tests;
