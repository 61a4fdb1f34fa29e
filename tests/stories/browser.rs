//! A browser without cookies and scripts: one connection a request, redirects by hand.

use std::net::{Ipv4Addr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HOST, LOCATION};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::city::PATIENCE;

/// The largest answer of the portal, in octets, by its own design.
const LARGEST_SCREEN: usize = 6_000;

/// The portal's one script, on the page that hands a login back.
const PRESSES_ITS_BUTTON: &str = "<script>document.forms[0].submit()</script>";

/// A visitor's browser.
#[derive(Debug, Clone)]
pub struct Browser {
    pub portal: SocketAddr,
    /// Where its connections come from.
    pub source: Ipv4Addr,
    pub accept_language: &'static str,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Browser {
    /// A browser in English.
    pub fn new(portal: SocketAddr) -> Self {
        Self { portal, source: Ipv4Addr::LOCALHOST, accept_language: "en-GB,en;q=0.9" }
    }

    /// Opens a path of the portal, or its whole address.
    pub async fn get(&self, target: &str) -> Answer {
        self.ask(Request::get(target.trim_start_matches(&self.origin())), String::new()).await
    }

    /// Follows redirects inside the portal until a page or another host's address is reached.
    pub async fn visit(&self, target: &str) -> Answer {
        let mut answer = self.get(target).await;
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) || !self.is_inside(&answer.location()) {
                return answer;
            }
            answer = self.get(&answer.location()).await;
        }
        panic!("redirected without end at {}", answer.location());
    }

    /// Sends the form `action` of a page; the answer is not followed.
    pub async fn submit(&self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        assert!(page.body.contains(&format!("action=\"{action}\"")), "no such form: {}", page.body);
        self.post(&format!("{}{action}", page.base()), fields).await
    }

    /// Sends a form to a path of the portal; the answer is not followed.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, form).await
    }

    /// The reference that the help page of a visit tells, which a visitor reads to the help desk.
    pub async fn reference(&self, page: &Answer) -> String {
        let help = self.visit(&format!("{}help?lang=en", page.base())).await;
        let marked = help.between("support team: ", "</bdi>");
        marked.split_at(marked.len() - 6).1.to_owned()
    }

    /// A connection to the portal.
    pub async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.source, 0).into()).unwrap();
        timeout(PATIENCE, socket.connect(self.portal)).await.unwrap().unwrap()
    }

    fn is_inside(&self, location: &str) -> bool {
        location.starts_with('/') || location.starts_with(&self.origin())
    }

    fn origin(&self) -> String {
        format!("http://{}", self.portal)
    }

    async fn ask(&self, request: hyper::http::request::Builder, body: String) -> Answer {
        let request = request
            .header(HOST, self.portal.to_string())
            .header(ACCEPT_LANGUAGE, self.accept_language)
            .body(body.into())
            .unwrap();
        let answer = exchange(self.connect().await, request).await;
        answer.check_promises();
        answer
    }
}

impl Answer {
    /// What the portal promises of every answer: no cookies, nothing to load beside it, small.
    fn check_promises(&self) {
        assert!(!self.headers.contains_key("set-cookie"), "{:?}", self.headers);
        assert_eq!(self.headers["cache-control"], "no-store");
        let octets = self.body.len();
        assert!(octets <= LARGEST_SCREEN, "{octets} octets: {}", self.body);
        let body = self.body.replace(PRESSES_ITS_BUTTON, "");
        for outside in ["<script", " src=", "@import", "url("] {
            assert!(!body.contains(outside), "{outside}: {body}");
        }
    }

    /// Where a redirect leads.
    pub fn location(&self) -> String {
        assert!(matches!(self.status, 302 | 303), "no redirect: {} {}", self.status, self.body);
        self.headers[LOCATION].to_str().unwrap().to_owned()
    }

    /// The page's folder, to which its links and forms are relative.
    pub fn base(&self) -> String {
        self.between("<base href=\"", "\"")
    }

    pub fn title(&self) -> String {
        plain(&self.between("<title>", " · "))
    }

    /// Whether the page reads so.
    pub fn shows(&self, text: &str) -> bool {
        plain(&self.body).contains(text)
    }

    pub fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.body.split_once(before).expect(before);
        rest.split_once(after).expect(after).0.to_owned()
    }
}

/// What a person reads of a text with digits set apart, quotes escaped, and spaces and hyphens that do not break.
fn plain(html: &str) -> String {
    let html = html.replace("<bdi dir=\"ltr\">", "").replace("</bdi>", "");
    html.replace("&#39;", "'").replace('\u{2011}', "-").replace('\u{a0}', " ")
}

/// One request and its answer over a fresh connection.
pub async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Answer {
    let asking = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        let body = String::from_utf8(body.into()).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    };
    timeout(PATIENCE, asking).await.unwrap()
}
