//! The socket on which the controller ends sessions and changes them (RFC 5176).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Clock;
use radius_proto::dae::{DynamicRequest, DynamicServer, DynamicVerdict, EventTimestampRule, Now};
use radius_proto::dictionary::enumeration::{ErrorCause, ServiceType};
use radius_proto::duplicates::{Disposition, DuplicateLimits};
use radius_proto::log_limit::LogLimit;
use radius_proto::packet::MAX_PACKET_OCTETS;
use radius_proto::server::Datagram;
use radius_proto::{PacketBuilder, Secrets, SharedSecret, attribute};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::access::{Answer, Target};
use crate::radius::{Identity, Wish, read_dynamic_request};

const REMEMBERED: DuplicateLimits = DuplicateLimits {
    retention: Duration::from_secs(600),
    max_entries: NonZeroUsize::new(8_192).expect("not zero"),
};
/// How long the answer to a request may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request that is to be carried out.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) target: Target,
    pub(crate) wish: Wish,
    /// Wants to know what came of it.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The socket with all that its answers need.
pub(crate) struct DynamicAuthorization {
    socket: UdpSocket,
    server: DynamicServer,
    trust: Trust,
    orders: mpsc::Sender<Order>,
    log_limit: LogLimit,
}

/// Who is listened to, and as whom.
pub(crate) struct Trust {
    pub(crate) allowed: Vec<IpAddr>,
    pub(crate) secrets: Secrets,
    pub(crate) identity: Identity,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Trust {
    fn secrets_of(&self, source: SocketAddr) -> Option<&Secrets> {
        self.allowed.contains(&source.ip().to_canonical()).then_some(&self.secrets)
    }

    fn now(&self) -> Now {
        let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        Now { monotonic: Instant::now().into_std(), wall }
    }
}

impl DynamicAuthorization {
    /// Binds the address. Needs a running tokio.
    pub(crate) fn bind(
        address: SocketAddr,
        trust: Trust,
        orders: mpsc::Sender<Order>,
    ) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let server = DynamicServer::new(EventTimestampRule::Required, REMEMBERED);
        Ok(Self { socket, server, trust, orders, log_limit: LogLimit::default() })
    }

    /// Where it listens.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until dropped.
    pub(crate) async fn run(mut self) {
        let mut buffer = [0; MAX_PACKET_OCTETS];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, source)) => {
                    let octets = buffer.get(..length).unwrap_or_default();
                    self.receive(Datagram { source, octets }).await;
                }
                Err(error) => tracing::debug!(%error, "edge.dynamic.receive"),
            }
        }
    }

    async fn receive(&mut self, datagram: Datagram<'_>) {
        let source = datagram.source;
        let secrets = self.trust.secrets_of(source);
        let now = self.trust.now();
        let reply = match self.server.receive(datagram, secrets, now) {
            DynamicVerdict::Drop(reason) => {
                let reason = reason.as_str();
                if self.log_limit.allows(source.ip(), reason, now.monotonic) {
                    tracing::warn!(%source, reason, "edge.dynamic.dropped");
                }
                return;
            }
            DynamicVerdict::Resend(reply) => reply,
            DynamicVerdict::Process(request) => {
                let ticket = request.ticket;
                let reply = answer(&request, &self.trust.identity, &self.orders).await;
                let signed = reply.and_then(|reply| sign(&reply, request.secret));
                let Some(reply) = signed else { return self.server.released(ticket) };
                let now = Instant::now().into_std();
                if self.server.answered(ticket, &reply, now) == Disposition::Superseded {
                    return;
                }
                reply
            }
        };
        if let Err(error) = self.socket.send_to(&reply, source).await {
            tracing::debug!(%error, "edge.dynamic.send");
        }
    }
}

/// Has a request carried out; `None` when nobody answered, so that its sender asks again.
async fn answer(
    request: &DynamicRequest<'_, '_>,
    identity: &Identity,
    orders: &mpsc::Sender<Order>,
) -> Option<PacketBuilder> {
    let (target, wish) = match read_dynamic_request(&request.packet, request.change, identity) {
        Ok(read) => read,
        Err(cause) => return Some(request.nak(cause)),
    };
    let (answer, answered) = oneshot::channel();
    orders.send(Order { target, wish, answer }).await.ok()?;
    let answer = timeout(PATIENCE, answered).await.ok()?.ok()?;
    tracing::info!(change = ?request.change, ?answer, "edge.dynamic.request");
    Some(match answer {
        Answer::Ack => request.ack(),
        Answer::Nak(cause) => {
            let mut nak = request.nak(cause);
            // RFC 5176 §3.2: the NAK says so when a question follows.
            if cause == ErrorCause::RequestInitiated {
                nak.u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly);
            }
            nak
        }
    })
}

fn sign(reply: &PacketBuilder, secret: &SharedSecret) -> Option<radius_proto::SignedPacket> {
    match reply.sign(secret) {
        Ok(signed) => Some(signed),
        Err(error) => {
            tracing::warn!(%error, "edge.dynamic.unsendable");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::{ManualClock, Timestamp};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Counts the lines of the log.
    struct Lines(Arc<AtomicUsize>);

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            if event.metadata().target().ends_with("dynamic_authorization") {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[tokio::test]
    async fn a_flood_of_nonsense_is_one_line_in_the_log() {
        let trust = Trust {
            allowed: Vec::new(),
            secrets: Secrets::new(SharedSecret::new("xyzzy5461").unwrap()),
            identity: Identity::new("gate".parse().unwrap()),
            clock: Arc::new(ManualClock::new(Timestamp::from_secs(1_795_597_200))),
        };
        let (orders, _kept) = mpsc::channel(1);
        let address = ([127, 0, 0, 1], 0).into();
        let mut socket = DynamicAuthorization::bind(address, trust, orders).unwrap();
        let lines = Arc::new(AtomicUsize::new(0));
        let _log = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
        for port in 1..=1_000 {
            let source = ([192, 0, 2, 1], port).into();
            socket.receive(Datagram { source, octets: b"nonsense" }).await;
        }
        assert_eq!(lines.load(Ordering::Relaxed), 1);
    }
}
