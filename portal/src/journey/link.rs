//! A link in a message: it does what the code beside it does, in whatever browser it is opened.
//!
//! The browser is not the device's own, as a rule: messages open another one, often over mobile data.
//! So the page says which device it is about, only its button lets the device in, and the page gives
//! nobody a way to the pages of the device. Looking uses nothing up, whoever looks: phones and
//! scanners fetch links by themselves.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::{ChallengeState, Doors, Language, LinkToken, MacAddress, Nas, Site, Timestamp};
use store::{Attempt, Linked, Proof, Sought};

use super::{code, devices, say_closed};
use crate::app::{App, Message, Outcome, see_other};
use crate::catalogue::{Html, ltr};
use crate::failure::Failure;
use crate::hand_off;
use crate::screen::{Frame, LinkScreen, render};
use crate::server::source_of;
use crate::visit::{Peer, banners};
use crate::wording;

/// A request for a link that a message carried, whether it is still good or not.
pub(crate) struct Followed {
    token: LinkToken,
    linked: Linked,
    device: MacAddress,
    site: Site,
    /// Where the device is, if that access point is still there.
    nas: Option<Nas>,
    language: Language,
    now: Timestamp,
}

impl FromRequestParts<Arc<App>> for Followed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let query = parts.uri.query().map(str::to_owned);
        let language = app.language_of(&parts.headers, query.as_deref());
        let page = |outcome: Outcome| outcome.unwrap_or_else(IntoResponse::into_response);
        let source = parts.extensions.get().map_or([0; 4].into(), |Peer(peer)| source_of(*peer));
        if let Err(wait) = app.budgets.admit_link(source) {
            let wait = wording::wait(&app.catalogue.words(&language), wait);
            let message = Message { values: &[("t", &wait)], ..BUSY };
            return Err(page(app.message(&language, &message)));
        }
        let token = Path::<String>::from_request_parts(parts, app).await;
        let token = token.ok().and_then(|Path(token)| token.parse::<LinkToken>().ok());
        let old = || page(app.message(&language, &OLD));
        let Some(token) = token else { return Err(old()) };
        let found = find(app, token).await.map_err(IntoResponse::into_response)?;
        let mut followed = found.ok_or_else(old)?;
        let linked = app.linked_language(query.as_deref());
        let language = linked.unwrap_or_else(|| followed.linked.challenge.language.clone());
        followed.language = app.catalogue.one_of(language, &followed.site.languages);
        Ok(followed)
    }
}

/// What a token leads to, unless it is nobody's or its site was removed.
async fn find(app: &App, token: LinkToken) -> Result<Option<Followed>, Failure> {
    let Some(linked) = app.store.find_linked(&token).await? else { return Ok(None) };
    let Some((site, device)) = linked.challenge.binding.device() else { return Ok(None) };
    let Some(site) = app.store.find_site(site).await? else { return Ok(None) };
    let nas = match &linked.nas {
        Some(nas) => app.store.find_access_point(nas).await?,
        None => None,
    };
    let language = linked.challenge.language.clone();
    Ok(Some(Followed { token, linked, device, site, nas, language, now: app.now() }))
}

const BUSY: Message<'static> = Message {
    status: StatusCode::TOO_MANY_REQUESTS,
    title: "e-wait-title",
    text: "e-busy",
    values: &[],
    action: None,
};

/// The same for a link that never was.
const OLD: Message<'static> = Message {
    status: StatusCode::GONE,
    title: "e-link-title",
    text: "e-link-used",
    values: &[],
    action: None,
};

impl Followed {
    fn frame<'a>(&'a self, app: &'a App, title: &str, page: &str) -> Frame<'a> {
        let words = app.catalogue.words(&self.language).of_site(&self.site.texts);
        Frame {
            words,
            title: Html::heading(&words.text(title)),
            site: Html::heading(self.site.title.in_language(&self.language)),
            others: app.catalogue.others(&self.language, &self.site.languages),
            banners: banners(&self.site, words, self.now),
            look: &self.site.look,
            base: "/".to_owned(),
            here: format!("t/{}{page}", self.token.expose()).into(),
            keep: String::new(),
        }
    }

    fn message(&self, app: &App, page: &str, message: &Message<'_>) -> Outcome {
        app.framed_message(self.frame(app, message.title, page), message, "")
    }

    fn is_good(&self, app: &App) -> bool {
        let Linked { challenge, expires_at, .. } = &self.linked;
        challenge.is_pending(&app.policy, self.now) && self.now < *expires_at
    }
}

/// `GET /t/{token}`: asks whether the device shall be let online.
pub(crate) async fn show(State(app): State<Arc<App>>, followed: Followed) -> Outcome {
    if !followed.is_good(&app) {
        return followed.message(&app, "", &OLD);
    }
    let frame = followed.frame(&app, "link-title", "");
    let challenge = &followed.linked.challenge;
    let (device, phone) = (ltr(devices::masked(followed.device)), ltr(challenge.phone.masked()));
    let clock = wording::clock(&followed.site.zone, challenge.created_at);
    let values = [("device", device.as_str()), ("clock", &clock), ("phone", &phone)];
    let asked = Html::new(&frame.words.fill("link-asked", &values));
    render(StatusCode::OK, &LinkScreen { frame, asked }, &followed.language, "")
}

/// `POST /t/{token}`: lets the device online, once.
pub(crate) async fn open(State(app): State<Arc<App>>, followed: Followed) -> Outcome {
    if let Doors::Closed { opens_at, closes_at } = followed.site.doors(followed.now) {
        let say = |message: &Message<'_>| followed.message(&app, "", message);
        return say_closed(&followed.site, (opens_at, closes_at), say);
    }
    let Followed { token, linked, site, language, now, .. } = &followed;
    let proof = Proof::Link(token);
    let attempt = Attempt { challenge: Sought::Id(linked.challenge.id), proof, at: *now };
    let prize = code::find_prize(&app, site, followed.device, language, *now).await?;
    let after = see_other(&format!("/t/{}/opened", token.expose()));
    // Who taps twice is shown what the first tap did.
    let Ok(outcome) = app.store.win(&attempt, &app.policy, &prize).await? else { return Ok(after) };
    tracing::debug!(
        site = %outcome.grant.site, device = %outcome.grant.device, grant = %outcome.grant.id,
        retired = outcome.retired.len(), "a device signed in by a link"
    );
    if let Some(nas) = followed.nas.as_ref().filter(|nas| !nas.hand_off.method.has_login_page()) {
        hand_off::order(&app, &nas.name, followed.device, *now).await?;
    }
    Ok(after)
}

/// `GET /t/{token}/opened`: says what happens now.
pub(crate) async fn opened(State(app): State<Arc<App>>, followed: Followed) -> Outcome {
    let Linked { challenge, expires_at, .. } = &followed.linked;
    if challenge.state != ChallengeState::Verified || followed.now >= *expires_at {
        return Ok(see_other(&format!("/t/{}", followed.token.expose())));
    }
    let is_told = followed.nas.as_ref().is_some_and(|nas| !nas.hand_off.method.has_login_page());
    let message = Message {
        status: StatusCode::OK,
        title: "link-opened-title",
        text: if is_told { "link-opened" } else { "link-opened-reopen" },
        values: &[],
        action: None,
    };
    followed.message(&app, "/opened", &message)
}
