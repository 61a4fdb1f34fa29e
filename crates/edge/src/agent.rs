//! The daemon: joins the state machine to kernel, sockets and disk.
//!
//! One task owns everything that changes. It takes one input at a time, carries out what the
//! state machine answers, saves what must outlast a crash, and only then tells the accounting
//! server: a session that a server knows of is never forgotten here.

mod desk;
mod error;
mod open;

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use domain::MacAddress;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::access::Sign;
use crate::advertiser::Advertiser;
use crate::dynamic_authorization::{DynamicAuthorization, Order};
use crate::neighbour::{NeighbourError, NeighbourEvent, NeighbourState, NeighbourWatch};
use crate::radius::{Decision, Wish};
use crate::redirector::{Hit, Redirector};
use desk::Desk;
pub use error::EdgeError;

/// How often the kernel's counters are read.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// What redirector and dynamic authorization may bring ahead of being heard.
const QUEUE: usize = 256;

/// The gateway of a site.
pub struct Agent {
    desk: Desk,
    /// `None` where devices are pretended.
    neighbours: Option<NeighbourWatch>,
    redirector: Redirector,
    /// `None` where nothing is advertised.
    advertiser: Option<Advertiser>,
    dynamic: DynamicAuthorization,
    hits: mpsc::Receiver<Hit>,
    orders: mpsc::Receiver<Order>,
}

/// What came of a request to a server.
enum Done {
    Asked(MacAddress, Decision),
    Told { number: u64, is_acknowledged: bool },
}

/// What happens next.
enum Input {
    Stop,
    Neighbour(Result<NeighbourEvent, NeighbourError>),
    Hit(Hit),
    Order(Order),
    Done(Done),
    Count,
    Deadline,
}

impl Agent {
    /// Where the redirector listens, and where Disconnect and CoA arrive.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn local_addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.redirector.local_address()?, self.dynamic.local_address()?))
    }

    /// Serves until asked to stop; who is online stays so.
    ///
    /// # Errors
    /// When nothing is enforced any more, or devices can no longer be seen.
    pub async fn run(self, stop: CancellationToken) -> Result<(), EdgeError> {
        let Self {
            mut desk,
            mut neighbours,
            redirector,
            advertiser,
            dynamic,
            mut hits,
            mut orders,
        } = self;
        let mut listeners = JoinSet::new();
        if let Some(advertiser) = advertiser {
            listeners.spawn(advertiser.run());
        }
        listeners.spawn(redirector.run());
        listeners.spawn(dynamic.run());
        let mut count = tokio::time::interval(COUNT_EVERY);
        count.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            desk.settle().await;
            let inputs = Inputs {
                neighbours: neighbours.as_mut(),
                hits: &mut hits,
                orders: &mut orders,
                count: &mut count,
            };
            let input = next(inputs, &mut desk, &stop).await;
            match input {
                Input::Stop => break,
                other => take(&mut desk, other)?,
            }
        }
        desk.finish().await;
        Ok(())
    }
}

struct Inputs<'a> {
    neighbours: Option<&'a mut NeighbourWatch>,
    hits: &'a mut mpsc::Receiver<Hit>,
    orders: &'a mut mpsc::Receiver<Order>,
    count: &'a mut Interval,
}

async fn next(inputs: Inputs<'_>, desk: &mut Desk, stop: &CancellationToken) -> Input {
    let deadline = desk.next_deadline();
    tokio::select! {
        () = stop.cancelled() => Input::Stop,
        event = neighbour(inputs.neighbours) => Input::Neighbour(event),
        Some(hit) = inputs.hits.recv() => Input::Hit(hit),
        Some(order) = inputs.orders.recv() => Input::Order(order),
        done = desk.done() => Input::Done(done),
        _ = inputs.count.tick() => Input::Count,
        () = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        } => Input::Deadline,
    }
}

async fn neighbour(watch: Option<&mut NeighbourWatch>) -> Result<NeighbourEvent, NeighbourError> {
    match watch {
        Some(watch) => watch.next().await,
        None => pending().await,
    }
}

fn take(desk: &mut Desk, input: Input) -> Result<(), EdgeError> {
    let now = desk.now();
    match input {
        Input::Stop => {}
        Input::Neighbour(event) => {
            let NeighbourEvent { address, state } = event?;
            match state {
                NeighbourState::Reachable(device) => {
                    desk.perform(|access| access.seen(device, address, Sign::Fresh, now))?;
                }
                NeighbourState::Stale(device) => {
                    desk.perform(|access| access.seen(device, address, Sign::Stale, now))?;
                }
                NeighbourState::Failed | NeighbourState::Gone => desk.access.gone(address, now),
            }
        }
        Input::Hit(Hit { device, address, standing }) => {
            desk.perform(|access| access.seen(device, address, Sign::Hit, now))?;
            // Who has gone away need not be told.
            standing.send(desk.access.standing(device)).ok();
        }
        Input::Order(order) => carry_out(desk, order)?,
        Input::Done(Done::Asked(device, decision)) => match decision {
            Decision::Accept(terms) => {
                desk.perform(|access| access.accepted(device, terms, now))?;
            }
            Decision::Reject => desk.perform(|access| access.rejected(device, now))?,
            Decision::Silence => desk.access.unanswered(device, now),
        },
        Input::Done(Done::Told { number, is_acknowledged }) => desk.told(number, is_acknowledged),
        Input::Count => desk.count()?,
        Input::Deadline => desk.perform(|access| access.tick(now))?,
    }
    Ok(())
}

fn carry_out(desk: &mut Desk, order: Order) -> Result<(), EdgeError> {
    let now = desk.now();
    let Order { target, wish, answer } = order;
    let (said, actions) = match wish {
        Wish::Disconnect => desk.access.disconnect(&target, now),
        Wish::Change(limits) => desk.access.change(&target, &limits, now),
        Wish::AuthorizeOnly(state) => desk.access.authorize_only(&target, state, now),
    };
    desk.perform(|_| actions)?;
    // A sender that has given up asks again.
    answer.send(said).ok();
    Ok(())
}
