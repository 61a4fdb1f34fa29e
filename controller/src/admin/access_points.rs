//! Access points. A secret leaves only in the answer to the request that made it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{
    AclName, ControllerApi, HandOff, HandOffMethod, MessageAuthenticatorRule, Nas, NasName,
    NasProfile, Secret,
};
use ipnet::IpNet;
use serde_json::Value;
use store::{Act, AuditSubject};

use super::api::{
    AccessPoint, AccessPointAdded, AccessPointShown, AddAccessPoint, ChangeAccessPoint, List,
    NewApi, NewHandOff, Removed,
};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;
use super::{AdminApi, NewAccessPoints};
use crate::{direction_watch, random};

/// Octets of the longest secret that is taken.
const LONGEST_SECRET: usize = 253;
/// Letters and digits of the longest portal path.
const LONGEST_PATH: usize = 64;
/// Prefixes of the largest networks that can be declared.
const LARGEST_IPV4: u8 = 8;
const LARGEST_IPV6: u8 = 16;

pub(super) async fn list(State(api): State<AdminApi>) -> Result<Json<List<AccessPoint>>, Refusal> {
    let all = api.store.list_access_points().await?;
    Ok(Json(List { items: all.iter().map(AccessPoint::from).collect() }))
}

pub(super) async fn show(
    State(api): State<AdminApi>,
    Named(name): Named<NasName>,
) -> Result<Json<AccessPointShown>, Refusal> {
    let nas = api.store.find_access_point(&name).await?;
    let nas = nas.ok_or_else(|| Refusal::not_found("access point", &name))?;
    let octet_balance =
        api.store.octet_balance(&name, direction_watch::lately(api.clock.now())).await?;
    Ok(Json(AccessPointShown {
        access_point: AccessPoint::from(&nas),
        octet_balance,
        octets_look_swapped: octet_balance.looks_swapped(),
        activity: api.about.activity.as_ref().and_then(|seen| seen.of(&name)),
    }))
}

pub(super) async fn add(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<AddAccessPoint>,
) -> Result<(StatusCode, Json<AccessPointAdded>), Refusal> {
    let nas = nas(request, &api.about.new_access_points).map_err(Refusal::invalid)?;
    refuse_shared_certificate(&api, &nas).await?;
    let note = Note::of(Act::AccessPointAdded).about(AuditSubject::AccessPoint(nas.name.clone()));
    let note = note.with("access_point", told(&nas));
    api.on_record(&by, note).add_access_point(&nas).await?;
    tracing::info!(nas = %nas.name, site = %nas.site, "access point added");
    let mut notes = secret_notes(&api, &nas).await?;
    notes.extend(notes_on(&nas));
    // What only RADIUS and the portal must know is shown to nobody.
    let is_ours = nas.hand_off.method.redirects_by_radius();
    let added = AccessPointAdded {
        access_point: AccessPoint::from(&nas),
        notes,
        hand_off_secret: nas.hand_off.secret.clone().filter(|_| !is_ours),
        secret: nas.secret,
    };
    Ok((StatusCode::CREATED, Json(added)))
}

pub(super) async fn change(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<NasName>,
    Body(request): Body<ChangeAccessPoint>,
) -> Result<Json<AccessPoint>, Refusal> {
    let before = api.store.find_access_point(&name).await?;
    let before = before.ok_or_else(|| Refusal::not_found("access point", &name))?;
    // What cannot be is found on a copy; it is then applied to what is there at that moment.
    let mut wanted = before;
    apply(&request, &mut wanted).map_err(Refusal::invalid)?;
    refuse_shared_certificate(&api, &wanted).await?;
    let mut change = |nas: &mut Nas| {
        let mut changed = nas.clone();
        if apply(&request, &mut changed).is_ok() {
            *nas = changed;
        }
    };
    let note = Note::of(Act::AccessPointChanged).about(AuditSubject::AccessPoint(name.clone()));
    let store = api.on_record(&by, note.with("access_point", told(&wanted)));
    let nas = store.change_access_point(&name, &mut change).await?;
    let nas = nas.ok_or_else(|| Refusal::not_found("access point", &name))?;
    tracing::info!(nas = %name, "access point changed");
    Ok(Json(AccessPoint::from(&nas)))
}

pub(super) async fn remove(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<NasName>,
) -> Result<Json<Removed>, Refusal> {
    let note = Note::of(Act::AccessPointRemoved).about(AuditSubject::AccessPoint(name.clone()));
    if !api.on_record(&by, note).remove_access_point(&name).await? {
        return Err(Refusal::not_found("access point", name));
    }
    tracing::info!(nas = %name, "access point removed");
    Ok(Json(Removed { removed: name.to_string() }))
}

