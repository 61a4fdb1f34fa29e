//! Whether visitors get into the office, found out by one of ours.

use serde_json::Value;

use crate::ground::{Offices, Setting, USUAL};

/// An office whose router has a network of visitors, and the files of its evidence.
struct Ground {
    offices: Offices,
    evidence: tempfile::TempDir,
}

impl Ground {
    fn open() -> Self {
        Self::tried(
            "office = [\"ping 10.1.0.2\", \"tcp 10.1.0.2:445\"]\ncontrol = [\"ping 192.0.2.2\"]",
        )
    }

    /// With a visitor who tries that.
    fn tried(attempts: &str) -> Self {
        let evidence = tempfile::tempdir().unwrap();
        let mut offices = Offices::lay();
        for words in [
            "link add br-guest type bridge",
            "address add 10.77.0.1/24 dev br-guest",
            "link set br-guest up",
        ] {
            offices.at("router-1", &[&["ip"], &words.split(' ').collect::<Vec<_>>()[..]].concat());
        }
        offices.at("router-2", &["ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.1"]);
        offices.lay_ipv6();
        let address = ["ip", "address", "add", "2001:db8:77::1/64", "dev", "br-guest", "nodad"];
        offices.at("router-1", &address);
        let back = ["ip", "route", "add", "2001:db8:77::/64", "via", "2001:db8:f::1"];
        offices.at("router-2", &back);
        let more = format!(
            "[links.isolation]\ndevice = \"br-guest\"\nfrom = \"10.77.0.250\"\n\
             gateway = \"10.77.0.1\"\n{attempts}\nevidence = \"{}\"\n",
            evidence.path().display()
        );
        offices.start(1, Setting { more: &more, ..USUAL });
        offices.wait_for(1, "the agent", |_| true);
        Self { offices, evidence }
    }

    /// What a test shows now.
    fn test(&self) -> Value {
        let output = self.offices.link(1, &["isolation", "--now"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.success(), status["verdict"] == "safe", "{status}");
        status
    }

    /// Rules of the router by which visitors have their way, or not; those of before are gone.
    fn rule(&self, rules: &[&str]) {
        let first = [
            "add table inet guard",
            "delete table inet guard",
            "add table inet guard",
            "add chain inet guard forward { type filter hook forward priority 0; }",
        ];
        let rules = rules.iter().map(|rule| format!("add rule inet guard forward {rule}"));
        for words in first.map(str::to_owned).into_iter().chain(rules) {
            self.offices.at("router-1", &["nft", &words]);
        }
    }

    /// Which attempts were told to be open or closed, in order, once there are so many.
    fn breaches(&self, at_least: usize) -> Vec<String> {
        let breaches = || {
            let events = self.offices.events(1).into_iter();
            events.filter(|event| event["what"] == "breach").collect::<Vec<_>>()
        };
        self.offices.wait_for(1, "what is told", |_| breaches().len() >= at_least);
        let told = |event: Value| {
            let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}", word("target"), word("to"))
        };
        breaches().into_iter().map(told).collect()
    }
}

#[test]
fn a_router_that_lets_visitors_into_the_office_is_found_until_it_is_closed() {
    let ground = Ground::open();
    for _ in 0..2 {
        let status = ground.test();
        assert_eq!(status["verdict"], "breach", "{status}");
        assert_eq!(status["reached"], serde_json::json!(["ping 10.1.0.2", "tcp 10.1.0.2:445"]));
    }
    let both = ["ping 10.1.0.2 open", "tcp 10.1.0.2:445 open"];
    assert_eq!(ground.breaches(4), [both, both].concat(), "it is told again");
    let mut files: Vec<_> = std::fs::read_dir(ground.evidence.path()).unwrap().collect();
    let file = files.pop().unwrap().unwrap().path();
    let evidence: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(evidence["from"], "10.77.0.250");
    assert!(evidence["route"].as_str().unwrap().contains("dev lan"), "{evidence}");
    // What came back begins with the hardware address of our visitor.
    assert!(evidence["frame"].as_str().unwrap().starts_with("02534142454c"), "{evidence}");
    ground.rule(&["iifname br-guest oifname lan meta l4proto icmp drop"]);
    let status = ground.test();
    assert_eq!(status["reached"], serde_json::json!(["tcp 10.1.0.2:445"]));
    ground.rule(&["iifname br-guest oifname lan drop"]);
    let status = ground.test();
    assert_eq!(status["verdict"], "safe", "{status}");
    assert_eq!(
        ground.breaches(7)[4..],
        ["tcp 10.1.0.2:445 open", "ping 10.1.0.2 closed", "tcp 10.1.0.2:445 closed"]
    );
}

#[test]
fn who_is_refused_by_the_router_itself_gets_nowhere() {
    let ground = Ground::open();
    ground.rule(&[
        "iifname br-guest oifname lan meta l4proto tcp reject with tcp reset",
        "iifname br-guest oifname lan reject with icmpx type admin-prohibited",
    ]);
    let status = ground.test();
    assert_eq!(status["verdict"], "safe", "{status}");
}

#[test]
fn a_test_that_cannot_be_run_is_no_safety() {
    let ground = Ground::open();
    ground.rule(&["iifname br-guest drop"]);
    let status = ground.test();
    assert_eq!(status["verdict"], "unknown", "{status}");
    let why = status["why"].as_str().unwrap();
    assert!(why.starts_with("nothing of `control` answers"), "{why}");
    ground.rule(&[]);
    assert_eq!(ground.test()["verdict"], "breach");
    ground.offices.at("router-1", &["ip", "link", "delete", "br-guest"]);
    let status = ground.test();
    assert_eq!(status["verdict"], "breach", "nothing was closed: {status}");
    assert!(status["why"].as_str().unwrap().starts_with("br-guest is no bridge"), "{status}");
}

#[test]
fn a_rule_that_was_forgotten_for_ipv6_is_found() {
    let ground = Ground::tried(
        "from6 = \"2001:db8:77::250\"\ngateway6 = \"2001:db8:77::1\"\n\
         office = [\"ping 10.1.0.2\", \"ping 2001:db8:1::2\", \"tcp [2001:db8:1::2]:445\"]\n\
         control = [\"ping 192.0.2.2\", \"ping 2001:db8:f::2\"]",
    );
    ground.rule(&["meta nfproto ipv4 iifname br-guest oifname lan drop"]);
    let status = ground.test();
    let both = serde_json::json!(["ping 2001:db8:1::2", "tcp [2001:db8:1::2]:445"]);
    assert_eq!(status["reached"], both, "{status}");
    ground.rule(&[
        "iifname br-guest oifname lan meta l4proto tcp reject with tcp reset",
        "iifname br-guest oifname lan reject with icmpx type admin-prohibited",
    ]);
    let status = ground.test();
    assert_eq!(status["verdict"], "safe", "{status}");
    ground.rule(&["iifname br-guest meta nfproto ipv6 drop"]);
    let status = ground.test();
    assert_eq!(status["verdict"], "breach", "{status}");
    let why = status["why"].as_str().unwrap();
    assert_eq!(
        why,
        "nothing of `control` answers, so visitors reach nothing at all: ping 2001:db8:f::2"
    );
    assert_eq!(status["reached"], serde_json::json!(["ping 10.1.0.2"]));
}
