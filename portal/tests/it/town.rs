//! A town with a portal, a walkway and one access point of each kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::{
    AccountingEvent, AccountingRecord, Clock, Country, HandOff, HandOffMethod, Language, Localised,
    MacAddress, ManualClock, MessageAuthenticatorRule, MessageState, Nas, NasProfile,
    OctetDirection, Octets, Plan, PlanName, ProxyStateRule, SendRule, SessionId,
    SessionIdentification, SessionReport, Site, Speed, StatusServerRule, Timestamp, Usage,
};
use hmac::{Hmac, KeyInit, Mac};
use portal::{GraceSettings, MessageGateways, Portal, PortalSettings};
use sha2::Sha256;
use store::testing::TestStore;
use store::{JournalPosition, Store};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::browser::{Answer, Browser, PORTAL};

/// 2026-11-25T09:00:00Z, noon in Riyadh.
pub const NOON: Timestamp = Timestamp::from_secs(1_795_597_200);
pub const REDIRECT_SECRET: &str = "redirect secret of the gate";
pub const UAM_SECRET: &str = "uam secret of the kiosk";
pub const CWA_SECRET: &str = "what signs the redirects of the hall";
/// The visitor's phone.
pub const MAC: &str = "02:00:5e:10:00:01";
/// The phone's number as it is typed, and as it is masked.
pub const PHONE: &str = "0551234567";

pub struct Town {
    pub store: TestStore,
    pub clock: Arc<ManualClock>,
    pub portal: std::net::SocketAddr,
    pub tls: Option<std::net::SocketAddr>,
    reports: AtomicU64,
    _running: DropGuard,
}

