//! All that was said and may still matter, each thing once, in one order whatever came first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::trouble::Track;
use super::{Moment, Said};

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Evidence {
    said: BTreeSet<Said>,
}

impl Evidence {
    /// The most that is kept; the oldest makes room.
    pub const MOST: usize = 10_000;

    /// Takes it in; whether it is new.
    pub fn add(&mut self, said: Said) -> bool {
        let is_new = self.said.insert(said);
        if self.said.len() > Self::MOST {
            self.said.pop_first();
        }
        is_new
    }

    /// All of it, in order.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.said.iter()
    }

    /// Forgets what was over before then.
    pub fn forget(&mut self, before: Moment) {
        let mut over: BTreeMap<Track, Moment> = BTreeMap::new();
        for said in self.said.iter().take_while(|said| said.at < before) {
            if Track::is_well(&said.what) {
                over.insert(Track::of(said), said.at);
            }
        }
        self.said.retain(|said| over.get(&Track::of(said)).is_none_or(|well| said.at > *well));
    }
}
