//! The sheet that vouchers are printed on: one HTML file that needs nothing else, with a card for
//! each, on A4. A card speaks the first two languages of its site, and shows the code as letters
//! and as a QR code that leads to the voucher's page with the code in its field.

use std::time::Duration;

use askama::Template;
use domain::{Site, Timestamp, VoucherCode};
use qrcode::EcLevel;
use qrcode::types::QrError;

use crate::catalogue::{Case, Catalogue, Html, Words, ltr};
use crate::picture::Picture;
use crate::wording;

/// Languages on one card.
const MOST_LANGUAGES: usize = 2;

/// Vouchers to be printed.
#[derive(Debug)]
pub struct VoucherSheet<'a> {
    /// Whose names, languages and clock stand on the cards.
    pub site: &'a Site,
    /// The name of the batch.
    pub batch: &'a str,
    /// Devices that one voucher admits.
    pub devices: u32,
    /// When all are over.
    pub until: Timestamp,
    /// For how long one is good from its first use.
    pub lasts: Option<Duration>,
    /// The address of the page that takes a code; the code follows it.
    pub page: &'a str,
    /// The codes, by number from 1.
    pub codes: &'a [VoucherCode],
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The address of the page is too long for a picture.
    #[error("the address of the portal does not go into a QR code")]
    Picture(#[from] QrError),
    /// The sheet could not be written.
    #[error("the sheet could not be written")]
    Template(#[from] askama::Error),
}

/// What stands on every card in one language.
struct Note<'a> {
    words: Words<'a>,
    site: Html,
    heading: Html,
    steps: Html,
    terms: Vec<Html>,
}

struct Card {
    /// The voucher's name, such as `fair/17`.
    name: String,
    code: String,
    picture: Picture,
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetScreen<'a> {
    batch: &'a str,
    notes: Vec<Note<'a>>,
    cards: Vec<Card>,
}

impl VoucherSheet<'_> {
    /// The sheet as an HTML document.
    ///
    /// # Errors
    /// [`SheetError`] if the page's address is too long.
    pub fn render(&self) -> Result<String, SheetError> {
        let catalogue = Catalogue::new();
        let languages: Vec<_> = match self.site.languages.as_slice() {
            [] => catalogue.languages().map(|words| words.language().clone()).collect(),
            chosen => chosen.to_vec(),
        };
        let notes = languages.iter().take(MOST_LANGUAGES);
        let notes = notes.map(|language| self.note(catalogue.words(language))).collect();
        let cards = (1..).zip(self.codes).map(|(serial, code)| self.card(serial, code));
        let cards = cards.collect::<Result<_, _>>()?;
        Ok(SheetScreen { batch: self.batch, notes, cards }.render()?)
    }

    fn note<'a>(&'a self, words: Words<'a>) -> Note<'a> {
        let words = words.of_site(&self.site.texts);
        // The last minute in which it is good: the end of a day is the beginning of the next.
        let last = self.site.zone.local(self.until - Duration::from_secs(1));
        let last: String = last.chars().take("2026-12-31 23:59".len()).collect();
        let lasts =
            self.lasts.map(|lasts| words.fill("sheet-lasts", &[("t", &span(&words, lasts))]));
        let devices = ltr(self.devices);
        let terms = [
            Some(words.fill("sheet-until", &[("time", &ltr(last))])),
            lasts,
            Some(words.fill("sheet-devices", &[("devices", &devices)])),
        ];
        Note {
            site: Html::new(self.site.title.in_language(words.language())),
            heading: Html::new(&words.text("sheet-heading")),
            steps: Html::new(&words.text("sheet-steps")),
            terms: terms.iter().flatten().map(|text| Html::new(text)).collect(),
            words,
        }
    }

    fn card(&self, serial: u32, code: &VoucherCode) -> Result<Card, QrError> {
        let address = format!("{}{}", self.page, code.expose());
        Ok(Card {
            name: format!("{}/{serial}", self.batch),
            code: code.printed(),
            picture: Picture::of(&address, EcLevel::M)?,
        })
    }
}

