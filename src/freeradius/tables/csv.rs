//! CSV with a heading (RFC 4180), also with semicolons or tabs; the heading names the table.

use std::sync::Arc;

use super::{MOST_COLUMNS, Octets, Row, Table, TableError, text};

/// The rows of a CSV file.
pub struct CsvRows<I: Iterator<Item = u8>> {
    octets: Octets<I>,
    heading: Option<Heading>,
    is_over: bool,
}

#[derive(Clone)]
struct Heading {
    table: Table,
    columns: Arc<[String]>,
    separator: u8,
}

impl<I: Iterator<Item = u8>> CsvRows<I> {
    /// Reads octets as CSV.
    pub fn new(octets: I) -> Self {
        Self { octets: Octets::new(octets), heading: None, is_over: false }
    }

    fn read_heading(&mut self) -> Result<Option<Heading>, TableError> {
        // A byte order mark, as Excel writes it.
        while self.octets.next_if(|octet| [0xef, 0xbb, 0xbf].contains(&octet)).is_some() {}
        let mut line = Vec::new();
        while let Some(octet) = self.octets.next_if(|octet| octet != b'\n') {
            self.octets.push(&mut line, octet)?;
        }
        if line.is_empty() && self.octets.peek().is_none() {
            return Ok(None);
        }
        let count = |separator: &u8| line.iter().filter(|octet| *octet == separator).count();
        let separator = *b",;\t".iter().max_by_key(|separator| count(separator)).unwrap_or(&b',');
        let line = text(line).to_ascii_lowercase();
        let plain = |name: &str| name.trim().trim_matches(['"', '`', '\'']).to_owned();
        let columns: Vec<_> = line.split(char::from(separator)).map(plain).collect();
        let table = Table::of_columns(&columns);
        let error = |reason| TableError { line: 1, reason };
        let table = table.ok_or_else(|| error("the heading is that of no table that is known"))?;
        if columns.len() > MOST_COLUMNS {
            return Err(error("the heading has more columns than any of these tables"));
        }
        self.octets.next();
        Ok(Some(Heading { table, columns: columns.into(), separator }))
    }

    fn read_row(&mut self, heading: &Heading) -> Result<Option<Row>, TableError> {
        while self.octets.next_if(|octet| octet == b'\n' || octet == b'\r').is_some() {}
        if self.octets.peek().is_none() {
            return Ok(None);
        }
        let line = self.octets.line;
        let mut values = Vec::with_capacity(heading.columns.len());
        loop {
            if values.len() >= heading.columns.len() {
                return Err(self
                    .octets
                    .error("the row has more values than the heading has columns"));
            }
            values.push(self.value(heading.separator)?);
            match self.octets.next() {
                Some(octet) if octet == heading.separator => {}
                None | Some(b'\n') => break,
                Some(_) => return Err(self.octets.error("something follows a quoted value")),
            }
        }
        let Heading { table, columns, .. } = heading.clone();
        Ok(Some(Row { line, table, columns, values }))
    }

    fn value(&mut self, separator: u8) -> Result<Option<String>, TableError> {
        let mut value = Vec::new();
        if self.octets.next_if(|octet| octet == b'"').is_some() {
            loop {
                match self.octets.next() {
                    None => return Err(self.octets.error("a quote is never closed")),
                    Some(b'"') if self.octets.next_if(|octet| octet == b'"').is_none() => break,
                    Some(octet) => self.octets.push(&mut value, octet)?,
                }
            }
            self.octets.next_if(|octet| octet == b'\r');
            return Ok(Some(text(value)));
        }
        while let Some(octet) = self.octets.next_if(|octet| octet != separator && octet != b'\n') {
            self.octets.push(&mut value, octet)?;
        }
        let value = text(value);
        let value = value.trim();
        Ok((!matches!(value, "" | "NULL" | "\\N")).then(|| value.to_owned()))
    }
}

impl<I: Iterator<Item = u8>> Iterator for CsvRows<I> {
    type Item = Result<Row, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = match self.heading.clone() {
            Some(heading) => self.read_row(&heading),
            None => match self.read_heading() {
                Ok(Some(heading)) => {
                    self.heading = Some(heading.clone());
                    self.read_row(&heading)
                }
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            },
        };
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}
