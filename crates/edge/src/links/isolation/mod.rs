//! The self-test of isolation: a visitor of ours tries to get into the office, and must not.
//!
//! A thread of its own makes the attempts. What gets in is told at each test until it no longer does;
//! a test that cannot be run is told as such and is no safety.

mod evidence;
mod near;
mod packets;
mod settings;
mod station;

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use link::isolation::{Isolation, Step, Tested};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use settings::{Attempt, AttemptError, IsolationSettings, IsolationSettingsError};

use super::event::{Event, Words};
use super::{LinksError, spawn};

use packets::Answer;
use station::{NotTested, Reached, Station};

/// After the start, so that paths and rules are there.
const FIRST: Duration = Duration::from_secs(10);
/// Who may wait for a test at once.
const WAITING: usize = 8;

/// What the last test showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IsolationStatus {
    /// `safe`, `breach` or `unknown`.
    pub verdict: String,
    /// When it was tested last, in milliseconds of Unix time.
    pub tested_at: Option<u64>,
    /// Why the last test could not be run.
    pub why: Option<String>,
    /// What visitors reach of the office, though they must not.
    pub reached: Vec<String>,
}

/// What the thread is asked.
pub(super) enum Ask {
    /// To test now, and to say when that is done.
    Test(oneshot::Sender<()>),
    /// To end.
    End,
}

/// The thread, while it runs.
pub(super) struct Testing {
    pub(super) view: View,
    pub(super) thread: JoinHandle<io::Result<()>>,
}

/// What people see of it, and by which they ask.
#[derive(Clone)]
pub(super) struct View {
    status: Arc<Mutex<IsolationStatus>>,
    asks: SyncSender<Ask>,
}

impl View {
    /// What the last test showed.
    pub(super) fn status(&self) -> IsolationStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has it tested now; `None` if too many wait for that.
    pub(super) async fn test(&self) -> Option<IsolationStatus> {
        let (done, is_done) = oneshot::channel();
        self.asks.try_send(Ask::Test(done)).ok()?;
        is_done.await.ok()?;
        Some(self.status())
    }

    /// Asks the thread to end.
    pub(super) fn end(&self) {
        // If there is no room it sees that it is over after the test that it is about.
        let _ = self.asks.try_send(Ask::End);
    }
}

struct Tester {
    settings: IsolationSettings,
    isolation: Isolation,
    words: Words,
    events: SyncSender<Event>,
    status: Arc<Mutex<IsolationStatus>>,
    over: CancellationToken,
}

/// Begins to test, if it is set.
pub(super) fn start(
    settings: Option<&IsolationSettings>,
    words: Words,
    events: SyncSender<Event>,
    over: CancellationToken,
) -> Result<Option<Testing>, LinksError> {
    let Some(settings) = settings.cloned() else { return Ok(None) };
    let (asks, asked) = sync_channel(WAITING);
    let isolation = Isolation::new();
    let status = IsolationStatus {
        verdict: isolation.verdict().as_str().to_owned(),
        why: Some("it was not tested yet".to_owned()),
        ..IsolationStatus::default()
    };
    let status = Arc::new(Mutex::new(status));
    let view = View { status: Arc::clone(&status), asks };
    let tester = Tester { settings, isolation, words, events, status, over };
    let thread = spawn("link-isolation", move || tester.run(&asked))?;
    Ok(Some(Testing { view, thread }))
}

impl Tester {
    fn run(mut self, asked: &Receiver<Ask>) -> io::Result<()> {
        let mut pause = FIRST;
        loop {
            let mut waiting = Vec::new();
            match asked.recv_timeout(pause) {
                Ok(Ask::Test(done)) => waiting.push(done),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if self.over.is_cancelled() {
                return Ok(());
            }
            let (reached, why) = match Station::open(&self.settings, &self.over) {
                Ok(station) => station.test(),
                Err(error) => (BTreeMap::new(), Some(error)),
            };
            if let Some(NotTested::Stopped) = why {
                return Ok(());
            }
            self.take(&reached, why);
            pause = self.isolation.pause(self.settings.every());
            for done in waiting {
                // Who asked may have gone.
                let _ = done.send(());
            }
        }
    }

    /// Takes what a test showed, and why not all was tested: tells of it, keeps evidence and shows it.
    fn take(&mut self, reached: &BTreeMap<usize, Reached>, why: Option<NotTested>) {
        let now = SystemTime::now();
        let at = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        let why = why.map(|error| error.to_string());
        let numbers = reached.keys().copied().collect();
        let tested = if why.is_some() { Tested::Partly(numbers) } else { Tested::Reached(numbers) };
        for step in self.isolation.take(tested) {
            match step {
                Step::Open(number) => {
                    self.tell_open(number, reached.get(&number), (now, at));
                }
                Step::Closed(number) => self.tell(Event {
                    target: self.attempt(number).map(|attempt| attempt.to_string()),
                    to: Some("closed".to_owned()),
                    ..self.words.blank("breach", now)
                }),
                Step::Verdict { from, to } => self.tell(Event {
                    from: Some(from.as_str().to_owned()),
                    to: Some(to.as_str().to_owned()),
                    why: why.clone(),
                    ..self.words.blank("isolation", now)
                }),
            }
        }
        if let Some(why) = &why {
            tracing::warn!(why, "links.isolation: the test cannot be run, which is no safety");
        }
        let name = |number: &usize| self.attempt(*number).map(|attempt| attempt.to_string());
        let status = IsolationStatus {
            verdict: self.isolation.verdict().as_str().to_owned(),
            tested_at: Some(at),
            why,
            reached: self.isolation.open().iter().filter_map(name).collect(),
        };
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Tells of a breach, the loudest there is.
    fn tell_open(&self, number: usize, reached: Option<&Reached>, (now, at): (SystemTime, u64)) {
        let Some((attempt, reached)) = self.attempt(number).zip(reached) else { return };
        let kept = match evidence::keep(&self.settings, attempt, reached, at) {
            Ok(path) => format!("evidence is in {}", path.display()),
            Err(error) => format!("no evidence could be kept: {error}"),
        };
        let how = match reached.by {
            Answer::Serves => "it answers",
            Answer::Refuses | Answer::Router => "its host refuses, so packets get there",
        };
        let from = self.settings.stand(attempt).map_or(String::new(), |it| it.from.to_string());
        let device = &self.settings.device;
        let why = format!("tried as visitor {from} on {device}: {how}; {kept}");
        tracing::error!(reached = %attempt, why, "links.breach: visitors get into the office");
        self.tell(Event {
            target: Some(attempt.to_string()),
            to: Some("open".to_owned()),
            why: Some(why),
            ..self.words.blank("breach", now)
        });
    }

    fn attempt(&self, number: usize) -> Option<Attempt> {
        self.settings.office.get(number).copied()
    }

    fn tell(&self, event: Event) {
        // It can wait until there is room: nothing else waits for this thread.
        if self.events.send(event).is_err() {
            tracing::error!("links.isolation: an event is lost");
        }
    }
}
