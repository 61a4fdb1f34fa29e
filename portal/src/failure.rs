//! What went wrong on our side while a page was made.
//!
//! The visitor sees a reference and no reason; the log has both. A handler returns a
//! [`Failure`], and [`crate::guard`] makes the page of it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::PlanName;
use store::StoreError;
use tokio::task::JoinError;

use crate::random;

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the operating system gave no random numbers")]
    Entropy(#[from] getrandom::Error),
    #[error("a page could not be rendered")]
    Template(#[from] askama::Error),
    #[error("plan {0} is missing")]
    PlanGone(PlanName),
    #[error("a step broke down")]
    BrokeDown(#[source] JoinError),
}

/// Marks a response that [`crate::guard`] turns into a page with this reference.
#[derive(Debug, Clone)]
pub(crate) struct Reference(pub String);

impl Reference {
    /// A response that carries a new reference, and the reference for the log.
    pub(crate) fn response() -> (Response, String) {
        let reference = random::reference().map_or_else(|_| "------".to_owned(), String::from);
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Self(reference.clone()));
        (response, reference)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (response, reference) = Reference::response();
        let cause = std::error::Error::source(&self).map(ToString::to_string);
        tracing::error!(page.reference = reference, error = %self, cause, "a page failed");
        response
    }
}
