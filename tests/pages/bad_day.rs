//! A walk to the screens of a bad day, in every language: messages wait or go nowhere, a code is too
//! old, and what may be used at full speed is used up. Also the page that posts a login to a gateway,
//! as it is where no script presses its button.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use domain::{
    Binding, Challenge, ChallengeId, ChallengePolicy, ChallengeState, Code, Language, MacAddress,
    PhoneNumber, SmsText,
};
use hyper::StatusCode;
use radius_proto::dictionary::enumeration::AcctStatusType;
use store::{Begun, Budget, Challenges as _, NewChallenge};

use crate::chromium::{Chromium, Phone, Scripts, Sheet};
use crate::city::eventually;
use crate::ground::{DAY_DATA, Ground};
use crate::look::{Seen, look, says};
use crate::screens::LANGUAGES;
use crate::sms_gateway::SmsGateway;
use crate::visitor::{now, store};

/// How the gateway for text messages answers.
type Answers = Arc<Mutex<StatusCode>>;

pub fn walk() -> Vec<Seen> {
    let (ground, answers) = city();
    let profile = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(profile.path());
    let turn = Barrier::new(LANGUAGES.len());
    std::thread::scope(|threads| {
        let visitors = (0_u8..).zip(LANGUAGES).map(|(number, language)| {
            let (ground, chromium, turn, answers) = (&ground, &chromium, &turn, &answers);
            threads.spawn(move || {
                let sheet = chromium.sheet(&Phone::new(language));
                let mut visitor = Visitor { ground, sheet, language, number, seen: Vec::new() };
                visitor.slowed(turn);
                visitor.handed_over(chromium);
                visitor.messages(turn, answers);
                visitor.seen
            })
        });
        let visitors: Vec<_> = visitors.collect();
        visitors.into_iter().flat_map(|visitor| visitor.join().unwrap()).collect()
    })
}

/// A city with a gateway for text messages and one for WhatsApp, whose visitors are slowed down and
/// not cut.
fn city() -> (Ground, Answers) {
    let ground = Ground::of(async |messages: &SmsGateway| {
        let whatsapp = SmsGateway::open().await.route("").replace("{text}", "{code}");
        vec![
            "messaging.transport = \"routes\"".to_owned(),
            "portal.grace = { plan = \"short\" }".to_owned(),
            format!(
                "messaging.routes = [{{ name = \"sms\", {} }}, \
                 {{ name = \"whatsapp\", channel = \"whatsapp\", {whatsapp} }}]",
                messages.route("")
            ),
        ]
    });
    let data = format!("{DAY_DATA}B");
    let slow = ["--day-data", &data, "--then-down", "1Mbit/s", "--then-up", "1Mbit/s"];
    ground.admin(&[&["plan", "add", "gentle"], &slow[..]].concat());
    ground.admin(&["site", "set", "walkway", "--plan", "gentle"]);
    ground.admin(&["plan", "add", "short", "--down", "512kbit/s", "--up", "256kbit/s"]);
    let answers = Arc::clone(&ground.answers);
    (ground, answers)
}

/// Somebody on whom it happens.
struct Visitor<'a> {
    ground: &'a Ground,
    sheet: Sheet,
    language: &'static str,
    number: u8,
    seen: Vec<Seen>,
}

