//! A small city for the stories: a store with a site, a plan and access points, and a RADIUS
//! server on loopback. The access points are played by `radclient`, or by a plain socket where
//! the octets matter.

// Each story is a program of its own, and uses its part of this.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{
    AccountId, Clock, Grant, GrantId, GrantState, HandOff, MacAddress, ManualClock,
    MessageAuthenticatorRule, Nas, NasProfile, NasRange, OctetDirection, OfficeNeed, OfficeState,
    OpeningHours, Plan, ProxyStateRule, RatePair, Site, StatusServerRule, Timestamp,
};
use radius::{Connections, Metrics, Radius, RadiusError, RadiusSettings};
use store::{
    AccessPoints, Accounts, Applier, Journal, JournalSettings, KeyRing, NasRanges, Plans, SignIn,
    Sites, SqlStore, Store, StoreSettings,
};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A noon in November.
pub const T0: Timestamp = Timestamp::from_secs(1_795_597_200);
/// The secret of every access point.
pub const SECRET: &str = "a secret of more than twelve";
/// A visitor's telephone.
pub const DEVICE: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0c]);

/// A clock that stands still until it is moved, and can be made to fail.
pub struct CityClock {
    time: ManualClock,
    fails: AtomicBool,
}

impl CityClock {
    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.time.advance(span);
    }

    /// Makes whoever asks next for the time panic.
    pub fn fail_once(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }
}

impl Clock for CityClock {
    fn now(&self) -> Timestamp {
        assert!(!self.fails.swap(false, Ordering::SeqCst), "the clock of this story fails once");
        self.time.now()
    }
}

/// A running server.
pub struct City {
    pub store: SqlStore,
    pub clock: Arc<CityClock>,
    pub authentication: SocketAddr,
    pub accounting: SocketAddr,
    /// Where RADIUS over TLS listens, if the blueprint says so.
    pub radsec: Option<SocketAddr>,
    pub connections: Connections,
    pub metrics: Arc<Metrics>,
    journal: Journal,
    stop: CancellationToken,
    server: JoinHandle<Result<(), RadiusError>>,
    _files: TempDir,
}

/// What a city is built from.
pub struct Blueprint {
    pub access_points: Vec<Nas>,
    pub ranges: Vec<NasRange>,
    /// When the site of all access points is open.
    pub hours: OpeningHours,
    /// How many devices it takes.
    pub capacity: Option<u32>,
    /// What its office needs, and what that leaves to a device.
    pub office: Option<(OfficeNeed, RatePair)>,
    pub settings: RadiusSettings,
    /// What visitors are called towards others.
    pub cui_key: [u8; 32],
}

impl Default for Blueprint {
    fn default() -> Self {
        let any_port = vec!["127.0.0.1:0".parse().expect("an address")];
        let settings = RadiusSettings {
            authentication: any_port.clone(),
            accounting: any_port,
            reject_delay_ms: 0,
            ..RadiusSettings::default()
        };
        Self {
            access_points: vec![nas()],
            ranges: Vec::new(),
            hours: OpeningHours::default(),
            capacity: None,
            office: None,
            settings,
            cui_key: [3; 32],
        }
    }
}

/// An access point on loopback.
pub fn nas() -> Nas {
    Nas {
        name: "gate".parse().expect("a name"),
        site: "walkway".parse().expect("a name"),
        addresses: "127.0.0.1/32".parse().expect("a prefix"),
        certificate: None,
        identifier: None,
        secret: SECRET.parse().expect("a secret"),
        former_secret: None,
        profile: NasProfile::Sabeel,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff::mac_authentication(None),
        portal_path: "4f2a9c".parse().expect("a secret"),
    }
}

impl City {
    /// Builds a city with one access point.
    pub async fn begin(nas: Nas) -> Self {
        Self::build(Blueprint { access_points: vec![nas], ..Blueprint::default() }).await
    }

