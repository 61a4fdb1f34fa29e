//! Carries out what the state machine decides, in order.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use radius_proto::SharedSecret;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Done, EdgeError};
use crate::access::{AccessControl, Action, Event};
use crate::enforcer::{Admission, EnforceError, Enforcer};
use crate::ledger::{Entry, Ledger, Notice};
use crate::moment::Moment;
use crate::nftables::{GatewayRules, NftEnforcer};
use crate::radius::{self, Identity, Servers};
use crate::state_file::{SavedState, StateFile};
use crate::timeline::Timeline;

/// How long counters and acknowledgements may be unsaved; the kernel has the counters too, and a
/// report that is told twice counts once.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// Who is online, and the hands that make it so.
pub(super) struct Desk {
    pub(super) access: AccessControl,
    pub(super) ledger: Ledger,
    pub(super) enforcer: Box<dyn Enforcer>,
    /// To be loaded again when somebody has removed them; `None` where enforcing is pretended.
    pub(super) rules: Option<GatewayRules>,
    pub(super) timeline: Timeline,
    pub(super) saved: Saved,
    pub(super) servers: ServerSide,
    pub(super) errands: JoinSet<Done>,
}

/// The servers, and who we are to them.
#[derive(Clone)]
pub(super) struct ServerSide {
    pub(super) authentication: Arc<Servers>,
    pub(super) accounting: Arc<Servers>,
    pub(super) identity: Identity,
    pub(super) secret: SharedSecret,
}

/// What is on disk, and what is not yet.
pub(super) struct Saved {
    pub(super) file: StateFile,
    pub(super) at: Instant,
    pub(super) unsaved: Unsaved,
}

/// What a crash of the machine would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unsaved {
    Nothing,
    /// Counters and acknowledgements.
    Progress,
    /// Sessions that have begun or ended.
    Sessions,
}

impl Saved {
    fn note(&mut self, unsaved: Unsaved) {
        self.unsaved = self.unsaved.max(unsaved);
    }
}

impl Desk {
    pub(super) fn now(&self) -> Moment {
        self.timeline.now()
    }

    /// When something is due, if nothing happens before.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let moments = [self.access.next_deadline(), self.ledger.next_deadline()];
        moments.into_iter().flatten().min().map(|moment| self.timeline.instant(moment))
    }

    /// The next errand that is done.
    pub(super) async fn done(&mut self) -> Done {
        loop {
            match self.errands.join_next().await {
                Some(Ok(done)) => return done,
                Some(Err(error)) => tracing::error!(%error, "edge.errand.panicked"),
                None => return pending().await,
            }
        }
    }

    /// Carries out what the state machine answers to an input.
    pub(super) fn perform(
        &mut self,
        input: impl FnOnce(&mut AccessControl) -> Vec<Action>,
    ) -> Result<(), EdgeError> {
        let mut actions = VecDeque::from(input(&mut self.access));
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Ask(ask) => self.ask(ask),
                Action::Admit(admission) => actions.extend(self.admit(&admission)?),
                Action::Remove { device, address } => {
                    match self.enforcer.remove(device, address) {
                        Ok(usage) => {
                            let now = self.now();
                            actions.extend(self.access.removed(device, usage, now));
                        }
                        // It is tried again in a moment.
                        Err(error) => tracing::error!(%error, "edge.remove"),
                    }
                }
                Action::Report(report) => {
                    let session = report.session.as_str();
                    if report.event == Event::Interim {
                        tracing::debug!(session, "edge.session.goes-on");
                        self.saved.note(Unsaved::Progress);
                    } else {
                        tracing::info!(session, event = ?report.event, "edge.session");
                        self.saved.note(Unsaved::Sessions);
                    }
                    self.ledger.add(Notice::Session(report));
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, ask: crate::access::Ask) {
        let ServerSide { authentication, identity, secret, .. } = self.servers.clone();
        self.errands.spawn(async move {
            let decision = radius::authenticate(&authentication, &ask, &identity, &secret).await;
            Done::Asked(ask.device, decision)
        });
    }

    fn admit(&mut self, admission: &Admission) -> Result<Vec<Action>, EdgeError> {
        let outcome = match self.enforcer.admit(admission) {
            Err(EnforceError::RulesGone) => {
                self.enforce_again()?;
                self.enforcer.admit(admission)
            }
            other => other,
        };
        let Err(error) = outcome else { return Ok(Vec::new()) };
        tracing::error!(%error, "edge.admit");
        let now = self.now();
        Ok(self.access.not_admitted(admission.device, now))
    }

    /// Reads the counters, and makes the kernel agree with the state machine.
    pub(super) fn count(&mut self) -> Result<(), EdgeError> {
        let usage = match self.enforcer.usage() {
            Err(EnforceError::RulesGone) => {
                self.enforce_again()?;
                self.enforcer.usage()?
            }
            Err(error) => {
                tracing::error!(%error, "edge.count");
                return Ok(());
            }
            Ok(usage) => usage,
        };
        let now = self.now();
        self.saved.note(Unsaved::Progress);
        self.perform(|access| access.counted(&usage, now))
    }

    /// Loads the rules that somebody has removed.
    fn enforce_again(&mut self) -> Result<(), EdgeError> {
        tracing::error!("edge.rules.gone: loaded again; leave table inet sabeel alone");
        if let Some(rules) = &self.rules {
            self.enforcer = Box::new(NftEnforcer::start(rules)?);
        }
        Ok(())
    }

    /// A server has acknowledged an entry, or none has.
    pub(super) fn told(&mut self, number: u64, is_acknowledged: bool) {
        if is_acknowledged {
            self.ledger.acknowledged(number);
            self.saved.note(Unsaved::Progress);
        } else {
            tracing::warn!("edge.accounting.unanswered: no server acknowledges; tried again");
            let now = self.now();
            self.ledger.unanswered(number, now);
        }
    }

    /// Saves what must not be lost, then tells the accounting server.
    pub(super) async fn settle(&mut self) {
        let is_old = self.saved.at.elapsed() >= SAVE_EVERY;
        match self.saved.unsaved {
            Unsaved::Sessions => self.save().await,
            Unsaved::Progress if is_old => self.save().await,
            Unsaved::Progress | Unsaved::Nothing => {}
        }
        let given_up = self.ledger.take_given_up();
        if given_up > 0 {
            tracing::error!(given_up, "edge.accounting.full: reports are lost");
        }
        let now = self.now();
        for entry in self.ledger.due(now) {
            self.tell(entry);
        }
    }

    fn tell(&mut self, entry: Entry) {
        let ServerSide { accounting, identity, .. } = self.servers.clone();
        let timeline = self.timeline;
        self.errands.spawn(async move {
            let is_acknowledged =
                radius::account(&accounting, &entry, &identity, timeline.now()).await;
            Done::Told { number: entry.number, is_acknowledged }
        });
    }

    async fn save(&mut self) {
        let mark = self.timeline.mark();
        let state = SavedState::new(mark, self.access.saved(), self.ledger.saved());
        let file = self.saved.file.clone();
        let outcome = tokio::task::spawn_blocking(move || file.save(&state)).await;
        (self.saved.at, self.saved.unsaved) = (Instant::now(), Unsaved::Nothing);
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "edge.state.unsaved: a restart would forget sessions");
                self.saved.unsaved = Unsaved::Progress;
            }
            Err(error) => tracing::error!(%error, "edge.state.panicked"),
        }
    }

    /// Keeps everything for the next run.
    pub(super) async fn finish(&mut self) {
        if let Err(error) = self.count() {
            tracing::error!(%error, "edge.finish");
        }
        self.save().await;
    }
}
