//! Consents: shown as proof, word for word, and taken back for who asks for it.

use axum::Json;
use axum::extract::State;
use domain::WordingHash;
use store::{Act, AuditSubject};

use super::AdminApi;
use super::api::{
    ConsentList, ConsentQuery, ConsentView, ConsentWithdrawn, WithdrawConsent, Wording,
};
use super::extract::{Asked, Body, Named};
use super::people::unknown_person;
use super::record::{By, Note};
use super::refusal::Refusal;

/// Persons on one page.
const PAGE: u32 = 500;

pub(super) async fn list(
    State(api): State<AdminApi>,
    by: By,
    Asked(ConsentQuery { after }): Asked<ConsentQuery>,
) -> Result<Json<ConsentList>, Refusal> {
    // Not the page: who reads on is written down once.
    api.write_look_down(&by, Note::of(Act::ConsentsExported)).await?;
    let page = api.store.list_consents(after, PAGE).await?;
    let items = page.consents.into_iter().map(ConsentView::from).collect();
    Ok(Json(ConsentList { items, next: page.next }))
}

pub(super) async fn wording(
    State(api): State<AdminApi>,
    Named(hash): Named<WordingHash>,
) -> Result<Json<Wording>, Refusal> {
    let words = api.store.find_wording(hash).await?;
    let words = words.ok_or_else(|| Refusal::not_found("wording", hash))?;
    Ok(Json(Wording { hash, words }))
}

pub(super) async fn withdraw(
    State(api): State<AdminApi>,
    by: By,
    Body(WithdrawConsent { person, purpose }): Body<WithdrawConsent>,
) -> Result<Json<ConsentWithdrawn>, Refusal> {
    let account = api.store.find_account(&person).await?.ok_or_else(unknown_person)?.id;
    let note = Note::of(Act::ConsentWithdrawn).about(AuditSubject::Account(account));
    let store = api.on_record(&by, note.with("purpose", purpose));
    let withdrawn = store.withdraw_consent(account, purpose, api.clock.now()).await?;
    tracing::info!(account.id = %account, %purpose, withdrawn, "consent withdrawn by an admin");
    Ok(Json(ConsentWithdrawn { account, purpose, withdrawn }))
}
