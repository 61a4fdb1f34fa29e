//! The bulk run of a path: once a night, or when people ask, each end sends the other one as much as the path
//! carries for some seconds. It ends at once when the office comes to the path, or the path suffers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use link::capacity::bulk::{
    BulkId, BulkOrder, BulkOrders, BulkPacket, BulkReceiver, BulkReport, BulkSaid, BulkSender,
    Fate, LASTS, Sustained,
};
use link::capacity::{BitRate, Part, TrainKey};
use link::metered::Thrift;

use super::talk::Talk;
use super::tried::Standing;
use crate::links::sectors::Turn;
use crate::random;

/// Both directions, with what is between them.
pub(super) const WHOLE: Duration = LASTS.saturating_mul(2).saturating_add(Duration::from_secs(3));
/// Visitors make room before the first packet.
const ROOM: Duration = Duration::from_millis(200);
/// Who tries the path itself, or misses a heartbeat, is asked again, and for how long.
const ASK_EVERY: Duration = Duration::from_millis(250);
const ASKED_FOR: Duration = Duration::from_millis(2_500);
/// After one that came to nothing, and how often.
const AGAIN: Duration = Duration::from_secs(60);
const TIMES: u8 = 3;
/// How often it is looked whether it may begin.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A night has one, whichever end began it.
const ONE_A_NIGHT: Duration = Duration::from_secs(12 * 3_600);
const LONGEST: usize = 1_500;

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::links) struct Bulked {
    /// What was carried to the far end, and from there, as far as it is known.
    pub(in crate::links) up: Option<Sustained>,
    pub(in crate::links) down: Option<Sustained>,
    /// The longest second's middle round trip meanwhile, in microseconds.
    pub(in crate::links) round_trip_us: Option<u64>,
    /// When, in seconds of Unix time.
    pub(in crate::links) at: u64,
}

/// What is told of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::links) enum News {
    /// It begins, and visitors make room.
    Begins,
    /// It is over.
    Over(Bulked),
    /// It does not take place, or not any more, because of that.
    Off(&'static str),
}

/// What goes on.
#[derive(Debug)]
enum Role {
    Sends(BulkSender),
    Receives(BulkReceiver),
    /// From then on the next direction, or nothing more.
    Between(Instant),
}

/// A run.
#[derive(Debug)]
struct Running {
    run: BulkId,
    role: Role,
    /// Whether this end began it, and with which estimate of what it sends.
    leads: Option<[BitRate; 2]>,
    /// Until when the far end is asked again that does not want it.
    asked_until: Instant,
    bulked: Bulked,
}

/// The bulk runs of a path.
#[derive(Debug)]
pub(super) struct Bulk {
    running: Option<Running>,
    orders: BulkOrders,
    /// When the next is due, if they are set.
    due: Option<Timestamp>,
    /// From when on one is tried that is due or asked for, and how often that may be.
    wanted: Option<(Instant, u8)>,
    last: Option<Instant>,
}

impl Bulk {
    /// None has been.
    pub(super) fn new() -> Self {
        Self { running: None, orders: BulkOrders::default(), due: None, wanted: None, last: None }
    }

    /// There was one so long ago, before the agent began.
    pub(super) fn recall(&mut self, age: Duration, now: Instant) {
        self.last = now.checked_sub(age);
    }

    /// Whether there is one.
    pub(super) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether the path is full of it.
    pub(super) const fn is_filling(&self) -> bool {
        matches!(&self.running, Some(Running { role: Role::Sends(_) | Role::Receives(_), .. }))
    }

    /// People want one now.
    pub(super) fn ask(&mut self, now: Instant) {
        self.wanted = Some((now, 1));
    }

    /// It is due at another time from now on, or not at all.
    pub(super) const fn forget_due(&mut self) {
        self.due = None;
    }

    /// When it is due, by the clocks of its zone.
    pub(super) fn look(&mut self, next: impl Fn(Timestamp) -> Option<Timestamp>, now: Instant) {
        let unix = Timestamp::from_secs(i64::try_from(unix()).unwrap_or_default());
        if self.due.is_some_and(|due| due <= unix) {
            let is_one_tonight = self.last.is_some_and(|last| now < last + ONE_A_NIGHT);
            self.wanted = (!is_one_tonight).then_some((now, TIMES)).or(self.wanted);
            self.due = None;
        }
        if self.due.is_none() {
            self.due = next(unix);
        }
    }

