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
