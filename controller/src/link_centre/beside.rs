//! The sites whose visitors use a path of an office: they are told when the office comes and goes, and
//! their access points tell whether there is power.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Site, Timestamp};
use link::report::Name;
use store::{LinkSite, Store, StoreError, Version};

use super::offices::Office;

/// For how long sites are remembered, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(60);
/// How often it is asked when access points were heard.
const LISTEN_EVERY: Duration = Duration::from_secs(10);
/// Access points are silent when so many reports are missing ...
const MISSING_REPORTS: u32 = 2;
/// ... for longer than they may be on their way. Sessions count as over only after a third one.
const ON_THEIR_WAY: Duration = Duration::from_secs(20);

/// What is remembered of sites beside offices; all of it may be forgotten at any time.
pub(super) struct Beside {
    started_at: Timestamp,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    sites: Option<(Version, Timestamp, Arc<[Site]>)>,
    listened_at: Option<Timestamp>,
}

/// Whether the access points beside an office are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// They are: the last report came then.
    At(Timestamp),
    /// They are silent since then, with sessions that go on.
    NotSince(Timestamp),
}

impl Beside {
    pub(super) fn new(started_at: Timestamp) -> Self {
        Self { started_at, memory: Mutex::default() }
    }

    /// Tells sites how it is with their offices, where they do not know it yet.
    pub(super) async fn tell(
        &self,
        store: &dyn Store,
        (offices, agents): (&BTreeMap<Name, Office>, &[LinkSite]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for site in self.sites(store, now).await?.iter() {
            let Some(path) = &site.office else { continue };
            let agent = agents.iter().find(|agent| agent.name.as_str() == path.office());
            let told =
                agent.and_then(|agent| Some(offices.get(&agent.name)?.state(path, agent.seen_at)));
            let Some(told) = told else { continue };
            if site.office_state.or_later(told) == site.office_state {
                continue;
            }
            let mut change = |site: &mut Site| {
                // Another office may have been set meanwhile.
                if site.office.as_ref() == Some(path) {
                    site.office_state = site.office_state.or_later(told);
                }
            };
            store.change_site(&site.name, &mut change).await?;
            let (site, office, is_there) = (&site.name, path.office(), told.need.is_some());
            tracing::info!(%site, office, is_there, "links.visitors");
        }
        Ok(())
    }

    /// Whether the access points beside offices are heard that do not need the office's paths for it.
    /// Nothing is said of those where nobody is online.
    pub(super) async fn access_points(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<BTreeMap<Name, Heard>, StoreError> {
        let sites = self.sites(store, now).await?;
        let apart = sites.iter().filter(|site| site.office_speed.is_some());
        let apart: Vec<_> = apart.filter_map(|site| Some((site.office.as_ref()?, site))).collect();
        if apart.is_empty() || !self.is_time_to_listen(now) {
            return Ok(BTreeMap::new());
        }
        let plans = store.list_plans().await?;
        let slowest = plans.iter().map(|plan| plan.interim_interval).max().unwrap_or_default();
        let patience = slowest * MISSING_REPORTS + ON_THEIR_WAY;
        let mut last: BTreeMap<Name, Timestamp> = BTreeMap::new();
        for (path, site) in apart {
            let Ok(office) = path.office().parse::<Name>() else { continue };
            if let Some(at) = store.last_report_at(&site.name).await? {
                let last = last.entry(office).or_insert(at);
                *last = at.max(*last);
            }
        }
        let heard = last.into_iter().map(|(office, at)| {
            // While the centre was down nobody was silent.
            let is_silent = now.since(at.max(self.started_at)) >= patience;
            (office, if is_silent { Heard::NotSince(at) } else { Heard::At(at) })
        });
        Ok(heard.collect())
    }

    fn is_time_to_listen(&self, now: Timestamp) -> bool {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = memory.listened_at.is_none_or(|at| now >= at + LISTEN_EVERY);
        if is_time {
            memory.listened_at = Some(now);
        }
        is_time
    }

    /// The sites that have an office.
    async fn sites(&self, store: &dyn Store, now: Timestamp) -> Result<Arc<[Site]>, StoreError> {
        let version = store.versions().of_setup();
        if let Some((of, at, sites)) =
            &self.memory.lock().unwrap_or_else(PoisonError::into_inner).sites
            && *of == version
            && now < *at + LASTS
        {
            return Ok(Arc::clone(sites));
        }
        let all = store.list_sites().await?.into_iter();
        let sites: Arc<[Site]> = all.filter(|site| site.office.is_some()).collect();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sites = Some((version, now, Arc::clone(&sites)));
        Ok(sites)
    }
}

#[cfg(test)]
mod tests;
