//! Other sections while the agent runs: that of the file when it was changed, and over it the policy that
//! the centre hands out. One that cannot be used, or needs a restart, is refused as a whole; of each policy
//! an event tells what became of it.

use std::error::Error;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use link::policy::SignedPolicy;
use nix::sys::eventfd::EventFd;
use serde_json::Value;

use super::LinksError;
use super::event::{Event, Words};
use super::metered::Counts;
use super::policy::{Kept, KeptError};
use super::settings::LinksSettings;
use super::switch::Plan;
use super::watch::Command;

/// Takes sections that were changed and policies of the centre, while the agent runs.
#[derive(Debug, Clone)]
pub struct Reloader(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    sections: Sections,
    ways: Ways,
    /// Where it is counted what watching costs, which has limits.
    counts: Counts,
    /// What was refused last and why, so that it is told once.
    refused: Option<(Value, String)>,
}

/// By what the agent runs.
#[derive(Debug)]
pub(super) struct Sections {
    /// As the file has it.
    file: LinksSettings,
    /// As it runs.
    current: LinksSettings,
    /// The policy that was taken last; nothing if the file names no key by which one is known.
    policy: Option<Kept>,
    /// Whether it runs by that.
    is_in_force: bool,
    /// What is wrong with the one that was found on the disk.
    unusable: Option<KeptError>,
}

/// The ways to who watches and who writes.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) commands: SyncSender<Command>,
    pub(super) wake: Arc<EventFd>,
    pub(super) events: SyncSender<Event>,
    pub(super) words: Words,
}

impl Sections {
    /// Those with which an agent starts: the file, and over it the policy on the disk.
    pub(super) fn open(file: &LinksSettings) -> Self {
        let mut sections = Self {
            file: file.clone(),
            current: file.clone(),
            policy: None,
            is_in_force: false,
            unusable: None,
        };
        let site = file.site.parse().ok();
        let kept = site.zip(file.centre.as_ref()).and_then(|(site, of)| Kept::open(site, of));
        let Some((kept, found)) = kept else { return sections };
        match found.and_then(|()| Ok(kept.over(file)?)) {
            Ok(Some(merged)) => {
                sections.current = merged;
                sections.is_in_force = true;
            }
            Ok(None) => {}
            Err(error) => sections.unusable = Some(error),
        }
        sections.policy = Some(kept);
        sections
    }

    /// As the agent runs.
    pub(super) const fn current(&self) -> &LinksSettings {
        &self.current
    }

    /// The generation of the policy by which it runs.
    pub(super) fn running(&self) -> Option<u64> {
        self.policy.as_ref().filter(|_| self.is_in_force).map(Kept::generation)
    }

    /// Whether the agent can go on with a section.
    fn check(&self, fresh: &LinksSettings) -> Result<(), LinksError> {
        self.current.check_reload(fresh)?;
        Plan::new(fresh.outline()).map_err(|error| LinksError::Routes(error.to_string()))?;
        Ok(())
    }
}

impl Reloader {
    /// For an agent that runs by those sections; tells of the policy that was found on the disk.
    pub(super) fn new(sections: Sections, ways: Ways, counts: Counts) -> Self {
        let blank = ways.words.blank("policy", SystemTime::now());
        if let Some(generation) = sections.running() {
            tracing::info!(generation, "links.policy is in force");
            let why = Some("it was kept on the disk".to_owned());
            let to = Some(of(generation));
            ways.tell(Event { to, why, code: Some("taken".to_owned()), ..blank });
        } else if let Some(error) = &sections.unusable {
            ways.refuse(None, &reason(error));
        }
        Self(Arc::new(Mutex::new(Inner { sections, ways, counts, refused: None })))
    }

