use std::time::Duration;

use link::PathPolicy;
use link::bfd::{self, Interface};
use link::capacity::BitRate;

use super::*;

const LEAST: &str = r#"
    site = "hofuf"
    offices = ["10.2.0.0/16"]
    canary = ["10.2.255.0/24"]
    [[paths]]
    name = "fibre"
    device = "fib0"
    local = "192.0.2.1"
    peer = "192.0.2.2"
    [[paths]]
    name = "radio"
    device = "rad0"
    local = "198.51.100.1"
    peer = "198.51.100.2"
    missing = 5
"#;

fn read(text: &str) -> Result<LinksSettings, String> {
    let settings: LinksSettings = toml::from_str(text).map_err(|error| error.to_string())?;
    settings.validate().map_err(|error| error.to_string())?;
    Ok(settings)
}

#[test]
fn bulk_runs_are_spread_over_an_hour_of_the_night() {
    let at = |text: &str| text.parse::<domain::Timestamp>().unwrap();
    let test = CarryTestSettings { bulk_at: Some("02:30".to_owned()), ..Default::default() };
    // Half past two in Riyadh is 23:30 the day before.
    let begin = at("2026-11-26T23:30:00Z");
    let mut seen = BTreeSet::new();
    for place in ["hofuf/radio", "hofuf/lte", "abha/radio", "amana/to-hofuf"] {
        let next = test.next_bulk(place, at("2026-11-26T12:00:00Z")).unwrap();
        let late = next.since(begin);
        assert!(next >= begin && late < Duration::from_secs(3_600), "{place}: {next}");
        seen.insert(late);
        assert_eq!(test.next_bulk(place, next - Duration::from_secs(1)), Some(next));
        let tomorrow = next + Duration::from_secs(86_400);
        assert_eq!(test.next_bulk(place, next), Some(tomorrow), "each night once");
    }
    assert_eq!(seen.len(), 4, "each at its own time");
    assert_eq!(CarryTestSettings::default().next_bulk("hofuf/radio", begin), None);
    // It may be the next day by then.
    let late = CarryTestSettings { bulk_at: Some("23:59".to_owned()), ..test };
    let next = late.next_bulk("hofuf/radio", at("2026-11-26T20:59:00Z")).unwrap();
    assert_eq!(late.next_bulk("hofuf/radio", next - Duration::from_secs(1)), Some(next));
}

#[test]
fn a_time_of_bulk_runs_that_is_none_is_refused() {
    for (text, is_good) in [
        ("02:30", true),
        ("23:59", true),
        ("24:00", false),
        ("2:30", false),
        ("02:60", false),
        ("+2:30", false),
        ("night", false),
    ] {
        let test = CarryTestSettings { bulk_at: Some(text.to_owned()), ..Default::default() };
        assert_eq!(test.validate().is_ok(), is_good, "{text}");
    }
}

#[test]
fn the_rest_follows_from_the_least() {
    let settings = read(LEAST).unwrap();
    assert_eq!(settings.mode, SwitchMode::Switch);
    let [fibre, radio] = &settings.paths[..] else { panic!("there are two") };
    let fibre_gateways: Vec<_> = fibre.gateways().collect();
    assert_eq!(fibre_gateways, [IpAddr::from([192, 0, 2, 2])]);
    assert_eq!(fibre.heartbeat(), Duration::from_millis(100));
    assert_eq!((fibre.detect_mult().get(), radio.detect_mult().get()), (3, 5));
    assert_eq!(fibre.probe_interval(), Some(Duration::from_millis(200)));
    assert_eq!(fibre.policy(), PathPolicy::default());
}

#[test]
fn a_far_end_without_probes_is_judged_by_its_heartbeats() {
    let settings = read(&LEAST.replace("missing = 5", "probes-per-second = 0")).unwrap();
    assert_eq!(settings.paths[1].probe_interval(), None);
    assert_eq!(settings.paths[1].policy().quality, None);
}

const TRIED: &str = r#"missing = 5
    office-local = "10.1.0.250"
    office-peer = "10.2.0.250"
    [carry-test]
    needs-down-mbit = 20
"#;

