use std::time::Duration;

use domain::{SmsLength, Timestamp, Zone};
use link::cause::{Ailment, Kind, Moment, Subject, Trouble};
use proptest::prelude::*;

use super::*;
use crate::links::incident::{Change, Incident, Stage};
use crate::links::wording::Catalogue;

fn settings() -> AlertSettings {
    let text = r#"{
        "escalate-minutes": 15, "quiet-from-hour": 22, "quiet-until-hour": 6, "digest-hour": 7,
        "most-per-hour": 3,
        "channels": [
            { "name": "sms", "way": "sms", "least": "warning" },
            { "name": "mail", "way": "e-mail" }
        ],
        "recipients": [
            { "name": "duty", "language": "en", "addresses": [
                { "channel": "sms", "to": "+966500000001" }, { "channel": "mail", "to": "duty@city.example" }
            ] },
            { "name": "log", "least": "notice", "language": "en",
              "addresses": [{ "channel": "mail", "to": "log@city.example" }] },
            { "name": "head", "level": 1,
              "addresses": [{ "channel": "sms", "to": "+966500000002" }] }
        ]
    }"#;
    serde_json::from_str(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    // In Riyadh it is three hours later.
    format!("2026-11-27T{text}Z").parse().unwrap()
}

fn incident(id: u64, kind: Kind, begin: Timestamp) -> Incident {
    let from = Moment::from_millis(u64::try_from(begin.as_millis()).unwrap());
    let trouble = Trouble {
        subject: Subject::Line("hofuf-fibre".to_owned()),
        ailment: Ailment::Lost,
        from,
        until: None,
        is_planned: false,
    };
    Incident {
        id: IncidentId::new(id),
        kind,
        troubles: vec![trouble],
        evidence: Vec::new(),
        begin,
        noticed: begin,
        stage: Stage::Open,
        opened: Some(begin),
        acknowledged: None,
        notes: Vec::new(),
        reopened: 0,
    }
}

fn dark() -> Kind {
    Kind::SiteDark { site: "hofuf".to_owned() }
}

struct Story {
    settings: AlertSettings,
    words: Catalogue,
    alerts: Alerts,
    now: Timestamp,
    incident: Incident,
}

impl Story {
    fn new(kind: Kind, now: &str) -> Self {
        let now = at(now);
        Self {
            settings: settings(),
            words: Catalogue::new(),
            alerts: Alerts::default(),
            now,
            incident: incident(1, kind, now),
        }
    }

    fn tell(&mut self, change: &Change) -> Vec<Message> {
        let (incident, zone) = (&self.incident, Zone::riyadh());
        self.alerts.tell(change, (incident, &zone), (&self.settings, &self.words), self.now)
    }

    fn opened(&mut self) -> Vec<Message> {
        let id = self.incident.id;
        self.tell(&Change::Opened { id })
    }

    fn ended(&mut self) -> Vec<Message> {
        self.incident.stage = Stage::Ended { at: self.now };
        let id = self.incident.id;
        self.tell(&Change::Ended { id })
    }

    /// Another incident opens now.
    fn another(&mut self, id: u64, kind: Kind) -> Vec<Message> {
        self.incident = incident(id, kind, self.now);
        self.opened()
    }

    fn pass(&mut self, seconds: u64) -> Vec<Message> {
        self.now = self.now + Duration::from_secs(seconds);
        self.alerts.tick(&self.settings, &self.words, self.now)
    }

    fn sent(&mut self, messages: &[Message]) -> Vec<Message> {
        let mut more = Vec::new();
        for message in messages {
            more.extend(self.alerts.sent(&message.key, &self.settings, &self.words, self.now));
        }
        more
    }

    fn failed(&mut self, message: &Message) -> Vec<Message> {
        self.alerts.failed(&message.key, &self.settings, &self.words, self.now)
    }
}

fn told(messages: &[Message]) -> Vec<(&str, &str, &str)> {
    let of = |message: &Message| message.purpose.as_str();
    let mut told: Vec<_> = messages
        .iter()
        .map(|message| (message.recipient.as_str(), message.channel.as_str(), of(message)))
        .collect();
    told.sort_unstable();
    told
}

