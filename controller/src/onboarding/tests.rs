use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::{HandOff, HandOffMethod, MessageAuthenticatorRule};

use super::*;
use crate::stage;

const SECRET: &str = "c6s4Ng8w6WLdCowf07smwxxB1UDePg8c";
const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10));

fn places() -> Places {
    Places {
        authentication: "0.0.0.0:1812".parse().unwrap(),
        accounting: "0.0.0.0:1813".parse().unwrap(),
        orders: std::net::Ipv4Addr::UNSPECIFIED.into(),
        portal: "https://portal.example".to_owned(),
        secure_portal: Some("https://portal.example".to_owned()),
    }
}

fn garden() -> Vec<GardenHost> {
    ["services.park.example", "940.gov.example"].map(|host| host.parse().unwrap()).into()
}

fn nas(profile: NasProfile) -> Nas {
    let nas = stage::nas("hall", "10.1.0.3/32");
    let portal_path = "FMmYlnvRS8xcbkloJATc".parse().unwrap();
    Nas { profile, portal_path, message_authenticator: MessageAuthenticatorRule::Learn, ..nas }
}

/// What is pasted into an access point that has this secret.
fn pasted(nas: &Nas, secret: &str) -> Result<String, Unwritable> {
    let plan = Plan::visitor("visitor".parse().unwrap());
    let secret = secret.parse().unwrap();
    let known = Known {
        places: &places(),
        server: Some(SERVER),
        orders: Some(SERVER),
        plan: &plan,
        garden: &garden(),
        secret: Some(&secret),
        hand_off_secret: None,
    };
    configuration(nas, &known)
}

#[test]
fn every_text_has_values_for_its_places_and_says_what_is_needed() {
    for profile in NasProfile::ALL {
        let text = pasted(&nas(profile), SECRET).unwrap();
        assert!(!text.contains("{{") && !text.contains("}}"), "{profile:?}\n{text}");
        assert!(text.contains("192.0.2.10"), "{profile:?}\n{text}");
        assert!(text.contains("portal.example") || !has_portal(profile), "{profile:?}\n{text}");
        let (named, _) = super::text(&nas(profile));
        for name in named.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")) {
            let name = name.0.trim_start_matches(['?', '*']);
            let optional =
                ["identifier", "login-host", "uam-port", "uam-secret", "portal-socket", "api-url"];
            let plan = Plan::visitor("visitor".parse().unwrap());
            let places = places();
            let known = Known {
                places: &places,
                server: None,
                orders: None,
                plan: &plan,
                garden: &garden(),
                secret: None,
                hand_off_secret: None,
            };
            let fields = Fields::of(&nas(profile), &known);
            assert!(fields.find(name).is_some() || optional.contains(&name), "{profile:?} {name}");
        }
        if shows_secret(profile) {
            assert!(text.contains(SECRET), "{profile:?}\n{text}");
        }
    }
}

/// Whether the RADIUS secret is in what is pasted.
fn shows_secret(profile: NasProfile) -> bool {
    profile != NasProfile::Sabeel && profile.speaks_radius()
}

/// Whether visitors of such an access point see a portal by what is pasted.
const fn has_portal(profile: NasProfile) -> bool {
    !matches!(profile, NasProfile::Hostapd | NasProfile::Hpe)
}

#[test]
fn ports_times_and_names_are_those_of_the_access_point() {
    for (profile, lines) in [
        (NasProfile::Cisco, &[" port 3799", " key 0 c6s4Ng8w6WLdCowf07smwxxB1UDePg8c"][..]),
        (NasProfile::Hostapd, &["own_ip_addr=10.1.0.3", "radius_das_port=3799"]),
        (NasProfile::Hostapd, &["radius_acct_interim_interval=60", "nas_identifier=pole 7"]),
        (NasProfile::Aruba, &[" port 443", " url /n/FMmYlnvRS8xcbkloJATc/", " https"]),
        (NasProfile::Mikrotik, &["/system identity set name=\"pole\\207\""]),
        (NasProfile::Sabeel, &["portal-url = \"https://portal.example\""]),
    ] {
        let identifier = matches!(profile, NasProfile::Hostapd | NasProfile::Mikrotik)
            .then(|| "pole 7".parse().unwrap());
        let nas =
            Nas { identifier, dae_address: Some("10.1.0.3:3799".parse().unwrap()), ..nas(profile) };
        let text = pasted(&nas, SECRET).unwrap();
        for line in lines {
            assert!(text.lines().any(|written| written == *line), "{line}\n{text}");
        }
    }
    let cisco = Nas { dae_address: None, ..nas(NasProfile::Cisco) };
    assert!(pasted(&cisco, SECRET).unwrap().contains("\n port 1700\n"));
    let meraki = pasted(&nas(NasProfile::Meraki), SECRET).unwrap();
    assert!(meraki.contains("300 seconds; below 300"), "{meraki}");
}

