//! Servers of one kind, in the order in which they are asked.
//!
//! The one that answered last is asked first; when it falls silent the next takes its place, and
//! after a while the preferred one gets its chance again.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use radius_proto::client::{Peer, Schedule};
use radius_proto::{PacketBuilder, SharedSecret};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::line::{Answer, Line};

/// After how long the preferred server is asked first again.
const SECOND_CHANCE: Duration = Duration::from_secs(60);
/// Requests under way at a time; a server's line has 256 identifiers.
const IN_FLIGHT: usize = 128;

/// Servers of one kind.
#[derive(Debug)]
pub(crate) struct Servers {
    lines: Vec<Line>,
    turn: Mutex<Turn>,
    places: Semaphore,
}

impl Servers {
    /// Opens a line to every server. Needs a running tokio.
    pub(crate) fn open(
        addresses: &[SocketAddr],
        secret: &SharedSecret,
        patience: Duration,
    ) -> io::Result<Self> {
        let schedule =
            Schedule { initial: patience / 3, max_duration: Some(patience), ..Schedule::default() };
        let lines = addresses
            .iter()
            .map(|address| Line::open(Peer { schedule, ..Peer::server(*address, secret.clone()) }));
        Ok(Self {
            lines: lines.collect::<io::Result<_>>()?,
            turn: Mutex::default(),
            places: Semaphore::new(IN_FLIGHT),
        })
    }

    /// Asks one server after the other; `None` when none has answered. The request is built anew
    /// for each of them.
    pub(crate) async fn ask(&self, build: impl Fn() -> PacketBuilder) -> Option<Vec<u8>> {
        let _place = self.places.acquire().await.ok()?;
        let first = self.turn().first(Instant::now());
        for step in 0..self.lines.len() {
            let server = (first + step) % self.lines.len();
            let line = self.lines.get(server)?;
            match line.ask(build()).await {
                Answer::Reply(octets) => return Some(octets),
                Answer::Nothing => self.turn().pass(server, self.lines.len(), Instant::now()),
            }
        }
        None
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose turn it is to be asked first.
#[derive(Debug, Default)]
struct Turn {
    server: usize,
    since: Option<Instant>,
}

impl Turn {
    fn first(&mut self, now: Instant) -> usize {
        if self.since.is_some_and(|since| now.duration_since(since) >= SECOND_CHANCE) {
            *self = Self::default();
        }
        self.server
    }

    /// A server was silent: its turn goes to the next, unless it had none.
    fn pass(&mut self, server: usize, servers: usize, now: Instant) {
        if self.server == server {
            *self = Self { server: (server + 1) % servers, since: Some(now) };
        }
    }
}

#[cfg(test)]
mod tests {
    use radius_proto::{Authenticator, Code, Packet};
    use tokio::net::UdpSocket;

    use super::*;

    fn secret() -> SharedSecret {
        SharedSecret::new("shared-secret-of-the-gate").unwrap()
    }

    async fn listen() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    /// Rejects one request under that secret.
    async fn reject(socket: &UdpSocket, secret: &SharedSecret) {
        let mut buffer = [0; 4_096];
        let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
        let request = Packet::parse(&buffer[..length]).unwrap();
        let reply = PacketBuilder::reply_to(&request, Code::AccessReject).sign(secret).unwrap();
        socket.send_to(&reply, client).await.unwrap();
    }

    fn request() -> PacketBuilder {
        PacketBuilder::access_request(Authenticator::new(crate::random::octets()))
    }

    #[tokio::test]
    async fn the_next_server_is_asked_when_one_is_silent_or_not_to_be_trusted() {
        let ((silent, first), (liar, second), (honest, third)) =
            (listen().await, listen().await, listen().await);
        let addresses = [first, second, third];
        let servers = Servers::open(&addresses, &secret(), Duration::from_millis(300)).unwrap();
        let lie = async { reject(&liar, &SharedSecret::new("another").unwrap()).await };
        let truth = async { reject(&honest, &secret()).await };
        let (answer, (), ()) = tokio::join!(servers.ask(request), lie, truth);
        assert!(answer.is_some());
        // The one that has answered is asked first from then on.
        let truth = async { reject(&honest, &secret()).await };
        let (answer, ()) = tokio::join!(servers.ask(request), truth);
        assert!(answer.is_some());
        drop(silent);
    }

    #[tokio::test]
    async fn there_is_no_answer_when_no_server_gives_one() {
        let (_silent, address) = listen().await;
        let servers = Servers::open(&[address], &secret(), Duration::from_millis(50)).unwrap();
        assert_eq!(servers.ask(request).await, None);
    }

    #[test]
    fn a_silent_server_loses_its_turn_for_a_while() {
        let start = Instant::now();
        let mut turn = Turn::default();
        assert_eq!(turn.first(start), 0);
        turn.pass(1, 2, start);
        assert_eq!(turn.first(start), 0);
        turn.pass(0, 2, start);
        assert_eq!(turn.first(start), 1);
        turn.pass(0, 2, start);
        assert_eq!(turn.first(start + SECOND_CHANCE / 2), 1);
        assert_eq!(turn.first(start + SECOND_CHANCE), 0);
    }
}
