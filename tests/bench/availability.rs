//! What a month's report says of outages that were written down beforehand, each second of which is counted
//! here by itself: from what agents tell to what the command line shows.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};
use domain::{Timestamp, Zone};
use serde_json::Value;
use tempfile::TempDir;

use crate::agents::{self, Office};
use crate::city::{City, now};

const OFFICES: u32 = 10;
const PATHS: [&str; 2] = ["fibre", "radio"];
/// How long it is looked at, in seconds: the end of the month before this one.
const WATCHED: usize = 12 * 3_600;
/// Seconds from one outage of a path to the next, and how long one takes.
const BETWEEN: std::ops::Range<u64> = 300..3_600;
const LASTING: std::ops::Range<u64> = 3..900;
/// So many lines are told at once.
const AT_ONCE: usize = 500;
/// How long the centre may take to add up what it heard.
const PATIENCE: Duration = Duration::from_secs(150);

/// What happens to an office: whether each path is down, and the office on its backup, second by second.
struct Script {
    down: [Vec<bool>; 2],
    on_backup: Vec<bool>,
    outages: usize,
}

/// What is counted of a line, or an office.
#[derive(Default)]
struct Counted {
    down: f64,
    outages: f64,
    repair: f64,
    available: f64,
    ready: f64,
    on_backup: f64,
}

/// The most by which a figure is told differently than it was counted.
#[derive(Default)]
struct Row {
    counted: f64,
    told: f64,
    error: f64,
}

/// A table of what was counted and what was told.
pub fn report() -> anyhow::Result<String> {
    let files = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let config = Arc::new(agents::prove(files.path())?);
    let (centre, more) = agents::listen(files.path())?;
    let at = now()?;
    let city = City::begin_with(&[], at, &more)?;
    let scripts: Vec<_> = (1..=u64::from(OFFICES)).map(Script::write).collect();
    let (month, begin) = last_hours(at)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let offices = agents::connect(centre, &config, (OFFICES, at)).await?;
        for (mut office, script) in offices.into_iter().zip(&scripts) {
            script.tell(&mut office, begin).await?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let told = told(&city, &month)?;
    let mut lines = rows();
    let mut offices = rows();
    for (number, script) in (0..OFFICES).zip(&scripts) {
        let name = agents::name(number);
        for (path, down) in PATHS.iter().zip(&script.down) {
            let proven = *path == "radio";
            let line = find(&told, "lines", &format!("{name}/{path}"))?;
            add(&mut lines, &Counted::of(down, proven.then_some(down), &[]), line)?;
        }
        let [fibre, radio] = &script.down;
        let both: Vec<_> = fibre.iter().zip(radio).map(|(fibre, radio)| *fibre && *radio).collect();
        let counted = Counted::of(&both, Some(radio), &script.on_backup);
        add(&mut offices, &counted, find(&told, "offices", &name)?)?;
    }
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["of", "figure", "counted", "told", "largest error of one"]);
    let lines_of = OFFICES * PATHS.len() as u32;
    for (of, rows, count) in [("20 lines", lines, lines_of), ("10 offices", offices, OFFICES)] {
        for (name, row) in FIGURES.iter().zip(rows) {
            // What is no sum is told as the mean of all.
            let of_all = if name.contains("one") || name.starts_with('%') { count } else { 1 };
            let [counted, told] = [row.counted, row.told].map(|sum| sum / f64::from(of_all));
            let numbers = [counted, told, row.error].map(|number| format!("{number:.3}"));
            let [counted, told, error] = numbers;
            table.add_row([of, name, &counted, &told, &error]);
        }
    }
    let outages: usize = scripts.iter().map(|script| script.outages).sum();
    Ok(format!(
        "### What a report says of {outages} scripted outages within twelve hours\n\n{table}\n"
    ))
}

/// What is compared: sums, and of times to repair and shares the means.
const FIGURES: [&str; 6] = [
    "seconds down",
    "outages",
    "seconds to repair one",
    "% available",
    "% backup proven",
    "seconds on backup",
];

fn rows() -> [Row; 6] {
    std::array::from_fn(|_| Row::default())
}

/// The month before this one, and when its last hours begin.
fn last_hours(at: Timestamp) -> anyhow::Result<(String, Timestamp)> {
    let zone = Zone::riyadh();
    let first = |of: Timestamp| -> anyhow::Result<Timestamp> {
        let local = zone.write(of);
        let month = local.get(..7).context("a time begins with its month")?;
        zone.read(&format!("{month}-01 00:00:00")).context("a month has a first day")
    };
    let begin = first(at)? - Duration::from_secs(WATCHED as u64);
    let local = zone.write(begin);
    Ok((local.get(..7).context("a time begins with its month")?.to_owned(), begin))
}

/// The report, once the centre has added up all that it was told.
fn told(city: &City, month: &str) -> anyhow::Result<Value> {
    let begun = Instant::now();
    loop {
        let told = city.ask(&["link", "report", "--month", month])?;
        let lines = told["lines"].as_array().context("a report has lines")?;
        let is_known = |line: &Value| {
            let known = [&line["up_seconds"], &line["down_seconds"]].map(Value::as_f64);
            known.into_iter().flatten().sum::<f64>() >= WATCHED as f64
        };
        let expected = OFFICES as usize * PATHS.len();
        if lines.len() == expected && lines.iter().all(is_known) {
            return Ok(told);
        }
        ensure!(begun.elapsed() < PATIENCE, "not all was added up: {told}");
        std::thread::sleep(Duration::from_secs(2));
    }
}

