//! Dumps of `mysqldump` (also phpMyAdmin's), with rows in `INSERT`, and of `pg_dump`, with rows in
//! `COPY` or `INSERT`.
//!
//! Where an `INSERT` names no columns, the `CREATE TABLE` before it does. Statements about other
//! things are passed over.

use std::collections::HashMap;
use std::sync::Arc;

use super::{MOST_COLUMNS, Octets, Row, Table, TableError, text};

/// The rows of a dump.
pub struct DumpRows<I: Iterator<Item = u8>> {
    octets: Octets<I>,
    created: HashMap<Table, Arc<[String]>>,
    /// Backslashes escape in every text, as MySQL has it.
    escapes: bool,
    within: Within,
}

/// Where in the dump we are.
#[derive(Clone)]
enum Within {
    Statements,
    Insert(Table, Arc<[String]>),
    Copy(Table, Arc<[String]>),
    /// Nothing more can be read.
    Nothing,
}

/// A value as it stands in a statement.
enum Value {
    Null,
    Text(Vec<u8>),
}

impl<I: Iterator<Item = u8>> DumpRows<I> {
    /// Reads octets as a dump.
    pub fn new(octets: I) -> Self {
        let (created, within) = (HashMap::new(), Within::Statements);
        Self { octets: Octets::new(octets), created, escapes: false, within }
    }

