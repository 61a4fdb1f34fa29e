//! The door of the house: what every request and every response passes.
//!
//! Requests for other hosts are captive probes and never reach the pages; for most of them, and for the
//! first page, the answer is known early, from what little the server has read by itself. A panic or a
//! failure becomes a page with a reference; a request that takes too long is given up.
//! Every response carries the security headers.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt;
use url::Url;

use crate::app::{App, Message};
use crate::failure::Reference;
use crate::journey::number;
use crate::screen::rendered;
use crate::server::{Asked, Filled, Prepared, Transport};
use crate::settings::Resolved;
use crate::visit::{Peer, Visit};
use crate::{errands, probe, router, wispr};

/// For 90 days, and for this name alone: others of the city are not ours to decide on.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=7776000");

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Answers requests; cheap to clone, one for every connection.
#[derive(Clone)]
pub(crate) struct Guard {
    app: Arc<App>,
    router: Router,
    prepared: Arc<PreparedAnswers>,
}

/// What most probes are answered with.
struct PreparedAnswers {
    captive: Arc<Prepared>,
    late: Arc<Prepared>,
}

impl Guard {
    pub(crate) async fn new(app: Arc<App>) -> Self {
        let prepared = PreparedAnswers {
            captive: Arc::new(Prepared::new(|| secured(probe::captive(&app))).await),
            late: Arc::new(Prepared::new(|| secured(late())).await),
        };
        Self { router: router::router(&app), app, prepared: Arc::new(prepared) }
    }

    /// What `respond` would answer without TLS, if that is known without the whole request: the redirect
    /// of whoever is not online, or the first page. `None` if it may be anything.
    pub(crate) async fn answer_early(&self, asked: &Asked<'_>, peer: IpAddr) -> Option<Filled> {
        let limit = self.app.settings.limits.request_timeout();
        if let Some(token) = token_of_first_page(asked.path)
            && self.is_ours(probe::host_name(asked.host))
        {
            // Boxed, so that connections that only wait stay small.
            let page = Box::pin(self.first_page(token, peer));
            return match in_time(limit, pin!(contained(pin!(page)))).await {
                Some(page) => page.ok()?,
                None => Some(Filled::for_anybody(&self.prepared.late)),
            };
        }
        if !self.is_plain_probe(asked) {
            return None;
        }
        match standing(limit, pin!(probe::is_online(&self.app, peer))).await {
            Standing::Captive => Some(Filled::for_anybody(&self.prepared.captive)),
            Standing::Late => Some(Filled::for_anybody(&self.prepared.late)),
            Standing::Other => None,
        }
    }

    /// The page that a crowd asks for at once, if it is the one at which this visit is.
    async fn first_page(&self, token: &str, peer: IpAddr) -> Option<Filled> {
        let app = &*self.app;
        let visit = Visit::open(app, token.to_owned(), None, peer, Transport::Plain).await.ok()?;
        if !number::is_as_first_shown(app, &visit).await.ok()? {
            return None;
        }
        let language = &visit.context.language;
        let kind = (visit.site.name.clone(), language.clone(), visit.form_targets(app));
        let page = match app.first_pages.get(&kind, visit.setup) {
            Some(page) => page,
            None => {
                let html = number::first_page(app, &visit).ok()?;
                let answer = || secured(rendered(StatusCode::OK, html.clone(), language, &kind.2));
                let page = Arc::new(Prepared::with_gaps(visit.token(), answer).await);
                app.first_pages.insert(kind, visit.setup, Arc::clone(&page));
                page
            }
        };
        Some(Filled::new(page, visit.into_token()))
    }

    /// The redirect as far as it is known without asking anybody.
    pub(crate) fn remember(&self, asked: &Asked<'_>, peer: IpAddr) -> Option<&Prepared> {
        let presence = &self.app.presence;
        let is_captive = || matches!(presence.remembered(peer, self.app.now()), Some(None));
        (self.is_plain_probe(asked) && is_captive()).then_some(&*self.prepared.captive)
    }

    fn is_plain_probe(&self, asked: &Asked<'_>) -> bool {
        !self.is_ours(probe::host_name(asked.host)) && !wispr::is_client(asked.agent)
    }

    /// Answers one request that came from `peer`.
    pub(crate) async fn respond(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
        transport: Transport,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let insists = transport == Transport::Encrypted && self.insists_on_tls(&parts);
        let asked = (parts.uri.clone(), parts.headers.get(header::ACCEPT_LANGUAGE).cloned());
        let limit = self.app.settings.limits.request_timeout();
        // It stays where it is: each function that took it would hold it twice.
        let answer = pin!(self.answer(parts, body, peer, transport));
        let response = match in_time(limit, pin!(contained(answer))).await {
            Some(Ok(response)) => response,
            Some(Err(panic)) => {
                let (response, reference) = Reference::response();
                let cause = panic_text(panic.as_ref());
                tracing::error!(page.reference = reference, cause, "a handler panicked");
                response
            }
            None => late(),
        };
        let mut response = secured(self.with_page(response, &asked));
        if insists {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
        }
        response
    }

    /// Whether a browser should never ask this host without TLS again (RFC 6797): if it is the
    /// secure one, and no address of ours wants plain HTTP of it.
    fn insists_on_tls(&self, request: &Parts) -> bool {
        let Resolved { public, secure, entry, .. } = &self.app.settings;
        let Some(secure) = secure.as_ref().and_then(Url::host_str) else { return false };
        let plain = [Some(public), entry.as_ref()].into_iter().flatten();
        probe::host_of(request).eq_ignore_ascii_case(secure)
            && !plain.filter(|url| url.scheme() == "http").any(|url| url.host_str() == Some(secure))
    }

