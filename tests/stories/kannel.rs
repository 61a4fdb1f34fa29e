//! Kannel as the SMS gateway, by its preset, and an operator behind it that speaks SMPP.
//!
//! Kannel takes messages by HTTP and calls the portal with receipts; the operator's message centre
//! is Net::SMPP, in `kannel/operator.pl`.

use std::fs;
use std::path::PathBuf;

use data_encoding::HEXLOWER;

use crate::browser::{Answer, Browser};
use crate::city::{City, eventually, tells};
use crate::program::{Program, command};
use crate::visit::{Coova, found_a_park};

const OPERATOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/kannel/operator.pl");
const PRESET: &str = include_str!("../../crates/messaging/presets/kannel.toml");
// Below the ports that the system gives away by itself.
const OPERATOR_PORT: u16 = 21_830;
const ADMIN_PORT: u16 = 21_831;
const BOX_PORT: u16 = 21_832;
const SENDSMS_PORT: u16 = 21_833;

/// A city whose messages go by Kannel to an operator.
struct Network {
    city: City,
    operator: Program,
    _boxes: [Program; 2],
}

/// A message as it reached the operator.
struct Taken {
    to: String,
    text: String,
}

impl Network {
    async fn build() -> Self {
        let mut city = City::plan(&[]);
        let host = city.address().to_string();
        let mut operator =
            Program::start(command(&["perl", OPERATOR, &host, &OPERATOR_PORT.to_string()]));
        operator.says("listens").await;
        let file = city.dir().join("kannel.conf").display().to_string();
        fs::write(&file, kannel(&host)).unwrap();
        let mut bearerbox = Program::start(command(&["bearerbox", "-v", "1", &file]));
        operator.says("bound").await;
        let smsbox = Program::start(command(&["smsbox", "-v", "1", &file]));
        bearerbox.says("Client connected from").await;
        city.configure(&[preset(&city)]);
        city.start().await;
        found_a_park(&city).await;
        Self { city, operator, _boxes: [bearerbox, smsbox] }
    }

    /// Waits for what the operator took for a number.
    async fn taken(&mut self, number: &str) -> Taken {
        let mark = format!("took {number} ");
        self.operator.says(&mark).await;
        let said = self.operator.said();
        let mut lines = said.lines().filter_map(|line| line.strip_prefix("took "));
        let line = lines.find(|line| line.starts_with(number)).unwrap();
        let [to, coding, octets] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        assert_eq!(coding, "8", "not UCS-2: {line}");
        let octets = HEXLOWER.decode(octets.as_bytes()).unwrap();
        let (units, rest) = octets.as_chunks::<2>();
        assert!(rest.is_empty(), "{line}");
        let units: Vec<_> = units.iter().copied().map(u16::from_be_bytes).collect();
        Taken { to: to.to_owned(), text: String::from_utf16(&units).unwrap() }
    }

    /// Waits until a message became that, by its receipt, and returns what `sabeel support` tells
    /// about the visit of a page.
    async fn story(&self, browser: &Browser, page: &Answer, became: &str) -> String {
        eventually(became, async || {
            let routes = self.city.json(&["sms", "routes"]).await;
            (routes[0][became] == 1).then_some(())
        })
        .await;
        self.city.sabeel(&["support", &browser.reference(page).await]).await.out
    }
}

/// Kannel's configuration.
fn kannel(host: &str) -> String {
    format!(
        "group = core\nadmin-port = {ADMIN_PORT}\nadmin-password = admin\nadmin-interface = {host}\n\
         smsbox-port = {BOX_PORT}\nsmsbox-interface = {host}\ndlr-storage = internal\n\n\
         group = smsc\nsmsc = smpp\nhost = {host}\nport = {OPERATOR_PORT}\ntransceiver-mode = true\n\
         smsc-username = city\nsmsc-password = operator\nsystem-type = \"\"\n\n\
         group = smsbox\nbearerbox-host = {host}\nsendsms-port = {SENDSMS_PORT}\n\
         sendsms-interface = {host}\n\n\
         group = sendsms-user\nusername = city\npassword = gateway\n"
    )
}

/// The preset, with this city's addresses and secrets.
fn preset(city: &City) -> String {
    let secret = |name: &str, value: &str| {
        let file: PathBuf = city.dir().join(name);
        fs::write(&file, value).unwrap();
    };
    secret("kannel-user", "city");
    secret("kannel-password", "gateway");
    secret("kannel-receipts", "0123456789abcdef");
    PRESET
        .replace("127.0.0.1:13013", &format!("{}:{SENDSMS_PORT}", city.address()))
        .replace("wifi.example", &city.portal().to_string())
        .replace("/etc/sabeel/secrets", &city.dir().display().to_string())
}

#[tokio::test]
async fn a_code_goes_by_kannel_and_smpp_and_what_became_of_it_comes_back() {
    let mut network = Network::build().await;
    let mut coova = Coova::install(&network.city).await;
    let portal = network.city.portal();
    let browser = Browser { accept_language: "ar", ..Browser::new(portal) };
    let page = browser.visit(&coova.redirect("notyet")).await;
    let form = |phone| [("phone", phone), ("terms", "yes")];

    // A telephone that is switched off.
    let sent = browser.submit(&page, "phone", &form("0551234569")).await;
    let code_page = browser.visit(&sent.location()).await;
    network.taken("966551234569").await;
    let story = network.story(&browser, &code_page, "undelivered").await;
    assert!(story.contains("taken by route main; not delivered"), "{story}");

    let changed = browser.submit(&code_page, "change", &[]).await;
    let page = browser.visit(&changed.location()).await;
    let sent = browser.submit(&page, "phone", &form("0551234567")).await;
    let code_page = browser.visit(&sent.location()).await;
    let taken = network.taken("966551234567").await;
    let code: String = taken.text.chars().filter(char::is_ascii_digit).take(6).collect();
    let whole = format!("رمز واي فاي الأحساء {code}\nصالح 5 دقائق، ولا تشاركه مع أحد.");
    assert_eq!((taken.to.as_str(), taken.text), ("966551234567", whole));
    let logon = browser.submit(&code_page, "code", &[("code", &code)]).await;
    coova.log_on(&logon.location()).await;

    let story = network.story(&browser, &code_page, "delivered").await;
    assert!(story.contains("taken by route main; delivered"), "{story}");
    let log = network.city.log();
    assert!(!tells(&log, &code) && !log.contains("551234567"), "{log}");
}
