//! The earliest of many deadlines, some of which are void: whoever takes one out knows whether it still
//! holds. What is void is thrown out when it has become as much as what is not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::super::discriminator::Discriminator;

/// Deadlines of sessions.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(Instant, Discriminator)>>);

impl Deadlines {
    /// How many there may be for so many sessions.
    pub(super) const fn room(sessions: usize) -> usize {
        2 * sessions + 64
    }

    /// Makes room, so that later deadlines cost no allocation.
    pub(super) fn reserve(&mut self, sessions: usize) {
        let room = Self::room(sessions) + 1;
        self.0.reserve(room.saturating_sub(self.0.len()));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn first(&self) -> Option<(Instant, Discriminator)> {
        self.0.peek().map(|Reverse(first)| *first)
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    pub(super) fn push(&mut self, at: Instant, session: Discriminator) {
        self.0.push(Reverse((at, session)));
    }

    /// Holds these alone.
    pub(super) fn rebuild(&mut self, live: impl Iterator<Item = (Instant, Discriminator)>) {
        self.0.clear();
        self.0.extend(live.map(Reverse));
    }
}
