//! Targets: what runs no agent, asked by the device of a path, and what follows from their answers.
//!
//! A thread of its own asks, so that ten thousand of them delay no heartbeat. Of a path that lives by
//! its targets it tells the thread of links whether enough of them answer.

mod arp;
mod batch;
mod echo;
mod ends;
mod names;
mod ndp;
mod prober;
mod settings;
mod status;
mod streams;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use link::PathNumber;
use link::targets::{Quorum, TargetNumber, Targets};
use nix::sys::eventfd::EventFd;
use tokio_util::sync::CancellationToken;

pub(super) use settings::validate;
pub use settings::{TargetKind, TargetSettings, TargetSettingsError};
pub use status::TargetStatus;

use super::event::{Event, Words};
use super::metered::Counts;
use super::reload::Ways;
use super::settings::{AliveBy, LinksSettings};
use super::watch::Command;
use super::{LinksError, bell, spawn};
use crate::random;

use echo::Secret;
use ends::{Bound, Ends};
use prober::{Asked, Prober};
pub(super) use status::Board;
use streams::Streams;

/// To whom the thread tells what it sees.
pub(super) struct Outlets {
    pub(super) words: Words,
    /// Where it is counted what targets cost.
    pub(super) counts: Counts,
    pub(super) events: SyncSender<Event>,
    /// For the thread of links, which is woken by the other.
    pub(super) commands: SyncSender<Command>,
    pub(super) wake: Arc<EventFd>,
    pub(super) over: CancellationToken,
}

impl Outlets {
    /// The ways that others have, too.
    pub(super) fn of(ways: &Ways, counts: &Counts, over: CancellationToken) -> Self {
        let Ways { commands, wake, events, words } = ways.clone();
        Self { words, counts: counts.clone(), events, commands, wake, over }
    }
}

/// The thread, while it runs.
pub(super) struct Asking {
    pub(super) board: Arc<Board>,
    pub(super) thread: JoinHandle<io::Result<()>>,
    /// Wakes it to see that it is over.
    pub(super) wake: Arc<EventFd>,
}

/// Begins to ask the targets, if there are any.
pub(super) fn start(settings: &LinksSettings, to: Outlets) -> Result<Option<Asking>, LinksError> {
    if settings.targets.is_empty() {
        return Ok(None);
    }
    let asked =
        settings.targets.iter().map(|of| asked(settings, of)).collect::<Result<Vec<_>, _>>();
    let asked = asked.map_err(super::LinksSettingsError::from)?;
    let wake = bell()?;
    let questions = || asked.iter().map(|asked| &asked.question);
    let (outcomes, came) = channel();
    let streams = Streams::new(questions(), outcomes, Arc::clone(&wake))
        .map_err(|(path, source): (PathBuf, _)| LinksError::File { path, source })?;
    let secret = Secret { identifier: (random::number() & 0xffff) as u16, key: random::number() };
    let ends = (0..).zip(&settings.paths).map(|(path, of)| {
        let of_path = asked.iter().filter(|asked| asked.path == path);
        let bound = Bound { device: of.device.clone(), local: of.local };
        Ends::new(bound, secret, of_path.map(|asked| (&asked.question, asked.address)))
    });
    let ends = ends.collect();
    let policies = settings.targets.iter().map(TargetSettings::policy);
    let board = Board {
        targets: Mutex::new(Targets::new(policies, Instant::now())),
        settings: settings.targets.clone(),
    };
    let board = Arc::new(board);
    let quorums = quorums(settings, &asked);
    let mut prober = Prober::new(
        asked,
        ends,
        quorums,
        (streams, came),
        Arc::clone(&board),
        Arc::clone(&wake),
        to,
    );
    let thread = spawn("link-targets", move || prober.run())?;
    Ok(Some(Asking { board, thread, wake }))
}

fn asked(settings: &LinksSettings, of: &TargetSettings) -> Result<Asked, TargetSettingsError> {
    let path = settings.paths.iter().position(|path| path.name == of.path);
    let path = path.ok_or_else(|| TargetSettingsError::Path {
        target: of.name.clone(),
        path: of.path.clone(),
    })?;
    let timeout = of.policy().timeout;
    Ok(Asked { question: of.question()?, address: of.address, path, timeout })
}

/// What decides whether paths live that live by their targets.
fn quorums(settings: &LinksSettings, asked: &[Asked]) -> Vec<(PathNumber, Quorum)> {
    let mut quorums = Vec::new();
    for (path, of) in settings.paths.iter().enumerate() {
        if of.alive_by == AliveBy::Targets {
            let members =
                (0..).map(TargetNumber).zip(asked).filter(|(_, asked)| asked.path == path);
            let members: Vec<_> = members.map(|(number, _)| number).collect();
            let need = of.quorum.map_or(members.len() / 2 + 1, usize::from);
            let number = PathNumber::new(u8::try_from(path).unwrap_or(u8::MAX));
            quorums.push((number, Quorum::new(members, need)));
        }
    }
    quorums
}

#[cfg(test)]
mod tests;
