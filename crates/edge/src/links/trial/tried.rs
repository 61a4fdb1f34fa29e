//! One path that is tried: the present run, the search for its largest packet, its trains, and what it
//! answers to the other end that tries it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use link::capacity::{self, BitRate, Confidence, Estimate};
use link::carry::{
    Action, Confirmation, Direction, Event, Known, Outcome, Place, Plan, Progress, Query, Run,
    RunId, Step, Unfit, Witness,
};
use link::metered::Thrift;
use link::path_mtu::{Finding, Limits, PacketSize, PathMtu, Probe};
use link::sector::Beside;
use link::{Health, PathNumber};

use super::Keys;
use super::asked::Asked;
use super::bulk::{self, Bulk, News};
use super::host::{Call, Host, Pair};
use super::talk::{Talk, Told};
use super::trains::{self, Came, Trains};
use crate::links::sectors::{Sectors, Turn};
use crate::links::settings::{CarryTestSettings, PathSettings};
use crate::links::status::{PathStatus, Status};
use crate::random;

/// After a run that failed the next one comes sooner.
const AGAIN: Duration = Duration::from_secs(10);
/// Between two runs, whoever asks for them.
const SOONEST: Duration = Duration::from_secs(2);
/// The same where traffic is paid for.
const SOONEST_METERED: Duration = Duration::from_secs(60);
/// The same where more of it is spent than time went by, and where all is.
const SOONEST_THIN: Duration = Duration::from_secs(600);
const SOONEST_USED_UP: Duration = Duration::from_secs(1_800);
/// After a run that failed there.
const AGAIN_METERED: Duration = Duration::from_secs(300);
/// How often it is looked whether a dead path is alive again.
const WHILE_DEAD: Duration = Duration::from_secs(1);
/// How often it is looked whether it is its turn on its sector.
const FOR_A_TURN: Duration = Duration::from_millis(500);
/// How long what was measured alone does while others use the sector.
const UNDISTURBED: Duration = Duration::from_secs(86_400);
/// The largest packet that is asked for.
const LARGEST: u16 = 9_000;
/// So much may happen to a run at a time.
const AT_A_TIME: usize = 8;

/// A path that is tried.
pub(super) struct Tried {
    pub(super) number: PathNumber,
    /// The names of the office and the path.
    place: String,
    pub(super) settings: PathSettings,
    pub(super) pair: Pair,
    pub(super) talk: Option<Talk>,
    test: CarryTestSettings,
    run: Option<(Run, Call)>,
    /// What the present run asks the resolver, or the last one did.
    pub(super) asked: Option<Asked>,
    next_run: Instant,
    /// When the last one ended.
    last_run: Option<Instant>,
    /// Somebody asked for the next one.
    is_asked_for: bool,
    /// What is left out, as it was told last.
    thrift: Thrift,
    mtu: PathMtu,
    trains: Trains,
    pub(super) bulk: Bulk,
    /// What is to be told of bulk runs.
    pub(super) news: VecDeque<News>,
    /// How it was at the last look.
    standing: Standing,
    /// What was measured last.
    capacity: Option<Measured>,
    /// By which it is tried now.
    turn: Option<Turn>,
    /// Whether the present run measures what it carries.
    is_measured: bool,
    /// Whether what the present run measured may be relied on.
    is_certain: bool,
    /// Whether it has its turn for a bulk run.
    is_filled: bool,
    /// What was heard of the other agent about the present run.
    told: VecDeque<Event>,
}

/// What a path carries.
#[derive(Debug, Clone, Copy)]
struct Measured {
    up: BitRate,
    down: BitRate,
    /// Or it may be far more.
    is_certain: bool,
    at: Instant,
    beside: Beside,
}

/// How a path is by its heartbeats and probes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) is_alive: bool,
    /// So many of a thousand probes are lost.
    pub(super) loss: u16,
    /// What is left out.
    pub(super) thrift: Thrift,
    /// Whether it is up, and no heartbeat is late.
    pub(super) is_good: bool,
    /// Whether something of the office goes by it, or is about to.
    pub(super) carries_office: bool,
    /// Whether another path is up.
    pub(super) has_other: bool,
    /// Whether it is tried just now.
    pub(super) is_tried: bool,
    /// The middle round trip of the last second, in microseconds.
    pub(super) round_trip_us: Option<u64>,
}

