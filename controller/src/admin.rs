//! The admin API: JSON over HTTP on a Unix socket, for the command line and every other
//! tool. Whoever may open the socket may do everything, and the audit log tells who did what.
//!
//! `GET` and `POST` `/v1/plans`, `/v1/sites`, `/v1/access-points`, and `GET` and `DELETE`
//! of one of them by name; `PATCH /v1/sites/{name}`; `GET` and `PATCH /v1/messages/budget`;
//! `GET` and `POST /v1/messages/blocks`, `POST /v1/messages/blocks/end`; `PATCH /v1/access-points/{name}`, and
//! `POST` to its `rotate`,
//! `finish-rotation`, `onboarding` and `test`; `GET /v1/sessions`, `/v1/sessions/{id}`,
//! `/v1/sessions/export`, `/v1/orders`, `/v1/support/{reference}`,
//! `/v1/status`, `/v1/health`, `/v1/audit`, `/v1/consents`, `/v1/wordings/{hash}`,
//! `/v1/requests`, `/v1/sites/{name}/ratings`, `/v1/messages/routes`, `/v1/links`,
//! `/v1/links/{site}/events`, `/v1/links/{site}/history`, `/v1/link-incidents`, `/v1/link-maintenance`,
//! `/v1/link-map`, `/v1/link-report`, `/v1/link-policies`, `/v1/link-policies/{site}`;
//! `POST /v1/sessions/{id}/disconnect`,
//! `/v1/accounts/show`, `/v1/accounts/erase`, `/v1/accounts/hold`, `/v1/accounts/release`,
//! `/v1/requests/{reference}/done`, `/v1/link-incidents/{number}/acknowledge`, `/v1/link-maintenance`,
//! `/v1/link-maintenance/{number}/cancel`, `/v1/link-policies`, `/v1/consents/withdraw`, `/v1/codes`, `/v1/codes/verify`,
//! `/v1/audit/find`, `/v1/why`, `/v1/radius/tail`;
//! `GET` and `POST /v1/vouchers`, `GET /v1/vouchers/{batch}`, `POST` to its `revoke`, and to that of
//! one of them; `GET /v1/radius/statistics`; `POST /v1/import/access-points`,
//! `/v1/import/people`, `/v1/import/stays`. What travels stands in [`api`].
//!
//! A RADIUS server that runs apart answers, on a socket of its own, those of them that are about
//! what it alone has seen.

mod access_points;
pub mod api;
mod audit;
mod codes;
mod consents;
mod export;
mod extract;
mod holds;
mod import;
mod link_incidents;
mod link_maintenance;
mod link_policies;
mod link_reports;
mod links;
mod messages;
mod nas_ranges;
mod nas_test;
mod onboarding;
mod people;
mod radius;
mod ratings;
mod record;
mod refusal;
mod requests;
mod rotation;
mod send_blocks;
mod setup;
mod socket;
mod spending;
mod status;
mod support;
mod vouchers;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use domain::{Clock, MessageAuthenticatorRule, ProxyStateRule, Tariff, Timestamp};
use store::{Journal, Store};

pub use record::this_user;
pub use socket::{AdminError, AdminSocket, serve, serve_radius};

use self::api::FailureKind;
use self::record::Looks;
use self::refusal::Refusal;
use crate::link_centre::LinkCentreSettings;
use crate::message_routes::MessageRoutes;
use crate::nas_activity::NasActivity;
use crate::nas_control::NasControl;
use crate::onboarding::Places;
use crate::report_messages::ReportMessages;
use crate::site_messages::SiteMessages;
use crate::why::Records;

/// No request is longer, in octets.
const LONGEST_REQUEST: usize = 64 * 1024;
/// Nor is one that brings many things.
const LONGEST_IMPORT: usize = 4 * 1024 * 1024;

/// What the admin API answers from.
#[derive(Clone)]
pub struct AdminApi {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    about: Arc<About>,
    started_at: Timestamp,
    looks: Arc<Looks>,
}

/// What only the program around us knows.
pub struct About {
    /// The program's version.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The accounting journal, where this process keeps one.
    pub journal: Option<Journal>,
    /// The records of the RADIUS server, where it runs in this process.
    pub records: Option<Records>,
    /// What an access point is added with that says nothing else.
    pub new_access_points: NewAccessPoints,
    /// Where access points find this server.
    pub places: Places,
    /// Whoever tells access points, if that is done in this process.
    pub nas_control: Option<Arc<dyn NasControl>>,
    /// Whether a site's name for its network fits into messages.
    pub site_messages: Arc<dyn SiteMessages>,
    /// How codes of reports are sent.
    pub report_codes: ReportCodes,
    /// What messages cost, and what they may cost.
    pub tariff: Tariff,
    /// What RADIUS has seen of access points, where it runs in this process.
    pub activity: Option<Arc<dyn NasActivity>>,
    /// The routes of messages, where they are sent by this process.
    pub routes: Option<Arc<dyn MessageRoutes>>,
    /// How agents of links are heard, if they are.
    pub links: Option<Arc<LinkCentreSettings>>,
}

/// How codes of reports are sent.
pub struct ReportCodes {
    /// The words of their messages.
    pub messages: Arc<dyn ReportMessages>,
    /// How many may go to one number in 24 hours.
    pub sends_per_day: u32,
}

/// What an access point is added with that says nothing else.
#[derive(Debug, Clone, Copy)]
pub struct NewAccessPoints {
    /// Whether its requests must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Whether Proxy-State may come without it.
    pub proxy_state: ProxyStateRule,
}

