//! Work on links: planned, listed, cancelled, and written down.

use std::time::Duration;

use link::cause::{End, Line};
use link::report::Name;

use super::*;
use crate::link_centre::LinkCentreSettings;

const PATH: &str = "/v1/link-maintenance";

/// A centre that knows the fibre of Hofuf by its settings, and its radio as its agent told.
pub(super) async fn centre() -> Office {
    let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
    let fibre = Line {
        name: "hofuf-fibre".to_owned(),
        ends: [end("hofuf", "fibre"), end("amana", "hofuf")],
        hub: None,
        sector: None,
        provider: None,
    };
    let links = LinkCentreSettings { lines: vec![fibre], ..LinkCentreSettings::deaf() };
    let links = Some(Arc::new(links));
    let office = Office::open_about(|about| About { links, ..about }).await;
    let hofuf: Name = "hofuf".parse().unwrap();
    let state = r#"{"paths":[{"name":"fibre","health":"up","round-trip-us":3240},
        {"name":"radio","health":"degraded"}]}"#;
    let now = office.stage.clock.now();
    office.stage.store.note_link_state(&hofuf, state, now).await.unwrap();
    office
}

fn work(path: Option<&str>, from: u64, more: Value) -> Value {
    let begin = crate::stage::NOON + Duration::from_secs(from);
    let mut work = json!({
        "site": "hofuf", "path": path, "from": begin, "until": begin + Duration::from_secs(3_600),
        "why": "splice"
    });
    work.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    work
}

#[tokio::test]
async fn work_is_planned_on_what_is_there_and_cancelled_and_written_down() {
    let office = centre().await;
    let (status, planned) = office.post(PATH, work(Some("fibre"), 60, json!({}))).await;
    assert_eq!((status, &planned["number"]), (201, &json!(1)), "{planned}");
    assert_eq!(planned["window"]["subjects"], json!([{"line": "hofuf-fibre"}]));
    assert_eq!((&planned["is_now"], &planned["window"]["name"]), (&json!(false), &json!("splice")));
    let weekly = json!({"every": "week"});
    let (_, planned) = office.post(PATH, work(Some("radio"), 0, weekly)).await;
    assert_eq!(planned["window"]["subjects"], json!([{"line": "hofuf/radio"}]));
    assert_eq!((&planned["number"], &planned["is_now"]), (&json!(2), &json!(true)));
    let (_, planned) = office.post(PATH, work(None, 7_200, json!({}))).await;
    assert_eq!(planned["window"]["subjects"], json!([{"site": "hofuf"}]));
    let list = office.get(PATH).await.1;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    // Of what comes again one day is left out; what is on ends.
    let cancel = async |number: u64, body: Value| {
        office.post(&format!("{PATH}/{number}/cancel"), body).await
    };
    let (status, changed) = cancel(2, json!({"day": "2026-11-25"})).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["window"]["skipped"], json!(["2026-11-25"]));
    for (number, body, status) in [
        (1, json!({"day": "2026-11-25"}), 422),
        (2, json!({"day": "25 November"}), 422),
        (2, json!({}), 200),
        (2, json!({}), 404),
        (9, json!({}), 404),
    ] {
        assert_eq!(cancel(number, body.clone()).await.0, status, "{number} {body}");
    }
    assert_eq!(office.get(PATH).await.1["items"].as_array().unwrap().len(), 2);
    let all = office.get(&format!("{PATH}?all=true")).await.1;
    assert_eq!(all["items"][1]["next"], Value::Null);
    let links = office.stage.store.list_audit_links(0, 100).await.unwrap();
    let acts: Vec<_> = links.iter().map(|link| link.act.as_str()).collect();
    let [planned, changed] = ["link-maintenance-planned", "link-maintenance-changed"];
    assert_eq!(acts, [planned, planned, planned, changed, changed]);
}

#[tokio::test]
async fn work_that_cannot_be_is_refused_with_its_reason() {
    let office = centre().await;
    for (asked, status, reason) in [
        (json!({"site": "jafr"}), 404, "office `jafr`"),
        (json!({"path": "copper"}), 404, "[\"fibre\", \"radio\"]"),
        (json!({"until": 0}), 422, "ends before it begins"),
        (json!({"why": "  "}), 422, "1 to 200"),
        (json!({"every": "day", "last": 0}), 422, "its first time"),
    ] {
        let (said, refused) = office.post(PATH, work(Some("fibre"), 60, asked.clone())).await;
        assert_eq!(said, status, "{asked}: {refused}");
        let said = refused["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{asked}: {said}");
    }
    assert_eq!(office.stage.store.list_audit_links(0, 100).await.unwrap(), []);
    let deaf = Office::open().await;
    let (status, refused) = deaf.get(PATH).await;
    assert_eq!(status, 409);
    assert!(refused["reason"].as_str().unwrap().contains("[controller.links]"));
}