impl Standing {
    /// That of a path of an office, on which so much is left out.
    pub(super) fn of(path: &PathStatus, office: &Status, thrift: Thrift) -> Self {
        let is_up = |of: &PathStatus| of.health == Health::Up.as_str();
        let is_settled = !matches!(office.mode.as_str(), "returning" | "isolated");
        Self {
            is_alive: path.is_alive,
            loss: path.loss_per_mille.unwrap_or_default(),
            thrift,
            is_good: is_up(path),
            carries_office: office.routes.contains(&path.name) || !is_settled,
            has_other: office.paths.iter().any(|of| of.name != path.name && is_up(of)),
            is_tried: false,
            round_trip_us: path.round_trip_us,
        }
    }
}

/// What a run is made with.
pub(super) struct Means<'a> {
    pub(super) host: &'a mut Host,
    pub(super) witness: &'a Witness,
    pub(super) keys: &'a Keys,
    pub(super) octets: &'a mut [u8],
    pub(super) sectors: &'a Sectors,
    pub(super) now: Instant,
}

impl Tried {
    pub(super) fn new(
        (number, place): (PathNumber, String),
        settings: PathSettings,
        pair: Pair,
        test: CarryTestSettings,
        now: Instant,
    ) -> Self {
        let mtu = search(&settings, now);
        let mut tried = Self {
            number,
            place,
            settings,
            pair,
            talk: None,
            test,
            run: None,
            asked: None,
            next_run: now,
            last_run: None,
            is_asked_for: false,
            thrift: Thrift::None,
            mtu,
            trains: Trains::default(),
            bulk: Bulk::new(),
            news: VecDeque::new(),
            standing: Standing::default(),
            capacity: None,
            turn: None,
            is_measured: false,
            is_certain: true,
            is_filled: false,
            told: VecDeque::new(),
        };
        tried.look();
        tried
    }

    /// It is tried otherwise from now on, as far as an agent takes that while it runs.
    pub(super) fn reload(&mut self, test: CarryTestSettings, now: Instant) {
        if test == self.test {
            return;
        }
        let when = |of: &CarryTestSettings| (of.bulk_at.clone(), of.bulk_zone.clone());
        if when(&test) != when(&self.test) {
            self.bulk.forget_due();
        }
        self.test = test;
        if let Some(times) = self.thrift.stretch() {
            self.next_run = self.next_run.min(now + self.test.every() * times);
        }
        self.look();
    }

    /// The next run begins as soon as the last one is some seconds ago.
    pub(super) fn hurry(&mut self, now: Instant) {
        let soonest = match self.thrift {
            Thrift::UsedUp => SOONEST_USED_UP,
            Thrift::Thin => SOONEST_THIN,
            Thrift::None if self.settings.metered => SOONEST_METERED,
            Thrift::None => SOONEST,
        };
        self.is_asked_for = true;
        let earliest = self.last_run.map_or(now, |last| last + soonest);
        self.next_run = self.next_run.min(earliest);
    }

    /// When something is due although nothing comes.
    pub(super) fn next_deadline(&self) -> Instant {
        let run = self.run.as_ref().map_or(self.next_run, |(run, _)| run.deadline());
        let mtu = (self.thrift != Thrift::UsedUp).then(|| self.mtu.next_deadline());
        let bulk = (self.run.is_none() || self.bulk.is_running())
            .then(|| self.bulk.next_deadline(Instant::now()))
            .flatten();
        let others = [mtu, self.trains.next_deadline(), bulk];
        others.into_iter().flatten().fold(run, Instant::min)
    }

    /// Opens the socket, again if the device was made again.
    pub(super) fn look(&mut self) {
        self.bulk.look(|now| self.test.next_bulk(&self.place, now), Instant::now());
        if self.talk.as_ref().is_some_and(|talk| !talk.is_stale(&self.settings)) {
            return;
        }
        self.talk = Talk::open(&self.settings)
            .inspect_err(|error| {
                tracing::debug!(path = self.settings.name, %error, "links.trial has no socket");
            })
            .ok();
        self.mtu = search(&self.settings, Instant::now());
    }

    /// Takes one thing that a router says of a packet of ours, if there is one: of a probe it can know
    /// how much would have passed.
    pub(super) fn hear_of_routers(&mut self, octets: &mut [u8], keys: &Keys) -> bool {
        let Some(told) = self.talk.as_ref().and_then(|talk| talk.hear_of_routers(octets)) else {
            return false;
        };
        if let Some(Told { length, said }) = told {
            let quoted = octets.get(..length).unwrap_or_default();
            if let Ok(probe) = Probe::parse_quoted(quoted, &keys.probe) {
                self.mtu.told(probe.number, said, Instant::now());
            }
        }
        true
    }

