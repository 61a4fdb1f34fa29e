//! Several statements, each with values of its own, that are done one after another.
//!
//! Each trip to SQLite's thread costs more than most statements do there, and sqlx takes several
//! statements with values in one trip. PostgreSQL is told one at a time.

use futures_util::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments, AssertSqlSafe, Either, Encode, Executor, Type};

use super::dialect::Dialect;
use crate::StoreError;

/// Statements in the order in which they are done.
pub(super) struct Script {
    dialect: Dialect,
    trips: Vec<Trip>,
}

/// What is told to the database at once.
#[derive(Default)]
struct Trip {
    text: String,
    values: AnyArguments,
}

impl Script {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self { dialect, trips: Vec::new() }
    }

    /// Adds a statement, whose values follow: `$1` is the first of them. On SQLite `?` is the next.
    pub(super) fn add(&mut self, statement: &str) -> &mut Self {
        match (self.dialect, self.trips.last_mut()) {
            (Dialect::Sqlite, Some(trip)) => {
                trip.text.push_str("; ");
                number_from(&mut trip.text, statement, trip.values.len());
            }
            _ => self.trips.push(Trip { text: statement.to_owned(), ..Trip::default() }),
        }
        self
    }

    /// Gives the last statement its next value.
    pub(super) fn bind<'v, T: Encode<'v, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        let trip = self.trips.last_mut().expect("a statement precedes its values");
        trip.values.add(value).expect("every value has a form in a database");
        self
    }

    /// The same statements after one that has no values.
    pub(super) fn after(mut self, first: &str) -> Self {
        match (self.dialect, self.trips.first_mut()) {
            (Dialect::Sqlite, Some(trip)) => trip.text = format!("{first}; {}", trip.text),
            _ => self.trips.insert(0, Trip { text: first.to_owned(), ..Trip::default() }),
        }
        self
    }

    /// Does all; returns what each statement found.
    pub(super) async fn fetch(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let mut found = Vec::new();
        let mut rows = Vec::new();
        for Trip { text, values } in self.trips {
            let mut steps =
                (&mut *connection).fetch_many(sqlx::query_with(AssertSqlSafe(text), values));
            while let Some(step) = steps.try_next().await? {
                match step {
                    Either::Right(row) => rows.push(row),
                    Either::Left(_) => found.push(std::mem::take(&mut rows)),
                }
            }
        }
        Ok(found)
    }

    /// Does as many statements; returns what each found.
    pub(super) async fn fetch_each<const N: usize>(
        self,
        connection: &mut AnyConnection,
    ) -> Result<[Vec<AnyRow>; N], StoreError> {
        Ok(each(self.fetch(connection).await?))
    }

    /// Does all.
    pub(super) async fn execute(self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        self.fetch(connection).await.map(drop)
    }
}

/// What each of so many statements found.
pub(super) fn each<const N: usize>(found: Vec<Vec<AnyRow>>) -> [Vec<AnyRow>; N] {
    found.try_into().unwrap_or_else(|_| unreachable!("a script has as many statements"))
}

/// Appends a statement whose values come after `before` others.
fn number_from(text: &mut String, statement: &str, before: usize) {
    let mut parts = statement.split('$');
    text.extend(parts.next());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().expect("a value has a number");
        text.push_str(&format!("${}{rest}", number + before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_is_told_all_at_once_and_postgres_one_by_one() {
        let texts = |dialect| {
            let mut script = Script::new(dialect);
            script.add("UPDATE a SET b = $1 WHERE c = $2").bind(1_i64).bind("two");
            script.add("DELETE FROM d WHERE e = $2 OR f = $1 OR g = $2").bind(3_i64).bind(4_i64);
            let mut script = script.after("BEGIN");
            script.add("END");
            script.trips.into_iter().map(|trip| (trip.text, trip.values.len())).collect::<Vec<_>>()
        };
        let whole = "BEGIN; UPDATE a SET b = $1 WHERE c = $2; \
             DELETE FROM d WHERE e = $4 OR f = $3 OR g = $4; END";
        assert_eq!(texts(Dialect::Sqlite), [(whole.to_owned(), 4)]);
        let postgres: Vec<_> = texts(Dialect::Postgres).into_iter().map(|(_, n)| n).collect();
        assert_eq!(postgres, [0, 2, 2, 0]);
    }
}
