//! Several statements, each with values of its own, that are done one after another.
//!
//! Each trip to SQLite's thread costs more than most statements do there, and sqlx takes several
//! statements with values in one trip. PostgreSQL is told one at a time, unless none of them depends on
//! what another one does: then they are parts of a single one.

use futures_util::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments, AssertSqlSafe, Either, Encode, Executor, Type};

use super::dialect::Dialect;
use crate::StoreError;

/// Statements in the order in which they are done.
pub(super) struct Script {
    dialect: Dialect,
    told: Told,
    trips: Vec<Trip>,
}

/// How statements go to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    OneByOne,
    AtOnce,
    /// All in one statement of PostgreSQL's, of which each part waits for the one before.
    Chained,
    /// What many do, of which none waits for another one: what is inserted into one table is one statement.
    Stacked,
}

/// What is told to the database at once.
#[derive(Default)]
struct Trip {
    statements: Vec<String>,
    values: AnyArguments,
}

impl Script {
    pub(super) const fn new(dialect: Dialect) -> Self {
        let told = match dialect {
            Dialect::Sqlite => Told::AtOnce,
            Dialect::Postgres => Told::OneByOne,
        };
        Self { dialect, told, trips: Vec::new() }
    }

    /// For statements of which none depends on what another one does. What they find is only known of
    /// the last one.
    pub(super) const fn of_independent(dialect: Dialect) -> Self {
        Self { dialect, told: Told::AtOnce, trips: Vec::new() }
    }

    /// For PostgreSQL, in one trip: a change and what is [inserted](Self::insert) because of it. Each is
    /// done once the one before it has changed a row, and not at all if that has changed none. What the
    /// others did is seen by none of them. The last one finds a row if all were done.
    pub(super) const fn chained() -> Self {
        Self { dialect: Dialect::Postgres, told: Told::Chained, trips: Vec::new() }
    }

    /// For what many do, in one trip: the rows that they insert into the same table are one statement, and
    /// none of the statements depends on what another one does.
    pub(super) const fn stacked(dialect: Dialect) -> Self {
        Self { dialect, told: Told::Stacked, trips: Vec::new() }
    }

    /// Adds a statement, whose values follow: `$1` is the first of them. On SQLite `?` is the next.
    pub(super) fn add(&mut self, statement: &str) -> &mut Self {
        match self.trips.last_mut() {
            Some(trip) if self.told != Told::OneByOne => {
                trip.statements.push(number_from(statement, trip.values.len()));
            }
            _ => self.trips.push(Trip::of(statement)),
        }
        self
    }

    /// Adds the insertion of these values into a table with its columns, and what stands behind them.
    pub(super) fn insert(&mut self, into: &str, values: &str, behind: &str) -> &mut Self {
        let former = self.trips.last().map_or(0, |trip| trip.statements.len()).checked_sub(1);
        match former.filter(|_| self.told == Told::Chained) {
            Some(former) => self.add(&format!(
                "INSERT INTO {into} SELECT {values} WHERE EXISTS (SELECT 1 FROM part_{former}) {behind}"
            )),
            None => {
                let (row, behind) = (format!("({values})"), format!(" {behind}"));
                self.gather(&format!("INSERT INTO {into} VALUES "), &row, &behind)
            }
        }
    }

    /// Adds a statement of these three parts. Of those that are [stacked](Self::stacked) each has the
    /// second part of all that begin alike.
    pub(super) fn gather(&mut self, begins: &str, part: &str, behind: &str) -> &mut Self {
        if let Some(trip) = self.trips.last_mut().filter(|_| self.told == Told::Stacked) {
            let part = number_from(part, trip.values.len());
            let mut statements = trip.statements.iter_mut();
            if let Some(former) = statements.find(|former| former.starts_with(begins)) {
                former.truncate(former.strip_suffix(behind).unwrap_or(former).len());
                former.extend([", ", &part, behind]);
                return self;
            }
        }
        self.add(&format!("{begins}{part}{behind}"))
    }

    /// What is added from now on sees what was done before, even if it does not depend on it.
    pub(super) fn pause(&mut self) {
        let is_joined = self.dialect == Dialect::Postgres && self.told != Told::OneByOne;
        if is_joined && !self.trips.is_empty() {
            self.trips.push(Trip::default());
        }
    }

    /// Gives the last statement its next value.
    pub(super) fn bind<'v, T: Encode<'v, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        let trip = self.trips.last_mut().expect("a statement precedes its values");
        trip.values.add(value).expect("every value has a form in a database");
        self
    }

    /// The same statements after some that have no values.
    pub(super) fn after<const N: usize>(mut self, first: [&str; N]) -> Self {
        for statement in first.into_iter().rev() {
            match self.trips.first_mut() {
                Some(trip) if self.told != Told::OneByOne => {
                    trip.statements.insert(0, statement.to_owned());
                }
                _ => self.trips.insert(0, Trip::of(statement)),
            }
        }
        self
    }

    /// Whether another statement takes no other trip, and sees what those before it did.
    pub(super) const fn is_one_trip(&self) -> bool {
        matches!(self.told, Told::AtOnce)
    }

    /// Whether there is nothing to be done.
    pub(super) const fn is_empty(&self) -> bool {
        self.trips.is_empty()
    }

    /// Does all; returns what each statement found.
    pub(super) async fn fetch(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let mut found = Vec::new();
        let mut rows = Vec::new();
        for Trip { statements, values } in self.trips {
            let text = match self.dialect {
                Dialect::Sqlite => statements.join("; "),
                Dialect::Postgres if self.told == Told::Chained => {
                    one_of(statements.into_iter().map(telling).collect())
                }
                Dialect::Postgres => one_of(statements),
            };
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

impl Trip {
    fn of(statement: &str) -> Self {
        Self { statements: vec![statement.to_owned()], values: AnyArguments::default() }
    }
}

/// The statement whose values come after `before` others.
fn number_from(statement: &str, before: usize) -> String {
    if before == 0 {
        return statement.to_owned();
    }
    let mut parts = statement.split('$');
    let mut text = String::with_capacity(statement.len() + 64);
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().expect("a value has a number") + before;
        text.push('$');
        push_number(&mut text, number);
        text.push_str(rest);
    }
    text
}

/// Statements have many numbers, and formatting each costs more than all else.
fn push_number(text: &mut String, number: usize) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b"0123456789"[number % 10]));
}

