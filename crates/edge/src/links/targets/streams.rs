//! TCP connections and HTTP, a bounded number at once, as tasks beside the thread that schedules them.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use link::targets::{Failure, Probe};
use nix::errno::Errno;
use nix::sys::eventfd::EventFd;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use url::Url;

use super::ends::Bound;
use super::settings::Question;
use crate::links::switch::Family;

/// Connections that are open at once.
const AT_ONCE: usize = 256;

/// What became of a probe, and when that was known.
pub(super) type Outcome = (Probe, Result<(), Failure>, Instant);

/// Where connections are made.
pub(super) struct Streams {
    runtime: Handle,
    room: Arc<Semaphore>,
    outcomes: Sender<Outcome>,
    wake: Arc<EventFd>,
    /// By who vouches for a target.
    trust: HashMap<Option<PathBuf>, TlsConnector>,
}

/// What is connected to.
#[derive(Debug, Clone)]
pub(super) enum Service {
    Port(u16),
    Page { url: Url, host: String, port: u16, ca_file: Option<PathBuf> },
}

impl Streams {
    /// Makes connections on the calling thread's runtime; what becomes of them goes to `outcomes`, and
    /// `wake` says so. Reads the files of those who vouch for these questions.
    ///
    /// # Errors
    /// When such a file cannot be used, and which one.
    pub(super) fn new<'a>(
        questions: impl IntoIterator<Item = &'a Question>,
        outcomes: Sender<Outcome>,
        wake: Arc<EventFd>,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let mut trust = HashMap::new();
        for question in questions {
            if let Question::Http { url, ca_file, .. } = question
                && url.scheme() == "https"
                && !trust.contains_key(ca_file)
            {
                trust.insert(ca_file.clone(), connector(ca_file.as_deref())?);
            }
        }
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { runtime: Handle::current(), room, outcomes, wake, trust })
    }

    /// Begins a probe; `false` if too many are under way.
    pub(super) fn begin(
        &self,
        bound: Bound,
        (address, service): (IpAddr, Service),
        probe: Probe,
        timeout: Duration,
    ) -> bool {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return false };
        let (outcomes, wake) = (self.outcomes.clone(), Arc::clone(&self.wake));
        let tls = match &service {
            Service::Page { url, ca_file, .. } if url.scheme() == "https" => {
                self.trust.get(ca_file).cloned()
            }
            Service::Page { .. } | Service::Port(_) => None,
        };
        self.runtime.spawn(async move {
            let asked = async {
                match service {
                    Service::Port(port) => connect(&bound, address, port).await.map(drop),
                    Service::Page { url, host, port, .. } => {
                        let stream = connect(&bound, address, port).await?;
                        get(stream, tls, &url, host).await
                    }
                }
            };
            // What takes longer is lost without a word, as any other probe.
            if let Ok(outcome) = tokio::time::timeout(timeout, asked).await {
                // Nobody listens and nobody sleeps when it is over.
                let _ = outcomes.send((probe, outcome, Instant::now()));
                let _ = wake.write(1);
            }
            drop(place);
        });
        true
    }
}

/// Connects by the device alone.
async fn connect(bound: &Bound, address: IpAddr, port: u16) -> Result<TcpStream, Failure> {
    let open = || {
        let to = bound.at(address, port)?;
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        bound.bind(&socket, Family::of_address(address))?;
        // It is given up at once, and leaves nothing behind.
        socket.set_linger(Some(Duration::ZERO))?;
        Ok((socket, to))
    };
    let unsent = |error: &io::Error| Failure::Unsent(error.raw_os_error().unwrap_or(libc::EIO));
    let (socket, to) = open().map_err(|error: io::Error| unsent(&error))?;
    TcpSocket::from_std_stream(socket.into()).connect(to).await.map_err(|error| {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ECONNREFUSED) => Failure::Refused,
            Some(Errno::EHOSTUNREACH) => Failure::Unreachable,
            Some(Errno::ETIMEDOUT) => Failure::Silent,
            _ => unsent(&error),
        }
    })
}

/// Gets a page, of which the status alone counts.
async fn get(
    stream: TcpStream,
    tls: Option<TlsConnector>,
    url: &Url,
    host: String,
) -> Result<(), Failure> {
    let status = match tls {
        None => status(stream, url).await?,
        Some(tls) => {
            let name = ServerName::try_from(host).map_err(|_| Failure::Tls)?;
            let stream = tls.connect(name, stream).await.map_err(|_| Failure::Tls)?;
            status(stream, url).await?
        }
    };
    match status {
        200..=399 => Ok(()),
        status => Err(Failure::Status(status)),
    }
}

async fn status<S>(stream: S, url: &Url) -> Result<u16, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Malformed)?;
    let request = Request::builder()
        .method(Method::GET)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
        .header(USER_AGENT, "sabeel")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Failure::Malformed)?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        // A connection that is over may have brought it all the same.
        _ = connection => answer.await,
    };
    answer.map(|answer| answer.status().as_u16()).map_err(|_| Failure::Malformed)
}

/// What makes sessions with whom these vouch for.
fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, (PathBuf, io::Error)> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let wrong = |error| (path.to_owned(), error);
            let text = std::fs::read(path).map_err(wrong)?;
            let bad = |reason: String| wrong(io::Error::new(io::ErrorKind::InvalidData, reason));
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(bad("there is no certificate in it".to_owned()));
            }
        }
        None => {
            let (added, _) =
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if added == 0 {
                tracing::warn!("links.targets: the system trusts nobody; https targets are down");
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what these versions need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
