//! The load generator of RADIUS: a fixed number of requests always under way, each answer proved
//! by its Response Authenticator, its code and what it says.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use radius_proto::client::{Event, Peer, ReplyError, RequestTracker, Schedule, Token, Transmit};
use radius_proto::{Packet, PacketBuilder, SharedSecret};

use crate::figure::Load;

/// How long a request waits before it is sent again, and how often it is sent.
const SCHEDULE: Schedule = Schedule {
    initial: Duration::from_secs(2),
    maximum: Duration::from_secs(4),
    max_transmissions: Some(4),
    max_duration: None,
};
/// Answers between two looks at what is overdue.
const LOOK_EVERY: u64 = 1_024;

/// Requests and what must be answered to them.
pub trait Traffic: Sync {
    /// The request of that number; `None` when there are no more.
    fn request(&self, number: u64, secret: &SharedSecret) -> Option<PacketBuilder>;

    /// Checks the proven answer to the request of that number.
    fn check(&self, number: u64, answer: &Packet<'_>) -> anyhow::Result<()>;
}

/// A server, as its access point knows it.
pub struct Target {
    /// Where requests go.
    pub server: SocketAddr,
    /// The secret shared with it.
    pub secret: SharedSecret,
    /// Whether its Access-Accepts must carry a Message-Authenticator.
    pub message_authenticator: MessageAuthenticator,
}

/// What is asked of Access-Accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageAuthenticator {
    /// An Access-Accept without one is wrong.
    Required,
    /// One that is there must be right.
    Optional,
}

/// How much, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Volume {
    /// Requests under way at any time.
    pub outstanding: usize,
    /// Source ports that they come from, each a thread with 256 identifiers.
    pub ports: usize,
    /// Requests in all; those that are begun before `lasting` is over.
    pub most: u64,
    /// For how long new ones are begun, unless the traffic ends before.
    pub lasting: Duration,
}

/// Puts traffic on a server.
///
/// # Errors
/// The first answer that is wrong.
pub fn run(target: &Target, volume: Volume, traffic: &dyn Traffic) -> anyhow::Result<Load> {
    let next = AtomicU64::new(0);
    let mut joined = Load::default();
    thread::scope(|scope| {
        let start = || Line::open(target, traffic, &next)?.work(volume);
        let lines: Vec<_> = (0..volume.ports).map(|_| scope.spawn(start)).collect();
        for line in lines {
            joined.join(line.join().expect("a load generator does not panic")?);
        }
        Ok(joined)
    })
}

/// One source port.
struct Line<'a> {
    socket: UdpSocket,
    requests: RequestTracker,
    traffic: &'a dyn Traffic,
    next: &'a AtomicU64,
    waiting: HashMap<Token, (u64, Instant)>,
    load: Load,
}

impl<'a> Line<'a> {
    fn open(
        target: &Target,
        traffic: &'a dyn Traffic,
        next: &'a AtomicU64,
    ) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(target.server)?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let peer = Peer {
            schedule: SCHEDULE,
            require_message_authenticator: match target.message_authenticator {
                MessageAuthenticator::Required => true,
                MessageAuthenticator::Optional => false,
            },
            ..Peer::server(target.server, target.secret.clone())
        };
        let requests = RequestTracker::new(peer);
        let (waiting, load) = (HashMap::new(), Load::default());
        Ok(Self { socket, requests, traffic, next, waiting, load })
    }

    fn work(mut self, volume: Volume) -> anyhow::Result<Load> {
        let begun = Instant::now();
        let window = volume.outstanding / volume.ports;
        let mut received = 0_u64;
        let mut more = true;
        loop {
            while more && self.requests.pending() < window && begun.elapsed() < volume.lasting {
                more = self.ask(volume.most)?;
            }
            if self.requests.pending() == 0 {
                self.load.elapsed = begun.elapsed();
                return Ok(self.load);
            }
            received += 1;
            if !self.take_answer()? || received.is_multiple_of(LOOK_EVERY) {
                self.repeat_overdue()?;
            }
        }
    }

    /// Sends one more request, if there is one.
    fn ask(&mut self, most: u64) -> anyhow::Result<bool> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= most {
            return Ok(false);
        }
        let secret = &self.requests.peer().secret;
        let Some(request) = self.traffic.request(number, secret) else { return Ok(false) };
        let now = Instant::now();
        let Transmit { token, packet } = self.requests.submit(request, number, now)?;
        self.waiting.insert(token, (number, now));
        self.socket.send(&packet).context("cannot send")?;
        Ok(true)
    }

    /// Takes one datagram; `false` if none comes for a while.
    fn take_answer(&mut self) -> anyhow::Result<bool> {
        let mut octets = [0; 4_096];
        let length = match self.socket.recv(&mut octets) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("cannot receive"),
        };
        let now = Instant::now();
        let server = self.requests.peer().address;
        let octets = octets.get(..length).unwrap_or_default();
        let reply = match self.requests.receive(server, octets, now) {
            Ok(reply) => reply,
            // The second answer to a request that was sent twice.
            Err(ReplyError::UnknownIdentifier(_) | ReplyError::WrongAuthenticator(_))
                if self.load.repeated > 0 =>
            {
                return Ok(true);
            }
            Err(error) => return Err(error).context("a wrong answer"),
        };
        let (number, asked_at) = self.waiting.remove(&reply.token).context("an unknown token")?;
        self.traffic.check(number, &reply.packet)?;
        self.load.latencies.push(now - asked_at);
        Ok(true)
    }

    fn repeat_overdue(&mut self) -> anyhow::Result<()> {
        while let Some(event) = self.requests.poll(Instant::now()) {
            match event {
                Event::Retransmit(again) => {
                    self.load.repeated += 1;
                    self.socket.send(&again.packet).context("cannot send")?;
                }
                Event::GaveUp(token) => {
                    self.load.lost += 1;
                    self.waiting.remove(&token);
                }
            }
        }
        Ok(())
    }
}
