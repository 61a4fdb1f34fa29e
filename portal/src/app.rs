//! What every handler shares, and how pages are framed.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{
    ChallengePolicy, Charge, Clock, Language, LinkToken, Look, PhoneNumber, RouteName, SmsText,
    Timestamp,
};
use store::Store;
use url::Url;

use crate::budget::Budgets;
use crate::catalogue::{Catalogue, Html};
use crate::consent::Wordings;
use crate::context::ContextSigner;
use crate::failure::Failure;
use crate::first_page::FirstPages;
use crate::gateways::MessageGateways;
use crate::held::HeldAnswers;
use crate::hidden::Hidden;
use crate::places::Places;
use crate::presence::Presence;
use crate::random;
use crate::redirects::Redirects;
use crate::screen::{Frame, Link, MessageScreen, render};
use crate::settings::Resolved;
use crate::strangers::Strangers;

/// How pages look that belong to no site.
const OWN_LOOK: Look = Look { logo: None, colours: None };

/// What a handler gives back.
pub(crate) type Outcome = Result<Response, Failure>;

/// The portal without its sockets.
pub(crate) struct App {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub settings: Resolved,
    pub signer: ContextSigner,
    pub catalogue: Catalogue,
    pub budgets: Budgets,
    pub first_pages: FirstPages,
    pub places: Places,
    pub presence: Presence,
    pub redirects: Redirects,
    pub strangers: Strangers,
    pub held: HeldAnswers,
    pub hidden: Hidden,
    pub wordings: Wordings,
    pub policy: ChallengePolicy,
    /// None where no messages are sent.
    pub gateways: Option<Arc<dyn MessageGateways>>,
}

/// One thing to tell a visitor, by the keys of its texts.
pub(crate) struct Message<'a> {
    pub status: StatusCode,
    pub title: &'static str,
    pub text: &'static str,
    pub values: &'a [(&'static str, &'a str)],
    /// Where a button leads, and the key of its text.
    pub action: Option<(&'a str, &'static str)>,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether text messages go out.
    pub(crate) fn takes_messages(&self) -> bool {
        self.gateways.as_ref().is_none_or(|gateways| gateways.take_messages(self.now()))
    }

    /// The route by WhatsApp, if there is one.
    pub(crate) fn whatsapp(&self) -> Option<RouteName> {
        self.gateways.as_ref().and_then(|gateways| gateways.whatsapp(self.now()))
    }

    /// What a message costs that goes by that route, or by any.
    pub(crate) fn charge(
        &self,
        route: Option<&RouteName>,
        phone: &PhoneNumber,
        text: &SmsText,
    ) -> Option<Charge> {
        self.gateways.as_ref().and_then(|gateways| gateways.charge(route, phone, text, self.now()))
    }

    /// The frame of a page that belongs to no visit.
    pub(crate) fn frame(&self, language: &Language, title: &str, here: &'static str) -> Frame<'_> {
        let words = self.catalogue.words(language);
        Frame {
            words,
            title: Html::heading(&words.text(title)),
            site: Html::heading(&words.text("network-name")),
            others: self.catalogue.others(language, &[]),
            banners: Vec::new(),
            look: &OWN_LOOK,
            base: "/".to_owned(),
            here: here.into(),
            keep: String::new(),
        }
    }

    /// A page with one message, which belongs to no visit.
    pub(crate) fn message(&self, language: &Language, message: &Message<'_>) -> Outcome {
        let frame = self.frame(language, message.title, "");
        self.framed_message(frame, message, "")
    }

    /// A page with one message in the frame of a visit.
    pub(crate) fn framed_message(
        &self,
        frame: Frame<'_>,
        message: &Message<'_>,
        form_targets: &str,
    ) -> Outcome {
        let words = frame.words;
        let action = message
            .action
            .map(|(href, key)| Link { href: href.to_owned(), label: Html::new(&words.text(key)) });
        let screen = MessageScreen {
            alert: message.status.is_client_error() || message.status.is_server_error(),
            text: Html::new(&words.fill(message.text, message.values)),
            action,
            frame,
        };
        render(message.status, &screen, words.language(), form_targets)
    }

    /// A new link, if messages carry one.
    pub(crate) fn draw_link(&self) -> Result<Option<LinkToken>, getrandom::Error> {
        self.settings.message_form.has_links().then(random::link).transpose()
    }

    /// Where the API and the pages tell a device to go: encrypted if the portal can.
    pub(crate) fn safest_origin(&self) -> &Url {
        self.settings.secure.as_ref().unwrap_or(&self.settings.public)
    }

    /// The language that a browser without a visit is answered in.
    pub(crate) fn language_of(&self, headers: &HeaderMap, query: Option<&str>) -> Language {
        self.language_for(headers.get(header::ACCEPT_LANGUAGE), query)
    }

    /// The same by what the browser accepts.
    pub(crate) fn language_for(
        &self,
        accepted: Option<&HeaderValue>,
        query: Option<&str>,
    ) -> Language {
        self.linked_language(query).unwrap_or_else(|| self.negotiate(accepted, &[]))
    }

    /// The language of a followed language link.
    pub(crate) fn linked_language(&self, query: Option<&str>) -> Option<Language> {
        mark(query, "lang").and_then(|tag| self.catalogue.language(&tag).cloned())
    }

    /// The language of those that Accept-Language asks for.
    pub(crate) fn preferred_language(&self, headers: &HeaderMap, among: &[Language]) -> Language {
        self.negotiate(headers.get(header::ACCEPT_LANGUAGE), among)
    }

    fn negotiate(&self, accepted: Option<&HeaderValue>, among: &[Language]) -> Language {
        let value = accepted.and_then(|value| value.to_str().ok());
        self.catalogue.negotiate(value.unwrap_or(""), among)
    }
}

/// The value of one of our own marks in a page's query.
pub(crate) fn mark(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Sends the browser on with a GET, whatever it came with (RFC 9110 §15.4.4).
pub(crate) fn see_other(target: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, target)
}

/// A redirect with a small body, which some captive clients want to see.
pub(crate) fn redirect(status: StatusCode, target: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(target) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    (status, [(header::LOCATION, location)], "Go on to the login page.\n").into_response()
}