/// The statement, which finds a row for each that it changes.
fn telling(statement: String) -> String {
    match statement.contains("RETURNING") {
        true => statement,
        false => format!("{statement} RETURNING 1 AS done"),
    }
}

/// One statement that does all of these, and finds what the last one finds.
fn one_of(mut statements: Vec<String>) -> String {
    let last = statements.pop().unwrap_or_default();
    if statements.is_empty() {
        return last;
    }
    let part = |(number, statement): (usize, String)| format!("part_{number} AS ({statement})");
    let parts: Vec<_> = statements.into_iter().enumerate().map(part).collect();
    format!("WITH {} {last}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(mut script: Script) -> Vec<(Vec<String>, usize)> {
        script.add("UPDATE a SET b = $1 WHERE c = $2").bind(1_i64).bind("two");
        script.add("DELETE FROM d WHERE e = $2 OR f = $1 OR g = $2").bind(3_i64).bind(4_i64);
        let trips = script.after(["BEGIN"]).trips;
        trips.into_iter().map(|trip| (trip.statements, trip.values.len())).collect()
    }

    #[test]
    fn sqlite_is_told_all_at_once_and_postgres_one_by_one() {
        let renumbered = "DELETE FROM d WHERE e = $4 OR f = $3 OR g = $4";
        let all = ["BEGIN", "UPDATE a SET b = $1 WHERE c = $2", renumbered].map(str::to_owned);
        assert_eq!(number_from("$1, $19, $2", 81), "$82, $100, $83");
        assert_eq!(texts(Script::new(Dialect::Sqlite)), [(all.to_vec(), 4)]);
        assert_eq!(texts(Script::of_independent(Dialect::Postgres)), [(all.to_vec(), 4)]);
        let one_by_one = texts(Script::new(Dialect::Postgres));
        assert_eq!(one_by_one.iter().map(|(_, values)| *values).collect::<Vec<_>>(), [0, 2, 2]);
    }

    #[test]
    fn what_is_chained_waits_for_what_stands_before_it() {
        let mut script = Script::chained();
        script.add("UPDATE a SET b = $1 WHERE c = $2").bind(1_i64).bind("two");
        script.insert("d (e, f)", "$1, $1", "ON CONFLICT DO NOTHING").bind(3_i64);
        script.insert("g (h)", "$1", "RETURNING h").bind(4_i64);
        let trip = script.trips.pop().unwrap();
        let expected = "WITH part_0 AS (UPDATE a SET b = $1 WHERE c = $2 RETURNING 1 AS done), \
             part_1 AS (INSERT INTO d (e, f) SELECT $3, $3 WHERE EXISTS (SELECT 1 FROM part_0) \
             ON CONFLICT DO NOTHING RETURNING 1 AS done) \
             INSERT INTO g (h) SELECT $4 WHERE EXISTS (SELECT 1 FROM part_1) RETURNING h";
        assert_eq!(one_of(trip.statements.into_iter().map(telling).collect()), expected);
        assert!(script.trips.is_empty(), "it is one trip");
        let mut alone = Script::new(Dialect::Postgres);
        alone.insert("g (h)", "$1", "RETURNING h").bind(4_i64);
        assert_eq!(
            alone.trips.pop().unwrap().statements,
            ["INSERT INTO g (h) VALUES ($1) RETURNING h"]
        );
    }

    #[test]
    fn rows_for_one_table_are_stacked_into_one_statement() {
        let mut script = Script::stacked(Dialect::Postgres);
        for round in 0..2_i64 {
            script.insert("a (b, c)", "$1, $1", "ON CONFLICT (b) DO NOTHING").bind(round);
            script.gather("UPDATE d SET e = 1 WHERE f IN (", "$1", ")").bind(round);
            script.insert("g (h)", "$1", "").bind(round);
        }
        let trip = script.trips.pop().unwrap();
        let expected = [
            "INSERT INTO a (b, c) VALUES ($1, $1), ($4, $4) ON CONFLICT (b) DO NOTHING",
            "UPDATE d SET e = 1 WHERE f IN ($2, $5)",
            "INSERT INTO g (h) VALUES ($3), ($6) ",
        ];
        assert_eq!(trip.statements, expected);
        assert_eq!(trip.values.len(), 6);
        assert!(script.trips.is_empty(), "it is one trip");
    }

    #[test]
    fn what_is_independent_is_one_statement_for_postgres() {
        let statements = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(one_of(statements(&["INSERT 1"])), "INSERT 1");
        let all = one_of(statements(&["INSERT 1", "UPDATE 2", "DELETE 3"]));
        assert_eq!(all, "WITH part_0 AS (INSERT 1), part_1 AS (UPDATE 2) DELETE 3");
    }
}
