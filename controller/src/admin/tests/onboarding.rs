use domain::Nas;

use super::*;

const PASTED: &str = "/v1/access-points/gate/onboarding";

#[tokio::test]
async fn what_is_pasted_has_no_secret_but_the_one_that_the_request_brings() {
    let office = Office::open().await;
    let mut change = |nas: &mut Nas| nas.profile = NasProfile::Cisco;
    let gate = "gate".parse().unwrap();
    office.stage.store.change_access_point(&gate, &mut change).await.unwrap();
    let (status, answer) = office.post(PASTED, json!({"server": "192.0.2.10"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["profile"], &answer["server"]), (&json!("cisco"), &json!("192.0.2.10")));
    let text = answer["configuration"].as_str().unwrap();
    assert!(text.contains("key 0 THE-SECRET\n"), "{text}");
    assert!(
        text.contains("redirect for-login http://portal.example:8080/n/path-to-gate/\n"),
        "{text}"
    );
    let notes = answer["notes"].to_string();
    assert!(notes.contains("sabeel nas rotate gate"), "{notes}");

    let (status, answer) = office.post(PASTED, json!({"secret": "another secret"})).await;
    assert_eq!((status, &answer["error"]), (422, &json!("invalid")));
    // It is the access point's own, but no Cisco could be told: it has spaces.
    let secret = json!({"secret": "a secret of an access point"});
    let (status, answer) = office.post(PASTED, secret).await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer["reason"].as_str().unwrap().starts_with("secret has characters"), "{answer}");
    assert!(!answer.to_string().contains("a secret of"), "{answer}");
    for (path, body, status) in [
        ("/v1/access-points/none/onboarding", json!({}), 404),
        (PASTED, json!({"server": "not an address"}), 400),
        (PASTED, json!({"colour": "blue"}), 400),
    ] {
        assert_eq!(office.post(path, body).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn the_address_is_the_one_that_leads_to_the_access_point_if_none_is_known() {
    let office = Office::open().await;
    let here = json!({"addresses": "127.0.0.1/32"});
    assert_eq!(office.patch("/v1/access-points/gate", here).await.0, 200);
    let (_, answer) = office.post(PASTED, json!({})).await;
    assert_eq!(answer["server"], "127.0.0.1", "{answer}");
}
