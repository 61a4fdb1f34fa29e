//! An access point that reports many stays at the same time, loses some answers, and repeats what
//! was not answered; and the books in which all of it must be found afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    AccountId, Grant, GrantId, GrantState, MacAddress, Octets, PhoneNumber, Timestamp, Usage, Zone,
};
use radius_proto::client::{Event, Peer, RequestTracker, Schedule, Token};
use radius_proto::dictionary::enumeration::{AcctStatusType, AcctTerminateCause};
use radius_proto::{PacketBuilder, SharedSecret, attribute};
use serde_json::{Value, json};
use store::{Accounts, Grants, KeyRing, SignIn, SqlStore, StoreSettings};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::city::City;

const PERSONS: u64 = 20;
/// The access point reports from so many sockets, with so many stays on each; each of the stays
/// has one report under way.
const SOCKETS: u64 = 4;
const STAYS_OF_SOCKET: u64 = 110;
pub const STAYS: u64 = SOCKETS * STAYS_OF_SOCKET;
/// Reports of one stay: a Start, Interim-Updates, and a Stop.
pub const REPORTS: u32 = 12;
/// Every so many answers, one is lost on its way to the access point.
const LOST: u32 = 9;

/// Lets every line report until all is told or it is stopped.
pub async fn report(
    lines: Vec<Line>,
    acknowledged: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Vec<Line> {
    let reporting: JoinSet<Line> =
        lines.into_iter().map(|line| line.report(Arc::clone(acknowledged), stop.clone())).collect();
    reporting.join_all().await
}

pub fn stays(lines: &[Line]) -> impl Iterator<Item = &Stay> {
    lines.iter().flat_map(|line| &line.stays)
}

/// One socket of the access point, and the stays that it reports.
pub struct Line {
    socket: UdpSocket,
    requests: RequestTracker,
    stays: Vec<Stay>,
    waiting: HashMap<Token, usize>,
    answers: u32,
}

/// One stay, as the access point knows it.
pub struct Stay {
    number: u64,
    grant: GrantId,
    /// Reports sent so far.
    sent: u32,
    /// Reports answered so far: all that were sent, or all but the last.
    pub acknowledged: u32,
}

impl Line {
    async fn report(mut self, acknowledged: Arc<Semaphore>, stop: CancellationToken) -> Self {
        let mut datagram = [0; 4_096];
        for index in 0..self.stays.len() {
            self.send_next(index).await;
        }
        while let Some(deadline) = self.requests.next_deadline() {
            tokio::select! {
                () = stop.cancelled() => break,
                received = self.socket.recv_from(&mut datagram) => {
                    let (length, source) = received.unwrap();
                    if let Some(index) = self.receive(source, &datagram[..length]) {
                        acknowledged.add_permits(1);
                        self.send_next(index).await;
                    }
                }
                () = tokio::time::sleep_until(deadline.into()) => self.send_again().await,
            }
        }
        // What the server had answered before it died counts too.
        while let Ok((length, source)) = self.socket.try_recv_from(&mut datagram) {
            self.receive(source, &datagram[..length]);
        }
        self
    }

    /// Sends the next report of a stay that has none under way.
    async fn send_next(&mut self, index: usize) {
        let stay = &mut self.stays[index];
        if stay.sent > stay.acknowledged || stay.sent == REPORTS {
            return;
        }
        stay.sent += 1;
        let transmit = self.requests.submit(stay.request(), stay.number, Instant::now()).unwrap();
        self.waiting.insert(transmit.token, index);
        let server = self.requests.peer().address;
        self.socket.send_to(&transmit.packet, server).await.unwrap();
    }

    async fn send_again(&mut self) {
        let server = self.requests.peer().address;
        while let Some(Event::Retransmit(again)) = self.requests.poll(Instant::now()) {
            self.socket.send_to(&again.packet, server).await.unwrap();
        }
    }

    /// Takes an answer, unless it gets lost; returns the stay whose report it acknowledges.
    fn receive(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<usize> {
        self.answers += 1;
        if self.answers.is_multiple_of(LOST) {
            return None;
        }
        // An answer that was repeated answers nothing any more.
        let reply = self.requests.receive(source, datagram, Instant::now()).ok()?;
        let index = self.waiting.remove(&reply.token).unwrap();
        self.stays[index].acknowledged += 1;
        Some(index)
    }
}

impl Stay {
    fn name(&self) -> String {
        format!("{:08X}", self.number)
    }

    fn device(&self) -> MacAddress {
        device(self.number)
    }

    /// What was used after so many reports: another amount for every stay and report.
    fn usage(&self, reports: u32) -> Usage {
        let steps = u64::from(reports.saturating_sub(1));
        // Some go beyond what 32 bits hold.
        let gigawords = if self.number.is_multiple_of(10) { steps << 32 } else { 0 };
        Usage {
            uploaded: Octets::new(steps * (1_000_003 + self.number)),
            downloaded: Octets::new(steps * (7_000_001 + 1_000 * self.number) + gigawords),
            time: Duration::from_secs(60 * steps),
        }
    }

    /// The latest report that was sent.
    fn request(&self) -> PacketBuilder {
        let usage = self.usage(self.sent);
        let status = match self.sent {
            1 => AcctStatusType::Start,
            REPORTS => AcctStatusType::Stop,
            _ => AcctStatusType::InterimUpdate,
        };
        let class = [&[1], self.grant.to_bytes().as_slice(), &self.number.to_be_bytes()].concat();
        let (low, high) = (|n: Octets| n.get() as u32, |n: Octets| (n.get() >> 32) as u32);
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_STATUS_TYPE, status)
            .text(attribute::ACCT_SESSION_ID, &self.name())
            .text(attribute::CALLING_STATION_ID, &self.device().to_string())
            .octets(attribute::CLASS, &class)
            .u32(attribute::ACCT_SESSION_TIME, usage.time.as_secs() as u32)
            .u32(attribute::ACCT_INPUT_OCTETS, low(usage.uploaded))
            .u32(attribute::ACCT_INPUT_GIGAWORDS, high(usage.uploaded))
            .u32(attribute::ACCT_OUTPUT_OCTETS, low(usage.downloaded))
            .u32(attribute::ACCT_OUTPUT_GIGAWORDS, high(usage.downloaded));
        if status == AcctStatusType::Stop {
            request.u32(attribute::ACCT_TERMINATE_CAUSE, AcctTerminateCause::UserRequest);
        }
        request
    }

    /// Whether a session of the command line is this stay after so many reports.
    fn is_told_by(&self, session: &Value, reports: u32) -> bool {
        let usage = self.usage(reports);
        let is_over = session["state"]["stopped"]["end"] == json!({ "reported": 1 });
        session["device"] == json!(self.device())
            && session["grant"] == json!(self.grant)
            && session["seconds"] == json!(usage.time.as_secs())
            && session["uploaded"] == json!(usage.uploaded)
            && session["downloaded"] == json!(usage.downloaded)
            && is_over == (reports == REPORTS)
            && (session["state"] == "open") == (reports < REPORTS)
    }
}

/// What the database says, read beside the server.
pub struct Books {
    settings: StoreSettings,
    keys: KeyRing,
    begun_at: Timestamp,
    grants: Vec<Grant>,
}

impl Books {
    /// Signs a device in for every stay.
    pub async fn open(city: &City, url: String) -> Self {
        city.json(&["plan", "add", "free", "--devices", "50"]).await;
        let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
        let site: Vec<_> =
            ["site", "add", "walkway", "--plan", "free"].into_iter().chain(titles).collect();
        city.json(&site).await;
        let settings = StoreSettings { url, ..StoreSettings::default() };
        let keys = KeyRing::open_or_create(&city.data_dir().join("keys")).unwrap();
        let mut books = Self { settings, keys, begun_at: now(), grants: Vec::new() };
        let store = books.store().await;
        for number in 0..STAYS {
            let sign_in = sign_in(number, books.begun_at);
            books.grants.push(store.sign_in(&sign_in).await.unwrap().grant);
        }
        store.close().await;
        books
    }

    /// The same books, read from a copy of the database.
    pub fn kept_in(mut self, url: String) -> Self {
        self.settings.url = url;
        self
    }

    /// Open for as short as possible, so that the server alone recovers the database.
    async fn store(&self) -> SqlStore {
        SqlStore::connect(&self.settings, self.keys.clone()).await.unwrap()
    }

    /// Every stay is there once, with all that was acknowledged and nothing that was not sent;
    /// and what persons and grants have used is what their sessions say.
    pub async fn check(&self, city: &City, stays: impl Iterator<Item = &Stay>) {
        let store = self.store().await;
        let list = city.json(&["session", "list", "--all", "--limit", "10000"]).await;
        let sessions = list.as_array().unwrap();
        let by_name: BTreeMap<_, _> =
            sessions.iter().map(|session| (session["acct_session_id"].as_str(), session)).collect();
        assert_eq!(by_name.len(), sessions.len(), "a stay is there twice");
        let mut used: BTreeMap<AccountId, Usage> = BTreeMap::new();
        let mut told = 0;
        for stay in stays {
            let name = stay.name();
            let session = by_name.get(&Some(name.as_str()));
            let possible = stay.acknowledged..=stay.sent;
            let reports = possible.clone().find(|&reports| match session {
                Some(session) => reports > 0 && stay.is_told_by(session, reports),
                None => reports == 0,
            });
            let reports = reports.unwrap_or_else(|| panic!("{possible:?} reports: {session:?}"));
            told += usize::from(reports > 0);
            let usage = stay.usage(reports);
            assert_eq!(store.usage_of_grant(stay.grant).await.unwrap(), usage, "{name}");
            let grant = &self.grants[usize::try_from(stay.number).unwrap()];
            let used = used.entry(grant.account).or_default();
            *used = *used + usage;
        }
        assert_eq!(told, sessions.len(), "a session that nobody reported");
        assert_eq!(used.len(), usize::try_from(PERSONS).unwrap());
        for (account, used) in used {
            assert_eq!(self.used_by(&store, account).await, used);
        }
        store.close().await;
    }

    /// What a person has used since the story began, be it before or after midnight.
    async fn used_by(&self, store: &SqlStore, account: AccountId) -> Usage {
        let zone = Zone::riyadh();
        let days = BTreeSet::from([zone.day_of(self.begun_at), zone.day_of(now())]);
        let mut used = Usage::default();
        for day in days {
            used = used + store.usage_of_day(account, day).await.unwrap();
        }
        used
    }
}

pub async fn open_lines(city: &City, books: &Books) -> Vec<Line> {
    let address = city.address().to_string();
    let nas = ["nas", "add", "gate", "--site", "walkway", "--address", &address];
    let added = city.json(&nas).await;
    let secret = SharedSecret::new(added["secret"].as_str().unwrap()).unwrap();
    let schedule = Schedule {
        initial: Duration::from_millis(250),
        maximum: Duration::from_secs(1),
        max_transmissions: None,
        max_duration: None,
    };
    let mut lines = Vec::new();
    for line in 0..SOCKETS {
        let numbers = line * STAYS_OF_SOCKET..(line + 1) * STAYS_OF_SOCKET;
        let stay = |number: u64| {
            let grant = books.grants[usize::try_from(number).unwrap()].id;
            Stay { number, grant, sent: 0, acknowledged: 0 }
        };
        let peer = Peer { schedule, ..Peer::server(city.accounting(), secret.clone()) };
        lines.push(Line {
            socket: UdpSocket::bind((city.address(), 0)).await.unwrap(),
            requests: RequestTracker::new(peer),
            stays: numbers.map(stay).collect(),
            waiting: HashMap::new(),
            answers: 0,
        });
    }
    lines
}

fn sign_in(number: u64, now: Timestamp) -> SignIn {
    let [_, _, person @ ..] = (1 + number % PERSONS).to_be_bytes();
    let entropy = |octets: [u8; 6]| {
        let mut entropy = [0; 10];
        entropy[4..].copy_from_slice(&octets);
        entropy
    };
    let new_account = AccountId::new(now, entropy(person));
    let grant = Grant {
        id: GrantId::new(now, entropy(device(number).octets())),
        account: new_account,
        device: device(number),
        site: "walkway".parse().unwrap(),
        plan: "free".parse().unwrap(),
        issued_at: now,
        until: now + Duration::from_secs(86_400),
        state: GrantState::Live,
    };
    SignIn {
        identity: phone(number % PERSONS).into(),
        new_account,
        language: "ar".parse().unwrap(),
        grant,
        agreed: Vec::new(),
        devices: 50,
    }
}

fn device(number: u64) -> MacAddress {
    let [.., a, b] = number.to_be_bytes();
    MacAddress::new([0x02, 0, 0x5e, 0x10, a, b])
}

fn phone(person: u64) -> PhoneNumber {
    format!("+9665500000{person:02}").parse().unwrap()
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}
