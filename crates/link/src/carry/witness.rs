//! What the far agent saw of flows, so that it can confirm them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::{Confirmation, Place, Query, REMEMBERED};

/// The last flows that came to the address at which runs knock.
#[derive(Debug, Default)]
pub struct Witness {
    flows: VecDeque<Flow>,
}

#[derive(Debug, Clone, Copy)]
struct Flow {
    from: SocketAddr,
    seen: Instant,
    arrived: Place,
    returned: Place,
}

impl Witness {
    /// So many flows are remembered; when one more comes, the one seen first goes.
    pub const MOST: usize = 64;

    /// A packet of the flow arrived by that way.
    pub fn arrived(&mut self, from: SocketAddr, by: Place, now: Instant) {
        let flow = self.flow(from, now);
        // One packet that strays is told, whatever the others do.
        if !matches!(flow.arrived, Place::Elsewhere(_)) {
            flow.arrived = by;
        }
    }

    /// A packet to where the flow comes from left by that way.
    pub fn returned(&mut self, from: SocketAddr, by: Place, now: Instant) {
        let flow = self.flow(from, now);
        if !matches!(flow.returned, Place::Elsewhere(_)) {
            flow.returned = by;
        }
    }

    /// What is known of the flow that is asked for.
    pub fn confirm(&self, query: &Query, now: Instant) -> Confirmation {
        let is_it = |flow: &&Flow| flow.from == query.flow && flow.is_remembered(now);
        let (arrived, returned) = self
            .flows
            .iter()
            .find(is_it)
            .map_or((Place::Nowhere, Place::Nowhere), |flow| (flow.arrived, flow.returned));
        Confirmation { run: query.run, arrived, returned }
    }

    fn flow(&mut self, from: SocketAddr, now: Instant) -> &mut Flow {
        let known = self.flows.iter().position(|flow| flow.from == from);
        let fresh = Flow { from, seen: now, arrived: Place::Nowhere, returned: Place::Nowhere };
        let flow = match known.and_then(|place| self.flows.remove(place)) {
            Some(flow) if flow.is_remembered(now) => Flow { seen: now, ..flow },
            _ => fresh,
        };
        if self.flows.len() >= Self::MOST {
            self.flows.pop_back();
        }
        self.flows.push_front(flow);
        self.flows.front_mut().expect("one was pushed just now")
    }
}

impl Flow {
    fn is_remembered(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) <= REMEMBERED
    }
}
