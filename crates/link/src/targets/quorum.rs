//! One verdict of several targets: so many of them have to answer.

use super::{State, TargetNumber, Targets};

/// Targets of which so many have to be up.
#[derive(Debug, Clone)]
pub struct Quorum {
    members: Vec<TargetNumber>,
    need: usize,
    is_met: Option<bool>,
}

impl Quorum {
    /// Of those members so many have to be up; at least one, and no more than there are.
    pub fn new(members: Vec<TargetNumber>, need: usize) -> Self {
        let need = need.clamp(1, members.len().max(1));
        Self { members, need, is_met: None }
    }

    /// Looks how they are: whether enough of them are up, once that is known. What is not known yet of
    /// some matters only where it would make a difference.
    pub fn look(&mut self, targets: &Targets) -> Option<bool> {
        let count = |state| {
            let is = |member: &&TargetNumber| targets.state(**member) == state;
            self.members.iter().filter(is).count()
        };
        if count(State::Up) >= self.need {
            self.is_met = Some(true);
        } else if self.members.len() - count(State::Down) < self.need {
            self.is_met = Some(false);
        }
        self.is_met
    }
}
