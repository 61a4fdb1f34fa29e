//! What a visitor thinks of a stay; it has no name.

use crate::{Day, NasName, SiteName, is_showable};

/// One of five, 5 is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u8);

impl Score {
    /// That score, if it is 1 to 5.
    #[must_use]
    pub fn new(score: u8) -> Option<Self> {
        (1..=5).contains(&score).then_some(Self(score))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A rating of one stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// At which site.
    pub site: SiteName,
    /// At which access point.
    pub nas: NasName,
    /// On which day of the site; no more of the time is kept.
    pub day: Day,
    /// How good it was.
    pub score: Score,
    /// Why, in a line; empty if that was not said.
    pub reason: String,
}

impl Rating {
    /// Characters of the longest reason.
    pub const LONGEST_REASON: usize = 140;

    /// A reason as it was typed, as one line that leaves the direction of a page alone.
    #[must_use]
    pub fn reason(typed: &str) -> String {
        let showable = |c: &char| is_showable(c.encode_utf8(&mut [0; 4]));
        let line: String = typed.chars().filter(showable).collect();
        line.trim().chars().take(Self::LONGEST_REASON).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_one_of_five_and_a_reason_one_line() {
        let scores: Vec<_> = (0..=6).filter_map(Score::new).map(Score::get).collect();
        assert_eq!(scores, [1, 2, 3, 4, 5]);
        assert_eq!(Rating::reason(" slow\n\u{202e} here "), "slow here");
        assert_eq!(Rating::reason(&"س".repeat(200)).chars().count(), Rating::LONGEST_REASON);
    }
}