/// Whole days as such, anything else as hours and minutes.
fn span(words: &Words<'_>, span: Duration) -> String {
    const DAY: u64 = 86_400;
    match span.as_secs() {
        secs if secs >= DAY && secs.is_multiple_of(DAY) => {
            words.count("days", secs / DAY, Case::Subject)
        }
        _ => wording::time_left(words, span),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Language, Localised};

    use super::*;
    use crate::picture::scan;

    const CODES: [&str; 3] = ["K7M2Q-XF4TN", "23456-ABCDE", "99999-YYYYY"];
    const PAGE: &str = "https://portal.alahsa.example/voucher?code=";

    fn site(languages: &[&str]) -> Site {
        Site {
            title: Localised::default()
                .with(Language::arabic(), "حديقة <الملك>")
                .with(Language::english(), "King's <Park> & \"Walk\""),
            languages: languages.iter().map(|tag| tag.parse().unwrap()).collect(),
            ..Site::new("park".parse().unwrap(), "visitor".parse().unwrap())
        }
    }

    fn sheet(site: &Site, lasts: Option<Duration>) -> String {
        let codes: Vec<VoucherCode> = CODES.map(|code| code.parse().unwrap()).to_vec();
        let until = "2026-12-31T21:00:00Z".parse().unwrap();
        let sheet = VoucherSheet {
            site,
            batch: "fair",
            devices: 2,
            until,
            lasts,
            page: PAGE,
            codes: &codes,
        };
        sheet.render().unwrap()
    }

    #[test]
    fn a_sheet_prints_what_scans() {
        let html = sheet(&site(&["ar", "en"]), None);
        let addresses = CODES.map(|code| format!("{PAGE}{}", code.replace('-', "")));
        assert_eq!(scan(&html), addresses);
        assert!(CODES.iter().all(|code| html.contains(code)), "the letters stand beside them");
    }

    #[test]
    fn a_card_speaks_the_languages_of_its_site_and_escapes_everything() {
        let html = sheet(&site(&["ar", "en"]), Some(Duration::from_secs(4 * 3_600)));
        let plain = html.replace("<bdi dir=\"ltr\">", "").replace("</bdi>", "");
        for text in [
            "<html lang=\"ar\" dir=\"rtl\">",
            "lang=\"en\" dir=\"ltr\"",
            "fair/1",
            "fair/3",
            "صالحة حتى 2026-12-31 23:59",
            "Valid until 2026-12-31 23:59",
            "4 hours",
            "4 ساعات",
            "Devices: 2",
        ] {
            assert!(plain.contains(text), "{text}: {plain}");
        }
        for bare in
            ["<Park>", "<الملك>", "\"Walk\"", "<script", "http-equiv", "src=", "url(", "@import"]
        {
            assert!(!html.contains(bare), "{bare}");
        }
        let english = sheet(&site(&["en"]), Some(Duration::from_secs(3 * 86_400)));
        assert!(
            english.contains("<html lang=\"en\" dir=\"ltr\">") && english.contains("3"),
            "{english}"
        );
        assert!(!english.contains("lang=\"ar\""), "{english}");
        let all = sheet(&site(&[]), None);
        assert!(all.contains("lang=\"ar\"") && !all.contains("lang=\"ur\""), "two are enough");
        assert!(!all.contains("4 hours"));
    }

    #[test]
    fn an_address_that_no_picture_holds_is_refused() {
        let (site, page) = (site(&[]), format!("https://{}.example/", "x".repeat(3_000)));
        let codes = ["K7M2QXF4TN".parse().unwrap()];
        let until = "2026-12-31T21:00:00Z".parse().unwrap();
        let sheet = VoucherSheet {
            site: &site,
            batch: "fair",
            devices: 1,
            until,
            lasts: None,
            page: &page,
            codes: &codes,
        };
        assert!(matches!(sheet.render(), Err(SheetError::Picture(_))));
    }
}
