//! What follows from the other offices on the sector of a path: visitors make room for them, too, and of what
//! the path was measured to carry it is left what they do not count on.

use std::time::Instant;

use link::PathNumber;
use link::capacity::BitRate;
use link::guard::OFFICE_RESERVE;
use link::sector::{ALONE_AFTER, Siblings};

use super::{Effect, Guarded, Watch, number};

impl Watch {
    /// Hears of the others.
    pub(super) fn take_siblings(
        &mut self,
        path: PathNumber,
        siblings: Siblings,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let is_own = self.site.clamped() == Some(path);
        let Some(watched) = self.paths.get_mut(usize::from(path.index())) else { return };
        watched.siblings = (siblings, now + ALONE_AFTER);
        let is_filled = watched.is_filled();
        if let Some(fitness) = &mut watched.fitness {
            fitness.share(siblings);
        }
        if let Some(guarded) = &mut watched.guarded {
            let mut wanted = guarded.share(siblings);
            if !is_own && !is_filled {
                let other = match siblings.busy {
                    0 => guarded.go(now),
                    // Our own office needs nothing there.
                    _ => guarded.come(BitRate::default(), now),
                };
                wanted = other.or(wanted);
            }
            effects.extend(wanted.map(|wanted| Effect::Shared(path, wanted)));
        }
        self.judge(path, now, effects);
        self.look(now, effects);
    }

    /// What was told too long ago says nothing.
    pub(super) fn forget_siblings(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for index in 0..self.paths.len() {
            let is_old =
                |of: &super::Watched| of.siblings.0 != Siblings::NONE && of.siblings.1 <= now;
            if self.paths.get(index).is_some_and(is_old) {
                self.take_siblings(number(index), Siblings::NONE, now, effects);
            }
        }
    }

    /// What the office counts on by a path, while that is its backup and visitors make room there.
    pub(in crate::links) fn office_on(&self, path: PathNumber) -> Option<BitRate> {
        let is_there = self.site.clamped() == Some(path);
        let usual =
            || self.paths.iter().filter_map(|of| of.guarded.as_ref()).map(Guarded::usual_office);
        is_there.then(|| OFFICE_RESERVE.of(usual().max().unwrap_or_default()))
    }
}
