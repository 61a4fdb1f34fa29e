//! A section that was changed is taken while sessions go on.

use std::time::Instant;

use super::{Effect, Guarded, Paced, Patience, Watch, heartbeats};
use crate::links::settings::{LinksSettings, PathSettings};

impl Watch {
    /// Takes a section that has the same paths as before; see [`LinksSettings::check_reload`].
    pub(in crate::links) fn reload(
        &mut self,
        (former, fresh): (&LinksSettings, &LinksSettings),
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let each = former.paths.iter().zip(&fresh.paths).zip(&mut self.paths);
        for ((before, of), watched) in each {
            watched.path.change_policy(of.policy());
            if let Some(fitness) = &mut watched.fitness {
                let stretch = watched.paced.as_ref().map_or(Some(1), Paced::stretch);
                fitness.require(fresh.carry_test_of(of).requirement(), stretch);
            }
            if let Some(paced) = &mut watched.paced {
                paced.change(of);
            }
            match (&mut watched.sender, &watched.paced, of.probe_interval()) {
                (Some(sender), Some(paced), _) => paced.set_probes(sender),
                (Some(sender), None, Some(interval)) => sender.set_interval(interval),
                _ => {}
            }
            if former.shape(before) != fresh.shape(of) {
                watched.guarded = fresh.shape(of).map(|shape| Guarded::of(&shape));
                watched.bound();
            }
            let key = self.key.as_ref().filter(|_| of.authenticated);
            let times = |of: &PathSettings| (of.heartbeat(), of.idle_heartbeat(), of.missing);
            let is_same = times(before) == times(of);
            if let Ok(wished) = heartbeats(of, key)
                && !is_same
            {
                let paced = watched.paced.as_ref();
                let wished = paced.map_or(wished.clone(), |paced| paced.heartbeats(wished));
                watched.patience = Patience::of(of);
                watched.heartbeats = wished.clone();
                if let Some(session) = watched.session {
                    self.sessions.reconfigure(session, wished);
                }
            }
        }
        if let Some(number) = self.site.clamped() {
            let wanted = self.come(number, now);
            effects.extend(wanted.map(|wanted| Effect::Shared(number, wanted)));
        }
        let decisions = self.site.reorder(fresh.order(), &self.views(), now);
        self.decide(decisions, now, effects);
    }
}