    /// When [`Bulk::advance`] has something to do.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        match &self.running {
            Some(Running { role: Role::Sends(sender), .. }) => Some(sender.deadline(now)),
            Some(Running { role: Role::Receives(receiver), .. }) => Some(receiver.deadline()),
            Some(Running { role: Role::Between(until), .. }) => Some(*until),
            None => self.wanted.map(|(from, _)| from),
        }
    }

    /// Whether one is to begin that may; why it may not is told to who asked.
    pub(super) fn may_begin(&mut self, standing: &Standing, now: Instant) -> Result<bool, News> {
        let Some((from, left)) = self.wanted.filter(|_| self.running.is_none()) else {
            return Ok(false);
        };
        if now < from {
            return Ok(false);
        }
        let Some(why) = hindrance(standing) else { return Ok(true) };
        self.put_off(left, now);
        Err(News::Off(why))
    }

    /// It waits for its turn.
    pub(super) fn wait(&mut self, now: Instant) {
        if let Some((from, _)) = &mut self.wanted {
            *from = now + LOOK_EVERY;
        }
    }

    /// Begins one over a path of which trains told that, to the far end and from there.
    pub(super) fn begin(&mut self, [up, down]: [BitRate; 2], now: Instant) -> News {
        let run = BulkId(random::number());
        let role = Role::Between(now + ROOM);
        let (leads, asked_until) = (Some([up, down]), now + ROOM + ASKED_FOR);
        self.running = Some(Running { run, role, leads, asked_until, bulked: Bulked::none() });
        News::Begins
    }

    /// Takes what may be of a run; nothing if it is something else.
    pub(super) fn hear(
        &mut self,
        octets: &[u8],
        stamp: Duration,
        (talk, key): (&Talk, &TrainKey),
        (standing, now): (&Standing, Instant),
    ) -> Option<Option<News>> {
        if let Ok(packet) = BulkPacket::parse(octets, key) {
            if let Some(Running { role: Role::Receives(receiver), .. }) = &mut self.running {
                receiver.receive(&packet, stamp, now);
            }
            return Some(None);
        }
        if let Ok(report) = BulkReport::parse(octets, key) {
            return Some(self.hear_report(&report, now));
        }
        let order = BulkOrder::parse(octets, key).ok()?;
        let is_ours = self
            .running
            .as_ref()
            .is_none_or(|running| running.run == order.run && running.leads.is_none());
        if !is_ours || hindrance(standing).is_some() || !self.orders.take(&order, now) {
            talk.say(&BulkReport::stopped(order.run).write(key));
            return Some(None);
        }
        let role = match order.part {
            Part::Send => {
                Role::Sends(BulkSender::new(order.run, talk.headers, order.estimate, now))
            }
            Part::Receive => Role::Receives(BulkReceiver::new(order.run, now)),
        };
        let is_new = self.running.is_none();
        let bulked = self.running.take().map_or_else(Bulked::none, |running| running.so_far(now));
        let run = order.run;
        self.running = Some(Running { run, role, leads: None, asked_until: now, bulked });
        Some(is_new.then_some(News::Begins))
    }

    fn hear_report(&mut self, report: &BulkReport, now: Instant) -> Option<News> {
        let running = self.running.as_mut().filter(|running| running.run == report.run)?;
        if report.said == BulkSaid::Stopped {
            if running.may_ask_again(now) {
                running.role = Role::Between(now + ASK_EVERY);
                return None;
            }
            return Some(self.stop("the other end does not want it", now));
        }
        if let Role::Sends(sender) = &mut running.role {
            sender.hear(report, now);
        }
        None
    }

    /// Goes on; what is to be told.
    pub(super) fn advance(
        &mut self,
        (talk, key): (&Talk, &TrainKey),
        (standing, turn): (&Standing, Option<Turn>),
        now: Instant,
    ) -> Option<News> {
        let running = self.running.as_mut()?;
        let is_over_time =
            running.leads.is_some() && !turn.is_some_and(|turn| turn.lasts(Duration::ZERO, now));
        let hindered = hindrance(standing).or(is_over_time.then_some("its turn is over"));
        if let Some(why) = hindered {
            talk.say(&BulkReport::stopped(running.run).write(key));
            return Some(self.stop(why, now));
        }
        running.bulked.round_trip_us = running.bulked.round_trip_us.max(standing.round_trip_us);
        match &mut running.role {
            Role::Sends(sender) => {
                let mut octets = [0; LONGEST];
                while let Some(length) = sender.next(key, &mut octets, now) {
                    talk.say(octets.get(..length).unwrap_or_default());
                }
                match sender.fate(now) {
                    Fate::Going => return None,
                    Fate::Silent => return Some(self.stop("the other end is not heard", now)),
                    Fate::Over(None) => return Some(self.stop("too little arrived", now)),
                    Fate::Over(sustained) => running.bulked.up = sustained,
                }
            }
            Role::Receives(receiver) => {
                if let Some(report) = receiver.report(now) {
                    talk.say(&report.write(key));
                }
                let report = receiver.end(now)?;
                // Who sent hears it by one of them.
                (0..3).for_each(|_| talk.say(&report.write(key)));
                let BulkSaid::Over(Some(sustained)) = report.said else {
                    return Some(self.stop("too little arrived", now));
                };
                running.bulked.down = Some(sustained);
            }
            Role::Between(until) if now < *until => return None,
            Role::Between(_) => {}
        }
        self.next_direction((talk, key), now)
    }

    /// From the far end first, then there; who follows waits for that.
    fn next_direction(&mut self, (talk, key): (&Talk, &TrainKey), now: Instant) -> Option<News> {
        let running = self.running.as_mut()?;
        let Bulked { up, down, .. } = running.bulked;
        let run = running.run;
        if up.is_some() && down.is_some() {
            let bulked = Bulked { at: unix(), ..running.bulked };
            (self.running, self.wanted, self.last) = (None, None, Some(now));
            return Some(News::Over(bulked));
        }
        let Some([to_far, from_far]) = running.leads else {
            if matches!(running.role, Role::Between(_)) {
                return Some(self.stop("the other end is not heard", now));
            }
            running.role = Role::Between(now + LASTS);
            return None;
        };
        let (part, estimate) = match down {
            None => (Part::Send, from_far),
            Some(_) => (Part::Receive, to_far),
        };
        talk.say(&BulkOrder { run, part, estimate }.write(key));
        running.role = match part {
            Part::Send => Role::Receives(BulkReceiver::new(run, now)),
            Part::Receive => Role::Sends(BulkSender::new(run, talk.headers, to_far, now)),
        };
        None
    }

    fn stop(&mut self, why: &'static str, now: Instant) -> News {
        if let Some(Running { leads: Some(_), .. }) = self.running.take() {
            let left = self.wanted.map_or(0, |(_, left)| left);
            self.put_off(left, now);
        }
        News::Off(why)
    }

    fn put_off(&mut self, left: u8, now: Instant) {
        self.wanted = left.checked_sub(1).filter(|left| *left > 0).map(|left| (now + AGAIN, left));
    }
}

