//! What each maker is told, read back from the octets: an Accept, and how a session is ended,
//! asked about again and changed. Where the expectation comes from stands beside it.

use domain::NasProfile;
use radius_proto::{Authenticator, Packet};

use super::manner::Manner;
use super::*;
use crate::fixtures::{DEVICE, T0, nas, secret, session, terms};
use crate::terms;

/// How a session is named: everything, all but places, and device and session alone.
const WHOLE: &str = "NAS-IP-Address = 192.0.2.7; NAS-Identifier = \"ap-7\"; \
     Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"; \
     User-Name = \"02005e10ab0c\"; Acct-Multi-Session-Id = \"M1\"; \
     Chargeable-User-Identity = 0x7637; Framed-IP-Address = 10.0.0.5; \
     Framed-IPv6-Address = 2001:db8::5; NAS-Port = 3; NAS-Port-Id = \"wlan0\"; \
     Called-Station-Id = \"AA-BB-CC-00-00-01:Park\"; Class = 0x01; Class = 0x02";
const PERSONS: &str = "NAS-IP-Address = 192.0.2.7; NAS-Identifier = \"ap-7\"; \
     Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"; \
     User-Name = \"02005e10ab0c\"; Acct-Multi-Session-Id = \"M1\"; \
     Chargeable-User-Identity = 0x7637";
const LEAST: &str = "NAS-IP-Address = 192.0.2.7; NAS-Identifier = \"ap-7\"; \
     Calling-Station-Id = \"0200.5e10.ab0c\"; Acct-Session-Id = \"5C1\"";

/// The speeds of an hour at 10 Mbit/s down and 5 Mbit/s up, in each dialect.
const WISPR: &str = "WISPr-Bandwidth-Max-Up = 5000000; WISPr-Bandwidth-Max-Down = 10000000";
const CHILLI: &str = "ChilliSpot-Bandwidth-Max-Up = 5000; ChilliSpot-Bandwidth-Max-Down = 10000; \
     WISPr-Bandwidth-Max-Up = 5000000; WISPr-Bandwidth-Max-Down = 10000000";
const AIRESPACE: &str = "Airespace-Data-Bandwidth-Average-Contract = 10000; \
     Airespace-Real-Time-Bandwidth-Average-Contract = 10000; \
     Airespace-Data-Bandwidth-Average-Contract-Upstream = 5000; \
     Airespace-Real-Time-Bandwidth-Average-Contract-Upstream = 5000";

const AUTHORIZE_ONLY: &str =
    "Service-Type = Authorize Only; State = 0x01010101010101010101010101010101";
const COMMAND: &str = "Cisco-AVPair = \"subscriber:command=reauthenticate\"";

/// A maker, and the words in which it is spoken to.
struct Maker {
    profile: NasProfile,
    /// How the session is named.
    names: &'static str,
    /// What makes it ask again, as far as it can be made to.
    again: &'static str,
    /// The speeds.
    rate: &'static str,
    /// The attributes that carry 5 GB, of which 1,000 octets are used: (octets, gigawords).
    volume: Option<(&'static str, &'static str)>,
    /// The interval of Interim-Updates, when 60 s are wanted.
    interim: u32,
    /// Whether requests carry Message-Authenticator and Event-Timestamp.
    proved: bool,
}

const ANY: Maker = Maker {
    profile: NasProfile::Generic,
    names: WHOLE,
    again: AUTHORIZE_ONLY,
    rate: WISPR,
    volume: None,
    interim: 60,
    proved: true,
};
const CHILLI_VOLUME: Option<(&str, &str)> =
    Some(("ChilliSpot-Max-Total-Octets", "ChilliSpot-Max-Total-Gigawords"));

