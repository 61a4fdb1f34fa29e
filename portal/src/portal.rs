//! The portal as a whole: bound to its addresses, and run until it is told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use connections::Room;
use domain::{ChallengePolicy, Clock, ConversionRule};
use socket2::SockRef;
use store::Store;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::app::App;
use crate::budget::Budgets;
use crate::catalogue::Catalogue;
use crate::consent::Wordings;
use crate::context::ContextSigner;
use crate::conversion;
use crate::first_page::FirstPages;
use crate::gateways::MessageGateways;
use crate::guard::Guard;
use crate::held::HeldAnswers;
use crate::hidden::{Controllers, Hidden};
use crate::places::Places;
use crate::presence::Presence;
use crate::redirects::Redirects;
use crate::server::{Pair, Server, TlsError, TlsFiles};
use crate::settings::{LimitSettings, PortalSettings, SettingsError, TlsSettings};
use crate::strangers::Strangers;

/// As many connections wait to be accepted at an address. The kernel drops the next one without a
/// word, and whoever opens it tries again a second later; the standard library lets 128 wait.
const QUEUE: i32 = 1_024;
/// How often the memory of quiet devices is given back.
const SWEEP: Duration = Duration::from_secs(30);

/// The captive portal, bound and ready to run.
pub struct Portal {
    app: Arc<App>,
    plain: TcpListener,
    encrypted: Option<(TcpListener, Encryption)>,
}

/// The files of TLS, and how often they are looked at.
type Encryption = (Arc<TlsFiles>, Duration);

/// Why the portal cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An address is taken or not ours.
    #[error("the portal cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// Certificate or key is unusable.
    #[error("the portal's TLS: {0}")]
    Tls(#[from] TlsError),
}

impl Portal {
    /// Checks the settings and binds the addresses; nothing is served yet. `context_key` signs
    /// the visit tokens and must be the same on all portals that share a public URL.
    ///
    /// # Errors
    /// A wrong setting, an address that cannot be bound, or an unusable certificate.
    pub fn new(
        settings: &PortalSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        context_key: &Zeroizing<[u8; 32]>,
    ) -> Result<Self, PortalError> {
        let resolved = settings.resolve()?;
        let encrypted = match &settings.tls {
            Some(tls) => Some((bind(tls.listen)?, encryption(tls, &clock)?)),
            None => None,
        };
        let app = App {
            store,
            clock,
            signer: ContextSigner::new(context_key),
            catalogue: Catalogue::new(),
            budgets: Budgets::new(&resolved.limits),
            first_pages: FirstPages::new(),
            places: Places::new(),
            presence: Presence::new(),
            redirects: Redirects::new(),
            strangers: Strangers::new(),
            held: HeldAnswers::new(resolved.limits.held_answers),
            hidden: Hidden::new(),
            wordings: Wordings::default(),
            policy: ChallengePolicy::default(),
            gateways: None,
            settings: resolved,
        };
        Ok(Self { app: Arc::new(app), plain: bind(settings.listen)?, encrypted })
    }

    /// With who asks controllers what they hide in their redirects.
    #[must_use]
    pub fn with_controllers(mut self, controllers: Arc<dyn Controllers>) -> Self {
        let app = Arc::get_mut(&mut self.app).expect("nobody has it before it runs");
        app.hidden.controllers = Some(controllers);
        self
    }

    /// With those who carry the messages.
    #[must_use]
    pub fn with_gateways(mut self, gateways: Arc<dyn MessageGateways>) -> Self {
        let app = Arc::get_mut(&mut self.app).expect("nobody has it before it runs");
        app.gateways = Some(gateways);
        self
    }

    /// The portal without its sockets.
    #[cfg(test)]
    pub(crate) fn app(self) -> Arc<App> {
        self.app
    }

    /// Where plain HTTP is served.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.plain.local_addr().ok()
    }

    /// Where TLS is served, if it is.
    #[must_use]
    pub fn local_tls_address(&self) -> Option<SocketAddr> {
        self.encrypted.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Serves until `stop`, then lets requests under way finish.
    ///
    /// # Errors
    /// A listening socket that cannot be used by the runtime.
    pub async fn run(self, stop: CancellationToken) -> Result<(), PortalError> {
        let limits = self.app.settings.limits.clone();
        let room = Room::new(places(limits.connections), places(limits.connections_per_source));
        let guard = Guard::new(Arc::clone(&self.app)).await;
        let server = |listener: TcpListener, tls| {
            let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0; 4], 0)));
            // SAFETY: a listener owns its descriptor, never replaces it and closes it when dropped.
            let listener = unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) };
            let listener = listener.map_err(io::Error::from);
            let listener = listener.map_err(|source| PortalError::Listen { address, source })?;
            tracing::info!(%address, "the portal listens");
            let (guard, room, limits) = (guard.clone(), Arc::clone(&room), limits.clone());
            Ok::<_, PortalError>(Server { listener, tls, guard, room, limits })
        };
        let plain = server(self.plain, None)?;
        let encrypted = match self.encrypted {
            Some((listener, tls)) => Some((server(listener, Some(Arc::clone(&tls.0)))?, tls)),
            None => None,
        };
        tokio::join!(
            plain.run(stop.clone()),
            async {
                if let Some((encrypted, (files, every))) = encrypted {
                    let followed = files.follow(every, "the portal", stop.clone());
                    tokio::join!(encrypted.run(stop.clone()), followed);
                }
            },
            sweep(&self.app, &stop),
            async {
                stop.cancelled().await;
                self.app.held.let_go();
            },
        );
        Ok(())
    }
}

/// Keeps the memory of budgets as small as the crowd, and messages to where their codes are entered.
async fn sweep(app: &App, stop: &CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        app.budgets.forget_quiet_devices();
        let LimitSettings { conversion_least: least, conversion_percent: percent, .. } =
            app.settings.limits;
        let rule = ConversionRule { least, percent };
        if let Err(error) = conversion::look(app.store.as_ref(), rule, app.clock.now()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "how many codes are entered cannot be counted");
        }
    }
}

fn places(setting: u32) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}

fn encryption(settings: &TlsSettings, clock: &Arc<dyn Clock>) -> Result<Encryption, TlsError> {
    let pair = Pair { settings: settings.clone(), clock: Arc::clone(clock) };
    Ok((Arc::new(TlsFiles::open(pair)?), Duration::from_secs(settings.reload_seconds)))
}

fn bind(address: SocketAddr) -> Result<TcpListener, PortalError> {
    let refuse = |source| PortalError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(refuse)?;
    SockRef::from(&listener).listen(QUEUE).map_err(refuse)?;
    listener.set_nonblocking(true).map_err(refuse)?;
    Ok(listener)
}
