//! Arriving: from an access point's redirect, or at the portal's door without one.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use domain::{ApiSite, Language, MacAddress, SiteName, VisitorHost};

use super::voucher;
use crate::app::{App, Message, Outcome, redirect, see_other};
use crate::context::{Trust, VisitContext};
use crate::failure::Failure;
use crate::nas::{ArrivalError, Occasion, Redirected, read_arrival};
use crate::places::Place;
use crate::random;
use crate::visit::{Peer, Visit};
use crate::wispr;

/// `GET /n/{portal_path}/`: takes the redirect's query and goes on with a token instead.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    arrive(app, path, uri, headers).await
}

/// `GET /guest/s/{site}/`: where UniFi redirects to, whatever it is told about a path. So the
/// controller's short name of the site leads to the access point, together with the host that the
/// browser came to where an access point has one of its own.
pub(crate) async fn enter_from_unifi(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let Ok(site) = site.parse::<ApiSite>() else {
        return app.message(&app.language_of(&headers, uri.query()), &NOT_RECOGNISED);
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.and_then(|host| host.host().parse::<VisitorHost>().ok());
    let own = site.unifi_path(host.as_ref());
    let path = match app.places.with_path(app.store.as_ref(), &own).await? {
        Some(_) => own,
        None => site.unifi_path(None),
    };
    arrive(app, path, uri, headers).await
}

async fn arrive(app: Arc<App>, path: String, uri: Uri, headers: HeaderMap) -> Outcome {
    let query = uri.query().unwrap_or("");
    let Some(Place { nas, site, .. }) = app.places.with_path(app.store.as_ref(), &path).await?
    else {
        tracing::debug!("a browser came by an unknown portal path");
        return app.message(&app.language_of(&headers, uri.query()), &NOT_RECOGNISED);
    };
    let origins = possible_origins(&app, &headers);
    let (path, at) = (uri.path(), app.now());
    let read = |query: &str| read_arrival(&nas, &Redirected { origins: &origins, path, query, at });
    let arrival = match read(query) {
        Err(ArrivalError::Encrypted(_)) => app.hidden.read(&nas, query, read).await,
        read => read,
    };
    let arrival = match arrival {
        Ok(arrival) => arrival,
        Err(error) => {
            tracing::debug!(nas = %nas.name, %error, "a redirect was refused");
            return app.message(&app.language_of(&headers, uri.query()), &NOT_RECOGNISED);
        }
    };
    let among = site.as_deref().map_or(&[][..], |site| &site.languages);
    let wanted = wanted_language(&app, uri.query(), arrival.device, &nas.site).await?;
    let wanted = wanted.filter(|language| among.is_empty() || among.contains(language));
    let wanted = wanted.unwrap_or_else(|| app.preferred_language(&headers, among));
    let scanned = voucher::carried(&app, arrival.wanted.as_deref());
    let arrived_at = match arrival.trust {
        Trust::Signed => app.redirects.first_seen(&nas.name, query, arrival.at),
        Trust::Unsigned => arrival.at,
    };
    let context = VisitContext {
        reference: random::reference()?,
        arrived_at,
        language: app.catalogue.one_of(wanted, among),
        nas: nas.name.clone(),
        device: arrival.device,
        address: arrival.address,
        trust: arrival.trust,
        turn: arrival.turn,
        // Who scanned a voucher wanted nothing else.
        wanted: arrival.wanted.filter(|_| scanned.is_none()),
        my_data: None,
    };
    tracing::debug!(nas = %context.nas, device = %context.device, "a device arrived");
    let page = match arrival.occasion {
        Occasion::Caught => scanned.as_deref().unwrap_or(""),
        Occasion::Online => "online",
        Occasion::Refused => "refused",
        Occasion::LoggedOff => "bye",
    };
    let token = app.signer.seal(&context, app.now());
    if page.is_empty()
        && wispr::is_asked_for(&headers)
        && let Some(site) = &site
    {
        return Ok(wispr::redirected(&app, site, &context.language, &token));
    }
    Ok(see_other(&format!("/v/{token}/{page}")))
}

const NOT_RECOGNISED: Message<'static> = Message {
    status: StatusCode::BAD_REQUEST,
    title: "e-arrival-title",
    text: "e-arrival",
    values: &[],
    action: None,
};

