use domain::{BitRate, NasProfile, Octets, RatePair, Speed, Terms};
use radius_proto::{Code, Packet};

use super::*;
use crate::fixtures::{DEVICE, T0, nas, secret, session, terms};

const STATE: [u8; 16] = [0xab; 16];

fn dump(subject: DaeSubject<'_>, command: &NasCommand, manner: Manner) -> (Code, String) {
    let particulars = Particulars { now: T0, state: STATE, manner };
    let octets = build(subject, command, &particulars).sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let dump = packet.dump().to_string();
    let attributes: Vec<_> = dump.lines().skip(2).map(str::trim).collect();
    (packet.code(), attributes.join("; "))
}

fn check(session: Option<&Session>, command: &NasCommand, manner: Manner, expected: (Code, &str)) {
    let nas = nas();
    let subject = DaeSubject { session, ..DaeSubject::of(&nas, DEVICE) };
    let (code, said) = dump(subject, command, manner);
    let expected = (expected.0, format!("{}; Event-Timestamp = 1795597200", expected.1));
    assert_eq!((code, said), expected, "{command:?} {manner:?}");
}

#[test]
fn a_disconnect_names_the_session_in_every_way_as_the_access_point_spells_it() {
    let whole = "NAS-IP-Address = 192.0.2.7; NAS-Identifier = \"ap-7\"; \
         Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"; \
         User-Name = \"02005e10ab0c\"; Acct-Multi-Session-Id = \"M1\"; \
         Chargeable-User-Identity = 0x7637; Framed-IP-Address = 10.0.0.5; \
         Framed-IPv6-Address = 2001:db8::5; NAS-Port = 3; NAS-Port-Id = \"wlan0\"; \
         Called-Station-Id = \"AA-BB-CC-00-00-01:Park\"; Class = 0x01; Class = 0x02";
    let expected = (Code::DisconnectRequest, whole);
    check(Some(&session()), &NasCommand::Disconnect, Manner::default(), expected);
}

#[test]
fn an_access_point_that_refuses_attributes_is_told_less() {
    for (extent, naming, said) in [
        (
            Extent::Persons,
            Naming::Named,
            "NAS-IP-Address = 192.0.2.7; NAS-Identifier = \"ap-7\"; \
             Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"; \
             User-Name = \"02005e10ab0c\"; Acct-Multi-Session-Id = \"M1\"; \
             Chargeable-User-Identity = 0x7637",
        ),
        (
            Extent::Least,
            Naming::Unnamed,
            "Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"",
        ),
    ] {
        let manner = Manner { extent, naming, ..Manner::default() };
        let expected = (Code::DisconnectRequest, said);
        check(Some(&session()), &NasCommand::Disconnect, manner, expected);
    }
}

#[test]
fn what_an_access_point_never_said_is_filled_in_as_usual() {
    let silent = Session { identification: SessionIdentification::default(), ..session() };
    let said = "NAS-Identifier = \"gate\"; Calling-Station-Id = \"02-00-5E-10-AB-0C\"; \
         Acct-Session-Id = \"5C1\"; User-Name = \"02005e10ab0c\"; Framed-IP-Address = 10.0.0.5";
    let expected = (Code::DisconnectRequest, said);
    check(Some(&silent), &NasCommand::Disconnect, Manner::default(), expected);
}

#[test]
fn a_device_that_is_not_online_is_asked_for_by_its_address_alone() {
    let said = "Calling-Station-Id = \"02-00-5E-10-AB-0C\"; Service-Type = Authorize Only; \
         State = 0xabababababababababababababababab";
    let manner = Manner { naming: Naming::Unnamed, ..Manner::default() };
    check(None, &NasCommand::Reauthenticate, manner, (Code::CoaRequest, said));
}

