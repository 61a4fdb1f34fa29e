//! A crowd on PostgreSQL: one transaction on a connection of its own, and one commit that waits for the
//! disk.

use std::fmt::Write;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Cell, Crowd, Part, Payment, Seen, Waiting, decide, tell};
use crate::StoreError;
use crate::sql::connections::{Connections, Lent};
use crate::sql::dialect::{Dialect, Lock};
use crate::sql::given::{Column, Given};
use crate::sql::row::Columns;
use crate::sql::script::Script;
use crate::sql::till::Receipt;
use crate::sql::transaction::Transaction;

/// Serves those who wait once the connection is free.
pub(super) async fn serve(connection: &Connections, crowd: &Crowd) -> Result<(), StoreError> {
    let lent = connection.lend().await;
    let together = crowd.those_together();
    let mut lent = lent?;
    if together.is_empty() {
        lent.is_in_order();
        return Ok(());
    }
    let (mut transaction, together) = lock(lent, together).await?;
    let found = look_up(&mut transaction, &together).await?;
    let mut script = Script::stacked(Dialect::Postgres);
    let (mut receipts, mut all) = (Vec::new(), Vec::new());
    for Part { rows, payment, done } in decide(together, found).await {
        rows(&mut script);
        if let Payment::Made(receipt) = payment {
            receipts.push(receipt);
        }
        all.push(done);
    }
    if all.is_empty() {
        return Ok(transaction.rollback().await?);
    }
    script.execute(&mut transaction).await?;
    // Of a commit that fails nobody knows whether it was made.
    receipts.into_iter().for_each(Receipt::keep);
    let committed = transaction.commit().await;
    tell(all, committed.is_ok());
    Ok(committed?)
}

/// Begins a transaction of those whose locks nobody else has; the others are told so.
async fn lock(
    lent: Lent,
    together: Vec<Waiting>,
) -> Result<(Transaction, Vec<Waiting>), StoreError> {
    let begin = Dialect::Postgres.begin_by_keys();
    let locks: Vec<_> =
        together.iter().map(|waiting| Lock::take_if_free(&waiting.look.locks)).collect();
    let statements = format!("{begin}; SELECT {}", locks.join(", "));
    let (transaction, found) = Transaction::begin_finding(lent, statements).await?;
    let had = found.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut with_locks = Vec::new();
    for (place, waiting) in together.into_iter().enumerate() {
        match had.try_get::<bool, _>(place)? {
            true => with_locks.push(waiting),
            // Whoever asked may have gone meanwhile.
            false => drop(waiting.seen.send(Seen::Alone)),
        }
    }
    Ok((transaction, with_locks))
}

/// What each of them looks up, in their order.
async fn look_up(
    transaction: &mut Transaction,
    together: &[Waiting],
) -> Result<Vec<Vec<AnyRow>>, StoreError> {
    let Some(first) = together.first() else { return Ok(Vec::new()) };
    let places = 0..i64::try_from(together.len()).unwrap_or(i64::MAX);
    let mut columns = vec![Column::numbers(places)];
    let mut names = "place".to_owned();
    for number in 0..first.look.values.len() {
        write!(names, ", value_{}", number + 1).expect("a text takes all");
        let cells = together.iter().filter_map(|waiting| waiting.look.values.get(number));
        columns.push(column(cells));
    }
    let given = Given { dialect: Dialect::Postgres, names: &names, columns };
    let mut found: Vec<_> = together.iter().map(|_| Vec::new()).collect();
    for row in given.fetch(transaction, &first.look.statement).await? {
        let place = usize::try_from(Columns(&row).integer("place")?).ok();
        if let Some(rows) = place.and_then(|place| found.get_mut(place)) {
            rows.push(row);
        }
    }
    Ok(found)
}

/// A column of these values, which are all of one kind.
fn column<'c>(cells: impl Iterator<Item = &'c Cell>) -> Column {
    let (mut octets, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        match cell {
            Cell::Octets(value) => octets.push(Some(value.clone())),
            Cell::Number(value) => numbers.push(Some(*value)),
            Cell::Text(value) => texts.push(Some(value.clone())),
        }
    }
    match (octets.is_empty(), numbers.is_empty()) {
        (false, _) => Column::Octets(octets),
        (true, false) => Column::Numbers(numbers),
        (true, true) => Column::Texts(texts),
    }
}
