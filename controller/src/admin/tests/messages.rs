//! How routes do.

use domain::RouteName;

use super::*;
use crate::message_routes::{MessageRoutes, RouteNow};

struct TwoRoutes;

impl MessageRoutes for TwoRoutes {
    fn list(&self) -> Vec<RouteNow> {
        let route = |name: &str, resting| RouteNow {
            name: name.parse().unwrap(),
            resting,
            unknown_receipts: 2,
            bad_receipts: 0,
        };
        vec![route("unifonic", true), route("kannel", false)]
    }
}

/// Has a message be written down, and taken by a route.
async fn take(office: &Office, report: &str, route: &str) {
    let body = json!({ "report": report, "phone": "+966512345678" });
    let (status, said) = office.post("/v1/codes", body).await;
    assert_eq!(status, 202, "{said}");
    let (store, clock) = office.stage.shared();
    let message = store.claim_messages(clock.now(), clock.now(), 1).await.unwrap().remove(0);
    let taken = domain::MessageState::Accepted { reference: None };
    let route: RouteName = route.parse().unwrap();
    store.finish_message(message.id, &route, &taken, clock.now()).await.unwrap();
}

#[tokio::test]
async fn routes_are_listed_in_their_order_with_what_they_did() {
    let office =
        Office::open_about(|about| About { routes: Some(Arc::new(TwoRoutes)), ..about }).await;
    take(&office, "44012345", "kannel").await;
    take(&office, "44012346", "former").await;
    let (status, routes) = office.get("/v1/messages/routes").await;
    assert_eq!(status, 200);
    assert_eq!(names(&routes), ["unifonic", "kannel", "former"]);
    let told = |index: usize, key: &str| routes["items"][index][key].clone();
    assert_eq!([told(0, "resting"), told(0, "taken")], [json!(true), json!(0)]);
    assert_eq!([told(1, "resting"), told(1, "taken")], [json!(false), json!(1)]);
    assert_eq!(told(1, "unknown_receipts"), json!(2));
    assert_eq!([told(2, "resting"), told(2, "taken")], [Value::Null, json!(1)]);
}
