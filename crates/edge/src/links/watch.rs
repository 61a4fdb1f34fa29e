//! All that this end knows of the paths of its office, and what follows from it.
//!
//! Datagrams, carrier changes, commands and the time go in; packets, events and wanted routes come out.
//! Sockets, clocks and the kernel are the business of the thread that drives it.

mod bulk;
mod command;
mod fitness;
mod guarded;
mod paced;
mod patience;
mod prober;
mod reload;
mod sampled;
mod siblings;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use link::bfd::{self, Arrival, Datagram, Discriminator, Interface, Output, Sessions};
use link::capacity::BitRate;
use link::guard::Wanted;
use link::path::{Heard, Liveness, Why};
use link::sector::Siblings;
use link::site::{Decision, Reason, Routes};
use link::stamp::SessionId;
use link::stamp::sender::{Reading, Sender};
use link::{Health, Key, Mos, Path, PathNumber, PathView, Readiness, Second, Site};

pub(super) use command::Command;
pub(super) use fitness::Fitness;
use guarded::Guarded;
use paced::Paced;
use patience::Patience;
use prober::{PROBE_SIZES, prober};

use super::cells::Losses;
use super::event::What;
use super::settings::{LinksSettings, PathSettings};

const SECOND: Duration = Duration::from_secs(1);

/// What follows from what was heard.
#[derive(Debug)]
pub(super) enum Effect {
    /// A heartbeat goes out on that path.
    Heartbeat(PathNumber, Datagram),
    /// Traffic is to go elsewhere.
    Decided(Decision),
    /// Visitors are to have so much of that path. Where an office comes, this is before it.
    Shared(PathNumber, Wanted),
    /// It is to be tried now whether that path would carry the office.
    Try(PathNumber),
    /// Something is to be written down.
    Happened(What),
}

/// The paths of an office and the office itself.
pub(super) struct Watch {
    sessions: Sessions,
    paths: Vec<Watched>,
    site: Site,
    next_second: Instant,
    key: Option<Key>,
}

struct Watched {
    /// None if it lives by its targets.
    session: Option<Discriminator>,
    /// Whether enough of those answer, if it lives by them.
    is_met: Option<bool>,
    /// How often both ends are to be heard, and by what they are known.
    heartbeats: bfd::Settings,
    patience: Patience,
    /// How often it is watched, if its traffic is paid for.
    paced: Option<Paced>,
    sender: Option<Sender>,
    path: Path,
    /// What visitors have of it, if they are to make room there.
    guarded: Option<Guarded>,
    /// Whether it would carry the office, if that is tried.
    fitness: Option<Fitness>,
    /// Who else uses its sector, as it was last told, and until when that is believed.
    siblings: (Siblings, Instant),
    /// What the last second of probes showed.
    last: Second,
    /// Whether a bulk run filled it at the end of that.
    was_filled: bool,
    /// What it showed of the directions of losses.
    losses: Losses,
}

/// Why paths cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(super) enum WatchError {
    /// A heartbeat cannot be as it is set.
    #[error("heartbeats of path {path}: {reason}")]
    Heartbeat {
        /// Which path.
        path: String,
        /// Why.
        reason: String,
    },
}

impl Watch {
    /// Watches these paths, each on the interface of that number, for an office whose traffic goes like
    /// that, and whose agents share that key.
    pub(super) fn new(
        (settings, key): (&LinksSettings, Option<Key>),
        interfaces: &[Interface],
        routes: Routes,
        mut entropy: impl FnMut() -> u64,
        now: Instant,
    ) -> Result<Self, WatchError> {
        let limit = NonZeroUsize::new(settings.paths.len()).unwrap_or(NonZeroUsize::MIN);
        let mut sessions = Sessions::new(limit);
        let mut paths = Vec::new();
        for (of, interface) in settings.paths.iter().zip(interfaces) {
            let failed = |reason: String| WatchError::Heartbeat { path: of.name.clone(), reason };
            let key = key.as_ref().filter(|_| of.authenticated);
            let wished = heartbeats(of, key).map_err(|error| failed(error.to_string()))?;
            let to = of.way(*interface);
            let session = of.is_heard().then(|| sessions.add(to, wished.clone(), entropy(), now));
            let session = session.transpose().map_err(|error| failed(error.to_string()))?;
            let sender = prober(of, key, SessionId((entropy() & 0xffff) as u16), now);
            let is_tried = of.office_local.is_some();
            paths.push(Watched {
                session,
                is_met: None,
                heartbeats: wished,
                patience: Patience::of(of),
                paced: Paced::of(of, now),
                sender,
                path: Path::new(of.policy(), now),
                guarded: settings.shape(of).map(|shape| Guarded::of(&shape)),
                fitness: is_tried.then(|| Fitness::new(settings.carry_test_of(of).requirement())),
                siblings: (Siblings::NONE, now),
                last: Second::default(),
                was_filled: false,
                losses: Losses::default(),
            });
        }
        let site = Site::new(settings.site_policy(), settings.order(), routes);
        let mut watch = Self { sessions, paths, site, next_second: now + SECOND, key };
        // Where an agent starts, the mode says what visitors have, and no memory.
        let _ = watch.site.clamped().and_then(|path| watch.come(path, now));
        Ok(watch)
    }

