//! The office that may come to the path that a site's visitors use, and how it is with it now.
//!
//! What agents tell of an office may be noted late, twice, or by two controllers at once. Each state has a
//! generation, and of two the later one counts, so that a state that is over never comes back. One that is
//! not told again ends by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const LONGEST: usize = 32;

/// An office by the name of its agent, and the one of its paths that visitors use, such as `hofuf/radio`;
/// without a path, whichever the office comes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OfficePath {
    office: String,
    path: Option<String>,
}

/// Why a text is no [`OfficePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write an office and its path like hofuf/radio, each in 1 to 32 letters, digits and hyphens"
)]
pub struct OfficePathError;

impl OfficePath {
    /// The office, as its agent calls it.
    #[must_use]
    pub fn office(&self) -> &str {
        &self.office
    }

    /// Whether it is about that path of the office.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.path.as_deref().is_none_or(|own| own == path)
    }
}

impl FromStr for OfficePath {
    type Err = OfficePathError;

    fn from_str(text: &str) -> Result<Self, OfficePathError> {
        let is_name = |name: &str| {
            let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
            (1..=LONGEST).contains(&name.len()) && name.bytes().all(is_plain)
        };
        let (office, path) = match text.split_once('/') {
            Some((office, path)) => (office, Some(path)),
            None => (text, None),
        };
        if !is_name(office) || !path.is_none_or(is_name) {
            return Err(OfficePathError);
        }
        Ok(Self { office: office.to_owned(), path: path.map(str::to_owned) })
    }
}

impl TryFrom<String> for OfficePath {
    type Error = OfficePathError;

    fn try_from(text: String) -> Result<Self, OfficePathError> {
        text.parse()
    }
}

impl From<OfficePath> for String {
    fn from(path: OfficePath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for OfficePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}/{path}", self.office),
            None => f.write_str(&self.office),
        }
    }
}

/// Whether visitors who are not online yet may come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignIns {
    /// They may.
    #[default]
    Open,
    /// There is no room for them.
    Stopped,
}

/// How it is with the office of a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfficeState {
    /// Which state it is; a later one has a larger number.
    pub generation: u64,
    /// What it needs of the visitors' path, if it is there.
    pub need: Option<OfficeNeed>,
}

/// An office that has come to the path of visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfficeNeed {
    /// Since when.
    pub since: Timestamp,
    /// Until when that holds, should nobody say so again.
    pub until: Timestamp,
    /// Whether there is room for more visitors.
    pub sign_ins: SignIns,
}

impl OfficeState {
    /// What it needs at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<OfficeNeed> {
        self.need.filter(|need| now < need.until)
    }

    /// The later of both: of one generation, what is said to hold for longer.
    #[must_use]
    pub fn or_later(self, told: Self) -> Self {
        let until = |state: &Self| state.need.map(|need| need.until);
        let is_later = (told.generation, until(&told)) > (self.generation, until(&self));
        if is_later { told } else { self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_office_is_named_with_its_path_or_without() {
        let both: OfficePath = "hofuf/radio".parse().unwrap();
        assert_eq!(
            (both.office(), both.covers("radio"), both.covers("fibre")),
            ("hofuf", true, false)
        );
        let any: OfficePath = "hofuf".parse().unwrap();
        assert!(any.covers("radio") && any.covers("fibre"));
        for path in [both, any] {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        for text in ["", "/", "hofuf/", "/radio", "hofuf/radio/2", "ho fuf", &"x".repeat(33)] {
            assert_eq!(text.parse::<OfficePath>(), Err(OfficePathError), "{text}");
        }
    }

    fn state(generation: u64, until: Option<i64>) -> OfficeState {
        let need = until.map(|until| OfficeNeed {
            since: Timestamp::from_secs(0),
            until: Timestamp::from_secs(until),
            sign_ins: SignIns::Open,
        });
        OfficeState { generation, need }
    }

    #[test]
    fn a_state_that_nobody_repeats_ends_by_itself() {
        let here = state(1, Some(900));
        assert!(here.at(Timestamp::from_secs(899)).is_some());
        assert_eq!(here.at(Timestamp::from_secs(900)), None);
        assert_eq!(
            here.or_later(state(1, Some(1_200))),
            state(1, Some(1_200)),
            "it was told again"
        );
        assert_eq!(here.or_later(state(1, Some(600))), here, "that was before");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_which_order_and_how_often_the_latest_state_stays(
            told in prop::collection::vec((0..6_u64, prop::option::of(0..5_i64)), 1..20),
        ) {
            let states: Vec<_> = told.into_iter().map(|(of, until)| state(of, until)).collect();
            let keep = |kept: OfficeState, told: &OfficeState| kept.or_later(*told);
            let kept = states.iter().fold(OfficeState::default(), keep);
            prop_assert_eq!(kept, states.iter().rev().fold(kept, keep), "again, and in another order");
            let latest = states.iter().map(|state| state.generation).max().unwrap_or_default();
            prop_assert_eq!(kept.generation, latest);
            let of_latest = states.iter().filter(|state| state.generation == latest);
            let until = of_latest.filter_map(|state| state.need).map(|need| need.until).max();
            prop_assert_eq!(kept.need.map(|need| need.until), until);
        }
    }
}
