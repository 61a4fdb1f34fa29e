//! Replacing the secret of an access point: for a while both verify, so that nobody is cut off.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{Nas, NasName, Secret};
use store::{Act, AuditSubject};

use super::AdminApi;
use super::access_points::{acceptable, secret_notes};
use super::api::{AccessPoint, FailureKind, FinishRotation, RotateSecret, SecretRotated};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::random;

/// The longest time for which two secrets verify.
const LONGEST_GRACE: Duration = Duration::from_secs(90 * 24 * 3_600);

pub(super) async fn rotate(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<NasName>,
    Body(request): Body<RotateSecret>,
) -> Result<Json<SecretRotated>, Refusal> {
    let grace = Duration::from_secs(request.grace_seconds);
    if grace > LONGEST_GRACE {
        return Err(Refusal::invalid("grace_seconds is more than 90 days"));
    }
    let given = request.secret.map(acceptable).transpose().map_err(Refusal::invalid)?;
    let secret: Secret = given.unwrap_or_else(random::radius_secret);
    let now = api.clock.now();
    let mut outcome = Ok(());
    let mut change = |nas: &mut Nas| outcome = nas.rotate(secret.clone(), now, now + grace);
    let note = Note::of(Act::SecretRotated).with("grace_seconds", request.grace_seconds);
    let nas = changed(&api, &by, (&name, note), &mut change).await?;
    outcome.map_err(|error| Refusal::new(FailureKind::Conflict, error.to_string()))?;
    tracing::info!(nas = %name, grace_seconds = request.grace_seconds, "secret replaced");
    let notes = secret_notes(&api, &nas).await?;
    Ok(Json(SecretRotated { access_point: AccessPoint::from(&nas), secret, notes }))
}

pub(super) async fn finish(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<NasName>,
    Body(request): Body<FinishRotation>,
) -> Result<Json<AccessPoint>, Refusal> {
    let now = api.clock.now();
    let mut is_unseen = false;
    let mut change = |nas: &mut Nas| {
        let unseen = nas.live_former_secret(now).is_some_and(|former| former.replaced_at.is_none());
        is_unseen = unseen && !request.even_if_unseen;
        if !is_unseen {
            nas.former_secret = None;
        }
    };
    let note = Note::of(Act::SecretRotationFinished);
    let nas = changed(&api, &by, (&name, note), &mut change).await?;
    if is_unseen {
        let reason = "the access point was never seen to use its new secret; it would be cut off";
        return Err(Refusal::new(FailureKind::Conflict, reason));
    }
    tracing::info!(nas = %name, "only the new secret verifies from now on");
    Ok(Json(AccessPoint::from(&nas)))
}

async fn changed(
    api: &AdminApi,
    by: &By,
    (name, note): (&NasName, Note),
    change: store::NasChange<'_>,
) -> Result<Nas, Refusal> {
    let store = api.on_record(by, note.about(AuditSubject::AccessPoint(name.clone())));
    let nas = store.change_access_point(name, change).await?;
    nas.ok_or_else(|| Refusal::not_found("access point", name))
}
