//! What pages must know of those who carry messages; and where gateways tell what became of them:
//! `/dlr/` and a secret end that each has.
//!
//! What they tell is read elsewhere; here it is only answered, so that a gateway tells again what
//! could not be written down, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Charge, PhoneNumber, RouteName, SmsText, Timestamp};
use store::OutgoingMessage;

use crate::app::App;

/// Who knows the gateways that carry messages.
#[async_trait]
pub trait MessageGateways: Send + Sync {
    /// Whether a route takes text messages at `now`.
    fn take_messages(&self, now: Timestamp) -> bool;

    /// The route by WhatsApp, if there is one that takes messages at `now`.
    fn whatsapp(&self, now: Timestamp) -> Option<RouteName>;

    /// What a message costs that goes by that route, or by any; `None` is nothing.
    fn charge(
        &self,
        route: Option<&RouteName>,
        phone: &PhoneNumber,
        text: &SmsText,
        now: Timestamp,
    ) -> Option<Charge>;

    /// A place for one more message that can be handed over at once, if there is one.
    fn place(&self) -> Option<MessagePlace>;

    /// Takes what was told of a message.
    async fn take_receipt(&self, receipt: &ReceiptTold<'_>) -> ReceiptAnswer;
}

/// A place for a message that is handed over as soon as it is written down.
pub struct MessagePlace {
    /// For how long the message must be claimed.
    pub claim: Duration,
    /// Hands it over.
    pub hand_over: Box<dyn FnOnce(OutgoingMessage) + Send>,
}

/// What came to the address of receipts.
#[derive(Debug)]
pub struct ReceiptTold<'a> {
    /// The secret end of the path.
    pub end: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty for a GET.
    pub body: &'a [u8],
}

/// How a gateway is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAnswer {
    /// It was taken.
    Taken,
    /// No gateway has that address.
    NoSuchAddress,
    /// It is not signed as the gateway signs.
    Forged,
    /// It says nothing that can be understood.
    Unreadable,
    /// It could not be written down, and should be told again.
    NotNow,
}

/// `GET` and `POST /dlr/{end}`.
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    Path(end): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let told = ReceiptTold { end: &end, query: query.as_deref(), headers: &headers, body: &body };
    let answer = match &app.gateways {
        Some(gateways) => gateways.take_receipt(&told).await,
        None => ReceiptAnswer::NoSuchAddress,
    };
    let (status, text) = match answer {
        ReceiptAnswer::Taken => (StatusCode::OK, "OK\n"),
        ReceiptAnswer::NoSuchAddress => (StatusCode::NOT_FOUND, "No such address.\n"),
        ReceiptAnswer::Forged => (StatusCode::FORBIDDEN, "The signature is wrong.\n"),
        ReceiptAnswer::Unreadable => (StatusCode::BAD_REQUEST, "That is no receipt.\n"),
        ReceiptAnswer::NotNow => (StatusCode::SERVICE_UNAVAILABLE, "Tell it again later.\n"),
    };
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
