//! What is written down of the links and told to the centre: writers on threads of their own, to which
//! the thread that watches hands over without waiting.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::sync::Notify;

use super::cells::{self, Cells, Sample};
use super::centre::{Centre, CentreSettings, Logs};
use super::desk::Recent;
use super::event::{Event, Words};
use super::numbered::{Extent, NumberedLog};
use super::sectors::Sectors;
use super::status::Status;
use super::work::Work;
use super::{LinksError, LinksSettings, spawn};

/// Events that the disk may be behind.
const EVENTS: usize = 4_096;
/// Seconds that it may be behind.
const SAMPLES: usize = 600;
/// Some 60,000 events; the same again is kept of what was before.
const OF_EVENTS: Extent = Extent { largest: 16 * 1_024 * 1_024, former: 1 };
/// Files in which cells are kept before the newest.
const FORMER_CELLS: u8 = 4;

/// The ways to the writers, and the writers.
pub(super) struct Reports {
    pub(super) events: SyncSender<Event>,
    pub(super) samples: Option<SyncSender<Sample>>,
    /// The latest events.
    pub(super) recent: Arc<Recent>,
    pub(super) centre: Option<Centre>,
    pub(super) writers: Vec<JoinHandle<()>>,
}

impl Reports {
    /// Opens the logs and starts the writers.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub(super) fn open(
        settings: &LinksSettings,
        words: &Words,
        told: (&Arc<Mutex<Status>>, &Sectors, &Work),
    ) -> Result<Self, LinksError> {
        let log = open(&settings.event_log, OF_EVENTS)?;
        let written = Arc::new(Notify::new());
        let recent = Arc::new(Recent::default());
        let (events, to_write) = sync_channel(EVENTS);
        let (remembered, tells) = (Arc::clone(&recent), Arc::clone(&written));
        let mut reports = Self { events, samples: None, recent, centre: None, writers: Vec::new() };
        if let Some(centre) = &settings.centre {
            reports.open_centre((settings, centre), words, told, &written)?;
        }
        let writer = move || write(log, &to_write, &remembered, &tells);
        reports.writers.push(spawn("link-events", writer)?);
        Ok(reports)
    }

    fn open_centre(
        &mut self,
        (settings, centre): (&LinksSettings, &CentreSettings),
        words: &Words,
        (status, sectors, work): (&Arc<Mutex<Status>>, &Sectors, &Work),
        written: &Arc<Notify>,
    ) -> Result<(), LinksError> {
        let files = u64::from(FORMER_CELLS) + 1;
        let largest = centre.keep_mb * 1_000_000 / files;
        let log = open(&centre.cells, Extent { largest, former: FORMER_CELLS })?;
        let logs = Logs {
            events: (&settings.event_log, OF_EVENTS.former),
            cells: (&centre.cells, FORMER_CELLS),
        };
        let of = (Arc::clone(status), sectors.clone(), work.clone());
        let tells = Arc::clone(written);
        let telling = Centre::open(&settings.site, centre, &logs, of, tells);
        self.centre = Some(telling.map_err(LinksError::Centre)?);
        let (samples, to_count) = sync_channel(SAMPLES);
        let (cells, tells) = (Cells::new(words.clone()), Arc::clone(written));
        let writer = move || cells::write(log, cells, &to_count, &tells);
        self.writers.push(spawn("link-cells", writer)?);
        self.samples = Some(samples);
        Ok(())
    }
}

fn open(path: &Path, extent: Extent) -> Result<NumberedLog, LinksError> {
    NumberedLog::open(path, extent)
        .map_err(|source| LinksError::File { path: path.to_owned(), source })
}

/// Writes events down as they come, many at a time if the disk is slow, until nobody sends any more.
/// On a disk that is full they are kept and tried again with the next one.
fn write(mut log: NumberedLog, events: &Receiver<Event>, recent: &Recent, written: &Notify) {
    let mut waiting = Vec::new();
    while let Ok(event) = events.recv() {
        waiting.push(event);
        waiting.extend(events.try_iter().take(EVENTS));
        match log.append(&mut waiting) {
            Ok(()) => {
                recent.add(&waiting);
                waiting.clear();
                written.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, waiting = waiting.len(), "links.events cannot be written");
                let excess = waiting.len().saturating_sub(EVENTS);
                waiting.drain(..excess);
            }
        }
    }
}
