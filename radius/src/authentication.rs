//! The loop of one authentication socket.
//!
//! What cannot be decided from memory is decided in a bounded set of tasks, so the socket never
//! waits for the store; what finds no place in it waits for its turn. An Access-Reject is held back by a timer alone (DEPR 8.3). A decision that
//! panics costs its own request only.

use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use domain::NasName;
use radius_proto::SignedPacket;
use radius_proto::server::Role;
use tokio::net::UdpSocket;
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;

use crate::answer::{Answer, answer, answer_from_memory};
use crate::authorise::Refusal;
use crate::metrics::Outcome;
use crate::port::{Asker, Port, Taken};
use crate::precedence::Precedence;
use crate::random;
use crate::shared::Shared;

/// Requests begun in one go, before replies get their turn.
const REQUESTS_AT_A_TIME: usize = 64;

/// Serves one socket until it is told to stop.
pub(crate) async fn serve(socket: Arc<UdpSocket>, shared: Arc<Shared>, stop: CancellationToken) {
    let mut desk = Desk {
        port: Port::new(socket, Role::Authentication, shared),
        tasks: JoinSet::new(),
        askers: HashMap::new(),
        in_progress: HashMap::new(),
        more: false,
        rejects: DelayQueue::new(),
    };
    let socket = Arc::clone(&desk.port.socket);
    loop {
        let more = desk.more;
        let Desk { tasks, rejects, .. } = &mut desk;
        tokio::select! {
            () = stop.cancelled() => return,
            Some(done) = tasks.join_next_with_id() => desk.finish(done),
            Some(due) = poll_fn(|cx| rejects.poll_expired(cx)) => desk.reject(due.into_inner()),
            ready = socket.readable() => match ready {
                Ok(()) => desk.take_requests(),
                Err(error) => tracing::warn!(%error, "radius.socket"),
            },
            () = yield_now(), if more => desk.take_requests(),
        }
        desk.finish_others();
        desk.port.flush();
    }
}

struct Desk {
    port: Port,
    tasks: JoinSet<Answer>,
    /// Who waits for each task.
    askers: HashMap<Id, Asker>,
    /// How many of them each access point has.
    in_progress: HashMap<NasName, usize>,
    /// Whether one that waits may go at once.
    more: bool,
    rejects: DelayQueue<HeldReject>,
}

struct HeldReject {
    asker: Asker,
    reply: SignedPacket,
    refusal: Refusal,
}

impl Desk {
    /// Begins what has arrived and what waits, as far as there are places.
    fn take_requests(&mut self) {
        self.port.fill();
        let most = self.port.shared.settings.requests_in_progress;
        let accounting = self.port.shared.backlog.accounting();
        for _ in 0..REQUESTS_AT_A_TIME {
            let (taken, in_progress) = (self.tasks.len(), &self.in_progress);
            let may_go = |nas: &NasName, precedence: Precedence| {
                // Half of all places at most, so that no access point starves the others.
                taken < precedence.places(most, accounting)
                    && in_progress.get(nas).is_none_or(|own| *own < most.div_ceil(2))
            };
            match self.port.take(may_go) {
                Taken::Nothing => {
                    self.more = false;
                    return;
                }
                Taken::Settled => {}
                Taken::Request(octets, asker) => self.begin(octets, asker),
            }
        }
        self.more = true;
    }

    fn begin(&mut self, octets: Vec<u8>, asker: Asker) {
        let shared = Arc::clone(&self.port.shared);
        let access_point = Arc::clone(&asker.access_point);
        let (secret, source) = (asker.secret, asker.source);
        // What is in memory is answered here and now; a task costs more than such an answer.
        let at_once = || answer_from_memory(&shared, &access_point, secret, (&octets, source));
        match catch_unwind(AssertUnwindSafe(at_once)) {
            Ok(Some(answer)) => self.give(asker, answer),
            Ok(None) => {
                let task = self.tasks.spawn(async move {
                    answer(&shared, &access_point, secret, (&octets, source)).await
                });
                *self.in_progress.entry(asker.access_point.nas.name.clone()).or_default() += 1;
                self.askers.insert(task.id(), asker);
            }
            Err(_) => {
                tracing::error!("access.panicked");
                self.give(asker, Answer::Silence(Outcome::Panicked));
            }
        }
    }

    /// Takes what else is finished, so that the replies leave together.
    fn finish_others(&mut self) {
        while let Some(done) = self.tasks.try_join_next_with_id() {
            self.finish(done);
        }
    }

    fn finish(&mut self, done: Result<(Id, Answer), JoinError>) {
        let (id, answer) = match done {
            Ok((id, answer)) => (id, answer),
            Err(error) => {
                tracing::error!(%error, "access.panicked");
                (error.id(), Answer::Silence(Outcome::Panicked))
            }
        };
        if let Some(asker) = self.askers.remove(&id) {
            self.free_place(&asker.access_point.nas.name);
            self.give(asker, answer);
        }
    }

    fn free_place(&mut self, nas: &NasName) {
        if let Some(own) = self.in_progress.get_mut(nas) {
            *own -= 1;
            if *own == 0 {
                self.in_progress.remove(nas);
            }
        }
        self.more = self.port.waiting() > 0;
    }

    fn give(&mut self, asker: Asker, answer: Answer) {
        match answer {
            Answer::Accept(reply, outcome) => self.port.reply(asker, reply, outcome),
            Answer::Reject(reply, refusal) => self.hold(HeldReject { asker, reply, refusal }),
            Answer::Silence(outcome) => {
                if outcome == Outcome::Panicked {
                    self.port.note(&asker, outcome, &[]);
                }
                self.port.stay_silent(&asker, outcome);
            }
        }
    }

    fn hold(&mut self, held: HeldReject) {
        let settings = &self.port.shared.settings;
        if settings.reject_delay().is_zero() {
            self.reject(held);
        } else if self.rejects.len() >= settings.delayed_rejects {
            self.port.note(&held.asker, Outcome::TooManyRejects, &[]);
            self.port.stay_silent(&held.asker, Outcome::TooManyRejects);
        } else {
            self.rejects.insert(held, with_jitter(settings.reject_delay()));
        }
    }

    fn reject(&mut self, held: HeldReject) {
        self.port.reply(held.asker, held.reply, Outcome::Rejected(held.refusal));
    }
}

/// Adds up to a quarter by chance, so that the time taken tells nothing.
pub(crate) fn with_jitter(delay: Duration) -> Duration {
    let [chance] = random::octets();
    delay + delay * u32::from(chance) / 1_024
}

#[cfg(test)]
mod tests;
