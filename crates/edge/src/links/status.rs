//! How the links of an office are now, for whoever asks.

use std::net::IpAddr;
use std::time::Duration;

use link::capacity::BitRate;
use link::capacity::bulk::Sustained;
use link::carry::Judgement;
use link::sector::Beside;
use link::{PathNumber, Second};
use serde::{Deserialize, Serialize};

use super::event::{self, Words};
use super::metered::BudgetStatus;
use super::settings::SwitchMode;
use super::trial::Bulked;
use super::watch::{Fitness, Watch};

/// An office and its paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// What the office is called.
    pub site: String,
    /// How it is connected: `primary`, `on-backup`, `split`, `returning`, `isolated` or `locked`.
    pub mode: String,
    /// The path of what is protected, and that of the rest.
    pub routes: [String; 2],
    /// The path on which visitors make room.
    pub clamped: Option<String>,
    /// Whether routes stay as they are whatever is decided.
    pub is_dry_run: bool,
    /// Whether FRR moves them, as it is advised.
    #[serde(default)]
    pub is_advised: bool,
    /// The generation of the centre's policy by which it runs; nothing if it runs by its file alone.
    #[serde(default)]
    pub policy: Option<u64>,
    /// The names of its paths, the primary one first.
    #[serde(default)]
    pub order: Vec<String>,
    /// Its paths as they are listed.
    pub paths: Vec<PathStatus>,
}

/// A path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PathStatus {
    /// What it is called.
    pub name: String,
    /// How it is.
    pub health: String,
    /// How often it is watched, if its traffic is paid for: `idle`, `keeping-up` or `full`.
    pub pace: Option<String>,
    /// Whether packets pass.
    pub is_alive: bool,
    /// Round trips of the last second: the middle one, in microseconds.
    pub round_trip_us: Option<u64>,
    /// How long they usually take.
    pub usual_us: Option<u64>,
    /// How much they differ; neither is known of a path that is down.
    pub jitter_us: Option<u64>,
    /// So many of a thousand probes were lost in the last second.
    pub loss_per_mille: Option<u16>,
    /// How voices would come, in hundredths of a score of 1 to 5.
    pub mos: Option<u16>,
    /// Whether it would carry the office: `ready`, `stale` or `unfit`; nothing if that is not tried. Of a
    /// path that is down no trial counts that passed before.
    pub fitness: Option<String>,
    /// Why it would not.
    pub unfit: Option<String>,
    /// How often it was tried since the agent began.
    pub trials: u64,
    /// What it carried in the latest trial, to the far end and from there, in kbit/s.
    pub carries_kbit: Option<[u64; 2]>,
    /// What it carried to the end in the last bulk run.
    #[serde(default)]
    pub sustained: Option<SustainedStatus>,
    /// Whether that was too long ago to count.
    #[serde(default)]
    pub is_sustained_old: bool,
    /// The largest packet that is known to pass, in octets.
    pub mtu: Option<u16>,
    /// What may be spent on watching it and what was, if that is limited.
    #[serde(default)]
    pub budget: Option<BudgetStatus>,
    /// What visitors have of it at most, in kbit/s; nothing if they have all that the office leaves.
    pub visitors_kbit: Option<u64>,
    /// Beside whom that was, if not alone: `shared` with other offices of the sector, or `unknown`.
    #[serde(default)]
    pub carried_beside: Option<String>,
    /// The sector that it is on, as the centre is told.
    #[serde(default)]
    pub sector: Option<String>,
    /// The addresses of both its ends then, our own first.
    #[serde(default)]
    pub ends: Option<[IpAddr; 2]>,
    /// What the office counts on there, in kbit/s, while it is its backup.
    #[serde(default)]
    pub office_kbit: Option<u64>,
    /// Whether the office leaves no room for visitors who are not online yet.
    #[serde(default)]
    pub is_closed_to_visitors: bool,
}

/// What a path carried to the end, to the far end and from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SustainedStatus {
    /// In kbit/s.
    pub kbit: [u64; 2],
    /// So many of a thousand packets were lost.
    pub loss_per_mille: [u16; 2],
    /// The longest middle round trip of a second meanwhile, in microseconds.
    pub round_trip_us: Option<u64>,
    /// When, in seconds of Unix time.
    pub at: u64,
}

