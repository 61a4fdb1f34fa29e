//! The terms of a device as its visitor stands now.

use domain::{Doors, MacAddress, Nas, Terms, Timestamp};
use store::{Store, StoreError, standing_of};

/// What an access point is to be told of a device at `now`; `None` if the device has no grant that
/// holds, nothing is left, or the site is closed.
pub(crate) async fn of(
    store: &dyn Store,
    device: MacAddress,
    nas: &Nas,
    now: Timestamp,
) -> Result<Option<Terms>, StoreError> {
    let grant = store.find_grant(device).await?;
    let Some(grant) = grant.filter(|grant| grant.holds(now)) else { return Ok(None) };
    let site = store.find_site(&nas.site).await?;
    let closes_at = match site.map_or(Doors::Open { until: None }, |site| site.doors(now)) {
        Doors::Open { until } => until,
        Doors::Closed { .. } => return Ok(None),
    };
    let standing = standing_of(store, &grant, now).await?;
    Ok(standing.and_then(|standing| {
        let assessment = standing.assessment.at(nas.profile);
        let terms = Terms::of(&grant, &standing.plan, &assessment, now)?;
        Some(terms.until(closes_at, now))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Stage, nas};

    #[tokio::test]
    async fn nobody_is_told_of_more_time_than_until_the_site_closes() {
        let stage = Stage::new((None, None), (Some(7_200), None)).await;
        let grant = stage.sign_in(1, 1).await;
        let session = stage.report("gate", &grant, 0, 0).await;
        let session = stage.store.find_session(session).await.unwrap().unwrap();
        let (store, clock) = stage.shared();
        let gate = nas("gate", "10.0.0.1/32");
        let told = async || {
            let terms = of(store.as_ref(), session.device, &gate, clock.now()).await.unwrap();
            terms.map(|terms| terms.time.as_secs())
        };
        assert_eq!(told().await, Some(7_200));
        // It is noon.
        for (hours, expected) in [("daily 08:00-12:10", Some(600)), ("daily 08:00-12:00", None)] {
            let hours: domain::OpeningHours = vec![hours.parse().unwrap()].try_into().unwrap();
            let mut change = |site: &mut domain::Site| site.hours = hours.clone();
            stage.store.change_site(&gate.site, &mut change).await.unwrap().unwrap();
            assert_eq!(told().await, expected);
        }
    }
}
