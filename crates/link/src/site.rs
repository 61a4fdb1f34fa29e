//! Which path an office uses: wanted routes, decided from the health of its paths.
//!
//! What comes out is what is wanted, not steps towards it: every state says where each kind of traffic
//! goes and on which path visitors are clamped, so that whoever moves routes can bring the kernel there
//! from wherever it is, also after a restart, and back again.

mod budget;
mod order;
mod view;

use std::time::{Duration, Instant};

pub use budget::{Budget, BudgetPolicy, Urgency};
pub use order::Order;
pub use view::{Decision, Mode, PathNumber, PathView, Readiness, Reason, Routes};

use crate::Health;

/// Whether kinds of traffic can go different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// What is protected can leave a path by itself.
    Apart,
    /// All goes the same way, as where whoever routes knows no kinds.
    Together,
}

/// When an office changes its path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SitePolicy {
    /// What is sensitive leaves a bad primary path after so long.
    pub split_after: Duration,
    /// If the other path is better by so many hundredths of an opinion score ...
    pub better_mos: u16,
    /// ... or loses so many fewer of a thousand.
    pub better_loss: u16,
    /// What moves with what.
    pub moves: Moves,
    /// For how long little traffic tries a path before the rest follows.
    pub canary: Duration,
    /// Visitors stay clamped for so long after the office went back.
    pub settling: Duration,
    /// How often the office may change its path.
    pub budget: BudgetPolicy,
}

impl Default for SitePolicy {
    fn default() -> Self {
        Self {
            split_after: Duration::from_secs(10),
            better_mos: 40,
            better_loss: 50,
            moves: Moves::Apart,
            canary: Duration::from_secs(10),
            settling: Duration::from_secs(30),
            budget: BudgetPolicy::default(),
        }
    }
}

/// The state of one office.
#[derive(Debug)]
pub struct Site {
    policy: SitePolicy,
    order: Order,
    /// Whether the primary path is that by an order, and has not carried the office since: like any other
    /// it is not gone to while it was shown not to carry it.
    is_unproven: bool,
    mode: Mode,
    budget: Budget,
    /// Since when the primary path has been bad.
    bad_since: Option<Instant>,
    /// The path on which visitors are clamped, and since when the office has not needed that.
    clamped: Option<(PathNumber, Option<Instant>)>,
    /// When a switch that had to wait may be made.
    waits_until: Option<Instant>,
    looked_at: Option<Instant>,
}

impl Site {
    /// An office that prefers its paths in that order and whose traffic goes like that, as the kernel has it
    /// at the start.
    pub fn new(policy: SitePolicy, order: Order, routes: Routes) -> Self {
        let Routes { protected, all, .. } = routes;
        let mode = Mode::OnBackup { on: protected, rest: all };
        let primary = order.primary();
        let mut site = Self {
            policy,
            is_unproven: primary != PathNumber::PRIMARY && all != primary,
            order,
            mode,
            budget: Budget::default(),
            bad_since: None,
            clamped: None,
            waits_until: None,
            looked_at: None,
        };
        if protected == all {
            site.mode = site.on(all);
        }
        site.clamped = site.backup(site.mode).map(|path| (path, None));
        site
    }

    /// How the office is connected.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Other limits from now on; the state stays.
    pub fn change_policy(&mut self, policy: SitePolicy) {
        self.policy = policy;
    }

    /// In which order it prefers its paths.
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// Where traffic is to go now.
    pub const fn routes(&self) -> Routes {
        self.mode.routes()
    }

    /// The path on which visitors have to make room.
    pub fn clamped(&self) -> Option<PathNumber> {
        self.clamped.map(|(path, _)| path)
    }

    /// When something may change although every path stays as it is.
    pub fn next_deadline(&self) -> Option<Instant> {
        let of_mode = match self.mode {
            Mode::Returning { since, .. } => Some(since + self.policy.canary),
            Mode::Locked { until, .. } => until,
            Mode::Primary { .. } => self.bad_since.map(|since| since + self.policy.split_after),
            _ => None,
        };
        let settled = self.clamped.and_then(|(_, since)| since);
        let settled = settled.map(|since| since + self.policy.settling);
        // What was due at the last look waits for a path to change.
        let is_ahead = |due: &Instant| self.looked_at.is_none_or(|looked_at| *due > looked_at);
        of_mode.into_iter().chain(settled).chain(self.waits_until).filter(is_ahead).min()
    }

    /// People pin the office to a path, until then.
    pub fn lock(&mut self, on: PathNumber, until: Option<Instant>, now: Instant) -> Decision {
        // People may do it as often as they want.
        self.go(Mode::Locked { on, until }, Reason::Locked, now)
    }

