//! Takes connections, as many as there is room for, and lets those live that prove whose they
//! are.
//!
//! Room is counted in all and, apart, for those that have not proved themselves yet, so that
//! strangers who open connections and say nothing keep no access point out for long.

use std::io;
use std::net::{SocketAddr, TcpListener as BoundListener};
use std::sync::Arc;
use std::time::Duration;

use certificates::{Followed, Mutual, MutualError};
use domain::CertificateName;
use radius_proto::radsec::Version;
use rustls::ProtocolVersion;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::connections::Connections;
use super::line::Line;
use super::peer;
use super::settings::RadsecSettings;
use crate::metrics::Outcome;
use crate::shared::Shared;

/// How long to wait when the system cannot give another connection (no descriptors left).
const PAUSE: Duration = Duration::from_millis(100);
/// A peer that is gone without a word is found out by TCP: a silent one is asked, and neither it nor
/// what was sent to it may stay without an answer for longer than this.
const ASK_IF_ALIVE_AFTER: Duration = Duration::from_secs(60);
const ASK_IF_ALIVE_EVERY: Duration = Duration::from_secs(15);
const GONE_AFTER: Duration = Duration::from_secs(120);

/// What all connections have in common.
pub(crate) struct Radsec {
    pub(super) settings: RadsecSettings,
    files: Followed<Mutual>,
    connections: Connections,
    room: Arc<Semaphore>,
    room_for_strangers: Arc<Semaphore>,
}

/// A place of its own, and one among those that have not proved themselves yet.
struct Places {
    _own: OwnedSemaphorePermit,
    among_strangers: OwnedSemaphorePermit,
}

/// Binds a non-blocking listening socket.
///
/// # Errors
/// What the kernel says.
pub(crate) fn bind(address: SocketAddr) -> io::Result<BoundListener> {
    let listener = BoundListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Radsec {
    /// Reads the files.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub(crate) fn open(
        settings: &RadsecSettings,
        connections: Connections,
    ) -> Result<Self, MutualError> {
        Ok(Self {
            settings: settings.clone(),
            files: Followed::open(settings.files())?,
            connections,
            room: Arc::new(Semaphore::new(settings.connections)),
            room_for_strangers: Arc::new(Semaphore::new(settings.handshakes)),
        })
    }

    /// Reads the files again when they change, until `stop` is cancelled.
    pub(crate) async fn follow_files(&self, stop: CancellationToken) {
        let every = Duration::from_secs(self.settings.reload_seconds);
        self.files.follow(every, "RADIUS/TLS", stop).await;
    }

    fn places(&self) -> Option<Places> {
        Some(Places {
            _own: Arc::clone(&self.room).try_acquire_owned().ok()?,
            among_strangers: Arc::clone(&self.room_for_strangers).try_acquire_owned().ok()?,
        })
    }
}

/// Serves one listening socket until `stop` is cancelled, which ends its connections too.
pub(crate) async fn serve(
    listener: Arc<TcpListener>,
    radsec: Arc<Radsec>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(done) = connections.join_next() => if let Err(error) = done {
                tracing::error!(%error, "radsec.panicked");
                shared.metrics.count(Outcome::Panicked, None);
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match radsec.places() {
                    Some(places) => {
                        let greeting =
                            Greeting { radsec: Arc::clone(&radsec), shared: Arc::clone(&shared), peer };
                        connections.spawn(greeting.receive(stream, places, stop.clone()));
                    }
                    None => shared.metrics.count(Outcome::NoRoom, None),
                },
                Err(error) => {
                    tracing::warn!(%error, "radsec.accept");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    // Each of them sees the token as well, and says goodbye.
    while connections.join_next().await.is_some() {}
}

/// A connection of which nothing is known yet.
struct Greeting {
    radsec: Arc<Radsec>,
    shared: Arc<Shared>,
    peer: SocketAddr,
}

impl Greeting {
    async fn receive(self, stream: TcpStream, places: Places, stop: CancellationToken) {
        let Self { radsec, shared, peer } = &self;
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%peer, %error, "radsec.socket");
        }
        let handshake = TlsAcceptor::from(radsec.files.config()).accept(stream);
        let handshake = timeout(radsec.settings.handshake_time(), handshake);
        let stream = match stop.run_until_cancelled(handshake).await {
            None => return,
            Some(Err(_)) => {
                return self.turn_away(Outcome::HandshakeTooSlow, "no handshake in time");
            }
            Some(Ok(Err(error))) => {
                return self.turn_away(Outcome::HandshakeFailed, &error.to_string());
            }
            Some(Ok(Ok(stream))) => stream,
        };
        let Places { _own, among_strangers } = places;
        drop(among_strangers);
        let names = names(&stream);
        let Some(access_point) = shared.access_points.load().find_by_certificate(&names).cloned()
        else {
            let known_by = names.iter().map(CertificateName::as_str).collect::<Vec<_>>().join(", ");
            return self.turn_away(Outcome::UnknownCertificate, &known_by);
        };
        let Some(version) = version(&stream) else {
            return self.turn_away(Outcome::HandshakeFailed, "RADIUS/1.1 needs TLS 1.3");
        };
        let most = radsec.settings.connections_per_nas;
        let (_entry, errands) = radsec.connections.enter(&access_point.nas.name, most);
        tracing::info!(%peer, nas = %access_point.nas.name, ?version, "radsec.open");
        let line =
            Line::new(&radsec.settings, Arc::clone(shared), (names, access_point), version, *peer);
        line.run(stream, errands, stop).await;
    }

    fn turn_away(&self, outcome: Outcome, detail: &str) {
        self.shared.metrics.count(outcome, None);
        tracing::warn!(peer = %self.peer, reason = outcome.as_str(), detail, "radsec.turned-away");
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(ASK_IF_ALIVE_AFTER).with_interval(ASK_IF_ALIVE_EVERY);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(GONE_AFTER))
}

/// The names of the certificate that the peer has proved to own.
fn names(stream: &TlsStream<TcpStream>) -> Vec<CertificateName> {
    let (_, session) = stream.get_ref();
    let own = session.peer_certificates().and_then(<[_]>::first);
    own.map(|certificate| peer::names(certificate)).unwrap_or_default()
}

/// What was agreed on; RADIUS/1.1 only over TLS 1.3 (RFC 9765 §3.4).
fn version(stream: &TlsStream<TcpStream>) -> Option<Version> {
    let (_, session) = stream.get_ref();
    match Version::agreed(session.alpn_protocol()) {
        Version::Tokens if session.protocol_version() != Some(ProtocolVersion::TLSv1_3) => None,
        version => Some(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_is_gone_without_a_word_is_found_out_by_tcp_within_two_minutes() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        prepare(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(120)));
        drop(peer);
    }
}
