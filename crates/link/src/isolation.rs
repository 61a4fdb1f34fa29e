//! Whether visitors are kept out of the office, by attempts to get in that have to fail.
//!
//! A breach stays one until the same attempt fails: that a test could not be run closes nothing, and is
//! never taken for safety.

use std::collections::BTreeSet;
use std::time::Duration;

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// No attempt got in at the last test.
    Safe,
    /// At least one got in.
    Breach,
    /// The last test could not be run, and none is known to get in.
    Unknown,
}

impl Verdict {
    /// As it is written in events and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Breach => "breach",
            Self::Unknown => "unknown",
        }
    }
}

/// What a test showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tested {
    /// It could not be run, or only for some: the attempts of these numbers got in, of the others nothing
    /// is known.
    Partly(BTreeSet<usize>),
    /// The attempts of these numbers got in, and no others.
    Reached(BTreeSet<usize>),
}

/// What follows from a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// An attempt gets in, for the first time or still.
    Open(usize),
    /// One that got in fails.
    Closed(usize),
    /// What is known is another now.
    Verdict {
        /// What it was.
        from: Verdict,
        /// What it is.
        to: Verdict,
    },
}

/// What is known of all attempts.
#[derive(Debug, Clone)]
pub struct Isolation {
    open: BTreeSet<usize>,
    verdict: Verdict,
}

impl Isolation {
    /// While there is a breach it is tested so often.
    pub const WHILE_OPEN: Duration = Duration::from_secs(60);

    /// Of which nothing is known.
    pub const fn new() -> Self {
        Self { open: BTreeSet::new(), verdict: Verdict::Unknown }
    }

    /// What is known now.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The attempts that get in.
    pub const fn open(&self) -> &BTreeSet<usize> {
        &self.open
    }

    /// When to test again, where it is tested so often else.
    pub fn pause(&self, every: Duration) -> Duration {
        if self.open.is_empty() { every } else { every.min(Self::WHILE_OPEN) }
    }

    /// Takes what a test showed; the breaches come first.
    pub fn take(&mut self, tested: Tested) -> Vec<Step> {
        let mut steps = Vec::new();
        let to = match tested {
            Tested::Partly(reached) => {
                steps.extend(reached.iter().map(|number| Step::Open(*number)));
                self.open.extend(reached);
                if self.open.is_empty() { Verdict::Unknown } else { Verdict::Breach }
            }
            Tested::Reached(reached) => {
                steps.extend(reached.iter().map(|number| Step::Open(*number)));
                steps.extend(self.open.difference(&reached).map(|number| Step::Closed(*number)));
                self.open = reached;
                if self.open.is_empty() { Verdict::Safe } else { Verdict::Breach }
            }
        };
        let from = std::mem::replace(&mut self.verdict, to);
        if from != to {
            steps.push(Step::Verdict { from, to });
        }
        steps
    }
}

impl Default for Isolation {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use Step::{Closed, Open};
    use Verdict::{Breach, Safe, Unknown};

    use super::*;

    const fn verdict(from: Verdict, to: Verdict) -> Step {
        Step::Verdict { from, to }
    }

    fn reached<const N: usize>(numbers: [usize; N]) -> Tested {
        Tested::Reached(numbers.into())
    }

    #[test]
    fn a_breach_is_told_at_each_test_until_it_is_closed() {
        let mut isolation = Isolation::new();
        let all = [
            (reached([]), vec![verdict(Unknown, Safe)]),
            (reached([]), vec![]),
            (reached([1]), vec![Open(1), verdict(Safe, Breach)]),
            (reached([1, 2]), vec![Open(1), Open(2)]),
            (reached([2]), vec![Open(2), Closed(1)]),
            (reached([]), vec![Closed(2), verdict(Breach, Safe)]),
        ];
        for (tested, steps) in all {
            assert_eq!(isolation.take(tested.clone()), steps, "{tested:?}");
        }
    }

    #[test]
    fn a_test_that_cannot_be_run_is_no_safety_and_closes_nothing() {
        let mut isolation = Isolation::new();
        let partly = |numbers: &[usize]| Tested::Partly(numbers.iter().copied().collect());
        assert_eq!(isolation.take(partly(&[])), []);
        assert_eq!(isolation.verdict(), Unknown);
        isolation.take(reached([]));
        assert_eq!(isolation.take(partly(&[])), [verdict(Safe, Unknown)]);
        isolation.take(reached([0]));
        assert_eq!(isolation.take(partly(&[])), []);
        assert_eq!((isolation.verdict(), isolation.open().len()), (Breach, 1));
        assert_eq!(isolation.take(partly(&[1])), [Open(1)], "what gets in is told in any case");
        assert_eq!(isolation.open().len(), 2);
    }

    #[test]
    fn a_breach_is_looked_at_each_minute() {
        let mut isolation = Isolation::new();
        let (hour, half) = (Duration::from_secs(3_600), Duration::from_secs(30));
        assert_eq!(isolation.pause(hour), hour);
        isolation.take(reached([0]));
        assert_eq!(isolation.pause(hour), Duration::from_secs(60));
        assert_eq!(isolation.pause(half), half);
    }
}
