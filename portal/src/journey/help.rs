//! Help and terms, inside a visit and without one.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};

use crate::app::{App, Outcome};
use crate::catalogue::{Case, Html, ltr};
use crate::screen::{Frame, HelpScreen, TermsScreen, render};
use crate::visit::Visit;

/// `GET /v/{token}/help`
pub(crate) async fn help(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    help_page(&app, visit.frame(&app, "help-title", "help"))
}

/// `GET /v/{token}/terms`
pub(crate) async fn terms(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    terms_page(&app, visit.frame(&app, "terms-title", "terms"))
}

/// `GET /help`
pub(crate) async fn public_help(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let language = app.language_of(&headers, query.as_deref());
    help_page(&app, app.frame(&language, "help-title", "help"))
}

/// `GET /terms`
pub(crate) async fn public_terms(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let language = app.language_of(&headers, query.as_deref());
    terms_page(&app, app.frame(&language, "terms-title", "terms"))
}

fn help_page(app: &App, frame: Frame<'_>) -> Outcome {
    let words = frame.words;
    let help = &app.settings.help;
    let unified = words.fill("help-call", &[("unified", &ltr(&help.unified))]);
    let whatsapp = words.fill("help-wa", &[("whatsapp", &ltr(&help.whatsapp))]);
    let numbers = [(&help.unified, unified), (&help.whatsapp, whatsapp)]
        .into_iter()
        .filter(|(number, _)| !number.is_empty())
        .map(|(_, text)| Html::new(&text))
        .collect();
    render(StatusCode::OK, &HelpScreen { frame, numbers }, words.language(), "")
}

fn terms_page(app: &App, frame: Frame<'_>) -> Outcome {
    let words = frame.words;
    let months = u64::from(app.settings.retention_months);
    let retention = words.count("months", months, Case::Object);
    let version = ltr(&app.settings.terms_version);
    let screen = TermsScreen {
        short: Html::new(&words.fill("terms-short", &[("retention", &retention)])),
        safe: Html::new(&words.fill("terms-safe", &[("https", &ltr("https"))])),
        version: Html::new(&words.fill("terms-version", &[("version", &version)])),
        frame,
    };
    render(StatusCode::OK, &screen, words.language(), "")
}
