//! The capacity trains of a path: one that this end sends, one that it has asked for, and one of the other
//! end.

use std::time::{Duration, Instant};

use link::capacity::{
    BitRate, Part, Plan, Receiver, Requests, Train, TrainId, TrainKey, TrainRequest, TrainResult,
};

use super::talk::Talk;
use crate::random;

/// The longest packet of a train.
const LONGEST: usize = 1_500;
/// So often a train is asked for again that does not come.
const AGAIN: u8 = 2;
/// Within this time, so that two ends that asked each other at the same moment do not do it again.
const WITHIN: Duration = Duration::from_secs(1);

/// A train that shows how long the one may be that measures, and then that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Gauge,
    Measure,
}

/// The trains of a path.
#[derive(Debug, Default)]
pub(super) struct Trains {
    /// What was sent last, until its result has come.
    sent: Option<(TrainId, Stage)>,
    /// What comes because this end asked for it.
    asked: Option<(Receiver, Stage)>,
    /// What did not come, and when it is asked for again.
    again: Option<(Instant, Stage, Plan)>,
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
        ends.chain(self.again.map(|(at, ..)| at)).min()
    }

    /// Begins to measure what the path carries to the far end.
    pub(super) fn measure_up(&mut self, with: (&Talk, &TrainKey)) {
        self.send(with, Stage::Gauge, Plan::GAUGE);
    }

    /// Begins to measure what it carries from there.
    pub(super) fn measure_down(&mut self, with: (&Talk, &TrainKey), now: Instant) {
        self.left = AGAIN;
        self.ask(with, Stage::Gauge, Plan::GAUGE, now);
    }

    /// Takes what may be of a train; tells what was measured to the far end.
    pub(super) fn hear(
        &mut self,
        octets: &[u8],
        stamp: Duration,
        (talk, key): (&Talk, &TrainKey),
        now: Instant,
    ) -> Option<BitRate> {
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
        let (_, stage) = self.sent.take_if(|(sent, _)| *sent == result.train)?;
        let rate = result.estimate?.reliable();
        match stage {
            Stage::Gauge => {
                self.send((talk, key), Stage::Measure, Plan::gentle(rate));
                None
            }
            Stage::Measure => Some(rate),
        }
    }

    /// Ends trains of which no more comes; tells what was measured from the far end.
    pub(super) fn expire(&mut self, with: (&Talk, &TrainKey), now: Instant) -> Option<BitRate> {
        if let Some(over) = self.announced.take_if(|receiver| receiver.is_over(now)) {
            with.0.say(&over.result().write(with.1));
        }
        if let Some((_, stage, plan)) = self.again.take_if(|(at, ..)| *at <= now) {
            self.ask(with, stage, plan, now);
        }
        let (over, stage) = self.asked.take_if(|(receiver, _)| receiver.is_over(now))?;
        let Some(estimate) = over.result().estimate else {
            self.put_off(stage, over.plan(), now);
            return None;
        };
        let rate = estimate.reliable();
        match stage {
            Stage::Gauge => {
                self.ask(with, Stage::Measure, Plan::gentle(rate), now);
                None
            }
            Stage::Measure => Some(rate),
        }
    }

    /// The other end refused, or too little of it came.
    fn put_off(&mut self, stage: Stage, plan: Plan, now: Instant) {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let pause = WITHIN.mul_f64(random::number() as f64 / u64::MAX as f64);
            self.again = Some((now + pause, stage, plan));
        }
    }

    fn send(&mut self, (talk, key): (&Talk, &TrainKey), stage: Stage, plan: Plan) {
        let plan = plan.behind(talk.headers);
        let train = TrainId(random::number());
        self.sent = Some((train, stage));
        talk.say(&TrainRequest { train, part: Part::Receive, plan }.write(key));
        go((talk, key), train, plan);
    }

    fn ask(&mut self, (talk, key): (&Talk, &TrainKey), stage: Stage, plan: Plan, now: Instant) {
        let plan = plan.behind(talk.headers);
        let train = TrainId(random::number());
        self.again = None;
        self.asked = Some((Receiver::new(train, plan, now), stage));
        talk.say(&TrainRequest { train, part: Part::Send, plan }.write(key));
    }

    fn grant(&mut self, request: &TrainRequest, with: (&Talk, &TrainKey), now: Instant) {
        // Two trains at once would each measure half; who is refused asks again.
        let is_busy = self.asked.is_some() || self.announced.is_some();
        if is_busy || self.requests.grant(request, now).is_err() {
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
