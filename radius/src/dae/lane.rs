//! One source port: a socket, a request tracker for each NAS, and who waits for which answer.
//!
//! The tracker of `radius-proto` gives identifiers, retransmissions and proof of replies; this
//! is the loop around it. It ends when the client is dropped.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use domain::Secret;
use radius_proto::client::{Event, Peer, RequestTracker, Schedule, SubmitError, Token};
use radius_proto::packet::MAX_PACKET_OCTETS;
use radius_proto::{Code, Packet, PacketBuilder, SharedSecret, attribute};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::{random, socket};

/// Requests that may wait to be taken; who brings a further one waits until there is room.
const QUEUE: usize = 64;
/// Access points remembered; beyond it those with nothing under way are forgotten.
const MOST_PEERS: usize = 4_096;
/// Replies are small and few.
const RECEIVE_BUFFER: usize = 256 << 10;

/// A request to be delivered.
pub(super) struct Errand {
    /// The NAS's address.
    pub(super) address: SocketAddr,
    /// The secret shared with it.
    pub(super) secret: Secret,
    /// What to say.
    pub(super) request: PacketBuilder,
    /// For how long.
    pub(super) schedule: Schedule,
    /// Who waits.
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// An ACK.
    Ack,
    /// A NAK with its Error-Cause, 0 if it has none.
    Nak(u32),
    /// No answer in time.
    Nothing,
    /// Every identifier of this port is in use or resting; another port has more.
    LaneIsFull,
}

/// Opens a source port.
///
/// # Errors
/// What the kernel says.
pub(super) fn open(source: SocketAddr) -> io::Result<mpsc::Sender<Errand>> {
    let socket = UdpSocket::from_std(socket::bind(source, RECEIVE_BUFFER)?)?;
    let (errands, queue) = mpsc::channel(QUEUE);
    tokio::spawn(Lane { socket, peers: HashMap::new() }.run(queue));
    Ok(errands)
}

struct Lane {
    socket: UdpSocket,
    peers: HashMap<SocketAddr, KnownPeer>,
}

struct KnownPeer {
    secret: Secret,
    tracker: RequestTracker,
    waiting: HashMap<Token, oneshot::Sender<Answer>>,
}

impl Lane {
    async fn run(mut self, mut queue: mpsc::Receiver<Errand>) {
        let mut buffer = [0; MAX_PACKET_OCTETS];
        loop {
            let deadline =
                self.peers.values().filter_map(|peer| peer.tracker.next_deadline()).min();
            tokio::select! {
                errand = queue.recv() => match errand {
                    Some(errand) => self.take(errand).await,
                    None => return,
                },
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((length, source)) => {
                        self.receive(source, buffer.get(..length).unwrap_or_default());
                    }
                    Err(error) => tracing::debug!(%error, "dae.receive"),
                },
                () = until(deadline) => self.elapse().await,
            }
        }
    }

    async fn take(&mut self, errand: Errand) {
        let Errand { address, secret, request, schedule, answer } = errand;
        let peer = self.peer(address, secret, schedule);
        let entropy = u64::from_be_bytes(random::octets());
        match peer.tracker.submit(request, entropy, Instant::now().into_std()) {
            Ok(sent) => {
                peer.waiting.insert(sent.token, answer);
                self.send(&sent.packet, address).await;
            }
            Err(SubmitError::NoIdentifier) => tell(answer, Answer::LaneIsFull),
            Err(error @ SubmitError::Build(_)) => {
                tracing::warn!(%error, "dae.unsendable");
                tell(answer, Answer::Nothing);
            }
        }
    }

    /// The NAS as known; one whose secret was changed is begun anew.
    fn peer(&mut self, address: SocketAddr, secret: Secret, schedule: Schedule) -> &mut KnownPeer {
        if self.peers.get(&address).is_some_and(|known| known.secret != secret) {
            self.peers.remove(&address);
        }
        if self.peers.len() >= MOST_PEERS {
            self.peers.retain(|_, known| known.tracker.pending() > 0);
        }
        self.peers.entry(address).or_insert_with(|| {
            let shared =
                SharedSecret::new(secret.expose()).expect("a secret of the domain is never empty");
            let peer = Peer { schedule, ..Peer::dynamic_authorization(address, shared) };
            let tracker = RequestTracker::new(peer);
            KnownPeer { secret, tracker, waiting: HashMap::new() }
        })
    }

    fn receive(&mut self, source: SocketAddr, octets: &[u8]) {
        let Some(peer) = self.peers.get_mut(&source) else {
            tracing::debug!(%source, "dae.stray: nobody was asked there");
            return;
        };
        match peer.tracker.receive(source, octets, Instant::now().into_std()) {
            Ok(reply) => {
                if let Some(answer) = peer.waiting.remove(&reply.token) {
                    tell(answer, read(&reply.packet));
                }
            }
            Err(error) => {
                tracing::debug!(%source, reason = error.as_str(), "dae.no-answer");
            }
        }
    }

    async fn elapse(&mut self) {
        let now = Instant::now().into_std();
        let mut again = Vec::new();
        for (address, peer) in &mut self.peers {
            while let Some(event) = peer.tracker.poll(now) {
                match event {
                    Event::Retransmit(transmit) => again.push((*address, transmit.packet)),
                    Event::GaveUp(token) => {
                        if let Some(answer) = peer.waiting.remove(&token) {
                            tell(answer, Answer::Nothing);
                        }
                    }
                }
            }
        }
        for (address, packet) in again {
            self.send(&packet, address).await;
        }
    }

    async fn send(&self, octets: &[u8], to: SocketAddr) {
        if let Err(error) = self.socket.send_to(octets, to).await {
            tracing::debug!(%error, "dae.send");
        }
    }
}

/// Tells who asked, if anybody still wants to know.
fn tell(asker: oneshot::Sender<Answer>, answer: Answer) {
    asker.send(answer).ok();
}

/// What an authentic answer says.
pub(super) fn read(reply: &Packet<'_>) -> Answer {
    match reply.code() {
        Code::DisconnectAck | Code::CoaAck => Answer::Ack,
        _ => Answer::Nak(reply.u32(attribute::ERROR_CAUSE).unwrap_or(0)),
    }
}

/// Waits for a deadline, or for ever without one.
async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