/// An access point for the audit log: neither its secrets nor the path that leads to it.
fn told(nas: &Nas) -> Value {
    let mut told = serde_json::to_value(AccessPoint::from(nas)).unwrap_or_default();
    if let Some(fields) = told.as_object_mut() {
        fields.remove("portal_path");
    }
    told
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
pub(super) fn nas(request: AddAccessPoint, new: &NewAccessPoints) -> Result<Nas, String> {
    let hand_off = hand_off(request.hand_off, request.profile)?;
    let portal_path = request.portal_path.or_else(|| api_path(&hand_off));
    let portal_path = portal_path.unwrap_or_else(random::portal_path);
    let plain = portal_path.expose().bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain || !(8..=LONGEST_PATH).contains(&portal_path.expose().len()) {
        return Err("portal_path must be 8 to 64 letters and digits".to_owned());
    }
    let message_authenticator = match request.profile {
        // Our own gateway has always sent it.
        NasProfile::Sabeel => MessageAuthenticatorRule::Required,
        // It speaks no RADIUS that an old version of it could leave it out of.
        profile if !profile.speaks_radius() => MessageAuthenticatorRule::Required,
        _ => new.message_authenticator,
    };
    Ok(Nas {
        name: request.name,
        site: request.site,
        addresses: particular(request.addresses)?,
        identifier: request.identifier,
        certificate: request.certificate,
        secret: request.secret.map(acceptable).transpose()?.unwrap_or_else(random::radius_secret),
        former_secret: None,
        profile: request.profile,
        message_authenticator: request.message_authenticator.unwrap_or(message_authenticator),
        proxy_state: request.proxy_state.unwrap_or(new.proxy_state),
        status_server: request.status_server,
        octet_direction: request.octet_direction,
        dae_address: request.dae_address,
        hand_off,
        portal_path,
    })
}

fn hand_off(wanted: NewHandOff, profile: NasProfile) -> Result<HandOff, String> {
    let NewHandOff { method, secret, hosts, api, sends, redirect_acl } = wanted;
    let method = method.unwrap_or(match hosts.is_empty() && profile.own_hand_off().is_none() {
        true => HandOffMethod::MacAuthentication,
        false => profile.browser_hand_off(),
    });
    if !profile.goes_with(method) {
        return Err(format!(
            "the hand-off {} does not go with the profile {}",
            method.as_str(),
            profile.as_str()
        ));
    }
    let api = api.map(controller_api).transpose()?;
    let is_own = profile == NasProfile::Sabeel && method == HandOffMethod::MacAuthentication;
    let by_radius = method.redirects_by_radius();
    let is_made = is_own || method.asks_portal() || by_radius;
    let secret = secret.or_else(|| is_made.then(random::radius_secret));
    let sends = sends.unwrap_or(method.usual_sends());
    let redirect_acl = redirect_acl.or_else(|| by_radius.then(AclName::default));
    let hand_off = HandOff { method, secret, hosts, api, redirect_acl, sends };
    hand_off.check().map_err(|error| error.to_string())?;
    if api_path(&hand_off).is_some_and(|path| path.expose().len() > LONGEST_PATH) {
        return Err("the site and the host that visitors come to are too long together".to_owned());
    }
    Ok(hand_off)
}

fn controller_api(wanted: NewApi) -> Result<ControllerApi, String> {
    let NewApi { url, site, visitor_host, user, key, certificate } = wanted;
    let key = key.ok_or("the API of the controller needs a key")?;
    if certificate.as_ref().is_some_and(|pinned| !pinned.is_fingerprint()) {
        return Err("the API's certificate is named by sha256: and its fingerprint".to_owned());
    }
    let site = site.unwrap_or_default();
    Ok(ControllerApi { url, site, visitor_host, user, key, certificate })
}

/// The path segment by which visitors of a UniFi controller's site come: what that redirects to
/// has its own name of the site for a path, and nothing that only we would know but the host.
fn api_path(hand_off: &HandOff) -> Option<Secret> {
    let api = hand_off.api.as_ref().filter(|_| hand_off.method == HandOffMethod::UnifiApi)?;
    api.site.unifi_path(api.visitor_host.as_ref()).parse().ok()
}

/// Changes what the request names.
fn apply(request: &ChangeAccessPoint, nas: &mut Nas) -> Result<(), String> {
    let request = request.clone();
    replace(&mut nas.site, request.site);
    replace(&mut nas.addresses, request.addresses.map(particular).transpose()?);
    replace(&mut nas.identifier, request.identifier);
    replace(&mut nas.certificate, request.certificate);
    replace(&mut nas.profile, request.profile);
    replace(&mut nas.message_authenticator, request.message_authenticator);
    replace(&mut nas.proxy_state, request.proxy_state);
    replace(&mut nas.status_server, request.status_server);
    replace(&mut nas.octet_direction, request.octet_direction);
    replace(&mut nas.dae_address, request.dae_address);
    if let Some(mut wanted) = request.hand_off {
        let has_page = nas.hand_off.method != HandOffMethod::MacAuthentication;
        if let (Some(wanted), Some(api)) = (&mut wanted.api, &nas.hand_off.api) {
            wanted.key.get_or_insert_with(|| api.key.clone());
            wanted.site.get_or_insert_with(|| api.site.clone());
            wanted.visitor_host = wanted.visitor_host.take().or_else(|| api.visitor_host.clone());
        }
        wanted.method = wanted.method.or(has_page.then_some(nas.hand_off.method));
        if wanted.sends.is_some() && wanted.hosts.is_empty() {
            // The rule alone changes.
            wanted.hosts.clone_from(&nas.hand_off.hosts);
        }
        let stays = wanted.secret.is_none();
        let list_stays = wanted.redirect_acl.is_none();
        let rule_stays = wanted.sends.is_none();
        let mut changed = hand_off(wanted, nas.profile)?;
        if stays && changed.method == nas.hand_off.method && nas.hand_off.secret.is_some() {
            changed.secret.clone_from(&nas.hand_off.secret);
        }
        if rule_stays && changed.method == nas.hand_off.method {
            changed.sends = nas.hand_off.sends;
        }
        if list_stays && changed.method == nas.hand_off.method {
            changed.redirect_acl.clone_from(&nas.hand_off.redirect_acl);
        }
        match (api_path(&nas.hand_off), api_path(&changed)) {
            (_, Some(path)) if nas.hand_off.api != changed.api => nas.portal_path = path,
            // What everybody could know leads nowhere any more.
            (Some(_), None) => nas.portal_path = random::portal_path(),
            _ => {}
        }
        nas.hand_off = changed;
    } else if !nas.profile.goes_with(nas.hand_off.method) {
        return Err("name the hand-off of the new profile too".to_owned());
    }
    Ok(())
}

/// The network of `addresses`, which must not be so large that any sender is in it.
pub(super) fn particular(addresses: IpNet) -> Result<IpNet, String> {
    let least = if addresses.addr().is_ipv4() { LARGEST_IPV4 } else { LARGEST_IPV6 };
    if addresses.prefix_len() < least {
        return Err(format!(
            "{addresses} is so large that strangers are in it; name the networks that access \
             points are in, of /{least} or smaller"
        ));
    }
    Ok(addresses.trunc())
}

fn replace<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}

