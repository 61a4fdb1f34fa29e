//! Legal holds: what is kept about a person stays until the hold is released.

use axum::Json;
use axum::extract::State;
use domain::AccountId;
use store::{Act, AuditSubject};

use super::AdminApi;
use super::api::{AccountHeld, AccountReleased, FailureKind, HoldAccount, Person};
use super::extract::Body;
use super::people::unknown_person;
use super::record::{By, Note};
use super::refusal::Refusal;

/// Characters of the longest reason.
const LONGEST_REASON: usize = 500;

pub(super) async fn hold(
    State(api): State<AdminApi>,
    by: By,
    Body(HoldAccount { person, why }): Body<HoldAccount>,
) -> Result<Json<AccountHeld>, Refusal> {
    let why = why.trim();
    if !(1..=LONGEST_REASON).contains(&why.chars().count()) {
        let reason = format!("why must have 1 to {LONGEST_REASON} characters");
        return Err(Refusal::invalid(reason));
    }
    let held = account_of(&api, &person).await?;
    let note = Note::of(Act::AccountHeld).about(AuditSubject::Account(held));
    if !api.on_record(&by, note).hold_account(held, why, api.clock.now()).await? {
        return Err(Refusal::new(FailureKind::Conflict, "the person is held already"));
    }
    tracing::info!(account.id = %held, "account held by an admin");
    Ok(Json(AccountHeld { held }))
}

pub(super) async fn release(
    State(api): State<AdminApi>,
    by: By,
    Body(person): Body<Person>,
) -> Result<Json<AccountReleased>, Refusal> {
    let released = account_of(&api, &person).await?;
    let note = Note::of(Act::AccountReleased).about(AuditSubject::Account(released));
    if !api.on_record(&by, note).release_account(released, api.clock.now()).await? {
        return Err(Refusal::new(FailureKind::Conflict, "the person is not held"));
    }
    tracing::info!(account.id = %released, "account released by an admin");
    Ok(Json(AccountReleased { released }))
}

async fn account_of(api: &AdminApi, person: &Person) -> Result<AccountId, Refusal> {
    Ok(api.store.find_account(person).await?.ok_or_else(unknown_person)?.id)
}
