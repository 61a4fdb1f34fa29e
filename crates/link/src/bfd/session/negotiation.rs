//! The intervals of this side: told, and in use once the other side is known to have heard of them
//! (RFC 5880 s6.5, s6.8.3).

use super::super::settings::Intervals;
use super::super::state::State;

/// Where the Poll Sequence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poll {
    /// None is under way.
    Idle,
    /// Packets ask for an answer.
    Asking,
    /// The answer is there; what would need another sequence waits for a packet that is no answer, so
    /// that one answer is not taken for the next (s6.8.3, the third choice).
    Settling,
}

/// What this side tells of its intervals, and what it goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Negotiation {
    told: Intervals,
    in_use: Intervals,
    poll: Poll,
}

impl Negotiation {
    /// What a session starts with needs no Poll Sequence.
    pub(super) const fn new(told: Intervals) -> Self {
        Self { told, in_use: told, poll: Poll::Idle }
    }

    pub(super) const fn told(&self) -> Intervals {
        self.told
    }

    pub(super) const fn in_use(&self) -> Intervals {
        self.in_use
    }

    pub(super) fn is_asking(&self) -> bool {
        self.poll == Poll::Asking
    }

    /// Tells other intervals because the state has just become `state`.
    pub(super) fn follow(&mut self, wished: Intervals, state: State) {
        if wished == self.told {
            return;
        }
        self.told = wished;
        self.poll = Poll::Asking;
        self.in_use = match state {
            // While up, what would slow this side's packets or shorten its patience waits for the
            // answer.
            State::Up => {
                Intervals { tx: self.in_use.tx.min(wished.tx), rx: self.in_use.rx.max(wished.rx) }
            }
            State::AdminDown | State::Down | State::Init => wished,
        };
    }

    /// Tells other intervals in an unchanged state, while up as soon as no Poll Sequence is under way.
    pub(super) fn adapt(&mut self, wished: Intervals, state: State) {
        if self.poll == Poll::Idle || state != State::Up {
            self.follow(wished, state);
        }
    }

    /// Begins a Poll Sequence about other things than intervals, if none is under way.
    pub(super) fn ask(&mut self) {
        self.poll = Poll::Asking;
    }

    /// A packet that answers a Poll was received.
    pub(super) fn answered(&mut self) {
        if self.poll == Poll::Asking {
            self.in_use = self.told;
            self.poll = Poll::Settling;
        }
    }

    /// A packet that answers no Poll was received.
    pub(super) fn settle(&mut self) {
        if self.poll == Poll::Settling {
            self.poll = Poll::Idle;
        }
    }
}
