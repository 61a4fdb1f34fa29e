//! `sabeel serve`: joins the parts and keeps them alive.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use controller::admin::{About, AdminApi, NewAccessPoints};
use controller::{Controller, Delivery, NasControl, Places, Probe, Records, Way};
use domain::{Clock, Nas, NasCommand, NasOrder, OrderAnswer, OrderMethod, Session, Timestamp};
use messaging::Courier;
use portal::Portal;
use radius::{Connections, DaeClient, DaeOutcome, Radius};
use store::{
    Applier, Archive, Journal, KeyRing, SqlStore, Store, Trail, TrailArchive, TrailEvent, TrailKind,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::Part;
use crate::config::{Config, ConfigError};
use crate::nas_activity::CountedByRadius;

/// For how long the parts may finish what they are doing once asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Carries the controller's orders by the RADIUS crate's client, and notes what was answered.
struct ByRadius {
    client: DaeClient,
    trail: Option<Trail>,
    clock: Arc<dyn Clock>,
}

impl ByRadius {
    fn note(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        (delivery, sent_at): (Delivery, Timestamp),
    ) {
        let Some(trail) = &self.trail else { return };
        let answer = match delivery {
            Delivery::Acknowledged => Some(OrderAnswer::Acknowledged),
            Delivery::Refused(cause) => Some(OrderAnswer::Refused(cause)),
            Delivery::NoAnswer => Some(OrderAnswer::Nothing),
            Delivery::NoAddress => None,
        };
        let method = match command {
            NasCommand::Disconnect => OrderMethod::Disconnect,
            NasCommand::Reauthenticate => OrderMethod::Reauthenticate,
            NasCommand::Change(_) => OrderMethod::Change,
        };
        let what = TrailKind::Told { order: order.id, method: method.as_str(), answer };
        trail.note(&TrailEvent {
            nas: Some(nas.name.as_str()),
            device: Some(order.device),
            ..TrailEvent::new(sent_at, what)
        });
    }
}

#[async_trait]
impl NasControl for ByRadius {
    async fn deliver(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        session: Option<&Session>,
    ) -> Delivery {
        let sent_at = self.clock.now();
        let delivery = if self.client.reaches(nas) {
            delivery(self.client.deliver(nas, order.device, session, command).await)
        } else {
            Delivery::NoAddress
        };
        self.note(nas, order, command, (delivery, sent_at));
        delivery
    }

    async fn probe(&self, nas: &Nas) -> Probe {
        let way = match nas.dae_address {
            _ if self.client.is_connected(nas) => Way::OwnConnection,
            Some(address) => Way::Address(address),
            None => return Probe { delivery: Delivery::NoAddress, way: Way::None },
        };
        Probe { delivery: delivery(self.client.probe(nas).await), way }
    }
}

/// How a delivery ended, in the controller's words.
const fn delivery(outcome: DaeOutcome) -> Delivery {
    match outcome {
        DaeOutcome::Acknowledged => Delivery::Acknowledged,
        DaeOutcome::Refused(cause) => Delivery::Refused(cause),
        DaeOutcome::NoAnswer => Delivery::NoAnswer,
    }
}

/// What the parts share.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// The store, as traits.
    pub store: Arc<dyn Store>,
    /// The keys to personal data.
    pub keys: KeyRing,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Asks every part to stop.
    pub stop: CancellationToken,
}

impl Shared {
    /// Opens the store; an embedded database is made or brought up to date on the way.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let keys = KeyRing::open_or_create(&config.keys_dir()).context("cannot open the keys")?;
        let settings = config.store_settings();
        if config.is_embedded() {
            SqlStore::migrate(&settings).await.context("cannot prepare the database")?;
        }
        let store =
            SqlStore::connect(&settings, keys.clone()).await.context("cannot open the database")?;
        Ok(Self {
            config,
            store: Arc::new(store),
            keys,
            clock: Arc::new(SystemClock),
            stop: CancellationToken::new(),
        })
    }
}

/// Where access points find this server, as configured.
fn places(config: &Config) -> Places {
    const AUTHENTICATION: u16 = 1_812;
    const ACCOUNTING: u16 = 1_813;
    let first = |addresses: &[SocketAddr], port| {
        addresses.first().copied().unwrap_or((Ipv4Addr::UNSPECIFIED, port).into())
    };
    Places {
        authentication: first(&config.radius.authentication, AUTHENTICATION),
        accounting: first(&config.radius.accounting, ACCOUNTING),
        orders: config.radius.dynamic_authorization.source_ipv4.into(),
        portal: config.portal.public_url.trim_end_matches('/').to_owned(),
    }
}

/// Runs the parts until a signal asks to stop or one of them fails.
pub struct Parts {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    journal: Option<Journal>,
    trail: Option<Trail>,
    radius: Option<Arc<radius::Metrics>>,
    connections: Connections,
    stop: CancellationToken,
}

impl Parts {
    /// Nothing yet.
    pub fn empty(stop: CancellationToken) -> Self {
        Self {
            tasks: JoinSet::new(),
            journal: None,
            trail: None,
            radius: None,
            connections: Connections::default(),
            stop,
        }
    }