#[test]
fn a_controller_that_redirects_by_radius_is_told_which_session_and_how_to_ask_again() {
    let secret = Some("signs redirects".parse().unwrap());
    let method = domain::HandOffMethod::CiscoCwa;
    let hand_off = domain::HandOff { method, ..domain::HandOff::mac_authentication(secret) };
    let nas = Nas { profile: NasProfile::Cisco, hand_off, ..nas() };
    let manner = Manner { naming: Naming::Unnamed, ..Manner::first(NasProfile::Cisco) };
    let again = "Cisco-AVPair = \"subscriber:command=reauthenticate\"; \
         Cisco-AVPair = \"subscriber:reauthenticate-type=last\"; Event-Timestamp = 1795597200";
    let place = |id: &str| Whereabouts(vec![("session".to_owned(), id.to_owned())]);
    let (known, unknown) = (place("0A0B0C0D00000042F00DCAFE"), place(""));
    let online = session();
    for (place, session, named) in [
        (
            Some(&known),
            None,
            "Calling-Station-Id = \"02-00-5E-10-AB-0C\"; \
             Cisco-AVPair = \"audit-session-id=0A0B0C0D00000042F00DCAFE\"",
        ),
        (Some(&unknown), None, "Calling-Station-Id = \"02-00-5E-10-AB-0C\""),
        (None, None, "Calling-Station-Id = \"02-00-5E-10-AB-0C\""),
        // What a redirect said may be of an earlier visit; accounting knows better.
        (
            Some(&known),
            Some(&online),
            "Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"",
        ),
    ] {
        let subject = DaeSubject { session, place, ..DaeSubject::of(&nas, DEVICE) };
        let (code, said) = dump(subject, &NasCommand::Reauthenticate, manner);
        assert_eq!((code, said), (Code::CoaRequest, format!("{named}; {again}")));
    }
}

/// What a maker is told when half an hour and no limit on data are left, at the lower speed.
fn told(profile: NasProfile) -> String {
    let kbit = |rate: u64| Some(BitRate::new(rate * 1_000));
    let terms = Terms {
        speed: Speed::Reduced,
        rate: RatePair { down: kbit(512), up: kbit(256) },
        time: Duration::from_secs(1_800),
        data: None,
        ..terms()
    };
    told_terms(profile, terms)
}

fn told_terms(profile: NasProfile, terms: Terms) -> String {
    let nas = Nas { profile, ..nas() };
    let session = session();
    let subject = DaeSubject { session: Some(&session), ..DaeSubject::of(&nas, DEVICE) };
    let manner = Manner { extent: Extent::Least, naming: Naming::Unnamed, ..Manner::default() };
    let (code, said) = dump(subject, &NasCommand::Change(terms), manner);
    assert_eq!(code, Code::CoaRequest);
    let (_, terms) = said.split_once("Acct-Session-Id = \"5C1\"; ").unwrap();
    terms.trim_end_matches("; Event-Timestamp = 1795597200").to_owned()
}

#[test]
fn each_maker_is_told_the_whole_set_of_limits_in_its_own_words() {
    // Ten minutes of the session are over; who counts from its start is told the sum.
    let from_start = "Session-Timeout = 2400; Idle-Timeout = 900; Acct-Interim-Interval = 60";
    let from_now = "Session-Timeout = 1800; Idle-Timeout = 900; Acct-Interim-Interval = 60";
    let wispr = "WISPr-Bandwidth-Max-Up = 256000; WISPr-Bandwidth-Max-Down = 512000";
    assert_eq!(told(NasProfile::Generic), format!("{from_start}; {wispr}"));
    assert_eq!(told(NasProfile::Sabeel), format!("{from_now}; {wispr}"));
    assert_eq!(
        told(NasProfile::Coova),
        format!(
            "{from_start}; ChilliSpot-Bandwidth-Max-Up = 256; ChilliSpot-Bandwidth-Max-Down = 512; \
             {wispr}; ChilliSpot-Max-Total-Octets = 0; ChilliSpot-Max-Total-Gigawords = 0"
        )
    );
    assert_eq!(
        told(NasProfile::Mikrotik),
        format!(
            "{from_start}; Mikrotik-Rate-Limit = \"256000/512000\"; Mikrotik-Total-Limit = 0; \
             Mikrotik-Total-Limit-Gigawords = 0"
        )
    );
}

#[test]
fn a_volume_counts_from_where_the_maker_begins_to_count() {
    let limited = || Terms { data: Some(Octets::new(500)), ..terms() };
    let sum = told_terms(NasProfile::Coova, limited());
    assert!(sum.contains("ChilliSpot-Max-Total-Octets = 1500"), "{sum}");
    let left = told_terms(NasProfile::Sabeel, limited());
    assert!(left.contains("ChilliSpot-Max-Total-Octets = 500"), "{left}");
}
