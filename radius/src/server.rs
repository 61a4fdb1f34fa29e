//! The RADIUS server as a whole: its sockets, what they share, and its life.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener as BoundListener, UdpSocket as BoundSocket};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use certificates::MutualError;
use domain::Clock;
use store::{Journal, Store, Trail};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::appearances::Usher;
use crate::class::Tokens;
use crate::cui::CuiKey;
use crate::facts::Facts;
use crate::failures::Failures;
use crate::follower::Follower;
use crate::known_grants::KnownGrants;
use crate::metrics::{Metrics, Outcome};
use crate::notes::Notes;
use crate::precedence::Backlog;
use crate::radsec::{self, Connections, Radsec};
use crate::recording::Recording;
use crate::registrar::Registrar;
use crate::settings::{RadiusSettings, SettingsError};
use crate::shared::Shared;
use crate::{accounting, authentication, socket};

/// A RADIUS server with its sockets bound.
pub struct Radius {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    registrar: Arc<Registrar>,
    usher: Arc<Usher>,
    authentication: Vec<BoundSocket>,
    accounting: Vec<BoundSocket>,
    radsec: Option<(Vec<BoundListener>, Arc<Radsec>)>,
    connections: Connections,
}

/// Where a server listens, after the kernel has chosen ports for those given as 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAddresses {
    /// Of Access-Requests, in the order of the settings.
    pub authentication: Vec<SocketAddr>,
    /// Of Accounting-Requests, in the order of the settings.
    pub accounting: Vec<SocketAddr>,
    /// Of connections of RADIUS over TLS, in the order of the settings.
    pub radsec: Vec<SocketAddr>,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RadiusError {
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Settings(#[from] SettingsError),
    /// A socket cannot be bound.
    #[error("no socket at {address}")]
    Socket {
        /// The address as set.
        address: SocketAddr,
        /// What the kernel says.
        source: io::Error,
    },
    /// Nobody would be told of what arrives at a socket.
    #[error("a socket cannot be watched")]
    Watch(#[source] io::Error),
    /// RADIUS over TLS cannot be served.
    #[error("RADIUS over TLS cannot be served")]
    Radsec(#[from] MutualError),
}

impl Radius {
    /// Binds the sockets; requests are buffered by the kernel until [`Radius::run`]. To be called
    /// within the tokio runtime on which the store is asked; the sockets may be served on another.
    ///
    /// # Errors
    /// The first setting or address that cannot be used.
    pub fn bind(
        settings: &RadiusSettings,
        store: Arc<dyn Store>,
        journal: Journal,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RadiusError> {
        settings.validate()?;
        let authentication = bind_all(&settings.authentication, settings)?;
        let accounting = bind_all(&settings.accounting, settings)?;
        let known = KnownGrants::new(settings.known_grants, settings.known_grant_freshness());
        let (registrar, notices) = Registrar::new(Arc::clone(&store), Arc::clone(&clock));
        let (usher, seen) = Usher::new(Arc::clone(&store), Arc::clone(&clock));
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            access_points: ArcSwap::default(),
            ranges: ArcSwap::default(),
            facts: Facts::new(Arc::clone(&store), known),
            journal,
            recording: Recording::default(),
            backlog: Backlog::default(),
            failures: Failures::new(settings.failures_per_minute),
            tokens: Tokens::new(),
            clock,
            metrics: Arc::default(),
            notices,
            seen,
            notes: Notes::default(),
            cui: OnceLock::new(),
            portal: OnceLock::new(),
        });
        let connections = Connections::default();
        let radsec = match &settings.radsec {
            None => None,
            Some(settings) => {
                let radsec = Radsec::open(settings, connections.clone())?;
                Some((listen_all(&settings.listen)?, Arc::new(radsec)))
            }
        };
        let (registrar, usher) = (Arc::new(registrar), Arc::new(usher));
        Ok(Self {
            shared,
            store,
            registrar,
            usher,
            authentication,
            accounting,
            radsec,
            connections,
        })
    }

    /// Lets Accepts carry Chargeable-User-Identity when asked for (RFC 4372), made with `key`,
    /// which is the same on every server of a city.
    #[must_use]
    pub fn with_cui_key(self, key: &[u8; 32]) -> Self {
        self.shared.cui.get_or_init(|| CuiKey::new(key));
        self
    }

    /// Sends devices that may not go online to the portal at `origin`, `scheme://host[:port]`, where
    /// their access point is redirected by RADIUS.
    #[must_use]
    pub fn with_portal(self, origin: &str) -> Self {
        self.shared.portal.get_or_init(|| origin.to_owned());
        self
    }

    /// Notes in `trail` what is decided and why.
    #[must_use]
    pub fn with_trail(self, trail: Trail) -> Self {
        self.shared.notes.write_into(trail);
        self
    }

    /// Where the sockets are bound.
    #[must_use]
    pub fn local_addresses(&self) -> LocalAddresses {
        let addresses = |sockets: &[BoundSocket]| {
            let mut addresses: Vec<_> =
                sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
            addresses.dedup();
            addresses
        };
        LocalAddresses {
            authentication: addresses(&self.authentication),
            accounting: addresses(&self.accounting),
            radsec: self
                .radsec
                .iter()
                .flat_map(|(listeners, _)| listeners)
                .filter_map(|listener| listener.local_addr().ok())
                .collect(),
        }
    }

    /// The access points that are connected, over which orders can reach them.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// The counters, which go on counting while the server runs.
    #[must_use]
    pub fn statistics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// Serves until `stop` is cancelled. Access points are read before the first request is. A
    /// part that panics is counted and begins anew.
    ///
    /// # Errors
    /// A socket of which this runtime cannot be told when something arrives.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RadiusError> {
        let addresses = self.local_addresses();
        let Self {
            shared,
            store,
            registrar,
            usher,
            authentication,
            accounting,
            radsec,
            connections: _,
        } = self;
        // Listening begins before reading, so that no change falls between the two.
        let follower = Arc::new(Follower::new(Arc::clone(&shared), store));
        follower.read_access_points().await;
        let LocalAddresses { authentication: asked, accounting: told, radsec: tls } = addresses;
        tracing::info!(authentication = ?asked, accounting = ?told, ?tls, "RADIUS answers");
        let mut parts: Vec<Part> = vec![
            Part::Follower(follower),
            Part::Registrar(registrar),
            Part::Usher(usher),
            Part::Renewals,
        ];
        for socket in authentication {
            parts.push(Part::Authentication(watched(socket)?));
        }
        for socket in accounting {
            parts.push(Part::Accounting(watched(socket)?));
        }
        if let Some((listeners, radsec)) = radsec {
            for listener in listeners {
                let listener = TcpListener::from_std(listener).map_err(RadiusError::Watch)?;
                parts.push(Part::Radsec(Arc::new(listener), Arc::clone(&radsec)));
            }
            parts.push(Part::RadsecFiles(radsec));
        }
        let mut tasks = JoinSet::new();
        let mut by_task = HashMap::new();
        for part in parts {
            let task = tasks.spawn(part.clone().run(Arc::clone(&shared), stop.clone()));
            by_task.insert(task.id(), part);
        }
        while let Some(done) = tasks.join_next_with_id().await {
            let Err(error) = done else { continue };
            tracing::error!(%error, "radius.panicked");
            shared.metrics.count(Outcome::Panicked, None);
            if let Some(part) = by_task.remove(&error.id()) {
                let task = tasks.spawn(part.clone().run(Arc::clone(&shared), stop.clone()));
                by_task.insert(task.id(), part);
            }
        }
        Ok(())
    }
}

/// What runs beside the others, and begins anew by itself.
#[derive(Clone)]
enum Part {
    Authentication(Arc<UdpSocket>),
    Accounting(Arc<UdpSocket>),
    Radsec(Arc<TcpListener>, Arc<Radsec>),
    RadsecFiles(Arc<Radsec>),
    Follower(Arc<Follower>),
    Registrar(Arc<Registrar>),
    Usher(Arc<Usher>),
    Renewals,
}

impl Part {
    async fn run(self, shared: Arc<Shared>, stop: CancellationToken) {
        match self {
            Self::Authentication(socket) => authentication::serve(socket, shared, stop).await,
            Self::Accounting(socket) => accounting::serve(socket, shared, stop).await,
            Self::Radsec(listener, radsec) => radsec::serve(listener, radsec, shared, stop).await,
            Self::RadsecFiles(radsec) => radsec.follow_files(stop).await,
            Self::Follower(follower) => follower.follow(stop).await,
            Self::Registrar(registrar) => registrar.run(stop).await,
            Self::Usher(usher) => usher.run(stop).await,
            Self::Renewals => shared.facts.renew(shared.clock.as_ref(), stop).await,
        }
    }
}

fn bind_all(
    addresses: &[SocketAddr],
    settings: &RadiusSettings,
) -> Result<Vec<BoundSocket>, RadiusError> {
    let mut sockets = Vec::new();
    for &address in addresses {
        let bound =
            socket::bind_many(address, settings.receive_buffer, settings.sockets_per_address)
                .map_err(|source| RadiusError::Socket { address, source })?;
        sockets.extend(bound);
    }
    Ok(sockets)
}

fn listen_all(addresses: &[SocketAddr]) -> Result<Vec<BoundListener>, RadiusError> {
    let listen =
        |&address| radsec::bind(address).map_err(|source| RadiusError::Socket { address, source });
    addresses.iter().map(listen).collect()
}

/// The socket, watched by the runtime that runs this.
fn watched(socket: BoundSocket) -> Result<Arc<UdpSocket>, RadiusError> {
    UdpSocket::from_std(socket).map(Arc::new).map_err(RadiusError::Watch)
}
