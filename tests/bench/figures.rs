//! `make bench`: what Sabeel answers for its CPU time, beside Debian's FreeRADIUS.
//!
//! Both run as processes on the machine that also makes the load, one after the other, so that
//! requests a second say less than requests per CPU-second of the server. Figures are printed,
//! never judged; a wrong answer ends the run. Arguments choose among [`ROWS`]; without any, all are
//! taken.

mod agents;
mod alike;
mod availability;
mod backup;
mod browsers;
mod city;
#[path = "../offices/crowd.rs"]
#[expect(clippy::unwrap_used, reason = "shared with the stories, which fail by it")]
mod crowd;
mod figure;
mod freeradius;
#[path = "../offices/frr.rs"]
#[expect(dead_code, reason = "shared with the stories")]
mod frr;
#[path = "../offices/ground.rs"]
#[expect(clippy::unwrap_used, dead_code, reason = "shared with the stories, which fail by it")]
mod ground;
mod http_load;
mod idle_sockets;
mod limiters;
mod links;
mod machine;
#[path = "../offices/namespaces.rs"]
#[expect(clippy::unwrap_used, reason = "shared with the stories, which fail by it")]
mod namespaces;
mod nginx;
mod postgres;
mod process;
mod radius_load;
mod sign_ins;
mod sms_gateway;
mod targets;
mod visitors;
#[path = "../offices/weather.rs"]
#[expect(dead_code, reason = "shared with the stories")]
mod weather;
#[path = "../offices/wire.rs"]
#[expect(clippy::unwrap_used, dead_code, reason = "shared with the stories, which fail by it")]
mod wire;

use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use browsers::{Arrival, Page, Probe};
use city::City;
use domain::Timestamp;
use figure::{Figure, section};
use freeradius::FreeRadius;
use http_load::{Afterwards, Browsing};
use nginx::Nginx;
use postgres::Postgres;
use process::Server;
use radius_load::Volume;
use sign_ins::{Coming, Town};
use sms_gateway::SmsGateway;
use visitors::{Login, OneTime, Reports, Returning, Starts};

/// Access-Requests under way at any time.
const ACCESS: Volume =
    Volume { outstanding: 64, ports: 2, most: u64::MAX, lasting: Duration::from_secs(5) };
/// The same from one port, which reaches one socket of the server.
const ONE_PORT: Volume = Volume { ports: 1, ..ACCESS };
/// Accounting-Requests under way at any time.
const ACCOUNTING: Volume = Volume { outstanding: 256, ..ACCESS };
/// The same from as many ports as a controller with many access points uses.
const MANY_PORTS: Volume = Volume { outstanding: 200, ports: 100, ..ACCESS };
/// A district whose power comes back: everything at once.
const BURST: Volume = Volume { outstanding: 4_000, ports: 100, most: 4_000, ..ACCESS };
const SMALL_BURST: Volume = Volume { outstanding: 256, ports: 1, most: 256, ..ACCESS };
/// A database that acknowledges: many wait for each commit.
const COMMITTED: Volume = Volume { outstanding: 1_024, ports: 8, ..ACCESS };
/// So long that nothing can be put off.
const SUSTAINED: Volume = Volume { lasting: Duration::from_secs(120), ..ACCOUNTING };
/// Every device once, and everything that there is.
const EACH_ONCE: Volume = Volume { most: visitors::DEVICES as u64, ..ACCESS };
const ALL: Volume = Volume { lasting: Duration::from_secs(60), ..ACCOUNTING };
/// Connections to the portal, and how long each question is asked over them.
const BROWSERS: usize = 32;
const BROWSING: Duration = Duration::from_secs(3);
/// Visitors who sign in: each as soon as another one is through, and as many as are to be served.
const COMING: Coming = Coming { together: 64, per_second: None, lasting: Duration::from_secs(10) };
const ASKED_ON_SQLITE: u32 = 1_000;
const ASKED_ON_POSTGRESQL: u32 = 500;
/// What one device, one access point and one site may not do, for a city that signs in at once.
const NO_LIMITS: &str = "portal.limits.posts-per-second = 100000\n\
    portal.limits.sends-per-access-point = 1000000\n\
    portal.limits.sends-per-site = 1000000\n\
    portal.limits.sends-per-block = 1000000\n\
    portal.limits.sends-per-second = 10000\n\
    messaging.money.per-day = \"999999999\"";

