//! What is pasted into an access point. Its secret stands in it only if the request brings it: the
//! store's leaves in the answer that made it, and never again.

use std::net::{IpAddr, UdpSocket};

use axum::Json;
use axum::extract::State;
use domain::{Nas, NasName, Secret};

use super::AdminApi;
use super::api::{Onboard, Onboarding};
use super::extract::{Body, Named};
use super::refusal::Refusal;
use crate::onboarding::{self, Known};

pub(super) async fn onboard(
    State(api): State<AdminApi>,
    Named(name): Named<NasName>,
    Body(request): Body<Onboard>,
) -> Result<Json<Onboarding>, Refusal> {
    let nas = api.store.find_access_point(&name).await?;
    let nas = nas.ok_or_else(|| Refusal::not_found("access point", &name))?;
    let site = api.store.find_site(&nas.site).await?;
    let site = site.ok_or_else(|| Refusal::not_found("site", &nas.site))?;
    let plan = api.store.find_plan(&site.plan).await?;
    let plan = plan.ok_or_else(|| Refusal::not_found("plan", &site.plan))?;
    refuse_others(&request, &nas)?;
    let places = &api.about.places;
    let listening = Some(places.authentication.ip()).filter(|ip| !ip.is_unspecified());
    // Orders leave by the system's choice, wherever RADIUS listens.
    let is_v4 = nas.addresses.addr().is_ipv4();
    let sending = Some(places.orders).filter(|ip| !ip.is_unspecified() && ip.is_ipv4() == is_v4);
    let towards = towards(&nas);
    let known = Known {
        places,
        server: request.server.or(listening).or(towards),
        orders: sending.or(request.server).or(towards).or(listening),
        plan: &plan,
        garden: &site.garden,
        secret: request.secret.as_ref(),
        hand_off_secret: request.hand_off_secret.as_ref(),
    };
    let configuration = onboarding::configuration(&nas, &known)
        .map_err(|error| Refusal::invalid(error.to_string()))?;
    let notes = onboarding::notes(&nas, &known);
    let (profile, server) = (nas.profile, known.server);
    Ok(Json(Onboarding { name, profile, server, configuration, notes }))
}

/// Refuses secrets that are not the access point's own.
fn refuse_others(request: &Onboard, nas: &Nas) -> Result<(), Refusal> {
    let own = nas.hand_off.secret.as_ref();
    let is_other = |given: &Option<Secret>, own: Option<&Secret>| {
        given.as_ref().is_some_and(|given| Some(given) != own)
    };
    if is_other(&request.secret, Some(&nas.secret)) {
        return Err(Refusal::invalid(format!(
            "that is not the secret of access point {}",
            nas.name
        )));
    }
    if is_other(&request.hand_off_secret, own) {
        let reason = format!("that is not the secret of the login page of {}", nas.name);
        return Err(Refusal::invalid(reason));
    }
    Ok(())
}

/// The address that this machine would send from to the access point; nothing is sent.
fn towards(nas: &Nas) -> Option<IpAddr> {
    /// Any port will do.
    const DISCARD: u16 = 9;
    let there = nas.addresses.hosts().next()?;
    let any: IpAddr = match there {
        IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((there, DISCARD)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