impl Visitor<'_> {
    /// Looks at the screen that is there, which must say what the catalogue has under those keys.
    fn look(&mut self, name: &str, keys: &[&str]) {
        says(&self.sheet, self.language, keys);
        let seen = look(&self.sheet, &format!("{} {name}", self.language));
        self.seen.push(seen);
    }

    /// One of the visitor's devices.
    fn device(&self, of_them: u8) -> String {
        format!("02:00:5e:4{of_them}:00:0{}", self.number)
    }

    fn arrive(&self, device: &str) {
        self.sheet.open(&self.ground.at(&self.ground.gate.redirect(device)));
    }

    fn report(&self, status: AcctStatusType, device: &str, downloaded: u32) {
        self.ground.wait_for(self.ground.gate.report(status, device, downloaded));
        self.ground.wait_for(self.ground.city.settled());
    }

    /// Our own gateway slows nobody down, so it becomes another maker's.
    fn slowed(&mut self, turn: &Barrier) {
        let (device, telephone) = (self.device(0), format!("055124500{}", self.number));
        self.arrive(&device);
        self.sheet.fill("#phone", &telephone);
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.sheet.fill("#code", &self.ground.telephones.code(&telephone, 1));
        self.sheet.follow("main button");
        if turn.wait().is_leader() {
            self.ground.admin(&["nas", "set", "gate", "--profile", "generic"]);
        }
        turn.wait();
        self.report(AcctStatusType::InterimUpdate, &device, DAY_DATA + 1);
        self.arrive(&device);
        self.look("status slowed", &["quota-speed"]);
        self.report(AcctStatusType::Stop, &device, DAY_DATA + 2);
    }

    /// The same device comes by a gateway whose own page takes the login.
    fn handed_over(&mut self, chromium: &Chromium) {
        let (name, address) = (format!("door-{}", self.number), format!("192.0.2.{}", self.number));
        let door = ["nas", "add", &name, "--site", "walkway", "--address", &address];
        let kind = ["--profile", "pfsense", "--hand-off", "pfsense", "--login-hosts", "10.5.0.1"];
        let added = self.ground.wait_for(self.ground.city.json(&[&door[..], &kind].concat()));
        let path = added["access_point"]["portal_path"].as_str().unwrap();
        let action = "http%3a%2f%2f10.5.0.1%3a8002%2findex.php%3fzone%3dpark";
        let query = format!("mac={}&ip=10.5.0.7&zone=park&action={action}", self.device(0));
        let phone = Phone { scripts: Scripts::Blocked, ..Phone::new(self.language) };
        let before = std::mem::replace(&mut self.sheet, chromium.sheet(&phone));
        self.sheet.open(&self.ground.at(&format!("/n/{path}/?{query}")));
        self.sheet.allow_scripts();
        assert!(self.sheet.has("form[action^=\"http://10.5.0.1:8002/\"]"), "{}", self.sheet.text());
        self.look("hand-off", &["hand-off-body", "start"]);
        self.sheet = before;
    }

    fn messages(&mut self, turn: &Barrier, answers: &Answers) {
        let change = |status: StatusCode| {
            if turn.wait().is_leader() {
                *answers.lock().unwrap() = status;
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    self.ground.wait_for(be_given_up(self.ground));
                }
            }
            turn.wait();
        };
        change(StatusCode::TOO_MANY_REQUESTS);
        self.begin(1, Duration::from_secs(40));
        self.begin(2, Duration::from_secs(400));
        self.arrive(&self.device(1));
        self.look("code late", &["code-sending", "e-sms-slow", "look-again", "resend-other"]);
        self.arrive(&self.device(2));
        self.look("code expired", &["e-code-expired"]);
        assert!(!self.sheet.has("#code"), "no code is taken any more");
        change(StatusCode::SERVICE_UNAVAILABLE);
        self.arrive(&self.device(1));
        self.look("code without messages", &["e-sms-down", "grace-btn"]);
        self.without_a_code();
    }

    /// Who cannot be sent a code is let in for a while.
    fn without_a_code(&mut self) {
        let device = self.device(3);
        self.arrive(&device);
        self.look("number without messages", &["e-sms-down-offer", "grace-btn"]);
        self.sheet.fill("#phone", &format!("055127000{}", self.number));
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.ground.wait_for(self.ground.gate.let_in(&device));
        self.ground.wait_for(self.ground.city.settled());
        let base = self.sheet.compute("document.baseURI");
        let page = |name: &str| format!("{}{name}", base.as_str().unwrap());
        self.sheet.open(&page("online"));
        self.look("online without a code", &["e-sms-down-grace"]);
        self.sheet.open(&page("me"));
        self.look("my data without proof", &["me-claimed"]);
    }

    /// Makes a sign-in of so long ago; its message waits.
    fn begin(&self, device: u8, ago: Duration) {
        let at = now() - ago;
        let [telephone, id] = [device, self.number];
        let code = Code::draw(|| 123_456);
        let new = NewChallenge {
            challenge: Challenge {
                id: ChallengeId::new(at, [device, self.number, 0, 0, 0, 0, 0, 0, 0, 0]),
                binding: Binding::SignIn {
                    site: "walkway".parse().unwrap(),
                    device: self.device(device).parse::<MacAddress>().unwrap(),
                },
                phone: format!("+96655125{telephone}00{id}").parse::<PhoneNumber>().unwrap(),
                language: self.language.parse::<Language>().unwrap(),
                agreed: Vec::new(),
                created_at: at,
                sent_at: at,
                sends: 1,
                code_expires_at: at + Duration::from_secs(300),
                attempts: 0,
                state: ChallengeState::Open,
            },
            text: SmsText::new(code.expose().to_owned()),
            code,
            link: None,
            visit: None,
            claim_until: None,
        };
        self.ground.wait_for(async {
            let store = store(&self.ground.city).await;
            let policy = ChallengePolicy::default();
            let begun = store.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap();
            assert!(matches!(begun, Begun::Begins), "{begun:?}");
            store.close().await;
        });
    }
}

/// Has so many messages refused that the gateway rests.
async fn be_given_up(ground: &Ground) {
    for number in 0..5 {
        let (report, telephone) = (format!("4401234{number}"), format!("055126600{number}"));
        ground.city.json(&["code", "send", &report, &telephone]).await;
    }
    eventually("gateway at rest", async || {
        let routes = ground.city.json(&["sms", "routes"]).await;
        (routes[0]["resting"] == true).then_some(())
    })
    .await;
}
