//! What a month of the links was, and how they are now.

use super::link_maintenance::centre;
use super::*;

#[tokio::test]
async fn the_map_has_every_line_as_its_agents_last_told_and_work_on_it() {
    let office = centre().await;
    let lines = async || {
        let (status, map) = office.get("/v1/link-map?language=en").await;
        assert_eq!(status, 200, "{map}");
        let svg = map["svg"].as_str().unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("lang='en'"), "{svg}");
        let lines = map["lines"].as_array().unwrap().clone();
        let told = lines.into_iter().map(|line| {
            (line["name"].as_str().unwrap().to_owned(), line["state"].as_str().unwrap().to_owned())
        });
        told.collect::<Vec<_>>()
    };
    let line = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    assert_eq!(lines().await, [line("hofuf-fibre", "up"), line("hofuf/radio", "degraded")]);
    let work = json!({
        "site": "hofuf", "path": "radio", "from": crate::stage::NOON,
        "until": crate::stage::NOON + std::time::Duration::from_secs(60), "why": "a new mast"
    });
    assert_eq!(office.post("/v1/link-maintenance", work).await.0, 201);
    assert_eq!(lines().await, [line("hofuf-fibre", "up"), line("hofuf/radio", "maintenance")]);
    // Of an agent that fell silent nothing is known.
    office.stage.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(lines().await, [line("hofuf-fibre", "unknown"), line("hofuf/radio", "unknown")]);
}

#[tokio::test]
async fn the_history_of_paths_has_what_bulk_runs_showed_and_why_they_were_given_up() {
    let office = centre().await;
    let noon = crate::stage::NOON.as_millis();
    let said = [
        (-90_000_000, r#""path":"radio","to":"over","carried-kbit":[1,2]"#),
        (-7_000, r#""path":"radio","to":"begins""#),
        (
            -1_000,
            r#""path":"radio","to":"over","why":"8.0 Mbit/s there","carried-kbit":[8000,7960]"#,
        ),
        (-900, r#""path":"fibre","to":"off","why":"the office goes by the path""#),
        (1_000, r#""path":"radio","to":"over","carried-kbit":[3,4]"#),
    ];
    let event = |(number, (at, rest)): (u64, (i64, &str))| store::LinkEvent {
        at: Timestamp::from_millis(noon + at),
        line: format!(
            r#"{{"number":{number},"at":{},"site":"hofuf","what":"bulk",{rest}}}"#,
            noon + at
        ),
    };
    let mut events: Vec<_> = (1..).zip(said).map(event).collect();
    // Of something else, and of a later version.
    for line in
        [r#"{"number":6,"at":0,"site":"hofuf","what":"later","path":"bulk"}"#, r#"["bulk"]"#]
    {
        let at = Timestamp::from_millis(noon - 5);
        events.push(store::LinkEvent { at, line: line.to_owned() });
    }
    let batch = store::LinkBatch {
        site: "hofuf".parse().unwrap(),
        epoch: link::report::Epoch::new(1),
        first: 1,
        is_rest_gone: false,
        at: crate::stage::NOON,
    };
    office.stage.store.take_link_events(&batch, &events).await.unwrap();
    let run = |at: i64, path: &str, kbit: Value, why: &str| {
        let at = Timestamp::from_millis(noon + at);
        json!({"at": at, "path": path, "carried_kbit": kbit, "why": why})
    };
    let radio = run(-1_000, "radio", json!([8000, 7960]), "8.0 Mbit/s there");
    let fibre = run(-900, "fibre", Value::Null, "the office goes by the path");
    for (query, expected) in
        [("", json!([radio, fibre])), ("?path=radio", json!([radio])), ("?path=lte", json!([]))]
    {
        let (status, told) = office.get(&format!("/v1/links/hofuf/history{query}")).await;
        assert_eq!((status, &told["items"]), (200, &json!([])), "{told}");
        assert_eq!(told["bulk_runs"], expected, "{query}");
    }
}

#[tokio::test]
async fn a_report_is_of_a_month_that_has_begun_and_in_a_language() {
    let office = centre().await;
    let (status, report) = office.get("/v1/link-report?month=2026-11&language=en").await;
    assert_eq!((status, &report["month"]), (200, &json!("2026-11")), "{report}");
    assert_eq!(report["offices"][1]["name"], "hofuf", "beside amana, which is no hub");
    assert_eq!(report["lines"].as_array().unwrap().len(), 2);
    assert!(report["html"].as_str().unwrap().contains("<html lang='en' dir='ltr'>"));
    let (_, last) = office.get("/v1/link-report").await;
    assert_eq!(last["month"], "2026-10");
    assert!(last["html"].as_str().unwrap().contains("<html lang='ar' dir='rtl'>"));
    for month in ["2026-12", "november", "2026-00"] {
        let (status, refused) = office.get(&format!("/v1/link-report?month={month}")).await;
        assert_eq!((status, &refused["error"]), (422, &json!("invalid")), "{month}");
    }
    let deaf = Office::open().await;
    for path in ["/v1/link-report", "/v1/link-map"] {
        assert_eq!(deaf.get(path).await.0, 409, "{path}");
    }
}