/// What can be chosen, in the order in which it is taken.
const ROWS: [&str; 20] = [
    "limiters",
    "links",
    "crowd",
    "capacity",
    "losses",
    "targets",
    "agents",
    "availability",
    "access",
    "one-time",
    "accounting",
    "bursts",
    "portal",
    "sign-ins",
    "numbers",
    "idle-sockets",
    "committed",
    "postgresql",
    "sustained",
    "start",
];

/// Those for which nobody signs in.
const OF_LINKS: [&str; 8] =
    ["limiters", "links", "crowd", "capacity", "losses", "targets", "agents", "availability"];

fn main() -> anyhow::Result<()> {
    let chosen = chosen()?;
    let is_chosen = |row: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == row);
    let machine = machine::describe(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    if is_chosen("limiters") {
        // First, while this process is small.
        println!("{}", limiters::run()?);
    }
    let settings: Vec<_> = chosen.iter().filter_map(|row| row.strip_prefix("links:")).collect();
    if is_chosen("links") || !settings.is_empty() {
        println!("{}", links::report(&settings)?);
    }
    if is_chosen("crowd") {
        println!("{}", backup::crowd()?);
    }
    if is_chosen("capacity") {
        println!("{}", backup::capacity()?);
    }
    if is_chosen("losses") {
        println!("{}", backup::losses()?);
    }
    if is_chosen("targets") {
        println!("{}", targets::report()?);
    }
    if is_chosen("agents") {
        println!("{}", agents::report()?);
    }
    if is_chosen("availability") {
        println!("{}", availability::report()?);
    }
    let is_of_links = |row: &String| row.starts_with("links:") || OF_LINKS.contains(&row.as_str());
    if !chosen.is_empty() && chosen.iter().all(is_of_links) {
        println!("{machine}");
        return Ok(());
    }
    let now = city::now()?;
    let logins = visitors::logins(now);
    eprintln!("making {} visitors ...", logins.len());
    let city = City::begin(&logins, now)?;
    let freeradius = FreeRadius::begin(&logins)?;
    println!("{machine}\n{}", memory(&city, &freeradius)?);

    let returning = Returning::new();
    if is_chosen("access") {
        println!("{}", access(&city, &freeradius, &returning)?);
    } else {
        radius_load::run(&city.authentication, EACH_ONCE, &returning)?;
    }
    if is_chosen("one-time") {
        println!("{}", one_time(&city, &freeradius, &logins)?);
    }
    let reports = returning.reports()?;
    if is_chosen("accounting") {
        println!("{}", accounting(&city, &freeradius, &reports)?);
    }
    if is_chosen("bursts") {
        println!("{}", bursts(&city, &freeradius, &reports)?);
    }
    if is_chosen("portal") {
        println!("{}", portal(&city)?);
    }
    if is_chosen("sign-ins") {
        println!("{}", sign_in_all(now)?);
    }
    if is_chosen("numbers") {
        println!("{}", numbers(&logins, now)?);
    }
    if is_chosen("idle-sockets") {
        println!("{}", beside_idle_sockets(now)?);
    }
    for row in ON_POSTGRES.iter().filter(|row| is_chosen(row.name)) {
        println!("{}", on_postgres(row, &logins, now)?);
    }
    if is_chosen("sustained") {
        println!("{}", sustained(&city, &reports)?);
    }
    if is_chosen("start") {
        println!("{}", many_live(city, &reports)?);
    }
    Ok(())
}

