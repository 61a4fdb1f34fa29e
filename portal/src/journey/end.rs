//! The end: the visitor logs out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use domain::{GrantEnd, OrderReason};

use super::too_busy;
use crate::app::{App, Message, Outcome, see_other};
use crate::failure::Failure;
use crate::nas;
use crate::visit::Visit;

/// `POST /v/{token}/end`: ends the grant. The access points are told by the store's orders; one
/// with a login page is told by the browser too, which is quicker.
pub(crate) async fn submit(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    if let Err(wait) = app.budgets.admit(visit.context.device) {
        return too_busy(&app, &visit, wait);
    }
    match end(&app, &visit).await? {
        Ending::NothingToEnd => return Ok(visit.go("")),
        Ending::NotYours => return visit.message(&app, &NOT_YOURS),
        Ending::Ended => {}
    }
    let dialect = nas::dialect(visit.nas.hand_off.method);
    let log_off = visit.login_page().and_then(|page| dialect.log_off(&page));
    Ok(match log_off.filter(|url| nas::is_allowed(&visit.nas.hand_off, url)) {
        Some(url) => see_other(url.as_str()),
        None => visit.go("bye"),
    })
}

/// What became of the wish to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The device has no session.
    NothingToEnd,
    /// The session may be a stranger's.
    NotYours,
    /// The grant does not hold any more, and the access points are told.
    Ended,
}

/// Ends the grant of a device that has a session.
pub(crate) async fn end(app: &App, visit: &Visit) -> Result<Ending, Failure> {
    let device = visit.context.device;
    let session = app.store.find_open_session(&visit.nas.name, device).await?;
    let Some(session) = session else { return Ok(Ending::NothingToEnd) };
    if !visit.may_end(&session) {
        return Ok(Ending::NotYours);
    }
    let grant = app.store.find_grant(device).await?.filter(|grant| grant.holds(visit.now));
    if let Some(grant) = grant {
        app.store
            .end_grant(grant.id, GrantEnd::LoggedOut, OrderReason::LoggedOut, visit.now)
            .await?;
        tracing::debug!(%device, grant = %grant.id, "a visitor logged out");
    }
    Ok(Ending::Ended)
}

const NOT_YOURS: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "status-title",
    text: "e-not-yours",
    values: &[],
    action: Some(("status", "back")),
};

/// `GET /v/{token}/bye`: says that the device is offline.
pub(crate) async fn bye(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let message = Message {
        status: StatusCode::OK,
        title: "bye-title",
        text: "bye-body",
        values: &[],
        action: Some(("./", "login-page")),
    };
    visit.message(&app, &message)
}
