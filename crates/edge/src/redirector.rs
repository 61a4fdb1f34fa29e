//! Answers HTTP of devices that are not online, whatever they asked for: by sending them to the
//! portal (RFC 8952 §2.3, the captive portal's "redirect").
//!
//! The kernel sends every such request here. Each connection has one answer and is closed, so
//! that none outlives the moment when its device is let through.

mod location;
mod wispr;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use connections::{Place, Room};
use domain::{Clock, MacAddress};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, LOCATION, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::access::Standing;
use crate::presence::Presence;
pub(crate) use location::Signpost;

/// Connections at a time, and of one device. Its applications open them by the dozen while it is
/// captive, and each is closed with its answer.
const CONNECTIONS: usize = 1_024;
const CONNECTIONS_OF_DEVICE: usize = 8;
/// How long a connection may take altogether.
const LIFE: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HEADERS: usize = 64;
const HEAD_LIMIT: usize = 16 * 1_024;
/// How long to wait when the system cannot give another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Some clients take a redirect without a body for a broken network.
const GO_ON: &str = "Go on to the login page.\n";
const ONLINE_PAGE: &str = include_str!("redirector/online.html");
const FULL_PAGE: &str = include_str!("redirector/full.html");

/// A device has opened a page.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) device: MacAddress,
    pub(crate) address: Ipv4Addr,
    /// Wants to know how it stands.
    pub(crate) standing: oneshot::Sender<Standing>,
}

/// The listener with all that its answers need.
pub(crate) struct Redirector {
    listener: TcpListener,
    desk: Arc<Desk>,
}

/// What an answer needs.
pub(crate) struct Desk {
    pub(crate) presence: Presence,
    pub(crate) signpost: Signpost,
    pub(crate) hits: mpsc::Sender<Hit>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Redirector {
    /// Binds the address. Needs a running tokio.
    pub(crate) fn bind(address: SocketAddrV4, desk: Desk) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener: TcpListener::from_std(listener)?, desk: Arc::new(desk) })
    }

    /// Where it listens.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until dropped.
    pub(crate) async fn run(self) {
        let room = Room::new(CONNECTIONS, CONNECTIONS_OF_DEVICE);
        loop {
            room.cleared().await;
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let desk = Arc::clone(&self.desk);
                    let Some(place) = room.take(desk.source_of(peer.ip())) else { continue };
                    tokio::spawn(async move {
                        tokio::select! {
                            () = desk.serve(stream, peer.ip(), &place) => {}
                            () = place.lost() => tracing::debug!("edge.redirector.gave-way"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "edge.redirector.accept");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whom a connection is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Device(MacAddress),
    /// Which device has the address is not known.
    Address(IpAddr),
}

impl Desk {
    fn source_of(&self, peer: IpAddr) -> Source {
        let device = match peer.to_canonical() {
            IpAddr::V4(address) => self.presence.device_at(address),
            IpAddr::V6(_) => None,
        };
        device.map_or(Source::Address(peer), Source::Device)
    }

    async fn serve(&self, stream: TcpStream, peer: IpAddr, place: &Place<Source>) {
        let service = service_fn(|request| async move {
            let _work = place.work();
            Ok::<_, Infallible>(self.respond(&request, peer).await)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_buf_size(HEAD_LIMIT)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        if let Ok(Err(error)) = timeout(LIFE, connection).await {
            tracing::debug!(%error, "edge.redirector.connection");
        }
    }

    async fn respond(&self, request: &Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        let IpAddr::V4(address) = peer.to_canonical() else { return full() };
        let Some(device) = self.presence.device_at(address) else { return full() };
        let standing = self.report(device, address).await;
        let wanted = wanted(request);
        let portal = self.signpost.location(device, address, wanted.as_deref(), self.clock.now());
        match (standing, &self.presence) {
            (Standing::TurnedAway, _) => full(),
            (Standing::Online, Presence::Pretended) => online(&portal),
            (Standing::Online | Standing::Offline, _) if wispr::is_asked_for(request) => {
                wispr::redirect(&portal)
            }
            (Standing::Online | Standing::Offline, _) => redirect(&portal),
        }
    }

    /// Tells of the hit; a device whose standing is not told in time is sent to the portal.
    async fn report(&self, device: MacAddress, address: Ipv4Addr) -> Standing {
        let (standing, told) = oneshot::channel();
        match self.hits.try_send(Hit { device, address, standing }) {
            Ok(()) => timeout(HEADER_TIMEOUT, told).await.ok().and_then(Result::ok),
            Err(_) => None,
        }
        .unwrap_or(Standing::Offline)
    }
}

/// The address that was asked for, as far as the request tells.
fn wanted(request: &Request<Incoming>) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Some(format!("http://{host}{path}"))
}

fn redirect(location: &str) -> Response<Full<Bytes>> {
    answer(StatusCode::FOUND)
        .header(LOCATION, location)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::from(GO_ON))
        .expect(VALID)
}

fn online(portal: &str) -> Response<Full<Bytes>> {
    page(StatusCode::OK, ONLINE_PAGE.replace("{portal}", &portal.replace('&', "&amp;")))
}

fn full() -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, FULL_PAGE.to_owned());
    response.headers_mut().insert(RETRY_AFTER, 10.into());
    response
}

fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    answer(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .body(Full::from(text))
        .expect(VALID)
}

/// Every header is a constant or a serialized URL.
const VALID: &str = "a header is plain ASCII";

fn answer(status: StatusCode) -> hyper::http::response::Builder {
    Response::builder().status(status).header(CACHE_CONTROL, "no-store")
}

#[cfg(test)]
mod tests;
