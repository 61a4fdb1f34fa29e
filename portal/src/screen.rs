//! The screens: what stands on each, and how one becomes a response.
//!
//! A screen is one HTML document without any further request: style inline, no font, and no
//! script but the one that presses the button of a hand-off. The layout is in `templates/`, the words in `locales/`.

use std::borrow::Cow;

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use data_encoding::BASE64;
use domain::{GardenHost, Language, Look};
use sha2::{Digest, Sha256};

use crate::catalogue::{Html, Words};
use crate::failure::Failure;
use crate::picture::Picture;

/// What surrounds every screen.
pub(crate) struct Frame<'a> {
    pub words: Words<'a>,
    /// The step's name, also the page's title.
    pub title: Html,
    /// The site's title.
    pub site: Html,
    /// The other languages that the page exists in.
    pub others: Vec<Words<'a>>,
    /// What every visitor of the site must know at the moment.
    pub banners: Vec<Html>,
    /// Its mark and colours.
    pub look: &'a Look,
    /// The folder that links and forms are relative to; it carries the renewed token.
    pub base: String,
    /// The screen's own address below `base`, for the language link.
    pub here: Cow<'static, str>,
    /// What the language link carries on besides, as the end of a query.
    pub keep: String,
}

impl Frame<'_> {
    /// The text of `key`, ready for the page.
    fn t(&self, key: &str) -> Html {
        Html::new(&self.words.text(key))
    }
}

/// The first page: number and terms.
#[derive(Template)]
#[template(path = "phone.html")]
pub(crate) struct PhoneScreen<'a> {
    pub frame: Frame<'a>,
    /// Why the visitor is here again.
    pub notice: Option<Html>,
    /// What the button says.
    pub send: Html,
    pub hint: Html,
    pub phone_error: Option<Html>,
    pub terms_missing: bool,
    /// What was typed before.
    pub typed: String,
    pub ticked: bool,
    /// Whether awareness messages are offered, and whether that box was ticked before.
    pub offers_awareness: bool,
    pub aware: bool,
    /// Hosts that are open without signing in.
    pub services: &'a [GardenHost],
}

/// The page that takes a voucher.
#[derive(Template)]
#[template(path = "voucher.html")]
pub(crate) struct VoucherScreen<'a> {
    pub frame: Frame<'a>,
    pub hint: Html,
    pub error: Option<Html>,
    pub terms_missing: bool,
    /// What was typed or scanned.
    pub typed: String,
    pub ticked: bool,
}

/// The page that waits for the code.
#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct CodeScreen<'a> {
    pub frame: Frame<'a>,
    /// What stands before the names of the forms.
    pub folder: &'static str,
    /// What the field and its button are called.
    pub label: Html,
    pub submit: Html,
    pub sent: Html,
    /// Until when the code is good.
    pub until: Option<Html>,
    pub notice: Option<Html>,
    /// Whether no code is taken any more, so that there is no field.
    pub is_over: bool,
    pub error: Option<Html>,
    /// When another message may be asked for, in words.
    pub wait: Option<Html>,
    /// The same in seconds; the style shows the button then.
    pub wait_seconds: u64,
    pub may_resend: bool,
    /// Whether the page is worth another look, since the message waits.
    pub may_look_again: bool,
    /// Whether another code may come by WhatsApp.
    pub by_whatsapp: bool,
    /// The button for who is let in for a while without a code.
    pub grace: Option<Html>,
    /// Whether another number may be typed.
    pub may_change: bool,
    /// Whether the message has a link.
    pub may_tap: bool,
}

/// The page of a link: which device it lets online.
#[derive(Template)]
#[template(path = "link.html")]
pub(crate) struct LinkScreen<'a> {
    pub frame: Frame<'a>,
    pub asked: Html,
}

/// The page of a device that is online.
#[derive(Template)]
#[template(path = "online.html")]
pub(crate) struct OnlineScreen<'a> {
    pub frame: Frame<'a>,
    pub lead: Html,
    /// What else the visitor should know.
    pub notices: Vec<Html>,
    pub gauges: Vec<Gauge>,
    pub renews: Option<Html>,
    pub device: Option<Html>,
    pub onward: Option<Link>,
    pub may_end: bool,
    /// Whether the pages about the device's owner are offered.
    pub is_owners: bool,
}

/// The devices of a person.
#[derive(Template)]
#[template(path = "devices.html")]
pub(crate) struct DevicesScreen<'a> {
    pub frame: Frame<'a>,
    pub notice: Option<Html>,
    pub devices: Vec<DeviceRow>,
    /// The number of the next page, if there are more.
    pub next: Option<usize>,
}

