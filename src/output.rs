//! What the command line prints: tables for people, JSON for scripts.

use std::io::Write;

use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

/// Prints rows under their headings, or `values` as JSON.
pub fn list<T: Serialize, const N: usize>(
    format: Format,
    values: &[T],
    headings: [&str; N],
    row: impl Fn(&T) -> [String; N],
) -> anyhow::Result<()> {
    if format == Format::Json {
        return json(&values);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.map(str::to_uppercase));
    for value in values {
        table.add_row(row(value));
    }
    line(&table.trim_fmt())
}

/// Prints named values one below the other, or `value` as JSON.
pub fn show<T: Serialize>(
    format: Format,
    value: &T,
    fields: &[(&str, String)],
) -> anyhow::Result<()> {
    if format == Format::Json {
        return json(value);
    }
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, text) in fields {
        line(&format!("{name:width$}  {text}"))?;
    }
    Ok(())
}

/// Prints one sentence, or `value` as JSON.
pub fn done<T: Serialize>(format: Format, value: &T, sentence: &str) -> anyhow::Result<()> {
    if format == Format::Json { json(value) } else { line(sentence) }
}

fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value).context("cannot write JSON")?)
}

/// Says something beside what is printed, so that it is no part of it when that is kept in a file.
pub fn remark(text: &str) {
    // Who cannot hear it has what was asked for all the same.
    writeln!(std::io::stderr(), "note: {text}").ok();
}

/// Prints a line; a reader that went away (`| head`) is no error.
pub fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result.context("cannot print"),
    }
}
