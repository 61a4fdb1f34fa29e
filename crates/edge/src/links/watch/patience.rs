//! For how many missing heartbeats both ends wait on a path that loses packets: twice as many, for on a
//! path that loses a fifth, as radio may, five in a row are missing every few minutes and ten in a row once
//! in weeks. A path that is cut was good before, and is left as fast as ever.

use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use link::Second;

use crate::links::settings::PathSettings;

/// So many seconds are lately; see [`Patience::weigh`].
const LATELY: u8 = 0b111;
/// A path without losses for so long is good again.
const CALM: Duration = Duration::from_secs(30);

/// What the losses of a path say.
#[derive(Debug)]
pub(super) struct Patience {
    /// How many have to be missing on a good path.
    missing: NonZeroU8,
    /// From which share on losses count.
    loss: f64,
    /// Whether packets were lost in each of the last seconds, the latest in the last bit.
    seconds: u8,
    /// Until when it is patient, unless more are lost.
    until: Option<Instant>,
}

impl Patience {
    /// With a path that is set like that; one without probes tells of no losses.
    pub(super) fn of(path: &PathSettings) -> Self {
        let loss = f64::from(path.bad_loss_percent) / 100.0;
        Self { missing: path.detect_mult(), loss, seconds: 0, until: None }
    }

    /// Takes the probes of a second in which packets passed: it is patient once two of three seconds
    /// were bad. How many heartbeats have to be missing from now on, if that is another number.
    pub(super) fn weigh(&mut self, second: &Second, now: Instant) -> Option<NonZeroU8> {
        let is_bad = second.sent > 0 && second.loss() >= self.loss;
        self.seconds = (self.seconds << 1 | u8::from(is_bad)) & LATELY;
        if is_bad && self.seconds.count_ones() >= 2 {
            let former = self.until.replace(now + CALM);
            return former.is_none().then(|| self.missing.saturating_add(self.missing.get()));
        }
        self.until.take_if(|until| *until <= now).map(|_| self.missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_the_second_bad_second_of_three_and_ends_after_thirty_good_ones() {
        let missing = NonZeroU8::new(5).unwrap();
        let mut patience = Patience { missing, loss: 0.05, seconds: 0, until: None };
        let begun = Instant::now();
        for (at, sent, lost, changes) in [
            (0, 5, 0, None),
            (1, 5, 1, None),
            (2, 5, 0, None),
            (3, 5, 0, None),
            (4, 5, 1, None),
            (5, 0, 0, None),
            (6, 5, 1, Some(10)),
            (7, 5, 1, None),
            (8, 5, 0, None),
            (9, 5, 0, None),
            (36, 5, 1, None),
            (37, 5, 0, Some(5)),
            (38, 5, 0, None),
        ] {
            let second = Second { sent, lost, ..Second::default() };
            let told = patience.weigh(&second, begun + Duration::from_secs(at));
            assert_eq!(told.map(NonZeroU8::get), changes, "at {at}");
        }
    }
}
