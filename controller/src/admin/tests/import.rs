use std::time::Duration;

use super::*;

fn gate(name: &str, addresses: &str, secret: &str) -> Value {
    json!({"access-point": {
        "name": name, "site": "walkway", "addresses": addresses, "profile": "generic",
        "secret": secret
    }})
}

fn fates(answer: &Value) -> Vec<&str> {
    let verdicts = answer["verdicts"].as_array().unwrap_or_else(|| panic!("{answer}"));
    verdicts.iter().map(|verdict| verdict["fate"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn access_points_are_taken_over_once_and_never_overwritten() {
    let office = Office::open().await;
    let park = |secret| {
        json!({"range": {
            "name": "park", "site": "walkway", "addresses": "10.9.0.0/16", "profile": "coova",
            "secret": secret, "approval": "auto", "message_authenticator": "required"
        }})
    };
    let nowhere = json!({"range": {
        "name": "far", "site": "nowhere", "addresses": "10.8.0.0/16", "profile": "coova",
        "secret": "s", "approval": "ask"
    }});
    let items = json!([
        gate("a", "10.1.0.1/32", "a secret of sixteen"),
        gate("b", "10.1.0.1/32", "a secret of sixteen"),
        gate("c", "10.1.0.1/32", "another secret"),
        gate("a", "10.1.0.2/32", "a secret of sixteen"),
        park("a secret of the park"),
        park("another secret"),
        nowhere,
    ]);
    let said = ["taken", "there-already", "conflict", "conflict", "taken", "conflict", "refused"];
    let again = ["there-already", "there-already"];
    let again: Vec<_> = again.iter().chain(&said[2..4]).chain(["there-already"].iter()).collect();
    for (intent, fate) in
        [("rehearse", true), ("rehearse", true), ("apply", true), ("apply", false)]
    {
        let request = json!({"intent": intent, "items": items});
        let (status, answer) = office.post("/v1/import/access-points", request).await;
        assert_eq!(status, 200, "{answer}");
        let fates = fates(&answer);
        if fate {
            assert_eq!(fates, said, "{intent}");
        } else {
            assert_eq!(fates.iter().take(5).collect::<Vec<_>>(), again);
        }
        assert!(!answer.to_string().contains("secret of"), "{answer}");
    }
    assert_eq!(names(&office.get("/v1/access-points").await.1), ["a", "gate", "pole"]);
    let ranges = office.get("/v1/ranges").await.1;
    assert_eq!(names(&ranges), ["park"]);
    assert_eq!(ranges["items"][0]["message_authenticator"], "required");
}

#[tokio::test]
async fn too_much_at_a_time_is_refused() {
    let office = Office::open().await;
    let items: Vec<_> = (0..501).map(|n| gate(&format!("a{n}"), "10.1.0.1/32", "s")).collect();
    let request = json!({"intent": "rehearse", "items": items});
    let (status, answer) = office.post("/v1/import/access-points", request).await;
    assert_eq!((status, &answer["error"]), (422, &json!("invalid")), "{answer}");
}

#[tokio::test]
async fn a_person_comes_with_a_device_and_a_plan_that_is_there() {
    let office = Office::open().await;
    let now = office.stage.shared().1.now();
    let until = (now + Duration::from_secs(3_600)).as_millis();
    let grant = |plan: &str, until: i64| json!({"site": "walkway", "plan": plan, "until": until});
    let device = "02:00:5e:10:00:77";
    let phone = "+966559876543";
    let people = json!([
        {"phone": phone},
        {"phone": phone, "device": device, "grant": grant("visitor", until)},
        {"phone": phone, "device": device, "grant": grant("gold", until)},
        {"phone": phone, "device": device, "grant": grant("visitor", now.as_millis())},
        {"phone": phone, "grant": grant("visitor", until)},
        {"phone": "+966551111111", "device": device},
    ]);
    let (_, answer) =
        office.post("/v1/import/people", json!({"intent": "apply", "people": people})).await;
    let fates = fates(&answer);
    assert_eq!(fates, ["taken", "taken", "refused", "refused", "refused", "conflict"], "{answer}");
    let (_, account) = office.post("/v1/accounts/show", json!({"phone": phone})).await;
    assert_eq!(account["devices"][0]["mac"], device);
    assert_eq!(account["grants"][0]["until"], until);
    assert_eq!(account["consents"], json!([]));
}

#[tokio::test]
async fn stays_are_found_by_the_address_of_their_access_point() {
    let office = Office::open().await;
    let park = json!({
        "name": "park", "site": "walkway", "addresses": "10.9.0.0/16", "profile": "coova",
        "approval": "ask"
    });
    assert_eq!(office.post("/v1/ranges", park).await.0, 201);
    let (_, gate) = office.get("/v1/access-points/gate").await;
    let address = gate["addresses"].as_str().unwrap().split('/').next().unwrap().to_owned();
    let now = office.stage.shared().1.now();
    let stay = |id: &str, nas: &str, name: Option<&str>, at: i64| {
        json!({
            "unique_id": id, "acct_session_id": "5C1", "nas_address": nas, "nas_name": name,
            "device": "02:00:5e:10:00:77", "last_report_at": at, "terminate_cause": 1,
            "seconds": 60, "input": 10, "output": 100
        })
    };
    let past = now.as_millis() - 1_000;
    let stays = json!([
        stay("1", &address, None, past),
        stay("2", "10.9.0.7", None, past),
        stay("3", "192.0.2.77", Some("gate"), past),
        stay("4", "192.0.2.77", None, past),
        stay("5", &address, None, past + 86_400_000),
    ]);
    let (_, answer) =
        office.post("/v1/import/stays", json!({"intent": "apply", "stays": stays})).await;
    assert_eq!(fates(&answer), ["taken", "taken", "taken", "refused", "refused"], "{answer}");
    let (_, sessions) = office.get("/v1/sessions?all=true").await;
    let mut nas: Vec<_> =
        sessions["items"].as_array().unwrap().iter().map(|s| s["nas"].as_str().unwrap()).collect();
    nas.sort_unstable();
    assert_eq!(nas, ["gate", "gate", "park-10.9.0.7"]);
    assert_eq!(sessions["items"][0]["downloaded"], 100);
}
