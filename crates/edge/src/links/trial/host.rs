//! The host that stands in for the office: it calls the one of the far office as any telephone or cash desk
//! would, and answers when it is called.
//!
//! It has an address of the office for each path, by which both ends know which path is meant. Octets
//! that come are sent back, to nobody but the host at the other end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use link::carry::{Event, RunId};
use link::path_mtu::PacketSize;
use smoltcp::iface::{Config, Interface, PollIngressSingleResult, SocketHandle, SocketSet};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::Instant as StackInstant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint, IpListenEndpoint};

use super::asked::Asked;
use super::talk::headers;
use super::tun::Tun;
use crate::links::dns;

/// Octets that a connection holds in each direction.
const BUFFER: usize = 16 * 1_024;
/// Datagrams that wait, and their octets.
const DATAGRAMS: usize = 24;
/// Who can be served at the same time by each path.
const SERVERS: usize = 2;
/// How long a connection may say nothing while something is expected of it.
const PATIENCE: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(10);
/// Packets that are taken in a row.
const IN_A_ROW: usize = 64;

/// The two hosts of a path, of one IP version, the own one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) own: IpAddr,
    pub(super) far: IpAddr,
    /// From where resolvers of the other IP version are asked.
    pub(super) other: Option<IpAddr>,
}

impl Pair {
    /// The addresses of the own host.
    pub(super) fn hosts(self) -> impl Iterator<Item = IpAddr> {
        [Some(self.own), self.other].into_iter().flatten()
    }
}

/// The host.
pub(super) struct Host {
    interface: Interface,
    tun: Tun,
    sockets: SocketSet<'static>,
    /// Who serves whom.
    servers: Vec<(SocketHandle, Pair)>,
    echoes: Vec<(SocketHandle, Pair)>,
    port: u16,
    begun: Instant,
}

/// A call to the far host.
#[derive(Debug)]
pub(super) struct Call {
    stream: SocketHandle,
    datagrams: SocketHandle,
    /// By which resolvers of the other IP version are asked.
    other: Option<SocketHandle>,
    run: RunId,
    /// From where it comes.
    from: SocketAddr,
    /// Whom it calls.
    to: SocketAddr,
    is_connected: bool,
    /// Nothing more is to be heard of the connection.
    is_over: bool,
    /// Octets that were sent and came back, and how many are to.
    sent: usize,
    returned: usize,
    wanted: usize,
}

