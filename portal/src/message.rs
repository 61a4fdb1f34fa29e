//! The text messages that carry codes: how they are worded, and that each goes out as one.
//!
//! A gateway charges for each part of a message, and parts come late or not at all. So whatever a
//! form adds to the code is left out where it would make two parts of one.

use domain::{
    Code, Language, LinkToken, Purpose, ReportNumber, SiteTexts, SmsLength, SmsText, TextKey,
};
use serde::Deserialize;
use url::Url;

use crate::catalogue::{Catalogue, Words};
use crate::settings::{PortalSettings, SettingsError};

/// How the message is worded that carries the code of a visitor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageForm {
    /// The code, for how long it is good, and not to share it.
    #[default]
    Plain,
    /// With a last line for the phone, which then offers the code on the portal's own pages alone
    /// (WICG, origin-bound one-time codes).
    Bound,
    /// With a link that does what the code does.
    Link,
}

/// A form, with what it says of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Bound { host: String },
    Link { host: String, origin: Url },
}

/// A message that a gateway would send, and charge, as several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text `{key}` in language `{language}` is too long for one message: {units} of {most}")]
pub struct TooLong {
    key: &'static str,
    language: Language,
    units: usize,
    most: usize,
}

const REPORT_MESSAGE: &str = "sms-report-code";
/// As long as any code.
const SOME_CODE: &str = "000000";

impl Form {
    /// The form of a portal that is encrypted at `secure`.
    pub(crate) fn new(form: MessageForm, secure: Option<&Url>) -> Result<Self, SettingsError> {
        let secure = secure.and_then(|url| Some((url.host_str()?.to_owned(), url)));
        Ok(match (form, secure) {
            (MessageForm::Plain, _) => Self::Plain,
            // Phones compare with the host of an address that names no port.
            (MessageForm::Bound, Some((host, url))) if url.port().is_none() => Self::Bound { host },
            (MessageForm::Link, Some((host, url))) => Self::Link { host, origin: url.clone() },
            (MessageForm::Bound, _) => return Err(SettingsError::BoundForm),
            (MessageForm::Link, None) => return Err(SettingsError::LinkForm),
        })
    }

    /// Whether messages carry links.
    pub(crate) const fn has_links(&self) -> bool {
        matches!(self, Self::Link { .. })
    }

    /// The message with the code for a purpose, and with the link if there is one.
    pub(crate) fn message(
        &self,
        words: &Words<'_>,
        purpose: Purpose,
        code: &Code,
        link: Option<&LinkToken>,
    ) -> SmsText {
        let text = self.worded(words, purpose, code.expose(), link.map(LinkToken::expose)).1;
        let is_one = SmsLength::of(&text).segments == 1;
        SmsText::new(if is_one { text } else { plain(words, purpose, code.expose()).1 })
    }

    /// The words of a message, and their key in the catalogue.
    fn worded(
        &self,
        words: &Words<'_>,
        purpose: Purpose,
        code: &str,
        link: Option<&str>,
    ) -> (&'static str, String) {
        match (self, purpose, link) {
            (Self::Bound { host }, _, _) => {
                let key = match purpose {
                    Purpose::MyData => "sms-data-code-bound",
                    Purpose::SignIn | Purpose::ReportClose => "sms-code-bound",
                };
                (key, words.fill(key, &[("code", code), ("host", host)]))
            }
            (Self::Link { host, origin }, Purpose::SignIn, Some(token)) => {
                let (key, link) = ("sms-code-link", format!("{origin}t/{token}"));
                (key, words.fill(key, &[("code", code), ("link", &link), ("host", host)]))
            }
            (Self::Plain | Self::Link { .. }, _, _) => plain(words, purpose, code),
        }
    }

    /// Whether visitors' messages in these words go out as one.
    fn check(&self, words: &Words<'_>) -> Result<(), TooLong> {
        let token = "x".repeat(LinkToken::LENGTH);
        [Purpose::SignIn, Purpose::MyData].into_iter().try_for_each(|purpose| {
            let (key, text) = self.worded(words, purpose, SOME_CODE, Some(&token));
            one_message(key, words, &text)
        })
    }

    /// Whether each message of the catalogue goes out as one, in every language.
    pub(crate) fn check_all(&self, catalogue: &Catalogue) -> Result<(), TooLong> {
        let longest = "0000000000000000".parse().expect("as many digits as it may have");
        catalogue.languages().try_for_each(|words| {
            self.check(&words)?;
            one_message(REPORT_MESSAGE, &words, &report_message(&words, &longest, SOME_CODE))
        })
    }
}

/// The message with nothing but a code.
fn plain(words: &Words<'_>, purpose: Purpose, code: &str) -> (&'static str, String) {
    let key = match purpose {
        Purpose::MyData => "sms-data-code",
        Purpose::SignIn | Purpose::ReportClose => "sms-code",
    };
    (key, words.fill(key, &[("code", code)]))
}

/// The message that carries the code to close a report.
fn report_message(words: &Words<'_>, report: &ReportNumber, code: &str) -> String {
    words.fill(REPORT_MESSAGE, &[("report", report.as_str()), ("code", code)])
}

fn one_message(key: &'static str, words: &Words<'_>, text: &str) -> Result<(), TooLong> {
    let length = SmsLength::of(text);
    let (language, most) = (words.language().clone(), length.alphabet.units_of_one());
    let too_long = || TooLong { key, language, units: length.units, most };
    (length.segments == 1).then_some(()).ok_or_else(too_long)
}

/// The words of messages for others than the portal itself.
pub struct Messages {
    catalogue: Catalogue,
    form: Form,
}

impl Messages {
    /// Those of the catalogue that is compiled in, in the form that is set.
    ///
    /// # Errors
    /// A setting that is wrong.
    pub fn new(settings: &PortalSettings) -> Result<Self, SettingsError> {
        Ok(Self { catalogue: Catalogue::new(), form: settings.resolve()?.message_form })
    }

    /// The message with the code to close a report, in that language or else in Arabic.
    #[must_use]
    pub fn report_code(&self, language: &Language, report: &ReportNumber, code: &Code) -> SmsText {
        SmsText::new(report_message(&self.catalogue.words(language), report, code.expose()))
    }

    /// Whether the messages of a site that says these texts in its own words each go out as one.
    ///
    /// # Errors
    /// The first that would not.
    pub fn check_site(&self, texts: &SiteTexts) -> Result<(), TooLong> {
        let name = TextKey::NetworkName.as_str();
        let of_name = texts.iter().filter(|(key, ..)| *key == name);
        let words = of_name.map(|(_, language, _)| self.catalogue.words(language).of_site(texts));
        words.into_iter().try_for_each(|words| self.form.check(&words))
    }
}

#[cfg(test)]
mod tests;
