//! A city whose visitors come with browsers: the whole program, an access point that asks by
//! hardware address, and telephones that take messages.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use hyper::StatusCode;
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use sha2::Sha256;
use tokio::runtime::{Handle, Runtime};

use crate::access_point::{AccessPoint, Report};
use crate::city::City;
use crate::noon::zone_of_noon;
use crate::sms_gateway::SmsGateway;

/// How long a message may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where links in messages lead; nothing listens there.
pub const SECURE: &str = "https://wifi.example";
/// A day's data of the visitors' plan.
pub const DAY_DATA: u32 = 20_000_000;
/// What the tests do at once would be too much for the limits of every day.
const SETTINGS: [&str; 9] = [
    "portal.limits.sends-per-access-point = 10000",
    "portal.limits.sends-per-site = 10000",
    "portal.limits.sends-per-block = 10000",
    "portal.limits.sends-per-second = 1000",
    "portal.limits.posts-per-device = 30",
    "portal.help.unified = \"199099\"",
    "portal.help.whatsapp = \"0500000000\"",
    "portal.help.reports = \"940\"",
    "messaging.per-second = 1000",
];

/// A city, and who is in it. It is worked on from threads that may wait.
pub struct Ground {
    pub city: City,
    pub gate: Arc<Gate>,
    pub telephones: Arc<Telephones>,
    /// How the gateway for messages answers from now on.
    pub answers: Arc<Mutex<StatusCode>>,
    runtime: Runtime,
}

impl Ground {
    /// A city with the site `walkway`, with these lines in its configuration.
    pub fn begin(settings: &[&str]) -> Self {
        Self::of(async |messages| {
            let own = messages.settings().into_iter();
            own.chain(settings.iter().copied().map(str::to_owned)).collect()
        })
    }

    /// The same with the lines that a gateway for messages leads to.
    pub fn of(settings: impl AsyncFnOnce(&SmsGateway) -> Vec<String>) -> Self {
        let runtime = Runtime::new().unwrap();
        let (city, gate, messages) = runtime.block_on(async {
            let messages = SmsGateway::open().await;
            let own = settings(&messages).await;
            let all = own.iter().map(String::as_str).chain(SETTINGS);
            let city = City::begin(&all.collect::<Vec<_>>()).await;
            found_a_walkway(&city).await;
            let gate = Gate::install(&city).await;
            (city, gate, messages)
        });
        let answers = Arc::clone(&messages.answers);
        let telephones = runtime.block_on(async { Telephones::switch_on(messages) });
        Self { city, gate, telephones, answers, runtime }
    }

    /// Does something that takes its time.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What `sabeel` answers to a command.
    pub fn admin(&self, line: &[&str]) {
        let said = self.wait_for(self.city.sabeel(line));
        assert_eq!(said.code, 0, "{line:?}: {}", said.err);
    }

    /// The whole address of a path of the portal.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.city.portal())
    }
}

async fn found_a_walkway(city: &City) {
    let data = format!("{DAY_DATA}B");
    let day = ["--day-data", &data, "--day-minutes", "120"];
    let speed = ["--down", "10Mbit/s", "--up", "2Mbit/s"];
    city.json(&[&["plan", "add", "visitor"], &day[..], &speed].concat()).await;
    let titles = ["--title-ar", "ممشى الأحساء", "--title-en", "Al-Ahsa Walkway"];
    // No story of a day goes on into the next one.
    let zone = ["--zone", &zone_of_noon()];
    let site = ["site", "add", "walkway", "--plan", "visitor"];
    city.json(&[&site, &titles[..], &zone].concat()).await;
    city.json(&["site", "set", "walkway", "--title", "ur=الاحساء واک وے"]).await;
}

/// An access point of the maker `sabeel`, without a kernel behind it.
pub struct Gate {
    path: String,
    signs: String,
    /// What speaks to the server; another socket takes its orders.
    speaker: tokio::sync::Mutex<AccessPoint>,
    manner: Mutex<Manner>,
    classes: Mutex<HashMap<String, Vec<u8>>>,
}

/// What it does when it is told to ask about a device again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Lets it in, and reports so.
    Prompt,
    /// Nothing, until somebody lets it in.
    Slow,
}

