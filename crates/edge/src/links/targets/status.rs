//! How targets are now, for whoever asks.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use link::targets::{State, TargetNumber, Targets};
use serde::{Deserialize, Serialize};

use super::settings::TargetSettings;

/// A target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetStatus {
    /// What it is called.
    pub name: String,
    /// By which path it is asked.
    pub path: String,
    /// How it is asked: `ping`, `arp`, `ndp`, `tcp`, `dns` or `http`.
    pub kind: String,
    /// Where it is.
    pub address: IpAddr,
    /// `unknown`, `up` or `down`.
    pub state: String,
    /// How long the last answer took, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Within what time 95 of a hundred answers of the last minutes came.
    pub usual_us: Option<u64>,
    /// So many of a thousand probes of the last minutes were lost.
    pub loss_per_mille: Option<u16>,
    /// Why it is down.
    pub why: Option<String>,
}

/// All targets: who asks them and who is told of them share it.
pub(in crate::links) struct Board {
    pub(super) targets: Mutex<Targets>,
    pub(super) settings: Vec<TargetSettings>,
}

impl Board {
    /// How each of them is.
    pub(in crate::links) fn list(&self) -> Vec<TargetStatus> {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let status = |(number, of): (u32, &TargetSettings)| {
            let number = TargetNumber(number);
            let (state, record) = (targets.state(number), targets.record(number));
            TargetStatus {
                name: of.name.clone(),
                path: of.path.clone(),
                kind: of.kind.as_str().to_owned(),
                address: of.address,
                state: state.as_str().to_owned(),
                round_trip_us: targets.last(number).map(micros),
                usual_us: record.and_then(|of| of.round_trips().percentile(95)).map(micros),
                loss_per_mille: record.and_then(link::targets::Record::loss_per_mille),
                why: targets
                    .failure(number)
                    .filter(|_| state == State::Down)
                    .map(|failure| failure.to_string()),
            }
        };
        (0..).zip(&self.settings).map(status).collect()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
