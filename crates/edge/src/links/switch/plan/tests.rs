use super::*;

fn path(device: &str, ipv4: Option<[u8; 4]>, ipv6: Option<&str>) -> Path {
    Path {
        device: device.parse().unwrap(),
        ipv4: ipv4.map(Ipv4Addr::from),
        ipv6: ipv6.map(|address| address.parse().unwrap()),
    }
}

fn nets(prefixes: &[&str]) -> Vec<IpNet> {
    prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect()
}

fn outline() -> Outline {
    Outline {
        paths: vec![
            path("fibre", Some([10, 0, 0, 1]), Some("fd00::1")),
            path("radio", Some([10, 0, 1, 1]), None),
            path("tunnel", None, Some("fe80::1")),
        ],
        prefixes: nets(&["10.9.0.0/16", "2001:db8::/32"]),
        canary: nets(&["10.8.0.1/32"]),
        protected_mark: NonZeroU32::new(7),
        ..Outline::default()
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Outline), expected: &str) {
    let mut outline = outline();
    change(&mut outline);
    let said = Plan::new(outline).map_or_else(|error| error.to_string(), |_| "fine".to_owned());
    assert_eq!(said, expected);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_it_is() {
    check(|_| {}, "fine");
    check(|o| o.paths.clear(), "there is no path");
    let many = |o: &mut Outline| {
        o.paths = (0..17).map(|last| path("fibre", Some([10, 0, 0, last + 1]), None)).collect();
    };
    check(many, "there are 17 paths, 16 at most are possible");
    let none = "path 1 has neither an IPv4 nor an IPv6 gateway";
    check(|o| o.paths[1].ipv4 = None, none);
    check(|o| o.paths[1].ipv4 = Some([0; 4].into()), "path 1 cannot have 0.0.0.0 as its gateway");
    check(
        |o| o.paths[2].ipv6 = Some("ff02::1".parse().unwrap()),
        "path 2 cannot have ff02::1 as its gateway",
    );
    let same = |o: &mut Outline| o.paths[1] = path("fibre", Some([10, 0, 0, 1]), None);
    check(same, "path 0 and path 1 have the same device and gateway");
    check(|o| o.paths[1] = path("fibre", Some([10, 0, 0, 9]), None), "fine");
    check(|o| o.prefixes.clear(), "there is no prefix");
    let beyond = "10.9.1.0/16 has bits beyond its length: the network is 10.9.0.0/16";
    check(|o| o.prefixes = nets(&["10.9.1.0/16"]), beyond);
    check(|o| o.canary = nets(&["10.9.0.0/16"]), "10.9.0.0/16 is there twice");
    let no_way = "no path has a gateway for 2001:db8::/32";
    let without_ipv6 = |o: &mut Outline| {
        o.paths.truncate(2);
        o.paths[0].ipv6 = None;
    };
    check(without_ipv6, no_way);
    let table = "table 254 cannot be that of protected traffic: use 1 to 251, or 256 and more";
    check(|o| o.protected_table = 254, table);
    check(|o| o.rule_preference = 32_766, "preference 32766 of the rule is not within 1 to 32765");
    check(|o| o.next_hop_base = 0, "next-hop ids cannot start at 0: use 1 to 4294967253");
    check(
        |o| o.next_hop_base = u32::MAX,
        "next-hop ids cannot start at 4294967295: use 1 to 4294967253",
    );
    check(|o| o.metric = 0, "metric 0 is not within 1 to 4294967263");
}

#[test]
fn an_ip_version_that_a_path_does_not_carry_goes_by_the_first_that_does() {
    let plan = Plan::new(outline()).unwrap();
    let [fibre, radio, tunnel] = [0, 1, 2].map(PathNumber::new);
    for (path, family, expected) in [
        (fibre, Family::Ipv4, fibre),
        (radio, Family::Ipv4, radio),
        (tunnel, Family::Ipv4, fibre),
        (fibre, Family::Ipv6, fibre),
        (radio, Family::Ipv6, fibre),
        (tunnel, Family::Ipv6, tunnel),
    ] {
        assert_eq!(plan.carrier(path, family), expected, "{path} {family:?}");
    }
}

#[test]
fn only_groups_that_something_is_routed_by_are_there_and_protected_traffic_comes_first() {
    use Family::{Ipv4, Ipv6};
    use Kind::{All, Canary, Protected};
    let plan = Plan::new(outline()).unwrap();
    let expected = [(Protected, Ipv4), (Protected, Ipv6), (All, Ipv4), (All, Ipv6), (Canary, Ipv4)];
    assert_eq!(plan.groups(), expected);
    let unmarked = Outline { protected_mark: None, canary: Vec::new(), ..outline() };
    assert_eq!(Plan::new(unmarked).unwrap().groups(), [(All, Ipv4), (All, Ipv6)]);
}

#[test]
fn every_prefix_has_its_route_its_protected_one_and_one_by_each_path_that_carries_it() {
    let plan = Plan::new(outline()).unwrap();
    let written: Vec<_> = plan
        .routes()
        .iter()
        .map(|r| format!("{} {} {} {}", r.table, r.prefix, r.metric, r.next_hop))
        .collect();
    let expected = [
        "254 10.9.0.0/16 100 5102",
        "254 2001:db8::/32 100 5103",
        "254 10.8.0.1/32 100 5104",
        "5100 10.9.0.0/16 100 5100",
        "5100 2001:db8::/32 100 5101",
        "5100 10.8.0.1/32 100 5100",
        "254 10.9.0.0/16 101 5110",
        "254 2001:db8::/32 101 5111",
        "254 10.8.0.1/32 101 5110",
        "254 10.9.0.0/16 102 5112",
        "254 10.8.0.1/32 102 5112",
        "254 2001:db8::/32 103 5115",
    ];
    assert_eq!(written, expected);
    let flow =
        Flow { path: PathNumber::new(1), from: [10, 1, 0, 251].into(), to: [10, 9, 0, 53].into() };
    let with_flow = Plan::new(Outline { flows: vec![flow], ..outline() }).unwrap();
    let is_new = |route: &Route| !plan.routes().contains(route);
    let added: Vec<_> = with_flow.routes().into_iter().filter(is_new).collect();
    let to = "10.9.0.53/32".parse().unwrap();
    assert_eq!(added, [Route { table: 5301, prefix: to, metric: 100, next_hop: 5112 }]);
    let first = with_flow.rules().next().unwrap();
    assert_eq!(first.selector, Selector::Hosts { from: flow.from, to: flow.to });
    assert_eq!((first.table, first.preference), (5301, 5000), "before protected traffic");
    let (from, to) = ("2001:db8:1::251".parse().unwrap(), "2001:db8::53".parse().unwrap());
    let flow = Flow { path: PathNumber::new(2), from, to };
    let of_ipv6 = Plan::new(Outline { flows: vec![flow], ..outline() }).unwrap();
    let added: Vec<_> = of_ipv6.routes().into_iter().filter(is_new).collect();
    let prefix = "2001:db8::53/128".parse().unwrap();
    assert_eq!(added, [Route { table: 5302, prefix, metric: 100, next_hop: 5115 }]);
    assert!(of_ipv6.rules().next().unwrap().is_ipv6);
    let asked = vec![PathNumber::new(1)];
    let with_asked = Plan::new(Outline { asked, ..outline() }).unwrap();
    let added: Vec<_> = with_asked.routes().into_iter().filter(is_new).collect();
    let to = "10.9.0.0/16".parse().unwrap();
    assert_eq!(added, [Route { table: 5301, prefix: to, metric: 100, next_hop: 5112 }]);
    let first = with_asked.rules().next().unwrap();
    let device = with_asked.path(PathNumber::new(1)).unwrap().device.as_str();
    assert_eq!(first.selector, Selector::Device(Interface::new(device).unwrap()));
    assert_eq!((first.table, first.preference, first.is_ipv6), (5301, 5000, false));
    assert!(with_flow.owns_table(5301) && with_flow.owns_table(5100) && !plan.owns_table(5299));
    assert!(plan.covers(5100) && plan.covers(5115) && !plan.covers(5099) && !plan.covers(5142));
}

#[test]
fn routes_stand_in_in_the_order_in_which_paths_are_preferred() {
    let standing_in = |preferred: &[u8]| {
        let preferred = preferred.iter().copied().map(PathNumber::new).collect();
        let plan = Plan::new(Outline { preferred, ..outline() }).unwrap();
        let of_offices: IpNet = "10.9.0.0/16".parse().unwrap();
        let is_one = |route: &Route| route.table == MAIN_TABLE && route.prefix == of_offices;
        let mut routes: Vec<_> = plan.routes().into_iter().filter(is_one).collect();
        routes.sort_by_key(|route| route.metric);
        let by =
            |route: Route| (route.metric, (route.next_hop - 5_100).saturating_sub(FIRST_PATH) / 2);
        routes.into_iter().skip(1).map(by).collect::<Vec<_>>()
    };
    assert_eq!(standing_in(&[]), [(101, 0), (102, 1)]);
    assert_eq!(standing_in(&[1]), [(101, 1), (102, 0)]);
    // One that does not carry it has its place all the same.
    assert_eq!(standing_in(&[2, 1]), [(102, 1), (103, 0)]);
}
