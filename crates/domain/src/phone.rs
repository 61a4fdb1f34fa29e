//! Mobile numbers in E.164, from whatever a visitor types.
//!
//! Digits of all three kinds in use are read (Western, Arabic-Indic, Persian, and
//! their full-width forms). A letter is refused, never mapped: a mistyped `a` must
//! not send a code to a stranger. Only mobile ranges of enabled countries pass.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// A mobile number in E.164, digits only, without the `+`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// A country whose mobile numbers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Country {
    /// Saudi Arabia, +966.
    #[serde(rename = "sa")]
    SaudiArabia,
    /// United Arab Emirates, +971.
    #[serde(rename = "ae")]
    Emirates,
    /// Kuwait, +965.
    #[serde(rename = "kw")]
    Kuwait,
    /// Bahrain, +973.
    #[serde(rename = "bh")]
    Bahrain,
    /// Qatar, +974.
    #[serde(rename = "qa")]
    Qatar,
    /// Oman, +968.
    #[serde(rename = "om")]
    Oman,
}

/// Why a text is no usable mobile number; each has its own words for the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was typed.
    #[error("no mobile number was given")]
    Empty,
    /// A letter or another sign stands among the digits.
    #[error("the number contains something other than digits")]
    Letters,
    /// Too short, too long, or not a number of its country.
    #[error("the number is incomplete or mistyped")]
    Format,
    /// A landline or shared-cost number, which receives no text messages.
    #[error("the number is not a mobile number")]
    Landline,
    /// A number of a country that this site does not serve.
    #[error("numbers of that country are not enabled")]
    CountryNotEnabled,
}

/// How the mobile numbers of one country look after the calling code.
struct NumberingPlan {
    country: Country,
    calling_code: &'static str,
    length: usize,
    mobile_starts: &'static [&'static str],
}

const PLANS: [NumberingPlan; 6] = [
    NumberingPlan {
        country: Country::SaudiArabia,
        calling_code: "966",
        length: 9,
        mobile_starts: &["5"],
    },
    NumberingPlan {
        country: Country::Emirates,
        calling_code: "971",
        length: 9,
        mobile_starts: &["5"],
    },
    NumberingPlan {
        country: Country::Kuwait,
        calling_code: "965",
        length: 8,
        mobile_starts: &["5", "6", "9"],
    },
    NumberingPlan {
        country: Country::Bahrain,
        calling_code: "973",
        length: 8,
        mobile_starts: &["3", "66", "663"],
    },
    NumberingPlan {
        country: Country::Qatar,
        calling_code: "974",
        length: 8,
        mobile_starts: &["3", "5", "6", "7"],
    },
    NumberingPlan {
        country: Country::Oman,
        calling_code: "968",
        length: 8,
        mobile_starts: &["7", "9"],
    },
];

impl Country {
    /// Every country of the Gulf Cooperation Council, Saudi Arabia first.
    pub const GULF: [Self; 6] =
        [Self::SaudiArabia, Self::Emirates, Self::Kuwait, Self::Bahrain, Self::Qatar, Self::Oman];

    /// The country's code (ISO 3166-1 alpha-2, lower case).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SaudiArabia => "sa",
            Self::Emirates => "ae",
            Self::Kuwait => "kw",
            Self::Bahrain => "bh",
            Self::Qatar => "qa",
            Self::Oman => "om",
        }
    }
}

impl Country {
    /// What numbers of the country begin with.
    #[must_use]
    pub fn calling_code(self) -> &'static str {
        let plan = PLANS.iter().find(|plan| plan.country == self);
        plan.map_or("", |plan| plan.calling_code)
    }
}

/// Why a text is no [`Country`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known country; known are sa, ae, kw, bh, qa and om")]
pub struct CountryError(String);

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::GULF
            .into_iter()
            .find(|country| country.as_str() == text)
            .ok_or_else(|| CountryError(text.chars().take(20).collect()))
    }
}