    async fn answer(
        &self,
        mut parts: Parts,
        body: Incoming,
        peer: IpAddr,
        transport: Transport,
    ) -> Response {
        if announces_too_much(&parts) {
            let language = self.app.language_of(&parts.headers, parts.uri.query());
            let answer = self.app.message(&language, &TOO_LARGE);
            return answer.unwrap_or_else(IntoResponse::into_response);
        }
        if !self.is_ours(probe::host_of(&parts)) {
            let answer = probe::answer_foreign(&self.app, &parts, peer).await;
            return answer.unwrap_or_else(IntoResponse::into_response);
        }
        parts.extensions.insert(Peer(peer));
        parts.extensions.insert(transport);
        let request = Request::from_parts(parts, Body::new(body));
        // Boxed, so that what every request is answered by stays small.
        match Box::pin(self.router.clone().oneshot(request)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Whether a host is the portal: one of its names, or any address, since a client that asks
    /// by address means this machine.
    fn is_ours(&self, host: &str) -> bool {
        let settings = &self.app.settings;
        let names = [Some(&settings.public), settings.secure.as_ref(), settings.entry.as_ref()];
        host.is_empty()
            || host.eq_ignore_ascii_case("localhost")
            || is_address(host)
            || names
                .into_iter()
                .flatten()
                .filter_map(|url| url.host_str())
                .chain(settings.host_names.iter().map(String::as_str))
                .any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Puts the page of a failure in the place of its empty response.
    fn with_page(&self, response: Response, asked: &(Uri, Option<HeaderValue>)) -> Response {
        let Some(Reference(reference)) = response.extensions().get::<Reference>() else {
            return response;
        };
        let (uri, accepted) = asked;
        let language = self.app.language_for(accepted.as_ref(), uri.query());
        let message = Message {
            status: response.status(),
            title: "e-generic-title",
            text: "e-generic",
            values: &[("ref", &crate::catalogue::ltr(reference))],
            action: None,
        };
        self.app.message(&language, &message).unwrap_or(response)
    }
}

const TOO_LARGE: Message<'static> = Message {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    title: "e-generic-title",
    text: "e-form",
    values: &[],
    action: None,
};

/// The token in the address of a visit's first page.
fn token_of_first_page(path: &str) -> Option<&str> {
    let token = path.strip_prefix("/v/")?;
    let token = token.strip_suffix('/').unwrap_or(token);
    (!token.contains(['/', '?'])).then_some(token)
}

/// Most names are told from addresses by their last letter.
fn is_address(host: &str) -> bool {
    let may_be = host.ends_with(|last: char| last.is_ascii_digit()) || host.contains(':');
    may_be && host.parse::<IpAddr>().is_ok()
}

/// Whether a body is known to be too large before any of it is read.
fn announces_too_much(parts: &Parts) -> bool {
    let limit = match parts.uri.path().starts_with("/n/") {
        true => errands::BODY_LIMIT,
        false => router::BODY_LIMIT,
    };
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit)
}

/// The answer to a request that took too long.
fn late() -> Response {
    StatusCode::REQUEST_TIMEOUT.into_response()
}

/// Adds the headers that a response does not set by itself.
fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// What becomes of a probe.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Captive,
    /// It was not to be found out in time.
    Late,
    /// The device is online, or nobody can tell.
    Other,
}

async fn standing<E>(
    limit: Duration,
    online: Pin<&mut impl Future<Output = Result<bool, E>>>,
) -> Standing {
    match in_time(limit, pin!(contained(online))).await {
        Some(Ok(Ok(false))) => Standing::Captive,
        Some(_) => Standing::Other,
        None => Standing::Late,
    }
}

/// Runs `work` for so long at most. Most is done at once, and no timer is set for that.
async fn in_time<T>(limit: Duration, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => Some(done),
        Poll::Pending => timeout(limit, work).await.ok(),
    }
}

/// Runs `work`, and turns its panic into an error.
async fn contained<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Box<dyn Any + Send>> {
    poll_fn(|context| {
        // The future is dropped after a panic and never polled again.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_name() {
        for (host, expected) in [
            ("10.0.0.1", true),
            ("2001:db8::a", true),
            ("::ffff:10.0.0.1", true),
            ("a.example", false),
            ("10.0.0.1.a", false),
            ("web3", false),
            ("1.2.3", false),
        ] {
            assert_eq!(is_address(host), expected, "{host}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_contained() {
        let work = pin!(async {
            tokio::task::yield_now().await;
            panic!("the drawer is {}", "stuck");
        });
        let panic: Result<(), _> = contained(work).await;
        assert_eq!(panic_text(panic.unwrap_err().as_ref()), "the drawer is stuck");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_is_answered_early_only_if_nobody_is_online_for_sure() {
        async fn of(online: impl Future<Output = Result<bool, ()>>) -> Standing {
            standing(Duration::from_secs(20), pin!(online)).await
        }
        assert_eq!(of(async { Ok(false) }).await, Standing::Captive);
        assert_eq!(of(async { Ok(true) }).await, Standing::Other);
        assert_eq!(of(async { Err(()) }).await, Standing::Other);
        assert_eq!(of(async { panic!("the drawer is stuck") }).await, Standing::Other);
        assert_eq!(of(std::future::pending()).await, Standing::Late);
    }
}
