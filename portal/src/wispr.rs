//! WISPr 1.0 for smart clients: XML in a comment of an answer that is otherwise a redirect or a
//! small page, by which a program signs in where a person would read a page.
//!
//! There are no passwords here, so nothing but a live grant signs a client in: a device that is
//! remembered goes online, and every other one is told that a code by text message is needed.
//! Numbers of messages and answers are those of the WISPr document's appendix.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Language, Site};

use crate::app::{App, Outcome};
use crate::hand_off::hand_off;
use crate::journey::end::{Ending, end};
use crate::stage::{self, Stage};
use crate::visit::Visit;

/// Whether a client calls itself a WISPr one.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    is_client(agent.unwrap_or("").as_bytes())
}

/// The same by its own name. Apple's says so too, and wants none of it.
pub(crate) fn is_client(agent: &[u8]) -> bool {
    says(agent, b"wispr") && !says(agent, b"captivenetworksupport")
}

/// Whether a word, in small letters, stands in a text.
fn says(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|octets| {
        // Most are ruled out by the first.
        octets.first().map(u8::to_ascii_lowercase).as_ref() == word.first()
            && octets.eq_ignore_ascii_case(word)
    })
}

/// A message to the client.
struct Message {
    /// The element around it.
    element: &'static str,
    /// MessageType.
    kind: u16,
    code: Code,
    /// Further elements, in their order.
    more: Vec<(&'static str, String)>,
}

/// ResponseCode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    NoError = 0,
    LoggedOn = 50,
    Rejected = 100,
    GatewayTrouble = 105,
    LoggedOff = 150,
    Proxied = 200,
    Pending = 201,
    Failed = 255,
}

const REPLY: &str = "AuthenticationReply";
const POLL: &str = "AuthenticationPollReply";

impl Message {
    fn xml(&self) -> String {
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <WISPAccessGatewayParam xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:noNamespaceSchemaLocation=\"http://www.acmewisp.com/WISPAccessGatewayParam.xsd\">\n\
             <{0}>\n<MessageType>{1}</MessageType>\n<ResponseCode>{2}</ResponseCode>\n",
            self.element, self.kind, self.code as u16
        );
        for (name, value) in &self.more {
            xml.push_str(&format!("<{name}>{}</{name}>\n", escaped(value)));
        }
        xml.push_str(&format!("</{}>\n</WISPAccessGatewayParam>", self.element));
        xml
    }

    /// A page that shows nothing to a person and the message to a program.
    fn page(&self) -> String {
        format!("<!doctype html><title>WISPr</title>\n<!--\n{}\n-->\n", self.xml())
    }
}

impl IntoResponse for Message {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HTML)], self.page()).into_response()
    }
}

const HTML: &str = "text/html; charset=utf-8";

/// Text as XML has it; without `>` it does not end the comment around it either.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A redirect that tells a smart client where the portal is.
pub(crate) fn proxied(status: StatusCode, target: &str) -> Response {
    let more = vec![("NextURL", target.to_owned())];
    redirect(status, target, &Message { element: "Proxy", kind: 110, code: Code::Proxied, more })
}

/// A redirect that tells a smart client where to sign in.
pub(crate) fn redirected(app: &App, site: &Site, language: &Language, token: &str) -> Response {
    let more = vec![
        ("AccessProcedure", "1.0".to_owned()),
        ("AccessLocation", site.name.to_string()),
        ("LocationName", site.title.in_language(language).to_owned()),
        ("LoginURL", format!("{}v/{token}/wispr", app.safest_origin())),
    ];
    let message = Message { element: "Redirect", kind: 100, code: Code::NoError, more };
    redirect(StatusCode::SEE_OTHER, &format!("/v/{token}/"), &message)
}

fn redirect(status: StatusCode, target: &str, message: &Message) -> Response {
    let Ok(location) = HeaderValue::try_from(target) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let headers =
        [(header::LOCATION, location), (header::CONTENT_TYPE, HeaderValue::from_static(HTML))];
    (status, headers, message.page()).into_response()
}