    /// People take the pin away.
    pub fn unlock(&mut self, paths: &[PathView], now: Instant) -> Vec<Decision> {
        let Mode::Locked { on, .. } = self.mode else { return Vec::new() };
        let unlocked = self.go(self.on(on), Reason::Unlocked, now);
        std::iter::once(unlocked).chain(self.look(paths, now)).collect()
    }

    /// Prefers its paths in another order. For that alone nothing moves: only the trial of a path that is not
    /// preferred any more ends. To another primary path the office goes as it returns to one.
    pub fn reorder(&mut self, order: Order, paths: &[PathView], now: Instant) -> Vec<Decision> {
        let former = std::mem::replace(&mut self.order, order);
        let (mode, primary) = (self.reordered(), self.order.primary());
        let is_other = former.primary() != primary;
        if is_other {
            self.is_unproven = true;
            self.bad_since = None;
        }
        // Where visitors make room may be another path although the mode is as it was.
        let reordered = is_other || mode != self.mode;
        let reordered = reordered.then(|| self.go(mode, Reason::Preferred(primary), now));
        reordered.into_iter().chain(self.look(paths, now)).collect()
    }

    /// What the mode is by an order that is another one.
    fn reordered(&self) -> Mode {
        match self.mode {
            Mode::Primary { on } => self.on(on),
            Mode::OnBackup { on, rest } if on == rest => self.on(on),
            Mode::Split { on, rest } if rest != self.order.primary() => Mode::OnBackup { on, rest },
            Mode::Returning { from, rest, to, .. } if !self.order.prefers(to, from) => {
                if from == rest { self.on(from) } else { Mode::OnBackup { on: from, rest } }
            }
            mode => mode,
        }
    }

    /// Looks at all paths, as they are listed; returns what is to be done, in order.
    pub fn look(&mut self, paths: &[PathView], now: Instant) -> Vec<Decision> {
        let mut decisions = Vec::new();
        self.looked_at = Some(now);
        self.watch_primary(paths, now);
        self.waits_until = None;
        // Each step leads to another mode, and no mode is come to twice without time passing.
        while let Some((mode, reason, urgency)) = self.next(paths, now) {
            if let Err(until) = self.permit(mode, urgency, now) {
                self.waits_until = Some(until);
                break;
            }
            decisions.push(self.go(mode, reason, now));
        }
        decisions.extend(self.settle(now));
        decisions
    }

    /// The next mode, why, and how urgent it is.
    fn next(&self, paths: &[PathView], now: Instant) -> Option<(Mode, Reason, Urgency)> {
        match self.mode {
            Mode::Locked { on, until } => {
                let is_over = until.is_some_and(|until| until <= now);
                is_over.then(|| (self.on(on), Reason::Unlocked, Urgency::None))
            }
            Mode::Primary { on } => self.leave_primary(paths, on, now),
            Mode::OnBackup { on, rest } => self.leave_backup(paths, (on, rest), now),
            Mode::Split { on, rest } => self.leave_split(paths, (on, rest)),
            Mode::Returning { from, rest, to, since } => {
                let back = Mode::OnBackup { on: from, rest };
                self.leave_trial(paths, (back, to, since), now)
            }
            Mode::Isolated { on, .. } => {
                let mode = self.escape(paths, on)?;
                let reason = Reason::Back(mode.carrier());
                let is_same = mode.routes() == self.routes();
                Some((mode, reason, if is_same { Urgency::None } else { Urgency::Escape }))
            }
        }
    }

    fn leave_primary(
        &self,
        paths: &[PathView],
        from: PathNumber,
        now: Instant,
    ) -> Option<(Mode, Reason, Urgency)> {
        let primary = view(paths, from)?;
        if primary.is_set_aside() {
            return self.make_way(paths, from);
        }
        if !may_stay(primary) {
            return self.flee(paths, from);
        }
        let is_due = self.bad_since.is_some_and(|since| now >= since + self.policy.split_after);
        let (on, _) = self.views(paths).skip(1).find(|(_, path)| {
            is_due && path.tier() == Tier::Fit && self.is_clearly_better(path, primary)
        })?;
        let mode = match self.policy.moves {
            Moves::Apart => Mode::Split { on, rest: from },
            Moves::Together => self.on(on),
        };
        Some((mode, Reason::Bad(from), Urgency::Voluntary))
    }

