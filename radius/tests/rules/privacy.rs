//! R29: who a visitor is towards others (RFC 4372).

use crate::city::{Blueprint, City, DEVICE, SECRET, nas};
use crate::gate::{Gate, SPELLED, access};
use crate::wire::{CHARGEABLE_USER_IDENTITY, Draft, OPERATOR_NAME, Reply};

fn identity(reply: &Reply) -> Vec<u8> {
    let [identity] = reply.all(CHARGEABLE_USER_IDENTITY).try_into().expect("one identity");
    identity.to_vec()
}

fn asking(number: u8) -> Draft {
    access(number).with(CHARGEABLE_USER_IDENTITY, [0])
}

async fn ask(gate: &Gate<'_>, draft: Draft) -> Reply {
    gate.authenticate(&draft.protected().sign(SECRET)).await
}

#[tokio::test]
async fn r29_a_visitor_has_one_name_in_each_network_and_none_unless_asked() {
    let city = City::begin(nas()).await;
    let account = city.sign_in(DEVICE).await.account.to_string();
    let gate = Gate::open(&city).await;
    assert!(ask(&gate, access(1)).await.all(CHARGEABLE_USER_IDENTITY).is_empty());
    let name = identity(&ask(&gate, asking(2)).await);
    assert_eq!(identity(&ask(&gate, asking(3)).await), name);
    let elsewhere = ask(&gate, asking(4).with(OPERATOR_NAME, "1other.example")).await;
    assert_ne!(identity(&elsewhere), name);
    let text = String::from_utf8(name).unwrap();
    for telling in [account.as_str(), "501234567", SPELLED] {
        assert!(!text.contains(telling), "{text}");
    }
    city.end().await;
}

#[tokio::test]
async fn r29_another_city_gives_another_name() {
    let mut names = Vec::new();
    for cui_key in [[3; 32], [3; 32], [4; 32]] {
        let city = City::build(Blueprint { cui_key, ..Blueprint::default() }).await;
        city.sign_in(DEVICE).await;
        let gate = Gate::open(&city).await;
        names.push(identity(&ask(&gate, asking(1)).await));
        city.end().await;
    }
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
}
