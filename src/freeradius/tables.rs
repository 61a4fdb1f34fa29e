//! Rows of FreeRADIUS' and daloRADIUS' tables, out of a database's dump or a CSV file.
//!
//! Octets go in one by one and rows come out one by one, so that a table of any length needs no
//! more memory than its longest value. Columns are known by their names alone: nothing is guessed
//! from their order.

mod csv;
mod sql;

use std::sync::Arc;

pub use csv::CsvRows;
pub use sql::DumpRows;

/// No value is longer, in octets.
const LONGEST_VALUE: usize = 64 * 1024;
/// No table has more columns.
const MOST_COLUMNS: usize = 256;

/// A table that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Clients.
    Nas,
    /// What is checked or answered for a user: `radcheck`, `radreply`.
    OfUser,
    /// What is checked or answered for a group: `radgroupcheck`, `radgroupreply`.
    OfGroup,
    /// Which groups a user is in.
    UserGroup,
    /// daloRADIUS: who a user is.
    UserInfo,
    /// Accounting.
    Accounting,
}

impl Table {
    /// The table of that name, whatever the schema is.
    fn of_name(name: &str) -> Option<Self> {
        let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        match name.as_str() {
            "nas" => Some(Self::Nas),
            "radcheck" | "radreply" => Some(Self::OfUser),
            "radgroupcheck" | "radgroupreply" => Some(Self::OfGroup),
            "radusergroup" | "usergroup" => Some(Self::UserGroup),
            "userinfo" => Some(Self::UserInfo),
            "radacct" => Some(Self::Accounting),
            _ => None,
        }
    }

    /// The table that has these columns.
    fn of_columns(columns: &[String]) -> Option<Self> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        if has("acctsessionid") && has("acctstarttime") {
            Some(Self::Accounting)
        } else if has("nasname") && has("secret") {
            Some(Self::Nas)
        } else if has("username") && has("attribute") && has("value") {
            Some(Self::OfUser)
        } else if has("groupname") && has("attribute") && has("value") {
            Some(Self::OfGroup)
        } else if has("username") && has("groupname") {
            Some(Self::UserGroup)
        } else if has("username") && has("mobilephone") {
            Some(Self::UserInfo)
        } else {
            None
        }
    }
}

/// One row; may hold passwords and secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins.
    pub line: usize,
    /// Where it is from.
    pub table: Table,
    columns: Arc<[String]>,
    values: Vec<Option<String>>,
}

impl Row {
    /// A column's value, unless it is NULL, empty or missing.
    pub fn get(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.values.get(at)?.as_deref().filter(|value| !value.is_empty())
    }
}

/// Why a file is no such table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TableError {
    /// Where.
    pub line: usize,
    /// Why.
    pub reason: &'static str,
}

/// Octets with the number of their line.
struct Octets<I: Iterator<Item = u8>> {
    octets: std::iter::Peekable<I>,
    line: usize,
}

impl<I: Iterator<Item = u8>> Octets<I> {
    fn new(octets: I) -> Self {
        Self { octets: octets.peekable(), line: 1 }
    }

    fn peek(&mut self) -> Option<u8> {
        self.octets.peek().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let octet = self.octets.next()?;
        self.line += usize::from(octet == b'\n');
        Some(octet)
    }

    fn next_if(&mut self, wanted: impl FnOnce(u8) -> bool) -> Option<u8> {
        let octet = self.peek()?;
        if wanted(octet) { self.next() } else { None }
    }

    fn error(&self, reason: &'static str) -> TableError {
        TableError { line: self.line, reason }
    }

    /// Adds an octet to a value.
    fn push(&self, value: &mut Vec<u8>, octet: u8) -> Result<(), TableError> {
        if value.len() >= LONGEST_VALUE {
            return Err(self.error("a value is longer than any of these tables has"));
        }
        value.push(octet);
        Ok(())
    }
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
