//! How the makers' own programs judge an answer, restated from what they publish: Android's
//! NetworkMonitor, Chromium's CaptivePortalDetector, Firefox's CaptiveDetect, NetworkManager's
//! nm-connectivity, Microsoft's NCSI, Apple's and others' documents, RFC 8908.

use serde_json::Value;

use crate::browser::Answer;

/// What a client concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It opens the login page.
    Captive,
    /// It uses the network.
    Online,
    /// It shows an error and leaves the network, or uses mobile data; no page opens.
    NoInternet,
}
use Verdict::{Captive, NoInternet, Online};

pub type Judge = fn(&Answer) -> Verdict;

/// Whether a page can open: a redirect to an address that a browser can load, or a page itself.
fn opens(answer: &Answer) -> bool {
    let target = url::Url::parse(answer.header("location"));
    let is_web = target.is_ok_and(|url| url.has_host() && url.scheme().starts_with("http"));
    match answer.status {
        300..=399 => is_web,
        200..=299 => !answer.body.trim().is_empty(),
        _ => false,
    }
}

fn captive_if(opens: bool) -> Verdict {
    if opens { Captive } else { NoInternet }
}

/// Only 204 is open; 200 with nothing, or with up to four octets, is a broken network.
pub fn android(answer: &Answer) -> Verdict {
    let length = answer.header("content-length").parse().unwrap_or(answer.body.len());
    match answer.status {
        204 => Online,
        200 if length <= 4 || answer.body.is_empty() => NoInternet,
        200..=399 => captive_if(opens(answer)),
        _ => NoInternet,
    }
}

/// 204 is open; any other 2xx or 3xx, and 511, is a portal; the rest is a server's trouble.
pub fn chromium(answer: &Answer) -> Verdict {
    match answer.status {
        204 => Online,
        200..=399 => captive_if(opens(answer)),
        511 => Captive,
        _ => NoInternet,
    }
}

/// The page whose title and body are the one word; anything that can be shown is shown.
pub fn apple(answer: &Answer) -> Verdict {
    const PAGE: &str = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>";
    if answer.status == 200 && answer.body.split_whitespace().collect::<String>() == PAGE {
        return Online;
    }
    captive_if(opens(answer))
}

/// This text and not an octet more.
fn exactly(answer: &Answer, text: &str) -> Verdict {
    match answer.status {
        200 if answer.body == text => Online,
        200..=399 => captive_if(opens(answer)),
        _ => NoInternet,
    }
}

pub fn windows(answer: &Answer) -> Verdict {
    exactly(answer, "Microsoft Connect Test")
}

pub fn old_windows(answer: &Answer) -> Verdict {
    exactly(answer, "Microsoft NCSI")
}

pub fn firefox(answer: &Answer) -> Verdict {
    const PAGE: &str = "<meta http-equiv=\"refresh\" \
        content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>";
    exactly(answer, PAGE)
}

pub fn old_firefox(answer: &Answer) -> Verdict {
    exactly(answer, "success\n")
}

/// Its own header, or a body that begins with what is configured; every other answer is a portal's.
fn network_manager(answer: &Answer, expected: &str) -> Verdict {
    let is_said = answer.header("x-networkmanager-status") == "online";
    let is_expected = answer.status == 200 && answer.body.starts_with(expected);
    if is_said || is_expected { Online } else { captive_if(opens(answer)) }
}

/// The text of whoever configures none.
pub fn gnome(answer: &Answer) -> Verdict {
    network_manager(answer, "NetworkManager is online")
}

pub fn fedora(answer: &Answer) -> Verdict {
    network_manager(answer, "OK")
}

/// The stub is known by its identifier.
pub fn kindle(answer: &Answer) -> Verdict {
    if answer.status == 200 && answer.body.contains("81ce4465-7167-4dcb-835b-dcc9e44c112a") {
        return Online;
    }
    captive_if(opens(answer))
}

pub fn roku(answer: &Answer) -> Verdict {
    exactly(answer, "ok")
}

/// Known by its maker's name in a header.
pub fn nintendo(answer: &Answer) -> Verdict {
    if answer.status == 200 && answer.header("x-organization") == "Nintendo" {
        return Online;
    }
    captive_if(opens(answer))
}

