//! A small city for tests: a store with one site, two access points and visitors, a clock that
//! stands still, and access points that answer by a script.

mod log_lines;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccountId, AccountingEvent, AccountingRecord, Allowance, BitRate, Clock, Grant, GrantId,
    GrantState, Guest, HandOff, Language, MacAddress, ManualClock, MessageAuthenticatorRule, Nas,
    NasCommand, NasOrder, NasProfile, OctetDirection, Octets, OrderOutcome, OrderReason,
    OrderState, Plan, ProxyStateRule, RatePair, Session, SessionEnd, SessionId,
    SessionIdentification, SessionReport, Site, Speed, StatusServerRule, Timestamp, Usage,
};
use store::testing::TestStore;
use store::{JournalPosition, OrderFilter, SignIn, Store};
use tokio::sync::mpsc;

pub(crate) use log_lines::LogLines;

use crate::nas_control::{Delivery, GuestsError, NasControl, Probe, Way};

/// What visitors agree to.
pub(crate) const TERMS: &str = "I accept";

/// Noon in Riyadh.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_795_597_200);

pub(crate) struct Stage {
    pub store: TestStore,
    pub clock: Arc<ManualClock>,
    written: AtomicU64,
}

impl Stage {
    /// A city whose plan has these limits in seconds and octets a session and a day.
    pub(crate) async fn new(
        per_session: (Option<u64>, Option<u64>),
        per_day: (Option<u64>, Option<u64>),
    ) -> Self {
        Self::with(Plan {
            per_session: allowance(per_session),
            per_day: allowance(per_day),
            ..Plan::visitor("visitor".parse().unwrap())
        })
        .await
    }

    async fn with(plan: Plan) -> Self {
        let site = Site::new("walkway".parse().unwrap(), plan.name.clone());
        let store = store::testing::sqlite().await;
        store.add_plan(&plan).await.unwrap();
        store.add_site(&site).await.unwrap();
        for (name, address) in [("gate", "10.0.0.1/32"), ("pole", "10.0.0.2/32")] {
            store.add_access_point(&nas(name, address)).await.unwrap();
        }
        let clock = Arc::new(ManualClock::new(NOON));
        Self { store, clock, written: AtomicU64::new(0) }
    }

    /// A city whose plan slows down to 512 kbit/s after these limits of a day.
    pub(crate) async fn slowing((seconds, octets): (Option<u64>, Option<u64>)) -> Self {
        let rate = Some(BitRate::new(512_000));
        Self::with(Plan {
            per_session: Allowance::default(),
            per_day: allowance((seconds, octets)),
            after_allowance: Some(RatePair { down: rate, up: rate }),
            ..Plan::visitor("visitor".parse().unwrap())
        })
        .await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn shared(&self) -> (Arc<dyn Store>, Arc<dyn Clock>) {
        (self.store.shared(), self.clock.clone())
    }

    /// Signs a device of a person in; both are told apart by a number.
    pub(crate) async fn sign_in(&self, person: u8, device: u8) -> Grant {
        let now = self.clock.now();
        let grant = Grant {
            id: GrantId::new(now, [self.tick(); 10]),
            account: AccountId::from_bytes([person; 16]),
            device: mac(device),
            site: "walkway".parse().unwrap(),
            plan: "visitor".parse().unwrap(),
            issued_at: now,
            until: now + Duration::from_secs(30 * 86_400),
            state: GrantState::Live,
        };
        let sign_in = SignIn {
            identity: format!("9665123456{person:02}").parse().unwrap(),
            new_account: AccountId::from_bytes([person; 16]),
            language: Language::arabic(),
            grant,
            agreed: vec![domain::Agreed {
                purpose: domain::ConsentPurpose::Service,
                version: "1".to_owned(),
                wording: domain::WordingHash::of(TERMS),
                language: Language::arabic(),
            }],
            devices: 3,
        };
        self.store.sign_in(&sign_in).await.unwrap().grant
    }

    /// Lets an access point report `octets` and the time since the session's start, with the
    /// device's grant; the first report opens the session.
    pub(crate) async fn report(
        &self,
        nas: &str,
        grant: &Grant,
        seconds: u64,
        octets: u64,
    ) -> SessionId {
        let report = report(nas, grant, seconds, octets);
        let session = report.session;
        self.apply(nas, AccountingEvent::Interim(report)).await;
        session
    }

    /// Lets an access point report that a session goes on, and the visitor's octets as upload.
    pub(crate) async fn report_upload(&self, nas: &str, grant: &Grant, octets: u64) {
        let mut report = report(nas, grant, 60, 0);
        report.usage.uploaded = Octets::new(octets);
        self.apply(nas, AccountingEvent::Interim(report)).await;
    }

    /// Lets an access point report the end of a session.
    pub(crate) async fn stop(&self, nas: &str, grant: &Grant, seconds: u64, octets: u64) {
        let report = report(nas, grant, seconds, octets);
        self.apply(nas, AccountingEvent::Stopped(report, SessionEnd::Reported(1))).await;
    }

    /// What the access point `gate` would report so long after noon, for a journal.
    pub(crate) fn record(&self, grant: &Grant, seconds: u64) -> AccountingRecord {
        let at = NOON + Duration::from_secs(seconds);
        let event = AccountingEvent::Interim(report("gate", grant, seconds, 1_000 * seconds));
        let nas = "gate".parse().unwrap();
        AccountingRecord { nas, occurred_at: at, received_at: at, event }
    }

    async fn apply(&self, nas: &str, event: AccountingEvent) {
        let now = self.clock.now();
        let nas = nas.parse().unwrap();
        let record = AccountingRecord { nas, occurred_at: now, received_at: now, event };
        let until = JournalPosition { segment: 1, offset: u64::from(self.tick()) };
        self.store.apply("stage", &[record], until).await.unwrap();
    }

    fn tick(&self) -> u8 {
        let before = self.written.fetch_add(1, Ordering::SeqCst);
        u8::try_from(before + 1).expect("a test does little")
    }

    /// Every order, oldest first, as access point, reason and outcome.
    pub(crate) async fn orders(&self) -> Vec<(String, OrderReason, Option<OrderOutcome>)> {
        let outcome = |state| match state {
            OrderState::Waiting { .. } | OrderState::Acknowledged { .. } => None,
            OrderState::Done { outcome, .. } => Some(outcome),
        };
        let orders = self.store.list_orders(&OrderFilter::latest(100)).await.unwrap();
        let told = |order: NasOrder| (order.nas.to_string(), order.reason, outcome(order.state));
        orders.into_iter().rev().map(told).collect()
    }
}

fn allowance((seconds, octets): (Option<u64>, Option<u64>)) -> Allowance {
    Allowance { time: seconds.map(Duration::from_secs), data: octets.map(Octets::new) }
}

pub(crate) fn mac(device: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, device])
}

