//! Bulk runs over a path: visitors make room while one goes on, and what it showed bounds what the path is taken
//! to carry.

use std::time::{Duration, Instant};

use link::PathNumber;
use link::capacity::BitRate;

use super::{Effect, Watch, Watched};
use crate::links::event::What;
use crate::links::trial::{Bulked, News};

/// More than any path carries: visitors have the floor.
const ALL: BitRate = BitRate::from_bits_per_second(u64::MAX);

impl Watch {
    /// Knows what a bulk run showed so long ago, before the agent began.
    pub(in crate::links) fn recall(
        &mut self,
        (number, bulked, age): (PathNumber, Bulked, Duration),
        now: Instant,
    ) {
        let Some(watched) = self.paths.get_mut(usize::from(number.index())) else { return };
        let Some(fitness) = &mut watched.fitness else { return };
        fitness.note_bulk(bulked, age, now);
        watched.bound();
    }

    /// Hears of a bulk run.
    pub(super) fn take_bulk(
        &mut self,
        number: PathNumber,
        news: &News,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let is_needed = self.site.clamped() == Some(number);
        let Some(watched) = self.paths.get_mut(usize::from(number.index())) else { return };
        let is_needed = is_needed || watched.siblings.0.busy > 0;
        let Some(fitness) = &mut watched.fitness else { return };
        fitness.is_filled = *news == News::Begins;
        if let News::Over(bulked) = news {
            fitness.note_bulk(*bulked, Duration::ZERO, now);
        }
        watched.bound();
        let guarded = watched.guarded.as_mut().filter(|_| !is_needed);
        let wanted = guarded.and_then(|guarded| match news {
            News::Begins => guarded.come(ALL, now),
            News::Over(_) | News::Off(_) => guarded.go(now),
        });
        effects.extend(wanted.map(|wanted| Effect::Shared(number, wanted)));
        effects.push(Effect::Happened(What::Bulk { number, news: *news }));
        self.judge(number, now, effects);
        self.look(now, effects);
    }
}

impl Watched {
    /// Whether a bulk run goes over it.
    pub(super) fn is_filled(&self) -> bool {
        self.fitness.as_ref().is_some_and(|fitness| fitness.is_filled)
    }

    /// Its guard works with no more than the last bulk run showed.
    pub(super) fn bound(&mut self) {
        let bulked = self.fitness.as_ref().and_then(|fitness| fitness.bulked_that_counts());
        let up = bulked.and_then(|bulked| bulked.up).map(|up| up.rate);
        if let Some(guarded) = &mut self.guarded {
            guarded.bound(up);
        }
    }
}
