use std::collections::BTreeMap;

use domain::NasName;

use super::*;
use crate::Delivery;
use crate::admin::api::{Activity, Times};
use crate::stage::{FakeNas, Reply};

/// One access point that asks with another secret, and others of which nothing was heard.
struct Heard;

impl NasActivity for Heard {
    fn of(&self, name: &NasName) -> Option<Activity> {
        let reason = "message-authenticator-mismatch".to_owned();
        (name.as_str() == "gate").then(|| Activity {
            unanswered: BTreeMap::from([(reason, 2)]),
            former_secret: Times::default(),
            ..Activity::default()
        })
    }

    fn all(&self) -> crate::Counted {
        crate::Counted::default()
    }
}

fn verdicts(tested: &Value) -> Vec<(&str, &str)> {
    let rows = tested["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["what"].as_str().unwrap(), row["verdict"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_access_point_is_tested_by_what_was_seen_and_by_a_probe_if_that_is_wanted() {
    let (nas, _told) = FakeNas::new([Reply::Says(Delivery::Refused(503))]);
    let office = Office::open_about(|about| About {
        nas_control: Some(nas),
        activity: Some(Arc::new(Heard)),
        ..about
    })
    .await;
    let path = "/v1/access-points/gate/test";
    let (status, tested) = office.post(path, json!({})).await;
    assert_eq!(status, 200, "{tested}");
    let all = [
        ("seen", "warning"),
        ("authentication", "failed"),
        ("message-authenticator", "ok"),
        ("accounting", "unknown"),
        ("orders", "ok"),
        ("clock", "unknown"),
        ("octets", "unknown"),
    ];
    assert_eq!(verdicts(&tested), all);
    let (_, again) = office.post(path, json!({"probe": "omit"})).await;
    assert_eq!(verdicts(&again).len(), all.len() - 1);
    let (_, pole) = office.post("/v1/access-points/pole/test", json!({"probe": "omit"})).await;
    assert_eq!(verdicts(&pole)[0], ("seen", "failed"));
    assert_eq!(office.post("/v1/access-points/none/test", json!({})).await.0, 404);
    assert_eq!(office.post(path, json!({"probe": "maybe"})).await.0, 400);
}
