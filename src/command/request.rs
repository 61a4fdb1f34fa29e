//! `sabeel request`.

use controller::admin::api::{List, RequestView};

use crate::admin_client::AdminClient;
use crate::cli::RequestCommand;
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: RequestCommand,
) -> anyhow::Result<()> {
    match command {
        RequestCommand::List { all } => {
            let requests: List<RequestView> = admin.get(&format!("/v1/requests?all={all}")).await?;
            let headings = ["reference", "person", "site", "asked", "due", "state"];
            output::list(format, &requests.items, headings, |request| {
                [
                    request.reference.to_string(),
                    request.person.clone().unwrap_or_else(|| "-".to_owned()),
                    request.site.to_string(),
                    request.asked_at.to_string(),
                    request.due_at.to_string(),
                    state(request),
                ]
            })
        }
        RequestCommand::Done { reference } => {
            let path = format!("/v1/requests/{reference}/done");
            let done: RequestView = admin.post(&path, &serde_json::json!({})).await?;
            output::done(format, &done, "everything about the person is destroyed")
        }
    }
}

fn state(request: &RequestView) -> String {
    match (request.done_at, request.held, request.overdue) {
        (Some(at), ..) => format!("done {at}"),
        (None, true, true) => "held by law, overdue".to_owned(),
        (None, true, false) => "held by law".to_owned(),
        (None, false, true) => "overdue".to_owned(),
        (None, false, false) => "open".to_owned(),
    }
}
