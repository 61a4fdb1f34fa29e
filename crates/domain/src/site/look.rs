//! How a site looks: its mark and its colours. No file is fetched and no markup is taken, so
//! nothing of it can do more than be drawn.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// As many characters as every page has room for.
const LONGEST_LOGO: usize = 400;
/// What WCAG 2.2 (§1.4.3, AA) asks of text.
const LEAST_CONTRAST: f64 = 4.5;

/// What is drawn on every page of a site; what is not given is the portal's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The mark at the top.
    #[serde(default)]
    pub logo: Option<Logo>,
    /// The colours of the top and of buttons.
    #[serde(default)]
    pub colours: Option<Colours>,
}

/// A drawing in one colour: the data of one SVG path (SVG 2 §9.3) in a square of 40 by 40.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Logo(String);

/// Why a text is no [`Logo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a logo is the path data of an SVG in a square of 40 by 40: it begins with M, has nothing but \
     commands, numbers, commas and spaces, and at most 400 characters"
)]
pub struct LogoError;

impl Logo {
    /// The path data.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Logo {
    type Err = LogoError;

    fn from_str(text: &str) -> Result<Self, LogoError> {
        let text = text.trim();
        let drawable = |b: u8| b.is_ascii_digit() || b"MmLlHhVvCcSsQqTtAaZz .,-".contains(&b);
        let usable = text.starts_with(['M', 'm'])
            && text.len() <= LONGEST_LOGO
            && text.bytes().all(drawable);
        usable.then(|| Self(text.to_owned())).ok_or(LogoError)
    }
}

impl TryFrom<String> for Logo {
    type Error = LogoError;

    fn try_from(text: String) -> Result<Self, LogoError> {
        text.parse()
    }
}

impl From<Logo> for String {
    fn from(logo: Logo) -> Self {
        logo.0
    }
}

impl fmt::Display for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A colour as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// Two colours of which one can be read on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ColourPair")]
pub struct Colours {
    accent: Colour,
    on_accent: Colour,
}

/// Why a text names no [`Colour`] or [`Colours`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ColourError {
    /// Not a colour.
    #[error("a colour is written like #0a6b4e, not `{0}`")]
    Colour(String),
    /// Not two of them.
    #[error("two colours are written like #0a6b4e,#ffffff")]
    Pair,
    /// They are too near to each other.
    #[error(
        "{on_accent} on {accent} has a contrast of {contrast:.1}; people can read from 4.5 on \
         (WCAG 2.2 AA)"
    )]
    Contrast {
        /// The background.
        accent: Colour,
        /// What stands on it.
        on_accent: Colour,
        /// Between 1 and 21, rounded down to tenths.
        contrast: f64,
    },
}

/// What is written, before it was looked at.
#[derive(Deserialize)]
struct ColourPair {
    accent: Colour,
    on_accent: Colour,
}

impl Colour {
    /// How light it is to the eye, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl Colours {
    /// Two colours, if text in the second can be read on the first.
    ///
    /// # Errors
    /// [`ColourError::Contrast`] if it cannot.
    pub fn new(accent: Colour, on_accent: Colour) -> Result<Self, ColourError> {
        let (one, other) = (accent.luminance(), on_accent.luminance());
        let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
        if contrast < LEAST_CONTRAST {
            let contrast = (contrast * 10.0).floor() / 10.0;
            return Err(ColourError::Contrast { accent, on_accent, contrast });
        }
        Ok(Self { accent, on_accent })
    }

    /// The background of the top and of buttons.
    #[must_use]
    pub const fn accent(&self) -> Colour {
        self.accent
    }

    /// What stands on it.
    #[must_use]
    pub const fn on_accent(&self) -> Colour {
        self.on_accent
    }
}

impl TryFrom<ColourPair> for Colours {
    type Error = ColourError;

    fn try_from(pair: ColourPair) -> Result<Self, ColourError> {
        Self::new(pair.accent, pair.on_accent)
    }
}

impl FromStr for Colours {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let (accent, on_accent) = text.split_once(',').ok_or(ColourError::Pair)?;
        Self::new(accent.trim().parse()?, on_accent.trim().parse()?)
    }
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.accent, self.on_accent)
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let refuse = || ColourError::Colour(text.chars().take(20).collect());
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or_else(refuse)?;
        let mut octets = [0; 3];
        data_encoding::HEXLOWER_PERMISSIVE
            .decode_mut(digits.as_bytes(), &mut octets)
            .map_err(|_| refuse())?;
        Ok(Self(octets))
    }
}

impl TryFrom<String> for Colour {
    type Error = ColourError;

    fn try_from(text: String) -> Result<Self, ColourError> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_without_contrast_are_refused() {
        for (text, contrast) in [
            ("#0a6b4e,#ffffff", None),
            ("#FFFFFF, #000000", None),
            ("#767676,#ffffff", None),
            ("#777777,#ffffff", Some("4.4")),
            ("#ffcc00,#ffffff", Some("1.5")),
            ("#123456,#123456", Some("1.0")),
        ] {
            let read = text.parse::<Colours>().map_err(|error| error.to_string());
            match contrast {
                None => assert!(read.is_ok(), "{text} {read:?}"),
                Some(told) => assert!(read.unwrap_err().contains(told), "{text}"),
            }
        }
        for text in
            ["", "#0a6b4e", "#0a6b4e #ffffff", "green,white", "#0a6,#fff", "#0a6b4e,#fffff٠"]
        {
            assert!(text.parse::<Colours>().is_err(), "{text}");
        }
        let pair: Colours = "#0A6B4E,#ffffff".parse().unwrap();
        assert_eq!(pair.to_string(), "#0a6b4e,#ffffff");
    }

    #[test]
    fn a_logo_is_only_a_path() {
        for text in ["M0 0h40v40H0z", "m1,1 l-.5 2.5a3 3 0 0 1 6-6Z", " M0 0h1 \n"] {
            assert_eq!(text.parse::<Logo>().unwrap().as_str(), text.trim());
        }
        let long = format!("M{}", "0 ".repeat(200)) + "1";
        for text in [
            "",
            "L0 0",
            "M0 0\"/><script>",
            "M0 0 url(#x)",
            "M0 0;",
            "M1e3 0",
            "M0 0\nL1 1",
            "M٠ 0",
            &long,
        ] {
            assert_eq!(text.parse::<Logo>(), Err(LogoError), "{text}");
        }
    }
}
