//! How a visitor stands: what the store knows, weighed by the domain's rule.

use domain::{Assessment, Consumption, Grant, Plan, Site, Timestamp, Usage, assess};

use crate::{Circumstances, GrantOf, Store, StoreError};

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
    Ok(holder_of(store, GrantOf::Id(grant.id), now).await?.and_then(|(_, standing)| standing))
}

/// A grant and how its holder stands at `now`; no standing if its site or plan is gone.
///
/// # Errors
/// The store's own failure.
pub async fn holder_of(
    store: &dyn Store,
    of: GrantOf,
    now: Timestamp,
) -> Result<Option<(Grant, Option<Standing>)>, StoreError> {
    let Some(circumstances) = store.find_circumstances(of, now).await? else { return Ok(None) };
    let Circumstances { grant, rules, used_by_grant, used_today, open_stays } = circumstances;
    let Some((site, plan)) = rules else { return Ok(Some((grant, None))) };
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
    Ok(Some((grant, Some(Standing { site, plan, used, assessment }))))
}
