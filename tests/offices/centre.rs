//! Agents that tell the centre what happens, over a way that breaks again and again.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::ground::{Offices, Setting, USUAL, ask};

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");
/// How long something that must happen may take before the story fails.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// Lets nobody speak to the centre: whoever tries is turned away, in the middle of it, too.
const TURN_AWAY: &str = "table inet away {\n chain in {\n type filter hook input priority 0;\n \
     tcp dport 8473 reject with tcp reset\n }\n chain out {\n type filter hook output priority 0;\n \
     tcp dport 8473 reject with tcp reset\n }\n}\n";

/// Two offices, the centre in the first, and an authority for all.
struct City {
    offices: Offices,
    centre: Option<Child>,
}

impl City {
    /// Writes what the centre needs; nobody runs yet.
    fn lay() -> Self {
        let offices = Offices::lay();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = offices.dir();
        std::fs::write(dir.join("ca.pem"), ca.pem()).unwrap();
        for (file, name) in
            [("centre", "10.1.0.1"), ("agent-1", "office-1"), ("agent-2", "office-2")]
        {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &ca).unwrap();
            std::fs::write(dir.join(format!("{file}.pem")), certificate.pem()).unwrap();
            std::fs::write(dir.join(format!("{file}.key")), key.serialize_pem()).unwrap();
        }
        let config = format!(
            "data-dir = \"{0}/centre\"\n[controller.links]\nlisten = \"0.0.0.0:8473\"\n\
             certificate = \"{0}/centre.pem\"\nkey = \"{0}/centre.key\"\nca = \"{0}/ca.pem\"\n\
             [[controller.links.lines]]\nname = \"the fibre\"\n\
             ends = [{{ site = \"office-1\", path = \"fibre\" }}, {{ site = \"office-2\", path = \"fibre\" }}]\n",
            dir.display()
        );
        std::fs::create_dir(dir.join("centre")).unwrap();
        std::fs::write(dir.join("centre.toml"), config).unwrap();
        Self { offices, centre: None }
    }

    fn start_agent(&mut self, router: usize) {
        self.start_agent_with(router, "");
    }

    /// With more in its section of the centre.
    fn start_agent_with(&mut self, router: usize, more: &str) {
        self.start_agent_as(router, more, USUAL);
    }

    /// And set otherwise.
    fn start_agent_as(&mut self, router: usize, more: &str, setting: Setting<'_>) {
        let dir = self.offices.dir().display();
        let more = format!(
            "[links.centre]\nurl = \"https://10.1.0.1:8473\"\nca = \"{dir}/ca.pem\"\n\
             certificate = \"{dir}/agent-{router}.pem\"\nkey = \"{dir}/agent-{router}.key\"\n\
             cells = \"{dir}/cells-{router}.jsonl\"\n{more}"
        );
        self.offices.start(router, Setting { more: &more, ..setting });
    }

    fn start_centre(&mut self) {
        let dir = self.offices.dir();
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join("log-centre"))
            .unwrap();
        let run = "echo $$ > $0; exec $1 -c $2 serve";
        let [number, config] = ["number-centre", "centre.toml"].map(|file| dir.join(file));
        let files = [number.to_str().unwrap(), SABEEL, config.to_str().unwrap()];
        let centre = self
            .offices
            .command("router-1", &[&["sh", "-c", run][..], &files].concat())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.centre = Some(centre);
    }

    fn kill_centre(&mut self) {
        let number = std::fs::read_to_string(self.offices.dir().join("number-centre")).unwrap();
        self.offices.at("router-1", &["kill", "-KILL", number.trim()]);
        self.centre.take().unwrap().wait().unwrap();
    }

    /// What a command says at the centre, if it can be asked.
    fn ask(&self, words: &[&str]) -> Option<Value> {
        self.sabeel(&[&["link"], words].concat())
    }

    fn sabeel(&self, words: &[&str]) -> Option<Value> {
        let config = self.offices.dir().join("centre.toml");
        let all = [&[SABEEL, "-c", config.to_str().unwrap(), "--json"], words].concat();
        let output = self.offices.command("router-1", &all).output().unwrap();
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// What it says to people.
    fn told(&self, words: &[&str]) -> String {
        let config = self.offices.dir().join("centre.toml");
        let all = [&[SABEEL, "-c", config.to_str().unwrap(), "link"], words].concat();
        self.offices.at("router-1", &all)
    }

    /// The events of a site, as the centre's API tells them.
    fn kept(&self, router: usize) -> Option<Vec<Value>> {
        let socket = self.offices.dir().join("centre/admin.sock");
        let answer = ask(&socket, &format!("/v1/links/office-{router}/events?after=0"))?;
        let items = answer["items"].as_array()?;
        Some(items.iter().map(|told| told["event"].clone()).collect())
    }

    /// Adds a visitors' site beside the radio of the second office.
    fn found_a_walkway(&self) {
        let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
        let site = [&["site", "add", "walkway", "--plan", "visitor"], &titles[..]].concat();
        let beside = ["site", "set", "walkway", "--office", "office-2/radio"];
        for words in [&["plan", "add", "visitor"][..], &site, &beside] {
            assert!(self.sabeel(words).is_some(), "{words:?}");
        }
    }

    /// Whether the walkway knows that the office is there.
    fn is_beside_office(&self) -> bool {
        let shown = self.sabeel(&["site", "show", "walkway"]);
        shown.is_some_and(|site| !site["office_since"].is_null())
    }

    fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let log = std::fs::read_to_string(self.offices.dir().join("log-centre"));
            assert!(begun.elapsed() < PATIENCE, "no {what}\n{}", log.unwrap_or_default());
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Waits until the centre has what a router wrote down, each event once and in order.
    fn wait_for_events(&self, router: usize) {
        let count = self.offices.events(router).len();
        self.wait_for(&format!("{count} events of router {router}"), || {
            self.kept(router).is_some_and(|kept| kept.len() >= count)
        });
        let kept = self.kept(router).unwrap();
        let written = self.offices.events(router);
        assert_eq!(kept[..count], written[..count]);
        assert!(kept.len() <= written.len(), "none is told twice");
    }

    /// The picture of a path, the map and the report of this month, which has the work and the outage.
    fn look_at_what_is_drawn(&self) {
        let file = |name: &str| self.offices.dir().join(name).to_str().unwrap().to_owned();
        let [picture, map, report] = ["radio.svg", "map.svg", "report.html"].map(file);
        self.told(&["history", "office-2", "radio", "--since", "10m", "--svg", &picture]);
        self.told(&["map", "--output", &map]);
        let tree = self.told(&["map"]);
        assert!(tree.contains("fibre: maintenance"), "{tree}");
        let month = self.offices.at("router-1", &["date", "-u", "-d", "+3 hours", "+%Y-%m"]);
        let words =
            ["report", "--month", month.trim(), "--language", "en", "--output", &report, "--pdf"];
        let figures = self.told(&words);
        assert!(figures.contains("office-1") && figures.contains("the fibre"), "{figures}");
        for (file, begins, has) in [
            (&picture, "<svg", "</svg>"),
            (&map, "<svg", "office-2"),
            (&report, "<!doctype html>", "the fibre"),
        ] {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.starts_with(begins) && text.contains(has), "{file}: {text}");
        }
        assert!(std::fs::read(file("report.pdf")).unwrap().starts_with(b"%PDF-"));
        let whole = self.ask(&words[..5]).unwrap();
        let fibre = &whole["lines"].as_array().unwrap()[0];
        assert_eq!(fibre["name"], "the fibre");
        assert!(fibre["maintenance_seconds"].as_f64().unwrap() > 1.0, "{fibre}");
        assert!(fibre["down_seconds"].as_f64().unwrap() > 0.0, "{fibre}");
        assert!(whole["offices"][0]["on_backup_seconds"].as_f64().unwrap() > 0.0, "{whole}");
    }

    /// How often each path was probed: what the router wrote down of the spans that the centre has, and
    /// what the centre has.
    fn probes(&self, router: usize) -> [BTreeMap<String, u64>; 2] {
        let office = format!("office-{router}");
        let kept = self.ask(&["history", &office, "--since", "1h", "--span", "10"]).unwrap();
        let kept: Vec<Value> = kept["items"].as_array().unwrap().clone();
        let last = kept.iter().map(|cell| cell["begin"].as_u64().unwrap()).max();
        let last = last.unwrap_or_default();
        let path = self.offices.dir().join(format!("cells-{router}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        let written: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        [written, kept].map(|cells| {
            let mut sent = BTreeMap::new();
            for cell in cells.iter().filter(|cell| cell["begin"].as_u64().unwrap() < last) {
                let path = cell["path"].as_str().unwrap().to_owned();
                *sent.entry(path).or_default() += cell["sent"].as_u64().unwrap();
            }
            sent
        })
    }
}

