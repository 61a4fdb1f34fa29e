//! FreeRADIUS' configuration language, version 3, as far as `clients.conf` and `proxy.conf` need
//! it: `name = value`, sections, `$INCLUDE`.
//!
//! Words end and quotes are read as FreeRADIUS reads them: a bare value goes on to the next space
//! or comma, whatever else stands in it; in double quotes a backslash escapes, in single quotes
//! only the quote itself. Statements of the policy language are passed over.

use std::fmt;
use std::sync::Arc;

/// Sections are nested at most so deep.
const DEEPEST: usize = 32;
/// A file has at most so many entries.
const MOST_NODES: usize = 200_000;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the admin would name it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One entry of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// `name = value`.
    Pair {
        /// The name.
        name: String,
        /// The value without its quotes; may be a secret.
        value: String,
    },
    /// `name second { … }`.
    Section {
        /// The first word.
        name: String,
        /// What stands between it and the brace.
        second: Option<String>,
        /// What stands within.
        nodes: Vec<Node>,
    },
    /// `$INCLUDE path`.
    Include {
        /// A file, or a folder if it ends in `/`.
        path: String,
        /// `$-INCLUDE`: it need not be there.
        optional: bool,
    },
}

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConfError {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: &'static str,
}

/// Reads a file's text.
///
/// # Errors
/// A quote or brace that has no partner, or more than any configuration has.
pub fn parse(file: &Arc<str>, text: &str) -> Result<Vec<Node>, ConfError> {
    let mut reading = Reading { file: Arc::clone(file), line: 0, count: 0, open: Vec::new() };
    let mut top = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        let mut whole = line.trim_end().to_owned();
        let mut more = 0;
        while whole.ends_with('\\') && !whole.trim_start().starts_with('#') {
            whole.pop();
            let Some(next) = lines.next() else { break };
            more += 1;
            whole.push_str(next.trim_end());
        }
        reading.statements(&whole, &mut top)?;
        reading.line += more;
    }
    match reading.open.last() {
        None => Ok(top),
        Some(section) => {
            Err(ConfError { place: section.place.clone(), reason: "the section is never closed" })
        }
    }
}

/// A section whose end has not come yet.
struct Open {
    place: Place,
    name: String,
    second: Option<String>,
    nodes: Vec<Node>,
}

struct Reading {
    file: Arc<str>,
    line: usize,
    count: usize,
    open: Vec<Open>,
}

impl Reading {
    fn place(&self) -> Place {
        Place { file: Arc::clone(&self.file), line: self.line }
    }

    fn error(&self, reason: &'static str) -> ConfError {
        ConfError { place: self.place(), reason }
    }

    fn add(&mut self, top: &mut Vec<Node>, place: Place, kind: Kind) -> Result<(), ConfError> {
        self.count += 1;
        if self.count > MOST_NODES {
            return Err(self.error("the file has more entries than any configuration"));
        }
        let nodes = self.open.last_mut().map_or(top, |section| &mut section.nodes);
        nodes.push(Node { place, kind });
        Ok(())
    }

