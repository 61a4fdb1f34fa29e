//! One run: what is done, one step after the other, each with its deadline, and what a failure means.
//!
//! A step that fails does not end the run where the far agent can tell more: then it is asked at once,
//! and what it saw makes the reason. Steps that a later one would fail as well are not gone.

use std::fmt;
use std::time::{Duration, Instant};

use super::confirmation::{Confirmation, Interface, Place, RunId};
use super::judgement::{Outcome, Ready, Requirement, Unfit};
use crate::capacity::BitRate;
use crate::path_mtu::PacketSize;
use crate::sector::Beside;

/// From here to the far end, or from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From here to the far end.
    Up,
    /// From the far end to here.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "to the far end",
            Self::Down => "from the far end",
        })
    }
}

/// The steps of a run, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A TCP connection from an address inside the office's prefix to the far office's.
    Connect,
    /// 20 kB over it, which come back.
    Echo,
    /// A datagram of 1,400 octets that may not be cut up, which comes back.
    Datagram,
    /// A question to the far resolver, from the office's address.
    Dns,
    /// The far agent's word how all that came and went.
    Confirm,
    /// A capacity train from here.
    TrainUp,
    /// A capacity train from there.
    TrainDown,
}

impl Step {
    /// How long one attempt may take, and how many there are. TCP repeats by itself; datagrams are
    /// repeated here, as a radio that loses a third of them may still carry an office.
    pub const fn patience(self) -> (Duration, u8) {
        match self {
            Self::Connect => (Duration::from_secs(4), 1),
            Self::Echo => (Duration::from_secs(8), 1),
            Self::Datagram => (Duration::from_millis(500), 8),
            Self::Dns => (Duration::from_secs(1), 4),
            Self::Confirm => (Duration::from_millis(500), 8),
            Self::TrainUp | Self::TrainDown => (Duration::from_secs(4), 2),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::Echo => "the echo",
            Self::Datagram => "the datagram",
            Self::Dns => "the name",
            Self::Confirm => "the far agent's word",
            Self::TrainUp => "the train to the far end",
            Self::TrainDown => "the train from the far end",
        })
    }
}

/// What a run is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name, drawn at random.
    pub run: RunId,
    /// The octets that are echoed.
    pub echo: u32,
    /// The size of the datagram, as a packet.
    pub datagram: PacketSize,
    /// Whether the far resolver is asked for a name.
    pub asks_resolver: bool,
    /// What the office needs.
    pub required: Requirement,
    /// What is known of the path from elsewhere.
    pub known: Known,
}

impl Plan {
    /// The run of that name for an office that needs so much, with the usual sizes.
    pub const fn new(run: RunId, required: Requirement, known: Known) -> Self {
        let datagram = PacketSize(1_400);
        Self { run, echo: 20_000, datagram, asks_resolver: true, required, known }
    }
}

/// What is known of a path from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Known {
    /// What it carries, up and down, if that was measured so lately that it need not be again.
    pub capacity: Option<(BitRate, BitRate)>,
    /// The largest packet that passes, if that was found.
    pub mtu: Option<PacketSize>,
    /// So many of a thousand probes are lost.
    pub loss: u16,
    /// Beside whom what it carries was measured, or is measured now.
    pub beside: Beside,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the connection.
    Connect,
    /// Send so many octets over it and read them back.
    Echo(u32),
    /// Send a datagram that makes a packet of that size and may not be cut up.
    SendDatagram(PacketSize),
    /// Ask the far resolver.
    AskResolver,
    /// Send the far agent a query.
    Query(RunId),
    /// Have a train go in that direction.
    SendTrain(Direction),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is no route, or no such address here; or what was sent left by another interface.
    NoRoute,
    /// The connection was refused.
    Refused,
    /// The connection stands.
    Connected,
    /// The connection broke.
    Broken,
    /// All octets came back as they were sent.
    Echoed,
    /// Something else came back.
    Altered,
    /// The datagram came back.
    DatagramReturned,
    /// The resolver found the name.
    Resolved,
    /// The resolver says that it cannot.
    NotResolved,
    /// Its answer came to this end by that interface, which is not the path.
    Strayed(Interface),
    /// The far agent tells what it saw.
    Confirmed(Confirmation),
    /// The train in that direction was measured; an office may count on so much.
    Measured(Direction, BitRate),
}

/// How a run stands.
#[derive(Debug)]
pub enum Progress {
    /// It waits for something, until its deadline.
    Wait(Run),
    /// This is to be done.
    Do(Run, Action),
    /// It is over.
    Over(Outcome),
}

/// A run that is not over.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    step: Step,
    /// Attempts of this step that are left after the present one.
    left: u8,
    begun: Instant,
    deadline: Instant,
    /// How long the connection took.
    round_trip: Option<Duration>,
    /// The first step that was not done in time.
    failed: Option<Step>,
    up: Option<BitRate>,
}

impl Run {
    /// Begins a run; the action is the first thing to do.
    pub fn begin(plan: Plan, now: Instant) -> (Self, Action) {
        let (patience, attempts) = Step::Connect.patience();
        let run = Self {
            plan,
            step: Step::Connect,
            left: attempts.saturating_sub(1),
            begun: now,
            deadline: now + patience,
            round_trip: None,
            failed: None,
            up: None,
        };
        (run, Action::Connect)
    }

    /// What it is at.
    pub const fn step(&self) -> Step {
        self.step
    }

    /// The run's name.
    pub const fn id(&self) -> RunId {
        self.plan.run
    }