impl Drop for City {
    fn drop(&mut self) {
        if let Some(centre) = &mut self.centre {
            centre.kill().ok();
            centre.wait().ok();
        }
    }
}

#[test]
fn what_happens_reaches_the_centre_once_and_in_order_whatever_breaks_in_between() {
    let mut city = City::lay();
    city.start_centre();
    for router in 1..=2 {
        city.start_agent(router);
    }
    city.offices.wait_until_up();
    for router in 1..=2 {
        city.wait_for_events(router);
    }
    city.found_a_walkway();
    assert!(!city.is_beside_office());
    // The centre dies, and the office changes its path without it.
    city.kill_centre();
    city.offices.cut_both("fib0");
    city.offices.wait_for_mode("on-backup");
    city.start_centre();
    for router in 1..=2 {
        city.wait_for_events(router);
    }
    city.wait_for("word of it at the walkway", || city.is_beside_office());
    // What both ends say is one incident, of which the centre learnt late.
    let cuts = || {
        let incidents = city.ask(&["incidents"]).unwrap_or_default();
        let incidents = incidents.as_array().cloned().unwrap_or_default();
        let is_cut = |incident: &Value| incident["kind"]["kind"] == "cut";
        incidents.into_iter().filter(is_cut).collect::<Vec<_>>()
    };
    city.wait_for("an incident", || !cuts().is_empty());
    assert_eq!(cuts().len(), 1, "{:?}", cuts());
    let number = cuts()[0]["id"].to_string();
    assert!(city.told(&["ack", &number, "--note", "called the provider"]).contains("take care"));
    assert_eq!(cuts()[0]["notes"][0]["text"], "called the provider");
    assert!(city.told(&["incidents"]).contains("the fibre"));
    // People work on it from now on, of which nobody needs to be told.
    let work = ["maint", "plan", "office-1", "fibre", "--for", "1h", "--why", "splice"];
    assert!(city.told(&work).starts_with("work 1 is planned, from "));
    city.wait_for("maintenance", || cuts()[0]["stage"]["by"] == "maintenance");
    assert!(city.told(&["maint", "list"]).contains("splice"));
    // The connections are cut, and something happens that nobody can tell.
    let rules = city.offices.dir().join("away");
    std::fs::write(&rules, TURN_AWAY).unwrap();
    city.offices.at("router-1", &["nft", "-f", rules.to_str().unwrap()]);
    assert!(city.offices.link(2, &["maint", "fibre", "--for", "1h"]).status.success());
    city.offices.wait_for(2, "maintenance", |status| status["paths"][0]["health"] == "maintenance");
    city.offices.at("router-1", &["nft", "delete", "table", "inet", "away"]);
    city.wait_for_events(2);
    // The agent dies, and goes on.
    city.offices.kill(1);
    city.start_agent(1);
    city.offices.wait_for(1, "an agent", |_| true);
    let has_begun = |kept: &[Value]| kept.iter().filter(|event| event["what"] == "began").count();
    city.wait_for("the second beginning", || {
        city.kept(1).is_some_and(|kept| has_begun(&kept) == 2)
    });
    // The other end found the radio dead with it.
    city.offices.wait_for_mode("on-backup");
    for router in 1..=2 {
        city.wait_for_events(router);
        city.wait_for("a span that is over", || city.probes(router)[1].contains_key("radio"));
        let [written, kept] = city.probes(router);
        assert_eq!(written, kept, "spans count once");
        assert!(kept["radio"] > 0, "{kept:?}");
    }
    city.wait_for("the second office on its backup", || {
        city.ask(&["sites"]).is_some_and(|sites| sites[1]["state"]["mode"] == "on-backup")
    });
    let sites = city.ask(&["sites"]).unwrap();
    assert_eq!(sites[0]["site"], "office-1");
    assert_eq!(sites[1]["missing"], 0);
    assert!(city.told(&["sites"]).contains("fibre maintenance, radio "));
    assert!(city.told(&["show", "office-2"]).contains("office-2: on-backup, by radio"));
    let drawn = city.told(&["history", "office-2", "radio", "--since", "10m"]);
    assert!(drawn.starts_with("radio: alive ") && drawn.contains('█'), "{drawn}");
    city.look_at_what_is_drawn();
    // Second by second it is the same.
    let sums = |span: &str| {
        let told = city.ask(&["history", "office-2", "radio", "--since", "2m", "--span", span]);
        let cells = told.unwrap()["items"].as_array().unwrap().clone();
        let mut sums = BTreeMap::<u64, [u64; 3]>::new();
        for cell in &cells {
            let number = |key: &str| cell[key].as_u64().unwrap();
            let sum = sums.entry(number("begin") / 10_000).or_default();
            for (sum, key) in sum.iter_mut().zip(["watched", "alive", "sent"]) {
                *sum += number(key);
            }
        }
        (sums, cells.len())
    };
    city.wait_for("two spans", || sums("10").0.len() >= 2);
    let ((tens, spans), (seconds, count)) = (sums("10"), sums("1"));
    let both: Vec<_> = tens.iter().filter(|(begin, _)| seconds.contains_key(begin)).collect();
    assert!(both.len() >= 2 && count > 2 * spans, "{tens:?} {seconds:?}");
    // Of the first there may be a part alone.
    for (begin, sum) in &both[1..] {
        assert_eq!(seconds[begin], **sum, "{begin}");
    }
}

