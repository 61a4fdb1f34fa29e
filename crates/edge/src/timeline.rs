//! Reads the agent's own time line ([`Moment`]) off the machine.
//!
//! A restart of the daemon finds by the kernel's boot identifier whether the machine has been
//! running all the time, and by its uptime for how long (proc(5)).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::moment::Moment;

/// A point of the time line, as a later run can go on from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    moment: Moment,
    boot: String,
    uptime: Duration,
}

/// The time line of this run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeline {
    started: Instant,
    from: Moment,
}

impl Timeline {
    /// Goes on from where an earlier run has left, or begins.
    pub(crate) fn go_on(mark: Option<&Mark>) -> Self {
        let from = mark.map_or_else(Moment::default, |mark| mark.resumed(&boot(), uptime()));
        Self { started: Instant::now(), from }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Moment {
        self.from + self.started.elapsed()
    }

    /// When a moment will be, or was.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        self.started + moment.since(self.from)
    }

    /// The present moment for a later run.
    pub(crate) fn mark(&self) -> Mark {
        Mark { moment: self.now(), boot: boot(), uptime: uptime() }
    }
}

impl Mark {
    fn resumed(&self, boot: &str, uptime: Duration) -> Moment {
        if self.boot != boot || boot.is_empty() {
            return self.moment;
        }
        self.moment + uptime.saturating_sub(self.uptime)
    }
}

fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

fn uptime() -> Duration {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    Duration::try_from_secs_f64(seconds.unwrap_or(0.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_line_goes_on_while_the_machine_runs_and_stands_still_while_it_is_off() {
        let mark = Mark {
            moment: Moment::from_millis(5_000),
            boot: "first".to_owned(),
            uptime: Duration::from_secs(100),
        };
        for (boot, uptime, expected) in
            [("first", 160, 65_000), ("first", 90, 5_000), ("second", 160, 5_000), ("", 160, 5_000)]
        {
            let resumed = mark.resumed(boot, Duration::from_secs(uptime));
            assert_eq!(resumed, Moment::from_millis(expected), "{boot} {uptime}");
        }
    }

    #[test]
    fn a_later_run_begins_where_the_earlier_one_stood() {
        let earlier = Timeline::go_on(None).mark();
        let later = Timeline::go_on(Some(&earlier));
        assert!(later.now() >= earlier.moment);
        assert!(later.now().since(earlier.moment) < Duration::from_secs(60));
    }
}
