//! What the watch is told beside what it hears of its paths.

use std::time::Instant;

use link::PathNumber;
use link::bfd;
use link::carry::Outcome;
use link::metered::Thrift;
use link::path::{Heard, Liveness};
use link::sector::Siblings;

use super::{Effect, Watch};
use crate::links::settings::LinksSettings;
use crate::links::trial::News;

/// What people want, or others on this router found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::links) enum Command {
    /// The office stays on a path, until then.
    Lock(PathNumber, Option<Instant>),
    /// It goes where it is best.
    Unlock,
    /// A path is taken out, until then.
    Maintain(PathNumber, Option<Instant>),
    /// Work on a path was planned elsewhere, and it is taken out until then.
    Work(PathNumber, Instant),
    /// And given back.
    Resume(PathNumber),
    /// A path is to be tried now.
    Try(PathNumber),
    /// A bulk run is to be made over a path, as soon as may be.
    Fill(PathNumber),
    /// What is told of bulk runs. Nobody wants that, either.
    Bulk(PathNumber, News),
    /// A path was tried. Nobody wants that, but it comes by the same way.
    Tried(PathNumber, Outcome),
    /// The section was changed, with the generation of the policy in it.
    Reload(Box<LinksSettings>, Option<u64>),
    /// Other offices use the sector of a path. Nobody wants it, either.
    Siblings(PathNumber, Siblings),
    /// So much is left out of watching a path whose traffic is paid for. It is counted.
    Thrift(PathNumber, Thrift),
    /// Enough targets of a path answer, or too few do. Nobody wants it: it is seen.
    Targets(PathNumber, bool),
}

impl Watch {
    /// Does what people want.
    pub(in crate::links) fn obey(
        &mut self,
        command: &Command,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let decisions = match command {
            Command::Lock(on, until) => vec![self.site.lock(*on, *until, now)],
            Command::Unlock => self.site.unlock(&self.views(), now),
            Command::Maintain(number, until) => {
                let heard = Heard::Maintenance { until: *until };
                return self.set_aside(*number, &heard, now, effects);
            }
            Command::Work(number, until) => {
                let heard = Heard::Work { until: *until };
                return self.set_aside(*number, &heard, now, effects);
            }
            Command::Resume(number) => {
                if let Some(session) = self.session_of(*number) {
                    let _ = self.sessions.enable(session, now);
                }
                return self.hear(*number, &Heard::MaintenanceOver, now, effects);
            }
            // It is the business of the thread, which has what is to be changed with it.
            Command::Reload(..) | Command::Fill(_) => return,
            Command::Bulk(number, news) => return self.take_bulk(*number, news, now, effects),
            Command::Try(number) => return effects.push(Effect::Try(*number)),
            Command::Tried(number, outcome) => {
                let watched = self.paths.get_mut(usize::from(number.index()));
                if let Some(fitness) = watched.and_then(|watched| watched.fitness.as_mut()) {
                    fitness.note(*outcome);
                }
                self.judge(*number, now, effects);
                return self.look(now, effects);
            }
            Command::Siblings(number, siblings) => {
                return self.take_siblings(*number, *siblings, now, effects);
            }
            Command::Thrift(number, thrift) => {
                self.set_thrift(*number, *thrift);
                self.judge(*number, now, effects);
                return self.look(now, effects);
            }
            Command::Targets(number, is_met) => {
                return self.take_targets(*number, *is_met, now, effects);
            }
        };
        self.decide(decisions, now, effects);
    }

    /// Takes a path out, and tells the other end.
    fn set_aside(
        &mut self,
        number: PathNumber,
        heard: &Heard,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let session = self.session_of(number);
        if let Some(session) = session {
            let why = bfd::Diagnostic::AdministrativelyDown;
            // The change is our own, and known.
            let _ = self.sessions.disable(session, why, now);
        }
        self.hear(number, heard, now, effects);
        if session.is_some() {
            // Its heartbeats say nothing any more.
            self.hear(number, &Heard::Liveness(Liveness::Expired), now, effects);
        }
    }
}
