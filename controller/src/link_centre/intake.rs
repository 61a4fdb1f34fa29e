//! What an agent asks and tells, and what is answered.
//!
//! A line is taken if it can be understood as far as needed. An event of a newer version of the agent is:
//! it is kept as it was written, with what this version does not know. One that cannot be read is refused
//! by its number; the agent leaves it out and goes on, and it counts as missing.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Timestamp};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use link::maintenance::Planned;
use link::policy::Offer;
use link::report::{Cell, Epoch, FINE_SPAN, Kind, Name, Refused, Taken};
use link::sector;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{LinkBatch, LinkEvent, LinkTaken, Store, StoreError};
use tokio::time::timeout;

use super::settings::LinkCentreSettings;
use super::turns::Turns;
use super::windows;

/// What is told of how the links of a site are.
const STATE: &str = "state";
const LARGEST_BODY: usize = 1_024 * 1_024;
const MOST_LINES: usize = 1_000;
const LONGEST_LINE: usize = 16 * 1_024;
const LONGEST_STATE: usize = 64 * 1_024;
pub(super) const BODY_WITHIN: Duration = Duration::from_secs(30);
/// A router's clock may be ahead by so much; what is later would never grow old.
const AHEAD: Duration = Duration::from_secs(86_400);

/// Takes what agents tell into the store.
#[derive(Clone)]
pub(super) struct Intake {
    pub(super) store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    pub(super) turns: Turns,
    settings: Arc<LinkCentreSettings>,
    /// Sites, and what of them the log says already to be too much.
    overfull: Arc<Mutex<BTreeSet<(Name, &'static str)>>>,
}

/// What an agent is answered.
enum Said {
    /// Up to which number something is kept.
    Taken(u64),
    /// Its policy, if there is a newer one.
    Offered(Option<Value>),
    /// Whether it is its turn on a sector.
    Turn(sector::Answer),
    /// The work that is planned on its paths.
    Planned(Planned),
}

/// Why something is not taken.
#[derive(Debug)]
struct Refusal(StatusCode, Refused);

/// What must be known of an event of any version.
#[derive(Deserialize)]
struct EventHead {
    number: u64,
    at: u64,
    #[serde(rename = "what")]
    _what: String,
}

/// What stands after the `?`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    epoch: Option<Epoch>,
    first: Option<u64>,
    is_rest_gone: bool,
    after: u64,
}