#[test]
fn who_is_on_duty_is_told_and_hears_of_the_end() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let messages = story.opened();
    assert_eq!(told(&messages), [("duty", "sms", "raised"), ("log", "mail", "raised")]);
    assert_eq!(messages[0].text, "Sabeel #1: path cut, hofuf-fibre, since 12:00");
    assert_eq!(messages[0].to, "+966500000001");
    assert_eq!(messages[0].key, "1.0.1/raised/duty/0");
    assert_eq!(story.sent(&messages), []);
    story.now = at("09:05:00");
    let over = story.ended();
    assert_eq!(told(&over), [("duty", "sms", "resolved"), ("log", "mail", "resolved")]);
    assert_eq!(over[0].text, "Sabeel #1 OVER: path cut, hofuf-fibre, 12:05");
    story.sent(&over);
    assert_eq!(story.pass(86_400), []);
    assert_eq!(story.alerts.known(), [], "all is forgotten");
}

#[test]
fn who_was_not_told_does_not_hear_of_the_end() {
    let mut story = Story::new(Kind::Quality, "09:00:00");
    let messages = story.opened();
    assert_eq!(told(&messages), [("log", "mail", "raised")], "a notice is not for all");
    story.sent(&messages);
    assert_eq!(told(&story.ended()), [("log", "mail", "resolved")]);
}

#[test]
fn what_is_confirmed_after_the_end_is_followed_by_it() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let messages = story.opened();
    assert_eq!(story.ended(), [], "nobody is known to know");
    let over = story.sent(&messages);
    assert_eq!(told(&over), [("duty", "sms", "resolved"), ("log", "mail", "resolved")]);
}

#[test]
fn what_fails_goes_by_the_next_way_and_is_told_later_if_there_is_none() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let messages = story.opened();
    let second = story.failed(&messages[0]);
    assert_eq!(told(&second), [("duty", "mail", "raised")]);
    assert_eq!(second[0].key, "1.0.1/raised/duty/1", "another way has another key");
    assert_eq!(story.failed(&second[0]), []);
    let later = story.pass(900);
    assert_eq!(told(&later), [("duty", "sms", "digest"), ("head", "sms", "escalated")]);
    assert_eq!(story.failed(&second[0]), [], "what is answered twice counts once");
}

#[test]
fn nobody_who_takes_care_makes_the_next_level_be_told() {
    let mut story = Story::new(dark(), "09:00:00");
    let messages = story.opened();
    story.sent(&messages);
    assert_eq!(story.pass(899), []);
    let more = story.pass(1);
    assert_eq!(told(&more), [("head", "sms", "escalated")]);
    assert_eq!(more[0].text, "سبيل #1 بلا متابع: الموقع منقطع، hofuf، منذ 12:00");
    story.sent(&more);
    assert_eq!(story.pass(86_400), [], "there is no further level");
    assert_eq!(story.ended().len(), 3, "all who know");

    let mut story = Story::new(dark(), "09:00:00");
    let messages = story.opened();
    story.sent(&messages);
    let id = story.incident.id;
    assert_eq!(story.tell(&Change::Acknowledged { id }), []);
    assert_eq!(story.pass(86_400), []);
}

#[test]
fn what_is_explained_by_something_else_is_not_escalated() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let messages = story.opened();
    story.sent(&messages);
    let id = story.incident.id;
    story.tell(&Change::Suppressed { id });
    assert_eq!(story.pass(3_600), []);
    let back = story.tell(&Change::Reopened { id });
    assert_eq!(told(&back), [("duty", "sms", "raised"), ("log", "mail", "raised")]);
    assert_eq!(back[0].key, "1.0.2/raised/duty/0");
}

