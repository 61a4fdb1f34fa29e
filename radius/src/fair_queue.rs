//! Requests that wait for their turn: one from each access point, then the next from each.
//!
//! Of one access point, what goes on with something goes before what begins something. The room
//! is shared. When it is full, whoever has most waiting loses its newest, so that an access point
//! that floods, or a person who plays one, costs itself and nobody else.

use std::collections::{HashMap, VecDeque};

use domain::NasName;

use crate::precedence::Precedence;

/// Empty lines that are kept for those who come again.
const MOST_LINES: usize = 4_096;

/// What waits, a line for each access point.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    most: usize,
    waiting: usize,
    lines: HashMap<NasName, Line<T>>,
    /// Whose line is not empty, in the order of their turns.
    turns: VecDeque<NasName>,
}

/// What waits of one access point.
#[derive(Debug)]
struct Line<T> {
    going_on: VecDeque<T>,
    beginning: VecDeque<T>,
}

impl<T> Line<T> {
    const fn new() -> Self {
        Self { going_on: VecDeque::new(), beginning: VecDeque::new() }
    }

    fn len(&self) -> usize {
        self.going_on.len() + self.beginning.len()
    }

    fn push(&mut self, precedence: Precedence, item: T) {
        match precedence {
            Precedence::GoesOn => self.going_on.push_back(item),
            Precedence::Begins => self.beginning.push_back(item),
        }
    }

    fn pop(&mut self, may_go: impl Fn(Precedence) -> bool) -> Option<T> {
        if !self.going_on.is_empty() && may_go(Precedence::GoesOn) {
            self.going_on.pop_front()
        } else if !self.beginning.is_empty() && may_go(Precedence::Begins) {
            self.beginning.pop_front()
        } else {
            None
        }
    }

    fn pop_newest(&mut self) -> Option<T> {
        self.beginning.pop_back().or_else(|| self.going_on.pop_back())
    }
}

impl<T> FairQueue<T> {
    /// An empty queue with room for `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, waiting: 0, lines: HashMap::new(), turns: VecDeque::new() }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// Lets one more wait; returns the one that has no room for it, which may be the new one.
    pub(crate) fn push(&mut self, nas: &NasName, precedence: Precedence, item: T) -> Option<T> {
        let displaced = if self.waiting >= self.most {
            match self.longest() {
                Some(longest) if longest != *nas => self.displace(&longest),
                _ => return Some(item),
            }
        } else {
            None
        };
        if let Some(line) = self.lines.get_mut(nas) {
            if line.len() == 0 {
                self.turns.push_back(nas.clone());
            }
            line.push(precedence, item);
        } else {
            self.turns.push_back(nas.clone());
            let mut line = Line::new();
            line.push(precedence, item);
            self.lines.insert(nas.clone(), line);
        }
        self.waiting += 1;
        displaced
    }

    /// Whose turn it is among those that may go; the others keep their place in their lines.
    pub(crate) fn pop(&mut self, may_go: impl Fn(&NasName, Precedence) -> bool) -> Option<T> {
        for _ in 0..self.turns.len() {
            let nas = self.turns.pop_front()?;
            let Some(line) = self.lines.get_mut(&nas) else { continue };
            let item = line.pop(|precedence| may_go(&nas, precedence));
            if line.len() > 0 {
                self.turns.push_back(nas);
            } else if self.lines.len() > MOST_LINES {
                self.lines.remove(&nas);
            }
            if item.is_some() {
                self.waiting -= 1;
                return item;
            }
        }
        None
    }

    fn longest(&self) -> Option<NasName> {
        let longest = self.lines.iter().max_by_key(|(_, line)| line.len());
        longest.map(|(nas, _)| nas.clone())
    }

    fn displace(&mut self, nas: &NasName) -> Option<T> {
        let line = self.lines.get_mut(nas)?;
        let item = line.pop_newest()?;
        self.waiting -= 1;
        if line.len() == 0 {
            self.turns.retain(|waiting| waiting != nas);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(number: usize) -> NasName {
        format!("gate-{number}").parse().unwrap()
    }

    const BEGINS: Precedence = Precedence::Begins;
    const GOES_ON: Precedence = Precedence::GoesOn;

    fn all(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop(|_, _| true)).collect()
    }

    #[test]
    fn each_access_point_has_its_turn() {
        let mut queue = FairQueue::new(10);
        for (nas, item) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")] {
            assert_eq!(queue.push(&name(nas), BEGINS, item), None);
        }
        assert_eq!(all(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn r20_who_floods_loses_and_nobody_else() {
        let mut queue = FairQueue::new(3);
        for item in ["a1", "a2", "a3"] {
            assert_eq!(queue.push(&name(1), BEGINS, item), None);
        }
        assert_eq!(queue.push(&name(1), BEGINS, "a4"), Some("a4"));
        assert_eq!(queue.push(&name(2), BEGINS, "b1"), Some("a3"));
        assert_eq!(queue.push(&name(3), BEGINS, "c1"), Some("a2"));
        assert_eq!(all(&mut queue), ["a1", "b1", "c1"]);
    }

    #[test]
    fn r19_what_goes_on_goes_before_what_begins_and_is_displaced_last() {
        let mut queue = FairQueue::new(3);
        for (precedence, item) in [(BEGINS, "a1"), (GOES_ON, "a2"), (BEGINS, "a3")] {
            assert_eq!(queue.push(&name(1), precedence, item), None);
        }
        assert_eq!(queue.push(&name(2), BEGINS, "b1"), Some("a3"));
        assert_eq!(queue.pop(|_, precedence| precedence == GOES_ON), Some("a2"));
        assert_eq!(queue.pop(|_, precedence| precedence == GOES_ON), None);
        assert_eq!(all(&mut queue), ["b1", "a1"]);
    }

    #[test]
    fn who_may_not_go_keeps_its_place_and_keeps_nobody_waiting() {
        let mut queue = FairQueue::new(10);
        for (nas, item) in [(1, "a1"), (1, "a2"), (2, "b1")] {
            assert_eq!(queue.push(&name(nas), BEGINS, item), None);
        }
        assert_eq!(queue.pop(|nas, _| *nas != name(1)), Some("b1"));
        assert_eq!(queue.pop(|nas, _| *nas != name(1)), None);
        assert_eq!(queue.len(), 2);
        assert_eq!(all(&mut queue), ["a1", "a2"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_what_is_given_back(
            most in 1_usize..20,
            steps in prop::collection::vec(prop::option::of(0_usize..5), 0..200),
        ) {
            let mut queue = FairQueue::new(most);
            let (mut pushed, mut back, mut popped) = (0, 0, 0);
            for step in steps {
                match step {
                    Some(nas) => {
                        pushed += 1;
                        back += usize::from(queue.push(&name(nas), BEGINS, ()).is_some());
                    }
                    None => popped += usize::from(queue.pop(|_, _| true).is_some()),
                }
                prop_assert!(queue.len() <= most);
                prop_assert_eq!(pushed, back + popped + queue.len());
            }
            while queue.pop(|_, _| true).is_some() {
                popped += 1;
            }
            prop_assert_eq!(pushed, back + popped);
        }
    }
}