#[test]
fn a_controller_that_redirects_by_radius_is_given_the_list_that_radius_names() {
    let hand_off = HandOff {
        method: HandOffMethod::CiscoCwa,
        redirect_acl: Some("CWA-1".parse().unwrap()),
        ..HandOff::mac_authentication(Some("signs redirects".parse().unwrap()))
    };
    let hall = Nas { hand_off, dae_address: None, ..nas(NasProfile::Cisco) };
    let text = pasted(&hall, SECRET).unwrap();
    for line in [
        "ip access-list extended CWA-1",
        " mac-filtering sabeel",
        " aaa-override",
        " nac",
        " client 192.0.2.10 server-key 0 c6s4Ng8w6WLdCowf07smwxxB1UDePg8c",
        " port 1700",
        "! config acl apply CWA-1",
        "! config wlan nac radius enable 20",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}\n{text}");
    }
    for absent in ["web-auth", "signs redirects", "{{"] {
        assert!(!text.contains(absent), "{absent}\n{text}");
    }
    let default = HandOff { redirect_acl: None, ..hall.hand_off.clone() };
    let text = pasted(&Nas { hand_off: default, ..hall }, SECRET).unwrap();
    assert!(text.contains("ip access-list extended SABEEL_REDIRECT"), "{text}");
}

#[test]
fn the_garden_is_opened_where_the_maker_has_one() {
    for (profile, lines) in [
        (
            NasProfile::Coova,
            &["HS_UAMALLOW='portal.example,services.park.example,940.gov.example'"][..],
        ),
        (
            NasProfile::Mikrotik,
            &[
                "/ip hotspot walled-garden ip add action=accept dst-host=\"portal.example\" comment=\"Sabeel\"",
                "/ip hotspot walled-garden ip add action=accept dst-host=\"940.gov.example\" comment=\"Sabeel\"",
            ],
        ),
        (NasProfile::Uspot, &["uci add_list dhcp.sabeel_garden.domain='services.park.example'"]),
        (
            NasProfile::Sabeel,
            &[
                "# Open before sign-in, by dnsmasq on the visitors' network: nftset=/940.gov.example/4#inet#sabeel#garden4",
            ],
        ),
    ] {
        let text = pasted(&nas(profile), SECRET).unwrap();
        for line in lines {
            assert!(text.lines().any(|written| written == *line), "{line}\n{text}");
        }
    }
    for profile in [NasProfile::Generic, NasProfile::Unifi, NasProfile::Ruckus, NasProfile::Meraki]
    {
        let text = pasted(&nas(profile), SECRET).unwrap();
        for host in garden() {
            assert!(text.lines().any(|line| line.trim() == host.as_str()), "{host}\n{text}");
        }
    }
}

#[test]
fn who_pastes_what_opens_no_garden_is_told() {
    let (places, plan, garden) = (places(), Plan::visitor("p".parse().unwrap()), garden());
    let told = |profile, garden: &[GardenHost]| {
        let known = Known {
            places: &places,
            server: Some(SERVER),
            orders: Some(SERVER),
            plan: &plan,
            garden,
            secret: None,
            hand_off_secret: None,
        };
        notes(&nas(profile), &known).iter().any(|note| note.contains("the garden of its site"))
    };
    for (profile, expected) in [(NasProfile::Hostapd, true), (NasProfile::Sabeel, false)] {
        assert_eq!(told(profile, &garden), expected, "{profile:?}");
        assert!(!told(profile, &[]), "{profile:?}");
    }
}

#[test]
fn a_value_that_would_say_more_than_itself_is_escaped_or_refused() {
    let breakout = "x\"; /system reset-configuration; \"' ; reboot ; '$(reboot)";
    for profile in NasProfile::ALL {
        let text = pasted(&nas(profile), breakout);
        match profile {
            NasProfile::Aruba
            | NasProfile::Cisco
            | NasProfile::Hpe
            | NasProfile::Coova
            | NasProfile::Huawei
            | NasProfile::Fortinet => {
                assert_eq!(text, Err(Unwritable { field: "secret" }), "{profile:?}");
            }
            NasProfile::Mikrotik => {
                let text = text.unwrap();
                assert!(!text.contains("reset-configuration; "), "{text}");
                assert!(text.contains("secret=\"x\\22\\3B\\20/system\\20reset-configuration"));
            }
            _ => drop(text.unwrap()),
        }
        let two_lines = pasted(&nas(profile), "x\nreload");
        assert_eq!(two_lines.is_err(), shows_secret(profile), "{profile:?}");
    }
}

