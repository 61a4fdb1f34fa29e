//! One socket towards one RADIUS server, and who waits for which answer.
//!
//! The tracker of `radius-proto` gives identifiers, retransmissions and proof of replies; this
//! is the loop around it. It ends when the last [`Line`] is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use radius_proto::PacketBuilder;
use radius_proto::client::{Event, Peer, RequestTracker, SubmitError, Token};
use radius_proto::packet::MAX_PACKET_OCTETS;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::random;

/// Requests that wait to be taken; who brings a further one waits until there is room.
const QUEUE: usize = 64;

/// The way to one server.
#[derive(Debug, Clone)]
pub(super) struct Line(mpsc::Sender<Errand>);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A reply that the server has made, as octets.
    Reply(Vec<u8>),
    /// None in time.
    Nothing,
}

#[derive(Debug)]
struct Errand {
    request: PacketBuilder,
    answer: oneshot::Sender<Answer>,
}

impl Line {
    /// Opens a socket towards a server. Needs a running tokio.
    pub(super) fn open(peer: Peer) -> io::Result<Self> {
        let source: SocketAddr = match peer.address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = std::net::UdpSocket::bind(source)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let (errands, queue) = mpsc::channel(QUEUE);
        let desk = Desk { socket, tracker: RequestTracker::new(peer), waiting: HashMap::new() };
        tokio::spawn(desk.run(queue));
        Ok(Self(errands))
    }

    /// Sends a request until it is answered or the server's schedule is over.
    pub(super) async fn ask(&self, request: PacketBuilder) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Errand { request, answer }).await.is_err() {
            return Answer::Nothing;
        }
        answered.await.unwrap_or(Answer::Nothing)
    }
}

struct Desk {
    socket: UdpSocket,
    tracker: RequestTracker,
    waiting: HashMap<Token, oneshot::Sender<Answer>>,
}

impl Desk {
    async fn run(mut self, mut queue: mpsc::Receiver<Errand>) {
        let mut buffer = [0; MAX_PACKET_OCTETS];
        loop {
            let deadline = self.tracker.next_deadline();
            tokio::select! {
                errand = queue.recv() => match errand {
                    Some(errand) => self.take(errand).await,
                    None => return,
                },
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((length, source)) => {
                        self.receive(source, buffer.get(..length).unwrap_or_default());
                    }
                    // What ICMP says of an earlier packet.
                    Err(error) => tracing::debug!(%error, "edge.radius.receive"),
                },
                () = until(deadline) => self.elapse().await,
            }
        }
    }

    async fn take(&mut self, errand: Errand) {
        let Errand { request, answer } = errand;
        let entropy = u64::from_be_bytes(random::octets());
        match self.tracker.submit(request, entropy, Instant::now().into_std()) {
            Ok(sent) => {
                self.waiting.insert(sent.token, answer);
                self.send(&sent.packet).await;
            }
            Err(SubmitError::NoIdentifier) => tell(answer, Answer::Nothing),
            Err(error @ SubmitError::Build(_)) => {
                tracing::warn!(%error, "edge.radius.unsendable");
                tell(answer, Answer::Nothing);
            }
        }
    }

    fn receive(&mut self, source: SocketAddr, octets: &[u8]) {
        match self.tracker.receive(source, octets, Instant::now().into_std()) {
            Ok(reply) => {
                if let Some(answer) = self.waiting.remove(&reply.token) {
                    tell(answer, Answer::Reply(octets.to_vec()));
                }
            }
            Err(error) => {
                tracing::debug!(%source, reason = error.as_str(), "edge.radius.no-answer");
            }
        }
    }

    async fn elapse(&mut self) {
        while let Some(event) = self.tracker.poll(Instant::now().into_std()) {
            match event {
                Event::Retransmit(transmit) => self.send(&transmit.packet).await,
                Event::GaveUp(token) => {
                    if let Some(answer) = self.waiting.remove(&token) {
                        tell(answer, Answer::Nothing);
                    }
                }
            }
        }
    }

    async fn send(&self, octets: &[u8]) {
        if let Err(error) = self.socket.send_to(octets, self.tracker.peer().address).await {
            tracing::debug!(%error, "edge.radius.send");
        }
    }
}

/// Tells who asked, if anybody still wants to know.
fn tell(asker: oneshot::Sender<Answer>, answer: Answer) {
    asker.send(answer).ok();
}

/// Waits for a deadline, or for ever without one.
async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
