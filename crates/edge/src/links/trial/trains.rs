//! The capacity trains of a path: one that this end sends, one that it has asked for, and one of the other
//! end.

use std::time::{Duration, Instant};

use link::capacity::{
    Estimate, Part, Plan, Receiver, Requests, Train, TrainId, TrainKey, TrainRequest, TrainResult,
};
use link::carry::Direction;

use super::talk::Talk;
use crate::links::sectors::Turn;
use crate::random;

/// The longest packet of a train.
const LONGEST: usize = 1_500;
/// So often a train is tried again that was refused, or of which too little came.
const AGAIN: u8 = 2;
/// After a time between these, so that two ends that asked each other at the same moment do not do it again.
const SOONEST: Duration = Duration::from_millis(250);
const LATEST: Duration = Duration::from_millis(1_250);
/// A train, and the one that shows how long it may be, take no longer.
pub(super) const LASTS: Duration = Duration::from_secs(1);

/// A train that shows how long the one may be that measures, and then that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Gauge,
    Measure,
}

/// What is tried again.
#[derive(Debug, Clone, Copy)]
struct Again {
    at: Instant,
    direction: Direction,
    stage: Stage,
    plan: Plan,
}

/// What came of the trains that were waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// Nothing yet.
    Nothing,
    /// This is what comes from the far end.
    Measured(Estimate),
    /// One is to be tried again, and would meet those of whoever has the next turn.
    OutOfTurn,
}

/// The trains of a path.
#[derive(Debug, Default)]
pub(super) struct Trains {
    /// What was sent last, until its result has come.
    sent: Option<(TrainId, Stage, Plan)>,
    /// What comes because this end asked for it.
    asked: Option<(Receiver, Stage)>,
    /// What was refused, or did not come.
    again: Option<Again>,
    /// How often that may happen yet.
    left: u8,
    /// What the other end sends by itself.
    announced: Option<Receiver>,
    requests: Requests,
}

impl Trains {
    /// When [`Trains::expire`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let asked = self.asked.as_ref().map(|(receiver, _)| receiver);
        let ends = asked.into_iter().chain(&self.announced).map(Receiver::deadline);
        ends.chain(self.again.map(|again| again.at)).min()
    }

    /// Begins to measure what the path carries to the far end.
    pub(super) fn measure_up(&mut self, with: (&Talk, &TrainKey)) {
        self.forget();
        self.send(with, Stage::Gauge, Plan::GAUGE);
    }

    /// Begins to measure what it carries from there.
    pub(super) fn measure_down(&mut self, with: (&Talk, &TrainKey), now: Instant) {
        self.forget();
        self.ask(with, Stage::Gauge, Plan::GAUGE, now);
    }

    /// Measures no more for this end: what comes yet is of a run that is over.
    pub(super) fn forget(&mut self) {
        (self.sent, self.asked, self.again, self.left) = (None, None, None, AGAIN);
    }

    /// Takes what may be of a train; tells what was measured to the far end.
    pub(super) fn hear(
        &mut self,
        octets: &[u8],
        stamp: Duration,
        (talk, key): (&Talk, &TrainKey),
        now: Instant,
    ) -> Option<Estimate> {
        let asked = self.asked.as_mut().map(|(receiver, _)| receiver);
        let mut receivers = asked.into_iter().chain(&mut self.announced);
        if receivers.any(|receiver| receiver.receive(octets, key, stamp, now).is_ok()) {
            return None;
        }
        if let Ok(request) = TrainRequest::parse(octets, key) {
            self.grant(&request, (talk, key), now);
            return None;
        }
        let result = TrainResult::parse(octets, key).ok()?;
        if let Some((refused, stage)) =
            self.asked.take_if(|(asked, _)| asked.train() == result.train)
        {
            self.put_off(Direction::Down, stage, refused.plan(), now);
            return None;
        }
        let (_, stage, plan) = self.sent.take_if(|(sent, ..)| *sent == result.train)?;
        let Some(estimate) = result.estimate else {
            self.put_off(Direction::Up, stage, plan, now);
            return None;
        };
        match stage {
            Stage::Gauge => {
                self.send((talk, key), Stage::Measure, Plan::gentle(estimate.reliable()));
                None
            }
            Stage::Measure => Some(estimate),
        }
    }

    /// Ends trains of which no more comes, and tries again, while it is this path's turn, what is due.
    pub(super) fn expire(
        &mut self,
        with: (&Talk, &TrainKey),
        turn: Option<Turn>,
        now: Instant,
    ) -> Came {
        if let Some(over) = self.announced.take_if(|receiver| receiver.is_over(now)) {
            with.0.say(&over.result().write(with.1));
        }
        if let Some(again) = self.again.take_if(|again| again.at <= now) {
            if !turn.is_some_and(|turn| turn.lasts(LASTS, now)) {
                return Came::OutOfTurn;
            }
            match again.direction {
                Direction::Up => self.send(with, again.stage, again.plan),
                Direction::Down => self.ask(with, again.stage, again.plan, now),
            }
        }
        let over = self.asked.take_if(|(receiver, _)| receiver.is_over(now));
        let Some((over, stage)) = over else { return Came::Nothing };
        match (over.result().estimate, stage) {
            (Some(estimate), Stage::Measure) => return Came::Measured(estimate),
            (Some(estimate), Stage::Gauge) => {
                self.ask(with, Stage::Measure, Plan::gentle(estimate.reliable()), now);
            }
            (None, _) => self.put_off(Direction::Down, stage, over.plan(), now),
        }
        Came::Nothing
    }

    /// The other end refused, or too little came.
    fn put_off(&mut self, direction: Direction, stage: Stage, plan: Plan, now: Instant) {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let part = random::number() as f64 / u64::MAX as f64;
            let at = now + SOONEST + (LATEST - SOONEST).mul_f64(part);
            self.again = Some(Again { at, direction, stage, plan });
        }
    }

    fn send(&mut self, (talk, key): (&Talk, &TrainKey), stage: Stage, plan: Plan) {
        let plan = plan.behind(talk.headers);
        let train = TrainId(random::number());
        self.sent = Some((train, stage, plan));
        talk.say(&TrainRequest { train, part: Part::Receive, plan }.write(key));
        go((talk, key), train, plan);
    }

    fn ask(&mut self, (talk, key): (&Talk, &TrainKey), stage: Stage, plan: Plan, now: Instant) {
        let plan = plan.behind(talk.headers);
        let train = TrainId(random::number());
        self.asked = Some((Receiver::new(train, plan, now), stage));
        talk.say(&TrainRequest { train, part: Part::Send, plan }.write(key));
    }

    fn grant(&mut self, request: &TrainRequest, with: (&Talk, &TrainKey), now: Instant) {
        // Two trains at once would each measure half.
        if self.asked.is_some() || self.announced.is_some() {
            let refused = TrainResult { train: request.train, estimate: None };
            with.0.say(&refused.write(with.1));
            return;
        }
        if self.requests.grant(request, now).is_err() {
            return;
        }
        match request.part {
            Part::Receive => {
                self.announced = Some(Receiver::new(request.train, request.plan, now));
            }
            Part::Send => go(with, request.train, request.plan),
        }
    }
}

/// Sends all packets of a train without a pause.
fn go((talk, key): (&Talk, &TrainKey), train: TrainId, plan: Plan) {
    let mut octets = [0; LONGEST];
    let mut train = Train::new(train, plan);
    while let Some(length) = train.next(key, &mut octets) {
        talk.say(octets.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
