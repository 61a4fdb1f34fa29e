//! What the centre has of a log, and what it is told next.

use std::path::{Path, PathBuf};
use std::time::Duration;

use link::report::{Kind, LIMIT};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::exchange::{CentreError, Exchange};
use crate::links::numbered::{Batch, Tail, Told};

/// When that is told again of which the centre has too much already.
const AFTER_TOO_MUCH: Duration = Duration::from_secs(30);

/// A log, and how far the centre is with it.
pub(super) struct Telling {
    kind: Kind,
    path: PathBuf,
    former: u8,
    /// `None` while somebody reads.
    tail: Option<Tail>,
    /// Unknown until the centre was asked.
    told: Option<Told>,
    /// Up to which number the centre has it.
    last: u64,
    /// Up to which number it has it, or does not understand it.
    passed: u64,
    /// Read, and not told yet.
    batch: Batch,
    /// Until when it is kept here because the centre takes no more of it.
    held_until: Option<Instant>,
    /// Why, as the log says.
    held: String,
}

impl Telling {
    pub(super) fn new(kind: Kind, (path, former): (&Path, u8)) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            former,
            tail: None,
            told: None,
            last: 0,
            passed: 0,
            batch: Batch::default(),
            held_until: None,
            held: String::new(),
        }
    }

    /// Asks the centre how far it is.
    pub(super) async fn resume(
        &mut self,
        exchange: &mut Exchange,
        site: &str,
    ) -> Result<(), CentreError> {
        let told = match self.told {
            Some(told) => told,
            None => Told::open(&self.path)?,
        };
        let path = format!("/v1/links/{site}/{}?epoch={}", self.kind.as_str(), told.epoch);
        let last = exchange.get(&path).await?.taken()?;
        self.told = Some(told);
        (self.last, self.passed) = (last, last.max(told.after));
        self.batch.drop_until(self.passed);
        if self.batch.count > 0 && self.batch.first != self.passed + 1 {
            self.batch = Batch::default();
        }
        if self.batch.count == 0 && last > 0 {
            self.find_older_disk(last).await?;
        }
        Ok(())
    }

    /// Tells one batch; whether there was one.
    pub(super) async fn tell(
        &mut self,
        exchange: &mut Exchange,
        site: &str,
    ) -> Result<bool, CentreError> {
        let Some(told) = self.told else { return Ok(false) };
        if self.held_until.is_some_and(|until| Instant::now() < until) {
            return Ok(false);
        }
        if self.batch.count == 0 {
            self.batch = self.read(self.passed).await?;
        }
        if self.batch.count == 0 {
            return Ok(false);
        }
        // What lies between is not in the log any more.
        let gone = if self.batch.first > self.last + 1 { "&gone=true" } else { "" };
        let (kind, first) = (self.kind.as_str(), self.batch.first);
        let path = format!("/v1/links/{site}/{kind}?epoch={}&first={first}{gone}", told.epoch);
        let answer = exchange.post(&path, self.batch.octets.clone()).await?;
        match answer.refused() {
            Some(refused) if refused.error == "line" => {
                let number = refused.number.unwrap_or(first).clamp(first, self.batch.last());
                self.leave_out(number, &refused.reason);
            }
            Some(refused) if refused.error == LIMIT => {
                self.hold(refused.reason);
                return Ok(false);
            }
            Some(refused) if refused.error == "gap" => {
                // It lost what it had; we begin where it is.
                tracing::warn!(kind, reason = refused.reason, "links.centre misses something");
                self.last = refused.last.unwrap_or_default();
                self.passed = self.last.max(told.after);
                self.batch = Batch::default();
            }
            _ => {
                self.last = answer.taken()?.max(self.batch.last());
                self.passed = self.last;
                self.batch = Batch::default();
                (self.held_until, self.held) = (None, String::new());
            }
        }
        Ok(true)
    }

    /// Keeps it in the log until there may be room for it; the rest is told meanwhile.
    fn hold(&mut self, reason: String) {
        self.held_until = Some(Instant::now() + AFTER_TOO_MUCH);
        if reason != self.held {
            let kind = self.kind.as_str();
            tracing::error!(kind, reason, "links.centre takes no more; it waits in the log");
            self.held = reason;
        }
    }

    /// A line that the centre does not understand is left out; what comes before it is told first.
    fn leave_out(&mut self, number: u64, reason: &str) {
        if number > self.batch.first {
            self.batch.keep_before(number);
            return;
        }
        let kind = self.kind.as_str();
        tracing::error!(kind, number, reason, "links.centre does not understand a line");
        self.passed = number;
        self.batch.drop_until(number);
    }

    /// A disk that is older than what the centre has of it goes on under an epoch of its own.
    async fn find_older_disk(&mut self, centre_has: u64) -> Result<(), CentreError> {
        let path = self.path.clone();
        let former = self.former;
        let newest = spawn_blocking(move || Tail::newest(&path, former)).await;
        let newest = newest.map_err(std::io::Error::other)??;
        if newest < centre_has {
            tracing::error!(newest, centre_has, "links.centre has more than this disk");
            self.told = Some(Told::begin(&self.path, newest)?);
            (self.last, self.passed) = (0, newest);
        }
        Ok(())
    }

    async fn read(&mut self, after: u64) -> Result<Batch, CentreError> {
        let tail = self.tail.take();
        let mut tail = tail.unwrap_or_else(|| Tail::new(&self.path, self.former));
        let reading = spawn_blocking(move || {
            let batch = tail.read(after);
            (tail, batch)
        });
        let (tail, batch) = reading.await.map_err(std::io::Error::other)?;
        self.tail = Some(tail);
        Ok(batch?)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use http_body_util::Full;
    use hyper::body::{Bytes, Incoming};
    use hyper::header::HeaderValue;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use link::report::Event;
    use tokio::io::duplex;
    use tokio::time::{advance, pause};

    use super::*;
    use crate::links::event::Words;
    use crate::links::numbered::{Extent, NumberedLog};
    use crate::links::settings::SwitchMode;

    /// A centre that answers a question by a status and words, the next one by the next.
    async fn centre(answers: [(u16, &'static str); 4]) -> (Exchange, Arc<Mutex<Vec<String>>>) {
        let (near, far) = duplex(64 * 1_024);
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (answers, log) = (Mutex::new(answers.into_iter()), Arc::clone(&asked));
        let service = service_fn(move |request: Request<Incoming>| {
            log.lock().unwrap().push(request.uri().to_string());
            let (status, body) = answers.lock().unwrap().next().unwrap();
            let response = Response::builder().status(status);
            async move { Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap()) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service));
        let host = HeaderValue::from_static("centre");
        (Exchange::over(near, host).await.unwrap(), asked)
    }

    #[tokio::test]
    async fn of_what_the_centre_has_too_much_all_waits_in_the_log_and_is_told_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let words =
            Words { site: "hofuf".to_owned(), paths: Vec::new(), mode: SwitchMode::default() };
        let event = || words.blank("began", std::time::SystemTime::UNIX_EPOCH);
        let mut log = NumberedLog::open(&path, Extent { largest: 1 << 20, former: 1 }).unwrap();
        let mut two: [Event; 2] = [event(), event()];
        log.append(&mut two).unwrap();
        let too_much = (507, r#"{"error":"limit","reason":"one too many"}"#);
        let taken = |last| (200, last);
        let (mut exchange, asked) =
            centre([taken(r#"{"last":0}"#), too_much, too_much, taken(r#"{"last":3}"#)]).await;
        pause();
        let mut telling = Telling::new(Kind::Cells, (&path, 1));
        telling.resume(&mut exchange, "hofuf").await.unwrap();
        for again in 1..=2 {
            for _ in 0..3 {
                // Whoever tells goes on with other things.
                assert!(!telling.tell(&mut exchange, "hofuf").await.unwrap());
            }
            assert_eq!(asked.lock().unwrap().len(), 1 + again, "once in a while");
            assert_eq!((telling.last, telling.batch.first), (0, 1), "nothing is left out");
            advance(AFTER_TOO_MUCH).await;
        }
        log.append(&mut [event()]).unwrap();
        assert!(telling.tell(&mut exchange, "hofuf").await.unwrap());
        assert_eq!((telling.last, telling.held.as_str()), (3, ""));
    }
}
