//! A request with a good token: who is there, at which access point and site.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::{Binding, Language, Nas, Notice, Session, Site, Timestamp, VisitRecord};
use store::Version;
use url::Url;

use crate::app::{App, Message, Outcome, mark, see_other};
use crate::catalogue::{Html, Words};
use crate::context::{Pass, Trust, VisitContext};
use crate::failure::Failure;
use crate::nas;
use crate::places::Place;
use crate::screen::Frame;
use crate::server::Transport;

/// The address that a connection comes from; set by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// Who is there, and where.
pub(crate) struct Visit {
    pub context: VisitContext,
    pub nas: Arc<Nas>,
    pub site: Arc<Site>,
    /// The version of setup of both.
    pub setup: Version,
    pub peer: IpAddr,
    /// How this request came.
    pub transport: Transport,
    /// The request's own query, for marks such as `e`.
    query: Option<String>,
    /// The token, renewed if it was old.
    token: String,
    pub now: Timestamp,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Path(token) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| StatusCode::NOT_FOUND.into_response())?;
        let peer = parts.extensions.get().map_or(IpAddr::from([0; 4]), |Peer(peer)| *peer);
        let transport = parts.extensions.get().copied().unwrap_or(Transport::Plain);
        let query = parts.uri.query();
        let visit = Self::open(app, token, query, peer, transport).await;
        visit.map_err(|refusal| match refusal {
            NoVisit::Failed(failure) => failure.into_response(),
            NoVisit::Forged => refused(app, &app.language_of(&parts.headers, query)),
            NoVisit::Gone(language) => refused(app, &language),
        })
    }
}

/// Why there is no visit.
pub(crate) enum NoVisit {
    /// The token is none of ours, or too old.
    Forged,
    /// Access point or site were removed; whoever is there reads this language.
    Gone(Language),
    Failed(Failure),
}

pub(crate) const TOKEN_REFUSED: Message<'static> = Message {
    status: StatusCode::FORBIDDEN,
    title: "e-token-title",
    text: "e-token",
    values: &[],
    action: Some(("/", "login-page")),
};

fn refused(app: &App, language: &Language) -> Response {
    app.message(language, &TOKEN_REFUSED).unwrap_or_else(IntoResponse::into_response)
}

impl Visit {
    /// The visit of a token, and of a request with such a query.
    pub(crate) async fn open(
        app: &App,
        token: String,
        query: Option<&str>,
        peer: IpAddr,
        transport: Transport,
    ) -> Result<Self, NoVisit> {
        let now = app.now();
        let linked = app.linked_language(query);
        let (mut context, is_old) = app.signer.open(&token, now).map_err(|error| {
            tracing::debug!(%error, "a visit's token was refused");
            NoVisit::Forged
        })?;
        let wanted = linked.unwrap_or_else(|| context.language.clone());
        let place = app.places.named(app.store.as_ref(), &context.nas).await;
        let place = place.map_err(|error| NoVisit::Failed(error.into()))?;
        let Some(Place { version: setup, nas, site: Some(site) }) = place else {
            return Err(NoVisit::Gone(wanted));
        };
        let language = app.catalogue.one_of(wanted, &site.languages);
        let is_as_before = language == context.language && !is_old;
        context.language = language;
        let token = if is_as_before { token } else { app.signer.seal(&context, now) };
        let query = query.map(str::to_owned);
        Ok(Self { context, nas, site, setup, peer, transport, query, token, now })
    }

    pub(crate) fn words<'a>(&'a self, app: &'a App) -> Words<'a> {
        app.catalogue.words(&self.context.language).of_site(&self.site.texts)
    }

    /// The value of one of our own marks in the query.
    pub(crate) fn mark(&self, name: &str) -> Option<String> {
        mark(self.query.as_deref(), name)
    }

