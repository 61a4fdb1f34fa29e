//! What visitors agree to on the first page, in the words that stand there: the terms, whose text is
//! one tap away, and awareness messages by a box of their own.
//!
//! The words are kept before anybody can have agreed to them, so that they can be shown again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::{Agreed, ConsentPurpose, Timestamp, WordingHash};

use crate::app::App;
use crate::catalogue::{Case, Words, ltr};
use crate::failure::Failure;
use crate::settings::Resolved;
use crate::visit::Visit;

/// Wordings that are remembered as kept: more than languages and sites have at a time.
const MOST_KEPT: usize = 1_000;

/// The parts of the terms that have values in them.
pub(crate) struct Terms {
    pub short: String,
    pub safe: String,
    pub version: String,
}

impl Terms {
    pub(crate) fn new(words: &Words<'_>, settings: &Resolved) -> Self {
        let months = u64::from(settings.retention_months);
        let retention = words.count("months", months, Case::Object);
        let version = ltr(&settings.terms_version);
        Self {
            short: words.fill("terms-short", &[("retention", &retention)]),
            safe: words.fill("terms-safe", &[("https", &ltr("https"))]),
            version: words.fill("terms-version", &[("version", &version)]),
        }
    }

    /// What is agreed to by ticking the box: its own words, then the page of the terms.
    fn agreed_to(self, words: &Words<'_>) -> String {
        let text = |key: &str| words.text(key);
        let and = |one: &str, other: &str| format!("{} {}", words.text(one), words.text(other));
        [
            text("phone-terms"),
            String::new(),
            text("terms-title"),
            self.short,
            text("terms-use-title"),
            and("terms-use", "terms-minor"),
            text("terms-fair-title"),
            text("terms-fair"),
            text("terms-safe-title"),
            self.safe,
            text("terms-data-title"),
            and("terms-data", "terms-rights"),
            self.version,
        ]
        .join("\n")
    }
}

/// Wordings that this process knows to be kept.
#[derive(Debug, Default)]
pub(crate) struct Wordings(Mutex<BTreeSet<WordingHash>>);

impl Wordings {
    fn is_kept(&self, hash: WordingHash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash)
    }

    fn remember(&self, hash: WordingHash) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What is forgotten is kept once more, which changes nothing.
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(hash);
    }
}

/// What a visitor agrees to who ticks the boxes of these purposes.
pub(crate) async fn agreed(
    app: &App,
    visit: &Visit,
    purposes: &[ConsentPurpose],
) -> Result<Vec<Agreed>, Failure> {
    let words = visit.words(app);
    let mut agreed = Vec::with_capacity(purposes.len());
    for purpose in purposes {
        let text = match purpose {
            ConsentPurpose::Service => Terms::new(&words, &app.settings).agreed_to(&words),
            ConsentPurpose::Awareness => words.text("phone-aware"),
        };
        agreed.push(Agreed {
            purpose: *purpose,
            version: app.settings.terms_version.clone(),
            wording: keep(app, &text, visit.now).await?,
            language: words.language().clone(),
        });
    }
    Ok(agreed)
}

async fn keep(app: &App, words: &str, now: Timestamp) -> Result<WordingHash, Failure> {
    let hash = WordingHash::of(words);
    if !app.wordings.is_kept(hash) {
        app.store.keep_wording(words, now).await?;
        app.wordings.remember(hash);
    }
    Ok(hash)
}
