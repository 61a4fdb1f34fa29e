//! What agents tell of the links between offices: taken once and in order, however often it is told, and
//! kept in spans that become longer with age.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;
use link::report::{Cell, Epoch, Kind, Name};

use crate::StoreError;

/// Lines of the log of an agent that follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkBatch {
    /// Whose they are.
    pub site: Name,
    /// Which log of theirs.
    pub epoch: Epoch,
    /// The number of the first.
    pub first: u64,
    /// Whether what comes before the first and was not told is not there any more.
    pub is_rest_gone: bool,
    /// When they came.
    pub at: Timestamp,
}

/// What became of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTaken {
    /// All up to this number are kept.
    UpTo(u64),
    /// They are not, since others come before them: the last number that is kept is this.
    Gap(u64),
    /// They are not, since the site would have more paths than it may: the first that is too many.
    TooManyPaths(String),
}

/// An event as an agent wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEvent {
    /// When it happened, by the clock of the router.
    pub at: Timestamp,
    /// Its line, whatever version of an agent wrote it.
    pub line: String,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEventTold {
    /// Where it stands among all events of its site, over all logs; goes up.
    pub position: u64,
    /// When it came.
    pub taken_at: Timestamp,
    /// What happened.
    pub event: LinkEvent,
}

/// A site whose agent was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSite {
    /// What it is called.
    pub name: Name,
    /// When it was heard for the first time.
    pub first_seen_at: Timestamp,
    /// When it was last heard.
    pub seen_at: Timestamp,
    /// How its links are, as it last told in JSON, and when.
    pub state: Option<(String, Timestamp)>,
    /// The position of its last event; 0 if there is none.
    pub events: u64,
    /// How many events and cells are missing that its disk lost before they came.
    pub missing: u64,
}

/// The spans in which it is kept how paths were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkSpan {
    /// A second, as agents tell it within what they tell of ten.
    Second,
    /// As agents tell it: ten seconds.
    Fine,
    /// A minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
}

impl LinkSpan {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Second, Self::Fine, Self::Minute, Self::Quarter];

    /// How long it is, in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Fine => link::report::FINE_SPAN,
            Self::Minute => 60,
            Self::Quarter => 900,
        }
    }
}

/// Of which paths and when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHistoryQuestion {
    /// Whose paths.
    pub site: Name,
    /// Which; all of them without.
    pub path: Option<Name>,
    /// In which spans.
    pub span: LinkSpan,
    /// Spans that begin from then on.
    pub from: Timestamp,
    /// And before then.
    pub until: Timestamp,
    /// So many at most, the first ones.
    pub most: NonZeroU32,
}

/// Of which kind and when events are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEventsQuestion {
    /// Whose events.
    pub site: Name,
    /// A word that stands in their lines between quotation marks.
    pub word: Name,
    /// Those that happened from then on.
    pub from: Timestamp,
    /// And before then.
    pub until: Timestamp,
    /// So many at most, the last ones.
    pub most: NonZeroU32,
}

/// What agents tell of the links between offices.
#[async_trait]
pub trait LinkReports: Send + Sync {
    /// The last number of a log that is kept; 0 if none is. The site was heard `at`.
    async fn find_link_position(
        &self,
        site: &Name,
        kind: Kind,
        epoch: Epoch,
        at: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Takes events of a log. Those that are kept already are passed over; none is taken if others come
    /// before them that are not gone. A log of another epoch is another log, which begins anew.
    async fn take_link_events(
        &self,
        batch: &LinkBatch,
        events: &[LinkEvent],
    ) -> Result<LinkTaken, StoreError>;

    /// The same with cells; they must have been checked. None is taken if more paths than `most` of the
    /// site would be kept, unless they are kept already.
    async fn take_link_cells(
        &self,
        batch: &LinkBatch,
        cells: &[Cell],
        most: NonZeroU32,
    ) -> Result<LinkTaken, StoreError>;

    /// How the links of a site are, as its agent told in JSON.
    async fn note_link_state(
        &self,
        site: &Name,
        state: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The sites whose agents were heard, by name.
    async fn list_link_sites(&self) -> Result<Vec<LinkSite>, StoreError>;

    /// The events of a site after a position, so many at most, the first ones.
    async fn list_link_events(
        &self,
        site: &Name,
        after: u64,
        most: NonZeroU32,
    ) -> Result<Vec<LinkEventTold>, StoreError>;

    /// The last events of a site, so many at most, the first one first.
    async fn list_last_link_events(
        &self,
        site: &Name,
        most: NonZeroU32,
    ) -> Result<Vec<LinkEventTold>, StoreError>;

    /// The events of a site in whose lines a word stands, the first one first. All that is kept of the site
    /// is looked through.
    async fn list_link_events_with(
        &self,
        question: &LinkEventsQuestion,
    ) -> Result<Vec<LinkEventTold>, StoreError>;

    /// How paths were, by their names and the beginnings of spans. What came lately may not be in the
    /// longer spans yet.
    async fn list_link_history(
        &self,
        question: &LinkHistoryQuestion,
    ) -> Result<Vec<Cell>, StoreError>;

    /// Adds cells of a site to the longer spans, each once, so many at most and the oldest first; returns
    /// how many.
    async fn merge_link_cells(&self, site: &Name, most: NonZeroU32) -> Result<u64, StoreError>;

    /// Destroys what is kept in a span and began before `before`, so much at most; what is not in the longer
    /// spans yet stays. Returns how much.
    async fn prune_link_history(
        &self,
        span: LinkSpan,
        before: Timestamp,
        most: NonZeroU32,
    ) -> Result<u64, StoreError>;

    /// Destroys events that came before `before`.
    async fn prune_link_events(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Forgets sites that were not heard since `before`.
    async fn prune_link_sites(&self, before: Timestamp) -> Result<u64, StoreError>;
}
