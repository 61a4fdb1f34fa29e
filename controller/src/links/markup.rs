//! Texts as they stand in pages and pictures: escaped, and with what reads left to right kept in order.

use std::fmt::Display;

/// The text without anything that markup would take for its own; characters that XML has not are left
/// out.
pub(super) fn escaped(text: &str) -> String {
    let mut markup = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            '\'' => markup.push_str("&#39;"),
            control if control.is_control() => {}
            letter => markup.push(letter),
        }
    }
    markup
}

/// A number, date or name that reads left to right wherever it stands (UAX #9 §2.4.2).
pub(super) fn ltr(value: impl Display) -> String {
    format!("<bdi dir=\"ltr\">{}</bdi>", escaped(&value.to_string()))
}

/// A text in a picture, in its own direction whatever stands beside it (first strong isolate).
pub(super) fn isolated(text: &str) -> String {
    format!("\u{2068}{}\u{2069}", escaped(text))
}

/// The same in a page.
pub(super) fn own_direction(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        assert_eq!(
            escaped("<a href=\"x\">&'\u{0}\n</a>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;"
        );
        assert_eq!(isolated("95 من 100"), "\u{2068}95 من 100\u{2069}");
        assert_eq!(own_direction("a&b"), "<bdi>a&amp;b</bdi>");
        assert_eq!(ltr("1 < 2"), "<bdi dir=\"ltr\">1 &lt; 2</bdi>");
    }
}
