//! The links of an office: watched, and switched when one fails, also while the centre is gone.
//!
//! [`Links`] opens what is needed and runs its parts: a thread that watches and moves traffic, one that asks
//! what runs no agent, writers of what happened, a socket on which people ask and command, and what tells
//! the centre.

mod advice;
mod arp;
mod cells;
mod centre;
mod desk;
mod dns;
mod event;
mod exercise;
mod isolation;
mod metered;
mod ndp;
mod numbered;
mod policy;
mod reload;
mod reports;
mod router;
mod sectors;
mod settings;
pub mod shaper;
mod sockets;
mod status;
pub mod switch;
mod tap;
mod targets;
mod trial;
mod urgency;
mod watch;
mod watcher;
mod work;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use connections::unix::{self, SocketError, SocketFile};
use link::{Key, PathNumber};
use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::net::UnixListener;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

pub use advice::{AdviceSettingsError, FrrSettings};
pub use centre::{CentreError, CentreSettings};
pub use desk::Ask;
pub use event::Event;
pub use exercise::{DrillSettings, Exercised, Outcome, Weekday};
pub use isolation::{
    Attempt, AttemptError, IsolationSettings, IsolationSettingsError, IsolationStatus,
};
pub use metered::BudgetStatus;
pub use policy::{PolicyError, WrittenPolicy};
pub use reload::Reloader;
pub use settings::{
    AliveBy, BudgetPeriod, CarryTestSettings, LinksSettings, LinksSettingsError, PathSettings,
    SwitchMode,
};
pub use status::{PathStatus, Status, SustainedStatus};
pub use targets::{TargetKind, TargetSettings, TargetSettingsError, TargetStatus};

use centre::Centre;
use desk::Desk;
use event::Words;
use isolation::Testing;
use metered::{Counts, Keeper};
use reload::{Sections, Ways};
use reports::Reports;
use router::Router;
use sectors::Sectors;
use sockets::Sockets;
use targets::{Asking, Outlets};
use trial::{Carried, Outlet};
use watch::{Watch, WatchError};
use watcher::Thread;
use work::{Work, WorkKeeper};

use crate::random;