    fn leave_backup(
        &self,
        paths: &[PathView],
        (on, rest): (PathNumber, PathNumber),
        now: Instant,
    ) -> Option<(Mode, Reason, Urgency)> {
        let backup = view(paths, on)?;
        let preferred = self.order.before(on).find(|number| {
            view(paths, *number).is_some_and(|path| {
                path.health == Health::Up
                    && match path.readiness {
                        Readiness::Ready => true,
                        Readiness::Stale => *number == self.order.primary(),
                        Readiness::Unfit => self.needs_no_proof(*number),
                    }
            })
        });
        if backup.is_set_aside() {
            return self.make_way(paths, on);
        }
        if !may_stay(backup) {
            return self.flee(paths, on);
        }
        if let Some(to) = preferred {
            let mode = Mode::Returning { from: on, rest, to, since: now };
            return Some((mode, Reason::Clean(to), Urgency::Voluntary));
        }
        let is_fit = rest != on && backup.tier() == Tier::Fit;
        is_fit.then(|| (self.on(on), Reason::Proven(on), Urgency::Voluntary))
    }

    fn leave_split(
        &self,
        paths: &[PathView],
        (on, from): (PathNumber, PathNumber),
    ) -> Option<(Mode, Reason, Urgency)> {
        let (primary, backup) = (view(paths, from)?, view(paths, on)?);
        if backup.is_set_aside() && primary.is_alive {
            return Some((self.on(from), Reason::Maintenance(on), Urgency::None));
        }
        if primary.is_set_aside()
            && let Some(way) = self.make_way(paths, from)
        {
            return Some(way);
        }
        if !may_stay(primary) && !primary.is_set_aside() {
            let mode = self.escape(paths, from)?;
            return Some((mode, Reason::Failed(from), Urgency::Escape));
        }
        if !may_stay(backup) && (primary.is_alive || !backup.is_alive) {
            return Some((self.on(from), Reason::Failed(on), Urgency::Escape));
        }
        let is_good = primary.health == Health::Up;
        is_good.then(|| (self.on(from), Reason::Clean(from), Urgency::Voluntary))
    }

    fn leave_trial(
        &self,
        paths: &[PathView],
        (back, to, since): (Mode, PathNumber, Instant),
        now: Instant,
    ) -> Option<(Mode, Reason, Urgency)> {
        let from = back.carrier();
        let (tried, left) = (view(paths, to)?, view(paths, from)?);
        if tried.is_set_aside() {
            return Some((back, Reason::Maintenance(to), Urgency::None));
        }
        if !matches!(tried.health, Health::Up | Health::Suspect) {
            return Some((back, Reason::TrialFailed(to), Urgency::None));
        }
        if !may_stay(left) {
            let reason = match left.is_set_aside() {
                true => Reason::Maintenance(from),
                false => Reason::Failed(from),
            };
            return Some((self.on(to), reason, Urgency::None));
        }
        let is_done = tried.health == Health::Up && now >= since + self.policy.canary;
        is_done.then(|| (self.on(to), Reason::Clean(to), Urgency::None))
    }

    /// Away from a path on which people work, as long as it carries yet: to one that carries all, or not
    /// at all. It counts as no failure, and is no change that there can be too many of.
    fn make_way(&self, paths: &[PathView], from: PathNumber) -> Option<(Mode, Reason, Urgency)> {
        let mut all = self.views(paths);
        let (to, _) = all.find(|(number, path)| self.tier(*number, path) == Tier::Fit)?;
        let mode = self.on(to);
        let is_other = mode.routes() != self.routes();
        is_other.then_some((mode, Reason::Maintenance(from), Urgency::None))
    }

    /// Away from a path that carries nothing.
    fn flee(&self, paths: &[PathView], from: PathNumber) -> Option<(Mode, Reason, Urgency)> {
        let Some(mode) = self.escape(paths, from) else {
            let mode = Mode::Isolated { on: from, routes: self.routes() };
            return Some((mode, Reason::AllDown, Urgency::None));
        };
        let is_other = mode.routes() != self.routes();
        is_other.then_some((mode, Reason::Failed(from), Urgency::Escape))
    }

    /// The best that there is for an office whose path `from` carries nothing it can use: what it has, if
    /// packets pass there and nothing else is better. A path that carries all as it is goes on doing so,
    /// also if it would not be chosen for it.
    fn escape(&self, paths: &[PathView], from: PathNumber) -> Option<Mode> {
        let each = self.views(paths).zip((0_u8..).map(std::cmp::Reverse));
        // Of equals the earlier one is preferred.
        let best = each.map(|((number, path), place)| {
            (self.tier(number, path), number == from, place, number)
        });
        let (tier, _, _, number) = best.max()?;
        let rest = self.routes().all;
        match tier {
            Tier::Nothing => None,
            Tier::Unfit if rest != number && self.policy.moves == Moves::Apart => {
                Some(Mode::OnBackup { on: number, rest })
            }
            Tier::Unfit | Tier::SetAside | Tier::Alive | Tier::Fit => Some(self.on(number)),
        }
    }

