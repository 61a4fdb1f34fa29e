//! How a visitor stands: what the store knows, weighed by the domain's rule.

use domain::{Assessment, Consumption, Grant, Plan, Site, Timestamp, Usage, assess};

use crate::{Store, StoreError};

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

/// How the holder of `grant` stands at `now`; `None` if its site or plan is gone.
///
/// # Errors
/// The store's own failure.
pub async fn standing_of(
    store: &dyn Store,
    grant: &Grant,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let Some(site) = store.find_site(&grant.site).await? else { return Ok(None) };
    let Some(plan) = store.find_plan(&grant.plan).await? else { return Ok(None) };
    let silence = plan.interim_interval * 2;
    let mut used = Consumption {
        session: store.usage_of_grant(grant.id).await?,
        day: store.usage_of_day(grant.account, site.zone.day_of(now)).await?,
    };
    for session in store.open_sessions_of_account(grant.account).await? {
        let unreported = Usage { time: session.unreported_time(now, silence), ..Usage::default() };
        used.day = used.day + unreported;
        if session.grant == Some(grant.id) {
            used.session = used.session + unreported;
        }
    }
    let assessment = assess(&plan, &used, &site.zone, now);
    Ok(Some(Standing { site, plan, used, assessment }))
}
