//! The terminal as a telephone: for demonstrations and for setting up a site.
//!
//! This is the one place where a code is shown, since showing it is the transport's
//! purpose. It goes to standard output and never through the log.

use std::io::{self, Write};

use async_trait::async_trait;

use crate::transport::{Accepted, Letter, SendError, Transport};

/// Prints each message, with the number masked.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConsoleTransport;

#[async_trait]
impl Transport for ConsoleTransport {
    async fn send(&self, letter: Letter<'_>) -> Result<Accepted, SendError> {
        let picture = draw(letter);
        let mut terminal = io::stdout().lock();
        terminal
            .write_all(picture.as_bytes())
            .and_then(|()| terminal.flush())
            .map(|()| Accepted { reference: None })
            .map_err(|_| SendError::Later {
                after: None,
                reason: "standard output is closed".to_owned(),
            })
    }

    fn carries_text(&self) -> bool {
        true
    }
}

/// A box without a right edge: terminals disagree about how wide Arabic is.
fn draw(letter: Letter<'_>) -> String {
    let mut picture = format!("\n┌─ SMS to {} ─────────────\n│\n", letter.phone.masked());
    for line in letter.text.expose().lines() {
        picture.push_str("│  ");
        picture.extend(line.chars().filter(|c| !c.is_control()));
        picture.push('\n');
    }
    picture.push_str("│\n└──────────────────────────────────────\n\n");
    picture
}

#[cfg(test)]
mod tests {
    use domain::{MessageId, PhoneNumber, SmsText};

    use super::*;

    #[test]
    fn the_box_shows_the_words_and_hides_the_number() {
        let phone: PhoneNumber = "966512345678".parse().unwrap();
        let text = SmsText::new("رمز الدخول 482913\nصالح 5 دقائق\u{1b}[2J".to_owned());
        let id = MessageId::from_bytes([1; 16]);
        let picture = draw(Letter { id, phone: &phone, text: &text, code: None });
        assert!(picture.contains("│  رمز الدخول 482913\n│  صالح 5 دقائق[2J\n"), "{picture}");
        assert!(picture.contains(&phone.masked().to_string()));
        assert!(!picture.contains("966512345678") && !picture.contains('\u{1b}'));
    }
}
