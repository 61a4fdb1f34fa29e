//! FreeRADIUS' file of users (`users`, or `mods-config/files/authorize`).
//!
//! An entry begins at the margin with a name and what is checked; what is answered follows,
//! indented.

use std::sync::Arc;

use super::conf::{ConfError, Place, value, word};

/// A file has at most so many entries.
const MOST_ENTRIES: usize = 1_000_000;

/// One entry.
pub struct Entry {
    /// Where it begins.
    pub place: Place,
    /// The user's name, or `DEFAULT`.
    pub name: String,
    /// What is checked, and what is answered: attributes with their values, which may be
    /// passwords.
    pub items: Vec<(String, String)>,
}

/// What a file holds.
#[derive(Default)]
pub struct Users {
    /// The entries, in their order.
    pub entries: Vec<Entry>,
    /// What is included: where, and which path.
    pub includes: Vec<(Place, String)>,
}

/// Reads a file's text.
///
/// # Errors
/// What is neither an entry nor an item of one.
pub fn parse(file: &Arc<str>, text: &str) -> Result<Users, ConfError> {
    let mut users = Users::default();
    for (number, line) in text.lines().enumerate() {
        let place = Place { file: Arc::clone(file), line: number + 1 };
        let error = |reason| ConfError { place: place.clone(), reason };
        let is_reply = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if is_reply {
            let entry = users.entries.last_mut();
            let entry = entry.ok_or_else(|| error("an item stands before any entry"))?;
            items(line, &mut entry.items).map_err(error)?;
            continue;
        }
        let (name, rest) = value(line).map_err(error)?;
        if name == "$INCLUDE" {
            let (path, _) = value(rest).map_err(error)?;
            users.includes.push((place, path));
            continue;
        }
        if users.entries.len() >= MOST_ENTRIES {
            return Err(error("the file has more entries than can be taken"));
        }
        let mut entry = Entry { place: place.clone(), name, items: Vec::new() };
        items(rest, &mut entry.items).map_err(error)?;
        users.entries.push(entry);
    }
    Ok(users)
}

/// `attribute operator value, …`
fn items(text: &str, items: &mut Vec<(String, String)>) -> Result<(), &'static str> {
    let mut rest = text.trim_start();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(());
        }
        // The operators of items begin with signs that end a word.
        let (attribute, after) = word(rest)?;
        let after = after.trim_start();
        let operand = after.trim_start_matches(['=', ':', '+', '-', '!', '<', '>', '~', '*']);
        if attribute.is_empty() || operand.len() == after.len() {
            return Err("it is no `attribute = value`");
        }
        let (content, after) = value(operand)?;
        items.push((attribute, content));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let tell = |entry: &Entry| {
            let items: Vec<_> = entry.items.iter().map(|(a, v)| format!("{a}=<{v}>")).collect();
            format!("{}:{} {}", entry.place.line, entry.name, items.join(" "))
        };
        parse(&Arc::from("users"), text)
            .map(|users| users.entries.iter().map(tell).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn entries_have_what_is_checked_and_what_is_answered() {
        let text = "# users\n\
            bob  Cleartext-Password := \"he,l#o\"\n\
            \tReply-Message := \"Hello, %{User-Name}\",\n\
            \tSession-Timeout = 3600\n\n\
            02-00-5E-10-00-01 Auth-Type := Accept, Calling-Station-Id == '02-00'\n\
            DEFAULT Framed-Protocol == PPP # a comment\n\
            \tFall-Through = Yes\n\
            \"John Doe\"\n";
        assert_eq!(
            read(text).unwrap(),
            [
                "2:bob Cleartext-Password=<he,l#o> Reply-Message=<Hello, %{User-Name}> \
                 Session-Timeout=<3600>",
                "6:02-00-5E-10-00-01 Auth-Type=<Accept> Calling-Station-Id=<02-00>",
                "7:DEFAULT Framed-Protocol=<PPP> Fall-Through=<Yes>",
                "9:John Doe ",
            ]
        );
        let users = parse(&Arc::from("users"), "$INCLUDE more\n").unwrap();
        assert_eq!(users.includes.first().map(|(_, path)| path.as_str()), Some("more"));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        for (text, reason) in [
            ("\n\tA = b", "users:2: an item stands before any entry"),
            ("bob Password", "users:1: it is no `attribute = value`"),
            ("bob Password := \"x", "users:1: a quote is never closed"),
        ] {
            assert_eq!(read(text).unwrap_err(), reason);
        }
    }

    #[test]
    fn the_file_that_debian_brings_is_read() {
        let text = crate::freeradius::debian::text("mods-config/files/authorize");
        let entries = read(&text).unwrap();
        assert_eq!(entries.len(), 3, "{entries:?}");
        assert!(entries.iter().all(|entry| entry.contains(":DEFAULT ")), "{entries:?}");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([a-z\"' \t,:=+#\\\\\n-]|\\PC){0,60}") {
            let _ = read(&text);
        }
    }
}
