//! `sabeel sms`.

use controller::admin::api::{List, RouteView};

use crate::admin_client::AdminClient;
use crate::cli::SmsCommand;
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    SmsCommand::Routes: SmsCommand,
) -> anyhow::Result<()> {
    let routes: List<RouteView> = admin.get("/v1/messages/routes").await?;
    let headings = [
        "route",
        "state",
        "waiting",
        "taken",
        "not taken",
        "delivered",
        "undelivered",
        "unknown receipts",
        "bad receipts",
    ];
    let count =
        |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    output::list(format, &routes.items, headings, |route| {
        [
            route.name.to_string(),
            state(route).to_owned(),
            route.waiting.to_string(),
            route.taken.to_string(),
            route.not_taken.to_string(),
            route.delivered.to_string(),
            route.undelivered.to_string(),
            count(route.unknown_receipts),
            count(route.bad_receipts),
        ]
    })
}

/// Whether a route takes messages, as far as this server knows.
const fn state(route: &RouteView) -> &'static str {
    match route.resting {
        Some(false) => "well",
        Some(true) => "RESTS",
        None => "-",
    }
}
