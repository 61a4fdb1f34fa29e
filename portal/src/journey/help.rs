//! Help and terms, inside a visit and without one.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use domain::{HelpNumbers, Reference};

use super::contact::{self, shown};
use crate::app::{App, Outcome};
use crate::catalogue::{Html, ltr};
use crate::consent::Terms;
use crate::screen::{Frame, HelpScreen, TermsScreen, render};
use crate::visit::Visit;

/// `GET /v/{token}/help`
pub(crate) async fn help(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let frame = visit.frame(&app, "help-title", "help");
    help_page(&app, frame, &visit.site.help, Some(visit.context.reference))
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
    let frame = app.frame(&language, "help-title", "help");
    help_page(&app, frame, &HelpNumbers::default(), None)
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

/// The numbers of a site stand in the place of the portal's own, one by one.
fn help_page(
    app: &App,
    frame: Frame<'_>,
    of_site: &HelpNumbers,
    reference: Option<Reference>,
) -> Outcome {
    let words = frame.words;
    let own = &app.settings.help;
    let unified = shown(of_site.unified.as_ref(), &own.unified);
    let whatsapp = shown(of_site.whatsapp.as_ref(), &own.whatsapp);
    let reports = shown(of_site.reports.as_ref(), &own.reports);
    let may_scan = contact::number(app, &words, of_site).is_some();
    let unified = unified.map(|number| words.fill("help-call", &[("unified", &ltr(number))]));
    let whatsapp = whatsapp.map(|number| words.fill("help-wa", &[("whatsapp", &ltr(number))]));
    let reports = reports.map(|number| words.fill("help-reports", &[("reports", &ltr(number))]));
    let numbers = [unified, whatsapp, reports].into_iter().flatten();
    let numbers = numbers.map(|text| Html::new(&text)).collect();
    let reference =
        reference.map(|reference| Html::new(&words.fill("help-ref", &[("ref", &ltr(reference))])));
    let screen = HelpScreen { frame, reference, numbers, may_scan };
    render(StatusCode::OK, &screen, words.language(), "")
}

fn terms_page(app: &App, frame: Frame<'_>) -> Outcome {
    let words = frame.words;
    let Terms { short, safe, version } = Terms::new(&words, &app.settings);
    let screen = TermsScreen {
        short: Html::new(&short),
        safe: Html::new(&safe),
        version: Html::new(&version),
        frame,
    };
    render(StatusCode::OK, &screen, words.language(), "")
}