#[test]
fn in_quiet_hours_only_what_is_critical_is_told_at_once() {
    // 23:00 in Riyadh.
    let mut story = Story::new(Kind::Cut, "20:00:00");
    assert_eq!(story.opened(), []);
    let seven = "2026-11-28T04:00:00Z".parse().unwrap();
    assert_eq!(story.alerts.next_deadline(), Some(seven));
    let critical = story.another(2, dark());
    assert_eq!(told(&critical), [("duty", "sms", "raised"), ("log", "mail", "raised")]);
    story.sent(&critical);
    // Nobody takes care of that, but of the other one nobody knows.
    assert_eq!(told(&story.pass(900)), [("head", "sms", "escalated")]);
    story.incident = incident(1, Kind::Cut, at("20:00:00"));
    assert_eq!(story.ended(), []);
    story.now = seven;
    let digest = story.pass(0);
    assert_eq!(told(&digest), [("duty", "sms", "digest"), ("log", "mail", "digest")]);
    assert_eq!(digest[0].text, "Sabeel: incidents 1, open 0, last #1 path cut, hofuf-fibre");
    assert_eq!(digest[0].lines, ["#1 path cut, hofuf-fibre, 23:00 to 23:15"]);
    assert_eq!(story.sent(&digest), [], "the end was told with it");
}

#[test]
fn what_a_digest_told_to_go_on_is_escalated_and_resolved() {
    let mut story = Story::new(Kind::Cut, "20:00:00");
    story.opened();
    story.now = "2026-11-28T04:00:00Z".parse().unwrap();
    let digest = story.pass(0);
    story.sent(&digest);
    let more = story.pass(900);
    assert_eq!(told(&more), [("head", "sms", "escalated")]);
    story.sent(&more);
    assert_eq!(story.ended().len(), 3);
}

#[test]
fn what_is_too_much_is_told_together_and_never_dropped() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    story.settings.recipients.truncate(1);
    let mut all = story.opened();
    for id in 2..=6 {
        let messages = story.another(id, Kind::Cut);
        all.extend(messages);
    }
    assert_eq!(all.len(), 3);
    story.sent(&all);
    assert_eq!(story.pass(3_599), []);
    let digest = story.pass(1);
    assert_eq!(told(&digest), [("duty", "sms", "digest")]);
    let ids: Vec<u64> = digest[0].incidents.iter().map(|id| id.number()).collect();
    assert_eq!(ids, [4, 5, 6]);
    assert_eq!(digest[0].lines.len(), 3);
}

#[test]
fn what_gets_worse_is_told_to_those_who_know_and_to_those_it_concerns_now() {
    let mut story = Story::new(Kind::Quality, "09:00:00");
    let messages = story.opened();
    story.sent(&messages);
    story.incident.kind = dark();
    let id = story.incident.id;
    let worse = story.tell(&Change::Refined { id, from: Kind::Quality });
    assert_eq!(told(&worse), [("duty", "sms", "raised"), ("log", "mail", "refined")]);
    assert_eq!(worse[0].text, "Sabeel #1 WORSE: site dark, hofuf, since 12:00");
    story.incident.kind = Kind::Power { site: "hofuf".to_owned() };
    assert_eq!(story.tell(&Change::Refined { id, from: dark() }), [], "no worse");
    story.sent(&worse);
    assert_eq!(story.ended()[0].text, "Sabeel #1 OVER: power lost, hofuf, 12:00");
}

#[test]
fn who_knows_of_an_incident_that_is_folded_hears_of_the_end_of_the_other_once() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let first = story.opened();
    story.sent(&first);
    let second = story.another(2, Kind::Cut);
    story.incident = incident(1, Kind::Hub { hub: "amana".to_owned() }, at("09:00:00"));
    let (id, into) = (IncidentId::new(2), IncidentId::new(1));
    story.tell(&Change::Folded { id, into });
    assert_eq!(story.sent(&second), []);
    let over = story.ended();
    assert_eq!(told(&over), [("duty", "sms", "resolved"), ("log", "mail", "resolved")]);
    assert_eq!(story.sent(&over), []);
}

#[test]
fn what_was_not_confirmed_is_sent_again_after_a_restart_with_the_same_key() {
    let mut story = Story::new(Kind::Cut, "09:00:00");
    let messages = story.opened();
    let written = serde_json::to_string(&story.alerts).unwrap();
    let restarted: Alerts = serde_json::from_str(&written).unwrap();
    let again: Vec<&Message> = restarted.unconfirmed().collect();
    assert_eq!(again, messages.iter().collect::<Vec<_>>());
}