fn tried() -> String {
    let key = "site = \"hofuf\"\nkey-file = \"/etc/sabeel/links.key\"";
    LEAST.replace("missing = 5", TRIED).replace("site = \"hofuf\"", key)
}

fn tried_by_ipv6() -> String {
    tried()
        .replace("10.1.0.250", "2001:db8:1::250")
        .replace("10.2.0.250", "2001:db8:2::250")
        .replace("10.2.0.0/16\"", "10.2.0.0/16\", \"2001:db8:2::/48\"")
        .replace("198.51.100.1", "fe80::1")
        .replace("198.51.100.2", "fe80::2")
}

#[test]
fn what_an_agent_that_runs_can_take_is_told_from_what_it_cannot() {
    let settings = read(LEAST).unwrap();
    for (old, new, is_taken) in [
        ("", "", true),
        ("10.2.0.0/16\"", "10.2.0.0/16\", \"10.3.0.0/16\"", true),
        ("canary = [\"10.2.255.0/24\"]", "", true),
        ("canary =", "order = [\"radio\"]\ncanary =", true),
        ("missing = 5", "missing = 4\nheartbeat-ms = 50\ncapacity-mbit = 20", true),
        ("missing = 5", "missing = 5\nprobes-per-second = 9", true),
        ("missing = 5", "missing = 5\nprobes-per-second = 0", false),
        ("missing = 5", "missing = 5\nauthenticated = false", false),
        ("missing = 5", "missing = 5\nidle-heartbeat-seconds = 20", true),
        ("missing = 5", "missing = 5\nmetered = true", false),
        ("missing = 5", "missing = 5\n[carry-test]\nneeds-up-mbit = 3\nbulk-at = \"01:00\"", true),
        ("missing = 5", "missing = 5\n[carry-test]\nneeds-mtu = 1300", false),
        ("missing = 5", "missing = 5\n[carry-test]\nport = 9", false),
        ("missing = 5", "minimum-ttl = 254\ngateway = \"198.51.100.9\"", false),
        ("rad0", "rad1", false),
        ("\"hofuf\"", "\"mubarraz\"", false),
        ("\"radio\"", "\"other\"", false),
    ] {
        let fresh = read(&LEAST.replace(old, new)).unwrap();
        assert_eq!(settings.check_reload(&fresh).is_ok(), is_taken, "{new}");
    }
    let mut shorter = settings.clone();
    shorter.paths.truncate(1);
    assert!(settings.check_reload(&shorter).is_err() && shorter.check_reload(&settings).is_err());
}

#[test]
fn a_path_is_tried_by_addresses_of_both_offices() {
    let settings = read(&tried()).unwrap();
    let pinned = settings.outline().pinned;
    assert_eq!(pinned, [(PathNumber::new(1), "10.2.0.250/32".parse().unwrap())]);
    let required = settings.carry_test.requirement();
    assert_eq!(required.down, BitRate::from_megabits_per_second(20));
    assert_eq!(required.max_age, Duration::from_secs(180));
}

#[test]
fn the_far_resolver_is_asked_from_the_address_of_each_path_that_is_tried() {
    let with = |resolver: &str| {
        read(&tried().replace("needs-down-mbit = 20", &format!("needs-down-mbit = 20\n{resolver}")))
    };
    let settings = with("resolver = \"10.2.0.53\"\nresolver-name = \"hofuf.example\"").unwrap();
    let outline = Outline { next_hop_base: 1, ..settings.outline() };
    let from = [10, 1, 0, 250].into();
    let expected = Flow { path: PathNumber::new(1), from, to: [10, 2, 0, 53].into() };
    assert_eq!((outline.flows, outline.flow_table), (vec![expected], 5300));
    let second = LinksSettings { instance: 2, ..settings.clone() }.outline();
    assert_eq!((second.flow_table, second.flow_preference), (5332, 5002));
    let resolvers = settings.carry_test.resolvers_of(&settings.paths[1]).unwrap();
    assert_eq!(resolvers.names[0].to_ascii(), "hofuf.example.");
    assert_eq!(settings.carry_test.resolvers_of(&settings.paths[0]), None, "it is not tried");
    for (resolver, named) in [
        ("resolver = \"10.2.0.53\"", "set together"),
        ("resolver-name = \"hofuf.example\"", "set together"),
        ("resolver = \"10.2.0.53\"\nresolver-name = \"a..b\"", "the name of a host"),
        ("resolver = \"10.1.0.53\"\nresolver-name = \"a.example\"", "none of `offices`"),
        (
            "resolver = \"10.2.0.250\"\nresolver-name = \"a.example\"",
            "`office-peer` or `resolver-peer` of a path",
        ),
    ] {
        let reason = with(resolver).unwrap_err();
        assert!(reason.contains(named), "{reason}");
    }
}