#[test]
fn an_outage_through_which_the_centre_was_dead_is_told_and_counted_afterwards() {
    let mut city = City::lay();
    city.start_centre();
    for router in 1..=2 {
        city.start_agent(router);
    }
    city.offices.wait_until_up();
    for router in 1..=2 {
        city.wait_for_events(router);
    }
    city.kill_centre();
    city.offices.cut_both("fib0");
    city.offices.wait_for_mode("on-backup");
    assert!(city.offices.is_reached());
    for router in 1..=2 {
        city.offices.heal(router, "fib0");
    }
    city.offices.wait_for_mode("primary");
    assert!(city.offices.is_reached());
    city.start_centre();
    for router in 1..=2 {
        city.wait_for_events(router);
    }
    // One incident, which is over.
    let incidents = || {
        let incidents = city.ask(&["incidents", "--all"]).unwrap_or_default();
        let incidents = incidents.as_array().cloned().unwrap_or_default();
        let is_cut = |incident: &Value| incident["kind"]["kind"] == "cut";
        incidents.into_iter().filter(is_cut).collect::<Vec<_>>()
    };
    city.wait_for("an incident that is over", || {
        incidents().iter().any(|incident| incident["stage"]["stage"] == "ended")
    });
    assert_eq!(incidents().len(), 1, "{:?}", incidents());
    // The line was down from the first word of it to the last, and the office on its backup meanwhile.
    let at = |router: usize, to: &str, what: &str| {
        let events = city.offices.events(router).into_iter();
        let mut wanted = events.filter(|event| event["what"] == what && event["to"] == to);
        wanted.next_back().map(|event| event["at"].as_f64().unwrap() / 1_000.0).unwrap()
    };
    let is_fibre_up = |event: &Value| event["path"] == "fibre" && event["to"] == "up";
    let up = (1..=2).map(|router| {
        let last = city.offices.events(router).into_iter().rfind(is_fibre_up);
        last.unwrap()["at"].as_f64().unwrap() / 1_000.0
    });
    let down = (1..=2).map(|router| at(router, "down", "path")).reduce(f64::min).unwrap();
    let expected = up.reduce(f64::max).unwrap() - down;
    let on_backup = at(1, "primary", "site") - at(1, "on-backup", "site");
    let month = city.offices.at("router-1", &["date", "-u", "-d", "+3 hours", "+%Y-%m"]);
    let report = city.ask(&["report", "--month", month.trim()]).unwrap();
    let fibre = &report["lines"][0];
    assert_eq!((&fibre["name"], &fibre["outages"]), (&"the fibre".into(), &1.into()));
    let counted = fibre["down_seconds"].as_f64().unwrap();
    assert!((counted - expected).abs() < 0.1, "{counted} of {expected} s");
    let counted = report["offices"][0]["on_backup_seconds"].as_f64().unwrap();
    assert!((counted - on_backup).abs() < 0.1, "{counted} of {on_backup} s: {report}");
}

