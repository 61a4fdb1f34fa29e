//! Where people on this router ask for its links and command them: JSON over HTTP on a Unix socket, as
//! the admin API of the centre. It works while the centre is gone.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use connections::unix::SocketFile;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use link::PathNumber;
use nix::sys::eventfd::EventFd;
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::event::{Event, Words};
use super::exercise::Exercised;
use super::isolation::View;
use super::metered::Counts;
use super::status::Status;
use super::targets::Board;
use super::watch::Command;

/// Events that are remembered for whoever asks.
const REMEMBERED: usize = 1_000;
const LONGEST_QUESTION: usize = 4_096;
/// How long a connection may take for its head.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait when the system cannot give another connection.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time for which a path is pinned or taken out at once.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);

/// A path, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ask {
    /// What the path is called.
    pub path: String,
    /// For so many seconds; without it until people say otherwise.
    #[serde(default)]
    pub seconds: Option<u64>,
}

/// Why something is not done, as the admin API of the centre says it.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    error: &'a str,
    reason: &'a str,
}

/// The latest events.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Event>>);

impl Recent {
    /// Remembers them instead of the oldest.
    pub(super) fn add(&self, events: &[Event]) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.extend(events.iter().cloned());
        let excess = recent.len().saturating_sub(REMEMBERED);
        recent.drain(..excess);
    }

    fn after(&self, number: u64) -> Vec<Event> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().filter(|event| event.number > number).cloned().collect()
    }
}

/// What is known and who is told.
pub(super) struct Desk {
    pub(super) paths: Vec<String>,
    pub(super) words: Words,
    /// To whoever writes down what happened.
    pub(super) events: SyncSender<Event>,
    pub(super) status: Arc<Mutex<Status>>,
    pub(super) counts: Counts,
    pub(super) recent: Arc<Recent>,
    /// What runs no agent, if anything is asked.
    pub(super) targets: Option<Arc<Board>>,
    /// The test of isolation, if that is set.
    pub(super) isolation: Option<View>,
    pub(super) commands: SyncSender<Command>,
    pub(super) wake: Arc<EventFd>,
}

/// Why something is not done, for people.
struct Refusal(StatusCode, String);

