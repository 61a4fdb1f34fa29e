//! How a value is written in each syntax, so that it ends where it ends.
//!
//! Control characters are refused everywhere: a line break begins another command, and an escape
//! sequence can hide one from whoever looks before pasting.

/// The syntax in which a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// The rest of a line, as it is (hostapd.conf).
    Line,
    /// A word of a command line that has no quoting to rely on (Cisco, Aruba, HPE).
    Word,
    /// A quoted word of a POSIX shell.
    Shell,
    /// The same, for a file whose reader takes it apart once more (CoovaChilli).
    ShellWord,
    /// A quoted word of RouterOS's scripting language.
    RouterOs,
    /// A basic string of TOML.
    Toml,
    /// A text for people.
    Prose,
}

/// A value that the syntax cannot carry; never with the value, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} has characters that cannot be typed there; choose another one")]
pub(crate) struct Unwritable {
    /// The name of the value.
    pub(crate) field: &'static str,
}

impl Writing {
    /// The value as it is written; `None` if it cannot be.
    pub(super) fn write(self, value: &str) -> Option<String> {
        if value.chars().any(is_invisible) {
            return None;
        }
        let is_word = !value.is_empty() && value.bytes().all(is_plain);
        match self {
            Self::Line => (value == value.trim()).then(|| value.to_owned()),
            Self::Word => is_word.then(|| value.to_owned()),
            Self::Shell => Some(shell(value)),
            Self::ShellWord => is_word.then(|| shell(value)),
            Self::RouterOs => Some(router_os(value)),
            Self::Toml => {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                Some(format!("\"{escaped}\""))
            }
            Self::Prose => Some(value.to_owned()),
        }
    }
}

/// Whether a character is one that a reader does not see, or sees elsewhere than it stands.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether an octet means nothing but itself to any command line: no space, quote, comment,
/// variable, help (`?`) or end of a command.
const fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=' | b'@' | b'%' | b',')
}

fn shell(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// In double quotes, with everything but plain octets as `\XX` (RouterOS, "Scripting", constant
/// escape sequences).
fn router_os(value: &str) -> String {
    let mut written = String::from("\"");
    for octet in value.bytes() {
        if is_plain(octet) {
            written.push(char::from(octet));
        } else {
            written.push_str(&format!("\\{octet:02X}"));
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_so_that_it_ends_where_it_ends() {
        use Writing::{Line, Prose, RouterOs, Shell, ShellWord, Toml, Word};
        for (value, writing, expected) in [
            ("aB3-_.:/+=", Word, Some("aB3-_.:/+=")),
            ("a b", Word, None),
            ("a?b", Word, None),
            ("a\"b", Word, None),
            ("a;b", Word, None),
            ("", Word, None),
            ("سر", Word, None),
            ("a'; reboot; '", Shell, Some("'a'\\''; reboot; '\\'''")),
            ("$(reboot)`x`", Shell, Some("'$(reboot)`x`'")),
            ("abc", ShellWord, Some("'abc'")),
            ("$(reboot)", ShellWord, None),
            ("a\"; /system reset", RouterOs, Some("\"a\\22\\3B\\20/system\\20reset\"")),
            ("$x?", RouterOs, Some("\"\\24x\\3F\"")),
            ("é", RouterOs, Some("\"\\C3\\A9\"")),
            ("a\\b\"c", Toml, Some("\"a\\\\b\\\"c\"")),
            ("a # b", Line, Some("a # b")),
            (" a", Line, None),
            ("a ", Line, None),
            ("any text", Prose, Some("any text")),
        ] {
            assert_eq!(writing.write(value).as_deref(), expected, "{value} {writing:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_written_nowhere() {
        use Writing::{Line, Prose, RouterOs, Shell, ShellWord, Toml, Word};
        for writing in [Line, Word, Shell, ShellWord, RouterOs, Toml, Prose] {
            for odd in ["a\nreload", "a\rb", "\u{1b}[2K", "a\0", "a\u{202e}b", "a\u{2028}b"] {
                assert_eq!(writing.write(odd), None, "{odd:?} {writing:?}");
            }
        }
    }
}
