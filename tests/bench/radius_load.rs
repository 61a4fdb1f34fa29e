//! The load generator of RADIUS: a fixed number of requests always under way, each answer proved
//! by its Response Authenticator, its code and what it says.
//!
//! It shares the machine with the server, so it is made to cost little: a thread for each core has
//! many source ports, and takes and sends what is there with one system call.

use std::collections::HashMap;
use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmsg};
use radius_proto::client::{Event, Peer, ReplyError, RequestTracker, Schedule, Token, Transmit};
use radius_proto::{Packet, PacketBuilder, SharedSecret, SignedPacket};
use socket2::SockRef;

use crate::figure::Load;

/// How long a request waits before it is sent again, and how often it is sent.
const SCHEDULE: Schedule = Schedule {
    initial: Duration::from_secs(2),
    maximum: Duration::from_secs(4),
    max_transmissions: Some(4),
    max_duration: None,
};
/// How often a thread looks at what is overdue.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Threads that make load; servers have the same cores.
const THREADS: usize = 2;
/// Datagrams in one system call, and the longest answer.
const BATCH: usize = 64;
const LONGEST: usize = 4_096;
/// Octets of answers that may wait to be read.
const RECEIVE_BUFFER: usize = 1 << 20;

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
    /// Source ports that they come from, each with 256 identifiers.
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
    let threads = volume.ports.min(THREADS);
    let mut joined = Load::default();
    thread::scope(|scope| {
        let start = |thread| {
            let ports = (thread..volume.ports).step_by(threads);
            let lines = ports.map(|_| Line::open(target, traffic, &next));
            Lines::new(lines.collect::<anyhow::Result<_>>()?)?.work(volume)
        };
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || start(thread))).collect();
        for thread in threads {
            joined.join(thread.join().expect("a load generator does not panic")?);
        }
        Ok(joined)
    })
}

/// The source ports of one thread.
struct Lines<'a> {
    lines: Vec<Line<'a>>,
    ready: Epoll,
    inbox: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(lines: Vec<Line<'a>>) -> anyhow::Result<Self> {
        let ready = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        for (place, line) in lines.iter().enumerate() {
            ready.add(&line.socket, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
        }
        Ok(Self { lines, ready, inbox: vec![0; BATCH * LONGEST] })
    }

    fn work(mut self, volume: Volume) -> anyhow::Result<Load> {
        let begun = Instant::now();
        let mut looked = begun;
        let mut events = [EpollEvent::empty(); BATCH];
        for line in &mut self.lines {
            line.ask(volume, begun)?;
        }
        while self.lines.iter().any(|line| line.requests.pending() > 0) {
            let wait = EpollTimeout::try_from(LOOK_EVERY)?;
            let ready = match self.ready.wait(&mut events, wait) {
                Err(Errno::EINTR) => 0,
                ready => ready?,
            };
            for event in events.iter().take(ready) {
                let line = &mut self.lines[usize::try_from(event.data())?];
                line.take_answers(&mut self.inbox)?;
                line.ask(volume, begun)?;
            }
            if looked.elapsed() >= LOOK_EVERY {
                looked = Instant::now();
                for line in &mut self.lines {
                    line.repeat_overdue()?;
                    line.ask(volume, begun)?;
                }
            }
        }
        let mut joined = Load::default();
        for line in self.lines {
            joined.join(line.load);
        }
        joined.elapsed = begun.elapsed();
        Ok(joined)
    }
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
        // By default 256 answers hardly find room while others have the processor.
        SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER)?;
        socket.connect(target.server)?;
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

    /// Sends as many requests as there is room for, as long as there are more.
    fn ask(&mut self, volume: Volume, begun: Instant) -> anyhow::Result<()> {
        let window = volume.outstanding / volume.ports;
        let mut packets = Vec::new();
        while self.requests.pending() < window && begun.elapsed() < volume.lasting {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let secret = &self.requests.peer().secret;
            let wanted = (number < volume.most).then(|| self.traffic.request(number, secret));
            let Some(request) = wanted.flatten() else { break };
            let now = Instant::now();
            let Transmit { token, packet } = self.requests.submit(request, number, now)?;
            self.waiting.insert(token, (number, now));
            packets.push(packet);
        }
        packets.chunks(BATCH).try_for_each(|batch| self.send(batch))
    }

    /// Hands the kernel requests of one length as one datagram that it cuts last of all.
    fn send(&self, packets: &[SignedPacket]) -> anyhow::Result<()> {
        for run in packets.chunk_by(|packet, next| packet.len() == next.len()) {
            let slices: Vec<_> = run.iter().map(|packet| IoSlice::new(packet)).collect();
            let length = u16::try_from(run[0].len())?;
            let cut = [ControlMessage::UdpGsoSegments(&length)];
            let (fd, flags) = (self.socket.as_raw_fd(), MsgFlags::empty());
            sendmsg(fd, &slices, &cut, flags, None::<&SockaddrIn>).context("cannot send")?;
        }
        Ok(())
    }

    /// Takes what has arrived.
    fn take_answers(&mut self, inbox: &mut [u8]) -> anyhow::Result<()> {
        let lengths: Vec<_> = {
            let mut slices: Vec<_> =
                inbox.chunks_mut(LONGEST).map(|room| [IoSliceMut::new(room)]).collect();
            let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
            let (fd, flags) = (self.socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
            match recvmmsg(fd, &mut headers, &mut slices, flags, None) {
                Ok(messages) => messages.map(|message| message.bytes).collect(),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(error) => return Err(error).context("cannot receive"),
            }
        };
        let now = Instant::now();
        for (length, room) in lengths.into_iter().zip(inbox.chunks(LONGEST)) {
            self.take_answer(&room[..length], now)?;
        }
        Ok(())
    }

    fn take_answer(&mut self, octets: &[u8], now: Instant) -> anyhow::Result<()> {
        let server = self.requests.peer().address;
        let reply = match self.requests.receive(server, octets, now) {
            Ok(reply) => reply,
            // The second answer to a request that was sent twice.
            Err(ReplyError::UnknownIdentifier(_) | ReplyError::WrongAuthenticator(_))
                if self.load.repeated > 0 =>
            {
                return Ok(());
            }
            Err(error) => return Err(error).context("a wrong answer"),
        };
        let (number, asked_at) = self.waiting.remove(&reply.token).context("an unknown token")?;
        self.traffic.check(number, &reply.packet)?;
        self.load.latencies.push(now - asked_at);
        Ok(())
    }

    fn repeat_overdue(&mut self) -> anyhow::Result<()> {
        while let Some(event) = self.requests.poll(Instant::now()) {
            match event {
                Event::Retransmit(again) => {
                    self.load.repeated += 1;
                    self.send(&[again.packet])?;
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
