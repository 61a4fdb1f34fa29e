//! How a visitor stands: what the store knows, weighed by the domain's rule.

use domain::{
    Assessment, Consumption, Doors, Grant, MacAddress, Nas, Plan, RatePair, Site, Terms, Timestamp,
    Usage, assess,
};

use crate::{Circumstances, GrantsOf, Store, StoreError};

/// A grant's plan and site, what was used, and what that means.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The site of the grant.
    pub site: Site,
    /// The limits.
    pub plan: Plan,
    /// What was used, with the time since the last report of sessions that go on.
    pub used: Consumption,
    /// Whether the visitor may go on.
    pub assessment: Assessment,
}

/// How the holder of `grant` stands at `now`; `None` if grant, site or plan is gone.
///
/// # Errors
/// The store's own failure.
pub async fn standing_of(
    store: &dyn Store,
    grant: &Grant,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let holders = holders_of(store, GrantsOf::Ids(&[grant.id]), now).await?;
    Ok(holders.into_iter().next().and_then(|(_, standing)| standing))
}

/// What an access point is to be told of a device at `now`; `None` if the device has no grant that
/// holds, nothing is left, or the site is closed.
///
/// # Errors
/// The store's own failure.
pub async fn terms_of(
    store: &dyn Store,
    device: MacAddress,
    nas: &Nas,
    now: Timestamp,
) -> Result<Option<Terms>, StoreError> {
    let grant = store.find_grant(device).await?;
    let Some(grant) = grant.filter(|grant| grant.holds(now)) else { return Ok(None) };
    let site = store.find_site(&nas.site).await?;
    let most = most_at(site.as_ref(), nas, now);
    let closes_at = match site.map_or(Doors::Open { until: None }, |site| site.doors(now)) {
        Doors::Open { until } => until,
        Doors::Closed { .. } => return Ok(None),
    };
    let standing = standing_of(store, &grant, now).await?;
    Ok(standing.and_then(|standing| {
        let assessment = standing.assessment.at(nas.profile);
        let terms = Terms::of(&grant, &standing.plan, &assessment, now)?;
        Some(terms.within(most).until(closes_at, now))
    }))
}

/// The most that a device may have at an access point of that site because an office needs the network;
/// one that limits no speed gives what it always gives.
#[must_use]
pub fn most_at(site: Option<&Site>, nas: &Nas, now: Timestamp) -> Option<RatePair> {
    site.and_then(|site| site.most_beside_office(now)).filter(|_| nas.profile.limits_speed())
}

/// Grants and how their holders stand at `now`, each once and in no order; no standing where site
/// or plan are gone.
///
/// # Errors
/// The store's own failure.
pub async fn holders_of(
    store: &dyn Store,
    of: GrantsOf<'_>,
    now: Timestamp,
) -> Result<Vec<(Grant, Option<Standing>)>, StoreError> {
    let all = store.list_circumstances(of, now).await?;
    Ok(all.into_iter().map(|circumstances| weigh(circumstances, now)).collect())
}

fn weigh(circumstances: Circumstances, now: Timestamp) -> (Grant, Option<Standing>) {
    let Circumstances { grant, rules, used_by_grant, used_today, open_stays } = circumstances;
    let Some((site, plan)) = rules else { return (grant, None) };
    // A silent access point costs nobody a day.
    let silence = plan.interim_interval * 2;
    let mut used = Consumption { session: used_by_grant, day: used_today };
    for stay in open_stays {
        let time = now.since(stay.updated_at).min(silence);
        let unreported = Usage { time, ..Usage::default() };
        used.day = used.day + unreported;
        if stay.grant == Some(grant.id) {
            used.session = used.session + unreported;
        }
    }
    let assessment = assess(&plan, &used, &site.zone, now);
    (grant, Some(Standing { site, plan, used, assessment }))
}