#[test]
fn resolvers_of_both_ip_versions_are_asked_from_addresses_of_theirs() {
    let both = "resolver = [\"10.2.0.53\", \"2001:db8:2::53\"]\nresolver-name = [\"a.example\", \"b.example\"]";
    let with = |path: &str, resolver: &str| {
        let path = format!("{path}\n[carry-test]\n{resolver}\n");
        let text = tried_by_ipv6().replace("[carry-test]", &path);
        read(&text)
    };
    let hosts = "gateway = \"198.51.100.2\"\nresolver-local = \"10.1.0.250\"\nresolver-peer = \"10.2.0.250\"";
    let settings = with(hosts, both).unwrap();
    let outline = settings.outline();
    let flow = |from: &str, to: &str| Flow {
        path: PathNumber::new(1),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    };
    let expected = [flow("10.1.0.250", "10.2.0.53"), flow("2001:db8:1::250", "2001:db8:2::53")];
    assert_eq!(outline.flows, expected);
    let pinned: Vec<_> = outline.pinned.iter().map(|(_, host)| host.to_string()).collect();
    assert_eq!(pinned, ["2001:db8:2::250/128", "10.2.0.250/32"]);
    let resolvers = settings.carry_test.resolvers_of(&settings.paths[1]).unwrap();
    assert_eq!((resolvers.addresses.len(), resolvers.names.len()), (2, 2));
    // A path that carries one version alone asks resolvers of that.
    let of_one = with("", both).unwrap();
    let resolvers = of_one.carry_test.resolvers_of(&of_one.paths[1]).unwrap();
    assert_eq!(resolvers.addresses, ["2001:db8:2::53".parse::<IpAddr>().unwrap()]);
    let ipv4 = "resolver = \"10.2.0.53\"\nresolver-name = \"a.example\"";
    let far = hosts.replace("10.2.0.250", "10.1.0.251");
    let near = hosts.replace("10.1.0.250", "10.2.0.251");
    let same = hosts.replace("10.1.0.250", "2001:db8:1::251");
    let (_, uncarried) = hosts.split_once('\n').unwrap();
    let five = "resolver-name = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nresolver = \"10.2.0.53\"";
    let alike = "resolver = [\"2001:db8:2::53\", \"2001:db8:2::53\"]\nresolver-name = \"a\"";
    let host = "resolver = \"10.2.0.250\"\nresolver-name = \"a\"";
    for (path, resolver, named) in [
        ("", ipv4, "path radio: it carries packets of no `resolver`'s IP version"),
        ("gateway = \"198.51.100.2\"", both, "path radio: a `resolver` is of the other IP version"),
        (uncarried, both, "path radio: it carries no packets of the IP version"),
        (&same, both, "are of the IP version that `office-local` is not of"),
        (&near, both, "`resolver-local` is in `offices`"),
        (&far, both, "`resolver-peer` is in none of `offices`"),
        (hosts, five, "`resolver-name` is 5"),
        (hosts, alike, "`resolver` has an address twice"),
        (hosts, host, "`office-peer` or `resolver-peer` of a path"),
        (hosts, "resolver = 7", "neither one that can be read"),
    ] {
        let reason = with(path, resolver).unwrap_err();
        assert!(reason.contains(named), "{reason}");
    }
}

