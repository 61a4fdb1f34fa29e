//! What the agent of one path knows of its sector: whether it may try the path now, by a turn of the centre
//! or, once that is not heard any more, in its own slot, and what it is to ask.

use std::time::{Duration, Instant};

use super::{ALONE_AFTER, ASK_EVERY, Answer, Beside, Siblings, Slot, Wish};
use crate::report::Name;

/// From one question to the next while nothing is wanted.
const NEWS_EVERY: Duration = Duration::from_secs(10);

/// The same after the centre said that it knows nothing.
const ASK_ANEW: Duration = Duration::from_secs(600);

/// The place of a path in its sector.
#[derive(Debug, Clone)]
pub struct Seat {
    slot: Slot,
    /// From when on the centre is taken for gone; every question puts it off.
    alone_from: Instant,
    siblings: Siblings,
    is_wanted: bool,
    /// A turn that was given and not begun.
    turn: Option<(u64, Instant)>,
    trying: Option<Trying>,
    /// A turn that is over, of which the centre does not know that.
    done: Option<u64>,
    asked: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Trying {
    Turn(u64),
    Slot(Instant),
}

impl Seat {
    /// That of a path whose agent tells no centre.
    pub fn alone((site, path): (&Name, &Name), now: Instant) -> Self {
        Self {
            slot: Slot::guess(site, path),
            alone_from: now,
            siblings: Siblings::default(),
            is_wanted: false,
            turn: None,
            trying: None,
            done: None,
            asked: None,
        }
    }

    /// That of a path whose agent tells one, which it has not heard yet.
    pub fn told(of: (&Name, &Name), now: Instant) -> Self {
        Self { alone_from: now + ALONE_AFTER, ..Self::alone(of, now) }
    }

    /// Begins to try the path if it may: until when packets may be sent that fill it. Otherwise a turn is
    /// asked for. `unix` is the time by the clock that all share.
    pub fn begin(&mut self, now: Instant, unix: Duration) -> Option<Instant> {
        if let Some((turn, until)) = self.turn.take_if(|(_, until)| *until > now) {
            (self.trying, self.is_wanted) = (Some(Trying::Turn(turn)), false);
            return Some(until);
        }
        self.is_wanted = true;
        if !self.is_alone(now) {
            return None;
        }
        let until = now + self.slot.lasts(unix)?;
        (self.trying, self.is_wanted) = (Some(Trying::Slot(until)), false);
        Some(until)
    }

    /// The path is not tried any more.
    pub fn end(&mut self) {
        if let Some(Trying::Turn(turn)) = self.trying.take() {
            self.done = Some(turn);
        }
    }

    /// Beside whom the path is tried now.
    pub fn beside(&self, now: Instant) -> Beside {
        if self.is_alone(now) { Beside::Unknown } else { self.siblings.beside() }
    }

    /// What the others use, as long as the centre tells.
    pub fn siblings(&self, now: Instant) -> Siblings {
        if self.is_alone(now) { Siblings::default() } else { self.siblings }
    }

    /// Whether the next question is due within a second or so.
    pub const fn is_waiting(&self) -> bool {
        (self.is_wanted && self.turn.is_none()) || self.done.is_some()
    }

    /// What is to be asked now. Once the centre hears of us, our slot is not ours any more: so nothing while
    /// that is used.
    pub fn question(&mut self, now: Instant) -> Option<Wish> {
        if matches!(self.trying, Some(Trying::Slot(until)) if now < until) {
            return None;
        }
        self.turn.take_if(|(_, until)| *until <= now);
        let every = if self.is_waiting() { ASK_EVERY } else { NEWS_EVERY };
        if self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < every) {
            return None;
        }
        self.asked = Some(now);
        self.alone_from = self.alone_from.max(now + ALONE_AFTER);
        Some(match self.done {
            Some(turn) => Wish::Done(turn),
            None if self.is_wanted && self.turn.is_none() => Wish::Turn,
            None => Wish::News,
        })
    }

    /// Takes the answer to what was asked then.
    pub fn hear(&mut self, (wish, asked): (Wish, Instant), answer: &Answer) {
        if let Wish::Done(turn) = wish {
            self.done.take_if(|done| *done == turn);
        }
        self.siblings = answer.siblings;
        self.slot = answer.slot.unwrap_or(self.slot);
        if let Some(turn) = answer.turn {
            // From when it was asked for: the centre counts from later.
            self.turn = Some((turn.number, asked + Duration::from_millis(turn.millis)));
        }
    }

    /// The centre answered that it knows nothing of the path or of sectors.
    pub fn hear_nothing(&mut self, now: Instant) {
        self.alone_from = now;
        (self.turn, self.done) = (None, None);
        self.siblings = Siblings::default();
        // Much later it may be another one.
        self.asked = Some(now + ASK_ANEW);
    }

    fn is_alone(&self, now: Instant) -> bool {
        now >= self.alone_from
    }
}
