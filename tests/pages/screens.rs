//! A walk to every screen of the portal, in every language.
//!
//! A new screen gets its line here; a heading of the catalogue that was on no screen is found by
//! `every_heading_of_the_catalogue_is_on_a_screen`.

use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

use radius_proto::dictionary::enumeration::AcctStatusType;

use crate::bad_day;
use crate::chromium::{Chromium, Phone, Sheet};
use crate::ground::{DAY_DATA, Gate, Ground, Manner, SECURE};
use crate::look::{Seen, look, says};

/// Every language of the portal.
pub const LANGUAGES: [&str; 3] = ["ar", "en", "ur"];

/// What was seen on the one walk that all tests look back on.
pub fn seen() -> &'static [Seen] {
    static SEEN: OnceLock<Option<Vec<Seen>>> = OnceLock::new();
    let seen = SEEN.get_or_init(|| {
        std::panic::catch_unwind(|| [walk(), bad_day::walk()].into_iter().flatten().collect()).ok()
    });
    seen.as_ref().expect("somebody walked to the end")
}

fn walk() -> Vec<Seen> {
    // Answers are held back for three quarters of that.
    let secure = format!("portal.secure-url = \"{SECURE}\"");
    let link = "portal.message-form = \"link\"";
    let ground = Ground::begin(&["portal.limits.request-seconds = 4", link, &secure]);
    ground.gate.behave(Manner::Slow);
    let profile = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(profile.path());
    let visitors: Vec<_> = (0_u8..).zip(LANGUAGES).collect();
    let turn = Barrier::new(visitors.len());
    std::thread::scope(|threads| {
        let walks: Vec<_> = visitors
            .into_iter()
            .map(|(number, language)| {
                let (ground, chromium, turn) = (&ground, &chromium, &turn);
                threads.spawn(move || {
                    let sheet = chromium.sheet(&Phone::new(language));
                    let visitor = Visitor { ground, sheet, language, number, seen: Vec::new() };
                    visitor.walk(chromium, turn)
                })
            })
            .collect();
        walks.into_iter().flat_map(|walk| walk.join().unwrap()).collect()
    })
}

/// Somebody who looks at everything.
struct Visitor<'a> {
    ground: &'a Ground,
    sheet: Sheet,
    language: &'static str,
    number: u8,
    seen: Vec<Seen>,
}