#[test]
fn an_end_that_is_far_away_is_reached_by_the_next_router() {
    let far = "missing = 5\nminimum-ttl = 253\ngateway = \"198.51.100.9\"";
    let settings = read(&LEAST.replace("missing = 5", far)).unwrap();
    let pinned = settings.outline().pinned;
    assert_eq!(pinned, [(PathNumber::new(1), "198.51.100.2/32".parse().unwrap())]);
    let local = Ipv4Addr::from([198, 51, 100, 1]).into();
    let peer = Ipv4Addr::from([198, 51, 100, 2]).into();
    let way = bfd::Path::MultiHop { local, peer, minimum_ttl: 253 };
    assert_eq!(settings.paths[1].way(Interface(7)), way);
    let near = bfd::Path::SingleHop {
        interface: Interface(7),
        peer: Ipv4Addr::from([192, 0, 2, 2]).into(),
    };
    assert_eq!(settings.paths[0].way(Interface(7)), near);
    for (minimum_ttl, named) in [("255", "`minimum-ttl` is 255"), ("254", "needs the next router")]
    {
        let text = LEAST.replace("missing = 5", &format!("minimum-ttl = {minimum_ttl}"));
        let reason = read(&text).unwrap_err();
        assert!(reason.contains(named), "{reason}");
    }
    let far = LEAST.replace("missing = 5", far).replace("\"198.51.100.2\"", "\"192.0.2.2\"");
    assert_eq!(read(&far).unwrap_err(), "two paths have the peer 192.0.2.2");
}

#[test]
fn a_path_has_addresses_of_either_ip_version_and_leads_to_offices_of_both() {
    let six = LEAST
        .replace("198.51.100.1", "fe80::1")
        .replace("198.51.100.2", "fe80::2")
        .replace("10.2.0.0/16\"", "10.2.0.0/16\", \"2001:db8:2::/48\"");
    let settings = read(&six).unwrap();
    let path = settings.outline().paths.remove(1);
    assert_eq!((path.ipv4, path.ipv6), (None, Some("fe80::2".parse().unwrap())));
    let both = six.replace("missing = 5", "gateway = \"198.51.100.2\"");
    let path = read(&both).unwrap().outline().paths.remove(1);
    assert_eq!(path.ipv4, Some([198, 51, 100, 2].into()));
    let far = six.replace("fe80::", "2001:db8:f::");
    let far = far.replace("missing = 5", "minimum-ttl = 253\ngateway6 = \"fe80::9\"");
    let settings = read(&far).unwrap();
    let host = "2001:db8:f::2/128".parse().unwrap();
    assert_eq!(settings.outline().pinned, [(PathNumber::new(1), host)]);
    let target = "[[targets]]\nname = \"isp\"\npath = \"radio\"\nkind = \"ping\"\n\
                  address = \"203.0.113.1\"\n";
    assert!(read(&format!("{six}{target}")).is_ok(), "its device may have both versions");
    for (text, named) in [
        (far.replace("gateway6 = \"fe80::9\"", "gateway = \"192.0.2.9\""), "needs the next router"),
        (far.replace("2001:db8:f::2", "fe80::2"), "path radio: `peer` must be"),
        (six.replace("\"fe80::2\"", "\"198.51.100.2\""), "must be of one IP version"),
        (six.replace("\"fe80::2\"", "\"ff02::2\""), "path radio: `peer` must be"),
        (six.replace("fe80::", "2001:db8:2::"), "has the address 2001:db8:2::2"),
        (
            tried().replace("198.51.100.1", "fe80::1").replace("198.51.100.2", "fe80::2"),
            "it carries no packets of the IP version of `office-local`",
        ),
    ] {
        let reason = read(&text).unwrap_err();
        assert!(reason.contains(named), "{named}: {reason}");
    }
}

#[test]
fn addresses_by_which_a_path_cannot_be_tried_are_refused() {
    for (old, new, named) in [
        ("office-peer = \"10.2.0.250\"", "", "are set together"),
        ("key-file", "#", "needs `key-file`"),
        ("10.1.0.250", "10.2.0.249", "`office-local` is in `offices`"),
        ("10.2.0.250", "10.3.0.250", "`office-peer` is in none of `offices`"),
        ("needs-down-mbit", "needs-mtu", "`needs-mtu` is 20"),
        ("10.1.0.250", "2001:db8:1::250", "must be of one IP version"),
    ] {
        let reason = read(&tried().replace(old, new)).unwrap_err();
        assert!(reason.contains(named), "{new}: {reason}");
    }
    let six = tried_by_ipv6();
    assert!(read(&six).is_ok());
    let four = six.replace("fe80::1", "198.51.100.1").replace("fe80::2", "198.51.100.2");
    assert!(read(&four).unwrap_err().contains("it carries no packets of the IP version"));
}

