//! Where the size lies that is looked for, and how often probes of one size were lost.

use std::time::Instant;

use super::{Limits, PacketSize};

/// What is going on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    Searching {
        /// The size that is asked for, once one was chosen.
        candidate: Option<PacketSize>,
        probing: Probing,
    },
    Confirmed {
        /// When it is asked whether more passes.
        raise_at: Instant,
        probing: Probing,
    },
}

impl Phase {
    /// A search for the next size.
    pub(super) fn begin() -> Self {
        Self::Searching { candidate: None, probing: Probing::default() }
    }
}

/// How one size fares: after each loss, a smaller packet is to show that the path is there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Probing {
    /// Whether the smaller packet is next.
    pub(super) is_control: bool,
    /// Whether a router said that it was too large: then it is not for a radio that it is lost.
    pub(super) is_told: bool,
    /// Losses after which the smaller packet passed.
    lost: u8,
    /// Smaller packets that were lost one after the other.
    silent: u8,
}

impl Probing {
    /// How many losses are enough where a router says why (RFC 8899 s5.1.2).
    const TOLD: u8 = 3;

    /// Whether an even number of smaller packets was lost.
    pub(super) const fn is_even(self) -> bool {
        self.silent.is_multiple_of(2)
    }

    /// The smaller packet passed; whether that happened often enough.
    pub(super) fn is_enough(&mut self, attempts: u8) -> bool {
        self.is_control = false;
        self.silent = 0;
        self.lost = self.lost.saturating_add(1);
        self.lost >= if self.is_told { attempts.min(Self::TOLD) } else { attempts }
    }

    /// The packet was lost; whether nothing passes at all.
    pub(super) fn is_silent(&mut self, attempts: u8) -> bool {
        self.silent = self.silent.saturating_add(u8::from(self.is_control));
        self.is_control = !self.is_control;
        self.silent >= attempts
    }
}

/// Between which sizes the answer lies.
#[derive(Debug)]
pub(super) struct Range {
    /// The largest that passed.
    low: Option<PacketSize>,
    /// The smallest that does not; none if it is not known that any does not.
    high: Option<PacketSize>,
    /// What a router said.
    pub(super) hint: Option<PacketSize>,
}

impl Range {
    pub(super) const fn new() -> Self {
        Self { low: None, high: None, hint: None }
    }

    /// What passes if anything does.
    pub(super) fn passing(&self, limits: &Limits) -> PacketSize {
        self.low.unwrap_or(limits.floor)
    }

    /// The size to ask for: what all paths should take, then what a router said, then the most there
    /// can be, then the middle.
    pub(super) fn candidate(&self, limits: &Limits) -> PacketSize {
        let Some(low) = self.low else { return limits.base };
        let within = |size: PacketSize| low < size && self.high.is_none_or(|high| size < high);
        let above_hint = PacketSize(low.0.saturating_add(limits.step)).min(limits.most);
        match (self.hint, self.high) {
            (Some(hint), _) if within(hint) && hint <= limits.most => hint,
            (Some(hint), _) if hint == low && within(above_hint) => above_hint,
            (_, None) => limits.most,
            (_, Some(high)) => PacketSize(low.0 + high.0.saturating_sub(low.0) / 2),
        }
    }

    pub(super) fn passes(&mut self, size: PacketSize) {
        self.low = self.low.max(Some(size));
        self.high = self.high.filter(|high| size < *high);
    }

    pub(super) fn does_not_pass(&mut self, size: Option<PacketSize>) {
        self.high = size.or(self.high);
    }

    /// Larger packets may pass by now.
    pub(super) fn reopen(&mut self) {
        self.high = None;
    }

    /// The one passes, the other no longer does.
    pub(super) fn shrink(&mut self, passes: PacketSize, does_not: PacketSize) {
        (self.low, self.high) = (Some(passes), Some(does_not));
    }

    /// Whether a step above what passes is known not to pass, or not wanted.
    pub(super) fn is_found(&self, limits: &Limits) -> bool {
        let Some(low) = self.low else { return false };
        low >= limits.most
            || self.high.is_some_and(|high| high.0.saturating_sub(low.0) <= limits.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_smaller_packets_lost_one_after_the_other_mean_silence() {
        let mut probing = Probing::default();
        for _ in 0..5 {
            // The packet, then the smaller one, are lost; the next smaller one is not.
            assert!(!probing.is_silent(2) && !probing.is_silent(2) && !probing.is_silent(2));
            assert!(!probing.is_enough(10));
        }
        assert!(!probing.is_silent(2) && !probing.is_silent(2));
        assert!(!probing.is_silent(2) && probing.is_silent(2));
    }

    #[test]
    fn what_passes_after_all_is_no_longer_too_large() {
        let limits = Limits::default();
        let mut range = Range::new();
        range.passes(PacketSize(1_280));
        range.does_not_pass(Some(PacketSize(1_400)));
        assert_eq!(range.candidate(&limits), PacketSize(1_340));
        range.passes(PacketSize(1_400));
        assert_eq!(range.candidate(&limits), PacketSize(1_500));
    }
}