    /// All on one path.
    fn on(&self, path: PathNumber) -> Mode {
        match path == self.order.primary() {
            true => Mode::Primary { on: path },
            false => Mode::OnBackup { on: path, rest: path },
        }
    }

    /// The other path that carries something of the office, on which visitors make room.
    fn backup(&self, mode: Mode) -> Option<PathNumber> {
        let Routes { all, protected, .. } = mode.routes();
        [protected, all].into_iter().find(|path| *path != self.order.primary())
    }

    /// The paths, the preferred one first.
    fn views<'a>(
        &self,
        paths: &'a [PathView],
    ) -> impl Iterator<Item = (PathNumber, &'a PathView)> + use<'a, '_> {
        self.order.iter().filter_map(|number| Some((number, view(paths, number)?)))
    }

    /// How well a path would carry the office.
    fn tier(&self, number: PathNumber, path: &PathView) -> Tier {
        match path.tier() {
            Tier::Unfit if self.needs_no_proof(number) => Tier::Fit,
            tier => tier,
        }
    }

    /// Whether a path carries the office whatever trials show.
    fn needs_no_proof(&self, number: PathNumber) -> bool {
        number == self.order.primary() && !self.is_unproven
    }

    fn is_clearly_better(&self, path: &PathView, primary: &PathView) -> bool {
        let of_mos = primary.mos.hundredths() + self.policy.better_mos;
        path.mos.hundredths() >= of_mos || path.loss + self.policy.better_loss <= primary.loss
    }

    fn watch_primary(&mut self, paths: &[PathView], now: Instant) {
        self.bad_since = match view(paths, self.order.primary()).map(|primary| primary.health) {
            Some(Health::Degraded) => Some(self.bad_since.unwrap_or(now)),
            // What loses packets loses heartbeats, too, and is no better for it.
            Some(Health::Suspect) => self.bad_since,
            _ => None,
        };
    }

    /// Asks the budget; else tells from when on it may be.
    fn permit(&mut self, mode: Mode, urgency: Urgency, now: Instant) -> Result<(), Instant> {
        if mode.routes() == self.routes() || urgency == Urgency::None {
            return Ok(());
        }
        self.budget.spend(urgency, now, &self.policy.budget)
    }

    fn go(&mut self, mode: Mode, reason: Reason, now: Instant) -> Decision {
        let from = std::mem::replace(&mut self.mode, mode);
        self.is_unproven &= mode.routes().all != self.order.primary();
        self.clamped = match (self.backup(mode), self.clamped) {
            (Some(path), _) => Some((path, None)),
            (None, Some((path, since))) => Some((path, since.or(Some(now)))),
            (None, None) => None,
        };
        Decision { from, to: mode, reason, routes: mode.routes(), clamped: self.clamped() }
    }

    /// Gives visitors back what they had once the office is back for good.
    fn settle(&mut self, now: Instant) -> Option<Decision> {
        let (path, Some(since)) = self.clamped? else { return None };
        if now < since + self.policy.settling {
            return None;
        }
        self.clamped = None;
        let (mode, routes) = (self.mode, self.routes());
        let reason = Reason::Settled(path);
        Some(Decision { from: mode, to: mode, reason, routes, clamped: None })
    }
}

/// How well a path would carry an office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Nothing,
    /// People work on it, and packets pass yet.
    SetAside,
    /// Packets pass, and that is all that is known.
    Alive,
    /// It carries, but an office would be too much for it.
    Unfit,
    Fit,
}

impl PathView {
    fn tier(&self) -> Tier {
        match (self.health.is_usable(), self.readiness) {
            (true, Readiness::Ready | Readiness::Stale) => Tier::Fit,
            (true, Readiness::Unfit) => Tier::Unfit,
            (false, _) if self.is_set_aside() => Tier::SetAside,
            (false, _) if self.is_alive => Tier::Alive,
            (false, _) => Tier::Nothing,
        }
    }

    /// Whether people work on it, and packets pass yet.
    const fn is_set_aside(&self) -> bool {
        matches!(self.health, Health::Maintenance) && self.is_alive
    }
}

/// Whether traffic stays where it is: nothing is left for want of knowledge.
const fn may_stay(path: &PathView) -> bool {
    path.health.is_usable() || matches!(path.health, Health::Init)
}

fn view(paths: &[PathView], number: PathNumber) -> Option<&PathView> {
    paths.get(usize::from(number.index()))
}

#[cfg(test)]
mod tests;