#[test]
fn frr_is_advised_of_what_ospf_can_do_and_of_nothing_else() {
    let advised = LEAST.replace("site =", "mode = \"advise\"\nsite =");
    let advised = advised.replace("canary = [\"10.2.255.0/24\"]", "");
    let settings = read(&advised).unwrap();
    assert_eq!(settings.site_policy().moves, Moves::Together);
    assert_eq!(settings.frr.away_cost, 60_000);
    for (old, new, named) in [
        ("mode =", "canary = [\"10.2.255.0/24\"]\nmode =", "`canary` needs routes of ours"),
        ("mode =", "protected-mark = 7\nmode =", "`protected-mark` needs routes of ours"),
        ("rad0", "fib0", "two have fib0"),
        ("missing = 5", "ospf-cost = 60000", "`ospf-cost` is 60000, but must be 1 to 59999"),
        ("missing = 5", "ospf-cost = 0", "`ospf-cost` is 0"),
        ("missing = 5", "[frr]\naway-cost = 65535", "`away-cost` is 65535"),
    ] {
        let reason = read(&advised.replace(old, new)).unwrap_err();
        assert!(reason.contains(named), "{new}: {reason}");
    }
    let tried = tried().replace("canary = [\"10.2.255.0/24\"]", "mode = \"advise\"");
    let reason = read(&tried).unwrap_err();
    assert!(reason.contains("`office-local` needs routes of ours"), "{reason}");
}

#[test]
fn what_cannot_be_used_is_refused_by_its_key() {
    for (old, new, named) in [
        ("missing = 5", "missing = 1", "`missing` is 1, but must be 2 to 50"),
        ("missing = 5", "heartbeat-ms = 5", "`heartbeat-ms` is 5"),
        ("missing = 5", "alive-by = \"targets\"", "path radio: `quorum` is 1, but it has 0"),
        ("missing = 5", "capacity-mbit = 0", "`capacity-mbit` is 0"),
        ("missing = 5", "visitors-floor-kbit = 1", "`visitors-floor-kbit` is 1"),
        ("missing = 5", "probes-per-second = 101", "`probes-per-second`"),
        ("missing = 5", "bad-loss-percent = 0", "`bad-loss-percent`"),
        ("missing = 5", "missin = 5", "missin"),
        (
            "site =",
            "centre = { url = \"http://a\", ca = \"a\", certificate = \"a\", key = \"a\" }\nsite =",
            "`centre.url` is http://a/",
        ),
        (
            "site =",
            "centre = { url = \"https://a/b\", ca = \"a\", certificate = \"a\", key = \"a\" }\nsite =",
            "`centre.url` is https://a/b",
        ),
        (
            "site =",
            "centre = { url = \"https://a\", ca = \"a\", certificate = \"a\", key = \"a\", keep-mb = 4 }\nsite =",
            "`centre.keep-mb` is 4",
        ),
        ("\"hofuf\"", "\"al hofuf\"", "`al hofuf` is no name"),
        ("\"radio\"", "\"fibre\"", "two paths have the name fibre"),
        ("\"198.51.100.2\"", "\"0.0.0.0\"", "path radio: `peer`"),
        ("[\"10.2.0.0/16\"]", "[]", "`offices` is 0"),
        ("site =", "order = [\"copper\"]\nsite =", "`order` names copper, which is no path"),
        ("10.2.255.0/24", "10.3.0.0/24", "10.3.0.0/24 in `canary`"),
        ("10.2.0.0/16\"]", "10.2.0.0/16\", \"192.0.2.0/24\"]", "has the address 192.0.2.2"),
    ] {
        let reason = read(&LEAST.replace(old, new)).unwrap_err();
        assert!(reason.contains(named), "{new}: {reason}");
    }
    let same = LEAST.replace("rad0", "fib0").replace("198.51.100.2", "192.0.2.2");
    let reason = read(&same).unwrap_err();
    assert_eq!(reason, "two paths have the peer 192.0.2.2 on fib0");
}