    /// Takes one datagram of the other agent, if there is one.
    pub(super) fn hear(&mut self, octets: &mut [u8], witness: &Witness, keys: &Keys) -> bool {
        let Some(talk) = &self.talk else { return false };
        let Some(heard) = talk.hear(octets) else { return false };
        let now = Instant::now();
        let octets = octets.get(..heard.length).unwrap_or_default();
        // What is none of these is nothing, as what was lost.
        if let Ok(query) = Query::parse(octets, &keys.carry) {
            talk.say(&witness.confirm(&query, now).write(&keys.carry));
        } else if let Ok(told) = Confirmation::parse(octets, &keys.carry) {
            // One of another run, or that is sent again and again, is kept nowhere.
            let is_of_run = self.run.as_ref().is_some_and(|(run, _)| run.id() == told.run);
            if is_of_run && self.told.len() < AT_A_TIME {
                self.told.push_back(Event::Confirmed(told));
            }
        } else if let Ok(probe) = Probe::parse(octets, talk.headers, &keys.probe) {
            talk.say(&probe.answer(&keys.probe));
        } else if let Ok(probe) = Probe::parse_answer(octets, &keys.probe) {
            self.mtu.answered(probe.number, now);
        } else {
            let standing = Standing { is_tried: self.run.is_some(), ..self.standing };
            let (with, at) = ((talk, &keys.train), (&standing, now));
            match self.bulk.hear(octets, heard.stamp, with, at) {
                Some(news) => self.news.extend(news),
                // A train would measure what the run leaves.
                None if self.bulk.is_filling() => {}
                None => {
                    if let Some(estimate) = self.trains.hear(octets, heard.stamp, with, now) {
                        self.take_estimate(Direction::Up, &estimate);
                    }
                }
            }
        }
        true
    }

    fn take_estimate(&mut self, direction: Direction, estimate: &Estimate) {
        self.is_certain &= estimate.confidence > Confidence::Poor;
        self.told.push_back(Event::Measured(direction, estimate.reliable()));
    }

    /// Goes on; tells the outcome of a run that is over.
    pub(super) fn advance(&mut self, standing: Standing, means: &mut Means<'_>) -> Option<Outcome> {
        let now = means.now;
        (self.thrift, self.standing) = (standing.thrift, standing);
        self.go_on_filling(standing, means);
        let mut came = Came::Nothing;
        if let Some(talk) = &self.talk {
            came = self.trains.expire((talk, &means.keys.train), self.turn, now);
            while self.thrift != Thrift::UsedUp
                && let Some(probe) = self.mtu.poll(now)
            {
                let length = probe.write(talk.headers, &means.keys.probe, means.octets);
                talk.say(means.octets.get(..length.unwrap_or_default()).unwrap_or_default());
            }
        }
        let Some((run, call)) = self.run.take() else {
            if self.bulk.is_running() {
                self.next_run = self.next_run.max(now + FOR_A_TURN);
            } else if !self.begin_filling(standing, means) {
                self.begin(standing, means);
            }
            return None;
        };
        if !standing.is_alive {
            // Of a path that died meanwhile the run says nothing.
            self.give_up(&call, WHILE_DEAD, means);
            return None;
        }
        match came {
            Came::Nothing => {}
            Came::Measured(estimate) => self.take_estimate(Direction::Down, &estimate),
            Came::OutOfTurn => {
                self.give_up(&call, FOR_A_TURN, means);
                return None;
            }
        }
        self.go_on(run, call, means)
    }

    /// Goes on with a bulk run, if there is one.
    fn go_on_filling(&mut self, standing: Standing, means: &mut Means<'_>) {
        let Some(talk) = &self.talk else { return };
        let with = (talk, &means.keys.train);
        self.news.extend(self.bulk.advance(with, (&standing, self.turn), means.now));
        if !self.bulk.is_running() && std::mem::take(&mut self.is_filled) {
            means.sectors.end(self.number, means.now);
        }
    }

