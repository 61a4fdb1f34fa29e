//! The accept loop and the life of one connection.
//!
//! Plain probes are answered early, if they can where they are accepted, and so are plain requests for the
//! first page; hyper has the rest. Slow or silent clients are cut: the head of a request, the request as
//! a whole and the connection each have a time limit, and who only waits gives way when there is no room.
//! On `stop` no connection is accepted any more, idle ones close, and requests under way get a while to
//! finish.

mod early;
mod prepared;
mod source;
mod tls;
mod watched;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, TcpListener, TcpStream as StdTcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connections::{Place, Room};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;
use crate::settings::LimitSettings;
pub(crate) use early::Asked;
use early::Early;
pub(crate) use prepared::{Filled, Prepared};
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
    pub listener: AsyncFd<TcpListener>,
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
            let taken = tokio::select! {
                accepted = self.accept() => accepted.and_then(|(stream, peer)| {
                    self.receive(stream, peer, &stop, &mut connections)
                }),
                () = stop.cancelled() => break,
            };
            if let Err(error) = taken {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
        drop(self.listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(self.limits.drain(), drained).await.is_err() {
            tracing::warn!("connections were cut because they did not finish in time");
        }
    }

    async fn accept(&self) -> io::Result<(StdTcpStream, IpAddr)> {
        self.room.cleared().await;
        let (stream, peer) =
            self.listener.async_io(Interest::READABLE, TcpListener::accept).await?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer.ip().to_canonical()))
    }

    /// Takes a connection, unless it is answered and over at once.
    fn receive(
        &self,
        stream: StdTcpStream,
        peer: IpAddr,
        stop: &CancellationToken,
        connections: &mut JoinSet<()>,
    ) -> io::Result<()> {
        let read = match self.tls {
            None => early::answer_at_once(&self.guard, peer, &stream),
            Some(_) => Some(Vec::new()),
        };
        if let Some(read) = read {
            self.admit((TcpStream::from_std(stream)?, read), peer, stop, connections);
        }
        Ok(())
    }

    /// Takes a connection, of which so much was read, if there is room for it or somebody gives way.
    fn admit(
        &self,
        (stream, read): (TcpStream, Vec<u8>),
        peer: IpAddr,
        stop: &CancellationToken,
        connections: &mut JoinSet<()>,
    ) {
        // Whoever is done by now, without being woken by each of them.
        while connections.try_join_next().is_some() {}
        let Some(place) = self.room.take(source_of(peer)) else {
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
                biased;
                () = connection.run(stream, read, tls, &place) => {}
                () = place.lost() => tracing::debug!("a connection gave way to a newer one"),
            }
        });
    }
}

/// What one connection needs to answer its requests.
struct Connection {
    peer: IpAddr,
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
    async fn run(
        self,
        stream: TcpStream,
        read: Vec<u8>,
        tls: Option<TlsAcceptor>,
        place: &Place<IpAddr>,
    ) {
        match tls {
            None => self.serve(stream, read, place).await,
            // Boxed, so that a connection without TLS is no larger for it.
            Some(tls) => Box::pin(self.serve_encrypted(stream, &tls, place)).await,
        }
    }

    async fn serve_encrypted(self, stream: TcpStream, tls: &TlsAcceptor, place: &Place<IpAddr>) {
        match timeout(self.limits.header_timeout(), tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, Vec::new(), place).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    /// Answers requests until the client leaves, time is over, or the portal stops; some octets were
    /// read already.
    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        read: Vec<u8>,
        place: &Place<IpAddr>,
    ) {
        let (waiting, closing) = (&Waiting::new(), &AtomicBool::new(false));
        let mut answering = pin!(self.answer(stream, read, place, waiting, closing));
        // In this order, for many are answered at once, and need no timer.
        tokio::select! {
            biased;
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
        read: Vec<u8>,
        place: &Place<IpAddr>,
        waiting: &Waiting,
        closing: &AtomicBool,
    ) {
        let (guard, peer, transport) = (&self.guard, self.peer, self.transport);
        let mut stream = Watched { stream, waiting, read };
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
