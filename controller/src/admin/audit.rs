//! The audit log, to be read and taken away. It is looked through by whoever may use the API; only
//! who looks for one person or device is written down in it.

use axum::Json;
use axum::extract::State;
use store::{Act, AuditFilter, AuditSubject};

use super::AdminApi;
use super::api::{AuditAbout, AuditLinks, AuditPage, AuditQuestion, Person};
use super::extract::{Asked, Body};
use super::people::length;
use super::record::{By, Note};
use super::refusal::Refusal;

/// Links on one page.
const PAGE: u32 = 1_000;

/// The links after a number, in their order.
pub(super) async fn links(
    State(api): State<AdminApi>,
    Asked(AuditPage { after }): Asked<AuditPage>,
) -> Result<Json<AuditLinks>, Refusal> {
    Ok(Json(AuditLinks { items: api.store.list_audit_links(after, PAGE).await? }))
}

/// A person, as an account if there is one, and as somebody without.
async fn of_person(api: &AdminApi, person: Person) -> Result<Vec<AuditSubject>, Refusal> {
    let account = api.store.find_account(&person).await?;
    let account = account.map(|account| AuditSubject::Account(account.id));
    Ok(account.into_iter().chain([person.into()]).collect())
}

/// The latest links about something.
pub(super) async fn find(
    State(api): State<AdminApi>,
    by: By,
    Body(question): Body<AuditQuestion>,
) -> Result<Json<AuditLinks>, Refusal> {
    let AuditQuestion { about, act, limit } = question;
    let limit = length(limit)?;
    let about = match about {
        None => Vec::new(),
        Some(AuditAbout::Subject(text)) => vec![AuditSubject::Kept(text)],
        Some(AuditAbout::Device(mac)) => vec![AuditSubject::Device(mac)],
        Some(AuditAbout::Phone(phone)) => of_person(&api, phone.into()).await?,
        Some(AuditAbout::Voucher(voucher)) => of_person(&api, voucher.into()).await?,
    };
    if let Some(
        person @ (AuditSubject::Account(_) | AuditSubject::Number(_) | AuditSubject::Device(_)),
    ) = about.first()
    {
        api.write_down(&by, Note::of(Act::AuditShown).about(person.clone())).await?;
    }
    let filter = AuditFilter { about, act, limit };
    Ok(Json(AuditLinks { items: api.store.find_audit_links(&filter).await? }))
}
