//! The terms of a session as its visitor stands now.

use domain::{NasProfile, Session, Terms, Timestamp};
use store::{Store, StoreError, standing_of};

/// What an access point of that profile is to be told of a session at `now`; `None` if the device
/// has no grant that holds, or nothing is left.
pub(crate) async fn of(
    store: &dyn Store,
    session: &Session,
    profile: NasProfile,
    now: Timestamp,
) -> Result<Option<Terms>, StoreError> {
    let grant = store.find_grant(session.device).await?;
    let Some(grant) = grant.filter(|grant| grant.holds(now)) else { return Ok(None) };
    let standing = standing_of(store, &grant, now).await?;
    Ok(standing.and_then(|standing| {
        Terms::of(&grant, &standing.plan, &standing.assessment.at(profile), now)
    }))
}
