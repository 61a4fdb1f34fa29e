use std::sync::Arc;

use super::*;
use crate::freeradius::conf;

/// Everything about a configuration's clients in one line each.
fn told(text: &str) -> Vec<String> {
    let nodes = conf::parse(&Arc::from("clients.conf"), text).unwrap_or_else(|e| panic!("{e}"));
    let site = "walkway".parse().unwrap();
    let tell = |found: Found| {
        let wanted = match &found.wanted {
            Err(reason) => format!("NO {reason}"),
            Ok(ImportedNas::AccessPoint(nas)) => {
                assert_eq!(nas.site, site);
                let rule = nas.message_authenticator.map_or("-", MessageAuthenticatorRule::as_str);
                let secret = nas.secret.as_ref().unwrap().expose();
                let dae = nas.dae_address.map_or("-".to_owned(), |dae| dae.to_string());
                let open =
                    if nas.proxy_state == Some(ProxyStateRule::Unlimited) { " open" } else { "" };
                format!("{} {rule} <{secret}> {dae}{open}", nas.profile.as_str())
            }
            Ok(ImportedNas::Range(range)) => {
                let secret = range.secret.as_ref().unwrap().expose();
                format!("{} {:?} <{secret}>", range.profile.as_str(), range.approval)
            }
        };
        let notes = found.notes.iter().map(|note| format!(" ({note})")).collect::<String>();
        format!("{} {} {}: {wanted}{notes}", found.place.line, found.name, found.what)
    };
    clients(&nodes, &site, Approval::Auto).into_iter().map(tell).collect()
}

#[test]
fn clients_become_access_points_and_networks_ranges() {
    for (text, expected) in [
        (
            "client gate {\n ipaddr = 10.0.0.1\n secret = s\n}",
            "1 gate access point 10.0.0.1: generic - <s> -",
        ),
        (
            "client x { ipv4addr = 10.1.2.3/16\n secret = \"a b\"\n shortname = Park_West }",
            "1 park-west range 10.1.0.0/16: generic Auto <a b>",
        ),
        (
            "client 10.0.0.0/8 { secret = s\n netmask = 9 }",
            "1 10.0.0.0-8 range 10.0.0.0/8: generic Auto <s>",
        ),
        (
            "client old { ipaddr = 10.0.0.9\n netmask = 24\n secret = s }",
            "1 old range 10.0.0.0/24: generic Auto <s>",
        ),
        (
            "client six { ipv6addr = 2001:db8::7\n secret = s }",
            "1 six access point 2001:db8::7: generic - <s> -",
        ),
        (
            "client الممشى { ipaddr = 10.0.0.1\n secret = s }",
            "1 nas-10.0.0.1 access point 10.0.0.1: generic - <s> -",
        ),
        (
            "client m { ipaddr = 10.0.0.1\n secret = s\n nas_type = mikrotik\n\
             require_message_authenticator = yes\n limit_proxy_state = no }",
            "1 m access point 10.0.0.1: mikrotik required <s> - open",
        ),
        (
            "client m { ipaddr = 10.0.0.1\n secret = s\n nas_type = cisco\n\
             require_message_authenticator = no\n limit_proxy_state = auto }",
            &format!("1 m access point 10.0.0.1: {} optional <s> -", profile("cisco").as_str()),
        ),
        (
            "client m { ipaddr = 10.0.0.1\n secret = s\n virtual_server = wifi\n limit { } }",
            "1 m access point 10.0.0.1: generic - <s> - (without a place here: virtual_server)",
        ),
        (
            "home_server back { type = coa\n ipaddr = 10.0.0.1\n port = 1700 }\n\
             client m { ipaddr = 10.0.0.1\n secret = s\n coa_server = back }",
            "4 m access point 10.0.0.1: generic - <s> 10.0.0.1:1700",
        ),
        (
            "client m { ipaddr = 10.0.0.1\n secret = s\n coa_server = back }",
            "1 m access point 10.0.0.1: generic - <s> - (coa_server back is not among these files; \
             set --dae if it takes orders)",
        ),
        (
            "clients wifi {\n client m { ipaddr = 10.0.0.1\n secret = s }\n}",
            "2 m access point 10.0.0.1: generic - <s> -",
        ),
    ] {
        assert_eq!(told(text), [expected], "{text}");
    }
}

#[test]
fn what_is_no_access_point_is_named_with_its_reason() {
    for (items, reason) in [
        ("ipaddr = 10.0.0.1", "it has no secret"),
        ("secret = s", "it has no address"),
        (
            "ipaddr = gate.example\n secret = s",
            "`gate.example` is no address; names are not looked up",
        ),
        ("ipaddr = 10.0.0.1/33\n secret = s", "`10.0.0.1/33` is no network"),
        ("ipaddr = *\n secret = s", "it stands for every address there is"),
        ("ipaddr = 0.0.0.0/0\n secret = s", "it stands for every address there is"),
        ("ipaddr = 10.0.0.1\n secret = \"\"", "its secret is empty"),
        ("ipaddr = 10.0.0.1\n secret = $ENV{S}", "its secret stands in a variable"),
        (
            "ipaddr = 10.0.0.1\n secret = s\n proto = tls",
            "it speaks RADIUS over TCP; over TLS, add it with its certificate",
        ),
        (
            "ipaddr = 10.0.0.1\n secret = s\n require_message_authenticator = perhaps",
            "require_message_authenticator is not yes, no or auto",
        ),
    ] {
        let text = format!("client gate {{\n {items}\n}}");
        assert_eq!(told(&text), [format!("1 gate client: NO {reason}")], "{items}");
    }
    let twice =
        "client a { ipaddr = 10.0.0.1\n secret = s }\nclient A { ipaddr = 10.0.0.2\n secret = s }";
    assert!(told(twice)[1].contains("NO the name a stands for another client before it"));
}

#[test]
fn debians_own_example_has_no_access_point() {
    let text = crate::freeradius::debian::text("clients.conf");
    let told = told(&text);
    assert_eq!(told.len(), 2, "{told:?}");
    for line in told {
        assert!(line.contains("NO it is the example for tests on this machine"), "{line}");
    }
}
