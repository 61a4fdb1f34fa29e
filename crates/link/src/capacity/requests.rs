//! Which requests for trains are granted: a small one makes a large answer, so none is granted twice, and
//! none too soon after another.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::packet::{Part, TrainId, TrainRequest};

/// Why a request is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestRefusal {
    /// The train was asked for before.
    #[error("the train was asked for before")]
    Repeated,
    /// A train was sent just now.
    #[error("the last train was sent less than {} s ago", Requests::PAUSE.as_secs())]
    TooSoon,
}

/// The requests of one peer.
#[derive(Debug, Default)]
pub struct Requests {
    granted: VecDeque<TrainId>,
    sent: Option<Instant>,
}

impl Requests {
    /// So many requests are remembered: three days of one in five minutes.
    pub const REMEMBERED: usize = 1_024;

    /// Trains of so many octets are sent without a pause: what is asked for a gauge and after it.
    pub const SMALL: u64 = 10_000;

    /// From one larger train that is sent to the next: 72 kB in it are 192 kbit/s, whoever repeats what he
    /// overheard before this end was restarted.
    pub const PAUSE: Duration = Duration::from_secs(3);

    /// Grants a request, or tells why not.
    pub fn grant(&mut self, request: &TrainRequest, now: Instant) -> Result<(), RequestRefusal> {
        if self.granted.contains(&request.train) {
            return Err(RequestRefusal::Repeated);
        }
        if request.part == Part::Send && request.plan.octets() > Self::SMALL {
            let is_too_soon = |sent: Instant| now.saturating_duration_since(sent) < Self::PAUSE;
            if self.sent.is_some_and(is_too_soon) {
                return Err(RequestRefusal::TooSoon);
            }
            self.sent = Some(now);
        }
        if self.granted.len() >= Self::REMEMBERED {
            self.granted.pop_front();
        }
        self.granted.push_back(request.train);
        Ok(())
    }
}