    /// When something is due although nothing comes.
    pub(super) fn next_deadline(&mut self, now: Instant) -> Instant {
        let senders = self.paths.iter().filter_map(|path| path.sender.as_ref());
        let probes = senders.map(Sender::next_deadline).min();
        let paths = self.paths.iter().filter_map(|path| path.path.next_deadline(now)).min();
        let guards = self.paths.iter().filter_map(|path| path.guarded.as_ref()?.next_deadline());
        let guards = guards.min();
        let trials = self.paths.iter().filter_map(|path| path.fitness.as_ref()?.next_deadline());
        let trials = trials.min();
        let paces = self.paths.iter().filter_map(|path| path.paced.as_ref()?.next_deadline()).min();
        let site = self.site.next_deadline();
        let others = [self.sessions.next_deadline(), probes, paths, guards, trials, paces, site];
        others.into_iter().flatten().fold(self.next_second, Instant::min)
    }

    /// Takes a heartbeat; one that is none is dropped and counted.
    pub(super) fn take_heartbeat(
        &mut self,
        arrival: &Arrival,
        datagram: &[u8],
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let Ok(received) = self.sessions.receive(arrival, datagram, now) else { return };
        let Some(number) = self.number_of(received.session) else { return };
        let Some(standing) = self.sessions.find(received.session) else { return };
        self.hear_wish(number, &standing);
        match received.change {
            Some(change) => self.take_change(number, &change, now, effects),
            None => {
                // Of all the others nothing changes.
                let matters = self.watched(number).is_some_and(|watched| {
                    matches!(watched.path.health(), Health::Suspect | Health::Down)
                });
                if standing.state == bfd::State::Up && matters {
                    self.hear(number, &Heard::Liveness(Liveness::Heartbeat), now, effects);
                }
            }
        }
    }

    /// Whether what is sent by a path arrives, as far as both ends know.
    pub(super) fn is_mutual(&self, number: PathNumber) -> bool {
        let standing = self.session_of(number).and_then(|session| self.sessions.find(session));
        standing.is_some_and(|standing| {
            (standing.state, standing.remote_state) == (bfd::State::Up, bfd::State::Up)
        })
    }

    /// Takes the answer to a probe; what is none is as what was lost.
    pub(super) fn take_answer(&mut self, number: PathNumber, octets: &[u8], at: Reading) {
        let watched = self.paths.get_mut(usize::from(number.index()));
        let Some(sender) = watched.and_then(|watched| watched.sender.as_mut()) else { return };
        if let Err(error) = sender.receive(octets, at) {
            tracing::trace!(%error, "links.answer");
        }
    }

    /// The next probe of a path, if it is due: how long it is.
    pub(super) fn next_probe(
        &mut self,
        number: PathNumber,
        at: Reading,
        packet: &mut [u8],
    ) -> Option<usize> {
        let watched = self.paths.get_mut(usize::from(number.index()))?;
        watched.sender.as_mut()?.poll(at, packet)
    }

