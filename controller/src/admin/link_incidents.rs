//! Incidents of links between offices: what is the matter, and who takes care of it.

use std::num::NonZeroU32;

use axum::Json;
use axum::extract::State;
use store::{Act, StoreError};

use super::AdminApi;
use super::api::{AcknowledgeLinkIncident, LinkIncidentsQuery, List};
use super::extract::{Asked, Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::link_centre::acknowledge_incident;
use crate::links::incident::{Incident, IncidentId};

/// Incidents of one answer.
const MOST: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
const LONGEST_NOTE: usize = 500;

pub(super) async fn list(
    State(api): State<AdminApi>,
    Asked(LinkIncidentsQuery { all }): Asked<LinkIncidentsQuery>,
) -> Result<Json<List<Incident>>, Refusal> {
    let kept = api.store.list_link_incidents(!all, MOST).await?;
    let corrupt = |_| StoreError::Corrupt { what: "incident of links" };
    let items = kept.iter().map(|kept| serde_json::from_str(&kept.incident).map_err(corrupt));
    Ok(Json(List { items: items.collect::<Result<_, _>>()? }))
}

pub(super) async fn acknowledge(
    State(api): State<AdminApi>,
    by: By,
    Named(number): Named<u64>,
    Body(AcknowledgeLinkIncident { note }): Body<AcknowledgeLinkIncident>,
) -> Result<Json<()>, Refusal> {
    let note = note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        return Err(Refusal::invalid(format!("note has {LONGEST_NOTE} characters at most")));
    }
    let record = Note::of(Act::LinkIncidentAcknowledged).with("incident", number);
    let store = api.on_record(&by, record);
    let (id, by) = (IncidentId::new(number), by.to_string());
    let now = api.clock.now();
    if !acknowledge_incident(&store, id, (&by, note), now).await? {
        return Err(Refusal::not_found("incident that goes on", number));
    }
    tracing::info!(incident = number, by, "links.incident: somebody takes care");
    Ok(Json(()))
}
