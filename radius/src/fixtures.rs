//! What the tests of several modules start from.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::{
    AccountId, Consumption, Grant, GrantId, GrantState, HandOff, Localised, MacAddress,
    ManualClock, MessageAuthenticatorRule, Nas, NasOrder, NasProfile, OctetDirection, Octets,
    OrderId, OrderKind, OrderReason, OrderState, Plan, Remaining, Site, Timestamp, Zone, assess,
};
use radius_proto::{Authenticator, PacketBuilder, SharedSecret};
use store::testing::TestStore;
use store::{Journal, JournalSettings, Standing};
use tokio::net::UdpSocket;

use crate::access_points::AccessPoints;
use crate::authorise::Admission;
use crate::facts::Facts;
use crate::known_grants::KnownGrants;
use crate::metrics::Metrics;
use crate::recording::Recording;
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
        secret: "xyzzy5461".parse().unwrap(),
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff::MacAuthentication { redirect_secret: None },
        portal_path: "4f2a9c".parse().unwrap(),
    }
}

/// An order about [`DEVICE`] at [`nas`].
pub(crate) fn order(kind: OrderKind) -> NasOrder {
    NasOrder {
        id: OrderId::from_bytes([1; 16]),
        nas: nas().name,
        kind,
        device: DEVICE,
        session: None,
        reason: OrderReason::SignedIn,
        created_at: T0,
        state: OrderState::Waiting { attempts: 0, next_at: T0 },
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
    let zone = Zone::riyadh();
    let assessment = assess(&plan(), &used, &zone, T0);
    let site = Site {
        name: "walkway".parse().unwrap(),
        title: Localised::default(),
        zone,
        plan: "visitor".parse().unwrap(),
        countries: Vec::new(),
    };
    Standing { site, plan: plan(), used, assessment }
}

/// Someone who has an hour and 5 GB left.
pub(crate) fn admission() -> Admission {
    Admission {
        grant: grant(),
        plan: plan(),
        remaining: Remaining {
            time: Some(Duration::from_secs(3_600)),
            data: Some(Octets::new(5_000_000_000)),
        },
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
    let shared = Arc::new(Shared {
        settings,
        access_points: ArcSwap::from_pointee(AccessPoints::new(vec![nas()], &metrics)),
        facts: Facts::new(store.shared(), known),
        journal: Journal::open(dir.path(), &JournalSettings::default()).unwrap(),
        recording: Recording::default(),
        clock: Arc::new(ManualClock::new(T0)),
        metrics,
        cui: OnceLock::new(),
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

/// The octets of an Access-Request with these attributes.
pub(crate) fn access_request(attributes: impl FnOnce(&mut PacketBuilder)) -> Vec<u8> {
    let mut request = PacketBuilder::access_request(Authenticator::new([1; 16]));
    attributes(&mut request);
    request.sign(&secret()).unwrap().to_vec()
}
