//! The sectors that paths of this office share with others, between who tries the paths and who asks the
//! centre whose turn it is. What may be done when is decided in [`link::sector`].

use std::net::IpAddr;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use link::PathNumber;
use link::report::Name;
use link::sector::{Answer, Beside, Question, Seat, Siblings, Wish};
use nix::sys::eventfd::EventFd;
use tokio::sync::Notify;

use super::settings::LinksSettings;
use super::status::Status;
use super::watch::Command;

/// The paths of this office that are on a sector.
#[derive(Debug, Clone)]
pub(super) struct Sectors(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Mutex<Vec<Place>>,
    /// Somebody waits for a turn.
    wished: Notify,
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
}

/// A path on a sector.
#[derive(Debug)]
struct Place {
    number: PathNumber,
    path: Name,
    sector: Name,
    ends: [IpAddr; 2],
    seat: Seat,
    /// What was told of the others to who watches.
    told: Siblings,
}

/// That a path may be tried now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// Until when packets may be sent that fill it; for ever, if it is on no sector.
    pub(super) until: Option<Instant>,
    /// Beside whom it is tried.
    pub(super) beside: Beside,
}

impl Turn {
    /// Whether packets may fill it for so long from now on.
    pub(super) fn lasts(&self, time: Duration, now: Instant) -> bool {
        self.until.is_none_or(|until| now + time <= until)
    }
}

/// What is to be asked, and of which place.
pub(super) struct Asking {
    place: usize,
    pub(super) question: Question,
    at: Instant,
}

impl Sectors {
    /// Those of the section, for an agent that tells a centre or none; news go to who watches.
    pub(super) fn new(
        settings: &LinksSettings,
        (commands, wake): (&SyncSender<Command>, &Arc<EventFd>),
    ) -> Self {
        let now = Instant::now();
        let site = settings.site.parse::<Name>();
        let place = |(number, of): (PathNumber, &super::PathSettings)| {
            let (site, path) = (site.as_ref().ok()?, of.name.parse::<Name>().ok()?);
            let sector = of.sector.as_ref()?.parse().ok()?;
            let seat = match settings.centre {
                Some(_) => Seat::told((site, &path), now),
                None => Seat::alone((site, &path), now),
            };
            let (ends, told) = ([of.local, of.peer], Siblings::default());
            Some(Place { number, path, sector, ends, seat, told })
        };
        let paths = (0..).map(PathNumber::new).zip(&settings.paths);
        Self(Arc::new(Inner {
            places: Mutex::new(paths.filter_map(place).collect()),
            wished: Notify::new(),
            commands: commands.clone(),
            wake: Arc::clone(wake),
        }))
    }

    /// Begins to try a path, if it may be tried now; otherwise it waits for its turn.
    pub(super) fn begin(&self, number: PathNumber, now: Instant) -> Option<Turn> {
        let unix = unix();
        let mut places = self.places();
        let Some(place) = places.iter_mut().find(|place| place.number == number) else {
            return Some(Turn { until: None, beside: Beside::Nobody });
        };
        let beside = place.seat.beside(now);
        let until = place.seat.begin(now, unix);
        if until.is_none() {
            self.0.wished.notify_one();
        }
        until.map(|until| Turn { until: Some(until), beside })
    }

    /// A path is not tried any more; beside whom it was in the end.
    pub(super) fn end(&self, number: PathNumber, now: Instant) -> Beside {
        let mut places = self.places();
        let place = places.iter_mut().find(|place| place.number == number);
        place.map_or(Beside::Nobody, |place| {
            place.seat.end();
            self.0.wished.notify_one();
            place.seat.beside(now)
        })
    }

    /// Waits until somebody waits for a turn, or is done with one.
    pub(super) async fn wished(&self) {
        self.0.wished.notified().await;
    }

    /// Whether somebody does.
    pub(super) fn is_waiting(&self) -> bool {
        self.places().iter().any(|place| place.seat.is_waiting())
    }

    /// What the centre is to be asked now.
    pub(super) fn questions(&self, now: Instant) -> Vec<Asking> {
        let ask = |(place, of): (usize, &mut Place)| {
            let wish = of.seat.question(now)?;
            let question = Question { path: of.path.clone(), sector: of.sector.clone(), wish };
            Some(Asking { place, question, at: now })
        };
        self.places().iter_mut().enumerate().filter_map(ask).collect()
    }

    /// Takes the answer to a question; none if the centre knows nothing of sectors.
    pub(super) fn hear(&self, asking: &Asking, answer: Option<&Answer>) {
        let mut places = self.places();
        let Some(place) = places.get_mut(asking.place) else { return };
        let wish: Wish = asking.question.wish;
        match answer {
            Some(answer) => place.seat.hear((wish, asking.at), answer),
            None => place.seat.hear_nothing(Instant::now()),
        }
        let siblings = place.seat.siblings(Instant::now());
        let command = Command::Siblings(place.number, siblings);
        // It is told again and again, for what is known of them grows old.
        let is_news = siblings != Siblings::default() || place.told != siblings;
        if is_news && self.0.commands.try_send(command).is_ok() {
            place.told = siblings;
            // It cannot fail: nobody writes as much as a counter holds.
            let _ = self.0.wake.write(1);
        }
    }

    /// Adds to what the centre is told how paths share sectors.
    pub(super) fn add_to(&self, status: &mut Status) {
        for place in self.places().iter() {
            if let Some(of) = status.paths.get_mut(usize::from(place.number.index())) {
                of.sector = Some(place.sector.to_string());
                of.ends = Some(place.ends);
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time by the clock that all routers share.
fn unix() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