impl Desk {
    /// Serves until asked to stop; the socket's file goes with it.
    pub(super) async fn run(
        self: Arc<Self>,
        (listener, file): (UnixListener, SocketFile),
        stop: CancellationToken,
    ) {
        tracing::info!(socket = %file.path().display(), "links.desk is open");
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(tokio::spawn(Arc::clone(&self).serve(stream))),
                    Err(error) => {
                        tracing::warn!(%error, "links.desk.accept");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: UnixStream) {
        let service = service_fn(|request| {
            let desk = Arc::clone(&self);
            async move { Ok::<_, Infallible>(desk.answer(request).await) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "links.desk.connection");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let body = match Limited::new(body, LONGEST_QUESTION).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return refuse(&Refusal(StatusCode::BAD_REQUEST, error.to_string())),
        };
        match (&head.method, path) {
            (&Method::GET, "/v1/links") => json(StatusCode::OK, &self.status()),
            (&Method::GET, "/v1/links/events") => {
                let after = head.uri.query().and_then(|query| query.strip_prefix("after="));
                let after = after.and_then(|number| number.parse().ok()).unwrap_or_default();
                json(StatusCode::OK, &self.recent.after(after))
            }
            (&Method::GET, "/v1/links/targets") => {
                let targets = self.targets.as_ref().map(|board| board.list());
                json(StatusCode::OK, &targets.unwrap_or_default())
            }
            (&Method::POST, "/v1/links/exercised") => match self.write_down(&body) {
                Ok(()) => json(StatusCode::OK, &()),
                Err(refusal) => refuse(&refusal),
            },
            (method, "/v1/links/isolation") => self.isolation(method).await,
            (&Method::POST, command) => {
                let outcome = self.command(command, &body).and_then(|it| self.order(it));
                match outcome {
                    Ok(()) => json(StatusCode::OK, &()),
                    Err(refusal) => refuse(&refusal),
                }
            }
            _ => refuse(&Refusal(StatusCode::NOT_FOUND, format!("there is no {path}"))),
        }
    }

    /// How the links are, with what is spent on watching them.
    fn status(&self) -> Status {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (number, path) in (0..).map(PathNumber::new).zip(&mut status.paths) {
            path.budget = self.counts.status(number);
        }
        status
    }

    /// What the test of isolation showed, or shows now.
    async fn isolation(&self, method: &Method) -> Response<Full<Bytes>> {
        let Some(view) = &self.isolation else {
            let reason = "there is no section [links.isolation]".to_owned();
            return refuse(&Refusal(StatusCode::BAD_REQUEST, reason));
        };
        match *method {
            Method::GET => json(StatusCode::OK, &view.status()),
            Method::POST => match view.test().await {
                Some(status) => json(StatusCode::OK, &status),
                None => {
                    let reason = "too many wait for a test".to_owned();
                    refuse(&Refusal(StatusCode::SERVICE_UNAVAILABLE, reason))
                }
            },
            _ => refuse(&Refusal(StatusCode::METHOD_NOT_ALLOWED, format!("not by {method}"))),
        }
    }

    /// Has it written down how an exercise was.
    fn write_down(&self, body: &[u8]) -> Result<(), Refusal> {
        let bad = |reason: String| Refusal(StatusCode::BAD_REQUEST, reason);
        let exercised = serde_json::from_slice::<Exercised>(body);
        let exercised = exercised.map_err(|error| bad(error.to_string()))?;
        let event = exercised.event(&self.words, SystemTime::now()).map_err(bad)?;
        self.events.try_send(event).map_err(|_| {
            Refusal(StatusCode::SERVICE_UNAVAILABLE, "too much waits to be written".to_owned())
        })
    }

    fn command(&self, path: &str, body: &[u8]) -> Result<Command, Refusal> {
        if path == "/v1/links/unlock" {
            return Ok(Command::Unlock);
        }
        let bad = |reason: String| Refusal(StatusCode::BAD_REQUEST, reason);
        let ask: Ask = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
        let number = self.paths.iter().position(|name| *name == ask.path).ok_or_else(|| {
            let known = self.paths.join(", ");
            bad(format!("there is no path {}; there are {known}", ask.path))
        })?;
        let number = PathNumber::new(u8::try_from(number).unwrap_or(u8::MAX));
        let lasting = ask.seconds.map(Duration::from_secs);
        if lasting.is_some_and(|lasting| lasting > LONGEST || lasting.is_zero()) {
            let days = LONGEST.as_secs() / 86_400;
            return Err(bad(format!("it takes 1 second to {days} days, or has no end")));
        }
        let until = lasting.map(|lasting| Instant::now() + lasting);
        match path {
            "/v1/links/lock" => Ok(Command::Lock(number, until)),
            "/v1/links/maintain" => Ok(Command::Maintain(number, until)),
            "/v1/links/resume" => Ok(Command::Resume(number)),
            "/v1/links/fill" => Ok(Command::Fill(number)),
            "/v1/links/try" => Ok(Command::Try(number)),
            _ => Err(Refusal(StatusCode::NOT_FOUND, format!("there is no {path}"))),
        }
    }

    fn order(&self, command: Command) -> Result<(), Refusal> {
        let unavailable =
            |reason: &str| Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned()));
        match self.commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return unavailable("too many commands wait"),
            Err(TrySendError::Disconnected(_)) => return unavailable("nobody watches any more"),
        }
        match self.wake.write(1) {
            Ok(_) => Ok(()),
            Err(errno) => unavailable(errno.desc()),
        }
    }
}

fn refuse(Refusal(status, reason): &Refusal) -> Response<Full<Bytes>> {
    let error = status.canonical_reason().unwrap_or_default();
    json(*status, &Refused { error, reason })
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(body).expect("what is told has a form in JSON");
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    response.body(Full::new(body.into())).expect("a status and one header are a response")
}
