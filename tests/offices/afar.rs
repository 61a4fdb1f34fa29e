//! An end that is several hops away: a router of somebody else stands in the fibre.
//!
//! ```text
//! here -- router-1 -- between -- router-2 -- there
//!              \ ----- radio ----- /
//! ```

use serde_json::Value;

use crate::frr::{self, Frr};
use crate::ground::{Ends, Offices, Setting, USUAL};

/// The ends have their addresses of the fibre, of which the router knows by which device they are; at
/// either side it is 203.0.113.2.
const BETWEEN: &str = r"
ip netns add between
ip netns exec between sysctl --quiet --write net.ipv4.ip_forward=1
ip -n router-1 link delete fib0
for n in 1 2; do
  ip link add name fib0 netns router-$n type veth peer name fib-$n netns between
  ip -n router-$n address add 192.0.2.$n/32 dev fib0
  ip -n router-$n address add 203.0.113.1/24 dev fib0
  ip -n router-$n link set fib0 up
  ip -n between address add 203.0.113.2/24 dev fib-$n
  ip -n between link set fib-$n up
  ip -n between route add 192.0.2.$n/32 dev fib-$n
  ip -n between route add 10.$n.0.0/16 via 192.0.2.$n dev fib-$n
done
";
/// The same of IPv6, where that router is fe80::9.
const BETWEEN_IPV6: &str = r"
ip netns exec between sysctl --quiet --write net.ipv6.conf.all.forwarding=1
for n in 1 2; do
  ip -n router-$n address delete 2001:db8:f::$n/64 dev fib0
  ip -n router-$n address add 2001:db8:f::$n/128 dev fib0 nodad
  ip -n router-$n address add fe80::1$n/64 dev fib0 nodad
  ip -n between address add fe80::9/64 dev fib-$n nodad
  ip -n between route add 2001:db8:f::$n/128 via fe80::1$n dev fib-$n
  ip -n between route add 2001:db8:$n::/48 via fe80::1$n dev fib-$n
done
";
/// The time to live of all that passes is as if there were more routers.
const FARTHER: &str = "add table ip farther; \
     add chain ip farther pass { type filter hook forward priority 0; }; \
     add rule ip farther pass ip ttl set 200";

const AFAR: Setting<'static> =
    Setting { more_of_primary: "gateway = \"203.0.113.2\"\nminimum-ttl = 254", ..USUAL };

fn lay() -> Offices {
    let offices = Offices::lay();
    offices.inside_all(BETWEEN);
    offices
}

