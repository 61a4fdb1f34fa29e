//! Whether an access point is set up as it must be.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{Nas, NasName};

use super::AdminApi;
use super::api::{AccessPointTested, ProbeWanted, TestAccessPoint};
use super::extract::{Body, Named};
use super::refusal::Refusal;
use crate::direction_watch;
use crate::nas_control::{Delivery, NasControl, Probe, Way};
use crate::nas_test::{Seen, rows};

/// Whoever asks for a test waits no longer for an answer to a probe.
const LONGEST_PROBE: Duration = Duration::from_secs(25);

pub(super) async fn test(
    State(api): State<AdminApi>,
    Named(name): Named<NasName>,
    Body(request): Body<TestAccessPoint>,
) -> Result<Json<AccessPointTested>, Refusal> {
    let nas = api.store.find_access_point(&name).await?;
    let nas = nas.ok_or_else(|| Refusal::not_found("access point", &name))?;
    let probe = match (request.probe, &api.about.nas_control) {
        (ProbeWanted::Send, Some(control)) => Some(probe(control.as_ref(), &nas).await),
        (ProbeWanted::Send, None) | (ProbeWanted::Omit, _) => None,
    };
    let now = api.clock.now();
    let octets = api.store.octet_balance(&name, direction_watch::lately(now)).await?;
    let activity = api.about.activity.as_ref().and_then(|seen| seen.of(&name));
    // Who was never heard is not counted at all.
    let silent = api.about.activity.as_ref().map(|_| super::api::Activity::default());
    let activity = activity.or(silent);
    let seen = Seen { nas: &nas, activity: activity.as_ref(), probe: probe.as_ref(), octets, now };
    let rows = rows(&seen);
    Ok(Json(AccessPointTested { name, profile: nas.profile, rows }))
}

async fn probe(control: &dyn NasControl, nas: &Nas) -> Probe {
    let api = nas.hand_off.api.as_ref().map(|_| Way::Api);
    let api = api.or(nas.hand_off.method.asks_portal().then_some(Way::ByItself));
    let way = api.or(nas.dae_address.map(Way::Address)).unwrap_or(Way::OwnConnection);
    let answered = tokio::time::timeout(LONGEST_PROBE, control.probe(nas)).await;
    answered.unwrap_or(Probe { delivery: Delivery::NoAnswer, way })
}