impl Town {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut PortalSettings)) -> Self {
        Self::open_on(Plan::visitor("visitor".parse().unwrap()), change).await
    }

    /// A town whose portal holds answers back, for a second and a half.
    pub async fn open_patient() -> Self {
        Self::open_with(|settings| {
            settings.limits.held_answers = 8;
            settings.limits.request_seconds = 2;
        })
        .await
    }

    /// With those who carry messages.
    pub async fn open_with_gateways(gateways: Arc<dyn MessageGateways>) -> Self {
        let plan = Plan::visitor("visitor".parse().unwrap());
        let store = store::testing::sqlite().await;
        Self::open_so((store, plan), |_| {}, |portal| portal.with_gateways(gateways)).await
    }

    /// The same where who cannot be sent a code is let in for ten minutes.
    pub async fn open_with_grace(gateways: Arc<dyn MessageGateways>) -> Self {
        let plan = Plan::visitor("visitor".parse().unwrap());
        let store = store::testing::sqlite().await;
        let slow: PlanName = "grace".parse().unwrap();
        store.add_plan(&Plan::visitor(slow.clone())).await.unwrap();
        let change = |settings: &mut PortalSettings| {
            settings.grace = Some(GraceSettings { plan: slow, minutes: 10 });
        };
        Self::open_so((store, plan), change, |portal| portal.with_gateways(gateways)).await
    }

    /// A town whose database is PostgreSQL.
    pub async fn open_on_postgres(change: impl FnOnce(&mut PortalSettings)) -> Self {
        let plan = Plan::visitor("visitor".parse().unwrap());
        let store = store::testing::postgres().await;
        Self::open_so((store, plan), change, |portal| portal).await
    }

    /// With that plan at its site.
    pub async fn open_on(plan: Plan, change: impl FnOnce(&mut PortalSettings)) -> Self {
        let store = store::testing::sqlite().await;
        Self::open_so((store, plan), change, |portal| portal).await
    }

    async fn open_so(
        (store, plan): (TestStore, Plan),
        change: impl FnOnce(&mut PortalSettings),
        complete: impl FnOnce(Portal) -> Portal,
    ) -> Self {
        set_up(&store, plan).await;
        let clock = Arc::new(ManualClock::new(NOON));
        let mut settings = PortalSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: format!("http://{PORTAL}"),
            entry_url: Some("http://enter.example/".into()),
            ..PortalSettings::default()
        };
        settings.limits.posts_per_device = 100;
        // Who wants to see an answer held back says so.
        settings.limits.held_answers = 0;
        settings.help.unified = "920000000".into();
        settings.help.whatsapp = "0500000000".into();
        change(&mut settings);
        let key = store.keys().derive("portal context");
        let clock_seam: Arc<dyn Clock> = clock.clone();
        let portal = complete(Portal::new(&settings, store.shared(), clock_seam, &key).unwrap());
        let (address, tls) = (portal.local_address().unwrap(), portal.local_tls_address());
        let stop = CancellationToken::new();
        tokio::spawn(portal.run(stop.clone()));
        let _running = stop.drop_guard();
        Self { store, clock, portal: address, tls, reports: AtomicU64::new(0), _running }
    }

    /// Tells the portal to stop.
    pub fn stop(self) -> TestStore {
        self.store
    }

    pub fn browser(&self) -> Browser {
        Browser { portal: self.portal, accept_language: "ar-SA,ar;q=0.9,en;q=0.5" }
    }

    pub fn english(&self) -> Browser {
        self.browser_in("en")
    }

    pub fn browser_in(&self, language: &'static str) -> Browser {
        Browser { accept_language: language, ..self.browser() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// The address to which the gate redirects the phone's browser.
    pub fn gate_redirect(&self, mac: &str, ip: &str) -> String {
        let time = self.now().as_secs().to_string();
        format!("/n/path-of-the-gate/?{}", signed_query(mac, ip, &time))
    }

    /// The words of the next message that waits to be sent; a gateway takes it.
    pub async fn next_message(&self) -> Option<String> {
        let later = self.now() + Duration::from_secs(60);
        let mut messages = self.store.claim_messages(self.now(), later, 1).await.unwrap();
        let message = messages.pop()?;
        let taken = MessageState::Accepted { reference: None };
        let route = "main".parse().unwrap();
        self.store.finish_message(message.id, &route, &taken, self.now()).await.unwrap();
        Some(message.text.expose().to_owned())
    }

    /// The code in the next message.
    pub async fn next_code(&self) -> String {
        let text = self.next_message().await.expect("a message waits");
        let digits: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(digits.len(), 6, "{text}");
        digits
    }

    /// Lets an access point report that a device is online, having used so much.
    pub async fn report(&self, nas: &str, mac: &str, ip: &str, event: Event, used: Usage) {
        let device: MacAddress = mac.parse().unwrap();
        let grant = self.store.find_grant(device).await.unwrap().map(|grant| grant.id);
        let report = SessionReport {
            session: session_id(nas, device),
            acct_session_id: "5C1".into(),
            device,
            user_name: mac.replace(':', "-"),
            address: Some(ip.parse().unwrap()),
            grant,
            usage: used,
            identification: SessionIdentification::default(),
            speed: Speed::Full,
        };
        let event = match event {
            Event::Started => AccountingEvent::Started(report),
            Event::Interim => AccountingEvent::Interim(report),
            Event::Stopped => AccountingEvent::Stopped(report, domain::SessionEnd::Reported(1)),
        };
        let at = self.now();
        let record =
            AccountingRecord { nas: nas.parse().unwrap(), occurred_at: at, received_at: at, event };
        let offset = self.reports.fetch_add(1, Ordering::SeqCst) + 1;
        let until = JournalPosition { segment: 1, offset };
        self.store.apply("test", &[record], until).await.unwrap();
    }

    /// Walks a phone through number and code, up to the answer to the right code.
    pub async fn sign_in(&self, browser: &Browser, entry: &str, phone: &str) -> Answer {
        let page = browser.visit(entry).await;
        let sent = browser.post(&page, "phone", &[("phone", phone), ("terms", "yes")]).await;
        let page = browser.visit(&sent.location()).await;
        let code = self.next_code().await;
        browser.post(&page, "code", &[("code", &code)]).await
    }

    /// Signs a phone in at the gate and lets the gate report it; returns the online page.
    pub async fn go_online(&self, browser: &Browser, mac: &str, ip: &str) -> Answer {
        let answer = self.sign_in(browser, &self.gate_redirect(mac, ip), PHONE).await;
        self.report("gate", mac, ip, Event::Started, Usage::default()).await;
        browser.visit(&answer.location()).await
    }
}

pub enum Event {
    Started,
    Interim,
    Stopped,
}

pub fn used(secs: u64, megabytes: u64) -> Usage {
    Usage {
        time: Duration::from_secs(secs),
        uploaded: Octets::new(0),
        downloaded: Octets::new(megabytes * 1_000_000),
    }
}

pub fn signed_query(mac: &str, ip: &str, time: &str) -> String {
    let tag = Hmac::<Sha256>::new_from_slice(REDIRECT_SECRET.as_bytes())
        .unwrap()
        .chain_update(format!("{mac}\n{ip}\n{time}"))
        .finalize()
        .into_bytes();
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("mac", mac), ("ip", ip), ("url", "http://news.example/today")])
        .extend_pairs([("t", time), ("sig", &HEXLOWER.encode(&tag))])
        .finish()
}