const MAKERS: [Maker; 23] = [
    ANY,
    // Ours; see docs/gateway.md.
    Maker { profile: NasProfile::Sabeel, volume: CHILLI_VOLUME, ..ANY },
    // CoovaChilli, doc/attributes.
    Maker { profile: NasProfile::Coova, rate: CHILLI, volume: CHILLI_VOLUME, ..ANY },
    // uspot, src/radius-das.c (what it refuses) and its dictionary.chillispot.
    Maker {
        profile: NasProfile::Uspot,
        names: PERSONS,
        rate: CHILLI,
        volume: CHILLI_VOLUME,
        proved: false,
        ..ANY
    },
    // MikroTik's manual, "RADIUS Client": Rate-Limit is `rx/tx` as the router sees it.
    Maker {
        profile: NasProfile::Mikrotik,
        rate: "Mikrotik-Rate-Limit = \"5000000/10000000\"",
        volume: Some(("Mikrotik-Total-Limit", "Mikrotik-Total-Limit-Gigawords")),
        ..ANY
    },
    // hostapd, src/radius/radius_das.c: the attributes of `radius_das_disconnect`.
    Maker { profile: NasProfile::Hostapd, names: PERSONS, ..ANY },
    // ArubaOS, "Configuring an RFC-3576 RADIUS Server": what it does not know it ignores.
    Maker { profile: NasProfile::Aruba, rate: "", ..ANY },
    // ZoneDirector 9.8 User Guide, "RADIUS Attributes".
    Maker { profile: NasProfile::Ruckus, ..ANY },
    Maker { profile: NasProfile::SmartZone, ..ANY },
    // Cisco 113682 for the contracts; "RFC 5176 Compliance" for what names a session.
    Maker { profile: NasProfile::Cisco, names: LEAST, again: COMMAND, rate: AIRESPACE, ..ANY },
    // "UniFi - Hotspot RADIUS attributes".
    Maker { profile: NasProfile::Unifi, ..ANY },
    // Its controller speaks RADIUS only if it is set up as the other profile.
    Maker { profile: NasProfile::UnifiApi, ..ANY },
    // It speaks no RADIUS.
    Maker { profile: NasProfile::Opennds, ..ANY },
    Maker { profile: NasProfile::OmadaApi, ..ANY },
    // Nor does a splash page with click-through.
    Maker { profile: NasProfile::MerakiClickThrough, ..ANY },
    // Meraki, "Interim Updates for Splash Sign-on" for the interval.
    Maker { profile: NasProfile::Meraki, names: LEAST, interim: 300, ..ANY },
    // ArubaOS-Switch Access Security Guide: kbit/s, ingress is from the visitor.
    Maker {
        profile: NasProfile::Hpe,
        rate: "HP-Bandwidth-Max-Ingress = 5000; HP-Bandwidth-Max-Egress = 10000",
        ..ANY
    },
    // Cambium's dictionary, cnPilot User Guide.
    Maker {
        profile: NasProfile::Cambium,
        volume: Some((
            "Cambium-Traffic-Quota-Limit-Total",
            "Cambium-Traffic-Quota-Limit-Total-Gigwords",
        )),
        ..ANY
    },
    // Huawei, "RADIUS Attributes Supported by the Device".
    Maker {
        profile: NasProfile::Huawei,
        rate: "Huawei-Input-Average-Rate = 5000000; Huawei-Output-Average-Rate = 10000000",
        ..ANY
    },
    Maker { profile: NasProfile::Fortinet, rate: "", ..ANY },
    Maker { profile: NasProfile::Omada, ..ANY },
    // pfSense, `captiveportal.inc`: what does not fit into 32 bits is the largest that does.
    Maker {
        profile: NasProfile::Pfsense,
        rate: "pfSense-Bandwidth-Max-Up = 5000000; pfSense-Bandwidth-Max-Down = 10000000; \
               pfSense-Max-Total-Octets = 4294967295",
        ..ANY
    },
    Maker { profile: NasProfile::Opnsense, rate: "", ..ANY },
];

impl Maker {
    /// The limits of an hour, with `time` as Session-Timeout and `low` octets above 2^32.
    fn limits(&self, time: u32, low: u32) -> String {
        let times = format!(
            "Session-Timeout = {time}; Idle-Timeout = 900; Acct-Interim-Interval = {}",
            self.interim
        );
        let volume = self.volume.map(|(octets, high)| format!("{octets} = {low}; {high} = 1"));
        joined(&[&times, self.rate, volume.as_deref().unwrap_or_default()])
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<_> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// The attributes of a packet, the Message-Authenticator without its value.
fn said(packet: &PacketBuilder) -> String {
    let octets = packet.sign(&secret()).unwrap();
    let dump = Packet::parse(&octets).unwrap().dump().to_string();
    let name = |line| match str::trim(line) {
        signed if signed.starts_with("Message-Authenticator") => "signed".to_owned(),
        other => other.to_owned(),
    };
    dump.lines().skip(1).map(name).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_maker_is_in_the_table() {
    let missing = |profile: &&NasProfile| MAKERS.iter().all(|maker| maker.profile != **profile);
    assert_eq!(NasProfile::ALL.iter().find(missing), None);
}

#[test]
fn each_maker_is_given_the_limits_of_a_session_that_begins() {
    for maker in MAKERS {
        let mut accept = PacketBuilder::access_request(Authenticator::new([0; 16]));
        terms::write(&mut accept, &terms(), maker.profile);
        // 5,000,000,000 is 2^32 + 705,032,704.
        let expected = format!("signed; {}", maker.limits(3_600, 705_032_704));
        assert_eq!(said(&accept), expected, "{:?}", maker.profile);
    }
}

#[test]
fn each_maker_is_told_in_its_own_words_to_end_ask_about_and_change_a_session() {
    for maker in MAKERS {
        let nas = Nas { profile: maker.profile, ..nas() };
        let session = session();
        let subject = DaeSubject { session: Some(&session), ..DaeSubject::of(&nas, DEVICE) };
        // Ten minutes and 1,000 octets are used; only our own gateway counts from the change on.
        let change = match maker.profile {
            NasProfile::Sabeel => maker.limits(3_600, 705_032_704),
            _ => maker.limits(4_200, 705_033_704),
        };
        for (command, what) in [
            (NasCommand::Disconnect, ""),
            (NasCommand::Reauthenticate, maker.again),
            (NasCommand::Change(terms()), &change),
        ] {
            let manner = Manner::first(maker.profile);
            let particulars = Particulars { now: T0, state: [1; 16], manner };
            let request = request::build(subject, &command, &particulars);
            let (head, tail) = match maker.proved {
                true => ("signed", "Event-Timestamp = 1795597200"),
                false => ("", ""),
            };
            let expected = joined(&[head, maker.names, what, tail]);
            assert_eq!(said(&request), expected, "{:?} {command:?}", maker.profile);
        }
    }
}
