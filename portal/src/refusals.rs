//! What is refused before any message comes into question, kept for the help desk under the visit's
//! reference.
//!
//! Strangers make references as they like, so only so much is kept in a time, of a device and of all;
//! what goes beyond is refused all the same.

use domain::EntryRefusal;

use crate::app::App;
use crate::visit::Visit;

/// Keeps that something was refused. The visitor is answered as well if it cannot be kept.
pub(crate) async fn note(app: &App, visit: &Visit, why: EntryRefusal) {
    if !app.budgets.admit_note(visit.context.device) {
        return;
    }
    if let Err(error) = app.store.note_refusal(&visit.record(), why).await {
        tracing::warn!(%error, "what was refused to a visitor is not kept");
    }
}
