//! Ways to the internet that are not the usual one: no scripts, old engines, sheets that close.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::chromium::{Chromium, Phone, Scripts, Sheet};
use crate::ground::Ground;
use crate::look::{ask_axe, misfits_at};

/// What both pages of a device that is online have, and no other.
const ONLINE: &str = "svg.ok";
/// A telephone of 2015, as it introduces itself.
const OLD: &str = "Mozilla/5.0 (Linux; Android 5.1; SM-J100H Build/LMY47X) AppleWebKit/537.36 \
                   (KHTML, like Gecko) Version/4.0 Chrome/50.0.2661.86 Mobile Safari/537.36";
/// Takes from the style what engines of before 2020 do not know.
const AS_OF_OLD: &str = "document.querySelectorAll('style').forEach(style => {
    style.textContent = style.textContent
        .replace(/(^|[;{])(gap|row-gap|column-gap|inset|accent-color|text-wrap|color-scheme):[^;}]*/g, '$1')
        .replace(/[^{}]*:focus-visible[^{}]*{[^}]*}/g, '')
        .replace(/@media\\(prefers-color-scheme:dark\\){[^@]*?}}/g, ''); })";

/// How many sheets are closed, and how many of them at the same time.
const SHEETS: u64 = 100;
const AT_ONCE: usize = 4;
/// What a visitor does, one after the other.
const STEPS: u64 = 5;
/// A page is there after about half of that.
const LONGEST_DELAY: u64 = 150;
/// More than that are never needed.
const MOST_STEPS: u64 = 20;

/// Somebody who wants to be online.
struct Visitor<'a> {
    ground: &'a Ground,
    chromium: &'a Chromium,
    phone: Phone,
    device: String,
    telephone: String,
}

/// What a visitor does next, as the page asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    TypeNumber,
    SendNumber,
    TypeCode,
    SendCode,
    GoOn,
    Done,
}

impl Visitor<'_> {
    fn sheet(&self) -> Sheet {
        self.chromium.sheet(&self.phone)
    }

    fn entry(&self) -> String {
        self.ground.at(&self.ground.gate.redirect(&self.device))
    }

    fn next(sheet: &Sheet) -> Step {
        let is_typed = |field: &str| sheet.compute(&format!("{field}.value != ''")) == true;
        match () {
            () if sheet.has(ONLINE) => Step::Done,
            () if sheet.has("#code") && is_typed("code") => Step::SendCode,
            () if sheet.has("#code") => Step::TypeCode,
            () if sheet.has("#phone") && is_typed("phone") => Step::SendNumber,
            () if sheet.has("#phone") => Step::TypeNumber,
            () if sheet.has("main a.go") => Step::GoOn,
            () => panic!("nothing to do at {}", sheet.text()),
        }
    }

    /// Begins a step; says whether another page comes of it.
    fn begin(&self, sheet: &Sheet, step: Step) -> bool {
        match step {
            Step::TypeNumber => {
                sheet.fill("#phone", &self.telephone);
                sheet.tap("input[name=terms]");
            }
            Step::TypeCode => sheet.fill("#code", &self.ground.telephones.code(&self.telephone, 1)),
            Step::SendNumber | Step::SendCode => sheet.begin_to_follow("main button"),
            Step::GoOn => sheet.begin_to_follow("main a.go"),
            Step::Done => {}
        }
        matches!(step, Step::SendNumber | Step::SendCode | Step::GoOn)
    }

    /// Does what the page asks until the visitor is online.
    fn go_online(&self, sheet: &Sheet, mut at_each_page: impl FnMut(&Sheet)) {
        at_each_page(sheet);
        for _ in 0..MOST_STEPS {
            let step = Self::next(sheet);
            if step == Step::Done {
                return;
            }
            if self.begin(sheet, step) {
                sheet.wait_for_load();
                at_each_page(sheet);
            }
        }
        panic!("not online after {MOST_STEPS} steps: {}", sheet.text());
    }

    /// Closes the sheet at that step, so long after it began, and goes on with another.
    fn go_online_with_a_sheet_closed(&self, at: u64, delay: Duration) {
        let sheet = self.sheet();
        sheet.go(&self.entry());
        for number in 0..=at {
            let step = if number == 0 { None } else { Some(Self::next(&sheet)) };
            let leads_on = step.is_none_or(|step| self.begin(&sheet, step));
            if number == at {
                if leads_on {
                    sheet.is_loaded_by(Instant::now() + delay);
                }
            } else if leads_on {
                sheet.wait_for_load();
            }
        }
        drop(sheet);
        let sheet = self.sheet();
        sheet.open(&self.entry());
        self.go_online(&sheet, |_| {});
    }
}