    fn row(&mut self) -> Result<Option<Row>, TableError> {
        loop {
            match self.within.clone() {
                Within::Nothing => return Ok(None),
                Within::Statements => {
                    self.skip_blanks();
                    if self.octets.peek().is_none() {
                        return Ok(None);
                    }
                    self.statement()?;
                }
                Within::Insert(table, columns) => {
                    self.skip_spaces();
                    match self.octets.peek() {
                        Some(b'(') => return self.inserted(table, columns).map(Some),
                        Some(b',') => drop(self.octets.next()),
                        _ => {
                            self.skip_statement()?;
                            self.within = Within::Statements;
                        }
                    }
                }
                Within::Copy(table, columns) => {
                    if let Some(row) = self.copied(table, columns)? {
                        return Ok(Some(row));
                    }
                }
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.octets.next_if(|octet| octet.is_ascii_whitespace()).is_some() {}
    }

    /// Passes over what stands between statements; a comment may tell whose dump it is.
    fn skip_blanks(&mut self) {
        loop {
            self.skip_spaces();
            match self.octets.peek() {
                Some(b'-' | b'#' | b'\\') => {
                    let mut line = Vec::new();
                    while let Some(octet) = self.octets.next_if(|octet| octet != b'\n') {
                        if line.len() < 80 {
                            line.push(octet);
                        }
                    }
                    let line = String::from_utf8_lossy(&line);
                    let makers = ["MySQL dump", "MariaDB dump", "phpMyAdmin"];
                    self.escapes |= makers.iter().any(|maker| line.contains(maker));
                }
                Some(b'/') => {
                    let mut last = 0;
                    while let Some(octet) = self.octets.next() {
                        if last == b'*' && octet == b'/' {
                            break;
                        }
                        last = octet;
                    }
                }
                _ => return,
            }
        }
    }

    fn statement(&mut self) -> Result<(), TableError> {
        match self.word()?.to_ascii_lowercase().as_str() {
            "insert" | "replace" => self.insert(),
            "create" => self.create(),
            "copy" => self.copy(),
            _ => self.skip_statement(),
        }
    }

    /// `INSERT [IGNORE] INTO name [(columns)] VALUES`
    fn insert(&mut self) -> Result<(), TableError> {
        let Some(table) = self.named_table(&["into", "ignore", "low_priority", "only"])? else {
            return self.skip_statement();
        };
        self.skip_spaces();
        let columns = match self.octets.peek() {
            Some(b'(') => self.columns()?,
            _ => self.created.get(&table).cloned().ok_or_else(|| {
                self.octets.error(
                    "neither the INSERT names its columns nor a CREATE TABLE before it; dump with \
                     --complete-insert",
                )
            })?,
        };
        self.skip_spaces();
        while self.octets.peek().is_some_and(|octet| octet.is_ascii_alphabetic()) {
            if self.word()?.eq_ignore_ascii_case("values") {
                self.within = Within::Insert(table, columns);
                return Ok(());
            }
            self.skip_spaces();
        }
        self.skip_statement()
    }

    /// `CREATE TABLE [IF NOT EXISTS] name (column …, …)`
    fn create(&mut self) -> Result<(), TableError> {
        let words = ["table", "if", "not", "exists", "temporary", "unlogged"];
        self.skip_spaces();
        if !self.octets.peek().is_some_and(|octet| {
            octet.eq_ignore_ascii_case(&b't') || octet.eq_ignore_ascii_case(&b'u')
        }) {
            return self.skip_statement();
        }
        let Some(table) = self.named_table(&words)? else { return self.skip_statement() };
        self.skip_spaces();
        if self.octets.next_if(|octet| octet == b'(').is_none() {
            return self.skip_statement();
        }
        let mut columns = Vec::new();
        loop {
            self.skip_spaces();
            let quoted = matches!(self.octets.peek(), Some(b'`' | b'"'));
            let name = self.word()?.to_ascii_lowercase();
            const OTHER: [&str; 10] = [
                "primary",
                "unique",
                "key",
                "index",
                "constraint",
                "fulltext",
                "foreign",
                "check",
                "spatial",
                "exclude",
            ];
            if quoted || !OTHER.contains(&name.as_str()) {
                columns.push(name);
            }
            if columns.len() > MOST_COLUMNS {
                return Err(self.octets.error("a table has too many columns"));
            }
            if !self.skip_definition()? {
                break;
            }
        }
        self.created.insert(table, columns.into());
        self.skip_statement()
    }

    /// Passes over the rest of a column's definition; returns whether another follows.
    fn skip_definition(&mut self) -> Result<bool, TableError> {
        let mut depth = 0_usize;
        loop {
            match self.octets.peek() {
                None => return Err(self.octets.error("the dump breaks off")),
                Some(b'\'' | b'"' | b'`') => drop(self.quoted()?),
                Some(octet) => {
                    self.octets.next();
                    match octet {
                        b'(' => depth += 1,
                        b')' if depth == 0 => return Ok(false),
                        b')' => depth -= 1,
                        b',' if depth == 0 => return Ok(true),
                        _ => {}
                    }
                }
            }
        }
    }

    /// `COPY name (columns) FROM stdin;`
    fn copy(&mut self) -> Result<(), TableError> {
        let Some(table) = self.named_table(&[])? else {
            // The rows of another table follow, and nothing in them is a statement.
            return self.skip_copy();
        };
        self.skip_spaces();
        if self.octets.peek() != Some(b'(') {
            return Err(self.octets.error("the COPY names no columns"));
        }
        let columns = self.columns()?;
        self.skip_statement()?;
        while self.octets.next_if(|octet| octet != b'\n').is_some() {}
        self.octets.next();
        self.within = Within::Copy(table, columns);
        Ok(())
    }

    fn skip_copy(&mut self) -> Result<(), TableError> {
        let mut head = Vec::new();
        while let Some(octet) = self.octets.next() {
            if octet == b';' {
                break;
            }
            if head.len() < 4_096 {
                head.push(octet.to_ascii_lowercase());
            }
        }
        if !String::from_utf8_lossy(&head).contains("from stdin") {
            return Ok(());
        }
        let (mut start, mut is_end) = (Vec::new(), false);
        while let Some(octet) = self.octets.next() {
            match octet {
                b'\n' if is_end => break,
                b'\n' => start.clear(),
                octet if start.len() < 3 => start.push(octet),
                _ => {}
            }
            is_end = start.strip_suffix(b"\r").unwrap_or(&start) == b"\\.";
        }
        Ok(())
    }

    /// The table that a statement is about, if it is a known one; words before it are passed over.
    fn named_table(&mut self, before: &[&str]) -> Result<Option<Table>, TableError> {
        loop {
            self.skip_spaces();
            let word = self.word()?;
            if word.is_empty() {
                return Ok(None);
            }
            if !before.contains(&word.to_ascii_lowercase().as_str()) {
                return Ok(Table::of_name(&word));
            }
        }
    }

    /// `(column, column)`
    fn columns(&mut self) -> Result<Arc<[String]>, TableError> {
        self.octets.next();
        let mut columns = Vec::new();
        loop {
            self.skip_spaces();
            columns.push(self.word()?.to_ascii_lowercase());
            self.skip_spaces();
            match self.octets.next() {
                Some(b',') if columns.len() < MOST_COLUMNS => {}
                Some(b')') => return Ok(columns.into()),
                _ => return Err(self.octets.error("the list of columns cannot be read")),
            }
        }
    }

    /// A word, or a name in quotes, with what dots join to it.
    fn word(&mut self) -> Result<String, TableError> {
        let mut word = Vec::new();
        loop {
            match self.octets.peek() {
                Some(quote @ (b'`' | b'"')) => {
                    self.escapes |= quote == b'`';
                    for octet in self.quoted()? {
                        self.octets.push(&mut word, octet)?;
                    }
                }
                Some(octet) if octet.is_ascii_alphanumeric() || b"_.$".contains(&octet) => {
                    self.octets.next();
                    self.octets.push(&mut word, octet)?;
                }
                _ => return Ok(text(word)),
            }
        }
    }

    /// What stands in quotes.
    fn quoted(&mut self) -> Result<Vec<u8>, TableError> {
        let quote = self.octets.next().unwrap_or(b'\'');
        let escapes = self.escapes && quote != b'`';
        self.quoted_by(quote, escapes)
    }

    fn quoted_by(&mut self, quote: u8, escapes: bool) -> Result<Vec<u8>, TableError> {
        let mut value = Vec::new();
        loop {
            let octet = match self.octets.next() {
                None => return Err(self.octets.error("a quote is never closed")),
                Some(octet) if octet == quote => {
                    if self.octets.next_if(|next| next == quote).is_none() {
                        return Ok(value);
                    }
                    quote
                }
                Some(b'\\') if escapes => match self.octets.next() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'0') => 0,
                    Some(b'Z') => 0x1a,
                    Some(octet) => octet,
                    None => return Err(self.octets.error("a quote is never closed")),
                },
                Some(octet) => octet,
            };
            self.octets.push(&mut value, octet)?;
        }
    }