impl City {
    /// What the program says that needs no centre.
    fn run(&self, words: &[&str]) -> String {
        self.offices.at("router-1", &[&[SABEEL, "link", "policy"], words].concat())
    }

    /// Signs a text for the second office, and hands it out.
    fn publish(&self, generation: &str, text: &str) {
        let [file, signed, key] = ["policy.toml", "policy.signed", "policy.key"]
            .map(|file| self.offices.dir().join(file).to_str().unwrap().to_owned());
        std::fs::write(&file, text).unwrap();
        let number = ["--site", "office-2", "--generation", generation, "--key", &key];
        let said = self.run(&[&["sign", &file][..], &number].concat());
        std::fs::write(&signed, said).unwrap();
        self.wait_for("a centre", || self.ask(&["policy", "publish", &signed]).is_some());
    }

    /// What became of policies at the second office: each once.
    fn told_of_policies(&self) -> Vec<(String, String)> {
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let events = self.offices.events(2).into_iter();
        let of_policies = events.filter(|event| event["what"] == "policy");
        of_policies.map(|event| (text(&event, "code"), text(&event, "why"))).collect()
    }
}

#[test]
fn an_agent_runs_by_its_last_signed_policy_with_the_centre_gone() {
    let mut city = City::lay();
    let dir = city.offices.dir().to_owned();
    let key = dir.join("policy.key");
    let pinned = city.run(&["keygen", key.to_str().unwrap()]);
    let kept = dir.join("policy-2.json");
    let more = format!("{pinned}policy = \"{}\"\n", kept.display());
    city.start_centre();
    city.start_agent_with(1, "");
    city.start_agent_with(2, &more);
    city.offices.wait_until_up();
    let text = "order = [\"radio\"]\noffices = [\"10.1.0.0/16\", \"10.9.0.0/16\"]\n";
    city.publish("7", text);
    let runs_by = |city: &City, policy: Option<u64>| {
        let wanted = serde_json::json!(policy);
        city.offices.wait_for(2, "the policy", |status| {
            let route = city.offices.at("router-2", &["ip", "route", "show", "10.9.0.0/16"]);
            status["policy"] == wanted && route.contains("dev fib0") == policy.is_some()
        });
    };
    runs_by(&city, Some(7));
    city.wait_for("what the agent says", || {
        city.ask(&["policy", "show"]).is_some_and(|all| all[0]["running"] == 7)
    });
    assert!(city.told(&["policy", "show", "office-2"]).contains("10.9.0.0/16"));
    // The office has gone to the path that is its primary one by now.
    let is_on_radio =
        |status: &Value| status["mode"] == "primary" && status["routes"][1] == "radio";
    city.offices.wait_for(2, "the radio", is_on_radio);
    assert!(city.offices.is_reached());
    // What needs a restart is refused as a whole, and no session was lost by any of it.
    city.publish("8", "[[paths]]\nname = \"radio\"\nprobes-per-second = 0\n");
    city.wait_for("a refusal", || city.told_of_policies().len() == 2);
    let downs = city.offices.events(2).iter().filter(|event| event["to"] == "down").count();
    assert_eq!(downs, 0);
    city.kill_centre();
    city.offices.stop(2);
    city.start_agent_with(2, &more);
    runs_by(&city, Some(7));
    city.offices.wait_for(2, "the radio", is_on_radio);
    // Somebody changes what is on the disk.
    city.offices.stop(2);
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("10.9.0.0/16", "10.8.0.0/16")).unwrap();
    city.start_agent_with(2, &more);
    runs_by(&city, None);
    city.wait_for("what is told of it", || city.told_of_policies().len() == 4);
    let told = city.told_of_policies();
    let codes: Vec<_> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["taken", "refused", "taken", "refused"], "{told:?}");
    assert!(told[1].1.contains("restart it"), "{told:?}");
    assert_eq!(told[3].1, "its signature is not genuine");
}

