//! Whether one path would carry the office, by its latest trial; told when it changes.

use std::time::{Duration, Instant};

use link::Readiness;
use link::capacity::BitRate;
use link::capacity::bulk::Sustained;
use link::carry::{Judgement, Outcome, Ready, Requirement, judge};
use link::sector::Siblings;

use crate::links::trial::Bulked;

/// A bulk run counts for so long: some nights may have none.
const BULK_COUNTS: Duration = Duration::from_secs(3 * 24 * 3_600);

/// What is known of a path that is tried.
#[derive(Debug)]
pub(in crate::links) struct Fitness {
    required: Requirement,
    /// How long a trial is good for when none is left out.
    max_age: Duration,
    latest: Option<Outcome>,
    /// Who else uses the sector of the path.
    siblings: Siblings,
    /// How often it was tried.
    trials: u64,
    /// Whether a bulk run goes over it, and what came of the last one.
    pub(super) is_filled: bool,
    bulked: Option<BulkKnown>,
    told: Judgement,
}

/// A bulk run that was not given up.
#[derive(Debug)]
struct BulkKnown {
    bulked: Bulked,
    /// From then on it counts no more.
    until: Instant,
    is_old: bool,
}

impl Fitness {
    /// That of a path of which nothing is known, for an office that needs so much.
    pub(super) const fn new(required: Requirement) -> Self {
        let (max_age, told) = (required.max_age, Judgement::Stale);
        Self {
            required,
            max_age,
            latest: None,
            siblings: Siblings::NONE,
            trials: 0,
            is_filled: false,
            bulked: None,
            told,
        }
    }

    /// The office needs so much from now on, where trials come so many times more seldom.
    pub(super) fn require(&mut self, required: Requirement, times: Option<u32>) {
        (self.required, self.max_age) = (required, required.max_age);
        self.stretch(times);
    }

    /// Takes what came of a trial.
    pub(super) const fn note(&mut self, outcome: Outcome) {
        self.latest = Some(outcome);
        self.trials += 1;
    }

    /// Other offices use the sector of the path.
    pub(super) const fn share(&mut self, siblings: Siblings) {
        self.siblings = siblings;
    }

    /// How often the path was tried.
    pub(in crate::links) const fn trials(&self) -> u64 {
        self.trials
    }

    /// What it is by now, if it was something else before.
    pub(super) fn judge(&mut self, now: Instant) -> Option<Judgement> {
        let latest = self.latest.map(|latest| match latest {
            Outcome::Ready(ready) => Outcome::Ready(self.bounded(ready).left_by(self.siblings)),
            Outcome::Unfit { .. } => latest,
        });
        let judgement = judge(latest.as_ref(), &self.required, now);
        (judgement != self.told).then(|| {
            self.told = judgement;
            judgement
        })
    }

    /// A trial with no more than the path carried to the end.
    fn bounded(&self, ready: Ready) -> Ready {
        let counts = self.bulked_that_counts();
        let [up, down] = counts.map_or([None, None], |of| [of.up, of.down]);
        let bound = |rate: BitRate, of: Option<Sustained>| of.map_or(rate, |of| rate.min(of.rate));
        Ready {
            capacity_up: bound(ready.capacity_up, up),
            capacity_down: bound(ready.capacity_down, down),
            ..ready
        }
    }

    /// Takes what came of a bulk run that was over so long ago.
    pub(super) fn note_bulk(&mut self, bulked: Bulked, age: Duration, now: Instant) {
        let left = BULK_COUNTS.saturating_sub(age);
        self.bulked = Some(BulkKnown { bulked, until: now + left, is_old: left.is_zero() });
    }

    /// Whether the last bulk run counts no more, and did so until now.
    pub(super) fn forget_bulk(&mut self, now: Instant) -> bool {
        let due = self.bulked.as_mut().filter(|known| !known.is_old && now >= known.until);
        due.map(|known| known.is_old = true).is_some()
    }

    /// What came of the last bulk run that was not given up.
    pub(in crate::links) fn bulked(&self) -> Option<&Bulked> {
        self.bulked.as_ref().map(|known| &known.bulked)
    }

    /// Whether that was too long ago to count.
    pub(in crate::links) fn is_bulked_old(&self) -> bool {
        self.bulked.as_ref().is_some_and(|known| known.is_old)
    }

    /// The same unless it was too long ago.
    pub(super) fn bulked_that_counts(&self) -> Option<&Bulked> {
        self.bulked().filter(|_| !self.is_bulked_old())
    }

    /// When the latest trial is too old, if it counts until then.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match (self.told, &self.latest) {
            (Judgement::Ready, Some(Outcome::Ready(ready))) => {
                // Only what is older is too old.
                Some(ready.at + self.required.max_age + Duration::from_millis(1))
            }
            _ => None,
        }
    }

    /// Trials come so many times more seldom, if any do, and are good for as much longer.
    pub(super) fn stretch(&mut self, times: Option<u32>) {
        self.required.max_age = self.max_age * times.unwrap_or(1);
    }

    /// What the site makes of it.
    pub(super) fn readiness(&self) -> Readiness {
        self.told.into()
    }

    /// What was told last.
    pub(in crate::links) const fn judgement(&self) -> Judgement {
        self.told
    }

    /// How the path carried its latest trial, if it did.
    pub(in crate::links) const fn carried(&self) -> Option<&Ready> {
        match &self.latest {
            Some(Outcome::Ready(ready)) => Some(ready),
            Some(Outcome::Unfit { .. }) | None => None,
        }
    }
}