impl Running {
    /// Whether the far end, which does not want it, has not begun and may want it soon.
    fn may_ask_again(&self, now: Instant) -> bool {
        matches!(&self.role, Role::Receives(receiver) if receiver.is_silent())
            && self.leads.is_some()
            && now < self.asked_until
    }

    /// What is known by now: the order of the next direction may come right behind the last report.
    fn so_far(self, now: Instant) -> Bulked {
        match self.role {
            Role::Sends(sender) => match sender.fate(now) {
                Fate::Over(up) => Bulked { up, ..self.bulked },
                Fate::Going | Fate::Silent => self.bulked,
            },
            Role::Receives(_) | Role::Between(_) => self.bulked,
        }
    }
}

impl Bulked {
    const fn none() -> Self {
        Self { up: None, down: None, round_trip_us: None, at: 0 }
    }

    /// What was carried to the far end and from there, in kbit/s, if both are known.
    pub(in crate::links) fn kbit(&self) -> Option<[u64; 2]> {
        Some([self.up?, self.down?].map(|of| of.rate.bits_per_second() / 1_000))
    }
}

/// Why none may be now.
fn hindrance(standing: &Standing) -> Option<&'static str> {
    if standing.carries_office {
        return Some("the office goes by the path");
    }
    if standing.is_tried {
        return Some("the path is tried just now");
    }
    if !standing.is_good {
        return Some("the path is not good");
    }
    if !standing.has_other {
        return Some("no other path is good");
    }
    (standing.thrift != Thrift::None).then_some("its budget is short")
}

pub(super) fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
