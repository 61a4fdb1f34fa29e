//! What an office has of its backup: room among visitors who fill it, what is said to be carried beside
//! what is, and peace on one that loses packets.

use std::time::Duration;

use anyhow::{anyhow, ensure};
use comfy_table::{Table, presets};

use crate::crowd::{self, Outcome, Traffic};
use crate::ground::{Offices, Setting, USUAL};
use crate::weather::{Loss, Weather};

const RUNS: usize = 5;
/// What the path carries, in Mbit/s.
const CROWDED: [u32; 2] = [20, 50];
const MEASURED: [u32; 4] = [5, 20, 100, 300];
/// Offices that all lose as much at the same time, and for how long.
const OFFICES: usize = 4;
const LONG: Duration = Duration::from_secs(600);

/// An office that has to come to a path that 200 visitors fill.
pub fn crowd() -> anyhow::Result<String> {
    let header = [
        "path Mbit/s",
        "80 % after ms",
        "office %",
        "visitors before %",
        "visitors then %",
        "round trip alone ms",
        "95th percentile then ms",
        "without answer %",
    ];
    let mut table = table(&header);
    for mbit in CROWDED {
        for _ in 0..RUNS {
            let Outcome { ready_after, office, visitors, round_trips, unanswered } =
                crowd::failover(mbit);
            let percent = |share: f64| format!("{:.0}", share * 100.0);
            let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
            table.add_row([
                mbit.to_string(),
                ready_after.map_or_else(|| "never".to_owned(), ms),
                percent(office),
                percent(visitors[0]),
                percent(visitors[1]),
                ms(round_trips[0]),
                ms(round_trips[1]),
                format!("{unanswered:.1}"),
            ]);
        }
    }
    Ok(format!(
        "### An office that sends 85 % of its backup comes to it while 200 visitors fill it\n\n{table}\n"
    ))
}

/// What trains say of a path behind a shaper, beside what the shaper lets pass.
pub fn capacity() -> anyhow::Result<String> {
    let mut table = table(&["path Mbit/s", "other traffic", "runs", "measured Mbit/s", "error %"]);
    for mbit in MEASURED {
        for others in [0, 50] {
            let measured = (0..RUNS).map(|_| measure(mbit, others));
            let mut measured = measured.collect::<anyhow::Result<Vec<_>>>()?;
            measured.sort_unstable_by(f64::total_cmp);
            eprintln!("  {mbit} Mbit/s, {others} % others: {measured:.1?}");
            let error = |of: &f64| (of / f64::from(mbit) - 1.0) * 100.0;
            let (least, most) = (measured[0], measured[RUNS - 1]);
            table.add_row([
                mbit.to_string(),
                if others == 0 { "none".to_owned() } else { format!("{others} %") },
                RUNS.to_string(),
                format!("{least:.1} to {most:.1}, in the middle {:.1}", measured[RUNS / 2]),
                format!("{:+.1} to {:+.1}", error(&least), error(&most)),
            ]);
        }
    }
    Ok(format!("### What a path is said to carry, by trains of 60 packets\n\n{table}\n"))
}

/// What an agent says, in Mbit/s, that it can send by a radio path that carries so much and has so many
/// percent of other traffic.
fn measure(mbit: u32, others: u32) -> anyhow::Result<f64> {
    let mut offices = Offices::lay();
    let rate = format!("{mbit}mbit");
    let shaper = ["tc", "qdisc", "add", "dev", "rad0", "root", "tbf", "rate", &rate];
    let bucket = ["burst", "6000", "limit", "200000"];
    offices.at("router-1", &[&shaper[..], &bucket].concat());
    offices.inside_all(crowd::LAY);
    let most = (f64::from(mbit * others) / 100.0).to_string();
    let sending = ["office", "10.1.0.2", crowd::OUTSIDE, &most];
    let _others = (others > 0).then(|| Traffic::begin(offices.command("here", &[]), &sending));
    let test = Some("every-seconds = 10");
    // Heartbeats need no proof here, and wait behind others as all does.
    offices.start(1, Setting { heartbeats: (100, 5), carry_test: test, ..USUAL });
    offices.start(2, Setting { heartbeats: (100, 5), carry_test: test, ..USUAL });
    let status = offices.wait_for(1, "what the radio path carries", |status| {
        status["paths"][1]["carries-kbit"][0].is_u64()
    });
    let kbit = status["paths"][1]["carries-kbit"][0].as_f64().unwrap_or_default();
    ensure!(kbit > 0.0, "nothing is carried");
    Ok(kbit / 1_000.0)
}

/// Paths that lose a fifth of all packets each way for ten minutes.
pub fn losses() -> anyhow::Result<String> {
    let offices = (0..OFFICES).map(|_| std::thread::spawn(lose)).collect::<Vec<_>>();
    let mut table = table(&["office", "packets asked", "answered %", "taken for dead", "moved"]);
    for (number, office) in (1..).zip(offices) {
        let cells = office.join().map_err(|_| anyhow!("an office does not come up"))?;
        let [asked, answered, falls, moves] = cells;
        let share = answered as f64 * 100.0 / asked as f64;
        table.add_row([
            number.to_string(),
            asked.to_string(),
            format!("{share:.1}"),
            falls.to_string(),
            moves.to_string(),
        ]);
    }
    let minutes = LONG.as_secs() / 60;
    Ok(format!(
        "### A path with 5 x 100 ms that loses a fifth each way for {minutes} minutes\n\n{table}\n"
    ))
}

/// Questions, answers, and how often the path was taken for dead and the whole office was moved.
fn lose() -> [usize; 4] {
    let mut offices = Offices::lay();
    let fibre = offices.lay_by_wire("fib0");
    offices.begin(Setting { heartbeats: (100, 5), ..USUAL });
    fibre.set(&Weather { loss: Loss::Random(0.2), ..Weather::default() });
    let pause = Duration::from_millis(100);
    let asked = (LONG.as_millis() / pause.as_millis()) as u32;
    let answered = offices.pings("here", "10.2.0.2", asked, pause).iter().flatten().count();
    let events = [1, 2].map(|router| offices.events(router)).concat();
    let falls = events.iter().filter(|event| event["to"] == "down").count();
    let moves = events.iter().filter(|event| event["to"] == "on-backup").count();
    [asked as usize, answered, falls, moves]
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(header);
    table
}
