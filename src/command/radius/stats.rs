//! `sabeel radius stats`: what the RADIUS server has counted, and how fast.

use std::time::Duration;

use anyhow::Context;
use controller::admin::api::RadiusStatistics;
use domain::Timestamp;

use crate::admin_client::AdminClient;
use crate::command::wording::seconds;
use crate::output::{self, Format};

/// Between two looks of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);
const PATH: &str = "/v1/radius/statistics";

/// Prints once, or until it is interrupted, which is no failure.
pub async fn run(admin: &AdminClient, format: Format, watch: bool) -> anyhow::Result<()> {
    let first: RadiusStatistics = admin.get(PATH).await?;
    if !watch {
        return show(format, &first, None);
    }
    let watching = async {
        let mut before = first;
        loop {
            tokio::time::sleep(PAUSE).await;
            let now: RadiusStatistics = admin.get(PATH).await?;
            if format == Format::Json {
                output::line(&serde_json::to_string(&now).context("cannot write JSON")?)?;
            } else {
                show(format, &now, Some(&before))?;
                output::line("")?;
            }
            before = now;
        }
    };
    tokio::select! {
        ended = watching => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen to signals"),
    }
}

/// A row: who or what, how often, and how often in a second.
type Row = [String; 3];

fn show(
    format: Format,
    now: &RadiusStatistics,
    before: Option<&RadiusStatistics>,
) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::show(format, now, &[]);
    }
    let mut fields = vec![("counted for", seconds(now.at.since(now.started_at).as_secs()))];
    if let Some(trail) = now.trail {
        let counts = trail.counts;
        fields.push(("trail", format!("{} files with {} octets", trail.files, trail.octets)));
        fields.push((
            "events",
            format!(
                "{} written, {} not kept for want of room, {} beyond the bound of an access point",
                counts.written, counts.overflowed, counts.limited
            ),
        ));
    }
    if let Some(journal) = &now.journal {
        let place = |place: controller::admin::api::JournalPlace| {
            format!("file {}, octet {}", place.segment, place.offset)
        };
        fields.push(("journal", place(journal.written)));
        fields.push(("applied", place(journal.applied)));
    }
    output::show(format, &now, &fields)?;
    let (since, span) = match before {
        Some(before) if before.started_at == now.started_at => (Some(before), before.at),
        _ => (None, now.started_at),
    };
    let outcomes: Vec<Row> = now
        .outcomes
        .iter()
        .map(|(outcome, count)| {
            let was = since.and_then(|before| before.outcomes.get(outcome)).copied();
            row(outcome.clone(), (*count, was.unwrap_or(0)), (span, now.at))
        })
        .collect();
    output::list(format, &outcomes, ["outcome", "packets", "a second"], Clone::clone)?;
    let mut rows = Vec::new();
    for (nas, activity) in &now.access_points {
        let was = since.and_then(|before| before.access_points.get(nas)).cloned();
        let was = was.unwrap_or_default();
        let mut add = |what: &str, counts| {
            if counts != (0, 0) {
                let [what, count, rate] = row(what.to_owned(), counts, (span, now.at));
                rows.push([nas.to_string(), what, count, rate]);
            }
        };
        add("accepted", (activity.accepted, was.accepted));
        add("rejected", (activity.rejected, was.rejected));
        add("recorded", (activity.recorded, was.recorded));
        add("resent", (activity.resent, was.resent));
        for (reason, count) in &activity.unanswered {
            add(reason, (*count, was.unanswered.get(reason).copied().unwrap_or(0)));
        }
    }
    output::list(format, &rows, ["nas", "what", "packets", "a second"], Clone::clone)
}

fn row(what: String, (count, was): (u64, u64), (from, to): (Timestamp, Timestamp)) -> Row {
    let millis = u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX).max(1);
    // Tenths, without floating point.
    let tenths = count.saturating_sub(was).saturating_mul(10_000) / millis;
    [what, count.to_string(), format!("{}.{}", tenths / 10, tenths % 10)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_time_between_two_looks() {
        let at = Timestamp::from_millis;
        for (counts, span, rate) in [
            ((100, 0), 10_000, "10.0"),
            ((105, 100), 2_000, "2.5"),
            ((1, 0), 60_000, "0.0"),
            ((5, 9), 1_000, "0.0"),
            ((7, 0), 0, "7000.0"),
        ] {
            let [.., found] = row(String::new(), counts, (at(0), at(span)));
            assert_eq!(found, rate);
        }
    }
}
