//! What is known of those who were heard lately: so many at most, and when one more comes, the one
//! that was not heard for longest goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::time::Instant;

#[derive(Debug)]
pub(super) struct Recent<K, V> {
    /// Never grows beyond what was set aside for it.
    entries: HashMap<K, (Instant, V)>,
    most: NonZeroUsize,
}

impl<K: Eq + Hash + Copy, V> Recent<K, V> {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        // Half of it stays empty, so that the map is put in order again without more memory.
        Self { entries: HashMap::with_capacity(2 * most.get()), most }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Of those that are like one another only so many stay, one that is heard anew among them; the one
    /// not heard for longest goes. Looks through all of them only when one is new.
    pub(super) fn make_room(&mut self, who: &K, most: NonZeroUsize, is_like: impl Fn(&K) -> bool) {
        if self.entries.contains_key(who) {
            return;
        }
        let like = || self.entries.iter().filter(|(who, _)| is_like(who));
        if like().count() < most.get() {
            return;
        }
        let oldest = like().min_by_key(|(_, (heard, _))| *heard).map(|(who, _)| *who);
        if let Some(oldest) = oldest {
            self.entries.remove(&oldest);
        }
    }

    /// What is known of who is heard now. Looks through all of them only when one has to go.
    pub(super) fn hear(&mut self, who: K, now: Instant, unknown: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.most.get() && !self.entries.contains_key(&who) {
            let oldest = self.entries.iter().min_by_key(|(_, (heard, _))| *heard);
            if let Some(oldest) = oldest.map(|(who, _)| *who) {
                self.entries.remove(&oldest);
            }
        }
        let (heard, known) = self.entries.entry(who).or_insert_with(|| (now, unknown()));
        *heard = now;
        known
    }
}