#[test]
fn every_alert_is_one_text_message_in_both_languages() {
    let site = "x".repeat(40);
    let name = || site.clone();
    let kinds = [
        Kind::Breach { site: name() },
        Kind::Hub { hub: name() },
        Kind::Power { site: name() },
        dark(),
        Kind::RadioFade { sector: name() },
        Kind::Provider { provider: "الاتصالات السعودية".to_owned() },
        Kind::Carrier { sites: vec![name()] },
        Kind::OneWay { from: name(), to: name() },
        Kind::Cut,
        Kind::FarFirewall { site: name() },
        Kind::Unfit,
        Kind::Quality,
        Kind::Flapping,
        Kind::Maintenance,
        Kind::AgentSilent { site: name() },
        Kind::Unknown,
        Kind::BudgetUsedUp,
    ];
    let words = Catalogue::new();
    for kind in kinds {
        let mut incident = incident(123_456, kind, at("09:00:00"));
        for line in ["hofuf-fibre-of-the-municipality-of-alahsa", "another"] {
            let mut trouble = incident.troubles[0].clone();
            trouble.subject = Subject::Line(line.to_owned());
            incident.troubles.push(trouble);
        }
        let brief = text::Brief::of(&incident, &Zone::riyadh());
        for language in Language::ALL {
            for purpose in
                [Purpose::Raised, Purpose::Escalated, Purpose::Refined, Purpose::Resolved]
            {
                let text = brief.text(&words, language, purpose);
                assert_eq!(SmsLength::of(&text).segments, 1, "{text}");
                assert!(!text.contains("cause-") && text.contains("#123456"), "{text}");
            }
            let briefs = [&brief; 99];
            let text = text::digest(&words, language, &briefs);
            assert_eq!(SmsLength::of(&text).segments, 1, "{text}");
        }
    }
}

#[test]
fn settings_that_cannot_be_are_named() {
    assert_eq!(settings().validate(), Ok(()));
    assert_eq!(AlertSettings::default().validate(), Ok(()));
    type Spoil = fn(&mut AlertSettings);
    let spoils: [(Spoil, &str); 7] = [
        (|it| it.escalate_minutes = 0, "escalate-minutes` is 0"),
        (|it| it.digest_hour = 5, "digest-hour` is 5, which is a quiet hour"),
        (|it| it.most_per_hour = 0, "most-per-hour"),
        (|it| it.recipients[0].addresses.clear(), "`duty` of `controller.links.alerts` has no"),
        (|it| it.recipients[0].addresses[0].channel = "fax".to_owned(), "by `fax`"),
        (|it| it.channels[1].name = "sms".to_owned(), "names `sms` twice"),
        (|it| it.recipients[0].level = 10, "recipients.level"),
    ];
    for (spoil, reason) in spoils {
        let mut settings = settings();
        spoil(&mut settings);
        let told = settings.validate().unwrap_err().to_string();
        assert!(told.contains(reason), "{told}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Open(u64, bool),
    End(u64),
    Acknowledge(u64),
    Wait(u64),
    /// The oldest message that is under way is answered.
    Answer(bool),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..6_u64, any::<bool>()).prop_map(|(id, is_dark)| Step::Open(id, is_dark)),
        2 => (1..6_u64).prop_map(Step::End),
        1 => (1..6_u64).prop_map(Step::Acknowledge),
        3 => (1..20_000_u64).prop_map(Step::Wait),
        5 => prop::bool::weighted(0.7).prop_map(Step::Answer),
    ]
}

/// A city with many incidents, whose state is written down and read back before each step if asked.
struct City {
    story: Story,
    incidents: std::collections::BTreeMap<u64, Incident>,
    under_way: std::collections::VecDeque<Message>,
    all: Vec<Message>,
    arrived: Vec<Message>,
    restarts: bool,
}