impl SustainedStatus {
    /// What came of a run, if it went in both directions.
    pub(super) fn of(bulked: &Bulked) -> Option<Self> {
        let ends = [bulked.up?, bulked.down?];
        Some(Self {
            kbit: bulked.kbit()?,
            loss_per_mille: ends.map(|of| of.loss),
            round_trip_us: bulked.round_trip_us,
            at: bulked.at,
        })
    }

    /// The run of which it is.
    pub(super) fn bulked(&self) -> Bulked {
        let ([up, down], [lost_up, lost_down]) = (self.kbit, self.loss_per_mille);
        let [up, down] = [(up, lost_up), (down, lost_down)].map(|(kbit, loss)| {
            Some(Sustained { rate: BitRate::from_kilobits_per_second(kbit), loss })
        });
        Bulked { up, down, round_trip_us: self.round_trip_us, at: self.at }
    }
}

impl Status {
    pub(super) fn of(watch: &Watch, words: &Words) -> Self {
        let routes = watch.site().routes();
        let paths = (0..).map(PathNumber::new).zip(watch.views()).map(|(number, view)| {
            let (second, usual) = watch.quality(number).unzip();
            // Answers and a trial that passed are from before a path fell.
            let is_of_now =
                |of: &&Second| of.sent > 0 && (view.is_alive || of.round_trips.is_empty());
            let second = second.filter(is_of_now);
            let fitness = watch.fitness(number);
            let judgement = fitness.map(|fitness| match fitness.judgement() {
                Judgement::Ready if !view.is_alive => Judgement::Stale,
                judgement => judgement,
            });
            let carried = fitness.and_then(Fitness::carried).filter(|_| view.is_alive);
            PathStatus {
                name: words.path(number),
                health: view.health.to_string(),
                pace: watch.pace(number).map(|pace| pace.as_str().to_owned()),
                is_alive: view.is_alive,
                round_trip_us: second.and_then(|of| of.round_trips.percentile(50)).map(micros),
                usual_us: usual.flatten().map(micros),
                jitter_us: second.filter(|_| view.is_alive).map(|of| micros(of.jitter)),
                loss_per_mille: second.map(|_| view.loss),
                mos: second.map(|_| view.mos.hundredths()),
                fitness: judgement.map(|judgement| event::fitness(judgement).to_owned()),
                unfit: match judgement {
                    Some(Judgement::Unfit(reason)) => Some(reason.to_string()),
                    _ => None,
                },
                trials: fitness.map(Fitness::trials).unwrap_or_default(),
                carries_kbit: carried.map(|of| {
                    [of.capacity_up, of.capacity_down].map(|of| of.bits_per_second() / 1_000)
                }),
                carried_beside: carried
                    .filter(|of| of.beside != Beside::Nobody)
                    .map(|of| of.beside.as_str().to_owned()),
                sector: None,
                ends: None,
                office_kbit: watch.office_on(number).map(|of| of.bits_per_second() / 1_000),
                mtu: carried.map(|of| of.mtu.0),
                is_sustained_old: fitness.is_some_and(Fitness::is_bulked_old),
                sustained: fitness.and_then(Fitness::bulked).and_then(SustainedStatus::of),
                budget: None,
                is_closed_to_visitors: watch.is_closed_to_visitors(number),
                visitors_kbit: watch.ceil(number).flatten().map(|of| of.bits_per_second() / 1_000),
            }
        });
        Self {
            site: words.site.clone(),
            mode: watch.site().mode().as_str().to_owned(),
            routes: [routes.protected, routes.all].map(|path| words.path(path)),
            clamped: watch.site().clamped().map(|path| words.path(path)),
            is_dry_run: words.mode == SwitchMode::DryRun,
            is_advised: words.mode == SwitchMode::Advise,
            policy: None,
            order: watch.site().order().iter().map(|path| words.path(path)).collect(),
            paths: paths.collect(),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
