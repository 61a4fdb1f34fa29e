//! How far the sign-in of a visitor came who reads a reference to the help desk.

use axum::Json;
use axum::extract::{Path, State};
use domain::Reference;
use store::{Act, AuditSubject};

use super::AdminApi;
use super::api::{FailureKind, Progress};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::support;

pub(super) async fn support(
    State(api): State<AdminApi>,
    by: By,
    Path(reference): Path<String>,
) -> Result<Json<Progress>, Refusal> {
    let reference: Reference = reference
        .parse()
        .map_err(|error: domain::ReferenceError| Refusal::invalid(error.to_string()))?;
    let told = support::tell(api.store.as_ref(), &reference, api.clock.now()).await?;
    let unknown = || {
        let text = "nothing was typed or refused under that reference, or it is no longer kept";
        Refusal::new(FailureKind::NotFound, text)
    };
    let told = told.ok_or_else(unknown)?;
    let note = Note::of(Act::StoryTold).about(AuditSubject::Device(told.device));
    api.write_down(&by, note.with("asked_by", "reference")).await?;
    Ok(Json(told))
}
