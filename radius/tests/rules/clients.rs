//! R3 and R23: whose requests are looked at, by which rules, and how somebody new comes in.

use std::net::IpAddr;

use domain::{Approval, MessageAuthenticatorRule, Nas, NasRange, PendingState, ProxyStateRule};
use store::{AccessPoints, Change, NasRanges, Store};

use crate::city::{Blueprint, City, DEVICE, SECRET, nas};
use crate::gate::{Gate, access};
use crate::wire::{ACCESS_ACCEPT, PROXY_STATE};

/// An access point of the city at 127.0.0.`host`.
fn nas_at(host: u8, rule: MessageAuthenticatorRule, proxy_state: ProxyStateRule) -> Nas {
    Nas {
        name: format!("gate-{host}").parse().unwrap(),
        addresses: format!("127.0.0.{host}/32").parse().unwrap(),
        portal_path: format!("4f2a9c{host}").parse().unwrap(),
        message_authenticator: rule,
        proxy_state,
        ..nas()
    }
}

#[tokio::test]
async fn r03_each_access_point_has_rules_of_its_own() {
    use MessageAuthenticatorRule::{Learn, Optional, Required};
    use ProxyStateRule::{Limited, Unlimited};
    let access_points = vec![
        nas_at(1, Required, Unlimited),
        nas_at(2, Optional, Limited),
        nas_at(3, Optional, Unlimited),
        nas_at(4, Learn, Unlimited),
    ];
    let city = City::build(Blueprint { access_points, ..Blueprint::default() }).await;
    city.sign_in(DEVICE).await;
    let missing = "message-authenticator-missing";
    for (host, plain, with_proxy_state) in [
        (1, Some(missing), Some(missing)),
        (2, None, Some("proxy-state-unprotected")),
        (3, None, None),
        (4, None, None),
    ] {
        let gate = Gate::open_at(&city, host).await;
        let requests = [access(1), access(2).with(PROXY_STATE, "via")];
        for (request, expected) in requests.into_iter().zip([plain, with_proxy_state]) {
            match expected {
                Some(reason) => {
                    gate.is_dropped(city.authentication, &request.octets(), reason).await;
                }
                None => {
                    let reply = gate.authenticate(&request.octets()).await;
                    assert_eq!(reply.code, ACCESS_ACCEPT, "gate-{host}");
                }
            }
        }
    }
    city.end().await;
}

#[tokio::test]
async fn r23_a_stranger_in_a_declared_range_waits_for_approval_and_is_served_at_once_then() {
    let range = NasRange {
        name: "park".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: "127.0.0.8/29".parse().unwrap(),
        profile: nas().profile,
        secret: SECRET.parse().unwrap(),
        message_authenticator: MessageAuthenticatorRule::Required,
        approval: Approval::Ask,
    };
    let ranges = vec![range.clone()];
    let city = City::build(Blueprint { ranges, ..Blueprint::default() }).await;
    city.sign_in(DEVICE).await;
    let mut changes = city.store.changes();
    let gate = Gate::open_at(&city, 9).await;
    let address: IpAddr = "127.0.0.9".parse().unwrap();
    let request = access(1).protected().sign(SECRET);
    gate.socket.send_to(&request, city.authentication).await.unwrap();
    while changes.next().await != Some(Change::Pending) {}
    let pending = city.store.find_pending(address).await.unwrap().unwrap();
    assert_eq!((pending.state, pending.range), (PendingState::Waiting, range.name.clone()));
    assert!(gate.socket.try_recv_from(&mut [0; 1]).is_err(), "nothing was answered");
    assert_eq!((city.counted("accepted"), city.counted("unknown-client")), (0, 1));

    let approved = nas_at(9, range.message_authenticator, ProxyStateRule::Limited);
    city.store.add_access_point(&approved).await.unwrap();
    let reply = gate.ask_until_answered(city.authentication, &request).await;
    assert_eq!(reply.code, ACCESS_ACCEPT);
    city.end().await;
}
