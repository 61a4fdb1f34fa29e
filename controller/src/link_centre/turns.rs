//! Whose turn it is on radio sectors that several offices share; what is decided stands in [`link::sector`].
//!
//! Nothing of it is kept: which paths are on which sector stands in the state of each agent, and a centre that
//! begins gives no turns until former ones are over. Agents of one sector tell one controller.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Timestamp;
use link::report::Name;
use link::sector::{Answer, Question, Sectors, Use};
use serde::Deserialize;
use store::StoreError;

use super::intake::Intake;
use crate::random;

/// The sectors of which agents told.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Mutex<Sectors>>);

/// What matters here of what an agent tells of its links.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    paths: Vec<PathState>,
}

#[derive(Deserialize)]
struct PathState {
    name: Name,
    sector: Option<Name>,
    ends: Option<(IpAddr, IpAddr)>,
    #[serde(rename = "office-kbit")]
    office_kbit: Option<u64>,
}

impl Turns {
    pub(super) fn new() -> Self {
        let [a, b, c, d, e, f, g, h, ..] = random::entropy();
        let drawn = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        Self(Arc::new(Mutex::new(Sectors::new(drawn, Instant::now()))))
    }

    /// An agent told how its links are.
    pub(super) fn note(&self, site: &Name, state: &[u8]) {
        // What is of another version says nothing of sectors.
        let Ok(state) = serde_json::from_slice::<State>(state) else { return };
        let mut sectors = self.sectors();
        for path in state.paths {
            if let Some(sector) = &path.sector {
                let office = path.office_kbit.map(|kbit| kbit.saturating_mul(1_000));
                let told = Use { ends: path.ends, office };
                sectors.note(sector, (site.clone(), path.name), told, Instant::now());
            }
        }
    }

    /// Answers an agent; nothing if it did not tell of such a path.
    pub(super) fn answer(
        &self,
        site: &Name,
        question: &Question,
        now: Timestamp,
    ) -> Option<Answer> {
        let unix = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or_default());
        self.sectors().answer(site, question, Instant::now(), unix)
    }

    fn sectors(&self) -> MutexGuard<'_, Sectors> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    /// Who shared sectors before, and may be where it cannot be heard: its slots are kept for it.
    pub(super) async fn recall_members(&self) -> Result<(), StoreError> {
        for site in self.store.list_link_sites().await? {
            if let Some((state, _)) = site.state {
                self.turns.note(&site.name, state.as_bytes());
            }
        }
        Ok(())
    }
}
