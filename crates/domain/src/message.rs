//! Text messages as the rest of the system sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Code;

/// The classes of messages that the Kingdom's regulator tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageClass {
    /// One-time codes and other messages that a person asked for; at any hour.
    Service,
}

/// How urgent a message is beside others that wait for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody waits for it before a page.
    Awaited,
    /// It goes out once nothing waits that is awaited.
    Ordinary,
}

/// The words of a message; they hold a code, so they are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsText(Zeroizing<String>);

impl SmsText {
    /// Takes the words as they shall arrive.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The words, for the transport.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same words with another code wherever the code stands by itself: as part of a longer
    /// number or of a link it is something else.
    #[must_use]
    pub fn with_code(&self, former: &Code, code: &Code) -> Self {
        let (former, text) = (former.expose(), self.0.as_str());
        let mut changed = Zeroizing::new(String::with_capacity(text.len()));
        let mut copied = 0;
        for (start, _) in text.match_indices(former) {
            let end = start + former.len();
            let (before, after) = (&text[..start], &text[end..]);
            let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if !goes_on(before.chars().next_back()) && !goes_on(after.chars().next()) {
                changed.push_str(&text[copied..start]);
                changed.push_str(code.expose());
                copied = end;
            }
        }
        changed.push_str(&text[copied..]);
        Self(changed)
    }
}

impl fmt::Debug for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsText(…)")
    }
}

/// What a gateway tells in the end of a message that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receipt {
    /// The telephone has it.
    Delivered,
    /// It will not reach the telephone.
    Undelivered,
}

impl Receipt {
    /// The receipt's name in the store and to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }

    /// The receipt of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Delivered, Self::Undelivered].into_iter().find(|receipt| receipt.as_str() == name)
    }
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// Not yet taken by a gateway.
    Waiting,
    /// A gateway has taken it, under its own reference if it gave one.
    Accepted {
        /// The gateway's reference.
        reference: Option<String>,
    },
    /// No gateway took it, and trying again is pointless.
    Failed {
        /// The reason in the gateway's or our words; never the text itself.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_code_takes_the_place_of_the_former_and_of_nothing_else() {
        let [former, code] = ["482913", "071155"].map(|code| code.parse().unwrap());
        for (text, expected) in [
            ("رمز الدخول 482913\nصالح 5 دقائق", "رمز الدخول 071155\nصالح 5 دقائق"),
            (
                "482913 is your code\n@wifi.example #482913",
                "071155 is your code\n@wifi.example #071155",
            ),
            ("report 1482913: 482913", "report 1482913: 071155"),
            ("https://wifi.example/t/a482913 482913", "https://wifi.example/t/a482913 071155"),
            ("482913", "071155"),
            ("no code", "no code"),
        ] {
            let text = SmsText::new(text.to_owned()).with_code(&former, &code);
            assert_eq!(text.expose(), expected);
        }
    }
}
