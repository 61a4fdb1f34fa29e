use super::*;

/// The octets of a message of a machine of little end, sequence 1, in hexadecimal.
fn octets(message: &Message) -> String {
    let mut datagram = Vec::new();
    message.write_to(1, &mut datagram);
    data_encoding::HEXLOWER.encode(&datagram)
}

#[track_caller]
fn check(verb: Verb, object: Object, expected: &[&str]) {
    assert_eq!(octets(&request(&Change { verb, object })), expected.concat());
}

fn next_hop(id: u32, target: Target) -> Object {
    Object::NextHop(NextHop { id, target })
}

fn gateway(text: &str) -> Target {
    Target::Gateway { interface: 3, gateway: text.parse().unwrap() }
}

fn route(prefix: &str, table: u32) -> Route {
    Route { table, prefix: prefix.parse().unwrap(), metric: 100, next_hop: 5102 }
}

const MARKED: Selector = Selector::Mark { mark: 7, mask: u32::MAX };
const RULE: Rule = Rule { is_ipv6: true, preference: 5100, selector: MARKED, table: 5100 };

fn hosts(from: &str, to: &str) -> Selector {
    Selector::Hosts { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn by_device() -> Selector {
    Selector::Device(Interface::new("fib0").unwrap())
}

#[test]
#[cfg(target_endian = "little")]
fn next_hops_are_written_as_the_kernel_reads_them() {
    check(
        Verb::Add,
        next_hop(5110, gateway("10.0.1.2")),
        &[
            "30000000", "6800", "0106", "01000000", "00000000", "0200", "73", "00", "04000000",
            "08000100", "f6130000", "08000500", "03000000", "08000600", "0a000102",
        ],
    );
    check(
        Verb::Replace,
        next_hop(5111, gateway("fe80::2")),
        &[
            "3c000000",
            "6800",
            "0101",
            "01000000",
            "00000000",
            "0a00",
            "73",
            "00",
            "04000000",
            "08000100",
            "f7130000",
            "08000500",
            "03000000",
            "14000600",
            "fe800000000000000000000000000002",
        ],
    );
    check(
        Verb::Replace,
        next_hop(5102, Target::Member(5110)),
        &[
            "2c000000",
            "6800",
            "0101",
            "01000000",
            "00000000",
            "0000",
            "73",
            "00",
            "00000000",
            "08000100",
            "ee130000",
            "0c000200",
            "f613000000000000",
        ],
    );
    check(
        Verb::Remove,
        next_hop(5102, Target::Member(5110)),
        &[
            "20000000", "6900", "0100", "01000000", "00000000", "0000", "00", "00", "00000000",
            "08000100", "ee130000",
        ],
    );
}

#[test]
#[cfg(target_endian = "little")]
fn routes_and_rules_are_written_as_the_kernel_reads_them() {
    check(
        Verb::Add,
        Object::Route(route("10.9.0.0/16", 254)),
        &[
            "3c000000", "1800", "0106", "01000000", "00000000", "02100000", "00730001", "00000000",
            "08000100", "0a090000", "08000f00", "fe000000", "08000600", "64000000", "08001e00",
            "ee130000",
        ],
    );
    check(
        Verb::Remove,
        Object::Route(route("2001:db8::/32", 5100)),
        &[
            "48000000",
            "1900",
            "0100",
            "01000000",
            "00000000",
            "0a200000",
            "0073ff00",
            "00000000",
            "14000100",
            "20010db8000000000000000000000000",
            "08000f00",
            "ec130000",
            "08000600",
            "64000000",
            "08001e00",
            "ee130000",
        ],
    );
    let rule = [
        "0a000000", "00000001", "00000000", "08000600", "ec130000", "08000a00", "07000000",
        "08001000", "ffffffff", "08000f00", "ec130000", "05001500", "73000000",
    ];
    let header = |kind| ["44000000", kind, "01000000", "00000000"].concat();
    let (add, remove) = (header("20000106"), header("21000100"));
    check(Verb::Add, Object::Rule(RULE), &[&[add.as_str()], &rule[..]].concat());
    check(Verb::Remove, Object::Rule(RULE), &[&[remove.as_str()], &rule[..]].concat());
    let selector = hosts("10.1.0.251", "10.2.0.53");
    let of_hosts = Rule { is_ipv6: false, selector, ..RULE };
    let rule = [
        "02202000", "00000001", "00000000", "08000600", "ec130000", "08000100", "0a020035",
        "08000200", "0a0100fb", "08000f00", "ec130000", "05001500", "73000000",
    ];
    check(Verb::Add, Object::Rule(of_hosts), &[&[add.as_str()], &rule[..]].concat());
    let by_device = Rule { selector: by_device(), ..of_hosts };
    let rule = [
        "02000000", "00000001", "00000000", "08000600", "ec130000", "09001100", "66696230",
        "00000000", "08000f00", "ec130000", "05001500", "73000000",
    ];
    let add = add.replacen("44", "40", 1);
    check(Verb::Add, Object::Rule(by_device), &[&[add.as_str()], &rule[..]].concat());
}

/// What the kernel would tell of an object that was made by `request`.
fn told<T>(message: &Message, read: impl Fn(Received<'_>) -> Option<T>) -> Option<T> {
    let mut datagram = Vec::new();
    message.write_to(1, &mut datagram);
    read(Received::all_in(&datagram).next().unwrap())
}

#[test]
fn what_is_written_is_read_back() {
    for target in [gateway("10.0.1.2"), gateway("fe80::2"), Target::Member(9), Target::Members] {
        let object = NextHop { id: 5110, target };
        let message = request(&Change::next_hop(Verb::Add, object));
        let expected = Some(Owned { protocol: PROTOCOL, it: object });
        assert_eq!(told(&message, read_next_hop), expected);
    }
    for prefix in ["10.9.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/0"] {
        for table in [7, 254, 5100] {
            let it = route(prefix, table);
            let message = request(&Change::route(Verb::Replace, it));
            assert_eq!(told(&message, read_route), Some(Owned { protocol: PROTOCOL, it }));
        }
    }
    let bits = Selector::Mark { mark: 7, mask: 0xff };
    let of_ipv6 = hosts("2001:db8:1::251", "2001:db8:2::53");
    let of_ipv4 = hosts("10.1.0.251", "10.2.0.53");
    for selector in [MARKED, bits, of_ipv4, of_ipv6, by_device()] {
        let it = Rule { is_ipv6: [MARKED, of_ipv6].contains(&selector), selector, ..RULE };
        let message = request(&Change::rule(Verb::Add, it));
        assert_eq!(told(&message, read_rule), Some(Owned { protocol: PROTOCOL, it }));
    }
}

#[test]
fn what_is_like_ours_and_is_not_is_told_apart() {
    let of = |family, protocol, flags: u32, attributes: &[(u16, &[u8])]| {
        let [a, b, c, d] = flags.to_ne_bytes();
        let mut message = Message::new(RTM_NEWNEXTHOP, 0, &[family, 0, protocol, 0, a, b, c, d])
            .with(NHA_ID, &7_u32.to_ne_bytes());
        for (kind, value) in attributes {
            message = message.with(*kind, value);
        }
        told(&message, read_next_hop).map(|found| (found.protocol, found.it.target))
    };
    let interface = 3_u32.to_ne_bytes();
    let (oif, via) = ((NHA_OIF, &interface[..]), (NHA_GATEWAY, &[10, 0, 1, 2][..]));
    let ours = gateway("10.0.1.2");
    assert_eq!(of(2, 115, RTNH_F_ONLINK | 1, &[oif, via]), Some((115, ours)));
    assert_eq!(of(2, 11, RTNH_F_ONLINK, &[oif, via]), Some((11, ours)));
    assert_eq!(of(2, 115, 0, &[oif, via]), Some((115, Target::Other)));
    assert_eq!(of(2, 115, RTNH_F_ONLINK, &[oif]), Some((115, Target::Other)));
    let encapsulated = [oif, via, (NHA_ENCAP_TYPE, &[1, 0][..])];
    assert_eq!(of(2, 115, RTNH_F_ONLINK, &encapsulated), Some((115, Target::Other)));
    assert_eq!(of(2, 115, 0, &[(NHA_BLACKHOLE, &[])]), Some((115, Target::Other)));
    assert_eq!(of(0, 115, 0, &[(NHA_GROUP, &[0; 16])]), Some((115, Target::Members)));

    let route_of = |header: [u8; ROUTE_HEADER]| {
        told(&Message::new(RTM_NEWROUTE, 0, &header), read_route).map(|found| found.it)
    };
    let plain = [2, 0, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0];
    let prefix = "0.0.0.0/0".parse().unwrap();
    let default = Route { table: 254, prefix, metric: 0, next_hop: 0 };
    assert_eq!(route_of(plain), Some(default));
    let with = |place: usize, octet| {
        let mut header = plain;
        header[place] = octet;
        header
    };
    // Of another family, of a prefix that is too long, with a source, for a type of service, cloned.
    for header in [with(0, 28), with(1, 33), with(2, 8), with(3, 4), with(9, 2)] {
        assert_eq!(route_of(header), None, "{header:?}");
    }
}

#[test]
fn a_device_has_a_carrier_when_it_is_up_and_so_is_what_is_below() {
    let link_of = |kind, family: u8, flags: u32| {
        let mut header = [0; LINK_HEADER];
        header[0] = family;
        header[4] = 3;
        header[8..12].copy_from_slice(&flags.to_ne_bytes());
        let message = Message::new(kind, 0, &header).with_text(IFLA_IFNAME, "fibre");
        told(&message, |received| {
            read_link(received).map(|link| (link.name.to_owned(), link.device()))
        })
    };
    let all = IFF_UP | IFF_LOWER_UP;
    let seen = |device| Some(("fibre".to_owned(), device));
    assert_eq!(link_of(RTM_NEWLINK, 0, all), seen(Device::Up(3)));
    assert_eq!(link_of(RTM_NEWLINK, 0, IFF_UP), seen(Device::Down(3)));
    assert_eq!(link_of(RTM_NEWLINK, 0, IFF_LOWER_UP), seen(Device::Down(3)));
    assert_eq!(link_of(RTM_DELLINK, 0, all), seen(Device::Missing));
    assert_eq!(link_of(RTM_DELLINK, 7, all), None, "a port that leaves a bridge is still there");
    assert_eq!(link_of(RTM_GETLINK, 0, all), None);
}

proptest::proptest! {
    #[test]
    fn no_message_of_the_kernel_makes_a_reader_panic(kind in 16_u16..120, payload: Vec<u8>) {
        let message = Received { kind, flags: 0, sequence: 0, payload: &payload };
        let _ = (read_next_hop(message), read_deleted_next_hop(message), read_link(message));
        let _ = (read_route(message), read_rule(message));
    }
}