/// The rows that the command line names; of `links` one setting alone as `links:3x100`.
fn chosen() -> anyhow::Result<Vec<String>> {
    let arguments = std::env::args().skip(1);
    // Cargo adds an option of its own.
    let chosen: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
    let is_known = |row: &&String| {
        let setting = row.strip_prefix("links:");
        setting.map_or(ROWS.contains(&row.as_str()), links::is_setting)
    };
    match chosen.iter().find(|row| !is_known(row)) {
        Some(unknown) => anyhow::bail!("there is no row {unknown}, but {}", ROWS.join(", ")),
        None => Ok(chosen),
    }
}

fn access(city: &City, freeradius: &FreeRadius, returning: &Returning) -> anyhow::Result<String> {
    let others = Returning::new();
    let theirs = |volume| {
        Figure::take("FreeRADIUS: from a users file in memory", &[&freeradius.server], || {
            radius_load::run(&freeradius.users_file, volume, &others)
        })
    };
    let ours = |volume| {
        Figure::take("Sabeel: from SQLite, then up to 5 s from memory", &[&city.server], || {
            radius_load::run(&city.authentication, volume, returning)
        })
    };
    let title = "PAP of returning devices (MAC authentication)";
    let one = [ours(ONE_PORT)?, theirs(ONE_PORT)?];
    let few = [ours(ACCESS)?, theirs(ACCESS)?];
    let many = [ours(MANY_PORTS)?, theirs(MANY_PORTS)?];
    Ok(format!(
        "{}\n{}\n{}",
        section(&format!("{title}, 64 under way from 1 port"), "requests", &one),
        section(&format!("{title}, 64 under way from 2 ports"), "requests", &few),
        section(&format!("{title}, 200 under way from 100 ports"), "requests", &many),
    ))
}

fn one_time(city: &City, freeradius: &FreeRadius, logins: &[Login]) -> anyhow::Result<String> {
    let one_time = OneTime { logins };
    let figures = [
        Figure::take("Sabeel: find and use up", &[&city.server], || {
            radius_load::run(&city.authentication, ACCESS, &one_time)
        })?,
        Figure::take("FreeRADIUS: find and use up (rlm_sql)", &[&freeradius.server], || {
            radius_load::run(&freeradius.one_time, ACCESS, &one_time)
        })?,
    ];
    let title =
        "PAP with one-time passwords from SQLite, used up on disk before the answer, 64 under way";
    Ok(section(title, "requests", &figures))
}

/// Reports that all come at once, as after a power cut.
fn bursts(city: &City, freeradius: &FreeRadius, reports: &Reports) -> anyhow::Result<String> {
    let ours = |volume| {
        Figure::take("Sabeel: on disk before the answer", &[&city.server], || {
            radius_load::run(&city.accounting, volume, reports)
        })
    };
    let theirs = |volume| {
        Figure::take("FreeRADIUS: detail file, not synced", &[&freeradius.server], || {
            radius_load::run(&freeradius.detail, volume, reports)
        })
    };
    let small = [ours(SMALL_BURST)?, theirs(SMALL_BURST)?];
    let large = [ours(BURST)?, theirs(BURST)?];
    Ok(format!(
        "{}\n{}",
        section("A burst of 256 records from one port", "records", &small),
        section("A burst of 4,000 records from 100 ports", "records", &large),
    ))
}

/// What both take in RAM before the first request, with all visitors known to them.
fn memory(city: &City, freeradius: &FreeRadius) -> anyhow::Result<String> {
    city.server.settle()?;
    freeradius.server.settle()?;
    Ok(format!(
        "idle RSS    Sabeel {:.1} MB (portal, RADIUS, controller), FreeRADIUS {:.1} MB\n",
        city.server.memory()? as f64 / 1e6,
        freeradius.server.memory()? as f64 / 1e6,
    ))
}

