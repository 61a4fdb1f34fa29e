//! What messages cost, and the limits that an admin sets while the service runs.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{Counted, Money, SpendingPeriod};
use store::{Act, SpendingPart, SpendingSpan, SpendingTold, Spent};

use super::api::{
    ChangeSpending, RefusedView, SendBlockView, SpendingPartView, SpendingView, SpentView,
};
use super::extract::Body;
use super::record::{By, Note};
use super::refusal::Refusal;
use super::{AdminApi, send_blocks};
use crate::support;

const A_DAY: Duration = Duration::from_secs(24 * 3_600);

pub(super) async fn show(State(api): State<AdminApi>) -> Result<Json<SpendingView>, Refusal> {
    let period = SpendingPeriod::at(api.clock.now());
    let told = api.store.find_spending(period).await?;
    let parts = api.store.list_spending_parts(period.day).await?;
    let refused = api.store.count_refused(api.clock.now() - A_DAY).await?;
    Ok(Json(SpendingView {
        refused: refused.into_iter().map(refused_view).collect(),
        ..view(&api, &told, parts)
    }))
}

pub(super) async fn change(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<ChangeSpending>,
) -> Result<Json<SpendingView>, Refusal> {
    let period = SpendingPeriod::at(api.clock.now());
    let (per_day, per_month) = (request.per_day, request.per_month);
    for (span, most) in [(SpendingSpan::Day, per_day), (SpendingSpan::Month, per_month)] {
        let Some(most) = most else { continue };
        let note = Note::of(Act::SpendingChanged).with("span", span.as_str());
        let store = api.on_record(&by, note.with("most", most));
        store.set_spending_limit(span, most, period.day).await?;
    }
    if let Some(more) = request.more_today {
        let note = Note::of(Act::SpendingChanged).with("more_today", more);
        let limits = api.about.tariff.limits;
        api.on_record(&by, note).raise_spending(more, period, limits).await?;
    }
    tracing::info!(%by, "the limits on what messages may cost are changed");
    show(State(api)).await
}

impl AdminApi {
    /// What is to be known of messages: their money, and where none go.
    pub(super) async fn message_alarms(&self) -> Result<Vec<String>, Refusal> {
        let period = SpendingPeriod::at(self.clock.now());
        let told = self.store.find_spending(period).await?;
        let mut alarms = view(self, &told, Vec::new()).alarms;
        for block in self.store.list_send_blocks(self.clock.now()).await? {
            let SendBlockView { target, reason, .. } = send_blocks::view(block);
            alarms.push(format!("no messages go to {target}: {reason}"));
        }
        Ok(alarms)
    }
}

fn view(api: &AdminApi, told: &SpendingTold, parts: Vec<SpendingPart>) -> SpendingView {
    let limits = api.about.tariff.limits;
    let (by_day, by_month) = told.set;
    let allowed = |most: Option<Money>| most.map(|most| most.plus(told.raised));
    let day = (Some(by_day.unwrap_or(limits.per_day)), by_day.is_some());
    let month = (by_month.or(limits.per_month), by_month.is_some());
    let day = spent_view(told.day, (allowed(day.0), day.1));
    let month = spent_view(told.month, (allowed(month.0), month.1));
    SpendingView {
        alarms: alarms(told, &day, &month),
        day,
        month,
        raised: told.raised,
        parts: parts.into_iter().map(part_view).collect(),
        refused: Vec::new(),
    }
}

fn refused_view((counted, visits): (Counted, u64)) -> RefusedView {
    RefusedView {
        limit: counted.as_str().to_owned(),
        text: support::too_much(counted).to_owned(),
        visits,
    }
}

fn spent_view(spent: Spent, (most, set): (Option<Money>, bool)) -> SpentView {
    SpentView {
        spent: spent.spent,
        most,
        set,
        percent: most.map(|most| spent.spent.percent_of(most)),
        messages: spent.messages,
        segments: spent.segments,
        refused: spent.refused,
    }
}

fn part_view(part: SpendingPart) -> SpendingPartView {
    let each = part.spent.as_ten_thousandths().checked_div(part.entered);
    SpendingPartView {
        site: part.site,
        country: part.country,
        spent: part.spent,
        messages: part.messages,
        entered: part.entered,
        per_entered: each.map(Money::from_ten_thousandths),
    }
}

/// What somebody should know.
fn alarms(told: &SpendingTold, day: &SpentView, month: &SpentView) -> Vec<String> {
    if told.stopped > 0 {
        return vec![format!(
            "the money for messages is spent: {} were refused since, and visitors are sent to vouchers",
            told.stopped
        )];
    }
    let much = |(name, of): (&str, &SpentView)| {
        let (percent, most) = of.percent.zip(of.most)?;
        let alarm = [80, 50].into_iter().find(|alarm| percent >= *alarm)?;
        Some(format!(
            "more than {alarm} percent of {name}'s money for messages is spent: {} of {most}",
            of.spent
        ))
    };
    [("the day", day), ("the month", month)].into_iter().filter_map(much).collect()
}
