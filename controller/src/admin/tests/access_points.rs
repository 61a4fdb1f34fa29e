use std::time::Duration;

use domain::Nas;

use super::*;

const GATE: &str = "/v1/access-points/gate";

#[tokio::test]
async fn an_access_point_is_changed_in_place_and_the_rest_stays() {
    let office = Office::open().await;
    let (_, before) = office.get(GATE).await;
    let change = json!({
        "addresses": "192.0.2.9/24", "identifier": "pole 7", "profile": "mikrotik",
        "message_authenticator": "learn", "proxy_state": "unlimited",
        "status_server": "ignored",
        "octet_direction": "swapped", "dae_address": null,
        "hand_off": {"method": "uam", "secret": "uam-secret", "hosts": ["192.0.2.1:3990"]}
    });
    let (status, changed) = office.patch(GATE, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["addresses"], "192.0.2.0/24");
    assert_eq!(changed["identifier"], "pole 7");
    assert_eq!(changed["dae_address"], Value::Null);
    assert_eq!(
        (&before["status_server"], &changed["status_server"]),
        (&json!("answered"), &json!("ignored"))
    );
    assert_eq!(changed["portal_path"], before["portal_path"]);
    // A secret that is left out stays with its way.
    let hosts = json!({"hand_off": {"method": "uam", "hosts": ["192.0.2.2"]}, "identifier": null});
    assert_eq!(office.patch(GATE, hosts).await.0, 200);
    let kept = office.gate().await;
    assert_eq!(kept.hand_off.method, domain::HandOffMethod::Uam);
    assert_eq!(kept.hand_off.secret.unwrap().expose(), "uam-secret");
    assert_eq!(kept.hand_off.hosts, ["192.0.2.2".parse().unwrap()]);
    assert_eq!(kept.identifier, None);
    assert_eq!(kept.secret.expose(), "a secret of an access point");
}

#[tokio::test]
async fn the_key_of_a_controllers_api_goes_in_and_never_comes_out() {
    let office = Office::open().await;
    let api = |more: Value| {
        let mut api = json!({"url": "https://10.9.0.1:8443", "site": "default"});
        api.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"profile": "unifi-api", "hand_off": {"method": "unifi-api", "api": api}})
    };
    for (wanted, status) in [
        (api(json!({})), 422),
        (api(json!({"key": "open sesame", "certificate": "unifi.park.example"})), 422),
        (api(json!({"key": "open sesame", "url": "http://10.9.0.1"})), 400),
        (json!({"profile": "unifi-api"}), 422),
    ] {
        let (answered, body) = office.patch(GATE, wanted).await;
        assert_eq!(answered, status, "{body}");
    }
    let (answered, body) = office.patch(GATE, api(json!({"key": "open sesame"}))).await;
    assert_eq!(answered, 200, "{body}");
    assert!(!body.to_string().contains("sesame"), "{body}");
    let told = office.gate().await;
    assert_eq!(told.portal_path.expose(), "unifidefault", "what the controller redirects to");
    // A key that is left out stays.
    assert_eq!(office.patch(GATE, api(json!({"user": "sabeel"}))).await.0, 200);
    let kept = office.gate().await.hand_off.api.unwrap();
    assert_eq!((kept.key.expose(), kept.user.unwrap().as_str()), ("open sesame", "sabeel"));
    let back = json!({"profile": "generic", "hand_off": {"method": "mac-authentication"}});
    assert_eq!(office.patch(GATE, back).await.0, 200);
    let back = office.gate().await;
    assert_eq!((back.hand_off.api, back.portal_path.expose().len()), (None, 20));
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let office = Office::open().await;
    let before = office.gate().await;
    for (change, status) in [
        (json!({"site": "nowhere"}), 409),
        (json!({"hand_off": {"method": "uam", "hosts": []}, "profile": "coova"}), 422),
        (json!({"secret": "not by this way"}), 400),
        (json!({"name": "other"}), 400),
    ] {
        let (answered, body) = office.patch(GATE, change).await;
        assert_eq!(answered, status, "{body}");
    }
    assert_eq!(office.gate().await, before);
    assert_eq!(office.patch("/v1/access-points/none", json!({})).await.0, 404);
}

