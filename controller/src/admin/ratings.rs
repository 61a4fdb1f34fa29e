//! What visitors think of a site. No person is in it, so nobody is told who looked.

use axum::Json;
use axum::extract::State;
use domain::{Day, SiteName};

use super::AdminApi;
use super::api::{RatingsQuery, RatingsView, ReasonView};
use super::extract::{Asked, Named};
use super::refusal::Refusal;

/// Reasons that are told.
const MOST_REASONS: u32 = 50;
const MOST_DAYS: u32 = 3_650;

pub(super) async fn show(
    State(api): State<AdminApi>,
    Named(name): Named<SiteName>,
    Asked(RatingsQuery { days }): Asked<RatingsQuery>,
) -> Result<Json<RatingsView>, Refusal> {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Refusal::invalid(format!("days is {days}, but must be 1 to {MOST_DAYS}")));
    }
    let site = api.store.find_site(&name).await?;
    let site = site.ok_or_else(|| Refusal::not_found("site", &name))?;
    let today = site.zone.day_of(api.clock.now()).epoch_days();
    let since = Day::from_epoch_days(today - i32::try_from(days - 1).unwrap_or(0));
    let scores = api.store.count_ratings(&name, since).await?;
    let count: u64 = scores.iter().sum();
    let sum: u64 = (1..).zip(scores).map(|(score, amount): (u64, u64)| score * amount).sum();
    let [.., four, five] = scores;
    let reasons = api.store.list_reasoned_ratings(&name, since, MOST_REASONS).await?;
    let reasons = reasons.into_iter().map(|rating| ReasonView {
        day: rating.day.epoch_days(),
        nas: rating.nas,
        score: rating.score.get(),
        reason: rating.reason,
    });
    Ok(Json(RatingsView {
        site: name,
        days,
        count,
        mean: (sum * 100).checked_div(count).map(hundredths),
        good_percent: ((four + five) * 100).checked_div(count),
        scores,
        reasons: reasons.collect(),
    }))
}

fn hundredths(amount: u64) -> f64 {
    // At most 500.
    f64::from(u32::try_from(amount).unwrap_or(u32::MAX)) / 100.0
}
