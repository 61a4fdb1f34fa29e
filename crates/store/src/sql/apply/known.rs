//! Open sessions as the last batch left them, so that the next one need not read them.
//!
//! They hold as long as nobody else has changed sessions: every transaction that does is counted
//! in the database, and a batch that is not the very next one begins with nothing.

use std::collections::HashMap;

use domain::SessionId;

use super::fold::Entry;

/// Sessions that are remembered at most, a few hundred octets each.
const MOST: usize = 200_000;

/// What was known after the change of that number.
#[derive(Default)]
pub(in crate::sql) struct Known {
    change: i64,
    sessions: HashMap<SessionId, Entry>,
}

impl Known {
    /// What is known after change number `change`; nothing if it is too much to remember.
    pub(super) fn after(change: i64, mut sessions: HashMap<SessionId, Entry>) -> Self {
        if sessions.len() > MOST {
            sessions = HashMap::new();
        }
        Self { change, sessions }
    }

    /// Takes what still holds in change number `change`; nothing is known until it is put back.
    pub(super) fn take_for(&mut self, change: i64) -> HashMap<SessionId, Entry> {
        let known = std::mem::take(self);
        if known.change + 1 == change { known.sessions } else { HashMap::new() }
    }
}
