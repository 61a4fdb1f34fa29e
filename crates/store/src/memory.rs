//! What was found out lately, remembered in bounded memory and for a bounded time.
//!
//! Where it is full, what was wanted least lately is forgotten. Whether what is remembered still holds
//! is for its owner to know: by its age, or by the [`crate::Version`] at which it was looked up.

use std::hash::Hash;
use std::time::{Duration, Instant};

use quick_cache::Equivalent;
use quick_cache::sync::Cache;

/// What is known of many things, each by its key.
#[derive(Debug)]
pub struct Memory<Key, Known> {
    lasts: Duration,
    known: Cache<Key, (Instant, Known)>,
}

impl<Key: Eq + Hash + Clone, Known: Clone> Memory<Key, Known> {
    /// Remembers `most` things, each for as long as that `lasts`.
    #[must_use]
    pub fn new(most: usize, lasts: Duration) -> Self {
        Self { lasts, known: Cache::new(most) }
    }

    /// What is known of one.
    pub fn get<Q: Hash + Equivalent<Key> + ?Sized>(&self, key: &Q) -> Option<Known> {
        let (since, known) = self.known.get(key)?;
        (since.elapsed() < self.lasts).then_some(known)
    }

    /// Remembers this of one from now on.
    pub fn insert(&self, key: Key, known: Known) {
        self.known.insert(key, (Instant::now(), known));
    }

    /// What is known of one, or else what `find` says, which is remembered. Of those who ask at the
    /// same time one finds it for all.
    pub fn get_or_insert_with(&self, key: &Key, find: impl FnOnce() -> Known) -> Known {
        self.known.remove_if(key, |(since, _)| since.elapsed() >= self.lasts);
        let found = self.known.get_or_insert_with(key, || Ok::<_, Never>((Instant::now(), find())));
        match found {
            Ok((_, known)) => known,
            Err(never) => match never {},
        }
    }
}

/// Finding cannot fail.
enum Never {}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn what_is_remembered_is_found_once() {
        let memory = Memory::new(10, LONG);
        assert_eq!(memory.get("a"), None);
        assert_eq!(memory.get_or_insert_with(&"a".to_owned(), || 1), 1);
        assert_eq!(memory.get_or_insert_with(&"a".to_owned(), || 2), 1);
        memory.insert("a".to_owned(), 3);
        assert_eq!(memory.get("a"), Some(3));
    }

    #[test]
    fn what_is_too_old_is_found_anew() {
        let memory = Memory::new(10, Duration::ZERO);
        memory.insert(1, "old");
        assert_eq!(memory.get(&1), None);
        assert_eq!(memory.get_or_insert_with(&1, || "new"), "new");
    }

    #[test]
    fn no_more_is_remembered_than_was_said() {
        let memory = Memory::new(100, LONG);
        for number in 0..10_000 {
            memory.insert(number, number);
        }
        let known = (0..10_000).filter(|number| memory.get(number).is_some()).count();
        assert!((1..=100).contains(&known), "{known}");
    }
}
