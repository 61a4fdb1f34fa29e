//! Which path leads to which handler. Everything of a visit stands below its token.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::app::{App, Message, Outcome};
use crate::journey::{
    arrive, code, contact, devices, end, help, link, my_data, number, online, rate, voucher,
};
use crate::{capport, errands, even, gateways, probe, wispr};

/// Forms are tiny; a larger body is answered with 413, and read no further.
pub(crate) const BODY_LIMIT: usize = 16 * 1_024;

/// Every route of the portal.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(arrive::at_the_door))
        .route("/status", get(arrive::at_the_door))
        .route("/contact", get(contact::public_contact))
        .route("/help", get(help::public_help))
        .route("/voucher", get(voucher::at_the_door))
        .route("/terms", get(help::public_terms))
        .route("/t/{token}", get(link::show).post(link::open))
        .route("/t/{token}/opened", get(link::opened))
        .route("/n/{path}", get(arrive::enter).post(errands::answer))
        .route("/n/{path}/", get(arrive::enter).post(errands::answer))
        .route("/guest/s/{site}", get(arrive::enter_from_unifi))
        .route("/guest/s/{site}/", get(arrive::enter_from_unifi))
        .route("/n/{path}/capport", get(capport::answer))
        .route("/v/{token}", get(number::show))
        .route("/v/{token}/", get(number::show))
        .route("/v/{token}/voucher", get(voucher::show).post(voucher::submit))
        .route("/v/{token}/change", post(code::change))
        .route("/v/{token}/grace", post(code::go_without))
        .route("/v/{token}/go", get(online::go))
        .route("/v/{token}/online", get(online::online))
        .route("/v/{token}/refused", get(arrive::refused))
        .route("/v/{token}/status", get(online::status))
        .route("/v/{token}/devices", get(devices::show).post(devices::retire))
        .route("/v/{token}/rate", get(rate::show).post(rate::submit))
        .route("/v/{token}/rated", get(rate::rated))
        .route("/v/{token}/me", get(my_data::show))
        .route("/v/{token}/me/send", post(my_data::send))
        .route("/v/{token}/me/code", post(my_data::submit))
        .route("/v/{token}/me/resend", post(my_data::resend))
        .route("/v/{token}/me/download", post(my_data::download))
        .route("/v/{token}/me/withdraw", post(my_data::withdraw))
        .route("/v/{token}/me/erase", get(my_data::confirm).post(my_data::erase))
        .route("/v/{token}/erased", get(my_data::erased))
        .route("/v/{token}/kept", get(my_data::kept))
        .route("/v/{token}/end", post(end::submit))
        .route("/v/{token}/bye", get(end::bye))
        .route("/v/{token}/contact", get(contact::contact))
        .route("/v/{token}/help", get(help::help))
        .route("/v/{token}/terms", get(help::terms))
        .route("/v/{token}/wispr", get(wispr::poll).post(wispr::log_on))
        .route("/v/{token}/wispr/off", get(wispr::log_off).post(wispr::log_off))
        .route("/dlr/{end}", get(gateways::receipt).post(gateways::receipt))
        .merge(about_numbers(app))
        .fallback(probe::answer_unrouted)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::clone(app))
}

/// What is answered about a number, so that its time tells nothing of it.
fn about_numbers(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v/{token}/phone", post(number::submit))
        .route("/v/{token}/code", get(code::show).post(code::submit))
        .route("/v/{token}/resend", post(code::resend))
        .route_layer(from_fn_with_state(Arc::clone(app), even::paced))
}

/// A browser that opens the address of a form again is shown the way back to its page.
pub(crate) async fn wrong_method(State(app): State<Arc<App>>, request: Parts) -> Outcome {
    let path = request.uri.path();
    let folder = path.rfind('/').map_or("/", |last| &path[..=last]);
    let message = Message {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "e-generic-title",
        text: "e-form",
        values: &[],
        action: Some((folder, "back")),
    };
    app.message(&app.language_of(&request.headers, request.uri.query()), &message)
}