fn accounting(city: &City, freeradius: &FreeRadius, reports: &Reports) -> anyhow::Result<String> {
    let figures = [
        Figure::take(
            "Sabeel: on disk before the answer, then sessions and quotas",
            &[&city.server],
            || radius_load::run(&city.accounting, ACCOUNTING, reports),
        )?,
        Figure::take(
            "FreeRADIUS: detail file, not synced, no sessions",
            &[&freeradius.server],
            || radius_load::run(&freeradius.detail, ACCOUNTING, reports),
        )?,
        Figure::take(
            "FreeRADIUS: sessions on disk before the answer (rlm_sql)",
            &[&freeradius.server],
            || radius_load::run(&freeradius.sql, ACCOUNTING, reports),
        )?,
    ];
    let title = "Accounting, 10,000 devices online, 256 under way";
    Ok(section(title, "records", &figures))
}

/// A row on PostgreSQL, whose own cost counts.
struct OnPostgres {
    name: &'static str,
    title: &'static str,
    who: &'static str,
    durability: &'static str,
    volume: Volume,
}

const ON_POSTGRES: [OnPostgres; 2] = [
    OnPostgres {
        name: "committed",
        title: "Accounting on PostgreSQL with its CPU time, 1,024 under way",
        who: "in PostgreSQL before the answer",
        durability: "database",
        volume: COMMITTED,
    },
    OnPostgres {
        name: "postgresql",
        title: "Accounting on PostgreSQL with its CPU time for two minutes, 256 under way",
        who: "on disk before the answer, then in PostgreSQL",
        durability: "journal",
        volume: SUSTAINED,
    },
];