/// A client of the captive portal API (RFC 8908 section 5): the type, the one key that must be
/// there, and, while captive, an https address to go to.
pub fn api(answer: &Answer) -> Verdict {
    let is_type = answer.header("content-type").starts_with("application/captive+json");
    let state: Option<Value> = serde_json::from_str(&answer.body).ok();
    let Some(state) = state.filter(|_| answer.status == 200 && is_type) else { return NoInternet };
    let page = state["user-portal-url"].as_str().unwrap_or_default();
    match state["captive"].as_bool() {
        Some(false) => Online,
        Some(true) => captive_if(page.starts_with("https://")),
        None => NoInternet,
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Answer { status, headers: headers.iter().map(owned).collect(), body: body.to_owned() }
}

#[test]
fn a_judge_fails_on_a_wrong_answer() {
    let redirect = answer(302, &[("location", "http://portal.example/")], "Go on.\n");
    let nowhere = answer(302, &[], "Go on.\n");
    let inside = answer(302, &[("location", "/login")], "Go on.\n");
    let page = answer(200, &[], "<title>Welcome</title>");
    let empty = answer(200, &[("content-length", "0")], "");
    let tiny = answer(200, &[("content-length", "4")], "ok\n\n");
    let nothing = answer(204, &[], "");
    let trouble = answer(503, &[], "<title>Full</title>");
    let alive = answer(200, &[("x-networkmanager-status", "online")], "anything");
    let success =
        answer(200, &[], "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n");
    let nearly =
        answer(200, &[], "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Welcome</BODY></HTML>");
    let connect = answer(200, &[], "Microsoft Connect Test");
    let line = answer(200, &[], "Microsoft Connect Test\n");
    let json = |body| answer(200, &[("content-type", "application/captive+json")], body);
    let wrong_type = answer(200, &[("content-type", "text/html")], r#"{"captive":false}"#);

    for (judge, given, expected) in [
        (android as Judge, &nothing, Online),
        (android, &redirect, Captive),
        (android, &page, Captive),
        (android, &empty, NoInternet),
        (android, &tiny, NoInternet),
        (android, &nowhere, NoInternet),
        (android, &trouble, NoInternet),
        (chromium, &nothing, Online),
        (chromium, &redirect, Captive),
        (chromium, &trouble, NoInternet),
        (chromium, &empty, NoInternet),
        (apple, &success, Online),
        (apple, &nearly, Captive),
        (apple, &nothing, NoInternet),
        (apple, &empty, NoInternet),
        (apple, &redirect, Captive),
        (apple, &inside, NoInternet),
        (windows, &connect, Online),
        (windows, &line, Captive),
        (windows, &nothing, NoInternet),
        (windows, &redirect, Captive),
        (old_windows, &connect, Captive),
        (firefox, &success, Captive),
        (firefox, &redirect, Captive),
        (firefox, &trouble, NoInternet),
        (old_firefox, &answer(200, &[], "success"), Captive),
        (old_firefox, &answer(200, &[], "success\n"), Online),
        (gnome, &alive, Online),
        (gnome, &answer(200, &[], "NetworkManager is online\n"), Online),
        (gnome, &answer(200, &[], "NetworkManager is not online"), Captive),
        (gnome, &redirect, Captive),
        (fedora, &answer(200, &[], "OK\n"), Online),
        (fedora, &page, Captive),
        (gnome, &nothing, NoInternet),
        (kindle, &page, Captive),
        (kindle, &empty, NoInternet),
        (roku, &answer(200, &[], "ok"), Online),
        (roku, &page, Captive),
        (nintendo, &answer(200, &[], "ok"), Captive),
        (nintendo, &answer(200, &[("x-organization", "Nintendo")], "ok"), Online),
        (api, &json(r#"{"captive":false}"#), Online),
        (api, &json(r#"{"captive":true,"user-portal-url":"https://p.example/"}"#), Captive),
        (api, &json(r#"{"captive":true,"user-portal-url":"http://p.example/"}"#), NoInternet),
        (api, &json(r#"{"captive":"no"}"#), NoInternet),
        (api, &json("captive"), NoInternet),
        (api, &wrong_type, NoInternet),
        (api, &redirect, NoInternet),
    ] {
        assert_eq!(judge(given), expected, "{given:?}");
    }
}