    /// Builds a city.
    pub async fn build(blueprint: Blueprint) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        let store = store(&files).await;
        set_up(&store, &blueprint).await;
        let journal = Journal::open(&files.path().join("journal"), &JournalSettings::default())
            .expect("a journal");
        let clock =
            Arc::new(CityClock { time: ManualClock::new(T0), fails: AtomicBool::new(false) });
        let radius = Radius::bind(
            &blueprint.settings,
            Arc::new(store.clone()),
            journal.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
        )
        .expect("a server")
        .with_cui_key(&blueprint.cui_key)
        .with_portal("http://portal.example");
        let addresses = radius.local_addresses();
        let metrics = radius.statistics();
        let connections = radius.connections();
        let stop = CancellationToken::new();
        let server = tokio::spawn(radius.run(stop.clone()));
        Self {
            store,
            clock,
            authentication: addresses.authentication[0],
            accounting: addresses.accounting[0],
            radsec: addresses.radsec.first().copied(),
            connections,
            metrics,
            journal,
            stop,
            server,
            _files: files,
        }
    }

    /// Signs a device in for thirty days.
    pub async fn sign_in(&self, device: MacAddress) -> Grant {
        let now = self.clock.now();
        let grant = Grant {
            id: GrantId::new(now, [1; 10]),
            account: AccountId::new(now, [2; 10]),
            device,
            site: "walkway".parse().expect("a name"),
            plan: "visitor".parse().expect("a name"),
            issued_at: now,
            until: now + Duration::from_secs(30 * 86_400),
            state: GrantState::Live,
        };
        let sign_in = SignIn {
            identity: "+966501234567".parse().expect("a number"),
            new_account: grant.account,
            language: "ar".parse().expect("a language"),
            grant,
            agreed: Vec::new(),
            devices: 3,
        };
        self.store.sign_in(&sign_in).await.expect("a sign-in").grant
    }

    /// Brings what the journal holds into the store.
    pub async fn apply(&self) {
        let store: Arc<dyn Store> = Arc::new(self.store.clone());
        Applier::new(self.journal.clone(), store).apply_pending().await.expect("applied");
    }

    /// How often an outcome came.
    pub fn counted(&self, outcome: &str) -> u64 {
        self.metrics.snapshot().outcomes.get(outcome).copied().unwrap_or(0)
    }

    /// Stops the server and waits for its end.
    pub async fn end(self) {
        self.stop.cancel();
        self.server.await.expect("the server ends by itself").expect("its sockets work");
        self.store.close().await;
    }
}

async fn store(files: &TempDir) -> SqlStore {
    let settings = StoreSettings {
        url: format!("sqlite:{}", files.path().join("sabeel.db").display()),
        ..StoreSettings::default()
    };
    let keys = KeyRing::open_or_create(&files.path().join("keys")).expect("keys");
    SqlStore::migrate(&settings).await.expect("a schema");
    SqlStore::connect(&settings, keys).await.expect("a store")
}

async fn set_up(store: &SqlStore, blueprint: &Blueprint) {
    let plan = Plan::visitor("visitor".parse().expect("a name"));
    let site = Site {
        hours: blueprint.hours.clone(),
        capacity: blueprint.capacity,
        office: blueprint.office.map(|_| "hofuf/radio".parse().expect("an office")),
        office_speed: blueprint.office.map(|(_, speed)| speed),
        office_state: OfficeState { generation: 1, need: blueprint.office.map(|(need, _)| need) },
        ..Site::new("walkway".parse().expect("a name"), plan.name.clone())
    };
    store.add_plan(&plan).await.expect("a plan");
    store.add_site(&site).await.expect("a site");
    for nas in &blueprint.access_points {
        store.add_access_point(nas).await.expect("an access point");
    }
    for range in &blueprint.ranges {
        store.add_range(range).await.expect("a range");
    }
}

/// What `radclient` prints when it sends one packet with these attributes once, and waits for the
/// answer for as long as a busy machine takes. It is part of FreeRADIUS's utilities.
pub async fn radclient(to: SocketAddr, kind: &str, secret: &str, attributes: &str) -> String {
    run_radclient("30", to, [kind, secret], attributes).await
}

/// The same for what may have no answer, for which it waits a second.
pub async fn radclient_in_vain(
    to: SocketAddr,
    kind: &str,
    secret: &str,
    attributes: &str,
) -> String {
    run_radclient("1", to, [kind, secret], attributes).await
}

async fn run_radclient(
    seconds: &str,
    to: SocketAddr,
    [kind, secret]: [&str; 2],
    attributes: &str,
) -> String {
    let mut child = Command::new("radclient")
        .args(["-x", "-r", "1", "-t", seconds, &to.to_string(), kind, secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("radclient, of the package freeradius-utils, must be installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(attributes.as_bytes()).await.expect("written");
    drop(stdin);
    let output = child.wait_with_output().await.expect("an end");
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Sends octets from one socket and returns the answer.
pub async fn exchange(socket: &UdpSocket, to: SocketAddr, octets: &[u8]) -> Vec<u8> {
    socket.send_to(octets, to).await.expect("sent");
    let mut buffer = [0; 4_096];
    let received = tokio::time::timeout(Duration::from_secs(30), socket.recv_from(&mut buffer));
    let (length, source) = received.await.expect("an answer in time").expect("received");
    assert_eq!(source, to);
    buffer[..length].to_vec()
}