    /// Passes over the rest of a statement.
    fn skip_statement(&mut self) -> Result<(), TableError> {
        loop {
            match self.octets.peek() {
                None => return Ok(()),
                Some(quote @ (b'\'' | b'"' | b'`')) => {
                    self.octets.next();
                    self.skip_quoted(quote);
                }
                Some(b'-' | b'/') => {
                    let first = self.octets.next();
                    match (first, self.octets.peek()) {
                        (Some(b'-'), Some(b'-')) => {
                            while self.octets.next_if(|octet| octet != b'\n').is_some() {}
                        }
                        (Some(b'/'), Some(b'*')) => {
                            let mut last = 0;
                            while let Some(octet) = self.octets.next() {
                                if last == b'*' && octet == b'/' {
                                    break;
                                }
                                last = octet;
                            }
                        }
                        _ => {}
                    }
                }
                Some(b'$') => self.skip_dollars(),
                Some(octet) => {
                    self.octets.next();
                    if octet == b';' {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// What stands in quotes, however long it is.
    fn skip_quoted(&mut self, quote: u8) {
        let escapes = self.escapes && quote != b'`';
        while let Some(octet) = self.octets.next() {
            if octet == b'\\' && escapes {
                self.octets.next();
            } else if octet == quote && self.octets.next_if(|next| next == quote).is_none() {
                return;
            }
        }
    }

    /// A function's body: `$tag$ … $tag$`.
    fn skip_dollars(&mut self) {
        self.octets.next();
        let mut tag = Vec::new();
        while let Some(octet) =
            self.octets.next_if(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
        {
            if tag.len() < 64 {
                tag.push(octet);
            }
        }
        if self.octets.next_if(|octet| octet == b'$').is_none() {
            return;
        }
        let mut seen: Option<Vec<u8>> = None;
        while let Some(octet) = self.octets.next() {
            if octet == b'$' {
                if seen.as_ref() == Some(&tag) {
                    return;
                }
                seen = Some(Vec::new());
            } else if let Some(name) = &mut seen
                && name.len() <= 64
            {
                name.push(octet);
            }
        }
    }

    /// `(value, value)`
    fn inserted(&mut self, table: Table, columns: Arc<[String]>) -> Result<Row, TableError> {
        let line = self.octets.line;
        self.octets.next();
        let mut values = Vec::with_capacity(columns.len());
        loop {
            self.skip_spaces();
            if values.len() >= columns.len() {
                return Err(self.octets.error("a row has more values than columns"));
            }
            values.push(match self.value()? {
                Value::Null => None,
                Value::Text(value) => Some(text(value)),
            });
            self.skip_spaces();
            match self.octets.next() {
                Some(b',') => {}
                Some(b')') => return Ok(Row { line, table, columns, values }),
                _ => return Err(self.octets.error("a row breaks off")),
            }
        }
    }

    fn value(&mut self) -> Result<Value, TableError> {
        let mut bare = Vec::new();
        let mut depth = 0_usize;
        loop {
            match self.octets.peek() {
                Some(b'\'') if depth == 0 => {
                    // E'…' escapes everywhere; X'…' is hexadecimal; _utf8'…' names a character set.
                    self.octets.next();
                    let escapes = self.escapes || bare == b"E" || bare == b"e";
                    let value = self.quoted_by(b'\'', escapes)?;
                    // A cast may follow; it says nothing more.
                    while self.octets.next_if(|octet| !b",)".contains(&octet)).is_some() {}
                    return Ok(Value::Text(match bare.as_slice() {
                        b"X" | b"x" => octets_of(&value).unwrap_or(value),
                        _ => value,
                    }));
                }
                Some(b',' | b')') if depth == 0 => break,
                Some(octet) => {
                    match octet {
                        b'(' => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => {
                            self.octets.next();
                            continue;
                        }
                        _ => {}
                    }
                    self.octets.next();
                    self.octets.push(&mut bare, octet)?;
                }
                None => return Err(self.octets.error("a row breaks off")),
            }
        }
        if bare.eq_ignore_ascii_case(b"null") {
            return Ok(Value::Null);
        }
        let hexadecimal = bare.strip_prefix(b"0x").and_then(octets_of);
        Ok(Value::Text(hexadecimal.unwrap_or(bare)))
    }

    /// A line of `COPY`: values between tabs; `None` at its end.
    fn copied(&mut self, table: Table, columns: Arc<[String]>) -> Result<Option<Row>, TableError> {
        let line = self.octets.line;
        let mut values = Vec::with_capacity(columns.len());
        loop {
            let (value, end) = self.copied_value()?;
            let is_end = value.as_deref() == Some(b"\\.") && values.is_empty();
            if is_end || (end.is_none() && values.is_empty() && value.as_deref() == Some(b"")) {
                self.within = Within::Statements;
                return Ok(None);
            }
            if values.len() >= columns.len() {
                return Err(TableError { line, reason: "a row has more values than columns" });
            }
            values.push(value.map(text));
            if end != Some(b'\t') {
                return Ok(Some(Row { line, table, columns, values }));
            }
        }
    }

    fn copied_value(&mut self) -> Result<(Option<Vec<u8>>, Option<u8>), TableError> {
        let mut value = Vec::new();
        loop {
            let octet = match self.octets.next() {
                end @ (None | Some(b'\t' | b'\n')) => {
                    if value.last() == Some(&b'\r') && end == Some(b'\n') {
                        value.pop();
                    }
                    return Ok((Some(value), end));
                }
                Some(b'\\') => match self.octets.next() {
                    Some(b'N') if value.is_empty() => {
                        self.octets.next_if(|octet| octet == b'\r');
                        return Ok((None, self.octets.next()));
                    }
                    Some(b'.') if value.is_empty() => {
                        while self.octets.next_if(|octet| octet != b'\n').is_some() {}
                        return Ok((Some(b"\\.".to_vec()), self.octets.next()));
                    }
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'b') => 8,
                    Some(b'f') => 12,
                    Some(b'v') => 11,
                    Some(octet) => octet,
                    None => continue,
                },
                Some(octet) => octet,
            };
            self.octets.push(&mut value, octet)?;
        }
    }
}

impl<I: Iterator<Item = u8>> Iterator for DumpRows<I> {
    type Item = Result<Row, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.row();
        if !matches!(row, Ok(Some(_))) {
            self.within = Within::Nothing;
        }
        row.transpose()
    }
}

/// Octets out of hexadecimal digits.
fn octets_of(digits: &[u8]) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()
}