    /// The part of its pages' addresses that proves who it is.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn into_token(self) -> String {
        self.token
    }

    /// Sends the browser to a page of this visit; `""` is its first page.
    pub(crate) fn go(&self, page: &str) -> Response {
        see_other(&self.path(page))
    }

    /// The path of a page of this visit.
    pub(crate) fn path(&self, page: &str) -> String {
        format!("/v/{}/{page}", self.token)
    }

    /// The whole address of a page of this visit.
    pub(crate) fn address(&self, app: &App, page: &str) -> String {
        self.address_at(app.safest_origin(), page)
    }

    /// The same below one of our addresses.
    pub(crate) fn address_at(&self, origin: &Url, page: &str) -> String {
        format!("{origin}v/{}/{page}", self.token)
    }

    /// The frame of a page of this visit.
    pub(crate) fn frame<'a>(&'a self, app: &'a App, title: &str, here: &'static str) -> Frame<'a> {
        let words = self.words(app);
        Frame {
            words,
            title: Html::heading(&words.text(title)),
            site: Html::heading(self.site.title.in_language(&self.context.language)),
            others: app.catalogue.others(&self.context.language, &self.site.languages),
            banners: banners(&self.site, words, self.now),
            look: &self.site.look,
            base: format!("/v/{}/", self.token),
            here: here.into(),
            keep: String::new(),
        }
    }

    /// A page with one message.
    pub(crate) fn message(&self, app: &App, message: &Message<'_>) -> Outcome {
        app.framed_message(self.frame(app, message.title, ""), message, &self.form_targets(app))
    }

    /// Where a form may lead besides the origin that it stands on, as CSP `form-action` sources.
    pub(crate) fn form_targets(&self, app: &App) -> String {
        let mut targets = app.settings.form_targets.clone();
        if let Some(page) = self.login_page() {
            targets.push(' ');
            targets.push_str(&page.origin().ascii_serialization());
        }
        targets
    }

    /// The access point's own login page, if it has one at an allowed host.
    pub(crate) fn login_page(&self) -> Option<Url> {
        let hand_off = &self.nas.hand_off;
        let page = match &self.context.turn {
            Some(turn) => turn.page.parse().ok(),
            None => {
                let host = hand_off.hosts.first()?;
                nas::dialect(hand_off.method).login_page(host)
            }
        };
        page.filter(|page| nas::is_allowed(hand_off, page))
    }

    /// What the codes are bound to that let the device online here.
    pub(crate) fn sign_in(&self) -> Binding {
        Binding::SignIn { site: self.site.name.clone(), device: self.context.device }
    }

    /// What the codes are bound to that show here what is kept about the device's owner.
    pub(crate) fn my_data(&self) -> Binding {
        Binding::MyData { site: self.site.name.clone(), device: self.context.device }
    }

    /// The visit with a pass in its token.
    pub(crate) fn with_pass(mut self, app: &App, pass: Pass) -> Self {
        self.context.my_data = Some(pass);
        self.token = app.signer.seal(&self.context, self.now);
        self
    }

    /// What is kept of the visit for the help desk, when a number was typed.
    pub(crate) fn record(&self) -> VisitRecord {
        VisitRecord {
            reference: self.context.reference,
            site: self.site.name.clone(),
            nas: self.nas.name.clone(),
            device: self.context.device,
            language: self.context.language.clone(),
            arrived_at: self.context.arrived_at,
            asked_at: self.now,
            refused: None,
            refusals: None,
        }
    }

    /// Whether this browser may end `session`: a plain query could name a stranger's device, so
    /// then the request must come from the session's own address.
    pub(crate) fn may_end(&self, session: &Session) -> bool {
        self.is_proven(Some(session))
    }

    /// Whether this browser shows that it is the device's own, by its access point's signature or by
    /// the address of the device's session.
    pub(crate) fn is_proven(&self, session: Option<&Session>) -> bool {
        let is_its_address = |session: &Session| session.address == Some(self.peer);
        self.context.trust == Trust::Signed || session.is_some_and(is_its_address)
    }
}

/// What every page of a site says at the moment.
pub(crate) fn banners(site: &Site, words: Words<'_>, now: Timestamp) -> Vec<Html> {
    let of_office = site.office_need(now).map(|_| Notice::OfficeBackup);
    let notice = site.notice.or(of_office).map(|notice| match notice {
        Notice::OfficeBackup => words.text("office-backup"),
        Notice::InternetDown if site.garden.is_empty() => words.text("e-internet"),
        Notice::InternetDown => words.text("e-internet-services"),
    });
    let trial = site.trial.then(|| words.text("landing-trial"));
    notice.into_iter().chain(trial).map(|text| Html::new(&text)).collect()
}
