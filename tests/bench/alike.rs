//! What the time of an answer says of a number: whether it has an account, was asked for by others, or
//! is held back. Kinds come in an order by chance; how long each step took is compared by the test
//! of Mann and Whitney, with the probability that an answer about one kind takes longer than one
//! about a number that nobody knows.

use std::io::BufReader;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{CellAlignment, Table, presets};
use domain::{MacAddress, Timestamp};
use store::{Accounts, SendBlock, SendBlocks};

use crate::city::{self, City};
use crate::http_load::{self, Answer};
use crate::sign_ins::{arrive, get, post};
use crate::sms_gateway::SmsGateway;
use crate::visitors;

/// Samples of each kind.
const SAMPLES: u32 = 1_000;
/// Numbers that begin so are blocked.
const BLOCKED: &str = "+966577";
/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Known,
    Forgotten,
    Blocked,
    /// Others have had all its codes.
    Over,
}

const KINDS: [Kind; 5] = [Kind::Unknown, Kind::Known, Kind::Forgotten, Kind::Blocked, Kind::Over];
const STEPS: [&str; 3] = ["the number", "the page of the code", "a wrong code"];

/// How long each step of each kind took.
type Times = [[Vec<Duration>; STEPS.len()]; KINDS.len()];

/// Takes all samples on that database; every number is asked for once, by a device of its own.
///
/// # Errors
/// A step that does not lead on.
pub fn run(on: &str, city: &City, gateway: &SmsGateway, now: Timestamp) -> anyhow::Result<String> {
    tokio::runtime::Runtime::new()?.block_on(prepare(city, now))?;
    let mut order: Vec<Kind> =
        KINDS.into_iter().flat_map(|kind| std::iter::repeat_n(kind, SAMPLES as usize)).collect();
    shuffle(&mut order)?;
    let mut times = Times::default();
    let mut taken = [0_u32; KINDS.len()];
    let mut portal = http_load::connect(city.portal)?;
    let mut turn = 0;
    for kind in order {
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        let number = number(kind, taken[place]);
        taken[place] += 1;
        if kind == Kind::Over {
            turn += 1;
            ask(city, &mut portal, device(turn), &number)?;
            gateway.code(&number)?;
        }
        turn += 1;
        if turn % 50 == 0 {
            // Before the portal ends it.
            portal = http_load::connect(city.portal)?;
        }
        let took = ask(city, &mut portal, device(turn), &number)?;
        for (step, took) in took.into_iter().enumerate() {
            times[place][step].push(took);
        }
        if !matches!(kind, Kind::Blocked | Kind::Over) {
            gateway.code(&number)?;
        }
    }
    Ok(report(on, &times))
}

fn number(kind: Kind, nth: u32) -> String {
    // Of blocks of numbers far from each other.
    let spread = u64::from(nth) * 6_180_339 % 10_000_000;
    match kind {
        Kind::Known => format!("96654{spread:07}"),
        Kind::Forgotten => format!("96656{spread:07}"),
        Kind::Unknown => format!("96653{spread:07}"),
        Kind::Over => format!("96655{spread:07}"),
        Kind::Blocked => format!("966577{:06}", spread % 1_000_000),
    }
}

fn device(turn: u32) -> MacAddress {
    let [a, b, c, d] = turn.to_be_bytes();
    MacAddress::new([0x0a, 0, a, b, c, d])
}

