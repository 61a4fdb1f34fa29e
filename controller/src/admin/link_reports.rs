//! What a month of the links was, and how they are now.

use axum::Json;
use axum::extract::State;
use link::cause::{Line, Topology};

use super::AdminApi;
use super::api::{
    LinkFiguresView, LinkLineView, LinkMapQuery, LinkMapView, LinkReportQuery, LinkReportView,
};
use super::extract::Asked;
use super::refusal::Refusal;
use crate::link_centre::{links_now, make_report, month, month_before};
use crate::links::availability::Figures;
use crate::links::map::{State as LineState, svg};
use crate::links::wording::Catalogue;

pub(super) async fn report(
    State(api): State<AdminApi>,
    Asked(query): Asked<LinkReportQuery>,
) -> Result<Json<LinkReportView>, Refusal> {
    let (settings, now) = (api.link_settings()?, api.clock.now());
    let name = query.month.unwrap_or_else(|| month_before(&settings.zone, now));
    let no_month = || Refusal::invalid("month is one that has begun, such as 2026-10");
    let month = month(&name, &settings.zone, now).ok_or_else(no_month)?;
    let made = make_report(&api.store, settings, month, now).await?;
    let html = made.page(&Catalogue::new(), query.language);
    let report = made.report;
    let figures = |of: &[(String, Figures)]| {
        of.iter().map(|(name, figures)| LinkFiguresView::new(name, figures)).collect()
    };
    Ok(Json(LinkReportView {
        month: name,
        from: month.from,
        until: month.until,
        made: report.made,
        offices: figures(&report.offices),
        services: figures(&report.services),
        lines: report
            .lines
            .iter()
            .map(|line| LinkFiguresView::new(&line.name, &line.figures))
            .collect(),
        html,
    }))
}

pub(super) async fn map(
    State(api): State<AdminApi>,
    Asked(LinkMapQuery { language }): Asked<LinkMapQuery>,
) -> Result<Json<LinkMapView>, Refusal> {
    let (settings, now) = (api.link_settings()?, api.clock.now());
    let (topology, states) = links_now(&api.store, settings, now).await?;
    let svg = svg(&topology, &states, &Catalogue::new(), language);
    let Topology { lines } = topology;
    let view = |line: Line| {
        let known = states.get(&line.name);
        let state = known.map_or(LineState::Unknown, |known| known.state);
        let round_trip = known.and_then(|known| known.round_trip);
        LinkLineView {
            ends: line.ends.map(|end| [end.site, end.path]),
            state: state.as_str().to_owned(),
            round_trip_us: round_trip
                .map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            name: line.name,
        }
    };
    Ok(Json(LinkMapView { svg, lines: lines.into_iter().map(view).collect() }))
}
