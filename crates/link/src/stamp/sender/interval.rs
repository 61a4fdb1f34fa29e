//! What a sender counts between two reports.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::{Losses, Standing};
use crate::{Histogram, Mos, Second};

/// What a session learned since the report before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Packets that were sent.
    pub sent: u32,
    /// Packets that were answered in time.
    pub answered: u32,
    /// Packets that were not.
    pub lost: u32,
    /// Losses of which it became known that they happened on the way there; the packets may be counted
    /// in `lost` of a report before.
    pub lost_forward: u64,
    /// The same on the way back. Whoever adds reports up takes `late` away from these.
    pub lost_backward: u64,
    /// Packets of `lost`, in this report or one before, that were answered after all.
    pub late: u32,
    /// Answers to what was answered before.
    pub duplicates: u32,
    /// Answers that came after one to a later packet.
    pub reordered: u32,
    /// How often the reflector began to count anew.
    pub restarts: u32,
    /// How long answers in time took, there and back; of those that it is known of.
    pub round_trips: Histogram,
    /// By how much the round trip of one packet differs from that of the packet of the same length
    /// before it, in the mean. No clock of the other end is in it, nor what a longer packet takes.
    pub jitter: Option<Duration>,
}

impl Report {
    /// The share that was lost, from 0 to 1; nothing is lost of none.
    pub fn loss(&self) -> f64 {
        self.second().loss()
    }

    /// The shortest round trip.
    pub fn least(&self) -> Option<Duration> {
        self.round_trips.least()
    }

    /// The longest round trip.
    pub fn most(&self) -> Option<Duration> {
        self.round_trips.most()
    }

    /// How well people would hear each other; none if nothing is known yet.
    pub fn mos(&self) -> Option<Mos> {
        (self.answered + self.lost > 0).then(|| self.second().mos())
    }

    /// What the health of the path is judged by.
    pub fn second(&self) -> Second {
        Second {
            sent: self.answered + self.lost,
            lost: self.lost,
            round_trips: self.round_trips.clone(),
            jitter: self.jitter.unwrap_or_default(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Interval {
    pub(super) sent: u32,
    pub(super) lost: u32,
    pub(super) restarts: u32,
    answered: u32,
    late: u32,
    duplicates: u32,
    reordered: u32,
    /// Kept as they come, as a histogram would have to find room for each.
    round_trips: Vec<Duration>,
    /// The last packet of each length, and its round trip.
    previous: [Option<(u64, Duration)>; 2],
    differences: Duration,
    compared: u32,
    /// Late answers since the session began; each took back a loss on the way back.
    all_late: u64,
    reported: Losses,
}

impl Interval {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self {
            sent: 0,
            lost: 0,
            restarts: 0,
            answered: 0,
            late: 0,
            duplicates: 0,
            reordered: 0,
            round_trips: Vec::with_capacity(most.get()),
            previous: [None; 2],
            differences: Duration::ZERO,
            compared: 0,
            all_late: 0,
            reported: Losses::default(),
        }
    }

    /// Counts an answer to a packet of that length.
    pub(super) fn count(
        &mut self,
        (sequence, kind): (u64, usize),
        (standing, is_reordered): (Standing, bool),
        round_trip: Option<Duration>,
    ) {
        self.reordered += u32::from(is_reordered);
        match standing {
            Standing::Duplicate => self.duplicates += 1,
            Standing::Late => self.late += 1,
            Standing::InTime => {
                self.answered += 1;
                if let Some(round_trip) = round_trip {
                    self.measure(sequence, kind, round_trip);
                }
            }
        }
    }

    fn measure(&mut self, sequence: u64, kind: usize, round_trip: Duration) {
        // More than were remembered at a time are not answered between two reports, if those come as
        // often as packets are forgotten; else the first of them stand for all.
        if self.round_trips.len() < self.round_trips.capacity() {
            self.round_trips.push(round_trip);
        }
        let Some(previous) = self.previous.get_mut(kind) else { return };
        if let Some((before, theirs)) = *previous {
            if before > sequence {
                return;
            }
            self.differences += theirs.abs_diff(round_trip);
            self.compared += 1;
        }
        *previous = Some((sequence, round_trip));
    }

    /// The report of what was counted; losses of each direction are known up to now.
    pub(super) fn close(&mut self, losses: Losses) -> Report {
        self.all_late += u64::from(self.late);
        let losses = Losses { backward: losses.backward + self.all_late, ..losses };
        let mut round_trips = Histogram::default();
        self.round_trips.drain(..).for_each(|time| round_trips.record(time));
        let report = Report {
            sent: self.sent,
            answered: self.answered,
            lost: self.lost,
            lost_forward: losses.forward.saturating_sub(self.reported.forward),
            lost_backward: losses.backward.saturating_sub(self.reported.backward),
            late: self.late,
            duplicates: self.duplicates,
            reordered: self.reordered,
            restarts: self.restarts,
            round_trips,
            jitter: (self.compared > 0).then(|| self.differences / self.compared),
        };
        self.reported = Losses {
            forward: self.reported.forward.max(losses.forward),
            backward: self.reported.backward.max(losses.backward),
        };
        self.sent = 0;
        self.lost = 0;
        self.restarts = 0;
        self.answered = 0;
        self.late = 0;
        self.duplicates = 0;
        self.reordered = 0;
        self.differences = Duration::ZERO;
        self.compared = 0;
        report
    }
}
