//! Access points. A secret leaves only in the answer to the request that made it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{HandOff, MessageAuthenticatorRule, Nas, NasName, NasProfile, Secret};

use super::AdminApi;
use super::api::{AccessPoint, AccessPointAdded, AddAccessPoint, List, NewHandOff, Removed};
use super::extract::{Body, Named};
use super::refusal::Refusal;
use crate::random;

/// Characters of a secret that is made here.
const SECRET_LENGTH: usize = 32;

/// Characters of a portal path that is made here.
const PATH_LENGTH: usize = 20;

pub(super) async fn list(State(api): State<AdminApi>) -> Result<Json<List<AccessPoint>>, Refusal> {
    let all = api.store.list_access_points().await?;
    Ok(Json(List { items: all.iter().map(AccessPoint::from).collect() }))
}

pub(super) async fn show(
    State(api): State<AdminApi>,
    Named(name): Named<NasName>,
) -> Result<Json<AccessPoint>, Refusal> {
    let nas = api.store.find_access_point(&name).await?;
    nas.map(|nas| Json(AccessPoint::from(&nas)))
        .ok_or_else(|| Refusal::not_found("access point", name))
}

pub(super) async fn add(
    State(api): State<AdminApi>,
    Body(request): Body<AddAccessPoint>,
) -> Result<(StatusCode, Json<AccessPointAdded>), Refusal> {
    let nas = nas(request).map_err(Refusal::invalid)?;
    refuse_shared_certificate(&api, &nas).await?;
    api.store.add_access_point(&nas).await?;
    tracing::info!(nas = %nas.name, site = %nas.site, "access point added");
    let added = AccessPointAdded {
        access_point: AccessPoint::from(&nas),
        notes: notes(&nas),
        hand_off_secret: match &nas.hand_off {
            HandOff::MacAuthentication { redirect_secret } => redirect_secret.clone(),
            HandOff::Uam { secret, .. } => secret.clone(),
        },
        secret: nas.secret,
    };
    Ok((StatusCode::CREATED, Json(added)))
}

pub(super) async fn remove(
    State(api): State<AdminApi>,
    Named(name): Named<NasName>,
) -> Result<Json<Removed>, Refusal> {
    if !api.store.remove_access_point(&name).await? {
        return Err(Refusal::not_found("access point", name));
    }
    tracing::info!(nas = %name, "access point removed");
    Ok(Json(Removed { removed: name.to_string() }))
}

/// Over RADIUS/TLS a certificate says which access point speaks, so two cannot share one.
async fn refuse_shared_certificate(api: &AdminApi, nas: &Nas) -> Result<(), Refusal> {
    let Some(certificate) = &nas.certificate else { return Ok(()) };
    let others = api.store.list_access_points().await?;
    let holder = others.iter().find(|other| other.certificate.as_ref() == Some(certificate));
    match holder.filter(|other| other.name != nas.name) {
        None => Ok(()),
        Some(other) => {
            let reason =
                format!("certificate {certificate} belongs to access point {}", other.name);
            Err(Refusal::invalid(reason))
        }
    }
}

/// The access point that is asked for, with secrets made where none is given.
fn nas(request: AddAccessPoint) -> Result<Nas, String> {
    let portal_path = request.portal_path.unwrap_or_else(|| random::secret(PATH_LENGTH));
    let plain = portal_path.expose().bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain || !(8..=64).contains(&portal_path.expose().len()) {
        return Err("portal_path must be 8 to 64 letters and digits".to_owned());
    }
    Ok(Nas {
        name: request.name,
        site: request.site,
        addresses: request.addresses.trunc(),
        certificate: request.certificate,
        secret: request.secret.unwrap_or_else(|| random::secret(SECRET_LENGTH)),
        profile: request.profile,
        message_authenticator: request.message_authenticator,
        octet_direction: request.octet_direction,
        dae_address: request.dae_address,
        hand_off: hand_off(request.hand_off, request.profile)?,
        portal_path,
    })
}

fn hand_off(wanted: NewHandOff, profile: NasProfile) -> Result<HandOff, String> {
    match wanted {
        NewHandOff::MacAuthentication { redirect_secret: None }
            if profile == NasProfile::Sabeel =>
        {
            let made: Secret = random::secret(SECRET_LENGTH);
            Ok(HandOff::MacAuthentication { redirect_secret: Some(made) })
        }
        NewHandOff::MacAuthentication { redirect_secret } => {
            Ok(HandOff::MacAuthentication { redirect_secret })
        }
        NewHandOff::Uam { hosts, .. } if hosts.is_empty() => {
            Err("hosts is empty, so no login could be handed back".to_owned())
        }
        NewHandOff::Uam { secret, hosts } => {
            if let Some(odd) = hosts.iter().find(|host| !is_host(host)) {
                return Err(format!("`{odd}` is no host or host:port"));
            }
            Ok(HandOff::Uam { secret, hosts })
        }
    }
}

/// Whether the text can stand as `host[:port]` in an address, and as nothing more.
fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(plain)
}

fn notes(nas: &Nas) -> Vec<String> {
    let mut notes = Vec::new();
    if nas.secret.is_weak() {
        notes.push(
            "the RADIUS secret is short enough to be guessed; use 16 characters or more".to_owned(),
        );
    }
    if nas.message_authenticator == MessageAuthenticatorRule::Optional {
        notes.push(
            "requests without Message-Authenticator are accepted, so they can be forged".to_owned(),
        );
    }
    if nas.dae_address.is_none() {
        notes.push(
            "without an address for Disconnect and CoA, a used-up allowance ends a session only \
             by the limits that the access point keeps itself"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_a_login_page_carry_nothing_more() {
        for host in ["192.0.2.1", "login.park:3990", "[2001:db8::1]:80", "gate_1"] {
            assert!(is_host(host), "{host}");
        }
        for odd in ["", "http://x", "a/b", "a b", "user@x", "x?y", "x#y", "ممشى"] {
            assert!(!is_host(odd), "{odd}");
        }
    }
}
