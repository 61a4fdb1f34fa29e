//! Taking over what another RADIUS server has: access points and ranges here, persons and stays
//! in the files below.
//!
//! A rehearsal and the real thing come to the same verdicts: what is rehearsed counts for what
//! comes after it in the request.

mod people;
mod stays;

use axum::Json;
use axum::extract::State;
use domain::{Nas, NasRange, Secret};
use store::{Act, Intent, StoreError};

use super::AdminApi;
use super::access_points::{nas, notes_on, sharing_note, weakness_note};
use super::api::{FailureKind, ImportAccessPoints, Imported, ImportedNas, MOST_AT_ONCE, Verdict};
use super::extract::Body;
use super::nas_ranges::range;
use super::record::{By, Note};
use super::refusal::Refusal;

pub(super) use people::people;
pub(super) use stays::stays;

pub(super) async fn access_points(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<ImportAccessPoints>,
) -> Result<Json<Imported>, Refusal> {
    within_bounds(request.items.len())?;
    let note = (Act::AccessPointsImported, request.items.len(), request.intent);
    api.write_import_down(&by, note).await?;
    let mut there = There {
        access_points: api.store.list_access_points().await?,
        ranges: api.store.list_ranges().await?,
    };
    let mut verdicts = Vec::with_capacity(request.items.len());
    for item in request.items {
        verdicts.push(match item {
            ImportedNas::AccessPoint(wanted) => match nas(*wanted, &api.about.new_access_points) {
                Err(reason) => Verdict::Refused { reason },
                Ok(nas) => api.take_access_point(&mut there, nas, request.intent).await?,
            },
            ImportedNas::Range(wanted) => match range(wanted, &api.about.new_access_points) {
                Err(reason) => Verdict::Refused { reason },
                Ok(range) => api.take_range(&mut there, range, request.intent).await?,
            },
        });
    }
    let taken = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Taken { .. })).count();
    if request.intent == Intent::Apply && taken > 0 {
        tracing::info!(taken, "access points and ranges imported");
    }
    Ok(Json(Imported { verdicts }))
}

/// What is there, and what was taken since.
struct There {
    access_points: Vec<Nas>,
    ranges: Vec<NasRange>,
}

impl AdminApi {
    /// Says what is about to be taken over, before the first of many transactions.
    async fn write_import_down(
        &self,
        by: &By,
        (act, given, intent): (Act, usize, Intent),
    ) -> Result<(), Refusal> {
        self.write_down(by, Note::of(act).with("given", given).with("intent", intent)).await
    }

    async fn take_access_point(
        &self,
        there: &mut There,
        nas: Nas,
        intent: Intent,
    ) -> Result<Verdict, Refusal> {
        let holder =
            |other: &&Nas| other.addresses == nas.addresses && other.identifier == nas.identifier;
        if let Some(holder) = there.access_points.iter().find(holder) {
            let name = &holder.name;
            return Ok(already(&holder.secret, &nas.secret, &format!("access point {name}")));
        }
        if there.access_points.iter().any(|other| other.name == nas.name) {
            let reason = format!("access point {} is there with other addresses", nas.name);
            return Ok(Verdict::Conflict { reason });
        }
        if self.store.find_site(&nas.site).await?.is_none() {
            return Ok(Verdict::Refused { reason: format!("there is no site `{}`", nas.site) });
        }
        if intent == Intent::Apply
            && let Some(verdict) = obstacle(self.store.add_access_point(&nas).await)?
        {
            return Ok(verdict);
        }
        let mut notes = Vec::from_iter(weakness_note(&nas.secret));
        notes.extend(sharing_note(&there.access_points, &nas));
        notes.extend(notes_on(&nas));
        there.access_points.push(nas);
        Ok(Verdict::Taken { notes })
    }

    async fn take_range(
        &self,
        there: &mut There,
        range: NasRange,
        intent: Intent,
    ) -> Result<Verdict, Refusal> {
        let holder = |other: &&NasRange| other.addresses == range.addresses;
        if let Some(holder) = there.ranges.iter().find(holder) {
            let name = &holder.name;
            return Ok(already(&holder.secret, &range.secret, &format!("range {name}")));
        }
        if there.ranges.iter().any(|other| other.name == range.name) {
            let reason = format!("range {} is there with other addresses", range.name);
            return Ok(Verdict::Conflict { reason });
        }
        if self.store.find_site(&range.site).await?.is_none() {
            return Ok(Verdict::Refused { reason: format!("there is no site `{}`", range.site) });
        }
        if intent == Intent::Apply
            && let Some(verdict) = obstacle(self.store.add_range(&range).await)?
        {
            return Ok(verdict);
        }
        let notes = Vec::from_iter(weakness_note(&range.secret));
        there.ranges.push(range);
        Ok(Verdict::Taken { notes })
    }
}

/// Whose addresses they are: the same thing, or another one with another secret.
fn already(known: &Secret, wanted: &Secret, who: &str) -> Verdict {
    if known == wanted {
        return Verdict::ThereAlready;
    }
    Verdict::Conflict { reason: format!("{who} has these addresses, with another secret") }
}

/// What the store would not have; whatever else it says is no verdict.
fn obstacle(added: Result<(), StoreError>) -> Result<Option<Verdict>, StoreError> {
    match added {
        Ok(()) => Ok(None),
        Err(error @ (StoreError::Exists { .. } | StoreError::Reference { .. })) => {
            Ok(Some(Verdict::Conflict { reason: error.to_string() }))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn within_bounds(count: usize) -> Result<(), Refusal> {
    if count <= MOST_AT_ONCE {
        return Ok(());
    }
    let reason = format!("there are {count} things in it, but {MOST_AT_ONCE} are taken at a time");
    Err(Refusal::new(FailureKind::Invalid, reason))
}