/// One visitor with a browser of their own, and a city.
fn with_a_visitor(phone: Phone, story: impl FnOnce(&Visitor<'_>)) {
    let ground = Ground::begin(&[]);
    let profile = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(profile.path());
    let (device, telephone) = ("02:00:5e:10:00:01".to_owned(), "0551234567".to_owned());
    story(&Visitor { ground: &ground, chromium: &chromium, phone, device, telephone });
}

#[test]
fn a_visitor_signs_in_without_any_script() {
    let phone = Phone { scripts: Scripts::Blocked, ..Phone::new("ar") };
    with_a_visitor(phone, |visitor| {
        let sheet = visitor.sheet();
        sheet.open("data:text/html,<p id=p>blocked</p><script>p.textContent='run'</script>");
        assert_eq!(sheet.text(), "blocked");
        sheet.open(&visitor.entry());
        let mut pages = 0;
        visitor.go_online(&sheet, |_| pages += 1);
        assert_eq!(pages, 3, "number, code, online");
        assert_eq!(visitor.ground.telephones.count(&visitor.telephone), 1);
    });
}

#[test]
fn a_telephone_of_2015_signs_in_at_320_pixels() {
    let phone = Phone { user_agent: OLD, width: 320, height: 480, ..Phone::new("ar") };
    with_a_visitor(phone, |visitor| {
        let sheet = visitor.sheet();
        sheet.open(&visitor.entry());
        visitor.go_online(&sheet, |sheet| {
            sheet.compute(AS_OF_OLD);
            let style = sheet
                .compute("[...document.querySelectorAll('style')].map(s => s.textContent).join()");
            assert!(!style.as_str().unwrap().contains("focus-visible"), "{style}");
            let found = [misfits_at(sheet, 320), ask_axe(sheet)].concat();
            assert!(found.is_empty(), "{}: {found:?}", sheet.text());
        });
    });
}

#[test]
fn a_sheet_closed_at_each_step_opens_where_the_journey_is() {
    with_a_visitor(Phone::new("ar"), |visitor| {
        let reopened = |expected: Step| {
            let sheet = visitor.sheet();
            sheet.open(&visitor.entry());
            assert_eq!(Visitor::next(&sheet), expected, "{}", sheet.text());
            sheet
        };
        for (step, then) in [
            (Step::TypeNumber, Step::TypeNumber),
            (Step::SendNumber, Step::TypeCode),
            (Step::TypeCode, Step::TypeCode),
            (Step::SendCode, Step::Done),
        ] {
            let sheet = visitor.sheet();
            sheet.open(&visitor.entry());
            while Visitor::next(&sheet) != step {
                let before = Visitor::next(&sheet);
                assert!(!visitor.begin(&sheet, before), "{before:?} is not {step:?}");
            }
            if visitor.begin(&sheet, step) {
                sheet.wait_for_load();
            }
            drop(sheet);
            drop(reopened(then));
        }
        assert_eq!(visitor.ground.telephones.count(&visitor.telephone), 1);
    });
}

#[test]
fn a_sheet_closed_anywhere_ends_online_with_one_message() {
    let ground = Ground::begin(&[]);
    let profile = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(profile.path());
    let mut chance = Chance::new();
    let points: Vec<_> = (0..SHEETS)
        .map(|number| (number, chance.below(STEPS), chance.below(LONGEST_DELAY)))
        .collect();
    let (points, failures) = (Mutex::new(points.into_iter()), Mutex::new(Vec::new()));
    let next = || points.lock().unwrap().next();
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                while let Some((number, step, delay)) = next() {
                    let visitor = Visitor {
                        ground: &ground,
                        chromium: &chromium,
                        phone: Phone::new("ar"),
                        device: format!("02:00:5e:30:00:{number:02x}"),
                        telephone: format!("05512{number:05}"),
                    };
                    let delay = Duration::from_millis(delay);
                    let walk = || visitor.go_online_with_a_sheet_closed(step, delay);
                    let is_online = catch_unwind(AssertUnwindSafe(walk)).is_ok();
                    let messages = ground.telephones.count(&visitor.telephone);
                    if !is_online || messages != 1 {
                        let failure = format!("{number}: step {step}, {delay:?}, {messages} sent");
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.len() <= 1, "{failures:#?}");
}
