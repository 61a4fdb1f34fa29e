//! The visitor's journey, step by step: arrive, number, code, online, end.
//!
//! Every form is answered with a redirect (post, redirect, get), so that reloading a
//! page repeats nothing; only a form that changed nothing is answered in place.

pub(crate) mod arrive;
pub(crate) mod code;
pub(crate) mod contact;
pub(crate) mod devices;
pub(crate) mod end;
pub(crate) mod help;
pub(crate) mod link;
pub(crate) mod my_data;
pub(crate) mod number;
pub(crate) mod online;
pub(crate) mod rate;
pub(crate) mod voucher;

use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::http::{HeaderValue, StatusCode, header};
use domain::{Site, Timestamp};

use crate::app::{App, Message, Outcome};
use crate::visit::Visit;
use crate::wording;

/// After how long it is worth trying again at a site that is full.
const WHEN_FULL: Duration = Duration::from_secs(60);

/// The page for a form that cannot be read.
fn unreadable(app: &App, visit: &Visit, rejection: &FormRejection) -> Outcome {
    tracing::debug!(status = rejection.status().as_u16(), "a form was refused");
    let message = Message {
        status: rejection.status(),
        title: "e-generic-title",
        text: "e-form",
        values: &[],
        action: Some(("./", "back")),
    };
    visit.message(app, &message)
}

/// The page that asks a busy device to wait.
fn too_busy(app: &App, visit: &Visit, wait: Duration) -> Outcome {
    wait_page(app, visit, "e-wait", wait)
}

/// The page that asks to come back after `wait`, in the words of `text`.
fn wait_page(app: &App, visit: &Visit, text: &'static str, wait: Duration) -> Outcome {
    let wait = wording::wait(&visit.words(app), wait);
    let message = Message {
        status: StatusCode::TOO_MANY_REQUESTS,
        title: "e-wait-title",
        text,
        values: &[("t", &wait)],
        action: Some(("./", "back")),
    };
    visit.message(app, &message)
}

/// The page of a site that is closed: when it is open.
fn closed(app: &App, visit: &Visit, hours: (Timestamp, Timestamp)) -> Outcome {
    say_closed(&visit.site, hours, |message| visit.message(app, message))
}

/// Says when a site is open.
fn say_closed(
    site: &Site,
    (opens_at, closes_at): (Timestamp, Timestamp),
    say: impl FnOnce(&Message<'_>) -> Outcome,
) -> Outcome {
    let [open, close] = [opens_at, closes_at].map(|at| wording::clock(&site.zone, at));
    let message = Message {
        status: StatusCode::OK,
        title: "closed-title",
        text: "closed-body",
        values: &[("open", &open), ("close", &close)],
        action: None,
    };
    say(&message)
}

/// The page of a site at which as many devices are online as it takes; it looks again by itself.
fn full(app: &App, visit: &Visit) -> Outcome {
    let wait = wording::wait(&visit.words(app), WHEN_FULL);
    let message = Message {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "e-wait-title",
        text: "e-capacity",
        values: &[("t", &wait)],
        action: Some(("./", "again")),
    };
    let mut page = visit.message(app, &message)?;
    let again = format!("{}; url={}", WHEN_FULL.as_secs(), visit.path(""));
    page.headers_mut()
        .insert(header::REFRESH, HeaderValue::from_str(&again).expect("a path is ASCII"));
    Ok(page)
}