/// A secret that can be typed into an access point.
pub(super) fn acceptable(secret: Secret) -> Result<Secret, String> {
    if secret.expose().len() > LONGEST_SECRET {
        return Err(format!("the secret has more than {LONGEST_SECRET} octets"));
    }
    Ok(secret)
}

/// What an admin should know about the present secret of an access point.
pub(super) async fn secret_notes(api: &AdminApi, nas: &Nas) -> Result<Vec<String>, Refusal> {
    let others = api.store.list_access_points().await?;
    Ok(weakness_note(&nas.secret).into_iter().chain(sharing_note(&others, nas)).collect())
}

pub(super) fn weakness_note(secret: &Secret) -> Option<String> {
    let note = "the RADIUS secret is short enough to be guessed; use 16 characters or more";
    secret.is_weak().then(|| note.to_owned())
}

pub(super) fn sharing_note(others: &[Nas], nas: &Nas) -> Option<String> {
    let shares = |other: &&Nas| other.name != nas.name && other.secret == nas.secret;
    others.iter().find(shares).map(|sharer| {
        format!(
            "access point {} has the same secret, so each of the two can pretend to be the other",
            sharer.name
        )
    })
}

/// What an admin should know where a link alone opens the way.
const OPENED_BY_LINK: &str = "whoever reads the redirect can open the way without a \
     code; only time is counted, whether the device is there or not, and nobody can be taken offline";

/// What an admin should know where a CoA is what gets a visitor online.
const ONLINE_BY_COA: &str = "without an address for CoA nobody who signs in gets online: only a CoA \
     makes the controller ask about a device again that it has let through to the portal";

/// What else an admin should know.
pub(super) fn notes_on(nas: &Nas) -> Vec<String> {
    let mut notes = Vec::new();
    match nas.message_authenticator {
        MessageAuthenticatorRule::Optional => notes.push(
            "requests without Message-Authenticator are accepted, so they can be forged".to_owned(),
        ),
        MessageAuthenticatorRule::Learn => notes.push(
            "requests without Message-Authenticator are accepted until the first one that has it"
                .to_owned(),
        ),
        MessageAuthenticatorRule::Required | MessageAuthenticatorRule::Learnt => {}
    }
    notes.extend(nas.hand_off.method.opens_by_link().then(|| OPENED_BY_LINK.to_owned()));
    let is_told = nas.hand_off.method.tells_api();
    if nas.dae_address.is_none()
        && nas.certificate.is_none()
        && nas.profile.speaks_radius()
        && !is_told
    {
        notes.extend(nas.hand_off.method.redirects_by_radius().then(|| ONLINE_BY_COA.to_owned()));
        notes.push(
            "without an address for Disconnect and CoA, a used-up allowance ends a session only \
             by the limits that the access point keeps itself"
                .to_owned(),
        );
    }
    notes
}
