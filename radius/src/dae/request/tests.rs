use domain::{SessionId, SessionIdentification, SessionState, Speed, Usage};
use radius_proto::{Code, Packet};

use super::*;
use crate::fixtures::{DEVICE, T0, nas, order, secret};

fn session() -> Session {
    Session {
        id: SessionId::from_bytes([2; 16]),
        nas: nas().name,
        acct_session_id: "5C1".into(),
        device: DEVICE,
        user_name: "02005e10ab0c".into(),
        address: Some(IpAddr::from([10, 0, 0, 5])),
        grant: None,
        started_at: T0,
        updated_at: T0,
        usage: Usage::default(),
        state: SessionState::Open,
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    }
}

fn dump(kind: OrderKind, session: Option<&Session>, naming: Naming) -> (Code, String) {
    let particulars = Particulars { now: T0, state: [0xab; 16], naming };
    let octets = build(&nas(), &order(kind), session, &particulars).sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let dump = packet.dump().to_string();
    let attributes: Vec<_> = dump.lines().skip(2).map(str::trim).collect();
    (packet.code(), attributes.join("; "))
}

#[test]
fn a_disconnect_names_the_session_in_every_way_that_makers_look_it_up() {
    let (code, said) = dump(OrderKind::Disconnect, Some(&session()), Naming::Named);
    assert_eq!(code, Code::DisconnectRequest);
    assert_eq!(
        said,
        "NAS-Identifier = \"gate\"; Calling-Station-Id = \"02-00-5E-10-AB-0C\"; \
         Acct-Session-Id = \"5C1\"; User-Name = \"02005e10ab0c\"; Framed-IP-Address = 10.0.0.5; \
         Event-Timestamp = 1795597200"
    );
}

#[test]
fn a_device_that_is_not_online_is_asked_for_by_its_address_alone() {
    let (code, said) = dump(OrderKind::Reauthenticate, None, Naming::Unnamed);
    assert_eq!(code, Code::CoaRequest);
    assert_eq!(
        said,
        "Service-Type = Authorize Only; State = 0xabababababababababababababababab; \
         Calling-Station-Id = \"02-00-5E-10-AB-0C\"; Event-Timestamp = 1795597200"
    );
}