impl PhoneNumber {
    /// Reads what a visitor typed, for a site that serves the `enabled` countries.
    ///
    /// Saudi numbers may be written `05…`, `5…`, `9665…`, `+9665…` or `009665…`, also
    /// with the trunk zero left in (`+96605…`); others need `+` or `00`.
    ///
    /// # Errors
    /// The reason in the terms of the visitor; see [`PhoneError`].
    pub fn parse(text: &str, enabled: &[Country]) -> Result<Self, PhoneError> {
        let typed = Typed::read(text)?;
        let (plan, national) = typed.resolve()?;
        if !enabled.contains(&plan.country) {
            return Err(PhoneError::CountryNotEnabled);
        }
        let is_mobile = plan.mobile_starts.iter().any(|start| national.starts_with(start));
        if !is_mobile {
            return Err(PhoneError::Landline);
        }
        if national.len() != plan.length {
            return Err(PhoneError::Format);
        }
        Ok(Self(format!("{}{national}", plan.calling_code)))
    }

    /// The digits of the E.164 number without the `+`, as gateways want them.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number without its last four digits: those that differ there alone are a block, as
    /// operators give them out.
    #[must_use]
    pub fn block(&self) -> &str {
        self.0.split_at(self.0.len().saturating_sub(4)).0
    }

    /// Its country, as far as it is one of those whose numbers can sign in.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        let plan = PLANS.iter().find(|plan| self.0.starts_with(plan.calling_code));
        plan.map(|plan| plan.country)
    }

    /// The number with its middle hidden, for pages and logs: `+9665•••••567`.
    #[must_use]
    pub fn masked(&self) -> MaskedPhone<'_> {
        MaskedPhone(self)
    }
}

/// What stands in the field once digits are Western and fillers are gone.
struct Typed {
    international: bool,
    digits: String,
}

impl Typed {
    fn read(text: &str) -> Result<Self, PhoneError> {
        let mut plus = false;
        let mut digits = String::new();
        for c in text.chars() {
            match c {
                '+' | '\u{ff0b}' if digits.is_empty() => plus = true,
                _ if is_filler(c) => {}
                _ => digits.push(western_digit(c).ok_or(PhoneError::Letters)?),
            }
            if digits.len() > 20 {
                return Err(PhoneError::Format);
            }
        }
        if digits.is_empty() {
            return Err(if plus { PhoneError::Format } else { PhoneError::Empty });
        }
        if !plus && let Some(rest) = digits.strip_prefix("00") {
            return Ok(Self { international: true, digits: rest.to_owned() });
        }
        Ok(Self { international: plus, digits })
    }

    /// The numbering plan and the national number without a trunk zero.
    fn resolve(&self) -> Result<(&'static NumberingPlan, &str), PhoneError> {
        let [saudi, ..] = &PLANS;
        if !self.international {
            if let Some(rest) = self.digits.strip_prefix("966").filter(|_| self.digits.len() >= 12)
            {
                return Ok((saudi, rest.strip_prefix('0').unwrap_or(rest)));
            }
            let national = self.digits.strip_prefix('0').unwrap_or(&self.digits);
            return if national.starts_with(['1', '5', '9']) {
                Ok((saudi, national))
            } else {
                Err(PhoneError::Format)
            };
        }
        for plan in &PLANS {
            if let Some(rest) = self.digits.strip_prefix(plan.calling_code) {
                return Ok((plan, rest.strip_prefix('0').unwrap_or(rest)));
            }
        }
        let plausible = (7..=15).contains(&self.digits.len()) && !self.digits.starts_with('0');
        Err(if plausible { PhoneError::CountryNotEnabled } else { PhoneError::Format })
    }
}

/// Signs that people put between digits, and the invisible marks that copying adds.
fn is_filler(c: char) -> bool {
    matches!(c, '-' | '(' | ')' | '.' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{feff}' | '\u{2010}'..='\u{2015}')
        || c.is_whitespace()
}

/// The Western form of a Western, Arabic-Indic, Persian or full-width digit.
pub(crate) fn western_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06f0}'..='\u{06f9}' => 0x06f0,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

/// Reads a stored E.164 number, with or without `+`; for data that was valid once.
impl FromStr for PhoneNumber {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let valid = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        valid.then(|| Self(digits.to_owned())).ok_or(PhoneError::Format)
    }
}

