//! What the tests of several modules start from.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::{
    AccountId, Clock, Consumption, Grant, GrantId, GrantState, HandOff, Language, MacAddress,
    ManualClock, MessageAuthenticatorRule, Nas, NasProfile, OctetDirection, Octets, Plan,
    ProxyStateRule, Session, SessionId, SessionIdentification, SessionState, Site, Speed,
    StatusServerRule, Terms, Timestamp, Usage, assess,
};
use radius_proto::{Authenticator, PacketBuilder, SharedSecret};
use store::testing::TestStore;
use store::{Journal, JournalSettings, SignIn, Standing};
use tokio::net::UdpSocket;

use crate::access_points::AccessPoints;
use crate::appearances::Usher;
use crate::authorise::Admission;
use crate::class::Tokens;
use crate::facts::Facts;
use crate::failures::Failures;
use crate::known_grants::KnownGrants;
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::port::Port;
use crate::precedence::Backlog;
use crate::recording::Recording;
use crate::registrar::Registrar;
use crate::settings::RadiusSettings;
use crate::shared::Shared;

/// A noon in November.
pub(crate) const T0: Timestamp = Timestamp::from_secs(1_795_597_200);
/// A visitor's telephone.
pub(crate) const DEVICE: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);

/// The secret of the examples in RFC 2865 §7.
pub(crate) fn secret() -> SharedSecret {
    SharedSecret::new("xyzzy5461").unwrap()
}

/// An access point of any maker.
pub(crate) fn nas() -> Nas {
    Nas {
        name: "gate".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: "127.0.0.0/8".parse().unwrap(),
        certificate: None,
        identifier: None,
        secret: "xyzzy5461".parse().unwrap(),
        former_secret: None,
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff::mac_authentication(None),
        portal_path: "4f2a9c".parse().unwrap(),
    }
}

/// A session of which the access point said everything.
pub(crate) fn session() -> Session {
    Session {
        id: SessionId::from_bytes([2; 16]),
        nas: nas().name,
        acct_session_id: "5C1".into(),
        device: DEVICE,
        user_name: "02005e10ab0c".into(),
        address: Some(IpAddr::from([10, 0, 0, 5])),
        grant: None,
        started_at: T0 - Duration::from_secs(600),
        updated_at: T0,
        usage: Usage { downloaded: Octets::new(1_000), ..Usage::default() },
        state: SessionState::Open,
        identification: SessionIdentification {
            nas_identifier: Some("ap-7".into()),
            nas_address: Some(IpAddr::from([192, 0, 2, 7])),
            nas_port: Some(3),
            nas_port_id: Some("wlan0".into()),
            calling_station_id: Some("0200.5e10.ab0c".into()),
            called_station_id: Some("AA-BB-CC-00-00-01:Park".into()),
            acct_multi_session_id: Some("M1".into()),
            ipv6_address: Some("2001:db8::5".parse().unwrap()),
            class: vec![vec![1], vec![2]],
            chargeable_user_identity: Some("v7".into()),
        },
        speed: Speed::Full,
    }
}

/// A plan of two hours and 1 GB a day.
pub(crate) fn plan() -> Plan {
    Plan::visitor("visitor".parse().unwrap())
}

/// A grant of thirty days.
pub(crate) fn grant() -> Grant {
    Grant {
        id: GrantId::from_bytes([7; 16]),
        account: AccountId::from_bytes([8; 16]),
        device: DEVICE,
        site: "walkway".parse().unwrap(),
        plan: "visitor".parse().unwrap(),
        issued_at: T0,
        until: T0 + Duration::from_secs(30 * 86_400),
        state: GrantState::Live,
    }
}

/// How a visitor stands who used this much.
pub(crate) fn standing(used: Consumption) -> Standing {
    let site = site();
    let assessment = assess(&plan(), &used, &site.zone, T0);
    Standing { site, plan: plan(), used, assessment }
}

fn site() -> Site {
    Site::new("walkway".parse().unwrap(), plan().name)
}

/// Gives [`DEVICE`] its grant, in a store that is empty.
pub(crate) async fn sign_in(store: &TestStore) {
    store.add_plan(&plan()).await.unwrap();
    store.add_site(&site()).await.unwrap();
    let sign_in = SignIn {
        identity: "+966501234567".parse().unwrap(),
        new_account: grant().account,
        language: Language::arabic(),
        grant: grant(),
        agreed: Vec::new(),
        devices: 3,
    };
    store.sign_in(&sign_in).await.unwrap();
}

/// Someone who has an hour and 5 GB left.
pub(crate) fn admission() -> Admission {
    Admission { grant: grant(), terms: terms() }
}

/// An hour and 5 GB at the plan's speed.
pub(crate) fn terms() -> Terms {
    let plan = plan();
    Terms {
        speed: Speed::Full,
        rate: plan.rate,
        time: Duration::from_secs(3_600),
        data: Some(Octets::new(5_000_000_000)),
        idle_timeout: plan.idle_timeout,
        interim_interval: plan.interim_interval,
    }
}

/// What the sockets of a server share: an empty store, one access point on loopback, and a clock
/// that stands at [`T0`].
pub(crate) struct Inside {
    pub(crate) shared: Arc<Shared>,
    _store: TestStore,
    _journal: tempfile::TempDir,
}

/// Builds the inside of a server, without its sockets.
pub(crate) async fn inside(settings: RadiusSettings) -> Inside {
    let store = store::testing::sqlite().await;
    let dir = tempfile::tempdir().unwrap();
    let metrics = Arc::new(Metrics::default());
    let known = KnownGrants::new(settings.known_grants, settings.known_grant_freshness());
    let failures = Failures::new(settings.failures_per_minute);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(T0));
    let (_, notices) = Registrar::new(store.shared(), Arc::clone(&clock));
    let (_, seen) = Usher::new(store.shared(), Arc::clone(&clock));
    let shared = Arc::new(Shared {
        settings,
        ranges: ArcSwap::default(),
        access_points: ArcSwap::from_pointee(AccessPoints::new(
            vec![nas()],
            &[],
            &AccessPoints::default(),
            &metrics,
            T0,
        )),
        facts: Facts::new(store.shared(), known),
        journal: Journal::open(dir.path(), &JournalSettings::default()).unwrap(),
        recording: Recording::default(),
        backlog: Backlog::default(),
        failures,
        tokens: Tokens::new(),
        clock,
        metrics,
        notices,
        seen,
        notes: Notes::default(),
        cui: OnceLock::new(),
        portal: OnceLock::new(),
    });
    Inside { shared, _store: store, _journal: dir }
}

impl Inside {
    /// How often an outcome came.
    pub(crate) fn counted(&self, outcome: &str) -> u64 {
        self.shared.metrics.snapshot().outcomes.get(outcome).copied().unwrap_or(0)
    }
}

/// A socket of the server, and one of an access point.
pub(crate) async fn sockets() -> (Arc<UdpSocket>, UdpSocket) {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nas = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    nas.connect(server.local_addr().unwrap()).await.unwrap();
    (Arc::new(server), nas)
}

/// Waits until so many datagrams wait at `port`.
pub(crate) async fn arrive(port: &mut Port, count: usize) {
    let socket = Arc::clone(&port.socket);
    while port.waiting() < count {
        socket.readable().await.unwrap();
        port.fill();
    }
}

/// The octets of an Access-Request with these attributes.
pub(crate) fn access_request(attributes: impl FnOnce(&mut PacketBuilder)) -> Vec<u8> {
    let mut request = PacketBuilder::access_request(Authenticator::new([1; 16]));
    attributes(&mut request);
    request.sign(&secret()).unwrap().to_vec()
}