/// What a shell makes of a text, after `before` and before `after`.
fn in_a_shell(before: &str, text: &str, after: &str) -> String {
    let mut shell = Command::new("/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env_clear()
        .env("PATH", "/nonexistent")
        .spawn()
        .unwrap();
    let script = format!("{before}\n{text}\n{after}\n");
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_shell_reads_what_is_meant_and_runs_nothing_else() {
    let odd = "a'b\"c $(echo hacked) `echo hacked` ; echo hacked";
    let text = pasted(&nas(NasProfile::Uspot), odd).unwrap();
    let said = in_a_shell(
        "uci() { printf '<%s>' \"$@\"; echo; }; service() { :; }; cat() { echo 02:00:00:00:00:01; }",
        &text,
        "",
    );
    assert!(said.contains(&format!("<set><uspot.captive.auth_secret={odd}>")), "{said}");
    assert!(!said.lines().any(|line| line == "hacked"), "{said}");

    let hosts = vec!["10.1.0.1:3990".parse().unwrap()];
    let kiosk = Nas {
        hand_off: HandOff {
            method: HandOffMethod::Uam,
            secret: Some("uam".parse().unwrap()),
            hosts,
            api: None,
            redirect_acl: None,
            sends: HandOffMethod::Uam.usual_sends(),
        },
        ..nas(NasProfile::Coova)
    };
    let text = pasted(&kiosk, SECRET).unwrap();
    let said = in_a_shell("", &text, "echo $HS_RADSECRET $HS_UAMLISTEN $HS_UAMPORT $HS_UAMFORMAT");
    let page = "https://portal.example/n/FMmYlnvRS8xcbkloJATc/";
    assert_eq!(said, format!("{SECRET} 10.1.0.1 3990 {page}\n"));
    assert!(text.contains("HS_UAMSECRET='THE-SECRET-OF-THE-LOGIN-PAGE'"), "{text}");
}

/// The option's lines among what is printed, without the sign of a comment.
fn options(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("#   ")).collect()
}

#[test]
fn phones_are_told_of_the_api_by_dhcp() {
    const API: &str = "https://portal.example/n/FMmYlnvRS8xcbkloJATc/capport";
    let print = |profile| pasted(&nas(profile), SECRET).unwrap();
    let gateway = print(NasProfile::Sabeel);
    let expected = [format!("dhcp-option=114,{API}"), format!("dhcp-option=option6:103,{API}")];
    assert_eq!(options(&gateway), expected);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), options(&gateway).join("\n")).unwrap();
    let read = Command::new("/usr/sbin/dnsmasq").arg("--test").arg("-C").arg(file.path()).output();
    assert!(read.unwrap().status.success(), "dnsmasq refuses its lines");

    assert_eq!(options(&print(NasProfile::Coova)), [format!("captiveportalapi_uri {API}")]);
    let mikrotik = print(NasProfile::Mikrotik);
    let option = format!("/ip dhcp-server option add name=sabeel code=114 value=\"'{API}'\"");
    assert!(options(&mikrotik).contains(&option.as_str()), "{mikrotik}");

    // Without TLS there is no such API (RFC 8908 section 5).
    let places = Places { secure_portal: None, ..places() };
    let plan = Plan::visitor("visitor".parse().unwrap());
    let (server, orders, secret) = (Some(SERVER), Some(SERVER), None);
    for profile in NasProfile::ALL {
        let known = Known {
            places: &places,
            server,
            orders,
            plan: &plan,
            garden: &[],
            secret,
            hand_off_secret: None,
        };
        let text = configuration(&nas(profile), &known).unwrap();
        assert!(!text.contains("capport"), "{profile:?}\n{text}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let plan =
        Plan { interim_interval: Duration::from_secs(90), ..Plan::visitor("p".parse().unwrap()) };
    let places = places();
    let known = Known {
        places: &places,
        server: None,
        orders: None,
        plan: &plan,
        garden: &garden(),
        secret: None,
        hand_off_secret: None,
    };
    let nas = Nas { dae_address: None, ..nas(NasProfile::Cisco) };
    let text = configuration(&nas, &known).unwrap();
    assert!(text.contains("address ipv4 SERVER-ADDRESS auth-port 1812"), "{text}");
    assert!(text.contains("periodic 2\n"), "{text}");
    let notes = notes(&nas, &known).join("\n");
    for said in ["THE-SECRET", "--server", "--dae ADDRESS:1700"] {
        assert!(notes.contains(said), "{notes}");
    }
}
