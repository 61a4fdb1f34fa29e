//! `make bench`: what Sabeel answers for its CPU time, beside Debian's FreeRADIUS.
//!
//! Both run as processes on the machine that also makes the load, one after the other, so that
//! requests a second say less than requests per CPU-second of the server. Figures are printed,
//! never judged; a wrong answer ends the run.

mod browsers;
mod city;
mod figure;
mod freeradius;
mod http_load;
mod machine;
mod process;
mod radius_load;
mod visitors;

use std::path::Path;
use std::time::Duration;

use browsers::{Arrival, Probe};
use city::City;
use figure::{Figure, section};
use freeradius::FreeRadius;
use http_load::Browsing;
use radius_load::Volume;
use visitors::{OneTime, Reports, Returning};

/// Access-Requests under way at any time.
const ACCESS: Volume = Volume { outstanding: 64, lasting: Duration::from_secs(5) };
/// Accounting-Requests under way at any time.
const ACCOUNTING: Volume = Volume { outstanding: 256, lasting: Duration::from_secs(5) };
/// Connections to the portal, and how long each question is asked over them.
const BROWSERS: usize = 32;
const BROWSING: Duration = Duration::from_secs(3);

fn main() -> anyhow::Result<()> {
    let machine = machine::describe(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let now = city::now()?;
    let logins = visitors::logins(now);
    eprintln!("making {} visitors ...", logins.len());
    let city = City::begin(&logins, now)?;
    let freeradius = FreeRadius::begin(&logins)?;
    let memory = memory(&city, &freeradius)?;

    let returning = Returning::new();
    let access = [
        Figure::take("Sabeel: from SQLite, then up to 5 s from memory", &city.server, || {
            radius_load::run(&city.authentication, ACCESS, &returning)
        })?,
        Figure::take("FreeRADIUS: from a users file in memory", &freeradius.server, || {
            radius_load::run(&freeradius.users_file, ACCESS, &Returning::new())
        })?,
    ];
    let one_time = OneTime { logins: &logins };
    let one_time = [
        Figure::take("Sabeel: find and use up", &city.server, || {
            radius_load::run(&city.authentication, ACCESS, &one_time)
        })?,
        Figure::take("FreeRADIUS: find and use up (rlm_sql)", &freeradius.server, || {
            radius_load::run(&freeradius.one_time, ACCESS, &one_time)
        })?,
    ];
    let accounting = accounting(&city, &freeradius, &returning.reports()?)?;
    let portal = portal(&city)?;
    println!("{machine}\n{memory}");
    println!(
        "{}\n{}\n{}\n{}",
        section("PAP of returning devices (MAC authentication), 64 under way", "requests", &access),
        section(
            "PAP with one-time passwords from SQLite, used up on disk before the answer, 64 under way",
            "requests",
            &one_time
        ),
        section("Accounting, 10,000 devices online, 256 under way", "records", &accounting),
        section("Portal, 32 connections", "requests", &portal),
    );
    Ok(())
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

fn accounting(
    city: &City,
    freeradius: &FreeRadius,
    reports: &Reports,
) -> anyhow::Result<[Figure; 3]> {
    Ok([
        Figure::take(
            "Sabeel: on disk before the answer, then sessions and quotas",
            &city.server,
            || radius_load::run(&city.accounting, ACCOUNTING, reports),
        )?,
        Figure::take(
            "FreeRADIUS: detail file, not synced, no sessions",
            &freeradius.server,
            || radius_load::run(&freeradius.detail, ACCOUNTING, reports),
        )?,
        Figure::take(
            "FreeRADIUS: sessions on disk before the answer (rlm_sql)",
            &freeradius.server,
            || radius_load::run(&freeradius.sql, ACCOUNTING, reports),
        )?,
    ])
}

fn portal(city: &City) -> anyhow::Result<[Figure; 3]> {
    let take = |what, browsing: &dyn Browsing| {
        Figure::take(what, &city.server, || {
            http_load::run(city.portal, BROWSERS, BROWSING, browsing)
        })
    };
    let arrival = Arrival::default();
    let probe = take("probe of a phone, redirected", &Probe)?;
    let arriving = take("redirect of a gateway, taken", &arrival)?;
    let page = take("first page", &arrival.pages())?;
    Ok([probe, arriving, page])
}
