//! How the routes do by which messages go.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use store::RouteTold;

use super::AdminApi;
use super::api::{List, RouteView};
use super::refusal::Refusal;
use crate::message_routes::RouteNow;

/// What was written down in that time is counted.
const HOUR: Duration = Duration::from_secs(3_600);

/// `GET /v1/messages/routes`: those of this process first, then what else messages went by.
pub(super) async fn routes(State(api): State<AdminApi>) -> Result<Json<List<RouteView>>, Refusal> {
    let mut told = api.store.list_routes_told(api.clock.now() - HOUR).await?;
    let now = api.about.routes.as_ref().map(|routes| routes.list()).unwrap_or_default();
    let mut items = Vec::new();
    for route in now {
        let index = told.iter().position(|told| told.route == route.name);
        let told = index.map(|index| told.remove(index)).unwrap_or_else(|| nothing(&route));
        items.push(view(told, Some(&route)));
    }
    items.extend(told.into_iter().map(|told| view(told, None)));
    Ok(Json(List { items }))
}

/// A route that had no message.
fn nothing(route: &RouteNow) -> RouteTold {
    RouteTold {
        route: route.name.clone(),
        waiting: 0,
        taken: 0,
        not_taken: 0,
        delivered: 0,
        undelivered: 0,
    }
}

fn view(told: RouteTold, now: Option<&RouteNow>) -> RouteView {
    RouteView {
        name: told.route,
        resting: now.map(|now| now.resting),
        waiting: told.waiting,
        taken: told.taken,
        not_taken: told.not_taken,
        delivered: told.delivered,
        undelivered: told.undelivered,
        unknown_receipts: now.map(|now| now.unknown_receipts),
        bad_receipts: now.map(|now| now.bad_receipts),
    }
}