/// Shows the masked form, so that a number cannot slip into a log whole.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.masked(), f)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("+{}", self.0))
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

/// A number whose middle is hidden.
pub struct MaskedPhone<'a>(&'a PhoneNumber);

impl fmt::Display for MaskedPhone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.digits();
        let shown = digits.len().min(4);
        let (start, rest) = digits.split_at(shown);
        let (hidden, end) = rest.split_at(rest.len().saturating_sub(3));
        write!(f, "+{start}{}{end}", "•".repeat(hidden.len()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(typed: &str, expected: Result<&str, PhoneError>) {
        let number = PhoneNumber::parse(typed, &Country::GULF);
        assert_eq!(
            number.as_ref().map(PhoneNumber::digits),
            expected.as_ref().copied(),
            "{typed:?}"
        );
    }

    #[test]
    fn every_way_to_write_a_saudi_mobile_number_is_the_same_number() {
        for typed in [
            "0551234567",
            "551234567",
            "966551234567",
            "+966551234567",
            "00966551234567",
            "+966 055 123 4567",
            "055-123-4567",
            "(055) 123.4567",
            "٠٥٥١٢٣٤٥٦٧",
            "۰۵۵۱۲۳۴۵۶۷",
            "٠55١23۴567",
            "０５５１２３４５６７",
            "\u{202a}+966 55 123 4567\u{202c}",
            "＋966551234567",
            "9660551234567",
        ] {
            check(typed, Ok("966551234567"));
        }
    }

    #[test]
    fn what_cannot_receive_a_code_is_refused_with_its_reason() {
        for (typed, reason) in [
            ("", PhoneError::Empty),
            ("   ", PhoneError::Empty),
            ("+", PhoneError::Format),
            ("05512345a7", PhoneError::Letters),
            ("0551234567 ext 5", PhoneError::Letters),
            ("0551234567,123", PhoneError::Letters),
            ("0551234567#", PhoneError::Letters),
            ("055123456", PhoneError::Format),
            ("05512345678", PhoneError::Format),
            ("0251234567", PhoneError::Format),
            ("0138123456", PhoneError::Landline),
            ("+966138123456", PhoneError::Landline),
            ("920011050", PhoneError::Landline),
            ("005511234567", PhoneError::CountryNotEnabled),
            ("+4915112345678", PhoneError::CountryNotEnabled),
            ("+0551234567", PhoneError::Format),
            ("123456789012345678901234567890", PhoneError::Format),
        ] {
            check(typed, Err(reason));
        }
    }

    #[test]
    fn gulf_visitors_are_served_where_their_country_is_enabled() {
        check("+971501234567", Ok("971501234567"));
        check("0096551234567", Ok("96551234567"));
        let refused = PhoneNumber::parse("+971501234567", &[Country::SaudiArabia]);
        assert_eq!(refused, Err(PhoneError::CountryNotEnabled));
    }

    #[test]
    fn a_shown_number_hides_its_middle() {
        let number: PhoneNumber = "+966551234567".parse().unwrap();
        assert_eq!(number.masked().to_string(), "+9665•••••567");
        assert_eq!(format!("{number:?}"), "+9665•••••567");
    }

    proptest! {
        #[test]
        fn no_typo_ever_reaches_a_number_with_other_digits(typed in ".{0,24}") {
            if let Ok(number) = PhoneNumber::parse(&typed, &Country::GULF) {
                let digits: String = typed.chars().filter_map(western_digit).collect();
                let national = number.digits().trim_start_matches("966");
                prop_assert!(digits.ends_with(national) || digits.ends_with(number.digits()));
            }
        }

        #[test]
        fn a_number_read_again_stays_the_same(tail in "[0-9]{8}") {
            let number = PhoneNumber::parse(&format!("05{tail}"), &Country::GULF).unwrap();
            let again = PhoneNumber::parse(&format!("+{}", number.digits()), &Country::GULF).unwrap();
            prop_assert_eq!(again, number);
        }
    }
}
