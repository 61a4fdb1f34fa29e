use std::net::SocketAddr;
use std::time::{Duration, Instant};

use domain::FormerSecret;
use radius_proto::duplicates::DuplicateLimits;
use radius_proto::server::{Datagram, Role, Server, Verdict};
use radius_proto::{DropReason, PacketBuilder};

use super::*;
use crate::fixtures::{T0, access_request, nas};

fn named(name: &str, addresses: &str, identifier: Option<&str>) -> Nas {
    Nas {
        name: name.parse().unwrap(),
        addresses: addresses.parse().unwrap(),
        identifier: identifier.map(|text| text.parse().unwrap()),
        ..nas()
    }
}

fn table(list: Vec<Nas>) -> AccessPoints {
    AccessPoints::new(list, &[], &AccessPoints::default(), &Metrics::default(), T0)
}

#[test]
fn the_longest_prefix_wins() {
    let table = table(
        [
            ("all", "10.0.0.0/8"),
            ("one", "10.1.2.3/32"),
            ("some", "10.1.0.0/16"),
            ("six", "fd00::/8"),
        ]
        .map(|(name, addresses)| named(name, addresses, None))
        .into(),
    );
    assert_eq!(table.len(), 4);
    for (source, expected) in [
        ("10.1.2.3", Some("one")),
        ("10.1.2.4", Some("some")),
        ("10.2.2.3", Some("all")),
        ("11.1.2.3", None),
        ("fd00::1", Some("six")),
        ("fe80::1", None),
    ] {
        let found = table.find(source.parse().unwrap(), &[]);
        assert_eq!(found.map(|known| known.nas.name.as_str()), expected, "{source}");
    }
}

#[test]
fn behind_one_address_the_identifier_tells_who_it_is() {
    let shared = [("pole-1", Some("one")), ("pole-2", Some("two"))]
        .map(|(name, identifier)| named(name, "192.0.2.1/32", identifier));
    let with_other = [shared.clone().into(), vec![named("rest", "192.0.2.1/32", None)]].concat();
    let with_net = [shared.clone().into(), vec![named("net", "192.0.2.0/24", None)]].concat();
    for (list, identifier, expected) in [
        (shared.to_vec(), Some("one"), Some("pole-1")),
        (shared.to_vec(), Some("two"), Some("pole-2")),
        (shared.to_vec(), Some("three"), None),
        (shared.to_vec(), None, None),
        (with_other.clone(), Some("two"), Some("pole-2")),
        (with_other.clone(), Some("three"), Some("rest")),
        (with_other, None, Some("rest")),
        (with_net, Some("three"), Some("net")),
    ] {
        let datagram = access_request(|request| {
            if let Some(own) = identifier {
                request.text(attribute::NAS_IDENTIFIER, own);
            }
        });
        let table = table(list);
        let found = table.find("192.0.2.1".parse().unwrap(), &datagram);
        assert_eq!(found.map(|known| known.nas.name.as_str()), expected, "{identifier:?}");
    }
}

/// What the core makes of a packet from `known`, and what is learnt from it.
fn receive(known: &AccessPoint, role: Role, octets: &[u8]) -> Result<Learnt, DropReason> {
    let limits = DuplicateLimits {
        retention: Duration::from_secs(10),
        max_entries: std::num::NonZeroUsize::MIN,
    };
    let source = SocketAddr::from(([192, 0, 2, 1], 1));
    let mut server = Server::new(role, limits);
    let datagram = Datagram { source, octets };
    match server.receive(datagram, Some(known.client_view()), Instant::now()) {
        Verdict::Process(request) => {
            Ok((known.age_of_secret(&request), known.learn_from(&request)))
        }
        Verdict::Drop(reason) => Err(reason),
        other => panic!("{other:?}"),
    }
}

type Learnt = (SecretAge, Option<Notice>);

fn unsigned() -> Vec<u8> {
    let secret = crate::fixtures::secret();
    let mut request = PacketBuilder::access_request(radius_proto::Authenticator::new([1; 16]));
    request.omit_message_authenticator();
    request.sign(&secret).unwrap().to_vec()
}

#[test]
fn the_first_right_message_authenticator_makes_it_required() {
    let nas = Nas { message_authenticator: MessageAuthenticatorRule::Learn, ..nas() };
    let gate = nas.name.clone();
    let known = AccessPoint::new(nas, Arc::default(), Arc::default(), T0);
    let current = SecretAge::Current;
    let check = |octets: &[u8], expected| {
        assert_eq!(receive(&known, Role::Authentication, octets), expected);
    };
    check(&unsigned(), Ok((current, None)));
    let with_eap = access_request(|request| {
        request.octets(attribute::EAP_MESSAGE, &[2, 0, 0, 5, 1]);
    });
    check(&with_eap, Ok((current, None)));
    check(&unsigned(), Ok((current, None)));
    let notice = Notice::SendsMessageAuthenticator(gate);
    check(&access_request(|_| {}), Ok((current, Some(notice))));
    check(&access_request(|_| {}), Ok((current, None)));
    check(&unsigned(), Err(DropReason::MissingMessageAuthenticator));
}

#[test]
fn the_secret_that_verifies_is_the_one_of_the_whole_exchange() {
    let old = nas().secret;
    let former =
        FormerSecret { secret: old, until: T0 + Duration::from_secs(1), replaced_at: None };
    let new_secret = SharedSecret::new("the new secret of the gate").unwrap();
    let nas = Nas {
        secret: "the new secret of the gate".parse().unwrap(),
        former_secret: Some(former),
        ..nas()
    };
    let by_old = access_request(|_| {});
    let by_new = PacketBuilder::accounting_request().sign(&new_secret).unwrap().to_vec();
    let known = AccessPoint::new(nas.clone(), Arc::default(), Arc::default(), T0);
    let access = receive(&known, Role::Authentication, &by_old);
    assert_eq!(access, Ok((SecretAge::Former, None)));
    let notice = Notice::UsesNewSecret(nas.name.clone());
    let accounting = receive(&known, Role::Accounting, &by_new);
    assert_eq!(accounting, Ok((SecretAge::Current, Some(notice))));
    let again = receive(&known, Role::Accounting, &by_new);
    assert_eq!(again, Ok((SecretAge::Current, None)));
    let expired =
        AccessPoint::new(nas, Arc::default(), Arc::default(), T0 + Duration::from_secs(1));
    let late = receive(&expired, Role::Authentication, &by_old);
    assert!(matches!(late, Err(DropReason::MessageAuthenticator(_))), "{late:?}");
}

#[test]
fn a_certificate_is_one_access_points_and_its_secret_there_is_that_of_tls() {
    let certificate: CertificateName = "gate.park.example".parse().unwrap();
    let table = table(vec![Nas { certificate: Some(certificate.clone()), ..nas() }]);
    let other = "other.park.example".parse().unwrap();
    assert!(table.find_by_certificate(std::slice::from_ref(&other)).is_none());
    let found = table.find_by_certificate(&[other, certificate]).unwrap();
    assert_eq!(found.nas.name, nas().name);
    let secret = found.secret(SecretAge::Current);
    let proof = PacketBuilder::accounting_request().sign(secret).unwrap();
    let own = SharedSecret::new(nas().secret.expose()).unwrap();
    let packet = Packet::parse(&proof).unwrap();
    assert!(radius_proto::authenticator::verify_request(&packet, &own).is_err());
}
