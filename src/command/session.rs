//! `sabeel session`.

use std::fmt::Write;

use controller::admin::api::{
    Changing, Disconnect, Disconnecting, GrantFate, List, OrderFate, SessionDetails,
    SessionStateView, SessionView,
};
use domain::{Clock, NasName, SessionEnd};

use super::wording::{ago, or_dash, seconds};
use super::{order, radacct};
use crate::admin_client::AdminClient;
use crate::cli::SessionCommand;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: SessionCommand,
) -> anyhow::Result<()> {
    match command {
        SessionCommand::List { all, nas, limit } => {
            let sessions: List<SessionView> = admin.get(&path(all, nas.as_ref(), limit)).await?;
            // The id is long: last, a narrow terminal breaks the line before it.
            let headings =
                ["nas", "device", "address", "time", "up", "down", "state", "last report", "id"];
            let now = SystemClock.now();
            output::list(format, &sessions.items, headings, |session| {
                [
                    session.nas.to_string(),
                    session.device.to_string(),
                    or_dash(session.address),
                    seconds(session.seconds),
                    session.uploaded.to_string(),
                    session.downloaded.to_string(),
                    state(session.state),
                    ago(session.updated_at, now),
                    session.id.to_string(),
                ]
            })
        }
        SessionCommand::Show { id } => {
            show(format, &admin.get(&format!("/v1/sessions/{id}")).await?)
        }
        SessionCommand::Change { id } => {
            let path = format!("/v1/sessions/{id}/change");
            let outcome: Changing = admin.post(&path, &serde_json::json!({})).await?;
            let sentence = match outcome.order {
                OrderFate::Written => "the access point is being told the present limits",
                OrderFate::WaitsAlready => "the access point is being told already",
            };
            output::done(format, &outcome, sentence)
        }
        SessionCommand::Export(wanted) => radacct::export(admin, &wanted).await,
        SessionCommand::Disconnect { id, revoke } => {
            let grant = if revoke { GrantFate::Revoke } else { GrantFate::Keep };
            let path = format!("/v1/sessions/{id}/disconnect");
            let outcome: Disconnecting = admin.post(&path, &Disconnect { grant }).await?;
            let sentence = match outcome.order {
                OrderFate::Written => "the access point is being told to disconnect it",
                OrderFate::WaitsAlready => "the access point is being told already",
            };
            output::done(format, &outcome, sentence)
        }
    }
}

fn path(all: bool, nas: Option<&NasName>, limit: u32) -> String {
    let mut path = format!("/v1/sessions?all={all}&limit={limit}");
    if let Some(nas) = nas {
        // Writing to a string cannot fail.
        let _ = write!(path, "&nas={nas}");
    }
    path
}

fn show(format: Format, details: &SessionDetails) -> anyhow::Result<()> {
    let SessionDetails { session, speed, identification, order } = details;
    let fields = [
        ("id", session.id.to_string()),
        ("nas", session.nas.to_string()),
        ("acct-session-id", session.acct_session_id.clone()),
        ("device", session.device.to_string()),
        ("address", or_dash(session.address)),
        ("grant", or_dash(session.grant)),
        ("started", session.started_at.to_string()),
        ("last report", session.updated_at.to_string()),
        ("time", seconds(session.seconds)),
        ("uploaded", session.uploaded.to_string()),
        ("downloaded", session.downloaded.to_string()),
        ("state", state(session.state)),
        ("speed", speed.as_str().to_owned()),
        ("called station", or_dash(identification.called_station_id.clone())),
        ("order", order.as_ref().map_or_else(|| "-".to_owned(), order::sentence)),
    ];
    output::show(format, details, &fields)
}

fn state(state: SessionStateView) -> String {
    match state {
        SessionStateView::Open => "open".to_owned(),
        SessionStateView::Stopped { end: SessionEnd::Reported(cause), .. } => {
            format!("stopped ({})", cause_name(cause))
        }
        SessionStateView::Stopped { end: SessionEnd::NasRestarted, .. } => {
            "stopped (access point restarted)".to_owned()
        }
        SessionStateView::Stopped { end: SessionEnd::Stale, .. } => {
            "stopped (no more reports)".to_owned()
        }
    }
}

/// Acct-Terminate-Cause in words (RFC 2866 §5.10).
fn cause_name(cause: u32) -> String {
    let name = match cause {
        0 => "no cause given",
        1 => "user request",
        2 => "lost carrier",
        4 => "idle timeout",
        5 => "session timeout",
        6 => "admin reset",
        7 => "admin reboot",
        10 => "access point's request",
        11 => "access point's reboot",
        _ => return format!("cause {cause}"),
    };
    name.to_owned()
}