impl City {
    fn new(restarts: bool) -> Self {
        Self {
            story: Story::new(Kind::Cut, "09:00:00"),
            incidents: std::collections::BTreeMap::new(),
            under_way: std::collections::VecDeque::new(),
            all: Vec::new(),
            arrived: Vec::new(),
            restarts,
        }
    }

    fn take(&mut self, messages: Vec<Message>) {
        self.all.extend(messages.iter().cloned());
        self.under_way.extend(messages);
    }

    fn step(&mut self, step: &Step) {
        if self.restarts {
            let written = serde_json::to_string(&self.story.alerts).unwrap();
            self.story.alerts = serde_json::from_str(&written).unwrap();
        }
        let messages = match step {
            Step::Open(id, is_dark) if !self.incidents.contains_key(id) => {
                let kind = if *is_dark { dark() } else { Kind::Cut };
                let incident = incident(*id, kind, self.story.now);
                self.incidents.insert(*id, incident.clone());
                self.story.incident = incident;
                self.story.opened()
            }
            Step::End(id) if self.incidents.get(id).is_some_and(|it| it.end().is_none()) => {
                self.story.incident = self.incidents[id].clone();
                let messages = self.story.ended();
                self.incidents.insert(*id, self.story.incident.clone());
                messages
            }
            Step::Acknowledge(id)
                if self.incidents.get(id).is_some_and(|it| it.end().is_none()) =>
            {
                self.story.incident = self.incidents[id].clone();
                let id = self.story.incident.id;
                self.story.tell(&Change::Acknowledged { id })
            }
            Step::Wait(seconds) => self.story.pass(*seconds),
            Step::Answer(is_sent) => match self.under_way.pop_front() {
                Some(message) if *is_sent => {
                    self.arrived.push(message.clone());
                    self.story.sent(&[message])
                }
                Some(message) => self.story.failed(&message),
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.take(messages);
    }

    /// All is over, all messages arrive, and days pass.
    fn finish(&mut self) {
        for id in 1..6 {
            self.step(&Step::End(id));
        }
        for _ in 0..400 {
            while !self.under_way.is_empty() {
                self.step(&Step::Answer(true));
            }
            self.step(&Step::Wait(900));
        }
    }
}

proptest! {
    #[test]
    fn a_restart_at_any_step_changes_nothing(steps in prop::collection::vec(any_step(), 0..40)) {
        let [mut whole, mut restarted] = [City::new(false), City::new(true)];
        for step in &steps {
            whole.step(step);
            restarted.step(step);
            prop_assert_eq!(&whole.all, &restarted.all);
        }
        prop_assert_eq!(whole.story.alerts, restarted.story.alerts);
    }

    /// Whom it concerns hears of every incident, and last of all that it is over.
    #[test]
    fn nothing_is_dropped_and_the_end_is_told_to_who_was_told(
        steps in prop::collection::vec(any_step(), 0..60)
    ) {
        let mut city = City::new(false);
        for step in &steps {
            city.step(step);
        }
        city.finish();
        let mut keys: Vec<&str> = city.all.iter().map(|message| message.key.as_str()).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), all, "a key is never given twice");
        for (id, incident) in &city.incidents {
            let id = IncidentId::new(*id);
            for recipient in &city.story.settings.recipients {
                let about: Vec<&Message> = city
                    .arrived
                    .iter()
                    .filter(|it| it.recipient == recipient.name && it.incidents.contains(&id))
                    .collect();
                if recipient.level == 0 {
                    prop_assert!(!about.is_empty(), "{} not of {:?}", recipient.name, incident);
                }
                let Some(last) = about.last() else { continue };
                let line = &last.lines[last.incidents.iter().position(|it| *it == id).unwrap()];
                // A line that has an end has two times.
                let is_over = last.purpose == Purpose::Resolved || line.matches(':').count() > 1;
                prop_assert!(is_over, "{:?}", about);
                let resolved = about.iter().filter(|it| it.purpose == Purpose::Resolved).count();
                prop_assert!(resolved <= 1);
                prop_assert!(about[0].purpose != Purpose::Resolved, "not told before");
            }
        }
        prop_assert_eq!(city.story.alerts.known(), Vec::<IncidentId>::new());
    }
}
