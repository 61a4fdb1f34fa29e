//! Where agents tell of the links between offices: HTTP over TLS, by which both ends prove who they are.
//! An agent speaks for the site that its certificate names, and for no other.
//!
//! `GET /v1/links/SITE/events?epoch=` and `cells?epoch=` tell up to which number a log of the agent is
//! kept, `POST` to them with `first=` takes lines that follow, and `POST /v1/links/SITE/state` how the
//! links are. `GET /v1/links/SITE/policy?after=` tells what it is to run by, if there is a newer policy than it
//! has, and `GET /v1/links/SITE/work` what work is planned on its paths. `POST /v1/links/SITE/sector` asks whether it is a path's turn on a sector that it shares. What travels
//! stands in [`link::report`], [`link::policy`], [`link::maintenance`] and [`link::sector`].

mod beside;
mod hearing;
mod intake;
mod judging;
mod mapping;
mod merging;
mod monthly;
mod offices;
mod reporting;
mod settings;
mod telling;
mod told;
mod turns;
mod windows;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as BoundListener};
use std::sync::Arc;
use std::time::Duration;

use certificates::{Followed, Mutual, MutualError};
use connections::{Place, Room};
use domain::Clock;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use store::Store;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub(crate) use judging::{Judging, acknowledge as acknowledge_incident};
pub(crate) use mapping::map as links_now;
pub(crate) use merging::Merging;
pub(crate) use monthly::Monthly;
pub(crate) use reporting::{make as make_report, month, month_before};
pub use settings::LinkCentreSettings;
pub(crate) use telling::Telling;
pub(crate) use windows::{WindowKept, all as all_windows};

use intake::Intake;

const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Agents speak every ten seconds; who is silent for so long is gone, or slow with its next question.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// Certificates that were renewed or revoked count for a new connection.
const LONGEST_CONNECTION: Duration = Duration::from_secs(2 * 3_600);
/// How long to wait when the system cannot give another connection.
const PAUSE: Duration = Duration::from_millis(100);
const FILES_EVERY: Duration = Duration::from_secs(60);
const LARGEST_HEAD: usize = 16 * 1_024;

/// Why agents of links cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum LinkCentreError {
    /// Its files cannot be used.
    #[error(transparent)]
    Files(#[from] MutualError),
    /// Somebody else has the address, or it is none of ours.
    #[error("cannot listen on {at}")]
    Address {
        /// Which.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The listener and what its connections need.
pub struct LinkCentre {
    listener: BoundListener,
    files: Arc<Followed<Mutual>>,
    intake: Intake,
    room: Arc<Room<IpAddr>>,
}

impl LinkCentre {
    /// Reads the files and binds the address.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn bind(
        settings: &LinkCentreSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LinkCentreError> {
        let files = Arc::new(Followed::open(settings.files())?);
        let bound = |source: io::Error| LinkCentreError::Address { at: settings.listen, source };
        let listener = BoundListener::bind(settings.listen).map_err(bound)?;
        listener.set_nonblocking(true).map_err(bound)?;
        let of_one_source = (settings.connections / 4).max(1);
        let room = Room::new(settings.connections, of_one_source);
        let intake = Intake::new(store, clock, settings);
        Ok(Self { listener, files, intake, room })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until told to stop.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        if let Err(error) = self.intake.recall_members().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "link-centre: who shares sectors is known once it tells");
        }
        tracing::info!(listen = %listener.local_addr()?, "link-centre is open");
        let following = self.files.follow(FILES_EVERY, "controller.links", stop.clone());
        let serving = async {
            // End with this.
            let mut connections = JoinSet::new();
            loop {
                self.room.cleared().await;
                tokio::select! {
                    () = stop.cancelled() => return,
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept() => match accepted {
                        Ok((stream, peer)) => {
                            let Some(place) = self.room.take(peer.ip().to_canonical()) else {
                                tracing::debug!(%peer, "link-centre has no room");
                                continue;
                            };
                            let tls = TlsAcceptor::from(self.files.config());
                            connections.spawn(serve(stream, peer, tls, place, self.intake.clone()));
                        }
                        Err(error) => {
                            tracing::warn!(%error, "link-centre.accept");
                            sleep(PAUSE).await;
                        }
                    },
                }
            }
        };
        tokio::join!(following, serving);
        Ok(())
    }
}

/// Serves one connection for as long as it may have its place.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    peer: SocketAddr,
    tls: TlsAcceptor,
    place: Place<IpAddr>,
    intake: Intake,
) {
    let serving = async {
        let stream = match timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::warn!(%peer, %error, "link-centre.handshake"),
            Err(_) => return tracing::debug!(%peer, "link-centre.handshake takes too long"),
        };
        let (_, session) = stream.get_ref();
        let own = session.peer_certificates().and_then(<[_]>::first);
        let names = Arc::new(own.map(certificates::names).unwrap_or_default());
        let service = service_fn(|request| {
            let (intake, names) = (&intake, Arc::clone(&names));
            let place = &place;
            async move {
                let _at_work = place.work();
                Ok::<_, Infallible>(intake.answer(request, &names).await)
            }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "link-centre.connection");
        }
    };
    tokio::select! {
        () = serving => {}
        () = place.lost() => tracing::debug!(%peer, "link-centre: a connection gave way"),
        () = sleep(LONGEST_CONNECTION) => {}
    }
}

#[cfg(test)]
mod tests;
