//! A crowd on SQLite: one turn among those who change something together.

use domain::Charge;

use super::{Crowd, Part, Payment, decide, tell};
use crate::StoreError;
use crate::sql::SqlStore;
use crate::sql::dialect::Dialect;
use crate::sql::script::Script;
use crate::sql::spending::{self, Charged};

/// Serves those who wait once it is their turn.
pub(super) async fn serve(store: &SqlStore, crowd: &Crowd) -> Result<(), StoreError> {
    if crowd.is_served() {
        return Ok(());
    }
    let looking = store.look().await;
    let together = crowd.those_together();
    let mut looking = looking?;
    if together.is_empty() {
        return Ok(());
    }
    let mut look = Script::new(Dialect::Sqlite);
    for waiting in &together {
        waiting.look.add_to(&mut look);
    }
    let found = look.fetch(&mut looking).await?;
    let mut script = Script::stacked(Dialect::Sqlite);
    let (mut charges, mut given_back, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for Part { rows, payment, done } in decide(together, found).await {
        rows(&mut script);
        if let Payment::Due { charge, mute } = payment {
            charges.push(charge);
            given_back.extend(mute.then_some(charge));
        }
        all.push(done);
    }
    if all.is_empty() {
        return Ok(());
    }
    let due = Charge::together(&charges);
    if let Some(due) = due {
        let messages = u32::try_from(charges.len()).unwrap_or(u32::MAX);
        spending::spend(&mut script, due, messages);
    }
    if due.is_none() && !charges.is_empty() {
        // They count for several days.
        return Ok(());
    }
    let behind = given_back.len();
    for charge in given_back {
        spending::give_back(&mut script, charge);
    }
    let (change, found) = looking.begin_with(script).await?;
    if let Some(due) = due {
        let paid = found.iter().rev().nth(behind).and_then(|rows| rows.first());
        if let Charged::Spent = spending::charged(paid, due)? {
            // Some of them may still be paid for.
            return Ok(());
        }
    }
    let committed = change.commit().await;
    tell(all, committed.is_ok());
    committed
}
