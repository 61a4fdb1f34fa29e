//! The captive portal API (RFC 8908): a phone asks whether it is captive, before and
//! after login.
//!
//! The access point is known by the path. The device is known by a signed query where
//! the access point can sign, else by the address that the request comes from.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{
    Assessment, Doors, Grant, HandOff, HandOffMethod, MacAddress, Nas, Session, Site, Timestamp,
    WebAddress, code_gives_more,
};
use serde::Serialize;
use store::{Standing, StoreError, standing_of};
use url::Url;

use crate::app::{App, Outcome, see_other};
use crate::context::{Trust, VisitContext};
use crate::failure::Failure;
use crate::nas::{ArrivalError, RedirectQuery, SignedIdentity};
use crate::places::Place;
use crate::random;
use crate::stage::ends_soon;
use crate::visit::Peer;
use crate::weighted::weighted;

const MEDIA_TYPE: &str = "application/captive+json";

/// The answer's keys (RFC 8908 §5).
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CaptiveState {
    captive: bool,
    user_portal_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    venue_info_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_extend_session: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_remaining: Option<u64>,
}

/// `GET /n/{portal_path}/capport`
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
) -> Outcome {
    let Some(Place { nas, site, .. }) = app.places.with_path(app.store.as_ref(), &path).await?
    else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let signed = match signed_identity(&app, &nas, query.as_deref().unwrap_or("")) {
        Ok(identity) => identity,
        Err(error) => {
            tracing::debug!(nas = %nas.name, %error, "an API query was refused");
            return Ok(StatusCode::FORBIDDEN.into_response());
        }
    };
    let session = match signed {
        Some(identity) => app.store.find_open_session(&nas.name, identity.device).await?,
        None => app.store.find_open_session_by_address(&nas.name, peer).await?,
    };
    if session.is_none() && signed.is_none() && nas.addresses.contains(&peer) {
        // Its address translation hides who asks. To call all of them captive would make phones
        // that are online leave; without an answer they go by their probes.
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let portal = portal_url(&app, &nas, &headers, signed)?;
    match wish_of(&headers) {
        Wish::Page => Ok(see_other(&portal)),
        Wish::Nothing => Ok(StatusCode::NOT_ACCEPTABLE.into_response()),
        Wish::State => {
            let venue = venue_of(&app, site.as_deref());
            let doors = site.map_or(Doors::Open { until: None }, |site| site.doors(app.now()));
            let session = session.as_ref();
            Ok(json(&state(&app, (&nas, doors), session, (portal, venue)).await?))
        }
    }
}

/// The device that a good signature names. A signature that has grown old names nobody, for a
/// phone keeps asking by the address that it learned when it joined.
fn signed_identity(
    app: &App,
    nas: &Nas,
    query: &str,
) -> Result<Option<SignedIdentity>, ArrivalError> {
    let HandOff { method: HandOffMethod::MacAuthentication, secret: Some(secret), .. } =
        &nas.hand_off
    else {
        return Ok(None);
    };
    let query = RedirectQuery::parse(query)?;
    if query.find("sig")?.is_none() {
        return Ok(None);
    }
    match SignedIdentity::read(secret, &query, app.now()) {
        Ok(identity) => Ok(Some(identity)),
        Err(ArrivalError::Stale) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a person goes on, over TLS if we have it (RFC 8908 §5): the device's own page if it is
/// known, else the door, which leads to where its gateway gives it a context.
fn portal_url(
    app: &App,
    nas: &Nas,
    headers: &HeaderMap,
    signed: Option<SignedIdentity>,
) -> Result<String, Failure> {
    let origin = app.safest_origin();
    let Some(SignedIdentity { device, address, at }) = signed else {
        return Ok(origin.to_string());
    };
    let context = VisitContext {
        reference: random::reference()?,
        arrived_at: at,
        nas: nas.name.clone(),
        device,
        address,
        trust: Trust::Signed,
        language: app.preferred_language(headers, &[]),
        turn: None,
        wanted: None,
        my_data: None,
    };
    let token = app.signer.seal(&context, app.now());
    Ok(format!("{origin}v/{token}/"))
}

/// The page about the place: the site's, else the portal's.
fn venue_of(app: &App, site: Option<&Site>) -> Option<String> {
    let of_site = site.and_then(|site| site.venue.as_ref()).map(WebAddress::to_string);
    of_site.or_else(|| app.settings.venue.as_ref().map(Url::to_string))
}

async fn state(
    app: &App,
    (nas, doors): (&Nas, Doors),
    session: Option<&Session>,
    (user_portal_url, venue_info_url): (String, Option<String>),
) -> Result<CaptiveState, Failure> {
    let captive =
        CaptiveState { captive: true, user_portal_url, venue_info_url, ..CaptiveState::default() };
    let (Some(session), Doors::Open { until }) = (session, doors) else { return Ok(captive) };
    let now = app.now();
    let Some((grant, standing)) = standing(app, session.device, now).await? else {
        return Ok(CaptiveState { captive: false, can_extend_session: Some(false), ..captive });
    };
    let ends_soon = ends_soon(&grant, now);
    let until_end = until.into_iter().chain(ends_soon).min().map(|at| at.since(now));
    let can_extend_session =
        Some(code_gives_more(&standing.plan, &standing.used) || ends_soon.is_some());
    let open = CaptiveState { captive: false, can_extend_session, ..captive };
    Ok(match standing.assessment.at(nas.profile) {
        Assessment::Within(left) => CaptiveState {
            seconds_remaining: time_left(left.time, until_end),
            bytes_remaining: left.data.map(|data| data.get()),
            ..open
        },
        Assessment::Slowed { .. } => {
            CaptiveState { seconds_remaining: time_left(None, until_end), ..open }
        }
        Assessment::Exhausted { .. } => {
            CaptiveState { captive: true, can_extend_session: None, ..open }
        }
    })
}

/// Whole seconds until the first of two ends.
fn time_left(allowance: Option<Duration>, until_end: Option<Duration>) -> Option<u64> {
    allowance.into_iter().chain(until_end).min().map(|time| time.as_secs())
}

/// The permission of a device, and how its holder stands.
async fn standing(
    app: &App,
    device: MacAddress,
    now: Timestamp,
) -> Result<Option<(Grant, Standing)>, StoreError> {
    let grant = app.store.find_grant(device).await?.filter(|grant| grant.holds(now));
    let Some(grant) = grant else { return Ok(None) };
    let standing = standing_of(app.store.as_ref(), &grant, now).await?;
    Ok(standing.map(|standing| (grant, standing)))
}

/// Whether a session that goes on is about to be ended, since nothing is left or the site is closed:
/// the visitor is better served by the page than by being told that all is well.
pub(crate) async fn is_over(app: &App, session: &Session) -> Result<bool, StoreError> {
    let place = app.places.named(app.store.as_ref(), &session.nas).await?;
    let Some(Place { nas, site, .. }) = place else { return Ok(false) };
    if site.is_some_and(|site| matches!(site.doors(app.now()), Doors::Closed { .. })) {
        return Ok(true);
    }
    let standing = standing(app, session.device, app.now()).await?;
    let assessment = standing.map(|(_, standing)| standing.assessment.at(nas.profile));
    Ok(matches!(assessment, Some(Assessment::Exhausted { .. })))
}

fn json(state: &CaptiveState) -> Response {
    let headers =
        [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "private, no-store")];
    match serde_json::to_string(state) {
        Ok(text) => (headers, text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the client wants to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// The API's answer.
    State,
    /// A page: somebody opened the API's address in a browser.
    Page,
    /// Something that does not exist here.
    Nothing,
}

/// Reads Accept (RFC 9110 §12.5.1); without one, the API's answer is wanted.
fn wish_of(headers: &HeaderMap) -> Wish {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Wish::State;
    }
    let (mut exact, mut wildcard, mut page) = (None, None, 0);
    for range in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let (name, weight) = weighted(range);
        match name.to_ascii_lowercase().as_str() {
            MEDIA_TYPE | "application/json" => exact = exact.max(Some(weight)),
            "application/*" | "*/*" => wildcard = wildcard.max(Some(weight)),
            "text/html" => page = page.max(weight),
            _ => {}
        }
    }
    let state = exact.or(wildcard).unwrap_or(0);
    match (state, page) {
        (0, 0) => Wish::Nothing,
        (state, page) if page > state => Wish::Page,
        _ => Wish::State,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_as_a_weighted_list() {
        for (accept, expected) in [
            (None, Wish::State),
            (Some("application/captive+json"), Wish::State),
            (Some("application/captive+json, */*"), Wish::State),
            (Some("text/html;q=0.5, application/captive+json"), Wish::State),
            (Some("APPLICATION/CAPTIVE+JSON;q=0.4"), Wish::State),
            (Some("*/*"), Wish::State),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), Wish::Page),
            (Some("application/captive+json;q=0, image/png"), Wish::Nothing),
            (Some("image/png"), Wish::Nothing),
            (Some(""), Wish::Nothing),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(wish_of(&headers), expected, "{accept:?}");
        }
    }
}
