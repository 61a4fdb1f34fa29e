//! How a visitor stands: what the store knows, weighed by the domain's rule.

use domain::{Assessment, Consumption, Grant, Plan, Site, Timestamp, Usage, assess};

use crate::{Circumstances, Store, StoreError};

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
    let Some(circumstances) = store.circumstances_of(grant, now).await? else { return Ok(None) };
    let Circumstances { site, plan, used_by_grant, used_today, open_sessions } = circumstances;
    let silence = plan.interim_interval * 2;
    let mut used = Consumption { session: used_by_grant, day: used_today };
    for session in open_sessions {
        let unreported = Usage { time: session.unreported_time(now, silence), ..Usage::default() };
        used.day = used.day + unreported;
        if session.grant == Some(grant.id) {
            used.session = used.session + unreported;
        }
    }
    let assessment = assess(&plan, &used, &site.zone, now);
    Ok(Some(Standing { site, plan, used, assessment }))
}