fn session_id(nas: &str, device: MacAddress) -> SessionId {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&device.octets());
    bytes[6..].iter_mut().zip(nas.bytes()).for_each(|(octet, b)| *octet = b);
    SessionId::from_bytes(bytes)
}

async fn set_up(store: &Arc<dyn Store>, plan: Plan) {
    store.add_plan(&plan).await.unwrap();
    let title = Localised::default()
        .with(Language::arabic(), "ممشى الأحساء")
        .with(Language::english(), "Al-Ahsa Walkway");
    store
        .add_site(&Site {
            title,
            countries: vec![Country::SaudiArabia, Country::Kuwait],
            ..Site::new("walkway".parse().unwrap(), plan.name)
        })
        .await
        .unwrap();
    let gate = HandOff::mac_authentication(Some(REDIRECT_SECRET.parse().unwrap()));
    let kiosk = HandOff {
        method: HandOffMethod::Uam,
        secret: Some(UAM_SECRET.parse().unwrap()),
        hosts: vec!["10.2.0.1:3990".parse().unwrap()],
        api: None,
        redirect_acl: None,
        sends: SendRule::Seen,
    };
    let mall = HandOff { sends: SendRule::Claimed, ..HandOff::mac_authentication(None) };
    let plaza = HandOff {
        method: HandOffMethod::Cisco,
        secret: None,
        hosts: vec!["192.0.2.9".parse().unwrap()],
        api: None,
        redirect_acl: None,
        sends: SendRule::Claimed,
    };
    let hall = HandOff {
        method: HandOffMethod::CiscoCwa,
        ..HandOff::mac_authentication(Some(CWA_SECRET.parse().unwrap()))
    };
    for (name, network, profile, hand_off) in [
        ("hall", "192.0.2.5/32", NasProfile::Cisco, hall),
        ("plaza", "192.0.2.4/32", NasProfile::Cisco, plaza),
        ("gate", "192.0.2.1/32", NasProfile::Sabeel, gate),
        ("kiosk", "192.0.2.2/32", NasProfile::Coova, kiosk),
        ("mall", "192.0.2.3/32", NasProfile::Generic, mall),
    ] {
        store
            .add_access_point(&Nas {
                name: name.parse().unwrap(),
                site: "walkway".parse().unwrap(),
                addresses: network.parse().unwrap(),
                certificate: None,
                identifier: None,
                secret: format!("radius secret of the {name}").parse().unwrap(),
                former_secret: None,
                profile,
                message_authenticator: MessageAuthenticatorRule::Required,
                proxy_state: ProxyStateRule::Limited,
                status_server: StatusServerRule::Answered,
                octet_direction: OctetDirection::Standard,
                dae_address: None,
                hand_off,
                portal_path: format!("path-of-the-{name}").parse().unwrap(),
            })
            .await
            .unwrap();
    }
}