impl Host {
    /// Stands in on the device with the own address of each pair, and serves at that port.
    pub(super) fn new(mut tun: Tun, pairs: &[Pair], port: u16, seed: u64, now: Instant) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut tun, StackInstant::ZERO);
        interface.update_ip_addrs(|addresses| {
            for host in pairs.iter().flat_map(|pair| pair.hosts()) {
                // There is room for as many as may be set.
                let whole = if host.is_ipv4() { 32 } else { 128 };
                let _ = addresses.push(IpCidr::new(host.into(), whole));
            }
        });
        // A TUN device has one other end, whatever the gateway is called.
        let _ = interface.routes_mut().add_default_ipv4_route(Ipv4Addr::UNSPECIFIED);
        let _ = interface.routes_mut().add_default_ipv6_route(Ipv6Addr::UNSPECIFIED);
        let mut sockets = SocketSet::new(Vec::new());
        let (mut servers, mut echoes) = (Vec::new(), Vec::new());
        for pair in pairs {
            servers.extend((0..SERVERS).map(|_| (sockets.add(stream()), *pair)));
            let mut echo = datagrams();
            // A port that is not 0, and a socket that is new, are never refused.
            let _ = echo.bind(IpListenEndpoint { addr: Some(pair.own.into()), port });
            echoes.push((sockets.add(echo), *pair));
        }
        Self { interface, tun, sockets, servers, echoes, port, begun: now }
    }

    /// What to wait for.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.tun.fd()
    }

    /// When [`Host::run`] has something to do although nothing comes.
    pub(super) fn next_deadline(&mut self, now: Instant) -> Option<Instant> {
        let delay = self.interface.poll_delay(self.stack_time(now), &self.sockets)?;
        Some(now + Duration::from_micros(delay.total_micros()))
    }

    /// Takes what came, serves whom it has to, and sends what is due.
    pub(super) fn run(&mut self, now: Instant) {
        let at = self.stack_time(now);
        self.interface.poll_maintenance(at);
        for _ in 0..IN_A_ROW {
            let taken = self.interface.poll_ingress_single(at, &mut self.tun, &mut self.sockets);
            if matches!(taken, PollIngressSingleResult::None) {
                break;
            }
        }
        self.serve();
        self.interface.poll_egress(at, &mut self.tun, &mut self.sockets);
    }

    /// Calls the far host of a pair, from that port.
    pub(super) fn call(&mut self, pair: Pair, run: RunId, port: u16) -> Call {
        let (from, to) = (SocketAddr::new(pair.own, port), SocketAddr::new(pair.far, self.port));
        let mut stream = stream();
        if let Err(error) = stream.connect(self.interface.context(), to, from) {
            tracing::debug!(%error, "links.trial.call");
        }
        let mut bound = |from: SocketAddr| {
            let mut datagrams = datagrams();
            let _ = datagrams.bind(from);
            self.sockets.add(datagrams)
        };
        let (datagrams, other) =
            (bound(from), pair.other.map(|other| bound(SocketAddr::new(other, port))));
        Call {
            stream: self.sockets.add(stream),
            datagrams,
            other,
            run,
            from,
            to,
            is_connected: false,
            is_over: false,
            sent: 0,
            returned: 0,
            wanted: 0,
        }
    }

    /// Sends a datagram that makes a packet of that size, which may not be cut up.
    pub(super) fn send_datagram(&mut self, call: &Call, size: PacketSize) {
        let length = usize::from(size.0.saturating_sub(headers(call.to.ip())));
        let octets: Vec<u8> = (0..length).map(|at| call.octet(at)).collect();
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(call.datagrams);
        if let Err(error) = socket.send_slice(&octets, IpEndpoint::from(call.to)) {
            tracing::debug!(%error, "links.trial.datagram");
        }
    }

    /// Asks a resolver something, from where the call comes, or the address beside it.
    pub(super) fn ask_resolver(&mut self, call: &Call, resolver: IpAddr, question: &[u8]) {
        let is_alike = resolver.is_ipv4() == call.from.is_ipv4();
        let handle = if is_alike { Some(call.datagrams) } else { call.other };
        // Whom it cannot ask is not set.
        let Some(handle) = handle else { return };
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(handle);
        let to = IpEndpoint::new(resolver.into(), dns::PORT);
        if let Err(error) = socket.send_slice(question, to) {
            tracing::debug!(%error, "links.trial.resolver");
        }
    }

    /// What became of a call since it was asked last.
    pub(super) fn heard(&mut self, call: &mut Call, asked: Option<&mut Asked>) -> Option<Event> {
        let mut asked = asked;
        for handle in [Some(call.datagrams), call.other].into_iter().flatten() {
            let socket = self.sockets.get_mut::<udp::Socket<'_>>(handle);
            while let Ok((octets, meta)) = socket.recv() {
                let is_ours = octets.iter().enumerate().all(|(at, octet)| *octet == call.octet(at));
                if is_ours && meta.endpoint == IpEndpoint::from(call.to) {
                    return Some(Event::DatagramReturned);
                }
                if let (Some(asked), IpEndpoint { addr, port: dns::PORT }) =
                    (asked.as_deref_mut(), meta.endpoint)
                {
                    asked.hear(addr.into(), octets);
                }
            }
        }
        if call.is_over {
            return None;
        }
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(call.stream);
        let heard = match (call.is_connected, socket.state()) {
            (false, tcp::State::Established) => {
                call.is_connected = true;
                return Some(Event::Connected);
            }
            (false, tcp::State::Closed) => Some(Event::Refused),
            (true, tcp::State::Closed) => Some(Event::Broken),
            (false, _) => None,
            (true, _) => call.exchange(socket),
        };
        call.is_over = heard.is_some();
        heard
    }

    /// Forgets a call; the far end is told.
    pub(super) fn hang_up(&mut self, call: &Call, now: Instant) {
        self.sockets.get_mut::<tcp::Socket<'_>>(call.stream).abort();
        let at = self.stack_time(now);
        self.interface.poll_egress(at, &mut self.tun, &mut self.sockets);
        self.sockets.remove(call.stream);
        for handle in [Some(call.datagrams), call.other].into_iter().flatten() {
            self.sockets.remove(handle);
        }
    }

    fn serve(&mut self) {
        for (handle, pair) in &self.servers {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            let is_strange = |of: IpEndpoint| of.addr != IpAddress::from(pair.far);
            if socket.remote_endpoint().is_some_and(is_strange) {
                socket.abort();
            } else if !socket.is_open() {
                let _ = socket.listen((IpAddress::from(pair.own), self.port));
            } else if socket.state() == tcp::State::CloseWait {
                socket.close();
            } else {
                echo(socket);
            }
        }
        for (handle, pair) in &self.echoes {
            let socket = self.sockets.get_mut::<udp::Socket<'_>>(*handle);
            while let Ok((octets, meta)) = socket.recv() {
                let octets = octets.to_vec();
                if meta.endpoint.addr == IpAddress::from(pair.far)
                    && let Err(error) = socket.send_slice(&octets, meta.endpoint)
                {
                    tracing::debug!(%error, "links.trial.echo");
                }
            }
        }
    }

    fn stack_time(&self, now: Instant) -> StackInstant {
        let micros = now.saturating_duration_since(self.begun).as_micros();
        StackInstant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

/// Sends back what came, as far as there is room.
fn echo(socket: &mut tcp::Socket<'_>) {
    while socket.can_recv() && socket.can_send() {
        let room = socket.send_capacity() - socket.send_queue();
        let moved = socket.recv(|octets| {
            let taken = octets.len().min(room);
            (taken, octets.get(..taken).unwrap_or_default().to_vec())
        });
        let Ok(octets) = moved else { return };
        if octets.is_empty() || socket.send_slice(&octets).is_err() {
            return;
        }
    }
}

impl Call {
    /// The flow by which the far agent knows it.
    pub(super) const fn flow(&self) -> SocketAddr {
        self.from
    }

    /// The run that it is made for.
    pub(super) const fn run(&self) -> RunId {
        self.run
    }

    /// So many octets are to go and to come back.
    pub(super) fn expect(&mut self, octets: u32) {
        self.wanted = usize::try_from(octets).unwrap_or(usize::MAX);
    }

    /// Whom it calls.
    pub(super) const fn far(&self) -> SocketAddr {
        self.to
    }

    /// The octets of a call are those of no other, and differ along it.
    fn octet(&self, at: usize) -> u8 {
        let RunId(name) = &self.run;
        let of_name = name.get(at % name.len()).copied().unwrap_or_default();
        of_name.wrapping_add((at / name.len()).to_le_bytes()[0])
    }

    /// Sends what is to be sent, and looks at what comes back.
    fn exchange(&mut self, socket: &mut tcp::Socket<'_>) -> Option<Event> {
        while self.sent < self.wanted && socket.can_send() {
            let end = self.wanted.min(self.sent + 1_024);
            let octets: Vec<u8> = (self.sent..end).map(|at| self.octet(at)).collect();
            let Ok(taken @ 1..) = socket.send_slice(&octets) else { break };
            self.sent += taken;
        }
        let mut octets = [0; 2_048];
        while let Ok(length @ 1..) = socket.recv_slice(&mut octets) {
            let came = octets.get(..length).unwrap_or_default();
            let is_same = (self.returned..).zip(came).all(|(at, octet)| *octet == self.octet(at));
            self.returned += length;
            if !is_same || self.returned > self.wanted {
                return Some(Event::Altered);
            }
            if self.returned == self.wanted {
                return Some(Event::Echoed);
            }
        }
        None
    }
}

fn stream() -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
    let mut socket = tcp::Socket::new(buffer(), buffer());
    socket.set_timeout(Some(PATIENCE));
    socket.set_nagle_enabled(false);
    socket
}

fn datagrams() -> udp::Socket<'static> {
    let buffer = || {
        let meta = vec![udp::PacketMetadata::EMPTY; DATAGRAMS];
        udp::PacketBuffer::new(meta, vec![0; BUFFER])
    };
    udp::Socket::new(buffer(), buffer())
}
