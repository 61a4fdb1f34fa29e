//! Requests that wait for their turn: one from each access point, then the next from each.
//!
//! The room is shared. When it is full, whoever has most waiting loses its newest, so that an
//! access point that floods, or a person who plays one, costs itself and nobody else.

use std::collections::{HashMap, VecDeque};

use domain::NasName;

/// Empty lines that are kept for those who come again.
const MOST_LINES: usize = 4_096;

/// What waits, a line for each access point.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    most: usize,
    waiting: usize,
    lines: HashMap<NasName, VecDeque<T>>,
    /// Whose line is not empty, in the order of their turns.
    turns: VecDeque<NasName>,
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
    pub(crate) fn push(&mut self, nas: &NasName, item: T) -> Option<T> {
        let displaced = if self.waiting >= self.most {
            match self.longest() {
                Some(longest) if longest != *nas => self.displace(&longest),
                _ => return Some(item),
            }
        } else {
            None
        };
        match self.lines.get_mut(nas) {
            Some(line) => {
                if line.is_empty() {
                    self.turns.push_back(nas.clone());
                }
                line.push_back(item);
            }
            None => {
                self.turns.push_back(nas.clone());
                self.lines.insert(nas.clone(), VecDeque::from([item]));
            }
        }
        self.waiting += 1;
        displaced
    }

    /// Whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let nas = self.turns.pop_front()?;
        let line = self.lines.get_mut(&nas)?;
        let item = line.pop_front()?;
        self.waiting -= 1;
        if !line.is_empty() {
            self.turns.push_back(nas);
        } else if self.lines.len() > MOST_LINES {
            self.lines.remove(&nas);
        }
        Some(item)
    }

    fn longest(&self) -> Option<NasName> {
        let longest = self.lines.iter().max_by_key(|(_, line)| line.len());
        longest.map(|(nas, _)| nas.clone())
    }

    fn displace(&mut self, nas: &NasName) -> Option<T> {
        let line = self.lines.get_mut(nas)?;
        let item = line.pop_back()?;
        self.waiting -= 1;
        if line.is_empty() {
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

    fn all(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn each_access_point_has_its_turn() {
        let mut queue = FairQueue::new(10);
        for (nas, item) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")] {
            assert_eq!(queue.push(&name(nas), item), None);
        }
        assert_eq!(all(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn who_floods_loses_and_nobody_else() {
        let mut queue = FairQueue::new(3);
        for item in ["a1", "a2", "a3"] {
            assert_eq!(queue.push(&name(1), item), None);
        }
        assert_eq!(queue.push(&name(1), "a4"), Some("a4"));
        assert_eq!(queue.push(&name(2), "b1"), Some("a3"));
        assert_eq!(queue.push(&name(3), "c1"), Some("a2"));
        assert_eq!(all(&mut queue), ["a1", "b1", "c1"]);
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
                        back += usize::from(queue.push(&name(nas), ()).is_some());
                    }
                    None => popped += usize::from(queue.pop().is_some()),
                }
                prop_assert!(queue.len() <= most);
                prop_assert_eq!(pushed, back + popped + queue.len());
            }
            while queue.pop().is_some() {
                popped += 1;
            }
            prop_assert_eq!(pushed, back + popped);
        }
    }
}