    /// Begins a bulk run, if one is due that may be, and none beside other offices of its sector.
    fn begin_filling(&mut self, standing: Standing, means: &mut Means<'_>) -> bool {
        let now = means.now;
        match self.bulk.may_begin(&standing, now) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(news) => {
                self.news.push_back(news);
                return false;
            }
        }
        let turn = self.capacity.and_then(|of| Some((of, means.sectors.begin(self.number, now)?)));
        let Some((of, turn)) = turn else {
            self.bulk.wait(now);
            return false;
        };
        if turn.beside == Beside::Offices || !turn.lasts(bulk::WHOLE, now) {
            means.sectors.end(self.number, now);
            self.bulk.wait(now);
            return false;
        }
        (self.turn, self.is_filled) = (Some(turn), true);
        self.news.push_back(self.bulk.begin([of.up, of.down], now));
        true
    }

    fn begin(&mut self, standing: Standing, means: &mut Means<'_>) {
        let now = means.now;
        if now < self.next_run {
            return;
        }
        if !standing.is_alive || self.talk.is_none() {
            self.next_run = now + WHILE_DEAD;
            return;
        }
        let is_asked_for = std::mem::take(&mut self.is_asked_for);
        if self.thrift == Thrift::UsedUp && !(is_asked_for && self.capacity.is_some()) {
            self.next_run = now + self.test.every();
            return;
        }
        let Some(turn) = means.sectors.begin(self.number, now) else {
            self.is_asked_for = is_asked_for;
            self.next_run = now + FOR_A_TURN;
            return;
        };
        let mut name = [0; 16];
        name[..8].copy_from_slice(&random::number().to_be_bytes());
        name[8..].copy_from_slice(&random::number().to_be_bytes());
        let measured = self.measured(turn.beside, now);
        (self.turn, self.is_measured, self.is_certain) = (Some(turn), measured.is_none(), true);
        let known = Known {
            capacity: measured.map(|of| (of.up, of.down)),
            mtu: self.largest(),
            loss: standing.loss,
            beside: measured.map_or(turn.beside, |of| of.beside),
        };
        let required = self.test.requirement();
        let number = || (random::number() & 0xffff) as u16;
        let resolvers = self.test.resolvers_of(&self.settings);
        self.asked = resolvers.map(|resolvers| Asked::new(&resolvers, number));
        let plan = Plan {
            datagram: required.mtu,
            asks_resolver: self.asked.is_some(),
            ..Plan::new(RunId(name), required, known)
        };
        let port = 49_152 + (random::number() & 0x3fff) as u16;
        self.told.clear();
        let (run, _) = Run::begin(plan, now);
        let call = means.host.call(self.pair, run.id(), port);
        self.run = Some((run, call));
    }

    fn go_on(&mut self, run: Run, mut call: Call, means: &mut Means<'_>) -> Option<Outcome> {
        let (mut run, now) = (run, means.now);
        for _ in 0..AT_A_TIME {
            let asked = self.asked.as_mut();
            let event = self.told.pop_front().or_else(|| means.host.heard(&mut call, asked));
            let event = event.or_else(|| self.answer(&run, now));
            let progress = match event {
                Some(event) => run.handle(event, now),
                None if now < run.deadline() => break,
                None if run.step() == Step::Connect && !left(means.witness, &call, now) => {
                    run.handle(Event::NoRoute, now)
                }
                None => run.expire(now),
            };
            run = match progress {
                Progress::Wait(run) => run,
                // Whoever's turn it is now measures.
                Progress::Do(_, Action::SendTrain(_)) if self.is_turn_over(now) => {
                    self.give_up(&call, FOR_A_TURN, means);
                    return None;
                }
                Progress::Do(run, action) => {
                    self.act(action, &mut call, means);
                    run
                }
                Progress::Over(outcome) => {
                    means.host.hang_up(&call, now);
                    let beside = means.sectors.end(self.number, now);
                    return Some(self.settle(outcome, beside, now));
                }
            };
        }
        self.run = Some((run, call));
        None
    }

    /// What came of the question, while a run waits for it.
    fn answer(&mut self, run: &Run, now: Instant) -> Option<Event> {
        self.asked.as_mut().filter(|_| run.step() == Step::Dns)?.outcome(now)
    }

    fn act(&mut self, action: Action, call: &mut Call, means: &mut Means<'_>) {
        let Some(talk) = &self.talk else { return };
        match action {
            // The call was made when the run began.
            Action::Connect => {}
            Action::AskResolver => {
                for (resolver, question) in self.asked.iter().flat_map(Asked::questions) {
                    means.host.ask_resolver(call, resolver, &question);
                }
            }
            Action::Echo(octets) => call.expect(octets),
            Action::SendDatagram(size) => means.host.send_datagram(call, size),
            Action::Query(run) => {
                talk.say(&Query { run, flow: call.flow() }.write(&means.keys.carry));
            }
            Action::SendTrain(Direction::Up) => {
                self.trains.measure_up((talk, &means.keys.train));
            }
            Action::SendTrain(Direction::Down) => {
                self.trains.measure_down((talk, &means.keys.train), means.now);
            }
        }
    }

    /// Ends a run of which nothing came.
    fn give_up(&mut self, call: &Call, pause: Duration, means: &mut Means<'_>) {
        means.host.hang_up(call, means.now);
        means.sectors.end(self.number, means.now);
        self.trains.forget();
        self.next_run = means.now + pause;
    }

    /// Whether a train would meet those of whoever has the next turn.
    fn is_turn_over(&self, now: Instant) -> bool {
        self.turn.is_some_and(|turn| !turn.lasts(trains::LASTS, now))
    }

    /// Takes what came of a run, beside whom it ended; tells what that says of the path.
    fn settle(&mut self, outcome: Outcome, beside: Beside, now: Instant) -> Outcome {
        let mut outcome = outcome;
        self.trains.forget();
        if let Outcome::Unfit { reason: Unfit::Mtu { size, said }, .. } = &mut outcome {
            *said = self.mtu.said().filter(|said| said.most < *size);
        }
        let pause = match &mut outcome {
            Outcome::Ready(ready) => {
                if self.is_measured {
                    // Who came meanwhile was measured, too.
                    ready.beside = if beside == Beside::Offices { beside } else { ready.beside };
                    let (up, down) = (ready.capacity_up, ready.capacity_down);
                    let (is_certain, beside) = (self.is_certain, ready.beside);
                    self.capacity = Some(Measured { up, down, is_certain, at: now, beside });
                }
                self.test.every()
            }
            Outcome::Unfit { reason: Unfit::TooSlow { .. }, .. } => self.test.every(),
            Outcome::Unfit { .. } if self.settings.metered => AGAIN_METERED,
            Outcome::Unfit { .. } => AGAIN.min(self.test.every()),
        };
        let pause = pause * self.thrift.stretch().unwrap_or(1);
        self.last_run = Some(now);
        // Two ends that began together do not go on together.
        self.next_run =
            now + pause.mul_f64(0.9 + 0.2 * (random::number() as f64 / u64::MAX as f64));
        outcome
    }

    /// What it carries, if that need not be measured beside these.
    fn measured(&self, beside: Beside, now: Instant) -> Option<Measured> {
        let of = self.capacity?;
        if self.thrift != Thrift::None {
            return Some(of);
        }
        let interval = match (beside, of.beside) {
            // Trains of ours would be in their way, and tell less.
            (Beside::Offices, Beside::Nobody) => UNDISTURBED,
            (Beside::Nobody, Beside::Offices) => return None,
            _ if self.settings.metered => capacity::METERED_INTERVAL,
            (Beside::Nobody, _) if !of.is_certain => return None,
            _ => capacity::INTERVAL,
        };
        (now.saturating_duration_since(of.at) < interval).then_some(of)
    }

    fn largest(&self) -> Option<PacketSize> {
        match self.mtu.finding() {
            Finding::Confirmed(size) => Some(size),
            Finding::Searching | Finding::BlackHole { .. } => None,
        }
    }
}

/// Whether a packet of the call left this router by the path.
fn left(witness: &Witness, call: &Call, now: Instant) -> bool {
    let own = witness.confirm(&Query { run: call.run(), flow: call.far() }, now);
    own.returned == Place::OnPath
}

/// The search for the largest packet that the path takes; that of its device at most.
fn search(settings: &PathSettings, now: Instant) -> PathMtu {
    let file = format!("/sys/class/net/{}/mtu", settings.device);
    let mtu = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    let most = PacketSize(mtu.unwrap_or(1_500).min(LARGEST));
    let usual = Limits::default();
    // What passes any path of IPv6 (RFC 8200 s5).
    let floor = if settings.local.is_ipv6() { usual.base } else { usual.floor };
    PathMtu::new(Limits { floor, most, ..usual }, now)
}

#[cfg(test)]
mod tests;