#[test]
fn planned_work_moves_the_office_without_a_loss_and_holds_with_the_centre_gone() {
    let mut city = City::lay();
    city.start_centre();
    for router in 1..=2 {
        city.start_agent(router);
    }
    city.offices.wait_until_up();
    let pings = city.offices.begin_pings("here", "10.2.0.2", Duration::from_millis(10));
    let work = ["maint", "plan", "office-1", "fibre", "--for", "40s", "--why", "splice"];
    assert!(city.told(&work).starts_with("work 1 is planned, from "));
    city.offices.wait_for_mode("on-backup");
    let answers = pings.end();
    let [first, last] = [answers.first(), answers.last()].map(|answer| answer.unwrap().number);
    assert_eq!(answers.len(), last - first + 1, "nothing was lost on the way");
    // Both ends are told of it, each by its own name, and begin again with the centre gone.
    let events_of = |city: &City, router: usize, what: &str| {
        let events = city.offices.events(router).into_iter();
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let wanted = events.filter(|event| event["what"] == what);
        wanted.map(|event| (text(&event, "to"), text(&event, "why"))).collect::<Vec<_>>()
    };
    for router in 1..=2 {
        city.wait_for("the work at both ends", || {
            events_of(&city, router, "work") == [("begins".into(), "splice".into())]
        });
    }
    let of_site = events_of(&city, 1, "site");
    assert!(of_site.len() == 1 && of_site[0].1.starts_with("maintenance"), "{of_site:?}");
    city.kill_centre();
    city.offices.kill(2);
    city.start_agent(2);
    city.offices.wait_for(2, "the work again", |status| {
        status["paths"][0]["health"] == "maintenance" && status["mode"] == "on-backup"
    });
    city.offices.wait_for(2, "the radio", |status| status["paths"][1]["health"] == "up");
    // The fibre lives yet, and nothing else does.
    city.offices.cut_both("rad0");
    city.offices.wait_for_mode("primary");
    assert!(city.offices.is_reached());
    for router in 1..=2 {
        city.offices.heal(router, "rad0");
    }
    for router in 1..=2 {
        city.offices.wait_for(router, "the fibre", |status| status["paths"][0]["health"] == "up");
    }
    city.offices.wait_for_mode("primary");
    assert!(city.offices.is_reached());
    let of_paths = city.offices.events(1);
    let is_failure = |event: &&Value| event["path"] == "fibre" && event["to"] == "down";
    assert_eq!(of_paths.iter().filter(is_failure).count(), 0, "none of it was a failure");
}