/// What the path was at each change.
fn states(offices: &Offices, router: usize) -> Vec<String> {
    let events = offices.events(router).into_iter();
    let of_path = events.filter(|event| event["what"] == "path" && event["path"] == "fibre");
    of_path.map(|event| event["to"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_end_behind_another_router_is_watched_and_left_when_it_is_farther_than_it_may_be() {
    let mut offices = lay();
    offices.begin(AFAR);
    assert!(offices.is_reached());
    // As far as a packet gets over three routers, and not over two.
    let reaches = |hops: &str| {
        let words = ["ping", "-c", "1", "-W", "1", "-t", hops, "10.2.0.2"];
        offices.command("here", &words).output().unwrap().status.success()
    };
    assert!(reaches("4") && !reaches("3"));
    for router in 1..=2 {
        let probed = offices
            .wait_for(router, "round trips", |status| status["paths"][0]["round-trip-us"].is_u64());
        assert_eq!(probed["paths"][0]["loss-per-mille"], 0, "probes are answered, too");
    }
    offices.at("between", &["nft", FARTHER]);
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
    offices.at("between", &["nft", "delete table ip farther"]);
    for router in 1..=2 {
        offices.wait_for(router, "the far end", |status| status["paths"][0]["is-alive"] == true);
        assert!(states(&offices, router).contains(&"down".to_owned()));
    }
}

const PEER: &str = "bfd\n peer 192.0.2.1 multihop local-address 192.0.2.2\n  minimum-ttl 254\n  \
     transmit-interval 100\n  receive-interval 100\n exit\nexit\n";

/// How FRR sees our agent.
fn seen_by_frr(offices: &Offices) -> Option<Value> {
    let said = frr::vtysh(offices, 2, &["show bfd peers json"]).unwrap();
    serde_json::from_str::<Vec<Value>>(&said).ok()?.pop()
}

#[test]
fn a_router_with_frr_that_is_several_hops_away_is_the_other_end() {
    let mut offices = lay();
    offices.at("router-2", &["ip", "route", "add", "192.0.2.1", "via", "203.0.113.2"]);
    let daemons = [("zebra", String::new()), ("bfdd", PEER.to_owned())];
    let _frr = Frr::start(&offices, [(2, daemons.into())]).unwrap();
    let more = format!("{}\nprobes-per-second = 0", AFAR.more_of_primary);
    offices.start(1, Setting { more_of_primary: &more, ..AFAR });
    let sees = |offices: &Offices, wanted: &str| {
        offices.wait_for(1, &format!("FRR that is {wanted}"), |_| {
            seen_by_frr(offices).is_some_and(|peer| peer["status"] == wanted)
        });
    };
    offices.wait_for(1, "FRR", |status| status["paths"][0]["health"] == "up");
    sees(&offices, "up");
    // Both ends refuse what comes from farther away.
    offices.at("between", &["nft", FARTHER]);
    offices.wait_for(1, "a cut", |status| status["paths"][0]["is-alive"] == false);
    sees(&offices, "down");
    offices.at("between", &["nft", "delete table ip farther"]);
    offices.wait_for(1, "FRR", |status| status["paths"][0]["is-alive"] == true);
    sees(&offices, "up");
}

#[test]
fn an_end_behind_another_router_is_watched_by_ipv6_too() {
    let mut offices = lay();
    offices.lay_ipv6();
    offices.inside_all(BETWEEN_IPV6);
    let afar = Setting {
        ends: Ends::Ipv6,
        more_of_primary: "gateway6 = \"fe80::9\"\nminimum-ttl = 254",
        ..USUAL
    };
    offices.begin(afar);
    assert!(offices.is_reached_by_ipv6());
    offices.cut(1, "fib0");
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached_by_ipv6());
}

/// Has the router in between pass on no more than 1,280 octets to the second office, and waits until the
/// path is unfit for what that router says.
fn narrow(offices: &Offices, says: &str) {
    offices.wait_for(1, "a fit path", |status| status["paths"][0]["fitness"] == "ready");
    offices.at("between", &["ip", "link", "set", "fib-2", "mtu", "1280"]);
    let why = format!("packets of 1400 octets do not pass: {says} takes 1280 octets");
    offices.wait_for(1, &why, |status| {
        let fibre = &status["paths"][0];
        fibre["fitness"] == "unfit" && fibre["unfit"] == why.as_str()
    });
    let config = offices.dir().join("router-1.toml");
    for (words, told) in
        [("list", format!("no: {why}")), ("why", format!("would carry the office: no: {why}"))]
    {
        let all = [env!("CARGO_BIN_EXE_sabeel"), "-c", config.to_str().unwrap(), "link", words];
        let said = offices.at("router-1", &all);
        assert!(said.contains(&told), "{said}");
    }
    let events = offices.events(1).into_iter();
    let unfit = { events }.rfind(|event| event["what"] == "fitness" && event["path"] == "fibre");
    let unfit = unfit.unwrap();
    assert_eq!((&unfit["code"], &unfit["why"]), (&"mtu".into(), &why.as_str().into()));
    offices.at("between", &["ip", "link", "set", "fib-2", "mtu", "1500"]);
    offices.wait_for(1, "a fit path", |status| status["paths"][0]["fitness"] == "ready");
}

#[test]
fn a_router_that_takes_no_more_is_named_by_its_word() {
    let mut offices = lay();
    offices.begin(Setting { carry_test: Some("every-seconds = 10"), ..AFAR });
    narrow(&offices, "203.0.113.2");
}

#[test]
fn a_router_that_takes_no_more_is_named_by_its_word_by_ipv6_too() {
    let mut offices = lay();
    offices.lay_ipv6();
    offices.inside_all(BETWEEN_IPV6);
    offices.begin(Setting {
        ends: Ends::Ipv6,
        more_of_primary: "gateway6 = \"fe80::9\"\nminimum-ttl = 254",
        carry_test: Some("every-seconds = 10"),
        ..USUAL
    });
    narrow(&offices, "fe80::9");
}