pub(crate) fn nas(name: &str, address: &str) -> Nas {
    Nas {
        name: name.parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: address.parse().unwrap(),
        certificate: None,
        identifier: None,
        secret: "a secret of an access point".parse().unwrap(),
        former_secret: None,
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: Some("10.0.0.1:3799".parse().unwrap()),
        hand_off: HandOff::mac_authentication(None),
        portal_path: format!("path-to-{name}").parse().unwrap(),
    }
}

fn report(nas: &str, grant: &Grant, seconds: u64, octets: u64) -> SessionReport {
    let mut id = grant.id.to_bytes();
    id[0] = nas.bytes().next().unwrap();
    SessionReport {
        session: SessionId::from_bytes(id),
        acct_session_id: format!("{nas}-{}", grant.device),
        device: grant.device,
        user_name: grant.device.to_string(),
        address: None,
        grant: Some(grant.id),
        usage: Usage {
            uploaded: Octets::new(0),
            downloaded: Octets::new(octets),
            time: Duration::from_secs(seconds),
        },
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    }
}

/// Access points that answer by a script, and acknowledge once it has run out.
pub(crate) struct FakeNas {
    replies: Mutex<VecDeque<Reply>>,
    told: mpsc::UnboundedSender<Told>,
    /// Whom its controller sees.
    pub(crate) guests: Mutex<Vec<Guest>>,
}

pub(crate) enum Reply {
    Says(Delivery),
    /// The delivery never ends.
    Hangs,
    /// The delivery breaks down.
    Panics,
}

/// What an access point was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub nas: String,
    pub reason: OrderReason,
    pub command: NasCommand,
    pub device: MacAddress,
    pub session: Option<SessionId>,
}

impl FakeNas {
    pub(crate) fn new(
        replies: impl IntoIterator<Item = Reply>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Told>) {
        let (told, receiver) = mpsc::unbounded_channel();
        let replies = Mutex::new(replies.into_iter().collect());
        (Arc::new(Self { replies, told, guests: Mutex::default() }), receiver)
    }
}

#[async_trait]
impl NasControl for FakeNas {
    async fn deliver(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        session: Option<&Session>,
    ) -> Delivery {
        let told = Told {
            nas: nas.name.to_string(),
            reason: order.reason,
            command: command.clone(),
            device: order.device,
            session: session.map(|session| session.id),
        };
        self.told.send(told).expect("the test listens");
        let reply = self.replies.lock().unwrap().pop_front();
        match reply {
            Some(Reply::Says(delivery)) => delivery,
            Some(Reply::Hangs) => std::future::pending().await,
            Some(Reply::Panics) => panic!("broken down on purpose"),
            None => Delivery::Acknowledged,
        }
    }

    async fn probe(&self, nas: &Nas) -> Probe {
        let way = nas.dae_address.map_or(Way::None, Way::Address);
        let delivery = match self.replies.lock().unwrap().pop_front() {
            Some(Reply::Says(delivery)) => delivery,
            Some(Reply::Hangs | Reply::Panics) | None => Delivery::NoAnswer,
        };
        Probe { delivery, way }
    }

    async fn guests(&self, _: &Nas) -> Result<Vec<Guest>, GuestsError> {
        Ok(self.guests.lock().unwrap().clone())
    }
}
