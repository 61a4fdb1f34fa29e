//! `sabeel order`.

use std::fmt::Write;

use controller::admin::api::{List, OrderAnswerView, OrderStateView, OrderView};
use domain::{Clock, NasName, SessionId};

use super::wording::{ago, or_dash};
use crate::admin_client::AdminClient;
use crate::cli::OrderCommand;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: OrderCommand) -> anyhow::Result<()> {
    match command {
        OrderCommand::List { waiting, nas, session, limit } => {
            let path = path(waiting, nas.as_ref(), session, limit);
            let orders: List<OrderView> = admin.get(&path).await?;
            // The id is long: last, a narrow terminal breaks the line before it.
            let headings = ["nas", "device", "wanted", "why", "written", "state", "id"];
            let now = SystemClock.now();
            output::list(format, &orders.items, headings, |order| {
                [
                    order.nas.to_string(),
                    order.device.to_string(),
                    wanted(order),
                    order.reason.clone(),
                    ago(order.created_at, now),
                    state(order),
                    order.id.to_string(),
                ]
            })
        }
        OrderCommand::Show { id } => show(format, &admin.get(&format!("/v1/orders/{id}")).await?),
    }
}

/// An order and its state in a few words, such as `disconnect: enforced`.
pub fn sentence(order: &OrderView) -> String {
    format!("{}: {}", wanted(order), state(order))
}

fn path(waiting: bool, nas: Option<&NasName>, session: Option<SessionId>, limit: u32) -> String {
    let mut path = format!("/v1/orders?waiting={waiting}&limit={limit}");
    // Writing to a string cannot fail.
    if let Some(nas) = nas {
        let _ = write!(path, "&nas={nas}");
    }
    if let Some(session) = session {
        let _ = write!(path, "&session={session}");
    }
    path
}

fn show(format: Format, order: &OrderView) -> anyhow::Result<()> {
    let fields = [
        ("id", order.id.to_string()),
        ("nas", order.nas.to_string()),
        ("device", order.device.to_string()),
        ("session", or_dash(order.session)),
        ("wanted", wanted(order)),
        ("why", order.reason.clone()),
        ("written", order.created_at.to_string()),
        ("generation", order.generation.to_string()),
        ("last tried as", or_dash(order.method.clone())),
        ("last answer", or_dash(order.answer.map(answer))),
        ("state", state(order)),
    ];
    output::show(format, order, &fields)
}

fn wanted(order: &OrderView) -> String {
    match order.speed {
        Some(speed) => format!("{} to {} speed", order.kind, speed.as_str()),
        None => order.kind.clone(),
    }
}

fn answer(answer: OrderAnswerView) -> String {
    match answer {
        OrderAnswerView::Acknowledged => "done".to_owned(),
        OrderAnswerView::Refused { error_cause } => refusal(error_cause),
        OrderAnswerView::Nothing => "no answer".to_owned(),
    }
}

fn state(order: &OrderView) -> String {
    match order.state {
        OrderStateView::Waiting { attempts, .. } => match order.answer {
            None => "waiting".to_owned(),
            Some(given) => format!("{}, tried {attempts} times", answer(given)),
        },
        OrderStateView::Unconfirmed { .. } => "done, not yet seen".to_owned(),
        OrderStateView::Enforced { .. } => "enforced".to_owned(),
        OrderStateView::Acknowledged { .. } => "done".to_owned(),
        OrderStateView::Ignored { .. } => "said done, but the session went on".to_owned(),
        OrderStateView::Refused { error_cause, .. } => refusal(error_cause),
        OrderStateView::Overtaken { .. } => "overtaken".to_owned(),
        OrderStateView::Superseded { .. } => "superseded".to_owned(),
        OrderStateView::Undeliverable { .. } => match order.answer {
            Some(OrderAnswerView::Nothing) => "no answer, given up".to_owned(),
            _ => "cannot be told".to_owned(),
        },
    }
}

/// A refusal by its Error-Cause (RFC 5176 §3.5).
fn refusal(error_cause: u32) -> String {
    let name = match error_cause {
        0 => return "NAK".to_owned(),
        201 => "residual session removed",
        401 => "unsupported attribute",
        402 => "missing attribute",
        403 => "NAS identification mismatch",
        404 => "invalid request",
        405 => "unsupported service",
        406 => "unsupported extension",
        407 => "invalid attribute value",
        501 => "administratively prohibited",
        502 => "request not routable",
        503 => "session not found",
        504 => "session not removable",
        505 => "proxy error",
        506 => "resources unavailable",
        507 => "request initiated",
        508 => "several sessions at once unsupported",
        _ => return format!("NAK {error_cause}"),
    };
    format!("NAK {error_cause} {name}")
}