    /// Has the agent go on with a section that was changed, and over it the policy that it has; no session
    /// is lost, no route moves.
    ///
    /// # Errors
    /// [`LinksError`] if it cannot be used, or something is different that is taken only at the start.
    /// Then nothing changes.
    pub fn reload(&self, fresh: &LinksSettings) -> Result<(), LinksError> {
        let inner = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sections = &mut inner.sections;
        fresh.validate()?;
        sections.file.check_reload(fresh)?;
        let merged = match sections.policy.as_ref().map(|kept| kept.over(fresh)) {
            Some(Err(error)) if sections.is_in_force => return Err(LinksError::Policy(error)),
            Some(Ok(merged)) => merged,
            // It was no use before, either.
            Some(Err(_)) | None => None,
        };
        let (is_in_force, merged) = (merged.is_some(), merged.unwrap_or_else(|| fresh.clone()));
        sections.check(&merged)?;
        sections.file = fresh.clone();
        sections.is_in_force = is_in_force;
        sections.current = merged.clone();
        inner.refused = None;
        inner.counts.change(&merged);
        inner.ways.send(merged, sections.running())
    }

    /// After which generation the centre is asked for policies; not at all if no key is known.
    pub(super) fn generation(&self) -> Option<u64> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.sections.policy.as_ref().map(Kept::generation)
    }

    /// Takes what the centre offers, if it is a policy that follows the last one. It is on the disk before
    /// the agent runs by it.
    pub(super) fn offer(&self, offered: Value) {
        let inner = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = offered.get("generation").and_then(Value::as_u64);
        if let Err(error) = inner.take(&offered) {
            let refused = (offered, error);
            if inner.refused.as_ref() != Some(&refused) {
                inner.ways.refuse(generation, &refused.1);
                inner.refused = Some(refused);
            }
        }
    }
}

impl Inner {
    fn take(&mut self, offered: &Value) -> Result<(), String> {
        let sections = &mut self.sections;
        let Some(kept) = &mut sections.policy else { return Ok(()) };
        let policy: SignedPolicy =
            serde_json::from_value(offered.clone()).map_err(|error| error.to_string())?;
        let judged = kept.judge(&policy, &sections.file).map_err(|error| reason(&error))?;
        let Some(merged) = judged else { return Ok(()) };
        let before = sections.running();
        sections.check(&merged).map_err(|error| reason(&error))?;
        let generation = policy.generation;
        let Some(kept) = &mut sections.policy else { return Ok(()) };
        kept.keep(policy).map_err(|error| reason(&error))?;
        (sections.current, sections.is_in_force) = (merged.clone(), true);
        self.refused = None;
        self.counts.change(&merged);
        self.ways.send(merged, Some(generation)).map_err(|error| reason(&error))?;
        tracing::info!(generation, "links.policy is in force");
        let blank = self.ways.words.blank("policy", SystemTime::now());
        let from = before.map_or_else(|| "the file".to_owned(), of);
        let (from, to) = (Some(from), Some(of(generation)));
        self.ways.tell(Event { from, to, code: Some("taken".to_owned()), ..blank });
        Ok(())
    }
}

impl Ways {
    /// To those who are at the other ends.
    pub(super) fn new(
        (commands, wake): (&SyncSender<Command>, &Arc<EventFd>),
        events: &SyncSender<Event>,
        words: &Words,
    ) -> Self {
        let (commands, wake) = (commands.clone(), Arc::clone(wake));
        Self { commands, wake, events: events.clone(), words: words.clone() }
    }

    /// Has the agent go on with that. Whoever watches is never long with what it has been told before.
    fn send(&self, fresh: LinksSettings, policy: Option<u64>) -> Result<(), LinksError> {
        let gone = |_| LinksError::Thread(std::io::Error::other("it takes no commands"));
        self.commands.send(Command::Reload(Box::new(fresh), policy)).map_err(gone)?;
        // It cannot fail: nobody writes as much as a counter holds.
        let _ = self.wake.write(1);
        Ok(())
    }

    fn refuse(&self, generation: Option<u64>, why: &str) {
        tracing::error!(generation, why, "links.policy is refused: all stays as it was");
        let blank = self.words.blank("policy", SystemTime::now());
        let (to, why) = (generation.map(of), Some(why.to_owned()));
        self.tell(Event { to, why, code: Some("refused".to_owned()), ..blank });
    }

    fn tell(&self, event: Event) {
        if let Err(error) = self.events.try_send(event) {
            tracing::error!(%error, "links.event is lost");
        }
    }
}

fn of(generation: u64) -> String {
    format!("generation {generation}")
}

/// Why, with what led to it.
fn reason(error: &dyn Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reason.push_str(&format!(": {error}"));
        source = error.source();
    }
    reason
}

#[cfg(test)]
mod tests;
