//! In which direction packets were lost: what the sender sent and the reflector did not count was lost
//! on the way there, what the reflector counted and the sender did not get on the way back.
//!
//! Counted from the first answer on, up to the latest answered packet before which nothing waits. When
//! the reflector begins anew, so does this; what was lost around that moment has no direction.

use super::Losses;
use super::ring::{Ring, State};

/// What is known since the session began.
#[derive(Debug, Default)]
pub(super) struct Directions {
    /// In lives of the reflector that are over.
    before: Losses,
    /// Which packets the life before this one goes from and to.
    previous: Option<(u64, u64)>,
    current: Option<Epoch>,
    /// The latest answer of all, also of those that something before still waits for.
    latest: Option<Latest>,
}

/// One life of the reflector.
#[derive(Debug)]
struct Epoch {
    number: u32,
    /// The first packet that was answered in it, and the last that counts here.
    first: u64,
    last: u64,
    /// The least and the greatest number of the reflector in that time.
    least: i64,
    most: i64,
    /// Packets that were answered.
    answered: u64,
    /// Packets that the reflector counted once more than they were sent.
    repeated: u64,
}

#[derive(Debug, Clone, Copy)]
struct Latest {
    sequence: u64,
    number: i64,
    /// The reflector's life that it belongs to, and with which packet that began.
    epoch: u32,
    begins: u64,
}

impl Directions {
    /// To which life of the reflector an answer belongs, with its number of which no turn is missing;
    /// and whether that life begins here.
    pub(super) fn place(&mut self, ring: &Ring, sequence: u64, number: u32) -> (State, bool) {
        let Some(latest) = self.latest else {
            let number = i64::from(number);
            self.latest = Some(Latest { sequence, number, epoch: 0, begins: 0 });
            return (State::Answered { epoch: 0, number }, false);
        };
        let unturned = unturned(latest.number, number);
        if sequence < latest.begins {
            let epoch = latest.epoch.wrapping_sub(1);
            return (State::Answered { epoch, number: unturned }, false);
        }
        let state = State::Answered { epoch: latest.epoch, number: unturned };
        // It was given before, or reordering cannot explain it.
        let is_anew = || ring.has(state) || latest.number.saturating_sub(unturned) >= ring.most();
        if sequence > latest.sequence && unturned <= latest.number && is_anew() {
            let (number, epoch) = (i64::from(number), latest.epoch.wrapping_add(1));
            self.latest = Some(Latest { sequence, number, epoch, begins: sequence });
            return (State::Answered { epoch, number }, true);
        }
        self.latest = Some(Latest {
            sequence: latest.sequence.max(sequence),
            number: latest.number.max(unturned),
            ..latest
        });
        (state, false)
    }

    /// The reflector counted a packet twice, or its answer came twice.
    pub(super) fn duplicate(&mut self, ring: &Ring, sequence: u64, number: u32) {
        let Some(State::Answered { epoch, number: first }) =
            ring.probe(sequence).map(|probe| probe.state)
        else {
            return;
        };
        let number = unturned(first, number);
        if let Some(current) = &mut self.current
            && number != first
            && current.number == epoch
        {
            current.repeated += 1;
            current.most = current.most.max(number);
        }
        if let Some(latest) = &mut self.latest
            && latest.epoch == epoch
        {
            latest.number = latest.number.max(number);
        }
    }

    /// Takes in an answered packet before which nothing waits any more.
    pub(super) fn settle(&mut self, sequence: u64, state: State) {
        let State::Answered { epoch, number } = state else { return };
        let is_first_life = self.previous.is_none();
        match &mut self.current {
            // What came between others came in their life, whatever it looked like when it came.
            Some(current)
                if (current.first..=current.last).contains(&sequence)
                    || current.number == epoch && (sequence > current.first || is_first_life) =>
            {
                current.answered += 1;
                current.first = current.first.min(sequence);
                current.last = current.last.max(sequence);
                if current.number == epoch {
                    current.least = current.least.min(number);
                    current.most = current.most.max(number);
                }
            }
            // An answer of a life that is over came late: it was lost on its way back, as was thought.
            Some(current) if sequence < current.first => {
                if self.previous.is_some_and(|(from, to)| (from..=to).contains(&sequence)) {
                    let taken = u64::from(self.before.backward > 0);
                    self.before.backward -= taken;
                    self.before.forward = self.before.forward.saturating_sub(1 - taken);
                }
            }
            _ => {
                self.before = self.losses();
                self.previous = self.current.as_ref().map(|over| (over.first, over.last));
                self.current = Some(Epoch {
                    number: epoch,
                    first: sequence,
                    last: sequence,
                    least: number,
                    most: number,
                    answered: 1,
                    repeated: 0,
                });
            }
        }
    }

    pub(super) fn losses(&self) -> Losses {
        let Some(current) = &self.current else { return self.before };
        let sent = current.last.saturating_sub(current.first) + 1;
        let arrived = u64::try_from(current.most.saturating_sub(current.least)).unwrap_or(0) + 1;
        let lost = sent.saturating_sub(current.answered);
        let forward = sent.saturating_sub(arrived.saturating_sub(current.repeated)).min(lost);
        Losses {
            forward: self.before.forward + forward,
            backward: self.before.backward + (lost - forward),
        }
    }
}

/// A number of the reflector near another one, of which no turn is missing.
const fn unturned(near: i64, number: u32) -> i64 {
    let near_wire = (near & u32::MAX as i64) as u32;
    near.saturating_add(number.wrapping_sub(near_wire) as i32 as i64)
}
