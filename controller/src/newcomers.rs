//! Lets senders in that a range takes by itself: who proves its secret becomes an access point.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{
    Approval, Clock, Nas, NasName, NasRange, PendingNas, PendingState, SecretProof, Timestamp,
};
use store::{Act, Actor, AuditEntry, AuditSubject, Change, Changes, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::random;

/// The part that approves by itself.
pub(crate) struct Newcomers {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Newcomers {
    /// A part over `store`.
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = self.store.changes();
        stop.run_until_cancelled(async {
            loop {
                if let Err(error) = self.approve_proved().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a new access point could not be let in");
                }
                woken(&mut changes).await;
            }
        })
        .await;
    }

    /// Approves whoever waits, is of a range that takes newcomers by itself, and has proved its
    /// secret; returns how many.
    ///
    /// # Errors
    /// The store's. One that stands in its own way, such as by a taken name, waits for an admin.
    pub(crate) async fn approve_proved(&self) -> Result<usize, StoreError> {
        let ranges = self.store.list_ranges().await?;
        let mut approved = 0;
        for pending in self.store.list_pending().await? {
            let is_proved = pending.said.secret == SecretProof::Proved;
            let range = ranges.iter().find(|range| range.name == pending.range);
            let range = range.filter(|range| range.approval == Approval::Auto && is_proved);
            let name = range.and_then(|range| range.name_for(pending.address));
            let (Some(range), Some(name)) = (range, name) else { continue };
            if pending.state == PendingState::Rejected {
                continue;
            }
            let store = self.store.on_record(approval(&name, range, &pending, self.clock.now()));
            match approve(store.as_ref(), range, &pending, (name, Telling::ByAddress)).await {
                Ok(nas) => {
                    approved += 1;
                    tracing::info!(nas = %nas.name, range = %range.name, "access point let in");
                }
                Err(StoreError::Exists { .. } | StoreError::Reference { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(approved)
    }
}

/// That an access point was let in by its range's own rule.
fn approval(name: &NasName, range: &NasRange, pending: &PendingNas, at: Timestamp) -> AuditEntry {
    let detail = [("address", pending.address.to_string()), ("range", range.name.to_string())];
    AuditEntry {
        at,
        actor: Actor::Service,
        act: Act::AccessPointApproved,
        subject: AuditSubject::AccessPoint(name.clone()),
        detail: detail.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect(),
    }
}

/// By what a new access point is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Its address.
    ByAddress,
    /// Its address with its NAS-Identifier, since others share the address.
    ByIdentifier,
}

/// Makes a pending sender an access point.
///
/// # Errors
/// The store's, such as for a taken name.
pub(crate) async fn approve(
    store: &dyn Store,
    range: &NasRange,
    pending: &PendingNas,
    (name, telling): (NasName, Telling),
) -> Result<Nas, StoreError> {
    let address: IpAddr = pending.address;
    let identifier = match telling {
        Telling::ByAddress => None,
        Telling::ByIdentifier => pending.said.identifier.clone(),
    };
    let nas = range.access_point(name, address, identifier, random::portal_path());
    store.add_access_point(&nas).await?;
    store.forget_pending(address).await?;
    Ok(nas)
}

/// Returns once somebody may have been seen; a closed feed wakes nobody.
async fn woken(changes: &mut Changes) {
    loop {
        match changes.next().await {
            Some(Change::Pending | Change::Missed) => return,
            Some(
                Change::Setup
                | Change::Grant(_)
                | Change::Usage(_)
                | Change::Order
                | Change::Message
                | Change::Challenge(_)
                | Change::Erased,
            ) => {}
            None => std::future::pending().await,
        }
    }
}