const COMMANDS: usize = 16;
/// For how long the end waits until all that happened is written down.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// Why links cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// The section says something that cannot be.
    #[error("the section [links] cannot be used")]
    Settings(#[from] LinksSettingsError),
    /// A path has no socket.
    #[error("path {path}: cannot use {device}")]
    Path {
        /// Which path.
        path: String,
        /// Its device.
        device: String,
        /// Why.
        source: io::Error,
    },
    /// People cannot ask.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The heartbeats of a path cannot be.
    #[error("{0}")]
    Watch(String),
    /// Routes cannot be read or laid.
    #[error("routes cannot be laid: {0}")]
    Routes(String),
    /// Paths cannot be tried.
    #[error("cannot try whether paths would carry the office")]
    Trial(#[source] io::Error),
    /// The key says nothing.
    #[error("{path}: {reason}")]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong; never a value.
        reason: String,
    },
    /// The event log cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in the file does not go with the policy of the centre.
    #[error("it does not go with the policy in force")]
    Policy(#[source] PolicyError),
    /// The centre cannot be told.
    #[error("cannot tell the centre")]
    Centre(#[source] CentreError),
    /// The thread cannot be started, or it ended.
    #[error("the thread that watches failed")]
    Thread(#[source] io::Error),
}

/// What runs.
pub struct Links {
    desk: Arc<Desk>,
    socket: (UnixListener, SocketFile),
    writers: Vec<JoinHandle<()>>,
    centre: Option<Centre>,
    /// Who watches, and who advises FRR, if that is the mode.
    threads: Vec<JoinHandle<io::Result<()>>>,
    /// Who asks targets, if there are any.
    asking: Option<Asking>,
    /// Who tests whether visitors are kept out, if that is set.
    testing: Option<Testing>,
    /// Who looks at what is spent on paths, if that is limited.
    keeper: Option<Keeper>,
    /// Who sets paths aside on which work is planned, if there is a centre.
    work: Option<WorkKeeper>,
    reloader: Reloader,
    /// Tells the thread that it is over, also while somebody is still at the desk.
    over: CancellationToken,
}

impl Links {
    /// Opens all that is needed, goes on with the routes that the kernel has, and begins to watch. Needs
    /// a running tokio.
    ///
    /// # Errors
    /// [`LinksError`] for the first thing that is missing.
    pub fn start(settings: &LinksSettings) -> Result<Self, LinksError> {
        settings.validate()?;
        let sections = Sections::open(settings);
        let (settings, policy) = (&sections.current().clone(), sections.running());
        let words = words(settings);
        let socket = unix::bind(&settings.socket)?;
        let key = settings.key_file.as_deref().map(read_key).transpose()?;
        let (watch, kernel, sockets) = watch(settings, key.clone())?;
        let wake = bell()?;
        let over = CancellationToken::new();
        let (commands, to_obey) = sync_channel(COMMANDS);
        let status = Arc::new(Mutex::new(Status { policy, ..Status::of(&watch, &words) }));
        let sectors = Sectors::new(settings, (&commands, &wake));
        let work = Work::open(settings);
        let reports = Reports::open(settings, &words, (&status, &sectors, &work))?;
        let counts = spent(settings)?;
        let ways = Ways::new((&commands, &wake), &reports.events, &words);
        let outlet = Outlet::of(&ways, (&status, &counts, sectors));
        let trials = trial::start(settings, key.as_ref(), outlet, over.clone())?;
        let asking = targets::start(settings, Outlets::of(&ways, &counts, over.clone()))?;
        let isolation = settings.isolation.as_ref();
        let testing =
            isolation::start(isolation, words.clone(), reports.events.clone(), over.clone())?;
        let tells = (words.clone(), reports.events.clone());
        let advising = advice::start(settings, kernel.advice(), tells, over.clone())?;
        let desk = Desk {
            counts: counts.clone(),
            paths: words.paths.clone(),
            words: words.clone(),
            events: reports.events.clone(),
            status: Arc::clone(&status),
            recent: reports.recent,
            targets: asking.as_ref().map(|asking| Arc::clone(&asking.board)),
            isolation: testing.as_ref().map(|testing| testing.view.clone()),
            commands,
            wake: Arc::clone(&wake),
        };
        let thread = Thread {
            watch,
            settings: settings.clone(),
            policy,
            key,
            trials,
            sent: vec![None; settings.paths.len()],
            counts: counts.clone(),
            sockets,
            kernel,
            words,
            events: reports.events,
            samples: reports.samples,
            commands: to_obey,
            wake,
            over: over.clone(),
            status,
        };
        let thread = begin(thread)?;
        Ok(Self {
            desk: Arc::new(desk),
            socket,
            writers: reports.writers,
            centre: reports.centre,
            threads: [thread].into_iter().chain(advising).collect(),
            asking,
            testing,
            keeper: Keeper::of(settings, &counts, &ways),
            work: WorkKeeper::of(settings, work, &ways),
            reloader: Reloader::new(sections, ways, counts),
            over,
        })
    }

    /// What takes sections that were changed.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Watches until asked to stop. Routes stay as they are; what FRR was advised is taken back.
    ///
    /// # Errors
    /// When nobody watches any more.
    pub async fn run(self, stop: CancellationToken) -> Result<(), LinksError> {
        let Self { desk, socket, writers, centre, threads, asking, testing, .. } = self;
        let (keeper, work) = (self.keeper, self.work);
        let (reloader, over) = (self.reloader, self.over);
        let mut wakes = vec![Arc::clone(&desk.wake)];
        // Ends with the others, whatever it waits for.
        let mut telling = JoinSet::new();
        // Without it nobody here reads the section again, who would keep the writers' way open.
        match centre {
            Some(centre) => drop(telling.spawn(centre.run(reloader, stop.clone()))),
            None => drop(reloader),
        }
        if let Some(work) = work {
            telling.spawn(work.run(over.clone()));
        }
        let keeping = keeper.map(|keeper| tokio::spawn(keeper.run(over.clone())));
        let mut asked = tokio::spawn(desk.run(socket, stop.clone()));
        let mut ended = JoinSet::new();
        for thread in threads {
            ended.spawn_blocking(move || thread.join());
        }
        if let Some(Asking { thread, wake, .. }) = asking {
            wakes.push(wake);
            ended.spawn_blocking(move || thread.join());
        }
        let view = testing.as_ref().map(|testing| testing.view.clone());
        if let Some(Testing { thread, .. }) = testing {
            ended.spawn_blocking(move || thread.join());
        }
        let first = tokio::select! {
            first = ended.join_next() => first,
            _ = &mut asked => None,
        };
        // One without the other is worth nothing.
        asked.abort();
        over.cancel();
        for wake in wakes {
            // It cannot fail: nobody writes as much as a counter holds.
            let _ = wake.write(1);
        }
        if let Some(view) = view {
            view.end();
        }
        let mut outcome = first.map_or(Ok(()), outcome_of);
        while let Some(next) = ended.join_next().await {
            outcome = outcome.and(outcome_of(next));
        }
        telling.shutdown().await;
        if let Some(keeping) = keeping {
            drop(keeping.await);
        }
        // All that happened is written down before the end; where it failed, others may still have a way to
        // the writers.
        let written = move || writers.into_iter().for_each(|writer| drop(writer.join()));
        drop(timeout(WRITTEN_WITHIN, tokio::task::spawn_blocking(written)).await);
        outcome
    }
}

/// Starts the thread that watches, ahead of all others.
fn begin(thread: Thread<Router>) -> Result<JoinHandle<io::Result<()>>, LinksError> {
    spawn("links", move || {
        urgency::ahead_of_all();
        thread.run()
    })
}

fn words(settings: &LinksSettings) -> Words {
    let paths = settings.paths.iter().map(|path| path.name.clone()).collect();
    Words { site: settings.site.clone(), paths, mode: settings.mode }
}

/// What became of a thread.
fn outcome_of(joined: Result<thread::Result<io::Result<()>>, JoinError>) -> Result<(), LinksError> {
    match joined {
        Ok(Ok(outcome)) => outcome.map_err(LinksError::Thread),
        Ok(Err(_)) | Err(_) => Err(LinksError::Thread(io::Error::other("it panicked"))),
    }
}

/// What is known of the paths when the agent begins, and the kernel as it goes on with it.
fn watch(
    settings: &LinksSettings,
    key: Option<Key>,
) -> Result<(Watch, Router, Vec<Sockets>), LinksError> {
    // Sockets may need its routes.
    let (mut kernel, routes) = Router::open(settings)?;
    let sockets = settings.paths.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let interfaces: Vec<_> = sockets.iter().map(|sockets| sockets.interface).collect();
    let of = (settings, key);
    let now = Instant::now();
    let mut watch = Watch::new(of, &interfaces, routes, random::number, now)?;
    Carried::open(settings).each(settings).for_each(|known| watch.recall(known, now));
    for (number, path) in (0..).map(PathNumber::new).zip(&settings.paths) {
        // An office whose visitors make no room is better than none.
        if let Some(ceil) = watch.ceil(number)
            && let Err(error) = kernel.lay(number, ceil)
        {
            tracing::error!(path = path.name, %error, "links.share");
        }
    }
    Ok((watch, kernel, sockets))
}

/// By which a thread is woken.
fn bell() -> Result<Arc<EventFd>, LinksError> {
    EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
        .map(Arc::new)
        .map_err(|errno| LinksError::Thread(errno.into()))
}

/// What was spent on each path before.
fn spent(settings: &LinksSettings) -> Result<Counts, LinksError> {
    metered::open(settings).map_err(|(path, source)| LinksError::File { path, source })
}

/// Reads the secret that both ends share, without the blanks around it.
fn read_key(path: &Path) -> Result<Key, LinksError> {
    let text = std::fs::read(path).map(Zeroizing::new);
    let text = text.map_err(|source| LinksError::File { path: path.to_owned(), source })?;
    Key::new(text.trim_ascii())
        .map_err(|error| LinksError::Key { path: path.to_owned(), reason: error.to_string() })
}

fn open(path: &PathSettings) -> Result<Sockets, LinksError> {
    Sockets::open(path).map_err(|source| LinksError::Path {
        path: path.name.clone(),
        device: path.device.to_string(),
        source,
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LinksError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(LinksError::Thread)
}

impl From<WatchError> for LinksError {
    fn from(error: WatchError) -> Self {
        Self::Watch(error.to_string())
    }
}