    /// When [`Run::expire`] is to be called, if nothing happens before.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Something happened. What does not belong to the present step changes nothing.
    pub fn handle(mut self, event: Event, now: Instant) -> Progress {
        match (self.step, event) {
            (Step::Connect, Event::NoRoute) => unfit(Unfit::NoRoute, now),
            (Step::Connect, Event::Refused) => unfit(Unfit::Refused, now),
            (Step::Connect, Event::Connected) => {
                self.round_trip = Some(now.saturating_duration_since(self.begun));
                self.go(Step::Echo, now)
            }
            (Step::Echo, Event::Altered) => unfit(Unfit::Altered, now),
            (Step::Echo, Event::Echoed) => self.go(Step::Datagram, now),
            (Step::Connect | Step::Echo, Event::Broken) => self.fail(now),
            (Step::Datagram, Event::DatagramReturned) => {
                let is_asked = self.plan.asks_resolver && self.failed.is_none();
                self.go(if is_asked { Step::Dns } else { Step::Confirm }, now)
            }
            (Step::Dns, Event::Resolved) => self.go(Step::Confirm, now),
            (Step::Dns, Event::NotResolved) => unfit(Unfit::NoDns, now),
            (Step::Dns, Event::NoRoute) => unfit(Unfit::NoRoute, now),
            (Step::Dns, Event::Strayed(interface)) => {
                unfit(Unfit::WrongReturnPath { interface }, now)
            }
            (Step::Confirm, Event::Confirmed(told)) if told.run == self.plan.run => {
                self.confirmed(told, now)
            }
            (Step::TrainUp, Event::Measured(Direction::Up, rate)) => {
                self.up = Some(rate);
                self.go(Step::TrainDown, now)
            }
            (Step::TrainDown, Event::Measured(Direction::Down, rate)) => {
                let up = self.up.unwrap_or_default();
                self.finish((up, rate), now)
            }
            _ => Progress::Wait(self),
        }
    }

    /// The deadline may have passed.
    pub fn expire(mut self, now: Instant) -> Progress {
        if now < self.deadline {
            return Progress::Wait(self);
        }
        let Some(left) = self.left.checked_sub(1) else { return self.fail(now) };
        self.left = left;
        self.deadline = now + self.step.patience().0;
        let action = self.action();
        Progress::Do(self, action)
    }

    /// The present step cannot be done.
    fn fail(mut self, now: Instant) -> Progress {
        let first = *self.failed.get_or_insert(self.step);
        match self.step {
            Step::Connect => self.go(Step::Confirm, now),
            // Large packets that vanish stop a stream as well: the datagram tells.
            Step::Echo => self.go(Step::Datagram, now),
            Step::Datagram => unfit(Unfit::Mtu { size: self.plan.datagram, said: None }, now),
            Step::Dns => unfit(Unfit::NoDns, now),
            Step::Confirm | Step::TrainUp | Step::TrainDown => {
                unfit(Unfit::TimedOut { step: first }, now)
            }
        }
    }

    /// The far agent tells how packets of the flow came and went.
    fn confirmed(self, told: Confirmation, now: Instant) -> Progress {
        let is_connected = self.round_trip.is_some();
        let reason = match (told.arrived, told.returned, self.failed) {
            (Place::Elsewhere(interface), ..) => Unfit::NotArrivedOnPath { interface },
            (_, Place::Elsewhere(interface), _) => Unfit::WrongReturnPath { interface },
            (Place::Nowhere, ..) | (_, Place::Nowhere, _) if is_connected => Unfit::AnsweredByOther,
            // What arrives and is not answered meets a rule behind the interface.
            (Place::Nowhere, ..) | (_, Place::Nowhere, _) => {
                Unfit::HalfOpen { direction: Direction::Up }
            }
            (Place::OnPath, Place::OnPath, Some(Step::Connect)) => {
                Unfit::HalfOpen { direction: Direction::Down }
            }
            (Place::OnPath, Place::OnPath, Some(step)) => Unfit::TimedOut { step },
            (Place::OnPath, Place::OnPath, None) => {
                return match self.plan.known.capacity {
                    Some(capacity) => self.finish(capacity, now),
                    None => self.go(Step::TrainUp, now),
                };
            }
        };
        unfit(reason, now)
    }

    /// All went well; whether it is enough.
    fn finish(self, (capacity_up, capacity_down): (BitRate, BitRate), now: Instant) -> Progress {
        let ready = Ready {
            at: now,
            capacity_up,
            capacity_down,
            mtu: self.plan.known.mtu.max(Some(self.plan.datagram)).unwrap_or(self.plan.datagram),
            round_trip: self.round_trip.unwrap_or_default(),
            loss: self.plan.known.loss,
            beside: self.plan.known.beside,
        };
        match ready.falls_short_of(&self.plan.required) {
            Some(reason) => unfit(reason, now),
            None => Progress::Over(Outcome::Ready(ready)),
        }
    }

    fn go(mut self, step: Step, now: Instant) -> Progress {
        let (patience, attempts) = step.patience();
        self.step = step;
        self.left = attempts.saturating_sub(1);
        self.deadline = now + patience;
        let action = self.action();
        Progress::Do(self, action)
    }

    const fn action(&self) -> Action {
        match self.step {
            Step::Connect => Action::Connect,
            Step::Echo => Action::Echo(self.plan.echo),
            Step::Datagram => Action::SendDatagram(self.plan.datagram),
            Step::Dns => Action::AskResolver,
            Step::Confirm => Action::Query(self.plan.run),
            Step::TrainUp => Action::SendTrain(Direction::Up),
            Step::TrainDown => Action::SendTrain(Direction::Down),
        }
    }
}

fn unfit(reason: Unfit, at: Instant) -> Progress {
    Progress::Over(Outcome::Unfit { at, reason })
}