impl Gate {
    async fn install(city: &City) -> Arc<Self> {
        let mut orders = AccessPoint::install(city, "gate", &["--profile", "sabeel"]).await;
        let text = |key: &str| orders.added[key].as_str().unwrap().to_owned();
        let gate = Arc::new(Self {
            path: orders.added["access_point"]["portal_path"].as_str().unwrap().to_owned(),
            signs: text("hand_off_secret"),
            speaker: AccessPoint::known(city, &text("secret")).await.into(),
            manner: Mutex::new(Manner::Prompt),
            classes: Mutex::default(),
        });
        let obeying = Arc::clone(&gate);
        tokio::spawn(async move {
            loop {
                let order = orders.obey_next().await;
                let order = Packet::parse(&order).unwrap();
                let is_prompt = *obeying.manner.lock().unwrap() == Manner::Prompt;
                if order.code() == Code::CoaRequest && is_prompt {
                    let device = order.text(attribute::CALLING_STATION_ID).unwrap().to_owned();
                    tokio::spawn(Arc::clone(&obeying).let_in_soon(device));
                }
            }
        });
        gate
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The path to which it redirects a device's browser.
    pub fn redirect(&self, device: &str) -> String {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
        let tag = Hmac::<Sha256>::new_from_slice(self.signs.as_bytes())
            .unwrap()
            .chain_update(format!("{device}\n10.1.0.7\n{time}"))
            .finalize()
            .into_bytes();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("mac", device), ("ip", "10.1.0.7"), ("t", &time)])
            .extend_pairs([("url", "http://news.example/"), ("sig", &HEXLOWER.encode(&tag))])
            .finish();
        format!("/n/{}/?{query}", self.path)
    }

    async fn let_in_soon(self: Arc<Self>, device: String) {
        self.let_in(&device).await;
    }

    /// Asks about a device, which must be let in, and reports that it is.
    pub async fn let_in(&self, device: &str) {
        let mut speaker = self.speaker.lock().await;
        let secret = speaker.secret.clone();
        let name = device.to_uppercase().replace(':', "-");
        let write = |request: &mut PacketBuilder| {
            request
                .text(attribute::USER_NAME, &name)
                .user_password(name.as_bytes(), &secret)
                .text(attribute::CALLING_STATION_ID, &name);
        };
        let answer = speaker.ask(write).await;
        let answer = Packet::parse(&answer).unwrap();
        assert_eq!(answer.code(), Code::AccessAccept, "{device}");
        let class = answer.octets_of(attribute::CLASS).unwrap().to_vec();
        self.classes.lock().unwrap().insert(name.clone(), class);
        drop(speaker);
        self.report(AcctStatusType::Start, device, 0).await;
    }

    /// Reports that a device has taken so much.
    pub async fn report(&self, status: AcctStatusType, device: &str, downloaded: u32) {
        let name = device.to_uppercase().replace(':', "-");
        let class = self.classes.lock().unwrap()[&name].clone();
        let report = Report {
            session: &name,
            device: &name,
            user_name: &name,
            class: &class,
            uploaded: 0,
            downloaded,
            seconds: downloaded / 1_000_000,
        };
        self.speaker.lock().await.report(status, &report).await;
    }
}

/// The telephones of all visitors.
#[derive(Default)]
pub struct Telephones {
    codes: Mutex<HashMap<String, Vec<String>>>,
    links: Mutex<HashMap<String, String>>,
    came: Condvar,
}

impl Telephones {
    fn switch_on(mut gateway: SmsGateway) -> Arc<Self> {
        let telephones = Arc::new(Self::default());
        let taking = Arc::clone(&telephones);
        Handle::current().spawn(async move {
            loop {
                let message = gateway.wait().await;
                let code = message.code();
                if let Some(link) = message.text.lines().find_map(|line| line.strip_prefix(SECURE))
                {
                    taking.links.lock().unwrap().insert(message.to.clone(), link.to_owned());
                }
                taking.codes.lock().unwrap().entry(message.to).or_default().push(code);
                taking.came.notify_all();
            }
        });
        telephones
    }

    /// The latest code that came to a number such as `0551234567`, once there are so many.
    pub fn code(&self, number: &str, at_least: usize) -> String {
        let whole = international(number);
        let codes = self.codes.lock().unwrap();
        let missing = |codes: &mut HashMap<String, Vec<String>>| {
            codes.get(&whole).map_or(0, Vec::len) < at_least
        };
        let (codes, waited) = self.came.wait_timeout_while(codes, PATIENCE, missing).unwrap();
        assert!(!waited.timed_out(), "no message {at_least} came");
        codes[&whole].last().unwrap().clone()
    }

    /// The path of the link in the first message that came to a number.
    pub fn link(&self, number: &str) -> String {
        self.code(number, 1);
        self.links.lock().unwrap()[&international(number)].clone()
    }

    /// How many messages came to a number.
    pub fn count(&self, number: &str) -> usize {
        self.codes.lock().unwrap().get(&international(number)).map_or(0, Vec::len)
    }
}

/// `0551234567` as a gateway is given it.
fn international(number: &str) -> String {
    format!("966{}", &number[1..])
}