    fn statements(&mut self, line: &str, top: &mut Vec<Node>) -> Result<(), ConfError> {
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ';');
            if rest.is_empty() || rest.starts_with('#') {
                return Ok(());
            }
            if let Some(after) = rest.strip_prefix('}') {
                let section = self.open.pop().ok_or_else(|| self.error("`}` closes nothing"))?;
                let Open { place, name, second, nodes } = section;
                self.add(top, place, Kind::Section { name, second, nodes })?;
                rest = after;
                continue;
            }
            for (word, optional) in [("$INCLUDE", false), ("$-INCLUDE", true)] {
                if let Some(path) = rest.strip_prefix(word).filter(|p| p.starts_with([' ', '\t'])) {
                    let (path, _) = value(path).map_err(|reason| self.error(reason))?;
                    return self.add(top, self.place(), Kind::Include { path, optional });
                }
            }
            rest = self.statement(rest, top)?;
        }
    }

    /// Takes one statement; returns what follows it in the line.
    fn statement<'t>(&mut self, text: &'t str, top: &mut Vec<Node>) -> Result<&'t str, ConfError> {
        let (name, after) = word(text).map_err(|reason| self.error(reason))?;
        let after = after.trim_start();
        if let Some(inside) = after.strip_prefix('{') {
            self.begin(name, None)?;
            return Ok(inside);
        }
        if let Some(operand) = operator(after) {
            let (value, after) = value(operand).map_err(|reason| self.error(reason))?;
            self.add(top, self.place(), Kind::Pair { name, value })?;
            return Ok(after);
        }
        if let Ok((second, inside)) = word(after)
            && !second.is_empty()
            && let Some(inside) = inside.trim_start().strip_prefix('{')
        {
            self.begin(name, Some(second))?;
            return Ok(inside);
        }
        // Of the policy language: a condition, or a bare word.
        let bare = after.split(" #").next().unwrap_or_default().trim_end();
        if let Some(condition) = bare.strip_suffix('{') {
            self.begin(name, Some(condition.trim().to_owned()))?;
        }
        Ok("")
    }

    fn begin(&mut self, name: String, second: Option<String>) -> Result<(), ConfError> {
        if self.open.len() >= DEEPEST {
            return Err(self.error("sections are nested too deep"));
        }
        self.open.push(Open { place: self.place(), name, second, nodes: Vec::new() });
        Ok(())
    }
}

/// What follows an operator of assignment or comparison, if one is next.
fn operator(text: &str) -> Option<&str> {
    const OPERATORS: [&str; 15] =
        ["=~", "!~", "++", "+=", "-=", ":=", "=*", "!*", "==", "!=", ">=", "<=", "=", ">", "<"];
    OPERATORS.iter().find_map(|operator| text.strip_prefix(operator))
}

/// A word that ends at a space or sign, or a quoted one, and what follows.
pub(super) fn word(text: &str) -> Result<(String, &str), &'static str> {
    if text.starts_with(['"', '\'', '`']) {
        return value(text);
    }
    let is_end = |c: char| c.is_whitespace() || "{}(),=#;".contains(c);
    let two = |at: usize| text.get(at..).is_some_and(|rest| operator(rest).is_some());
    let end =
        text.char_indices().find(|(at, c)| is_end(*c) || two(*at)).map_or(text.len(), |(at, _)| at);
    let (word, rest) = text.split_at(end);
    if word.is_empty() && !rest.is_empty() && !rest.starts_with(['{', '}', '(', '#']) {
        return Err("a name is missing");
    }
    Ok((word.to_owned(), rest))
}

/// A value, bare or quoted, and what follows.
pub(super) fn value(text: &str) -> Result<(String, &str), &'static str> {
    let text = text.trim_start();
    let quote = match text.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => quote,
        _ => {
            let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
            let (value, rest) = text.split_at(end);
            return Ok((value.to_owned(), rest));
        }
    };
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((value, text.get(at + 1..).unwrap_or_default()));
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        let Some((_, escaped)) = letters.next() else { break };
        match (quote, escaped) {
            (_, escaped) if escaped == quote => value.push(escaped),
            ('\'', escaped) => value.extend(['\\', escaped]),
            (_, 'r') => value.push('\r'),
            (_, 'n') => value.push('\n'),
            (_, 't') => value.push('\t'),
            (_, '0'..='7') => {
                let mut code = escaped.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = letters.peek().and_then(|(_, c)| c.to_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit;
                    letters.next();
                }
                value.push(char::from(u8::try_from(code & 0xff).unwrap_or_default()));
            }
            (_, escaped) => value.push(escaped),
        }
    }
    Err("a quote is never closed")
}

#[cfg(test)]
mod tests;