impl Intake {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: &LinkCentreSettings,
    ) -> Self {
        let settings = Arc::new(settings.clone());
        Self { store, clock, turns: Turns::new(), settings, overfull: Arc::default() }
    }

    /// Answers an agent whose certificate has these names.
    pub(super) async fn answer<B>(
        &self,
        request: Request<B>,
        names: &[String],
    ) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let outcome = self.take(request, names).await;
        match outcome {
            Ok(Said::Taken(last)) => json(StatusCode::OK, &Taken { last }),
            Ok(Said::Turn(answer)) => json(StatusCode::OK, &answer),
            Ok(Said::Planned(planned)) => json(StatusCode::OK, &planned),
            Ok(Said::Offered(policy)) => json(StatusCode::OK, &Offer { policy }),
            Err(Refusal(status, refused)) => {
                // What is told again and again by its nature is not an odd line each time.
                if !matches!(refused.error.as_str(), "gap" | link::report::LIMIT) {
                    let reason = &refused.reason;
                    tracing::warn!(status = status.as_u16(), reason, "link-centre.refused");
                }
                json(status, &refused)
            }
        }
    }

    async fn take<B>(&self, request: Request<B>, names: &[String]) -> Result<Said, Refusal>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let (site, what) = read_path(head.uri.path()).ok_or_else(not_found)?;
        if !names.contains(&site.as_str().to_ascii_lowercase()) {
            let reason = format!("the certificate is for {}, not for {site}", names.join(", "));
            return Err(refuse(StatusCode::FORBIDDEN, "forbidden", reason));
        }
        let question = read_question(head.uri.query().unwrap_or_default())?;
        let now = self.clock.now();
        let is_told = match head.method {
            Method::GET => false,
            Method::POST => true,
            _ => return Err(not_found()),
        };
        if !is_told {
            return self.tell((&site, what), &question, now).await;
        }
        let reading = timeout(BODY_WITHIN, Limited::new(body, LARGEST_BODY).collect()).await;
        let body = reading.map_err(|_| malformed("the body takes too long"))?;
        let body = body.map_err(|error| malformed(error.to_string()))?.to_bytes();
        if what == "sector" {
            let question =
                serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
            let answer = self.turns.answer(&site, &question, now).ok_or_else(not_found)?;
            return Ok(Said::Turn(answer));
        }
        if what == STATE {
            self.note_state(&site, &body, now).await?;
            return Ok(Said::Taken(0));
        }
        let kind = what.parse::<Kind>().map_err(|()| not_found())?;
        let epoch = question.epoch.ok_or_else(|| malformed("epoch is missing"))?;
        let first = question.first.filter(|first| *first > 0);
        let first = first.ok_or_else(|| malformed("first is missing"))?;
        let batch = LinkBatch { site, epoch, first, is_rest_gone: question.is_rest_gone, at: now };
        let taken = match kind {
            Kind::Events => {
                let events = read_lines(first, &body, read_event)?;
                self.store.take_link_events(&batch, &events).await?
            }
            Kind::Cells => {
                let cells = read_lines(first, &body, |number, line| read_cell(number, line, now))?;
                self.store.take_link_cells(&batch, &cells, self.most_paths()).await?
            }
        };
        match taken {
            LinkTaken::UpTo(last) => {
                self.note_fits(&batch.site, kind.as_str());
                Ok(Said::Taken(last))
            }
            LinkTaken::TooManyPaths(path) => {
                Err(self.too_many((&batch.site, kind.as_str()), &path))
            }
            LinkTaken::Gap(last) => {
                let reason = format!("{first} does not follow {last}");
                let Refusal(status, refused) = refuse(StatusCode::CONFLICT, "gap", reason);
                Err(Refusal(status, Refused { last: Some(last), ..refused }))
            }
        }
    }

    /// What an agent asks for.
    async fn tell(
        &self,
        (site, what): (&Name, &str),
        question: &Question,
        now: Timestamp,
    ) -> Result<Said, Refusal> {
        match what {
            "policy" => self.offer(site, question.after).await,
            "work" => {
                let planned = windows::of_agent(&self.store, &self.settings, site, now).await?;
                Ok(Said::Planned(planned))
            }
            _ => {
                let kind = what.parse::<Kind>().map_err(|()| not_found())?;
                let epoch = question.epoch.ok_or_else(|| malformed("epoch is missing"))?;
                let last = self.store.find_link_position(site, kind, epoch, now).await?;
                Ok(Said::Taken(last))
            }
        }
    }

    /// The policy of a site, if it is newer than the one that its agent has.
    async fn offer(&self, site: &Name, after: u64) -> Result<Said, Refusal> {
        let kept = self.store.find_link_policy(site).await?;
        let Some(kept) = kept.filter(|kept| kept.head.generation > after) else {
            return Ok(Said::Offered(None));
        };
        let policy = serde_json::from_str(&kept.document);
        let policy = policy.map_err(|_| StoreError::Corrupt { what: "policy of links" })?;
        Ok(Said::Offered(Some(policy)))
    }

    async fn note_state(&self, site: &Name, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let state =
            serde_json::from_slice::<Value>(body).map_err(|error| malformed(error.to_string()))?;
        if !state.is_object() || body.len() > LONGEST_STATE {
            return Err(malformed("a state is an object of 64 kB at most"));
        }
        let paths = state.get("paths").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if let Some(path) = paths.get(self.most_paths().get() as usize) {
            return Err(self.too_many((site, STATE), path["name"].as_str().unwrap_or_default()));
        }
        self.note_fits(site, STATE);
        self.turns.note(site, body);
        Ok(self.store.note_link_state(site, &state.to_string(), now).await?)
    }

    /// The most paths of one site.
    fn most_paths(&self) -> NonZeroU32 {
        self.settings.paths_per_site
    }

    /// Refuses a path that is one too many. The log says it once, and again if it was in order meanwhile.
    fn too_many(&self, (site, what): (&Name, &'static str), path: &str) -> Refusal {
        let most = self.most_paths();
        let mut overfull = self.overfull.lock().unwrap_or_else(PoisonError::into_inner);
        if overfull.insert((site.clone(), what)) {
            tracing::error!(%site, what, path, %most, "link-centre: a site has too many paths");
        }
        let reason =
            format!("{site} may have {most} paths (paths-per-site), and {path} is one too many");
        refuse(StatusCode::INSUFFICIENT_STORAGE, link::report::LIMIT, reason)
    }

    fn note_fits(&self, site: &Name, what: &'static str) {
        let mut overfull = self.overfull.lock().unwrap_or_else(PoisonError::into_inner);
        overfull.remove(&(site.clone(), what));
    }
}

