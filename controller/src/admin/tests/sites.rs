use super::*;

const WALKWAY: &str = "/v1/sites/walkway";

#[tokio::test]
async fn a_site_is_set_beside_an_office_and_nobody_sets_how_it_is_with_it() {
    let office = Office::open().await;
    let speed = json!({"down": 1_000_000, "up": 512_000});
    let (status, refused) = office.patch(WALKWAY, json!({"office_speed": speed})).await;
    assert_eq!(status, 422, "{refused}");
    let change = json!({"office": "hofuf/radio", "office_speed": speed});
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["office"], &changed["office_speed"]), (&json!("hofuf/radio"), &speed));
    let (status, _) = office.patch(WALKWAY, json!({"office_since": 1})).await;
    assert_eq!(status, 400);
    for (wrong, status) in
        [(json!({"office": "hofuf/radio/2"}), 400), (json!({"office_speed": {}}), 422)]
    {
        assert_eq!(office.patch(WALKWAY, wrong.clone()).await.0, status, "{wrong}");
    }
    let (_, cleared) = office.patch(WALKWAY, json!({"office": null, "office_speed": null})).await;
    assert_eq!((&cleared["office"], &cleared["office_speed"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_site_is_changed_by_what_is_named_and_keeps_the_rest() {
    let office = Office::open().await;
    let change = json!({
        "title": {"ar": "الممشى", "ur": "واک وے"}, "zone": "Asia/Dubai", "countries": ["ae"],
        "venue": "https://park.example/", "help": {"reports": "940", "unified": "920000000"},
        "trial": true, "notice": "office-backup", "hours": ["daily 06:00-24:00"],
        "languages": ["en", "ar"], "capacity": 600
    });
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["title"], json!({"ar": "الممشى", "en": "walkway", "ur": "واک وے"}));
    assert_eq!(
        changed["help"],
        json!({"unified": "920000000", "whatsapp": null, "reports": "940"})
    );
    assert_eq!((&changed["plan"], &changed["trial"]), (&json!("visitor"), &json!(true)));
    assert_eq!(changed["hours"], json!(["daily 06:00-24:00"]));
    assert_eq!((&changed["languages"], &changed["capacity"]), (&json!(["en", "ar"]), &json!(600)));
    assert_eq!(office.get(WALKWAY).await.1, changed);

    let change = json!({
        "title": {"ur": null}, "venue": null, "help": {"unified": null}, "notice": null,
        "hours": [], "languages": [], "capacity": null
    });
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["title"], json!({"ar": "الممشى", "en": "walkway"}));
    assert_eq!(changed["help"], json!({"unified": null, "whatsapp": null, "reports": "940"}));
    assert_eq!((&changed["venue"], &changed["notice"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["hours"], &changed["languages"]), (&json!([]), &json!([])));
    assert_eq!(changed["capacity"], Value::Null);
    assert_eq!((&changed["zone"], &changed["trial"]), (&json!("Asia/Dubai"), &json!(true)));
}

#[tokio::test]
async fn a_change_of_a_site_that_makes_no_sense_is_refused_and_changes_nothing() {
    let office = Office::open().await;
    let (_, before) = office.get(WALKWAY).await;
    for (change, status) in [
        (json!({"plan": "none"}), 409),
        (json!({"title": {"en": null}}), 422),
        (json!({"title": {"ar": "  "}}), 422),
        (json!({"countries": []}), 422),
        (json!({"venue": "http://park.example/"}), 400),
        (json!({"help": {"unified": "call us"}}), 400),
        (json!({"notice": "party"}), 400),
        (json!({"title": {"en": "\u{202e}klaw"}}), 422),
        (json!({"logo": "M0 0\"/><script>"}), 400),
        (json!({"colours": {"accent": "#ffcc00", "on_accent": "#ffffff"}}), 400),
        (json!({"texts": {"code-sent": {"en": "Sent."}}}), 400),
        (json!({"texts": {"landing-body": {"en": "x".repeat(151)}}}), 422),
        (json!({"texts": {"network-name": {"en": "A name that makes the message too long"}}}), 422),
        (json!({"texts": {"network-name": {"en": "Fits a page, no message"}}}), 422),
        (json!({"hours": ["sun-thu 16-01"]}), 400),
        (json!({"languages": ["ar", "en", "ar"]}), 422),
        (json!({"languages": ["Arabic"]}), 400),
        (json!({"capacity": 0}), 422),
        (json!({"limits": {"sends": 1}}), 400),
        (json!({"limits": {"sends-per-site": 0}}), 422),
        (json!({"limits": {"conversion-percent": 101}}), 422),
        (json!({"garden": ["192.0.2.7"]}), 400),
        (json!({"garden": vec!["a.example"; 17]}), 422),
        (json!({"name": "other"}), 400),
    ] {
        let (answered, body) = office.patch(WALKWAY, change.clone()).await;
        assert_eq!(answered, status, "{change} {body}");
    }
    assert_eq!(office.get(WALKWAY).await.1, before);
    assert_eq!(office.patch("/v1/sites/none", json!({})).await.0, 404);
}

#[tokio::test]
async fn a_site_looks_and_speaks_as_its_admin_wants_until_that_is_taken_back() {
    let office = Office::open().await;
    let change = json!({
        "logo": "M0 0h40v40H0z", "colours": {"accent": "#0A6B4E", "on_accent": "#ffffff"},
        "texts": {"landing-body": {"en": "Welcome.", "ar": "أهلًا."}, "bye-body": {"en": "Bye."}}
    });
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    let colours = json!({"accent": "#0a6b4e", "on_accent": "#ffffff"});
    assert_eq!(changed["look"], json!({"logo": "M0 0h40v40H0z", "colours": colours}));
    let change = json!({
        "logo": null, "texts": {"landing-body": {"ar": null}, "bye-body": {"en": null}}
    });
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["look"], json!({"logo": null, "colours": colours}));
    assert_eq!(changed["texts"], json!({"landing-body": {"en": "Welcome."}}));
}

#[tokio::test]
async fn a_site_has_limits_of_its_own_until_they_are_taken_away() {
    let office = Office::open().await;
    let change = json!({"limits": {"sends-per-site": 300, "conversion-percent": 0}});
    let (status, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["limits"], json!({"sends-per-site": 300, "conversion-percent": 0}));
    let change = json!({"limits": {"sends-per-site": null, "sends-per-hour": 12}});
    let (_, changed) = office.patch(WALKWAY, change).await;
    assert_eq!(changed["limits"], json!({"conversion-percent": 0, "sends-per-hour": 12}));
    assert_eq!(office.get(WALKWAY).await.1, changed);
}

#[tokio::test]
async fn what_visitors_think_of_a_site_is_told_in_figures() {
    let office = Office::open().await;
    let none = json!({
        "site": "walkway", "days": 30, "count": 0, "mean": null, "good_percent": null,
        "scores": [0, 0, 0, 0, 0], "reasons": []
    });
    assert_eq!(office.get("/v1/sites/walkway/ratings").await, (200, none));
    let today = domain::Zone::riyadh().day_of(office.stage.clock.now()).epoch_days();
    for (stay, day, score, reason) in [
        (1, today, 5, ""),
        (2, today, 4, "fast"),
        (3, today - 29, 2, "slow"),
        (4, today - 30, 1, "old"),
    ] {
        let rating = domain::Rating {
            site: "walkway".parse().unwrap(),
            nas: "gate".parse().unwrap(),
            day: domain::Day::from_epoch_days(day),
            score: domain::Score::new(score).unwrap(),
            reason: reason.to_owned(),
        };
        let stay = domain::SessionId::from_bytes([stay; 16]);
        assert!(office.stage.store.add_rating(&rating, stay).await.unwrap());
    }
    let (_, told) = office.get("/v1/sites/walkway/ratings").await;
    assert_eq!((&told["count"], &told["mean"]), (&json!(3), &json!(3.66)), "{told}");
    assert_eq!((&told["good_percent"], &told["scores"]), (&json!(66), &json!([0, 1, 0, 1, 1])));
    let reasons: Vec<_> =
        told["reasons"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["fast", "slow"]);
    assert_eq!(office.get("/v1/sites/walkway/ratings?days=1").await.1["count"], 2);
    assert_eq!(office.get("/v1/sites/walkway/ratings?days=0").await.0, 422);
    assert_eq!(office.get("/v1/sites/nowhere/ratings").await.0, 404);
}
