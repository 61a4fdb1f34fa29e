//! Texts with places for values: `{{name}}` is one, a line that begins with `{{?name}}` stands only
//! if there is such a value, and one that begins with `{{*name}}` once for each.

use super::fields::Fields;
use super::writing::{Unwritable, Writing};

/// The text with its values.
///
/// # Errors
/// A value that cannot be written.
pub(super) fn fill(text: &str, writing: Writing, fields: &Fields) -> Result<String, Unwritable> {
    let mut filled = String::with_capacity(text.len() + 512);
    for line in text.split_inclusive('\n') {
        if let Some((name, rest)) = line.strip_prefix("{{*").and_then(|rest| rest.split_once("}}"))
        {
            for one in fields.all(name) {
                let find =
                    |wanted: &str| if wanted == name { Some(one) } else { fields.find(wanted) };
                fill_line(rest, writing, find, &mut filled)?;
            }
            continue;
        }
        let line = match line.strip_prefix("{{?").and_then(|rest| rest.split_once("}}")) {
            Some((name, _)) if fields.find(name).is_none() => continue,
            Some((_, rest)) => rest,
            None => line,
        };
        fill_line(line, writing, |name| fields.find(name), &mut filled)?;
    }
    Ok(filled)
}

fn fill_line<'f>(
    line: &str,
    writing: Writing,
    find: impl Fn(&str) -> Option<(&'static str, &'f str)>,
    filled: &mut String,
) -> Result<(), Unwritable> {
    // A comment is for people, in every syntax, and has no strings.
    let writing = if line.starts_with(['#', '!', ';']) { Writing::Word } else { writing };
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(before);
        if let Some((field, value)) = find(name) {
            filled.push_str(&writing.write(value).ok_or(Unwritable { field })?);
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(())
}
