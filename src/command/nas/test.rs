//! `sabeel nas test`: a verdict on each thing that can be wrong with an access point.

use std::time::Duration;

use anyhow::bail;
use controller::admin::api::{
    AccessPointTested, ProbeWanted, TestAccessPoint, TestRow, TestVerdict,
};
use domain::Clock;
use tokio::time::Instant;

use crate::admin_client::AdminClient;
use crate::cli::TestNas;
use crate::command::wording::ago;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// How often it is looked again while waiting.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked again while waiting, at most.
const PROBE_AGAIN: Duration = Duration::from_secs(30);

/// Tests an access point; fails if something does not work.
pub(super) async fn run(
    admin: &AdminClient,
    format: Format,
    wanted: TestNas,
) -> anyhow::Result<()> {
    let path = format!("/v1/access-points/{}/test", wanted.name);
    let until = Instant::now() + Duration::from_secs(wanted.wait);
    let mut tested: AccessPointTested = ask(admin, &path, ProbeWanted::Send).await?;
    let mut probed = Instant::now();
    print_all(format, &tested.rows)?;
    while !is_settled(&tested.rows) && Instant::now() < until {
        tokio::time::sleep(LOOK_AGAIN.min(until - Instant::now())).await;
        let probe =
            if probed.elapsed() < PROBE_AGAIN { ProbeWanted::Omit } else { ProbeWanted::Send };
        let mut news = ask(admin, &path, probe).await?;
        match probe {
            ProbeWanted::Send => probed = Instant::now(),
            ProbeWanted::Omit => keep_what_is_missing(&mut news.rows, &tested.rows),
        }
        let changed =
            news.rows.iter().filter(|row| !tested.rows.iter().any(|old| is_same(old, row)));
        for row in changed {
            print_change(format, row)?;
        }
        tested = news;
    }
    if format == Format::Json {
        output::show(format, &tested, &[])?;
    }
    let failed = tested.rows.iter().filter(|row| row.verdict == TestVerdict::Failed).count();
    if failed > 0 { bail!("{failed} of {} do not work", tested.rows.len()) } else { Ok(()) }
}

async fn ask(
    admin: &AdminClient,
    path: &str,
    probe: ProbeWanted,
) -> anyhow::Result<AccessPointTested> {
    admin.post(path, &TestAccessPoint { probe }).await
}

/// Whether there is nothing to wait for.
fn is_settled(rows: &[TestRow]) -> bool {
    let good = [TestVerdict::Ok, TestVerdict::Warning];
    rows.iter().all(|row| good.contains(&row.verdict))
}

/// Puts the rows of before into their places where they were not looked at again.
fn keep_what_is_missing(rows: &mut Vec<TestRow>, before: &[TestRow]) {
    for (place, row) in before.iter().enumerate() {
        if !rows.iter().any(|known| known.what == row.what) {
            rows.insert(place.min(rows.len()), row.clone());
        }
    }
}

/// Whether two rows say the same, whenever that was.
fn is_same(one: &TestRow, other: &TestRow) -> bool {
    let said = |row: &TestRow| (row.what, row.verdict, row.found.clone(), row.advice.clone());
    said(one) == said(other)
}

fn print_all(format: Format, rows: &[TestRow]) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(());
    }
    output::list(format, rows, ["what", "verdict", "found"], |row| {
        [row.what.as_str().to_owned(), row.verdict.as_str().to_owned(), found(row)]
    })?;
    for row in rows {
        if let Some(advice) = &row.advice {
            output::line(&format!("{}: {advice}", row.what.as_str()))?;
        }
    }
    Ok(())
}

fn print_change(format: Format, row: &TestRow) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(());
    }
    let (what, verdict) = (row.what.as_str(), row.verdict.as_str());
    let advice = row.advice.as_ref().map_or_else(String::new, |advice| format!(": {advice}"));
    output::line(&format!("{what}: {verdict}, {}{advice}", found(row)))
}

fn found(row: &TestRow) -> String {
    match row.last {
        None => row.found.clone(),
        Some(last) => format!("{}, last {}", row.found, ago(last, SystemClock.now())),
    }
}

#[cfg(test)]
mod tests {
    use controller::admin::api::TestSubject;

    use super::*;

    fn row(what: TestSubject, verdict: TestVerdict) -> TestRow {
        TestRow { what, verdict, found: String::new(), last: None, advice: None }
    }

    #[test]
    fn a_row_that_was_not_looked_at_again_stays_in_its_place() {
        use TestSubject::{Clock, Orders, Seen};
        use TestVerdict::{Failed, Ok, Unknown, Warning};
        let before = [row(Seen, Unknown), row(Orders, Ok), row(Clock, Unknown)];
        let mut now = vec![row(Seen, Ok), row(Clock, Warning)];
        assert!(!is_settled(&before));
        keep_what_is_missing(&mut now, &before);
        assert_eq!(now, [row(Seen, Ok), row(Orders, Ok), row(Clock, Warning)]);
        assert!(is_settled(&now));
        assert!(!is_settled(&[row(Orders, Failed)]));
    }
}