#[tokio::test]
async fn a_secret_is_replaced_and_the_old_one_ends_when_the_new_one_was_seen() {
    let office = Office::open().await;
    let rotate = format!("{GATE}/rotate");
    let (status, rotated) = office.post(&rotate, json!({"grace_seconds": 60})).await;
    assert_eq!(status, 200, "{rotated}");
    let secret = rotated["secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 32);
    let (_, shown) = office.get(GATE).await;
    assert!(!shown.to_string().contains(&secret));
    assert_eq!(shown["former_secret"]["replaced_at"], Value::Null);
    let (_, clock) = office.stage.shared();
    let now = clock.now();
    let kept = office.gate().await;
    assert_eq!(kept.secret_in_use(now).expose(), "a secret of an access point");
    assert_eq!(kept.secret_in_use(now + Duration::from_secs(60)).expose(), secret);

    assert_eq!(office.post(&rotate, json!({})).await.0, 409);
    let finish = format!("{GATE}/finish-rotation");
    let (status, refused) = office.post(&finish, json!({})).await;
    assert_eq!(status, 409, "{refused}");
    assert!(office.gate().await.former_secret.is_some());
    let mut seen = |nas: &mut Nas| nas.uses_new_secret(now);
    office.stage.store.change_access_point(&kept.name, &mut seen).await.unwrap();
    assert_eq!(office.post(&finish, json!({})).await.0, 200);
    let kept = office.gate().await;
    assert_eq!((kept.secret.expose(), kept.former_secret), (secret.as_str(), None));
}

#[tokio::test]
async fn a_controller_that_radius_redirects_needs_an_address_for_coa_and_shows_no_secret() {
    let office = Office::open().await;
    let request = |name: &str, last: u8, dae: Value| {
        json!({
            "name": name, "site": "walkway", "addresses": format!("192.0.2.{last}/32"),
            "profile": "cisco", "dae_address": dae, "hand_off": {"method": "cisco-cwa"}
        })
    };
    for (name, last, dae, expected) in
        [("hall", 7, Value::Null, true), ("mall", 8, json!("192.0.2.8:1700"), false)]
    {
        let (status, added) = office.post("/v1/access-points", request(name, last, dae)).await;
        assert_eq!(status, 201, "{added}");
        let hand_off = json!({
            "method": "cisco-cwa", "hosts": [], "has_secret": true, "sends": "seen",
            "redirect_acl": "SABEEL_REDIRECT"
        });
        assert_eq!(added["access_point"]["hand_off"], hand_off);
        assert_eq!(added.get("hand_off_secret"), None);
        let notes = added["notes"].to_string();
        assert_eq!(notes.contains("nobody who signs in gets online"), expected, "{notes}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_is_refused_and_one_that_should_not_be_is_remarked() {
    let office = Office::open().await;
    let rotate = format!("{GATE}/rotate");
    for (request, status) in [
        (json!({"secret": ""}), 400),
        (json!({"secret": "x".repeat(254)}), 422),
        (json!({"grace_seconds": 90 * 86_400 + 1}), 422),
    ] {
        let (answered, body) = office.post(&rotate, request).await;
        assert_eq!(answered, status, "{body}");
    }
    // The stage gives both of its access points the same secret.
    let request = json!({"secret": "a secret of an access point"});
    let (status, rotated) = office.post(&rotate, request).await;
    assert_eq!(status, 200, "{rotated}");
    assert!(rotated["notes"].to_string().contains("access point pole has the same secret"));
    let request = json!({
        "name": "long", "site": "walkway", "addresses": "192.0.2.7/32", "profile": "generic",
        "secret": "x".repeat(253)
    });
    let (status, added) = office.post("/v1/access-points", request).await;
    assert_eq!(status, 201, "{added}");
}

impl Office {
    async fn gate(&self) -> Nas {
        let found = self.stage.store.find_access_point(&"gate".parse().unwrap()).await;
        found.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_network_in_which_strangers_are_is_refused_for_access_points_and_for_ranges() {
    let office = Office::open().await;
    for (addresses, refused) in [
        ("0.0.0.0/0", true),
        ("128.0.0.0/1", true),
        ("10.0.0.0/8", false),
        ("::/0", true),
        ("2001:db8::/15", true),
        ("2001:db8::/32", false),
    ] {
        let what = json!({
            "name": "new", "site": "walkway", "addresses": addresses, "profile": "generic",
            "approval": "ask"
        });
        let mut access_point = what.clone();
        access_point.as_object_mut().unwrap().remove("approval");
        for (path, what) in [("/v1/access-points", access_point), ("/v1/ranges", what)] {
            let (status, said) = office.post(path, what).await;
            assert_eq!(status, if refused { 422 } else { 201 }, "{addresses}: {said}");
            office.call(Method::DELETE, &format!("{path}/new"), "").await;
        }
        let change = json!({"addresses": addresses});
        let (status, said) = office.patch(GATE, change).await;
        assert_eq!(status, if refused { 422 } else { 200 }, "{addresses}: {said}");
    }
}