/// `POST /v/{token}/wispr`: signs in a device that has a live grant. A name or password that the
/// client sends along is not looked at.
pub(crate) async fn log_on(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let reply = |code, more| Message { element: REPLY, kind: 120, code, more }.into_response();
    if app.budgets.admit(visit.context.device).is_err() {
        return Ok(reply(Code::GatewayTrouble, Vec::new()));
    }
    Ok(match stage::find(&app, &visit).await? {
        Stage::Granted(granted) if granted.session.is_some() => {
            reply(Code::LoggedOn, way_out(&app, &visit))
        }
        Stage::Granted(granted) => {
            let response = hand_off(&app, &visit, &granted.grant).await?;
            match results(&app, &visit, &response) {
                Some(results) => reply(Code::Pending, vec![("LoginResultsURL", results)]),
                None => reply(Code::GatewayTrouble, Vec::new()),
            }
        }
        stage => reply(Code::Rejected, vec![("ReplyMessage", reason(&app, &visit, &stage))]),
    })
}

/// `GET /v/{token}/wispr`: whether the access point has let the device through meanwhile.
pub(crate) async fn poll(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let reply = |code, more| Message { element: POLL, kind: 140, code, more }.into_response();
    Ok(match stage::find(&app, &visit).await? {
        Stage::Granted(granted) if granted.session.is_some() => {
            reply(Code::LoggedOn, way_out(&app, &visit))
        }
        Stage::Granted(_) => {
            let again = ("LoginResultsURL", visit.address(&app, "wispr"));
            reply(Code::Pending, vec![("Delay", "2".to_owned()), again])
        }
        stage => reply(Code::Rejected, vec![("ReplyMessage", reason(&app, &visit, &stage))]),
    })
}

/// `GET` and `POST /v/{token}/wispr/off`: ends the grant. Only who was told the token can ask.
pub(crate) async fn log_off(State(app): State<Arc<App>>, visit: Visit) -> Outcome {
    let code = match end(&app, &visit).await? {
        Ending::Ended | Ending::NothingToEnd => Code::LoggedOff,
        Ending::NotYours => Code::Failed,
    };
    let message = Message { element: "LogoffReply", kind: 130, code, more: Vec::new() };
    Ok(message.into_response())
}

fn way_out(app: &App, visit: &Visit) -> Vec<(&'static str, String)> {
    vec![("LogoffURL", visit.address(app, "wispr/off"))]
}

/// Where a client learns how it ended: at the access point, if the hand-off leads there. It leads
/// nowhere for a program if it is a page with a form.
fn results(app: &App, visit: &Visit, handed_off: &Response) -> Option<String> {
    let location = handed_off.headers().get(header::LOCATION)?.to_str().ok()?;
    let is_elsewhere = location.starts_with("http");
    Some(if is_elsewhere { location.to_owned() } else { visit.address(app, "wispr") })
}

fn reason(app: &App, visit: &Visit, stage: &Stage) -> String {
    let key = match stage {
        Stage::Closed { .. } => "closed-title",
        Stage::UsedUp(_) => "quota-title",
        Stage::Full => "e-wait-title",
        Stage::Number(_) | Stage::Code(_) | Stage::Granted(_) => "landing-body",
    };
    visit.words(app).text(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_smart_if_it_says_so_and_is_not_apples() {
        for (agent, smart) in [
            ("WISPr!iPass/1.0", true),
            ("Mozilla/5.0 (compatible; WISPR 1.0)", true),
            ("CaptiveNetworkSupport-481.100.37 wispr", false),
            ("Mozilla/5.0 (Linux; Android 14)", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(is_asked_for(&headers), smart, "{agent}");
        }
        assert!(!is_asked_for(&HeaderMap::new()));
    }

    #[test]
    fn a_value_ends_neither_its_element_nor_the_comment() {
        let more = vec![("ReplyMessage", "a --> <b> & c".to_owned())];
        let page = Message { element: REPLY, kind: 120, code: Code::Rejected, more }.page();
        assert!(page.contains("<MessageType>120</MessageType>\n<ResponseCode>100</ResponseCode>"));
        assert!(page.contains("a --&gt; &lt;b&gt; &amp; c</ReplyMessage>"), "{page}");
        assert_eq!(page.matches("-->").count(), 1, "{page}");
    }
}
