//! How to reach somebody from another telephone, or later: a number as a picture to scan. The small
//! browser that opens for a captive network opens no other program, so a link would lead nowhere.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use domain::{Country, DialNumber, HelpNumbers, PhoneNumber};
use qrcode::EcLevel;

use crate::app::{App, Outcome, see_other};
use crate::catalogue::{Html, Words, ltr};
use crate::picture::Picture;
use crate::screen::{ContactScreen, Frame, render};
use crate::visit::Visit;

/// No number has more digits with its country code (E.164).
const MOST_DIGITS: usize = 15;

/// `GET /v/{token}/contact`
pub(crate) async fn contact(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    match number(&app, &visit.words(&app), &visit.site.help) {
        Some(number) => page(visit.frame(&app, "contact-title", "contact"), &number),
        None => Ok(visit.go("help")),
    }
}

/// `GET /contact`
pub(crate) async fn public_contact(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let language = app.language_of(&headers, query.as_deref());
    let frame = app.frame(&language, "contact-title", "contact");
    match number(&app, &frame.words, &HelpNumbers::default()) {
        Some(number) => page(frame, &number),
        None => Ok(see_other("/help")),
    }
}

fn page(frame: Frame<'_>, (number, picture): &(Html, Picture)) -> Outcome {
    let language = frame.words.language();
    render(StatusCode::OK, &ContactScreen { frame, number, picture }, language, "")
}

/// The number for WhatsApp, or else the unified one, in words, and what a telephone does with it.
pub(super) fn number(
    app: &App,
    words: &Words<'_>,
    of_site: &HelpNumbers,
) -> Option<(Html, Picture)> {
    let own = &app.settings.help;
    let whatsapp = shown(of_site.whatsapp.as_ref(), &own.whatsapp);
    let number = whatsapp.or_else(|| shown(of_site.unified.as_ref(), &own.unified))?;
    let address = whatsapp.and_then(chat).or_else(|| call(number))?;
    let picture = Picture::of(&address, EcLevel::L).ok()?;
    let number = ltr(number);
    let said = match whatsapp {
        Some(_) => words.fill("help-wa", &[("whatsapp", &number)]),
        None => words.fill("help-call", &[("unified", &number)]),
    };
    Some((Html::new(&said), picture))
}

/// A site's number, or else the portal's own.
pub(super) fn shown<'a>(of_site: Option<&'a DialNumber>, own: &'a str) -> Option<&'a str> {
    let number = of_site.map_or(own, DialNumber::as_str);
    (!number.is_empty()).then_some(number)
}

/// The address that opens WhatsApp: for a number with its country code, or a mobile number of the
/// Kingdom. Capitals alone make a smaller picture.
fn chat(number: &str) -> Option<String> {
    let digits = match number.strip_prefix('+').or_else(|| number.strip_prefix("00")) {
        Some(whole) => whole.chars().filter(char::is_ascii_digit).collect(),
        None => PhoneNumber::parse(number, &[Country::SaudiArabia]).ok()?.digits().to_owned(),
    };
    (digits.len() <= MOST_DIGITS).then(|| format!("HTTPS://WA.ME/{digits}"))
}

/// The address that calls a number.
fn call(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    (digits.len() <= MOST_DIGITS).then(|| format!("TEL:{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatsapp_is_opened_and_other_numbers_are_called() {
        let of = |number: &str| chat(number).or_else(|| call(number));
        for (number, address) in [
            ("0500000000", Some("HTTPS://WA.ME/966500000000")),
            ("+966 13 000 0000", Some("HTTPS://WA.ME/966130000000")),
            ("00971501234567", Some("HTTPS://WA.ME/971501234567")),
            ("920 000 000", Some("TEL:920000000")),
            ("940", Some("TEL:940")),
            ("+966 13 000 0000 000 0000", None),
        ] {
            assert_eq!(of(number).as_deref(), address, "{number}");
        }
    }

    #[test]
    fn what_a_telephone_reads_on_the_page_is_that_address() {
        let picture = Picture::of(&chat("0500000000").unwrap(), EcLevel::L).unwrap();
        let svg = format!(
            "<svg viewBox=\"{}\" shape-rendering=\"crispEdges\"><path stroke=\"#000\" d=\"{}\"/></svg>",
            picture.view(),
            picture.path
        );
        assert_eq!(crate::picture::scan(&svg), ["HTTPS://WA.ME/966500000000"]);
        assert!(svg.len() < 1_250, "{} octets", svg.len());
    }
}