fn find<'a>(told: &'a Value, of: &str, name: &str) -> anyhow::Result<&'a Value> {
    let all = told[of].as_array().context("a report has it")?;
    all.iter().find(|one| one["name"] == name).with_context(|| format!("{name} is in no report"))
}

fn add(rows: &mut [Row; 6], counted: &Counted, told: &Value) -> anyhow::Result<()> {
    let Counted { down, outages, repair, available, ready, on_backup } = *counted;
    let keys = [
        ("down_seconds", down, 1.0),
        ("outages", outages, 1.0),
        ("repair_seconds", repair, 1.0),
        ("availability", available, 100.0),
        ("readiness", ready, 100.0),
        ("on_backup_seconds", on_backup, 1.0),
    ];
    for (row, (key, counted, unit)) in rows.iter_mut().zip(keys) {
        let told =
            if told[key].is_null() { 0.0 } else { told[key].as_f64().context("a number")? };
        row.counted += counted * unit;
        row.told += told * unit;
        row.error = row.error.max((counted - told).abs() * unit);
    }
    Ok(())
}

impl Counted {
    /// Second by second: when it was down, when its backup was down if it has one that was proven, and when
    /// it went by that.
    fn of(down: &[bool], backup: Option<&Vec<bool>>, on_backup: &[bool]) -> Self {
        let count = |of: &[bool]| of.iter().filter(|is| **is).count() as f64;
        let begins = |(at, is): (usize, &bool)| *is && (at == 0 || !down[at - 1]);
        let outages = down.iter().enumerate().filter(|pair| begins(*pair)).count() as f64;
        let down_for = count(down);
        Self {
            down: down_for,
            outages,
            repair: if outages > 0.0 { down_for / outages } else { 0.0 },
            available: 1.0 - down_for / WATCHED as f64,
            ready: backup.map_or(0.0, |down| 1.0 - count(down) / WATCHED as f64),
            on_backup: count(on_backup),
        }
    }
}

/// Numbers that are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn within(&mut self, range: &std::ops::Range<u64>) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (range.start + (mixed ^ (mixed >> 31)) % (range.end - range.start)) as usize
    }
}

impl Script {
    fn write(seed: u64) -> Self {
        let (mut chance, mut outages) = (Chance(seed), 0);
        let down = PATHS.map(|_| {
            let (mut down, mut at) = (vec![false; WATCHED], 0);
            loop {
                at += chance.within(&BETWEEN);
                let until = at + chance.within(&LASTING);
                // All of them are over before the month is.
                if until >= WATCHED {
                    return down;
                }
                down[at..until].fill(true);
                outages += 1;
                at = until;
            }
        });
        let mut on_backup = vec![false; WATCHED];
        for at in 1..WATCHED {
            let [fibre, radio] = [down[0][at], down[1][at]];
            // Of two that are dead the office keeps the one on which it is.
            on_backup[at] = if fibre && radio { on_backup[at - 1] } else { fibre };
        }
        Self { down, on_backup, outages }
    }

    /// Has the agent of an office tell all of it, and how its paths were meanwhile.
    async fn tell(&self, office: &mut Office, begin: Timestamp) -> anyhow::Result<()> {
        let begin = u64::try_from(begin.as_millis())?;
        let mut events = vec![
            (0, r#""what":"began""#.to_owned()),
            (0, r#""what":"path","path":"fibre","to":"up""#.to_owned()),
            (0, r#""what":"path","path":"radio","to":"up""#.to_owned()),
            (0, r#""what":"fitness","path":"radio","to":"ready""#.to_owned()),
            (0, site(false)),
        ];
        for at in 1..WATCHED {
            for (path, down) in PATHS.iter().zip(&self.down) {
                if down[at] != down[at - 1] {
                    let to = if down[at] { r#""down","code":"silent""# } else { r#""up""# };
                    events.push((at, format!(r#""what":"path","path":"{path}","to":{to}"#)));
                }
            }
            if self.on_backup[at] != self.on_backup[at - 1] {
                events.push((at, site(self.on_backup[at])));
            }
        }
        let event = |number: usize, (at, what): &(usize, String)| {
            let at = begin + *at as u64 * 1_000;
            format!(r#"{{"number":{number},"at":{at},"site":"{}",{what}}}"#, office.name())
        };
        let events: Vec<_> = (1..).zip(&events).map(|(number, of)| event(number, of)).collect();
        let mut cells = Vec::new();
        for at in (0..WATCHED).step_by(10) {
            for (path, down) in PATHS.iter().zip(&self.down) {
                let alive = down[at..at + 10].iter().filter(|is| !**is).count();
                let (number, begin) = (cells.len() + 1, begin + at as u64 * 1_000);
                cells.push(format!(
                    "{{\"number\":{number},\"begin\":{begin},\"span\":10,\"site\":\"{}\",\
                     \"path\":\"{path}\",\"watched\":10,\"alive\":{alive},\"carried\":0,\"sent\":0,\
                     \"lost\":0,\"lost-there\":0,\"lost-back\":0,\"health\":\"up\"}}",
                    office.name()
                ));
            }
        }
        for (what, lines) in [("events", events), ("cells", cells)] {
            let mut first = 1;
            for some in lines.chunks(AT_ONCE) {
                let mut body = String::new();
                some.iter().try_for_each(|line| writeln!(body, "{line}"))?;
                office.tell_lines(what, first, body).await?;
                first += some.len();
            }
        }
        Ok(())
    }
}

/// Where an office goes.
fn site(is_on_backup: bool) -> String {
    let (to, path) = if is_on_backup { ("on-backup", "radio") } else { ("primary", "fibre") };
    format!(r#""what":"site","to":"{to}","routes":["{path}","{path}"]"#)
}
