//! The accept loop and the life of one connection.
//!
//! Plain probes are answered early; hyper has the rest. Slow or silent clients are cut: the head of
//! a request, the request as a whole and the connection each have a time limit, and who only waits
//! gives way when there is no room. On `stop` no connection is accepted any more, idle ones close,
//! and requests under way get a while to finish.

mod early;
mod prepared;
mod source;
mod tls;
mod watched;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connections::{Place, Room};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;
use crate::settings::LimitSettings;
pub(crate) use early::Asked;
use early::Early;
pub(crate) use prepared::Prepared;
pub(crate) use source::source_of;
pub(crate) use tls::{Pair, TlsFiles};
pub use tls::{TlsError, TlsReport};
use watched::{Waiting, Watched};

/// The largest request head; hyper answers a larger one with 431.
const HEAD_LIMIT: usize = 16 * 1_024;
/// How long to wait when the system cannot give another connection (no descriptors left).
const PAUSE: Duration = Duration::from_millis(100);

/// One listening address and everything that its connections need.
pub(crate) struct Server {
    pub listener: TcpListener,
    /// `None` serves plain HTTP.
    pub tls: Option<Arc<TlsFiles>>,
    pub guard: Guard,
    pub room: Arc<Room<IpAddr>>,
    pub limits: LimitSettings,
}

impl Server {
    /// Serves until `stop`, then drains.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer, &stop, &mut connections),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(PAUSE).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = stop.cancelled() => break,
            }
        }
        drop(self.listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(self.limits.drain(), drained).await.is_err() {
            tracing::warn!("connections were cut because they did not finish in time");
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.room.cleared().await;
        self.listener.accept().await
    }

    /// Takes a connection if there is room for it, or somebody gives way.
    fn admit(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        stop: &CancellationToken,
        connections: &mut JoinSet<()>,
    ) {
        let Some(place) = self.room.take(source_of(peer.ip())) else {
            tracing::debug!("a connection was refused, for all others are at work");
            return;
        };
        let connection = Connection {
            peer,
            guard: self.guard.clone(),
            limits: self.limits.clone(),
            stop: stop.clone(),
            transport: if self.tls.is_some() { Transport::Encrypted } else { Transport::Plain },
        };
        let tls = self.tls.as_ref().map(|files| TlsAcceptor::from(files.config()));
        connections.spawn(async move {
            tokio::select! {
                () = connection.run(stream, tls, &place) => {}
                () = place.lost() => tracing::debug!("a connection gave way to a newer one"),
            }
        });
    }
}

/// What one connection needs to answer its requests.
struct Connection {
    peer: SocketAddr,
    guard: Guard,
    limits: LimitSettings,
    stop: CancellationToken,
    transport: Transport,
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Encrypted,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>, place: &Place<IpAddr>) {
        match tls {
            None => self.serve(stream, place).await,
            // Boxed, so that a connection without TLS is no larger for it.
            Some(tls) => Box::pin(self.serve_encrypted(stream, &tls, place)).await,
        }
    }

    async fn serve_encrypted(self, stream: TcpStream, tls: &TlsAcceptor, place: &Place<IpAddr>) {
        match timeout(self.limits.header_timeout(), tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, place).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    /// Answers requests until the client leaves, time is over, or the portal stops.
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin, place: &Place<IpAddr>) {
        let (waiting, closing) = (&Waiting::new(), &AtomicBool::new(false));
        let mut answering = pin!(self.answer(stream, place, waiting, closing));
        tokio::select! {
            () = answering.as_mut() => return,
            () = waiting.longer_than(self.limits.header_timeout()) => return,
            () = self.stop.cancelled() => {}
            () = sleep(self.limits.connection_life()) => {}
        }
        closing.store(true, Ordering::Relaxed);
        // Whoever is not done by then is slow, and that matters no more.
        drop(timeout(self.limits.request_timeout(), answering).await);
    }

    /// Answers requests until the client leaves; once `closing` is set, only those under way.
    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        place: &Place<IpAddr>,
        waiting: &Waiting,
        closing: &AtomicBool,
    ) {
        let peer = self.peer.ip().to_canonical();
        let (guard, transport) = (&self.guard, self.transport);
        let mut stream = Watched { stream, waiting, read: Vec::new() };
        if transport == Transport::Plain {
            let early = Early { guard, peer, place, waiting, closing };
            let Some(read) = early.answer(&mut stream).await else { return };
            stream.read = read;
        }
        let service = service_fn(|request| async move {
            let _at_work = (place.work(), waiting.answer());
            Ok::<_, Infallible>(guard.respond(request, peer, transport).await)
        });
        let connection = http1::Builder::new()
            .max_buf_size(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let done = poll_fn(|context| {
            let outcome = connection.as_mut().poll(context);
            if outcome.is_ready() || !closing.load(Ordering::Relaxed) {
                return outcome;
            }
            connection.as_mut().graceful_shutdown();
            connection.as_mut().poll(context)
        });
        // An error here is the client's leaving, or its slowness; neither matters any more.
        drop(done.await);
    }
}

#[cfg(test)]
mod tests;