fn on_postgres(row: &OnPostgres, logins: &[Login], now: Timestamp) -> anyhow::Result<String> {
    let postgres = Postgres::begin(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let more = format!("journal.durability = \"{}\"", row.durability);
    let city = City::begin_on(&postgres, logins, now, &more)?;
    let returning = Returning::new();
    radius_load::run(&city.authentication, EACH_ONCE, &returning)?;
    let reports = returning.reports()?;
    let servers = [&city.server, &postgres.server];
    let figure = Figure::take(row.who, &servers, || {
        radius_load::run(&city.accounting, row.volume, &reports)
    })?;
    Ok(section(row.title, "records", &[figure]))
}

/// Accounting for so long that nothing can be put off.
fn sustained(city: &City, reports: &Reports) -> anyhow::Result<String> {
    let who = "on disk before the answer, then in SQLite";
    let figure = Figure::take(who, &[&city.server], || {
        radius_load::run(&city.accounting, SUSTAINED, reports)
    })?;
    Ok(section("Accounting for two minutes, 256 under way", "records", &[figure]))
}

/// What a start takes with a hundred thousand sessions that go on.
fn many_live(mut city: City, reports: &Reports) -> anyhow::Result<String> {
    const SESSIONS: u64 = 100_000;
    let starts = Starts { reports, sessions: SESSIONS };
    radius_load::run(&city.accounting, ALL, &starts)?;
    city.server.settle()?;
    let before = city.server.memory()?;
    let took = city.restart()?;
    city.server.settle()?;
    Ok(format!(
        "A start with {SESSIONS} sessions that go on: {:.2} s until RADIUS answers; RSS {:.1} MB \
         then, {:.1} MB before\n",
        took.as_secs_f64(),
        city.server.memory()? as f64 / 1e6,
        before as f64 / 1e6,
    ))
}

/// The portal beside nginx, which answers everybody the same.
fn portal(city: &City) -> anyhow::Result<String> {
    let page = Page;
    let nginx = Nginx::begin(&format!("http://{}/", city.portal), &Page::of(city.portal)?)?;
    let take = |what, server, address, browsing: &dyn Browsing| {
        Figure::take(what, &[server], || http_load::run(address, BROWSERS, BROWSING, browsing))
    };
    let probes = |afterwards| -> anyhow::Result<_> {
        let probe = Probe { afterwards };
        Ok([
            take("Sabeel: a probe, by where its device is", &city.server, city.portal, &probe)?,
            take("nginx: return 302", &nginx.server, nginx.redirecting, &probe)?,
        ])
    };
    let [staying, closing] = [probes(Afterwards::Stay)?, probes(Afterwards::Close)?];
    let arrival = Arrival::default();
    let arrivals = [take("Sabeel: who is not known yet", &city.server, city.portal, &arrival)?];
    let pages = [
        take("Sabeel: in each device's own name", &city.server, city.portal, &arrival.pages())?,
        take("nginx: from a file", &nginx.server, nginx.serving, &page)?,
    ];
    let title = format!("Portal, {BROWSERS} connections");
    let each = "probes of phones, redirected, each over a connection of its own";
    Ok(format!(
        "{}\n{}\n{}\n{}",
        section(&format!("{title}: probes of phones, redirected"), "requests", &staying),
        section(&format!("{title}: {each}"), "requests", &closing),
        section(&format!("{title}: redirects of a gateway, taken"), "requests", &arrivals),
        section(&format!("{title}: first pages"), "requests", &pages),
    ))
}

/// Visitors from the redirect until RADIUS lets them in, on both databases.
fn sign_in_all(now: Timestamp) -> anyhow::Result<String> {
    let gateway = SmsGateway::open()?;
    let more = format!("{}\n{NO_LIMITS}", gateway.settings());
    let take = |at, city: &City, servers: &[&Server], asked| {
        let town =
            Town { portal: city.portal, radius: city.authentication.server, gateway: &gateway };
        let next = AtomicU32::new(0);
        let at_a_time = format!("on {at}, {} at a time", COMING.together);
        let each_second = format!("on {at}, {asked} come each second");
        [(at_a_time, COMING), (each_second, Coming { per_second: Some(asked), ..COMING })]
            .map(|(who, coming)| {
                Figure::take(&who, servers, || sign_ins::run(&town, coming, &next))
            })
            .into_iter()
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let city = City::begin_with(&[], now, &more)?;
    let mut figures = take("SQLite", &city, &[&city.server], ASKED_ON_SQLITE)?;
    drop(city);
    let postgres = Postgres::begin(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let city = City::begin_on(&postgres, &[], now, &more)?;
    let servers = [&city.server, &postgres.server];
    figures.extend(take("PostgreSQL", &city, &servers, ASKED_ON_POSTGRESQL)?);
    let title = "Sign-ins with number, code by an SMS gateway and RADIUS by CHAP";
    Ok(section(title, "sign-ins", &figures))
}

/// Whether the time of an answer says something of a number.
fn numbers(logins: &[Login], now: Timestamp) -> anyhow::Result<String> {
    let gateway = SmsGateway::open()?;
    let one = "portal.limits.challenges-per-quarter-hour = 1";
    let more = format!("{}\n{NO_LIMITS}\n{one}", gateway.settings());
    let city = City::begin_with(logins, now, &more)?;
    let on_sqlite = alike::run("SQLite", &city, &gateway, now)?;
    drop(city);
    let postgres = Postgres::begin(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let city = City::begin_on(&postgres, logins, now, &more)?;
    Ok(format!("{on_sqlite}\n{}", alike::run("PostgreSQL", &city, &gateway, now)?))
}

/// Visitors who sign in beside a thousand phones with 300 connections each.
fn beside_idle_sockets(now: Timestamp) -> anyhow::Result<String> {
    let gateway = SmsGateway::open()?;
    let more = format!("{}\n{NO_LIMITS}\nportal.limits.header-seconds = 60", gateway.settings());
    let city = City::begin_with(&[], now, &more)?;
    let town = Town { portal: city.portal, radius: city.authentication.server, gateway: &gateway };
    let mut crowd = None;
    let figure = Figure::take("beside idle connections", &[&city.server], || {
        let (load, seen) = idle_sockets::run(&city, &town)?;
        crowd = Some(seen);
        Ok(load)
    })?;
    let section = section("Sign-ins, one after the other", "sign-ins", &[figure]);
    let Some(crowd) = crowd else { return Ok(section) };
    let (before, most) = crowd.memory;
    Ok(format!(
        "{section}\n{} connections in {:.1} s; the server had {} files open at most, and {:.1} MB \
         of RAM, {:.1} MB before\n",
        crowd.connections,
        crowd.lasting.as_secs_f64(),
        crowd.files,
        most as f64 / 1e6,
        before as f64 / 1e6,
    ))
}