#[test]
fn agents_on_one_sector_try_it_in_turns_and_without_the_centre_each_in_its_slot() {
    let mut city = City::lay();
    // Trains that met would each measure half.
    let slow = ["tc", "qdisc", "add", "dev", "rad0", "root", "tbf", "rate", "5mbit"];
    let bucket = ["burst", "3000", "limit", "40000"];
    for router in ["router-1", "router-2"] {
        city.offices.at(router, &[&slow[..], &bucket].concat());
    }
    city.start_centre();
    let setting = Setting {
        carry_test: Some("every-seconds = 10"),
        more_of_backup: "sector = \"east\"",
        ..USUAL
    };
    for router in 1..=2 {
        city.start_agent_as(router, "", setting);
    }
    let is_carried = |status: &Value, beside: &Value| {
        let radio = &status["paths"][1];
        radio["fitness"] == "ready" && radio["carried-beside"] == *beside
    };
    for router in 1..=2 {
        let wanted = |status: &Value| is_carried(status, &Value::Null);
        let status = city.offices.wait_for(router, "a turn", wanted);
        for kbit in status["paths"][1]["carries-kbit"].as_array().unwrap() {
            let kbit = kbit.as_u64().unwrap();
            assert!((4_500..5_500).contains(&kbit), "{kbit} kbit/s of 5,000");
        }
    }
    // The fibre, which is on no sector, waits for nobody.
    let sites = city.ask(&["sites"]).unwrap();
    let radio = &sites[0]["state"]["paths"][1];
    assert_eq!((&radio["sector"], &radio["ends"][1]), (&"east".into(), &"198.51.100.2".into()));
    city.kill_centre();
    let tried = |router: usize| {
        let status = city.offices.status(router).unwrap();
        status["paths"][1]["trials"].as_u64().unwrap()
    };
    let before = [1, 2].map(tried);
    for (router, before) in (1..=2).zip(before) {
        city.offices.wait_for(router, "a trial without the centre", |status| {
            status["paths"][1]["trials"].as_u64().unwrap() > before + 1
        });
    }
}