    /// Watches a path by another interface: its device was deleted and made again. The other end sees a
    /// session that begins anew.
    pub(super) fn rebind(
        &mut self,
        number: PathNumber,
        interface: Interface,
        (of, entropy): (&PathSettings, u64),
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        // One that lives by its targets hears from them.
        let Some(former) = self.session_of(number) else { return };
        let key = self.key.as_ref().filter(|_| of.authenticated);
        let Ok(wished) = heartbeats(of, key) else { return };
        let paced = self.watched(number).and_then(|watched| watched.paced.as_ref());
        let wished = paced.map_or(wished.clone(), |paced| paced.heartbeats(wished));
        // Nobody hears its farewell; the new one takes its place.
        let _ = self.sessions.remove(former, now);
        let to = of.way(interface);
        let session = self.sessions.add(to, wished, entropy, now);
        let watched = self.paths.get_mut(usize::from(number.index()));
        if let (Some(watched), Ok(session)) = (watched, session) {
            watched.session = Some(session);
            watched.patience = Patience::of(of);
            if watched.path.health() == Health::Maintenance {
                // The other end still hears that it is taken out.
                let why = bfd::Diagnostic::AdministrativelyDown;
                let _ = self.sessions.disable(session, why, now);
            }
        }
        self.hear(number, &Heard::Liveness(Liveness::Expired), now, effects);
    }

    /// Hears that a device lost its carrier or has it again.
    pub(super) fn take_carrier(
        &mut self,
        number: PathNumber,
        has_carrier: bool,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        self.hear(number, &Heard::Carrier(has_carrier), now, effects);
    }

    /// The other end, whose device may have its carrier, is told that the path is lost.
    fn lose_carrier(&mut self, number: PathNumber, now: Instant, effects: &mut Vec<Effect>) {
        if let Some(session) = self.session_of(number) {
            // The change is our own, and known.
            let _ = self.sessions.restart(session, bfd::Diagnostic::PathDown, now);
            self.hear(number, &Heard::Liveness(Liveness::Expired), now, effects);
        }
    }