    /// Asks every part to stop.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Binds and starts what `part` names, or everything.
    pub async fn start(shared: &Shared, part: Option<Part>) -> anyhow::Result<Self> {
        if part.is_some() && shared.config.is_embedded() {
            return Err(ConfigError::Embedded.into());
        }
        let runs = |wanted| part.is_none_or(|part| part == wanted);
        let mut parts = Self::empty(shared.stop.clone());
        if runs(Part::Radius) {
            parts.start_radius(shared).await?;
        }
        if runs(Part::Portal) {
            parts.start_portal(shared).await?;
        }
        if runs(Part::Controller) {
            parts.start_controller(shared).await?;
        }
        Ok(parts)
    }

    async fn start_radius(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let journal = Journal::open(&shared.config.journal_dir(), &shared.config.journal)
            .context("cannot open the accounting journal")?;
        self.journal = Some(journal.clone());
        let applier = Applier::new(journal.clone(), Arc::clone(&shared.store));
        if shared.config.trail.keep_days > 0 {
            let trail = Trail::open(&shared.config.trail_dir(), &shared.config.trail)
                .context("cannot open the trail")?;
            self.trail = Some(trail);
        }
        let mut radius = Radius::bind(
            &shared.config.radius,
            Arc::clone(&shared.store),
            journal,
            Arc::clone(&shared.clock),
        )
        .context("cannot start RADIUS")?
        .with_cui_key(&shared.keys.derive("chargeable user identity"));
        if let Some(trail) = &self.trail {
            radius = radius.with_trail(trail.clone());
        }
        self.radius = Some(radius.statistics());
        self.connections = radius.connections();
        let stop = shared.stop.clone();
        self.spawn("applier", async move {
            applier.run(stop).await;
            Ok(())
        });
        let stop = shared.stop.clone();
        self.spawn("radius", async move {
            radius.run(stop).await;
            Ok(())
        });
        Ok(())
    }

    async fn start_portal(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let signing = shared.keys.derive("portal context");
        let portal = Portal::new(
            &shared.config.portal,
            Arc::clone(&shared.store),
            Arc::clone(&shared.clock),
            &signing,
        )
        .context("cannot start the portal")?;
        let courier = Courier::new(
            &shared.config.messaging,
            Arc::clone(&shared.store),
            Arc::clone(&shared.clock),
        )
        .context("cannot start messaging")?;
        let stop = shared.stop.clone();
        self.spawn("portal", async move { portal.run(stop).await.context("the portal failed") });
        let stop = shared.stop.clone();
        self.spawn("messaging", async move {
            courier.run(stop).await;
            Ok(())
        });
        Ok(())
    }

    async fn start_controller(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let dae =
            DaeClient::bind(&shared.config.radius.dynamic_authorization, Arc::clone(&shared.clock))
                .context("cannot open a socket for orders to access points")?
                .over(self.connections.clone());
        let nas_control: Arc<dyn NasControl> = Arc::new(ByRadius {
            client: dae,
            trail: self.trail.clone(),
            clock: Arc::clone(&shared.clock),
        });
        let controller = Controller::new(
            shared.config.controller.clone(),
            Arc::clone(&shared.store),
            Arc::clone(&shared.clock),
            Arc::clone(&nas_control),
        );
        let stop = shared.stop.clone();
        self.spawn("controller", async move {
            controller.run(stop).await;
            Ok(())
        });
        let about = About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: if shared.config.is_embedded() { "sqlite" } else { "postgres" }.to_owned(),
            journal: self.journal.clone(),
            records: self.journal.as_ref().map(|_| records(&shared.config, self.trail.clone())),
            new_access_points: NewAccessPoints {
                message_authenticator: shared.config.radius.message_authenticator,
                proxy_state: shared.config.radius.proxy_state(),
            },
            places: places(&shared.config),
            nas_control: Some(nas_control),
            activity: self.radius.clone().map(|seen| Arc::new(CountedByRadius(seen)) as _),
        };
        let api = AdminApi::new(Arc::clone(&shared.store), Arc::clone(&shared.clock), about);
        let socket = shared.config.admin_socket();
        let stop = shared.stop.clone();
        self.spawn("admin", async move {
            controller::admin::serve(&socket, api, stop).await.context("the admin interface failed")
        });
        Ok(())
    }

    /// Adds a part that runs until the token asks it to stop.
    pub fn spawn(
        &mut self,
        name: &'static str,
        part: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, part.await) });
    }

    /// Waits for a signal or the end of a part; then asks all to stop and lets them finish.
    pub async fn run_until_stopped(mut self) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            signal = stop_signal() => signal,
            ended = self.tasks.join_next() => match ended {
                Some(Ok((name, Ok(())))) => Err(anyhow::anyhow!("{name} ended unexpectedly")),
                Some(Ok((name, Err(error)))) => Err(error.context(format!("{name} failed"))),
                Some(Err(error)) => Err(anyhow::anyhow!("a part broke down: {error}")),
                None => Ok(()),
            },
        };
        self.stop.cancel();
        let drained =
            tokio::time::timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} })
                .await;
        if drained.is_err() {
            tracing::warn!("some parts did not finish in time");
        }
        outcome
    }
}

/// What RADIUS has recorded on this machine.
pub fn records(config: &Config, writing: Option<Trail>) -> Records {
    Records {
        trail: TrailArchive::new(&config.trail_dir()),
        journal: Archive::new(&config.journal_dir()),
        writing,
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("cannot listen to signals")?,
    }
    Ok(())
}
