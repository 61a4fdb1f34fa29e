//! Opens everything that the gateway needs, and goes on from where an earlier run has left.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{BitRate, Clock};
use radius_proto::{Secrets, SharedSecret};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::desk::{Desk, Saved, ServerSide, Unsaved};
use super::{Agent, EdgeError, QUEUE};
use crate::access::{AccessControl, AccessRules, AcctSessionId};
use crate::advertiser::Advertiser;
use crate::credentials::Credentials;
use crate::dynamic_authorization::{DynamicAuthorization, Trust};
use crate::enforcer::Enforcer;
use crate::ledger::{Ledger, Notice};
use crate::neighbour::{NeighbourTable, NeighbourWatch};
use crate::nftables::{GatewayRules, NftEnforcer};
use crate::presence::Presence;
use crate::pretend::PretendEnforcer;
use crate::radius::{Identity, Servers};
use crate::random;
use crate::redirector::{self, Redirector, Signpost};
use crate::settings::{EdgeSettings, EnforcerKind};
use crate::state_file::StateFile;
use crate::timeline::Timeline;

/// 4 MB/s.
const PRETENDED_RATE: BitRate = BitRate::new(32_000_000);

/// The kernel's side, or what stands for it.
struct Ground {
    enforcer: Box<dyn Enforcer>,
    rules: Option<GatewayRules>,
    neighbours: Option<NeighbourWatch>,
    presence: Presence,
}

impl Agent {
    /// Opens everything; from then on packets are treated as they must. To be called within a
    /// tokio runtime, in the network namespace of the router.
    ///
    /// # Errors
    /// A setting, interface, address or file that cannot be used.
    pub fn start(
        settings: &EdgeSettings,
        credentials: &Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EdgeError> {
        settings.validate()?;
        let secret = SharedSecret::new(credentials.secret().expose())
            .expect("a secret of the domain is never empty");
        let identity = Identity::new(credentials.name().clone());
        let servers = servers(settings, identity.clone(), secret.clone())?;
        let Ground { enforcer, rules, neighbours, presence } = ground(settings)?;
        let (access, ledger, timeline, saved) = go_on(settings)?;
        let errands = JoinSet::new();
        let desk = Desk { access, ledger, enforcer, rules, timeline, saved, servers, errands };

        let (hits, heard_hits) = mpsc::channel(QUEUE);
        let path = credentials.portal_path();
        let redirect_secret = credentials.redirect_secret().clone();
        let signpost = Signpost::new(&settings.portal_url, path, redirect_secret);
        let pages = redirector::Desk { presence, signpost, hits, clock: Arc::clone(&clock) };
        let address = settings.redirector;
        let redirector = Redirector::bind(address, pages).map_err(listen(address.into()))?;

        let advertiser = match (&settings.advertised_portal, &desk.rules) {
            (Some(portal), Some(rules)) => {
                let api = format!("{portal}n/{path}/capport");
                Some(Advertiser::open(&rules.visitors, &api).map_err(EdgeError::Advertise)?)
            }
            (None, _) | (_, None) => None,
        };

        let (orders, heard_orders) = mpsc::channel(QUEUE);
        let trust =
            Trust { allowed: settings.allowed(), secrets: Secrets::new(secret), identity, clock };
        let address = settings.dynamic_authorization.listen;
        let dynamic =
            DynamicAuthorization::bind(address, trust, orders).map_err(listen(address))?;
        let (hits, orders) = (heard_hits, heard_orders);
        Ok(Self { desk, neighbours, redirector, advertiser, dynamic, hits, orders })
    }
}

fn listen(address: SocketAddr) -> impl FnOnce(std::io::Error) -> EdgeError {
    move |source| EdgeError::Listen { address, source }
}

fn servers(
    settings: &EdgeSettings,
    identity: Identity,
    secret: SharedSecret,
) -> Result<ServerSide, EdgeError> {
    let patience = settings.radius.patience();
    let open = |addresses| Servers::open(addresses, &secret, patience).map(Arc::new);
    let authentication =
        open(&settings.radius.authentication_servers).map_err(EdgeError::Servers)?;
    let accounting = open(&settings.radius.accounting_servers).map_err(EdgeError::Servers)?;
    Ok(ServerSide { authentication, accounting, identity, secret })
}

fn ground(settings: &EdgeSettings) -> Result<Ground, EdgeError> {
    if settings.enforcer == EnforcerKind::Pretend {
        let enforcer = Box::new(PretendEnforcer::new(PRETENDED_RATE));
        let presence = Presence::Pretended;
        return Ok(Ground { enforcer, rules: None, neighbours: None, presence });
    }
    let rules = settings.rules()?;
    let neighbours = Some(NeighbourWatch::open(&rules.visitors)?);
    let presence = Presence::Neighbours(Mutex::new(NeighbourTable::open(&rules.visitors)?));
    let enforcer = Box::new(NftEnforcer::start(&rules)?);
    Ok(Ground { enforcer, rules: Some(rules), neighbours, presence })
}

/// What an earlier run has left; without it, the accounting server hears that no session is known.
fn go_on(settings: &EdgeSettings) -> Result<(AccessControl, Ledger, Timeline, Saved), EdgeError> {
    let path = &settings.state_file;
    let unusable = |source| EdgeError::State { path: path.clone(), source };
    let file = StateFile::at(path);
    let state = file.load().map_err(unusable)?;
    let timeline = Timeline::go_on(state.as_ref().map(|state| &state.mark));
    let now = timeline.now();
    let rules = AccessRules {
        max_devices: settings.max_devices,
        least_interim: Duration::from_secs(settings.least_interim_seconds),
        most_interim: Duration::from_secs(settings.most_interim_seconds),
        run: u32::from_be_bytes(random::octets()),
    };
    let mut access = AccessControl::new(rules);
    let ledger = match state {
        Some(state) => {
            tracing::info!(sessions = state.sessions.len(), "edge.resumed");
            access.restore(state.sessions, now);
            Ledger::restore(state.untold)
        }
        None => {
            let mut ledger = Ledger::default();
            ledger.add(Notice::On { at: now, session: AcctSessionId::new(rules.run, 0) });
            ledger
        }
    };
    let saved = Saved { file, at: Instant::now(), unsaved: Unsaved::Sessions };
    Ok((access, ledger, timeline, saved))
}
