//! `sabeel serve`: joins the parts and keeps them alive.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use controller::admin::{About, AdminApi, NewAccessPoints, ReportCodes};
use controller::alert_channels::DeadMan;
use controller::{
    Controller, LinkCentre, NasControl, OrderDelivery, Places, Records, ReportMessages,
    SiteMessages,
};
use controller_api::Controllers;
use domain::{Clock, Code, Language, ReportNumber, SiteTexts, SmsText, Timestamp, Urgency};
use messaging::{Courier, Standing};
use portal::{Messages, Portal};
use radius::{Connections, DaeClient, Presence, Radius};
use store::{
    Applier, Archive, Eraser, Journal, KeyRing, Reach, ServerId, SqlStore, Store, Trail,
    TrailArchive,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::alert_channels;
use crate::cli::Part;
use crate::config::{Config, ConfigError};
use crate::controllers::OfPortal;
use crate::gateways::{OfCourier, RoutesOfCourier};
use crate::nas_activity::CountedByRadius;
use crate::nas_control::EveryWay;
use crate::scheduling;

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

/// Words the messages of reports by the portal's catalogue.
struct ByCatalogue(Messages);

impl ReportMessages for ByCatalogue {
    fn report_code(&self, language: &Language, report: &ReportNumber, code: &Code) -> SmsText {
        self.0.report_code(language, report, code)
    }
}

impl SiteMessages for ByCatalogue {
    fn check(&self, texts: &SiteTexts) -> Result<(), String> {
        self.0.check_site(texts).map_err(|error| error.to_string())
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
    let public = Some(&config.portal.public_url).filter(|url| url.starts_with("https://"));
    let secure = config.portal.secure_url.as_ref().or(public);
    Places {
        authentication: first(&config.radius.authentication, AUTHENTICATION),
        accounting: first(&config.radius.accounting, ACCOUNTING),
        orders: config.radius.dynamic_authorization.source_ipv4.into(),
        portal: config.portal.public_url.trim_end_matches('/').to_owned(),
        secure_portal: secure.map(|url| url.trim_end_matches('/').to_owned()),
    }
}

/// Runs the parts until a signal asks to stop or one of them fails.
pub struct Parts {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    journal: Option<Journal>,
    trail: Option<Trail>,
    radius: Option<Arc<radius::Metrics>>,
    connections: Connections,
    /// How the routes of messages stand, where they are sent.
    routes: Option<Standing>,
    /// Under which name other processes know the RADIUS server of this one.
    server: Option<ServerId>,
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
            routes: None,
            server: None,
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
            parts.start_controller(shared)?;
        }
        if part == Some(Part::Radius) {
            parts.start_beside_radius(shared)?;
        }
        Ok(parts)
    }

    async fn start_radius(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let journal = Journal::open(&shared.config.journal_dir(), &shared.config.journal)
            .context("cannot open the accounting journal")?;
        self.journal = Some(journal.clone());
        let journal_id = journal.id();
        let applier = Applier::new(journal.clone(), Arc::clone(&shared.store));
        if shared.config.trail.keep_days > 0 {
            let trail = Trail::open(&shared.config.trail_dir(), &shared.config.trail)
                .context("cannot open the trail")?;
            let eraser = Eraser::new(trail.clone(), Arc::clone(&shared.store));
            let stop = shared.stop.clone();
            self.spawn("eraser", async move {
                eraser.run(stop).await;
                Ok(())
            });
            self.trail = Some(trail);
        }
        let places = places(&shared.config);
        let mut radius = Radius::bind(
            &shared.config.radius,
            Arc::clone(&shared.store),
            journal,
            Arc::clone(&shared.clock),
        )
        .context("cannot start RADIUS")?
        .with_cui_key(&shared.keys.derive("chargeable user identity"))
        // Over TLS if that is possible: whoever reads the address could bring it too.
        .with_portal(places.secure_portal.as_ref().unwrap_or(&places.portal));
        if let Some(trail) = &self.trail {
            radius = radius.with_trail(trail.clone());
        }
        self.radius = Some(radius.statistics());
        self.connections = radius.connections();
        if !shared.config.is_embedded() {
            self.show_radius(shared, ServerId::of_journal(journal_id));
        }
        let stop = shared.stop.clone();
        self.spawn("applier", async move {
            applier.run(stop).await;
            Ok(())
        });
        let stop = shared.stop.clone();
        let ended = scheduling::on_own_threads("radius", async move { radius.run(stop).await })
            .context("cannot start the threads of RADIUS")?;
        self.spawn("radius", async move {
            ended.await.context("RADIUS broke down")?.context("RADIUS failed")
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
        let (standing, receipts) = (courier.standing(), courier.receipts());
        self.routes = Some(standing.clone());
        let portal = portal
            .with_gateways(Arc::new(OfCourier { standing, receipts }))
            .with_controllers(Arc::new(OfPortal::default()));
        let stop = shared.stop.clone();
        self.spawn("portal", async move { portal.run(stop).await.context("the portal failed") });
        let stop = shared.stop.clone();
        self.spawn("messaging", async move {
            courier.run(stop).await;
            Ok(())
        });
        Ok(())
    }

    /// Lets other processes know that RADIUS runs here, and who is connected to it.
    fn show_radius(&mut self, shared: &Shared, server: ServerId) {
        self.server = Some(server.clone());
        let presence = Presence::new(
            Arc::clone(&shared.store),
            Arc::clone(&shared.clock),
            self.connections.clone(),
            (server, machine()),
        );
        let stop = shared.stop.clone();
        self.spawn("presence", async move {
            presence.run(stop).await;
            Ok(())
        });
    }

    /// What a RADIUS server does that runs apart from the controller: it delivers orders to who is
    /// connected to it, and says what it alone has seen.
    fn start_beside_radius(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let nas_control = self.nas_control(shared)?;
        if let (Some(server), Some(_)) = (&self.server, &shared.config.radius.radsec) {
            let delivery = OrderDelivery::new(
                &shared.config.controller,
                Arc::clone(&shared.store),
                Arc::clone(&shared.clock),
                Arc::clone(&nas_control),
                Reach::ConnectedTo(server.clone()),
            );
            let stop = shared.stop.clone();
            self.spawn("order delivery", async move {
                delivery.run(stop).await;
                Ok(())
            });
        }
        let api = self.admin_api(shared, nas_control)?;
        let socket = shared.config.radius_socket();
        let stop = shared.stop.clone();
        self.spawn("socket", async move {
            controller::admin::serve_radius(&socket, api, stop)
                .await
                .context("the interface of RADIUS failed")
        });
        Ok(())
    }

    fn start_controller(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let nas_control = self.nas_control(shared)?;
        let reach = match &self.server {
            _ if shared.config.is_embedded() => Reach::Everyone,
            Some(server) => Reach::UnconnectedOr(server.clone()),
            None => Reach::Unconnected,
        };
        let controller = Controller::new(
            shared.config.controller.clone(),
            Arc::clone(&shared.store),
            Arc::clone(&shared.clock),
            Arc::clone(&nas_control),
            reach,
        );
        let channels = alert_channels::open(&shared.config, Arc::clone(&shared.clock))?;
        let (store, clock) = (Arc::clone(&shared.store), Arc::clone(&shared.clock));
        let controller = controller.with_alerts(&shared.config.controller, channels, store, clock);
        let stop = shared.stop.clone();
        self.spawn("controller", async move {
            controller.run(stop).await;
            Ok(())
        });
        self.start_dead_man(shared)?;
        self.start_link_centre(shared)?;
        let api = self.admin_api(shared, nas_control)?;
        let socket = shared.config.admin_socket();
        let stop = shared.stop.clone();
        self.spawn("admin", async move {
            controller::admin::serve(&socket, api, stop).await.context("the admin interface failed")
        });
        Ok(())
    }

    /// Gives signs of life to a place outside, if that is set, while the store answers.
    fn start_dead_man(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let Some(settings) = &shared.config.alerts.dead_man else { return Ok(()) };
        let dead_man = DeadMan::open(settings).context("no sign of life can be given")?;
        let (store, stop) = (Arc::clone(&shared.store), shared.stop.clone());
        self.spawn("dead-man", async move {
            let is_well =
                || async { store.count_waiting_messages(Urgency::Ordinary).await.is_ok() };
            dead_man.run(is_well, stop).await;
            Ok(())
        });
        Ok(())
    }

    /// Hears the agents of links, where that is set.
    fn start_link_centre(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let Some(settings) = &shared.config.controller.links else { return Ok(()) };
        let (store, clock) = (Arc::clone(&shared.store), Arc::clone(&shared.clock));
        let centre =
            LinkCentre::bind(settings, store, clock).context("cannot hear the agents of links")?;
        let stop = shared.stop.clone();
        self.spawn("link centre", async move {
            centre.run(stop).await.context("the way of the agents of links failed")
        });
        Ok(())
    }

    /// Tells access points, over the connections of this process if they have any here.
    fn nas_control(&self, shared: &Shared) -> anyhow::Result<Arc<dyn NasControl>> {
        let client =
            DaeClient::bind(&shared.config.radius.dynamic_authorization, Arc::clone(&shared.clock))
                .context("cannot open a socket for orders to access points")?
                .over(self.connections.clone());
        let (trail, clock) = (self.trail.clone(), Arc::clone(&shared.clock));
        let controllers = Controllers::default();
        let store = Arc::clone(&shared.store);
        Ok(Arc::new(EveryWay { client, controllers, store, trail, clock }))
    }

    fn admin_api(
        &self,
        shared: &Shared,
        nas_control: Arc<dyn NasControl>,
    ) -> anyhow::Result<AdminApi> {
        let words = Messages::new(&shared.config.portal).context("the words of messages")?;
        let words = Arc::new(ByCatalogue(words));
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
            site_messages: words.clone(),
            report_codes: ReportCodes {
                messages: words,
                sends_per_day: shared.config.controller.report_codes_per_day,
            },
            tariff: shared.config.messaging.tariff(),
            activity: self.radius.clone().map(|seen| Arc::new(CountedByRadius(seen)) as _),
            links: shared.config.controller.links.clone().map(Arc::new),
            routes: self.routes.clone().map(|standing| Arc::new(RoutesOfCourier(standing)) as _),
        };
        Ok(AdminApi::new(Arc::clone(&shared.store), Arc::clone(&shared.clock), about))
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

/// The name of this machine, for people.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "a machine without a name".to_owned() } else { name.to_owned() }
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