    /// Does what is due; `entropy` spreads heartbeats.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        mut entropy: impl FnMut() -> u64,
        effects: &mut Vec<Effect>,
    ) {
        while let Some(output) = self.sessions.poll(now, entropy()) {
            self.take_output(&output, now, effects);
        }
        if now >= self.next_second {
            let next = self.next_second + SECOND;
            // Seconds that nobody looked at are not made up for.
            self.next_second = if next > now { next } else { now + SECOND };
            self.weigh(now, effects);
            self.forget_siblings(now, effects);
        }
        for index in 0..self.paths.len() {
            let Some(watched) = self.paths.get_mut(index) else { continue };
            let changes = watched.path.expire(now);
            let wanted = watched.guarded.as_mut().and_then(|guarded| guarded.expire(now));
            let number = number(index);
            effects.extend(wanted.map(|wanted| Effect::Shared(number, wanted)));
            self.note_changes(number, changes, now, effects);
            self.end_maintenance(number, now);
            self.judge(number, now, effects);
        }
        self.look(now, effects);
        self.set_pace(now);
    }

    /// How each path is.
    pub(super) fn views(&self) -> Vec<PathView> {
        let view = |watched: &Watched| PathView {
            health: watched.path.health(),
            is_alive: watched.path.is_alive(),
            readiness: watched.fitness.as_ref().map_or(Readiness::Stale, Fitness::readiness),
            mos: if watched.last.sent == 0 { Mos::BEST } else { watched.last.mos() },
            // A share of 1 at most, so it fits.
            loss: (watched.last.loss() * 1_000.0) as u16,
        };
        self.paths.iter().map(view).collect()
    }

    /// Whether a path would carry the office, if that is tried.
    pub(super) fn fitness(&self, number: PathNumber) -> Option<&Fitness> {
        self.watched(number)?.fitness.as_ref()
    }

    /// Takes what the office sent by a path in a second.
    pub(super) fn note_office(&mut self, number: PathNumber, rate: BitRate) {
        let watched = self.paths.get_mut(usize::from(number.index()));
        if let Some(guarded) = watched.and_then(|watched| watched.guarded.as_mut()) {
            guarded.note_office(rate);
        }
    }

    /// The office.
    pub(super) const fn site(&self) -> &Site {
        &self.site
    }

    fn take_output(&mut self, output: &Output, now: Instant, effects: &mut Vec<Effect>) {
        match output {
            Output::Transmit { session, datagram, .. } => {
                if let Some(number) = self.number_of(*session) {
                    effects.push(Effect::Heartbeat(number, *datagram));
                }
            }
            Output::Changed { session, change } => {
                if let Some(number) = self.number_of(*session) {
                    self.take_change(number, change, now, effects);
                }
            }
            Output::Late { session, .. } => {
                if let Some(number) = self.number_of(*session) {
                    self.hear(number, &Heard::Liveness(Liveness::Missed), now, effects);
                }
            }
            Output::Elsewhere { session, datagram } => {
                effects.extend(
                    self.ways_around(*session).map(|way| Effect::Heartbeat(way, *datagram)),
                );
            }
            Output::Removed { .. } => {}
        }
    }

    /// The other paths by which the other end hears us.
    fn ways_around(&self, session: Discriminator) -> impl Iterator<Item = PathNumber> {
        let is_up = |of: Discriminator| {
            self.sessions.find(of).is_some_and(|standing| standing.state == bfd::State::Up)
        };
        let others = (0..).map(PathNumber::new).zip(&self.paths);
        others
            .filter(move |(_, other)| other.session.is_some_and(|of| of != session && is_up(of)))
            .map(|(way, _)| way)
    }

    fn take_change(
        &mut self,
        number: PathNumber,
        change: &bfd::Change,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(liveness) = liveness(change) {
            self.hear(number, &Heard::Liveness(liveness), now, effects);
        }
    }

    /// Takes what its targets say of a path, which is told each second.
    fn take_targets(
        &mut self,
        number: PathNumber,
        is_met: bool,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let watched = self.paths.get_mut(usize::from(number.index()));
        let Some(watched) = watched.filter(|watched| watched.session.is_none()) else { return };
        let is_new = watched.is_met.replace(is_met) != Some(is_met);
        let matters = matches!(watched.path.health(), Health::Suspect | Health::Down);
        let liveness = match is_met {
            true if is_new => Liveness::Up,
            // As after a carrier that was gone.
            true if matters => Liveness::Heartbeat,
            false if is_new => Liveness::TooFew,
            true | false => return,
        };
        self.hear(number, &Heard::Liveness(liveness), now, effects);
    }

    /// Weighs the probes of the last second.
    fn weigh(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for index in 0..self.paths.len() {
            let Some(watched) = self.paths.get_mut(index) else { continue };
            let sender = watched.sender.as_mut();
            let report = sender.map(|sender| sender.report(now)).unwrap_or_default();
            let (there, back) = (report.lost_forward, report.lost_backward);
            watched.losses = Losses { there, back, late: report.late };
            let second = report.second();
            watched.last = second.clone();
            let is_alive = watched.path.is_alive();
            let missing = is_alive.then(|| watched.patience.weigh(&second, now)).flatten();
            if let (Some(session), Some(missing)) = (watched.session, missing) {
                watched.heartbeats = watched.heartbeats.clone().with_missing(missing);
                self.sessions.reconfigure(session, watched.heartbeats.clone());
            }
            let usual = watched.path.usual();
            let guarded = watched.guarded.as_mut();
            let wanted = guarded.and_then(|guarded| guarded.weigh(&second, usual, now));
            let is_filled = watched.is_filled();
            // What a bulk run itself loses says nothing of the path: heartbeats do.
            let changes = match std::mem::replace(&mut watched.was_filled, is_filled) || is_filled {
                true => Vec::new(),
                false => watched.path.hear(&Heard::Second(second), now),
            };
            effects.extend(wanted.map(|wanted| Effect::Shared(number(index), wanted)));
            self.note_changes(number(index), changes, now, effects);
        }
    }

    fn hear(&mut self, number: PathNumber, heard: &Heard, now: Instant, effects: &mut Vec<Effect>) {
        let Some(watched) = self.paths.get_mut(usize::from(number.index())) else { return };
        let changes = watched.path.hear(heard, now);
        let is_other = !changes.is_empty();
        self.note_changes(number, changes, now, effects);
        if is_other {
            self.look(now, effects);
        }
    }

    /// Whether a path would carry the office by now.
    fn judge(&mut self, number: PathNumber, now: Instant, effects: &mut Vec<Effect>) {
        let Some(watched) = self.paths.get_mut(usize::from(number.index())) else { return };
        if watched.fitness.as_mut().is_some_and(|fitness| fitness.forget_bulk(now)) {
            watched.bound();
        }
        let judgement = watched.fitness.as_mut().and_then(|fitness| fitness.judge(now));
        let happened = judgement.map(|judgement| What::Fitness { number, judgement });
        effects.extend(happened.map(Effect::Happened));
    }

    fn look(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let decisions = self.site.look(&self.views(), now);
        self.decide(decisions, now, effects);
    }

    fn decide(&mut self, decisions: Vec<Decision>, now: Instant, effects: &mut Vec<Effect>) {
        let failed = |decision: &Decision| match decision.reason {
            Reason::TrialFailed(number) => Some(number),
            _ => None,
        };
        let failed: Vec<_> = decisions.iter().filter_map(failed).collect();
        for decision in decisions {
            // Visitors make room first, and get it back last.
            let come = decision.clamped.and_then(|path| Some((path, self.come(path, now)?)));
            effects.extend(come.map(|(path, wanted)| Effect::Shared(path, wanted)));
            effects.push(Effect::Decided(decision));
            self.release_others(decision.clamped, now, effects);
        }
        // What follows from that comes after all that was decided before.
        for number in failed {
            self.hear(number, &Heard::TrialFailed, now, effects);
        }
    }

    /// Visitors of a path make room for the office.
    fn come(&mut self, path: PathNumber, now: Instant) -> Option<Wanted> {
        let guards = self.paths.iter().filter_map(|watched| watched.guarded.as_ref());
        let office = guards.map(Guarded::usual_office).max().unwrap_or_default();
        let watched = self.paths.get_mut(usize::from(path.index()))?;
        watched.guarded.as_mut()?.come(office, now)
    }

    /// Those of all other paths get back what they had.
    fn release_others(
        &mut self,
        clamped: Option<PathNumber>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        for (number, watched) in (0..).map(PathNumber::new).zip(&mut self.paths) {
            // Other offices of its sector need it yet.
            if Some(number) != clamped && watched.siblings.0.busy == 0 && !watched.is_filled() {
                let wanted = watched.guarded.as_mut().and_then(|guarded| guarded.go(now));
                effects.extend(wanted.map(|wanted| Effect::Shared(number, wanted)));
            }
        }
    }

    /// The other end is told that a path is back when its maintenance ended by itself.
    fn end_maintenance(&mut self, number: PathNumber, now: Instant) {
        let Some(watched) = self.watched(number) else { return };
        let Some(session) = watched.session else { return };
        let is_out = watched.path.health() == Health::Maintenance;
        let standing = self.sessions.find(session);
        if !is_out && standing.is_some_and(|standing| standing.state == bfd::State::AdminDown) {
            let _ = self.sessions.enable(session, now);
        }
    }

    fn note_changes(
        &mut self,
        number: PathNumber,
        changes: Vec<link::path::Change>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let is_cut = |change: &link::path::Change| {
            change.to == Health::Down && change.why == Why::CarrierLost
        };
        let is_cut = changes.iter().any(is_cut);
        for change in changes {
            if change.to == Health::Suspect && number == self.site.mode().carrier() {
                // Before the office has to go there, it is known how the others are.
                let others = (0..).map(PathNumber::new).zip(&self.paths);
                let tried = others.filter(|(other, of)| *other != number && of.fitness.is_some());
                effects.extend(tried.map(|(other, _)| Effect::Try(other)));
            }
            effects.push(Effect::Happened(What::Path { number, change }));
        }
        if is_cut {
            self.lose_carrier(number, now, effects);
        }
    }

    fn number_of(&self, session: Discriminator) -> Option<PathNumber> {
        self.paths.iter().position(|path| path.session == Some(session)).map(number)
    }

    fn session_of(&self, number: PathNumber) -> Option<Discriminator> {
        self.watched(number)?.session
    }

    fn watched(&self, number: PathNumber) -> Option<&Watched> {
        self.paths.get(usize::from(number.index()))
    }
}

fn number(index: usize) -> PathNumber {
    PathNumber::new(u8::try_from(index).unwrap_or(u8::MAX))
}

/// What a change of a session says of the path, if it says something.
fn liveness(change: &bfd::Change) -> Option<Liveness> {
    if change.to == bfd::State::Up {
        return Some(Liveness::Up);
    }
    if change.from != bfd::State::Up {
        return None;
    }
    if change.remote_state == bfd::State::AdminDown {
        return Some(Liveness::PeerMaintenance);
    }
    Some(match change.diagnostic {
        bfd::Diagnostic::ControlDetectionTimeExpired => Liveness::Expired,
        bfd::Diagnostic::PathDown => Liveness::PeerTold,
        _ => Liveness::PeerDown,
    })
}

/// How often both ends are to be heard.
fn heartbeats(of: &PathSettings, key: Option<&Key>) -> Result<bfd::Settings, bfd::SettingsError> {
    let settings = bfd::Settings::new(of.heartbeat(), of.heartbeat(), of.detect_mult())?;
    Ok(match key {
        Some(key) => settings.with_authentication(bfd::Authentication::shared(key)),
        None => settings,
    })
}

#[cfg(test)]
mod tests;
