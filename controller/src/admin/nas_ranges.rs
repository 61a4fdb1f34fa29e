//! Ranges, and the decisions about who waits in them.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{NasRange, PendingState, RangeName};
use store::{Act, AuditSubject};

use super::access_points::{acceptable, particular};
use super::api::{
    AccessPoint, AddRange, Approve, List, Pending, PendingRejected, Range, RangeAdded, Removed,
};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use super::{AdminApi, NewAccessPoints};
use crate::newcomers::{self, Telling};
use crate::random;

pub(super) async fn list(State(api): State<AdminApi>) -> Result<Json<List<Range>>, Refusal> {
    let ranges = api.store.list_ranges().await?;
    Ok(Json(List { items: ranges.iter().map(Range::from).collect() }))
}

pub(super) async fn add(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<AddRange>,
) -> Result<(StatusCode, Json<RangeAdded>), Refusal> {
    let range = range(request, &api.about.new_access_points).map_err(Refusal::invalid)?;
    let note = Note::of(Act::RangeAdded).about(AuditSubject::Range(range.name.clone()));
    api.on_record(&by, note.with("range", Range::from(&range))).add_range(&range).await?;
    tracing::info!(range = %range.name, site = %range.site, "range added");
    let added = RangeAdded { range: Range::from(&range), secret: range.secret };
    Ok((StatusCode::CREATED, Json(added)))
}

/// The range that is asked for, with a secret made where none is given.
pub(super) fn range(request: AddRange, new: &NewAccessPoints) -> Result<NasRange, String> {
    if request.profile.own_hand_off().is_some() {
        let profile = request.profile.as_str();
        return Err(format!("one of the profile {profile} is told more than a range can say"));
    }
    Ok(NasRange {
        name: request.name,
        site: request.site,
        addresses: particular(request.addresses)?,
        profile: request.profile,
        secret: request.secret.map(acceptable).transpose()?.unwrap_or_else(random::radius_secret),
        message_authenticator: request.message_authenticator.unwrap_or(new.message_authenticator),
        approval: request.approval,
    })
}

pub(super) async fn remove(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<RangeName>,
) -> Result<Json<Removed>, Refusal> {
    let note = Note::of(Act::RangeRemoved).about(AuditSubject::Range(name.clone()));
    if !api.on_record(&by, note).remove_range(&name).await? {
        return Err(Refusal::not_found("range", name));
    }
    tracing::info!(range = %name, "range removed");
    Ok(Json(Removed { removed: name.to_string() }))
}

pub(super) async fn list_pending(
    State(api): State<AdminApi>,
) -> Result<Json<List<Pending>>, Refusal> {
    let pending = api.store.list_pending().await?;
    Ok(Json(List { items: pending.into_iter().map(Pending::from).collect() }))
}

pub(super) async fn approve(
    State(api): State<AdminApi>,
    by: By,
    Named(address): Named<IpAddr>,
    Body(request): Body<Approve>,
) -> Result<(StatusCode, Json<AccessPoint>), Refusal> {
    let nobody = || Refusal::not_found("pending access point", address);
    let pending = api.store.find_pending(address).await?.ok_or_else(nobody)?;
    let ranges = api.store.list_ranges().await?;
    let range = ranges.iter().find(|range| range.name == pending.range).ok_or_else(nobody)?;
    let name = request.name.or_else(|| range.name_for(address));
    let name = name.ok_or_else(|| Refusal::invalid("it needs a name of its own"))?;
    let telling = match request.by_identifier {
        false => Telling::ByAddress,
        true if pending.said.identifier.is_some() => Telling::ByIdentifier,
        true => return Err(Refusal::invalid("it sends no NAS-Identifier")),
    };
    let note = Note::of(Act::AccessPointApproved).about(AuditSubject::AccessPoint(name.clone()));
    let store = api.on_record(&by, note.with("address", address).with("range", &range.name));
    let nas = newcomers::approve(store.as_ref(), range, &pending, (name, telling)).await?;
    tracing::info!(nas = %nas.name, range = %range.name, "access point approved");
    Ok((StatusCode::CREATED, Json(AccessPoint::from(&nas))))
}

pub(super) async fn reject(
    State(api): State<AdminApi>,
    by: By,
    Named(address): Named<IpAddr>,
) -> Result<Json<PendingRejected>, Refusal> {
    let note = Note::of(Act::AccessPointRejected).about(AuditSubject::Address(address));
    let store = api.on_record(&by, note);
    if !store.decide_pending(address, PendingState::Rejected).await? {
        return Err(Refusal::not_found("pending access point", address));
    }
    Ok(Json(PendingRejected { rejected: address }))
}
