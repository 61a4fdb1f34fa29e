//! Whose device it is: pages about a person are only for a browser that shows to be on a device of
//! that person. A plain query could name a stranger's.

use axum::http::StatusCode;
use axum::response::Response;
use domain::{Grant, Identity};
use store::AccountRecord;

use crate::app::{App, Message};
use crate::failure::Failure;
use crate::visit::Visit;

/// The grant of the visit's device, whose account is its owner, or the page for who is not proven to
/// be that.
pub(crate) async fn find(app: &App, visit: &Visit) -> Result<Result<Grant, Response>, Failure> {
    let device = visit.context.device;
    let grant = app.store.find_grant(device).await?.filter(|grant| grant.holds(visit.now));
    let Some(grant) = grant else { return Ok(Err(visit.go(""))) };
    let session = app.store.find_open_session(&visit.nas.name, device).await?;
    if !visit.is_proven(session.as_ref()) {
        return Ok(Err(visit.message(app, &NOT_YOURS)?));
    }
    Ok(Ok(grant))
}

/// The same with all that is kept of the owner. Of a number that nothing proves nobody knows whose it is.
pub(crate) async fn find_person(
    app: &App,
    visit: &Visit,
) -> Result<Result<(Grant, AccountRecord), Response>, Failure> {
    let grant = match find(app, visit).await? {
        Ok(grant) => grant,
        Err(page) => return Ok(Err(page)),
    };
    let Some(record) = app.store.account_record(grant.account).await? else {
        return Ok(Err(visit.go("")));
    };
    if let Identity::Claimed(_) = record.account.identity {
        return Ok(Err(visit.message(app, &WITHOUT_PROOF)?));
    }
    Ok(Ok((grant, record)))
}

const WITHOUT_PROOF: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "me-title",
    text: "me-claimed",
    values: &[],
    action: Some(("status", "back")),
};

const NOT_YOURS: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "status-title",
    text: "e-not-owner",
    values: &[],
    action: Some(("status", "back")),
};
