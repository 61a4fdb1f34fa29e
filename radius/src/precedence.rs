//! Who goes first when there is more to do than can be done (RFC 5080 §2.2.3).
//!
//! An Access-Request with State goes on with something that was begun, accounting is what
//! quotas follow from, and a new Access-Request can wait for its retransmission. So the last
//! places are kept for the first, and while accounting cannot keep up half of the rest is.

use std::sync::atomic::{AtomicUsize, Ordering};

use radius_proto::{Packet, attribute};

/// Of so many places one is kept for those who go on.
const KEPT: usize = 8;

/// How much a request matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// It goes on with what was begun.
    GoesOn,
    /// It begins something.
    Begins,
}

impl Precedence {
    /// Of a request that may have proved nothing yet: who pretends goes before its own access
    /// point only.
    pub(crate) fn of(request: &[u8]) -> Self {
        match Packet::parse(request) {
            Ok(packet) if packet.find(attribute::STATE).is_some() => Self::GoesOn,
            _ => Self::Begins,
        }
    }

    /// How many of `most` places it may find taken and still have one.
    pub(crate) const fn places(self, most: usize, accounting: Accounting) -> usize {
        let open = most - most / KEPT;
        match (self, accounting) {
            (Self::GoesOn, _) => most,
            (Self::Begins, Accounting::KeepsUp) => open,
            (Self::Begins, Accounting::IsBehind) => open.div_ceil(2),
        }
    }
}

/// Whether accounting is written down as fast as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accounting {
    KeepsUp,
    IsBehind,
}

/// The accounting sockets of one server that have more to write than they may at a time.
#[derive(Debug, Default)]
pub(crate) struct Backlog(AtomicUsize);

/// One of them; it keeps up again when this is dropped.
#[derive(Debug)]
pub(crate) struct Behind<'a>(&'a Backlog);

impl Backlog {
    /// One more socket is behind.
    pub(crate) fn enter(&self) -> Behind<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Behind(self)
    }

    /// How it is now.
    pub(crate) fn accounting(&self) -> Accounting {
        match self.0.load(Ordering::Relaxed) {
            0 => Accounting::KeepsUp,
            _ => Accounting::IsBehind,
        }
    }
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_what_was_begun_goes_first_then_accounting_then_what_begins() {
        let backlog = Backlog::default();
        let places = |most| {
            let places = |precedence: Precedence| precedence.places(most, backlog.accounting());
            (places(Precedence::GoesOn), places(Precedence::Begins))
        };
        assert_eq!(places(1_024), (1_024, 896));
        assert_eq!(places(1), (1, 1));
        {
            let _one = backlog.enter();
            let _other = backlog.enter();
            assert_eq!(places(1_024), (1_024, 448));
            assert_eq!(places(1), (1, 1));
        }
        assert_eq!(places(1_024), (1_024, 896));
    }
}
