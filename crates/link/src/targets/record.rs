//! What the last minutes of probes of one target showed.

use std::time::{Duration, Instant};

use crate::Histogram;

/// Counts of five to ten minutes. They can be added up over targets and times.
#[derive(Debug, Clone)]
pub struct Record {
    begun: Instant,
    present: Counts,
    former: Counts,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    answered: u32,
    lost: u32,
    round_trips: Histogram,
}

impl Record {
    const PART: Duration = Duration::from_secs(300);

    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, present: Counts::default(), former: Counts::default() }
    }

    /// Probes that were lost, in a thousand of those of which it is known; `None` if there are none.
    pub fn loss_per_mille(&self) -> Option<u16> {
        let lost = u64::from(self.present.lost) + u64::from(self.former.lost);
        let answered = u64::from(self.present.answered) + u64::from(self.former.answered);
        let share = (lost * 1_000).checked_div(lost + answered)?;
        u16::try_from(share).ok()
    }

    /// How long answers took.
    pub fn round_trips(&self) -> Histogram {
        let mut all = self.former.round_trips.clone();
        all.merge(&self.present.round_trips);
        all
    }

    pub(super) fn count_answer(&mut self, round_trip: Duration, now: Instant) {
        self.turn(now);
        self.present.answered += 1;
        self.present.round_trips.record(round_trip);
    }

    pub(super) fn count_loss(&mut self, now: Instant) {
        self.turn(now);
        self.present.lost += 1;
    }

    /// Takes a loss back, wherever it was counted.
    pub(super) fn correct_loss(&mut self) {
        let counts = if self.present.lost > 0 { &mut self.present } else { &mut self.former };
        counts.lost = counts.lost.saturating_sub(1);
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.begun) >= Self::PART {
            self.begun = now;
            self.former = std::mem::take(&mut self.present);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{millis, origin};

    #[test]
    fn what_is_older_than_ten_minutes_is_forgotten() {
        let begun = origin();
        let mut record = Record::new(begun);
        assert_eq!(record.loss_per_mille(), None);
        record.count_loss(begun);
        record.count_answer(millis(20), begun + Record::PART);
        assert_eq!(record.loss_per_mille(), Some(500));
        record.count_answer(millis(30), begun + 2 * Record::PART);
        assert_eq!(record.loss_per_mille(), Some(0));
        assert_eq!(record.round_trips().len(), 2);
    }

    #[test]
    fn a_loss_of_the_former_minutes_is_taken_back_there() {
        let begun = origin();
        let mut record = Record::new(begun);
        record.count_loss(begun);
        record.count_answer(millis(20), begun + Record::PART);
        record.correct_loss();
        assert_eq!(record.loss_per_mille(), Some(0));
    }
}