impl Visitor<'_> {
    fn walk(mut self, chromium: &Chromium, turn: &Barrier) -> Vec<Seen> {
        self.outside_of_a_visit();
        self.where_nobody_is_seen();
        self.number_and_code();
        self.link();
        self.being_let_in(chromium);
        self.online();
        self.the_site_changes(turn);
        self.used_up();
        self.seen
    }

    /// Looks at the screen that is there.
    fn look(&mut self, name: &str) {
        let seen = look(&self.sheet, &format!("{} {name}", self.language));
        self.seen.push(seen);
    }

    /// Looks at the screen that is there, which must say so.
    fn look_for(&mut self, name: &str, key: &str) {
        says(&self.sheet, self.language, &[key]);
        self.look(name);
    }

    /// Opens a path, and looks at its screen.
    fn look_at(&mut self, path: &str, name: &str) {
        self.sheet.open(&self.ground.at(path));
        self.look(name);
    }

    /// Opens a page of the visit.
    fn look_at_own(&mut self, page: &str, name: &str) {
        let address = self.page(page);
        self.sheet.open(&address);
        self.look(name);
    }

    /// The address of a page of the visit that the sheet is at.
    fn page(&self, page: &str) -> String {
        let base = self.sheet.compute("document.baseURI");
        format!("{}{page}", base.as_str().unwrap())
    }

    fn device(&self) -> String {
        format!("02:00:5e:10:00:0{}", self.number)
    }

    fn telephone(&self) -> String {
        format!("055123400{}", self.number)
    }

    fn arrive(&self) {
        self.sheet.open(&self.ground.at(&self.gate().redirect(&self.device())));
    }

    fn gate(&self) -> &Gate {
        &self.ground.gate
    }

    fn report(&self, status: AcctStatusType, downloaded: u32) {
        self.ground.wait_for(self.gate().report(status, &self.device(), downloaded));
        self.ground.wait_for(self.ground.city.settled());
    }

    fn outside_of_a_visit(&mut self) {
        self.look_at("/", "connect first");
        self.look_at("/help", "public help");
        self.look_at("/contact", "public contact");
        self.look_at("/terms", "public terms");
        self.look_at("/n/nowhere/", "arrival");
        self.look_at("/v/nothing/", "token");
        self.look_at("/nowhere", "missing");
        self.look_at("/v/nothing/phone", "wrong method");
    }

    /// At an access point that signs nothing and has asked about nobody.
    fn where_nobody_is_seen(&mut self) {
        let (name, address) = (format!("mall-{}", self.number), format!("192.0.2.{}", self.number));
        let mall = ["nas", "add", &name, "--site", "walkway", "--address", &address];
        let added = self.ground.wait_for(self.ground.city.json(&mall));
        let path = added["access_point"]["portal_path"].as_str().unwrap();
        self.sheet.open(&self.ground.at(&format!("/n/{path}/?mac={}", self.device())));
        self.sheet.fill("#phone", &self.telephone());
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.look("unseen");
    }

    fn number_and_code(&mut self) {
        self.arrive();
        self.look("number");
        self.look_at_own("help", "help");
        self.look_at_own("contact", "contact");
        self.look_at_own("terms", "terms");
        self.look_at_own("refused", "refused");
        self.look_at_own("bye", "bye");
        self.look_at_own("?e=locked", "number locked");
        for (mark, key) in [("expired", "e-code-expired"), ("used", "e-code-used")] {
            self.sheet.open(&self.page(&format!("?e={mark}")));
            self.look_for(&format!("number after {mark}"), key);
        }
        for (typed, name, key) in [
            ("0512", "number wrong", "e-phone-format"),
            ("05five", "number of letters", "e-phone-letters"),
            ("0135801234", "number of a landline", "e-phone-landline"),
            ("+447700900123", "number of another country", "e-phone-country"),
        ] {
            // What was typed before stays in the field.
            self.arrive();
            self.sheet.fill("#phone", typed);
            self.sheet.follow("main button");
            self.look_for(name, key);
        }
        self.look_at_own("voucher?code=K7M2QXF4TN", "voucher");
        self.sheet.fill("#voucher", "9999");
        self.sheet.follow("main button");
        self.look_for("voucher wrong", "e-voucher-format");
        self.sheet.open(&self.page("voucher?code=K7M2QXF4TN"));
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.look_for("voucher unknown", "e-voucher-unknown");
        self.arrive();
        self.sheet.fill("#phone", &self.telephone());
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.look("code");
        self.look_at_own("code?e=format", "code format");
        self.look_at_own("code?n=sent", "code again");
        self.sheet.open(&self.page("code?e=sends"));
        self.look_for("code sent often enough", "e-sends");
        let code = self.ground.telephones.code(&self.telephone(), 1);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        self.arrive();
        self.sheet.fill("#code", wrong);
        self.sheet.follow("main button");
        self.look("code wrong");
    }

    /// Another device signs in by the link in its message.
    fn link(&mut self) {
        let (device, telephone) =
            (format!("02:00:5e:30:00:0{}", self.number), format!("055123500{}", self.number));
        self.sheet.open(&self.ground.at(&self.gate().redirect(&device)));
        self.sheet.fill("#phone", &telephone);
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        let link = self.ground.telephones.link(&telephone);
        let address = format!("{link}?lang={}", self.language);
        self.look_at(&address, "link");
        self.sheet.follow("main button");
        self.look("link opened");
        self.look_at(&address, "link used");
    }

    fn being_let_in(&mut self, chromium: &Chromium) {
        self.arrive();
        self.sheet.fill("#code", &self.ground.telephones.code(&self.telephone(), 1));
        let online = self.page("online");
        self.sheet.follow("main button");
        self.look("late");
        // Of two that wait, one takes the place of the other.
        let mut other = chromium.sheet(&Phone::new(self.language));
        self.sheet.go(&online);
        other.go(&online);
        while !self.sheet.is_loaded_by(Instant::now() + Duration::from_millis(50)) {
            std::mem::swap(&mut self.sheet, &mut other);
        }
        drop(other);
        self.look("waiting");
        self.ground.wait_for(self.gate().let_in(&self.device()));
        self.ground.wait_for(self.ground.city.settled());
        self.look_at_own("online", "online");
    }

    fn online(&mut self) {
        self.report(AcctStatusType::InterimUpdate, 5_000_000);
        self.look_at_own("status", "status");
        self.another_device();
        self.look_at_own("devices", "devices");
        self.look_at_own("devices?n=gone", "device gone");
        self.look_at_own("rate", "rate");
        self.look_at_own("rate?e=score", "rate missing");
        self.look_at_own("rated", "rated");
        self.my_data();
        self.report(AcctStatusType::InterimUpdate, DAY_DATA / 100 * 95);
        self.look_at_own("status", "status nearly used up");
    }

    /// The same person signs in with another device, which is not let in yet.
    fn another_device(&self) {
        let device = format!("02:00:5e:50:00:0{}", self.number);
        self.sheet.open(&self.ground.at(&self.gate().redirect(&device)));
        self.sheet.fill("#phone", &self.telephone());
        self.sheet.tap("input[name=terms]");
        self.sheet.follow("main button");
        self.sheet.fill("#code", &self.ground.telephones.code(&self.telephone(), 2));
        self.sheet.follow("main button");
        self.arrive();
    }

    fn my_data(&mut self) {
        self.look_at_own("me", "my data before");
        self.look_at_own("me?e=locked", "my data locked");
        self.sheet.follow("main button");
        self.look("my data code");
        self.sheet.fill("#code", &self.ground.telephones.code(&self.telephone(), 3));
        self.sheet.follow("main button");
        self.look("my data");
        self.look_at_own("me?n=withdrawn", "my data withdrawn");
        self.look_at_own("me/erase", "erase");
        self.look_at_own("erased?r=K7M2QX", "erased");
        self.look_at_own("kept?r=K7M2QX", "kept");
    }

    fn used_up(&mut self) {
        self.report(AcctStatusType::Stop, DAY_DATA + 1);
        self.arrive();
        self.look("used up");
    }

    /// What is changed about a site is there for all; so all wait for each other.
    fn the_site_changes(&mut self, turn: &Barrier) {
        let stranger = format!("02:00:5e:20:00:0{}", self.number);
        let change = |words: &[&str]| {
            if turn.wait().is_leader() {
                self.ground.admin(&[&["site", "set", "walkway"], words].concat());
            }
            turn.wait();
        };
        let garden = "services.park.example,maps.park.example";
        change(&["--trial", "yes", "--notice", "office-backup", "--garden", garden]);
        let redirect = self.ground.gate.redirect(&stranger);
        self.look_at(&redirect, "number with notices");
        change(&["--trial", "no", "--clear", "notice,garden", "--capacity", "1"]);
        self.look_at(&redirect, "full");
        change(&["--clear", "capacity", "--hours", "sun-sat 20:00-22:00"]);
        self.look_at(&redirect, "closed");
        change(&["--clear", "hours"]);
    }
}
