//! Stays that an access point gave the same name: each row leads to the one that came after it.
//!
//! The first keeps the id that follows from the name, so whatever is looked for is looked for
//! from there. Which stay a report is about is the rule of [`domain::Session::is_followed_by`].

use std::collections::{BTreeSet, HashMap};

use domain::{AccountingRecord, Session, SessionId};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::fold::{Entry, Fold};
use crate::StoreError;
use crate::sql::dialect::Dialect;
use crate::sql::given::{Column, Given};
use crate::sql::row::id_column;
use crate::sql::sessions::COLUMNS;

/// How many stays of one name are told apart; what comes after them is counted with the last.
pub(super) const MOST: usize = 1_000;

/// The id of the stay that comes after `earlier` under its name.
pub(super) fn after(earlier: &Session) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(b"next stay");
    hash.update(earlier.id.to_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    SessionId::from_bytes(*digest.first_chunk().expect("SHA-256 gives 32 octets"))
}

/// The id of the stay that `record` is about, of those that begin with `first`: the newest that
/// had begun by then.
pub(super) fn stay(
    sessions: &HashMap<SessionId, Entry>,
    first: SessionId,
    record: &AccountingRecord,
) -> SessionId {
    let mut found = first;
    let mut last = first;
    for _ in 0..MOST {
        let Some(next) = sessions.get(&last).and_then(|entry| entry.next_stay) else { break };
        last = next;
        if sessions.get(&next).is_some_and(|entry| entry.session.had_begun_by(record)) {
            found = next;
        }
    }
    found
}

impl Fold {
    /// Reads the sessions of these ids, and those that came after them under their names.
    pub(super) async fn read_stays(
        &mut self,
        transaction: &mut AnyConnection,
        first: BTreeSet<SessionId>,
    ) -> Result<(), StoreError> {
        let statement =
            format!("SELECT {COLUMNS}, next_stay FROM sessions WHERE id IN (SELECT id FROM given)");
        let mut wanted = first;
        while !wanted.is_empty() {
            let mut next = BTreeSet::new();
            for row in self.fetch(transaction, &statement, wanted).await? {
                next.extend(self.remember(&row)?);
            }
            wanted = next.into_iter().filter(|id| !self.sessions.contains_key(id)).collect();
        }
        Ok(())
    }
}

/// Writes which stays came after which.
pub(super) async fn write(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    followed: &[(SessionId, SessionId)],
) -> Result<(), StoreError> {
    let columns = vec![
        Column::octets(followed.iter().map(|(earlier, _)| id_column(*earlier))),
        Column::octets(followed.iter().map(|(_, later)| id_column(*later))),
    ];
    let statement = "UPDATE sessions SET next_stay = given.next_stay FROM given \
         WHERE sessions.id = given.id";
    Given { dialect, names: "id, next_stay", columns }.execute(transaction, statement).await
}