/// A language link counts first, then what the device's owner chose; the browser's wish comes
/// after that.
async fn wanted_language(
    app: &App,
    query: Option<&str>,
    device: MacAddress,
    site: &SiteName,
) -> Result<Option<Language>, Failure> {
    if let Some(language) = app.linked_language(query) {
        return Ok(Some(language));
    }
    let version = app.store.versions().of_device(device);
    let known = app.store.find_at_door(device, site, app.now()).await?;
    if known.is_stranger {
        app.strangers.remember(device, site, version);
    }
    Ok(known.language.filter(|language| app.catalogue.language(language.as_str()).is_some()))
}

/// The origins under which an access point may have addressed us. The Host header is the
/// visitor's, but it only chooses what a keyed digest is compared with.
fn possible_origins(app: &App, headers: &HeaderMap) -> Vec<String> {
    let own = [Some(&app.settings.public), app.settings.secure.as_ref()];
    let mut origins: Vec<String> = own
        .into_iter()
        .flatten()
        .map(|url| url.as_str().trim_end_matches('/').to_owned())
        .collect();
    if let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
        origins.extend(["http", "https"].map(|scheme| format!("{scheme}://{host}")));
    }
    origins
}

/// `GET /` and `GET /status` without a token: the device is found by its address, or else sent
/// where its gateway redirects it back with a context.
pub(crate) async fn at_the_door(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let language = app.language_of(&headers, query.as_deref());
    if let Some(token) = known_by_address(&app, peer, &language).await? {
        return Ok(see_other(&format!("/v/{token}/status")));
    }
    match way_back(&app, &headers) {
        Some(entry) => Ok(to_entry(entry)),
        None => app.message(&language, &CONNECT_FIRST),
    }
}

/// The token of a visit of the device that is online with that address, if one is.
pub(super) async fn known_by_address(
    app: &App,
    peer: IpAddr,
    language: &Language,
) -> Result<Option<String>, Failure> {
    let now = app.now();
    let Some(session) = app.presence.find(app.store.as_ref(), peer, now).await? else {
        return Ok(None);
    };
    let context = VisitContext {
        reference: random::reference()?,
        // Its session shows that it is there.
        arrived_at: now,
        nas: session.nas.clone(),
        device: session.device,
        address: Some(peer),
        trust: Trust::Unsigned,
        language: language.clone(),
        turn: None,
        wanted: None,
        my_data: None,
    };
    Ok(Some(app.signer.seal(&context, now)))
}

/// Where a browser without context is sent, so that its gateway sends it back with one.
pub(super) fn way_back<'a>(app: &'a App, headers: &HeaderMap) -> Option<&'a url::Url> {
    app.settings.entry.as_ref().filter(|entry| !is_addressed_to(headers, entry))
}

pub(super) fn to_entry(entry: &url::Url) -> Response {
    redirect(StatusCode::FOUND, entry.as_str())
}

/// Whether the request went to `url`'s host and port; to redirect it there again would never end.
fn is_addressed_to(headers: &HeaderMap, url: &url::Url) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(asked) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let is_same_host = url.host_str().is_some_and(|known| known.eq_ignore_ascii_case(asked.host()));
    is_same_host && url.port_or_known_default() == asked.port_u16().or(Some(80))
}

const CONNECT_FIRST: Message<'static> = Message {
    status: StatusCode::OK,
    title: "connect-title",
    text: "connect-body",
    values: &[],
    action: None,
};

/// `GET /v/{token}/refused`: the access point did not take the login.
pub(crate) async fn refused(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let message = Message {
        status: StatusCode::BAD_GATEWAY,
        title: "e-refused-title",
        text: "e-refused",
        values: &[],
        action: Some(("go", "again")),
    };
    visit.message(&app, &message)
}