/// One of them.
pub(crate) struct DeviceRow {
    /// Its address, masked.
    pub name: Html,
    /// What the form calls it.
    pub key: String,
    /// Whether the page is on it.
    pub is_this: bool,
    /// When it was last seen.
    pub seen: Html,
}

/// The page that asks what the visitor thinks of the stay.
#[derive(Template)]
#[template(path = "rate.html")]
pub(crate) struct RateScreen<'a> {
    pub frame: Frame<'a>,
    /// Whether no score was chosen.
    pub is_missing: bool,
}

/// The page before a code is sent to see what is kept about a person.
#[derive(Template)]
#[template(path = "my_data_ask.html")]
pub(crate) struct MyDataAskScreen<'a> {
    pub frame: Frame<'a>,
    /// Why the visitor is here again.
    pub notice: Option<Html>,
    /// To where a code is sent.
    pub sent_to: Html,
}

/// What is kept about a person, and what can be done with it.
#[derive(Template)]
#[template(path = "my_data.html")]
pub(crate) struct MyDataScreen<'a> {
    pub frame: Frame<'a>,
    pub notice: Option<Html>,
    /// What is kept: a name and a value each.
    pub rows: Vec<(Html, Html)>,
    /// What was agreed to and not taken back: the name in the form, and in words.
    pub consents: Vec<(&'static str, Html)>,
    /// Until when the page is open.
    pub until: Html,
}

/// The page before everything is destroyed.
#[derive(Template)]
#[template(path = "my_data_erase.html")]
pub(crate) struct MyDataEraseScreen<'a> {
    pub frame: Frame<'a>,
}

/// How much of an allowance is left.
pub(crate) struct Gauge {
    pub label: Html,
    pub value: Html,
    /// 0 to 100.
    pub percent: u64,
}

/// A way on from a page.
pub(crate) struct Link {
    pub href: String,
    pub label: Html,
}

/// The page whose form carries a login back to the access point.
#[derive(Template)]
#[template(path = "hand_off.html")]
pub(crate) struct HandOffScreen<'a> {
    pub frame: Frame<'a>,
    pub action: String,
    pub fields: Vec<Field>,
}

/// A field that nobody sees.
pub(crate) struct Field {
    pub name: String,
    pub value: String,
}

/// One thing to say, and perhaps a way on.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessageScreen<'a> {
    pub frame: Frame<'a>,
    pub alert: bool,
    pub text: Html,
    pub action: Option<Link>,
}

/// Numbers and advice.
#[derive(Template)]
#[template(path = "help.html")]
pub(crate) struct HelpScreen<'a> {
    pub frame: Frame<'a>,
    /// What the visitor reads to the help desk.
    pub reference: Option<Html>,
    pub numbers: Vec<Html>,
    /// Whether there is a picture of one of them.
    pub may_scan: bool,
}

/// A number, and what another telephone reads in its picture.
#[derive(Template)]
#[template(path = "contact.html")]
pub(crate) struct ContactScreen<'a> {
    pub frame: Frame<'a>,
    pub number: &'a Html,
    pub picture: &'a Picture,
}

/// The terms of use.
#[derive(Template)]
#[template(path = "terms.html")]
pub(crate) struct TermsScreen<'a> {
    pub frame: Frame<'a>,
    pub short: Html,
    pub safe: Html,
    pub version: Html,
}

/// Renders a screen whose forms may lead to `form_targets` besides the portal itself.
pub(crate) fn render(
    status: StatusCode,
    screen: &impl Template,
    language: &Language,
    form_targets: &str,
) -> Result<Response, Failure> {
    Ok(rendered(status, screen.render()?, language, form_targets))
}

/// The response of a screen that is rendered already.
pub(crate) fn rendered(
    status: StatusCode,
    html: String,
    language: &Language,
    form_targets: &str,
) -> Response {
    respond(status, html, language, &format!("form-action 'self'{form_targets}"))
}

/// The one script of the portal: it presses the button of a form, which works without it too.
const PRESS: &str = "document.forms[0].submit()";

/// Renders the form that carries a login back. The access point may send the browser on to places
/// of its own, and a browser would count those as the form's.
pub(crate) fn render_handing_off(
    screen: &HandOffScreen<'_>,
    language: &Language,
) -> Result<Response, Failure> {
    let digest = BASE64.encode(&Sha256::digest(PRESS));
    let policy = format!("form-action http: https:; script-src 'sha256-{digest}'");
    Ok(respond(StatusCode::OK, screen.render()?, language, &policy))
}

/// As many as a page comes with, so that none needs more room.
const HEADERS: usize = 12;

fn respond(status: StatusCode, html: String, language: &Language, policy: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'self'; \
         frame-ancestors 'none'; {policy}"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(language) = HeaderValue::try_from(language.as_str()) {
        headers.insert(header::CONTENT_LANGUAGE, language);
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