/// The site and what of it.
fn read_path(path: &str) -> Option<(Name, &str)> {
    let (site, what) = path.strip_prefix("/v1/links/")?.split_once('/')?;
    Some((site.parse().ok()?, what))
}

fn read_question(query: &str) -> Result<Question, Refusal> {
    let mut question = Question::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let wrong = || malformed(format!("{key} cannot be {value}"));
        match key {
            "epoch" => question.epoch = Some(value.parse().map_err(|_| wrong())?),
            "first" => question.first = Some(value.parse().map_err(|_| wrong())?),
            "after" => question.after = value.parse().map_err(|_| wrong())?,
            "gone" => question.is_rest_gone = value.parse().map_err(|_| wrong())?,
            // A later version may say more.
            _ => {}
        }
    }
    Ok(question)
}

/// Reads the lines of a body, of which the first has this number.
fn read_lines<T>(
    first: u64,
    body: &[u8],
    read: impl Fn(u64, &[u8]) -> Result<T, String>,
) -> Result<Vec<T>, Refusal> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let mut items = Vec::new();
    for (number, line) in (first..).zip(body.split(|octet| *octet == b'\n')) {
        if items.len() == MOST_LINES {
            return Err(malformed(format!("there are more than {MOST_LINES} lines")));
        }
        let item = if line.len() > LONGEST_LINE {
            Err("it is too long".to_owned())
        } else {
            read(number, line)
        };
        items.push(item.map_err(|reason| {
            let reason = format!("number {number} cannot be understood: {reason}");
            let Refusal(status, refused) = refuse(StatusCode::UNPROCESSABLE_ENTITY, "line", reason);
            Refusal(status, Refused { number: Some(number), ..refused })
        })?);
    }
    Ok(items)
}

fn read_event(number: u64, line: &[u8]) -> Result<LinkEvent, String> {
    let head: EventHead = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    check_number(number, head.number)?;
    let at = i64::try_from(head.at).map_err(|_| "it has no time")?;
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    Ok(LinkEvent { at: Timestamp::from_millis(at), line: line.trim().to_owned() })
}

fn read_cell(number: u64, line: &[u8], now: Timestamp) -> Result<Cell, String> {
    let cell: Cell = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    check_number(number, cell.number)?;
    cell.check(FINE_SPAN).map_err(|error| error.to_string())?;
    cell.path.parse::<Name>().map_err(|error| error.to_string())?;
    let latest = (now + AHEAD).as_millis();
    match i64::try_from(cell.begin) {
        Ok(begin) if begin <= latest => Ok(cell),
        _ => Err("it has not been yet".to_owned()),
    }
}

fn check_number(wanted: u64, number: u64) -> Result<(), String> {
    if number == wanted {
        return Ok(());
    }
    Err(format!("it says that it is {number}"))
}

fn refuse(status: StatusCode, error: &str, reason: impl Into<String>) -> Refusal {
    let (error, reason) = (error.to_owned(), reason.into());
    Refusal(status, Refused { error, reason, last: None, number: None })
}

fn malformed(reason: impl Into<String>) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, "malformed", reason)
}

fn not_found() -> Refusal {
    refuse(StatusCode::NOT_FOUND, "not-found", "there is no such path")
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "link-centre cannot keep what it is told");
        refuse(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "the store is away")
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(body).expect("what is told has a form in JSON");
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    response.body(Full::new(body.into())).expect("a status and one header are a response")
}