/// From the redirect to a wrong code; how long the steps took.
fn ask(
    city: &City,
    portal: &mut BufReader<TcpStream>,
    device: MacAddress,
    number: &str,
) -> anyhow::Result<[Duration; STEPS.len()]> {
    let page = arrive(city.portal, portal, device)?;
    let folder = page.strip_suffix('/').context("no first page")?.to_owned();
    ensure!(get(portal, &page)?.status == 200, "no first page");
    let form = format!("phone=%2B{number}&terms=yes");
    let (typed, first) = timed(|| post(portal, &format!("{folder}/phone"), &form))?;
    let code_page = typed.location.with_context(|| format!("{} for {number}", typed.status))?;
    ensure!(code_page.ends_with("/code"), "{number} is led to {code_page}");
    let (shown, second) = timed(|| get(portal, &code_page))?;
    ensure!(shown.status == 200, "{} for the page of a code", shown.status);
    // Of a million it is the right one once.
    let (entered, third) = timed(|| post(portal, &code_page, "code=000000"))?;
    ensure!(entered.status == 303, "{} for a wrong code", entered.status);
    Ok([first, second, third])
}

fn timed(step: impl FnOnce() -> anyhow::Result<Answer>) -> anyhow::Result<(Answer, Duration)> {
    let begun = Instant::now();
    let answer = step()?;
    Ok((answer, begun.elapsed()))
}

/// An order by chance (Fisher and Yates).
fn shuffle<T>(all: &mut [T]) -> anyhow::Result<()> {
    for end in (1..all.len()).rev() {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("{error}"))?;
        let place = u64::from_be_bytes(random) % (end as u64 + 1);
        all.swap(end, usize::try_from(place)?);
    }
    Ok(())
}

/// How likely something of the second takes longer than something of the first, and how many
/// standard deviations that is from even.
fn compare(first: &[Duration], second: &[Duration]) -> (f64, f64) {
    let mut all: Vec<(Duration, bool)> = first.iter().map(|time| (*time, false)).collect();
    all.extend(second.iter().map(|time| (*time, true)));
    all.sort_unstable();
    let mut ranks = 0.0;
    let mut place = 0;
    for equal in all.chunk_by(|one, other| one.0 == other.0) {
        // What is equal shares its ranks.
        let rank = place as f64 + (equal.len() as f64 + 1.0) / 2.0;
        ranks += rank * equal.iter().filter(|(_, of_second)| *of_second).count() as f64;
        place += equal.len();
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let u = ranks - m * (m + 1.0) / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    (u / (n * m), (u - n * m / 2.0) / deviation)
}

fn report(on: &str, times: &Times) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["", "number", "p50 ms", "p99 ms", "takes longer", "z"]);
    for (step, name) in STEPS.iter().enumerate() {
        for (place, kind) in KINDS.iter().enumerate() {
            let mut sorted = times[place][step].clone();
            sorted.sort_unstable();
            let percentile = |percent: usize| {
                let time = sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default();
                format!("{:.2}", time.as_secs_f64() * 1_000.0)
            };
            let (longer, z) = compare(&times[0][step], &times[place][step]);
            let [half, most] = [percentile(50), percentile(99)];
            let kind = format!("{kind:?}").to_lowercase();
            table.add_row([
                *name,
                &kind,
                &half,
                &most,
                &format!("{longer:.3}"),
                &format!("{z:+.1}"),
            ]);
        }
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "What the time of an answer says of a number on {on}, {SAMPLES} of each kind: how likely it \
         takes longer than of an unknown number (even is 0.5)\n\n{table}\n"
    )
}

/// Prepares what kinds of numbers need in a city's database.
async fn prepare(city: &City, now: Timestamp) -> anyhow::Result<()> {
    let store = city.store().await?;
    let long_ago = now - Duration::from_secs(200 * 86_400);
    for (first, kind, then) in [(0, Kind::Known, now), (SAMPLES, Kind::Forgotten, long_ago)] {
        for nth in 0..SAMPLES {
            let mut sign_in = city::sign_in(visitors::DEVICES + first + nth, then)?;
            sign_in.identity = format!("+{}", number(kind, nth)).parse()?;
            sign_in.grant.until = then + Duration::from_secs(86_400);
            store.sign_in(&sign_in).await?;
        }
    }
    let block =
        SendBlock { target: BLOCKED.parse()?, reason: "bench".to_owned(), at: now, until: None };
    store.add_send_block(&block).await?;
    store.close().await;
    Ok(())
}
