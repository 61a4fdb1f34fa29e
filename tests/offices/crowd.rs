//! Visitors who fill the radio path when an office has to come to it: 200 of them, at one end, who send
//! and take as much as they can by UDP and TCP.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::ground::{Offices, Setting, USUAL};
use crate::weather::{Bottleneck, Weather};

const TRAFFIC: &str = include_str!("crowd.py");
/// How long the radio path takes in one direction when nothing is on it.
const DELAY: Duration = Duration::from_millis(5);
/// What waits before the radio itself: 30 ms.
const QUEUE_MS: usize = 30;
const VISITORS: &str = "200";
/// Somewhere outside, which visitors reach by the radio path at all times.
pub const OUTSIDE: &str = "203.0.113.1";
/// The way there and back.
pub const LAY: &str = r"
ip -n here route add local 10.1.77.0/24 dev lo
ip -n there address add 203.0.113.1/32 dev lo
ip -n router-1 route add 203.0.113.0/24 via 198.51.100.2
ip -n router-2 route add 203.0.113.0/24 via 10.2.0.2
ip -n router-2 route add 10.1.77.0/24 via 198.51.100.1
";
/// What is looked at after the switch.
const AFTERWARDS: f64 = 5.0;

/// What became of an office that came to a path full of visitors.
#[derive(Debug)]
pub struct Outcome {
    /// From the switch until it had 80 % of the path for a tenth of a second.
    pub ready_after: Option<Duration>,
    /// Its share of the path from one second after the switch on.
    pub office: f64,
    /// That of visitors in its direction, before the switch and from one second after it on.
    pub visitors: [f64; 2],
    /// Round trips of the office: the middle one on the path while nobody is there, and the 95th percentile
    /// from one second after the switch on.
    pub round_trips: [Duration; 2],
    /// Questions from one second after the switch on that had no answer, of a hundred.
    pub unanswered: f64,
}

/// Cuts the fibre of an office that sends 85 % of what the radio path carries, while visitors fill it.
pub fn failover(mbit: u32) -> Outcome {
    let mut offices = Offices::lay();
    let radio = offices.lay_by_wire("rad0");
    for end in 1..=2 {
        let room = mbit as usize * 125 * QUEUE_MS;
        let bottleneck = Some(Bottleneck::new(mbit.into(), room));
        radio.set_towards(end, Weather { delay: DELAY, bottleneck, ..Weather::default() });
    }
    let capacity = format!("capacity-mbit = {mbit}");
    offices.begin(Setting {
        more: "visitors = [\"10.1.77.0/24\"]",
        more_of_backup: &capacity,
        ..USUAL
    });
    offices.inside_all(LAY);
    let base = offices.pings("router-1", "198.51.100.2", 50, Duration::from_millis(20));

    let mut town = Traffic::begin(offices.command("there", &[]), &["town"]);
    let twice = (2 * mbit).to_string();
    let crowd = ["visitors", "10.1.77.32", VISITORS, OUTSIDE, &twice];
    let _crowd = Traffic::begin(offices.command("here", &[]), &crowd);
    let most = (f64::from(mbit) * 0.85).to_string();
    let _office =
        Traffic::begin(offices.command("here", &[]), &["office", "10.1.0.2", "10.2.0.2", &most]);
    let full = f64::from(mbit) * 1e6 / 8.0;
    // Until they fill the path for a second, and the office is served by the fibre.
    let before = town.wait_for(|second| second.visitors > 0.7 * full && second.office > 0.8 * full);
    let before = before.visitors / full;
    let ping = offices.begin_pings("here", "10.2.0.2", Duration::from_millis(10));
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    let switched = offices.switched_at("on-backup");
    town.read_until(switched + AFTERWARDS);

    let pings = ping.end();
    let is_after = |at: f64| at >= switched + 1.0 && at < switched + AFTERWARDS;
    let after: Vec<_> = pings.iter().filter(|ping| is_after(ping.at)).collect();
    let asked = after.last().zip(after.first());
    let asked = asked.map_or(0, |(last, first)| last.number - first.number + 1);
    let rates = town.rates();
    let ready = rates.iter().find(|rate| rate.at > switched && rate.office >= 0.8 * full);
    let of = |share: fn(&Rate) -> f64| {
        let rates: Vec<_> = rates.iter().filter(|rate| is_after(rate.at)).map(share).collect();
        rates.iter().sum::<f64>() / rates.len() as f64 / full
    };
    Outcome {
        ready_after: ready.map(|rate| Duration::from_secs_f64(rate.at - switched)),
        office: of(|rate| rate.office),
        visitors: [before, of(|rate| rate.visitors)],
        round_trips: [
            percentile(base.into_iter().flatten().collect(), 50),
            percentile(after.iter().map(|ping| ping.took).collect(), 95),
        ],
        unanswered: 100.0 - after.len() as f64 * 100.0 / asked.max(1) as f64,
    }
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or(Duration::MAX)
}

/// Octets a second, in the tenth of a second or in the second until then.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    at: f64,
    pub office: f64,
    pub visitors: f64,
}

/// A program that sends or takes, until it is dropped.
pub struct Traffic {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    /// When, and how many octets of the office and of visitors had come by then.
    counts: Vec<[f64; 3]>,
}

impl Traffic {
    /// Begins in the place where that command runs something.
    pub fn begin(mut command: Command, words: &[&str]) -> Self {
        command.args(["python3", "-c", TRAFFIC]).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said, counts: Vec::new() }
    }

    /// Takes the next count.
    fn read(&mut self) {
        let line = self.said.next().unwrap().unwrap();
        let numbers: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        self.counts.extend(<[f64; 3]>::try_from(numbers));
    }

    fn read_until(&mut self, end: f64) {
        while self.counts.last().is_none_or(|[at, ..]| *at < end) {
            self.read();
        }
    }

    /// Reads until the last second is like that.
    pub fn wait_for(&mut self, is_so: impl Fn(&Rate) -> bool) -> Rate {
        for _ in 0..600 {
            self.read();
            if let Some(second) = self.seconds().last().filter(|second| is_so(second)) {
                return *second;
            }
        }
        panic!("the path does not fill: {:?}", self.seconds().last());
    }

    fn rates(&self) -> Vec<Rate> {
        self.over(1)
    }

    fn seconds(&self) -> Vec<Rate> {
        self.over(10)
    }

    fn over(&self, counts: usize) -> Vec<Rate> {
        let pairs = self.counts.iter().zip(self.counts.iter().skip(counts));
        let rate = |(from, to): (&[f64; 3], &[f64; 3])| {
            let [time, office, visitors] = [0, 1, 2].map(|place| to[place] - from[place]);
            Rate { at: to[0], office: office / time, visitors: visitors / time }
        };
        pairs.map(rate).collect()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