impl AdminApi {
    /// The API over a store; counts its uptime from now on.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, about: About) -> Self {
        let started_at = clock.now();
        Self { store, clock, about: Arc::new(about), started_at, looks: Arc::default() }
    }

    fn router(self) -> Router {
        let plans = get(setup::list_plans).post(setup::add_plan);
        let plan = get(setup::show_plan).delete(setup::remove_plan);
        let sites = get(setup::list_sites).post(setup::add_site);
        let site = get(setup::show_site).patch(setup::change_site).delete(setup::remove_site);
        let access_points = get(access_points::list).post(access_points::add);
        let access_point =
            get(access_points::show).patch(access_points::change).delete(access_points::remove);
        let routes = Router::new()
            .route("/v1/plans", plans)
            .route("/v1/plans/{name}", plan)
            .route("/v1/sites", sites)
            .route("/v1/sites/{name}", site)
            .route("/v1/access-points", access_points)
            .route("/v1/access-points/{name}", access_point)
            .route("/v1/access-points/{name}/rotate", post(rotation::rotate))
            .route("/v1/access-points/{name}/finish-rotation", post(rotation::finish))
            .route("/v1/access-points/{name}/onboarding", post(onboarding::onboard))
            .route("/v1/ranges", get(nas_ranges::list).post(nas_ranges::add))
            .route("/v1/ranges/{name}", delete(nas_ranges::remove))
            .route("/v1/pending", get(nas_ranges::list_pending))
            .route("/v1/pending/{address}/approve", post(nas_ranges::approve))
            .route("/v1/pending/{address}/reject", post(nas_ranges::reject))
            .route("/v1/sessions", get(people::list_sessions))
            .route("/v1/sessions/export", get(export::sessions))
            .route("/v1/sessions/{id}", get(people::show_session))
            .route("/v1/sessions/{id}/disconnect", post(people::disconnect))
            .route("/v1/sessions/{id}/change", post(people::change))
            .route("/v1/accounts/show", post(people::show_account))
            .route("/v1/accounts/erase", post(people::erase_account))
            .route("/v1/accounts/hold", post(holds::hold))
            .route("/v1/accounts/release", post(holds::release))
            .route("/v1/link-incidents", get(link_incidents::list))
            .route("/v1/link-incidents/{number}/acknowledge", post(link_incidents::acknowledge))
            .route("/v1/link-maintenance", get(link_maintenance::list).post(link_maintenance::plan))
            .route("/v1/link-maintenance/{number}/cancel", post(link_maintenance::cancel))
            .route("/v1/link-policies", get(link_policies::list).post(link_policies::publish))
            .route("/v1/link-policies/{site}", get(link_policies::show))
            .route("/v1/link-map", get(link_reports::map))
            .route("/v1/link-report", get(link_reports::report))
            .route("/v1/links", get(links::list))
            .route("/v1/links/{site}/events", get(links::events))
            .route("/v1/links/{site}/history", get(links::history))
            .route("/v1/orders", get(people::list_orders))
            .route("/v1/orders/{id}", get(people::show_order))
            .route("/v1/consents", get(consents::list))
            .route("/v1/consents/withdraw", post(consents::withdraw))
            .route("/v1/wordings/{hash}", get(consents::wording))
            .route("/v1/sites/{name}/ratings", get(ratings::show))
            .route("/v1/requests", get(requests::list))
            .route("/v1/requests/{reference}/done", post(requests::done))
            .route("/v1/messages/routes", get(messages::routes))
            .route("/v1/messages/budget", get(spending::show).patch(spending::change))
            .route("/v1/messages/blocks", get(send_blocks::list).post(send_blocks::set))
            .route("/v1/messages/blocks/end", post(send_blocks::end))
            .route("/v1/codes", post(codes::send))
            .route("/v1/codes/verify", post(codes::verify))
            .route("/v1/audit", get(audit::links))
            .route("/v1/audit/find", post(audit::find))
            .route("/v1/support/{reference}", get(support::support))
            .route("/v1/vouchers", get(vouchers::list).post(vouchers::add))
            .route("/v1/vouchers/{batch}", get(vouchers::show))
            .route("/v1/vouchers/{batch}/revoke", post(vouchers::revoke_batch))
            .route("/v1/vouchers/{batch}/{serial}/revoke", post(vouchers::revoke_one))
            .merge(import_routes())
            .merge(radius_routes());
        finished(routes).with_state(self)
    }

    /// What a RADIUS server that runs apart answers by itself.
    fn radius_router(self) -> Router {
        finished(radius_routes()).with_state(self)
    }
}

/// What is answered from what RADIUS sees, as far as it runs in this process.
fn radius_routes() -> Router<AdminApi> {
    Router::new()
        .route("/v1/access-points/{name}/test", post(nas_test::test))
        .route("/v1/why", post(why::why))
        .route("/v1/radius/tail", post(radius::tail))
        .route("/v1/radius/statistics", get(radius::statistics))
        .route("/v1/status", get(status::status))
        .route("/v1/health", get(status::health))
}

fn finished(routes: Router<AdminApi>) -> Router<AdminApi> {
    routes
        .fallback(|| async { Refusal::new(FailureKind::NotFound, "there is no such path") })
        .method_not_allowed_fallback(|| async {
            Refusal::new(FailureKind::MethodNotAllowed, "the path does not take that method")
        })
        .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
}

/// Where whole files of another RADIUS server come in, portion by portion.
fn import_routes() -> Router<AdminApi> {
    Router::new()
        .route("/v1/import/access-points", post(import::access_points))
        .route("/v1/import/people", post(import::people))
        .route("/v1/import/stays", post(import::stays))
        .layer(DefaultBodyLimit::max(LONGEST_IMPORT))
}

#[cfg(test)]
mod tests;
