//! What is told of paths second by second: to people, and to whoever keeps how they were.

use std::time::{Duration, Instant};

use link::capacity::BitRate;
use link::{PathNumber, Second};

use super::guarded::Guarded;
use super::{Fitness, Watch};
use crate::links::cells::{PathSample, Sample};

impl Watch {
    /// Whether the office leaves no room on a path for visitors who are not online yet.
    pub(in crate::links) fn is_closed_to_visitors(&self, number: PathNumber) -> bool {
        let guarded = self.watched(number).and_then(|watched| watched.guarded.as_ref());
        guarded.is_some_and(Guarded::is_closed)
    }

    /// What visitors have of a path at most, if it is shared out.
    pub(in crate::links) fn ceil(&self, number: PathNumber) -> Option<Option<BitRate>> {
        Some(self.watched(number)?.guarded.as_ref()?.ceil())
    }

    /// What the last second of probes of a path showed, and how long its round trips usually take.
    pub(in crate::links) fn quality(
        &self,
        number: PathNumber,
    ) -> Option<(&Second, Option<Duration>)> {
        let watched = self.watched(number)?;
        Some((&watched.last, watched.path.usual()))
    }

    /// When the next second of probes is weighed.
    pub(in crate::links) const fn next_second(&self) -> Instant {
        self.next_second
    }

    /// What all paths did in the last second, which was over then.
    pub(in crate::links) fn sample(&self, at: u64) -> Sample {
        let routes = self.site.routes();
        let paths = (0..).map(PathNumber::new).zip(&self.paths).map(|(number, watched)| {
            let readiness = watched.fitness.as_ref().map(Fitness::readiness);
            PathSample {
                second: watched.last.clone(),
                losses: watched.losses,
                health: watched.path.health(),
                readiness,
                is_alive: watched.path.is_alive(),
                is_used: routes.all == number || routes.protected == number,
            }
        });
        Sample { at, paths: paths.collect() }
    }
}
