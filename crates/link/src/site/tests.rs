use proptest::prelude::*;

use super::*;
use crate::Mos;
use crate::fixtures::origin;

const SECS: fn(u64) -> Duration = Duration::from_secs;
const ONE: PathNumber = PathNumber::new(1);
const TWO: PathNumber = PathNumber::new(2);

const GOOD: PathView = PathView {
    health: Health::Up,
    is_alive: true,
    readiness: Readiness::Ready,
    mos: Mos::from_hundredths(430),
    loss: 0,
};
const UNFIT: PathView = PathView { readiness: Readiness::Unfit, ..GOOD };
const STALE: PathView = PathView { readiness: Readiness::Stale, ..GOOD };
const DEAD: PathView = PathView { is_alive: false, ..of(Health::Down) };
const BAD: PathView = PathView { mos: Mos::from_hundredths(350), loss: 60, ..of(Health::Degraded) };

const fn of(health: Health) -> PathView {
    PathView { health, ..GOOD }
}

/// How paths are after so many seconds, and which are preferred from then on if that is another order.
type Hour = (Vec<PathView>, u64, Option<[u8; 2]>);

fn told(decisions: Vec<Decision>) -> Vec<(&'static str, Reason)> {
    decisions.into_iter().map(|decision| (decision.to.as_str(), decision.reason)).collect()
}

/// An office and the time that passes for it.
struct Story {
    site: Site,
    now: Instant,
}

impl Story {
    fn on(path: PathNumber) -> Self {
        Self::with(Routes::everything(path))
    }

    fn with(routes: Routes) -> Self {
        let site = Site::new(SitePolicy::default(), Order::of([], 4), routes);
        Self { site, now: origin() }
    }

    /// On the primary path, with an office all of whose traffic goes the same way.
    fn together() -> Self {
        let mut story = Self::on(PathNumber::PRIMARY);
        let policy = SitePolicy { moves: Moves::Together, ..SitePolicy::default() };
        story.site.change_policy(policy);
        story
    }

    /// On the backup, for the primary path is dead.
    fn on_backup() -> Self {
        let mut story = Self::on(PathNumber::PRIMARY);
        assert_eq!(story.look(&[DEAD, GOOD]), [("on-backup", Reason::Failed(PathNumber::PRIMARY))]);
        story
    }

    fn look(&mut self, paths: &[PathView]) -> Vec<(&'static str, Reason)> {
        told(self.site.look(paths, self.now))
    }

    /// These paths are preferred to the others from now on.
    fn prefer(&mut self, first: &[PathNumber], paths: &[PathView]) -> Vec<(&'static str, Reason)> {
        let order = Order::of(first.iter().copied(), 4);
        told(self.site.reorder(order, paths, self.now))
    }

    /// Time passes, and then the order may be another one.
    fn pass(&mut self, (paths, after, first): &Hour) -> Vec<Decision> {
        self.now += SECS(*after);
        let Some(first) = first else { return self.site.look(paths, self.now) };
        let count = u8::try_from(paths.len()).unwrap();
        let first = first.iter().map(|any| PathNumber::new(any % count));
        self.site.reorder(Order::of(first, count), paths, self.now)
    }

    fn after(&mut self, seconds: u64, paths: &[PathView]) -> Vec<(&'static str, Reason)> {
        self.now += SECS(seconds);
        self.look(paths)
    }
}

#[test]
fn a_primary_path_that_carries_is_kept() {
    for health in [Health::Up, Health::Suspect, Health::Init, Health::Degraded] {
        let mut story = Story::on(PathNumber::PRIMARY);
        assert_eq!(story.look(&[of(health), GOOD]), [], "{health}");
    }
}

#[test]
fn an_office_leaves_a_dead_path_at_once_for_one_that_is_ready_or_was() {
    for backup in [GOOD, STALE, PathView { health: Health::Degraded, ..GOOD }] {
        let mut story = Story::on(PathNumber::PRIMARY);
        let failed = Reason::Failed(PathNumber::PRIMARY);
        assert_eq!(story.look(&[DEAD, backup]), [("on-backup", failed)]);
        assert_eq!(story.site.routes(), Routes::everything(ONE));
        assert_eq!(story.site.clamped(), Some(ONE));
    }
}

#[test]
fn only_what_is_protected_goes_to_a_path_that_would_not_carry_all() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.look(&[DEAD, UNFIT]);
    let protected = Routes { protected: ONE, ..Routes::everything(PathNumber::PRIMARY) };
    assert_eq!(story.site.routes(), protected);
    assert_eq!(story.look(&[DEAD, GOOD]), [("on-backup", Reason::Proven(ONE))]);
    assert_eq!(story.site.routes(), Routes::everything(ONE));
    assert_eq!(story.look(&[DEAD, UNFIT]), [], "it carries all by now");
}

#[test]
fn what_is_not_protected_stays_where_it_is_while_the_primary_is_tried() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.look(&[DEAD, UNFIT]);
    story.after(60, &[GOOD, UNFIT]);
    let routes = Routes { protected: ONE, ..Routes::everything(PathNumber::PRIMARY) };
    assert_eq!((story.site.mode().as_str(), story.site.routes()), ("returning", routes));
    story.after(5, &[DEAD, UNFIT]);
    assert_eq!((story.site.mode().as_str(), story.site.routes()), ("on-backup", routes));
}

#[test]
fn a_primary_path_that_flaps_is_left_only_for_a_better_one() {
    for health in [Health::Held, Health::Recovering] {
        let mut story = Story::on(PathNumber::PRIMARY);
        assert_eq!(story.look(&[of(health), DEAD]), [], "{health}: packets pass");
        let decisions = story.look(&[of(health), GOOD]);
        assert_eq!(decisions, [("on-backup", Reason::Failed(PathNumber::PRIMARY))], "{health}");
    }
}

#[test]
fn of_several_the_first_that_is_fit_is_taken() {
    for (backups, taken) in [
        ([GOOD, GOOD], ONE),
        ([STALE, GOOD], ONE),
        ([UNFIT, GOOD], TWO),
        ([DEAD, GOOD], TWO),
        ([of(Health::Recovering), UNFIT], TWO),
        ([of(Health::Recovering), DEAD], ONE),
    ] {
        let mut story = Story::on(PathNumber::PRIMARY);
        story.look(&[DEAD, backups[0], backups[1]]);
        assert_eq!(story.site.mode().carrier(), taken, "{backups:?}");
    }
}

#[test]
fn an_office_all_of_whose_paths_are_dead_keeps_its_routes() {
    let mut story = Story::on_backup();
    assert_eq!(story.look(&[DEAD, DEAD]), [("isolated", Reason::AllDown)]);
    assert_eq!(story.site.routes(), Routes::everything(ONE));
    let back = Reason::Back(ONE);
    let recovering = of(Health::Recovering);
    assert_eq!(story.look(&[DEAD, recovering]), [("on-backup", back)]);
}

#[test]
fn the_first_path_that_is_back_takes_an_isolated_office() {
    let mut story = Story::on_backup();
    story.look(&[DEAD, DEAD]);
    let back = Reason::Back(PathNumber::PRIMARY);
    assert_eq!(story.look(&[of(Health::Recovering), DEAD]), [("primary", back)]);
}

#[test]
fn an_office_returns_by_a_trial_and_visitors_get_theirs_back_afterwards() {
    let mut story = Story::on_backup();
    let clean = Reason::Clean(PathNumber::PRIMARY);
    assert_eq!(story.after(60, &[of(Health::Recovering), GOOD]), []);
    assert_eq!(story.after(30, &[GOOD, GOOD]), [("returning", clean)]);
    let canary = Routes { canary: PathNumber::PRIMARY, ..Routes::everything(ONE) };
    assert_eq!(story.site.routes(), canary);
    assert_eq!(story.after(9, &[GOOD, GOOD]), []);
    assert_eq!(story.after(1, &[GOOD, GOOD]), [("primary", clean)]);
    assert_eq!(story.site.clamped(), Some(ONE), "it may fail again");
    assert_eq!(story.after(29, &[GOOD, GOOD]), []);
    assert_eq!(story.after(1, &[GOOD, GOOD]), [("primary", Reason::Settled(ONE))]);
    assert_eq!(story.site.clamped(), None);
    assert_eq!(story.site.next_deadline(), None);
}

#[test]
fn a_trial_that_fails_ends_on_the_backup() {
    for health in [Health::Down, Health::Degraded, Health::Held] {
        let mut story = Story::on_backup();
        story.after(60, &[GOOD, GOOD]);
        let failed = Reason::TrialFailed(PathNumber::PRIMARY);
        assert_eq!(story.after(5, &[of(health), GOOD]), [("on-backup", failed)], "{health}");
        assert_eq!(story.site.clamped(), Some(ONE));
    }
}

#[test]
fn a_trial_waits_for_a_heartbeat_that_is_late() {
    let mut story = Story::on_backup();
    story.after(60, &[GOOD, GOOD]);
    assert_eq!(story.after(10, &[of(Health::Suspect), GOOD]), []);
    assert_eq!(story.after(0, &[GOOD, GOOD]).len(), 1);
}

#[test]
fn a_backup_that_dies_while_the_primary_is_tried_ends_the_trial_there() {
    let mut story = Story::on_backup();
    story.after(60, &[GOOD, GOOD]);
    assert_eq!(story.after(1, &[GOOD, DEAD]), [("primary", Reason::Failed(ONE))]);
}

#[test]
fn an_office_whose_backup_dies_goes_to_whatever_carries() {
    let mut story = Story::on_backup();
    let decisions = story.look(&[of(Health::Held), DEAD]);
    assert_eq!(decisions, [("primary", Reason::Failed(ONE))]);
}

#[test]
fn an_office_on_its_third_path_returns_to_its_second() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.look(&[DEAD, DEAD, GOOD]);
    assert_eq!(story.after(60, &[DEAD, STALE, GOOD]), [], "it has to be proved");
    assert_eq!(story.after(60, &[DEAD, GOOD, GOOD]), [("returning", Reason::Clean(ONE))]);
    assert_eq!(story.after(10, &[DEAD, GOOD, GOOD]), [("on-backup", Reason::Clean(ONE))]);
    assert_eq!(story.site.clamped(), Some(ONE));
}

#[test]
fn what_is_sensitive_leaves_a_bad_path_after_ten_seconds() {
    let mut story = Story::on(PathNumber::PRIMARY);
    assert_eq!(story.look(&[BAD, GOOD]), []);
    assert_eq!(story.after(9, &[BAD, GOOD]), []);
    let bad = Reason::Bad(PathNumber::PRIMARY);
    assert_eq!(story.after(1, &[BAD, GOOD]), [("split", bad)]);
    let routes = Routes { protected: ONE, ..Routes::everything(PathNumber::PRIMARY) };
    assert_eq!(story.site.routes(), routes);
    assert_eq!(story.site.clamped(), Some(ONE));
}

#[test]
fn a_bad_path_that_loses_heartbeats_too_is_as_bad() {
    let mut story = Story::on(PathNumber::PRIMARY);
    let late = PathView { health: Health::Suspect, ..BAD };
    for paths in [[BAD, GOOD], [late, GOOD], [BAD, GOOD], [late, GOOD]] {
        assert_eq!(story.after(3, &paths), []);
    }
    let bad = Reason::Bad(PathNumber::PRIMARY);
    assert_eq!(story.after(3, &[BAD, GOOD]), [("split", bad)]);
}

#[test]
fn where_all_goes_the_same_way_all_of_it_leaves_a_bad_path_and_comes_back() {
    let mut story = Story::together();
    assert_eq!(story.look(&[BAD, GOOD]), []);
    let bad = Reason::Bad(PathNumber::PRIMARY);
    assert_eq!(story.after(10, &[BAD, GOOD]), [("on-backup", bad)]);
    assert_eq!(story.site.routes(), Routes::everything(ONE));
    assert_eq!(story.after(60, &[BAD, GOOD]), []);
    assert_eq!(story.after(1, &[GOOD, GOOD]), [("returning", Reason::Clean(PathNumber::PRIMARY))]);
    assert_eq!(story.after(10, &[GOOD, GOOD]), [("primary", Reason::Clean(PathNumber::PRIMARY))]);
}

#[test]
fn a_path_that_is_hardly_better_is_not_taken() {
    for (mos, loss, is_taken) in [(389, 11, false), (390, 11, true), (389, 10, true)] {
        let mut story = Story::on(PathNumber::PRIMARY);
        let backup = PathView { mos: Mos::from_hundredths(mos), loss, ..GOOD };
        story.look(&[BAD, backup]);
        assert_eq!(!story.after(10, &[BAD, backup]).is_empty(), is_taken, "{mos}, {loss}");
    }
}

#[test]
fn a_split_ends_when_either_path_changes() {
    for (paths, decision) in [
        ([GOOD, GOOD], ("primary", Reason::Clean(PathNumber::PRIMARY))),
        ([BAD, DEAD], ("primary", Reason::Failed(ONE))),
        ([DEAD, GOOD], ("on-backup", Reason::Failed(PathNumber::PRIMARY))),
    ] {
        let mut story = Story::on(PathNumber::PRIMARY);
        story.look(&[BAD, GOOD]);
        story.after(10, &[BAD, GOOD]);
        assert_eq!(story.after(5, &paths), [decision]);
    }
}

#[test]
fn people_pin_an_office_to_a_path_whatever_happens() {
    let mut story = Story::on(PathNumber::PRIMARY);
    let until = story.now + SECS(3_600);
    let decision = story.site.lock(ONE, Some(until), story.now);
    assert_eq!((decision.to.as_str(), decision.routes), ("locked", Routes::everything(ONE)));
    assert_eq!(story.after(60, &[GOOD, DEAD]), []);
    assert_eq!(story.site.next_deadline(), Some(until));
    let unlocked = ("on-backup", Reason::Unlocked);
    assert_eq!(story.after(3_540, &[GOOD, DEAD]), [unlocked, ("primary", Reason::Failed(ONE))]);
}

#[test]
fn people_take_the_pin_away() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.site.lock(ONE, None, story.now);
    let decisions = story.site.unlock(&[GOOD, GOOD], story.now + SECS(60));
    let modes: Vec<_> = decisions.iter().map(|decision| decision.to.as_str()).collect();
    assert_eq!(modes, ["on-backup", "returning"]);
    assert_eq!(story.site.unlock(&[GOOD, GOOD], story.now), []);
}

#[test]
fn an_office_that_starts_on_its_backup_goes_on_there() {
    let mut story = Story::on(ONE);
    let unknown = of(Health::Init);
    assert_eq!(story.look(&[unknown, unknown]), []);
    assert_eq!(story.site.clamped(), Some(ONE));
    assert_eq!(story.after(10, &[GOOD, GOOD]).len(), 1);
}

#[test]
fn an_office_that_starts_with_its_traffic_on_two_paths_leaves_it_there() {
    let routes = Routes { protected: ONE, ..Routes::everything(PathNumber::PRIMARY) };
    let mut story = Story::with(routes);
    let unknown = of(Health::Init);
    assert_eq!(story.look(&[unknown, unknown]), []);
    assert_eq!((story.site.routes(), story.site.clamped()), (routes, Some(ONE)));
}

#[test]
fn beyond_the_budget_an_office_stays_and_leaves_a_dead_path_once_a_minute() {
    let mut story = Story::on(PathNumber::PRIMARY);
    let mut changes = 0;
    let begun = story.now;
    for _ in 0..890 {
        let paths = match story.site.mode().carrier() {
            PathNumber::PRIMARY => [DEAD, GOOD],
            _ => [of(Health::Recovering), DEAD],
        };
        let before = story.site.routes();
        story.after(1, &paths);
        changes += usize::from(before != story.site.routes());
    }
    assert!(story.now - begun < BudgetPolicy::default().window);
    assert_eq!(changes, 4 + 14, "four at once, then one a minute");
}

const SET_ASIDE: PathView = of(Health::Maintenance);
const GONE: PathView = PathView { is_alive: false, ..SET_ASIDE };

#[test]
fn a_path_on_which_people_work_is_left_for_one_that_carries_all_and_for_no_other() {
    let held = of(Health::Held);
    for (paths, taken) in [
        ([SET_ASIDE, GOOD, GOOD], ONE),
        ([SET_ASIDE, STALE, GOOD], ONE),
        ([SET_ASIDE, BAD, GOOD], ONE),
        ([SET_ASIDE, UNFIT, GOOD], TWO),
        ([SET_ASIDE, SET_ASIDE, GOOD], TWO),
        ([SET_ASIDE, UNFIT, UNFIT], PathNumber::PRIMARY),
        ([SET_ASIDE, held, DEAD], PathNumber::PRIMARY),
        ([SET_ASIDE, of(Health::Init), of(Health::Recovering)], PathNumber::PRIMARY),
        ([SET_ASIDE; 3], PathNumber::PRIMARY),
        // Once it carries nothing, anything is better.
        ([GONE, UNFIT, DEAD], ONE),
        ([GONE, held, DEAD], ONE),
        ([GONE, SET_ASIDE, held], TWO),
        ([GONE, SET_ASIDE, DEAD], ONE),
        ([GONE, GONE, DEAD], PathNumber::PRIMARY),
    ] {
        let mut story = Story::on(PathNumber::PRIMARY);
        let told = story.look(&paths);
        assert_eq!(story.site.mode().carrier(), taken, "{paths:?}");
        let is_planned = paths[0].is_alive && taken != PathNumber::PRIMARY;
        let planned = [("on-backup", Reason::Maintenance(PathNumber::PRIMARY))];
        assert_eq!(told == planned, is_planned, "{told:?}");
    }
}

#[test]
fn work_on_a_path_costs_no_change_of_the_budget() {
    let mut story = Story::on(PathNumber::PRIMARY);
    for _ in 0..20 {
        let planned = [("on-backup", Reason::Maintenance(PathNumber::PRIMARY))];
        assert_eq!(story.after(1, &[SET_ASIDE, GOOD]), planned);
        let failed = [("primary", Reason::Maintenance(ONE))];
        assert_eq!(story.after(1, &[GOOD, SET_ASIDE])[..1], failed);
    }
    // All of it is left for what fails.
    for turn in 0..4 {
        let paths = if turn % 2 == 0 { [DEAD, GOOD] } else { [GOOD, DEAD] };
        assert_eq!(story.after(1, &paths).len(), 1, "{turn}");
    }
}

#[test]
fn a_path_on_which_people_work_is_the_last_resort_and_left_again() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.look(&[SET_ASIDE, GOOD]);
    assert_eq!(story.after(60, &[SET_ASIDE, DEAD]), [("primary", Reason::Failed(ONE))]);
    assert_eq!(story.after(9, &[SET_ASIDE, of(Health::Recovering)]), []);
    let again = [("on-backup", Reason::Maintenance(PathNumber::PRIMARY))];
    assert_eq!(story.after(30, &[SET_ASIDE, GOOD]), again);
    // Where nothing else lives either, routes stay as they are until it does.
    assert_eq!(story.after(60, &[GONE, DEAD]), [("isolated", Reason::AllDown)]);
    let back = [("primary", Reason::Back(PathNumber::PRIMARY))];
    assert_eq!(story.after(60, &[SET_ASIDE, DEAD]), back);
}

#[test]
fn after_the_work_little_traffic_tries_the_path_first() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.look(&[SET_ASIDE, GOOD]);
    assert_eq!(story.after(600, &[of(Health::Init), GOOD]), []);
    let clean = Reason::Clean(PathNumber::PRIMARY);
    assert_eq!(story.after(2, &[GOOD, GOOD]), [("returning", clean)]);
    assert_eq!(story.after(10, &[GOOD, GOOD]), [("primary", clean)]);
}

#[test]
fn work_that_begins_during_a_trial_or_a_split_ends_it_and_nothing_has_failed() {
    let primary = Reason::Maintenance(PathNumber::PRIMARY);
    let mut story = Story::on_backup();
    story.after(60, &[GOOD, GOOD]);
    assert_eq!(story.after(5, &[SET_ASIDE, GOOD]), [("on-backup", primary)]);
    story.after(60, &[GOOD, GOOD]);
    assert_eq!(story.after(5, &[GOOD, SET_ASIDE]), [("primary", Reason::Maintenance(ONE))]);
    for (paths, told) in [
        ([SET_ASIDE, GOOD], &[("on-backup", primary)][..]),
        ([BAD, SET_ASIDE], &[("primary", Reason::Maintenance(ONE))]),
        ([SET_ASIDE, UNFIT], &[]),
        ([SET_ASIDE, DEAD], &[("primary", Reason::Failed(ONE))]),
        ([SET_ASIDE, SET_ASIDE], &[("primary", Reason::Maintenance(ONE))]),
    ] {
        let mut story = Story::on(PathNumber::PRIMARY);
        story.look(&[BAD, GOOD]);
        assert_eq!(story.after(10, &[BAD, GOOD])[0].0, "split");
        assert_eq!(story.after(1, &paths), told, "{paths:?}");
    }
}

#[test]
fn a_pin_holds_whatever_work_is_planned() {
    let mut story = Story::on(PathNumber::PRIMARY);
    story.site.lock(PathNumber::PRIMARY, None, story.now);
    assert_eq!(story.look(&[SET_ASIDE, GOOD]), []);
}

#[test]
fn to_a_path_that_is_preferred_from_now_on_an_office_goes_by_a_trial_and_so_it_comes_back() {
    let mut story = Story::on(PathNumber::PRIMARY);
    for (first, to, from) in
        [(&[ONE][..], ONE, PathNumber::PRIMARY), (&[], PathNumber::PRIMARY, ONE)]
    {
        let (preferred, clean) = (Reason::Preferred(to), Reason::Clean(to));
        let told = story.prefer(first, &[GOOD, GOOD]);
        assert_eq!(told, [("on-backup", preferred), ("returning", clean)]);
        assert_eq!(story.site.routes(), Routes { canary: to, ..Routes::everything(from) });
        assert_eq!(story.prefer(first, &[GOOD, GOOD]), [], "it is so already");
        assert_eq!(story.after(9, &[GOOD, GOOD]), []);
        assert_eq!(story.after(1, &[GOOD, GOOD]), [("primary", clean)]);
        assert_eq!(story.site.routes(), Routes::everything(to));
        assert_eq!(story.after(30, &[GOOD, GOOD]), [("primary", Reason::Settled(from))]);
        assert_eq!(story.site.clamped(), None);
    }
}

#[test]
fn an_order_moves_nothing_to_a_path_that_is_not_good_or_was_shown_not_to_carry_the_office() {
    let preferred = [("on-backup", Reason::Preferred(ONE))];
    for view in
        [UNFIT, DEAD, BAD, of(Health::Recovering), of(Health::Held), of(Health::Init), SET_ASIDE]
    {
        let mut story = Story::on(PathNumber::PRIMARY);
        assert_eq!(story.prefer(&[ONE], &[GOOD, view]), preferred, "{view:?}");
        assert_eq!(story.after(600, &[GOOD, view]), []);
        assert_eq!(story.site.routes(), Routes::everything(PathNumber::PRIMARY));
        assert_eq!(story.after(1, &[GOOD, STALE]), [("returning", Reason::Clean(ONE))]);
    }
    // Nor where all else fails, but for what is protected; and once it carries the office, as any primary one.
    let mut story = Story::on(PathNumber::PRIMARY);
    story.prefer(&[ONE], &[GOOD, UNFIT, GOOD]);
    assert_eq!(story.look(&[DEAD, UNFIT, GOOD])[0].1, Reason::Failed(PathNumber::PRIMARY));
    assert_eq!(story.site.routes(), Routes::everything(TWO));
    story.after(60, &[DEAD, GOOD, GOOD]);
    story.after(10, &[DEAD, GOOD, GOOD]);
    assert_eq!(story.site.routes(), Routes::everything(ONE));
    assert_eq!(story.after(1, &[GOOD, UNFIT, GOOD]), [], "the primary path needs no proof");
    // It starts again by the same order, and knows as little of it as by the first.
    let order = Order::of([ONE], 2);
    let routes = Routes::everything(PathNumber::PRIMARY);
    story.site = Site::new(SitePolicy::default(), order, routes);
    assert_eq!((story.site.mode().as_str(), story.look(&[GOOD, UNFIT])), ("on-backup", vec![]));
}

#[test]
fn what_goes_on_is_brought_to_another_order() {
    let [fibre, radio, tunnel] = [PathNumber::PRIMARY, ONE, TWO];
    let split = |story: &mut Story| {
        story.look(&[BAD, GOOD, GOOD]);
        story.after(10, &[BAD, GOOD, GOOD]);
    };
    let returning = |story: &mut Story| {
        story.look(&[DEAD, GOOD, GOOD]);
        story.after(60, &[GOOD, GOOD, GOOD]);
    };
    let locked = |story: &mut Story| {
        story.site.lock(tunnel, None, story.now);
    };
    let isolated = |story: &mut Story| drop(story.look(&[DEAD; 3]));
    let on_unfit = |story: &mut Story| drop(story.look(&[DEAD, UNFIT, DEAD]));
    type Begin<'a> = &'a dyn Fn(&mut Story);
    for (what, begin, first, paths, modes, carrier) in [
        // The path to which voices went is the primary one: the rest follows.
        (
            "split",
            &split as Begin<'_>,
            radio,
            [BAD, GOOD, GOOD],
            &["on-backup", "primary"][..],
            radio,
        ),
        ("split", &split, tunnel, [BAD, GOOD, GOOD], &["on-backup", "returning"], radio),
        // A trial of a path that is not preferred any more ends; any other one goes on.
        ("returning", &returning, radio, [GOOD; 3], &["primary"], radio),
        ("returning", &returning, tunnel, [GOOD; 3], &["returning"], radio),
        ("locked", &locked, radio, [GOOD; 3], &["locked"], tunnel),
        ("isolated", &isolated, radio, [DEAD; 3], &["isolated"], fibre),
        ("isolated", &isolated, radio, [DEAD, GOOD, GOOD], &["isolated", "primary"], radio),
        ("on-backup", &on_unfit, radio, [DEAD, UNFIT, DEAD], &["on-backup"], radio),
        ("on-backup", &on_unfit, radio, [DEAD, GOOD, DEAD], &["on-backup", "primary"], radio),
        ("on-backup", &on_unfit, tunnel, [DEAD, UNFIT, GOOD], &["on-backup", "returning"], radio),
    ] {
        let mut story = Story::on(fibre);
        begin(&mut story);
        assert_eq!(story.site.mode().as_str(), what);
        let told = story.prefer(&[first], &paths);
        let told: Vec<_> = told.into_iter().map(|(mode, _)| mode).collect();
        assert_eq!((&told[..], story.site.mode().carrier()), (modes, carrier), "{what}, {first}");
    }
}

#[test]
fn orders_that_change_all_the_time_move_an_office_no_more_often_than_its_budget() {
    let mut story = Story::on(PathNumber::PRIMARY);
    let mut moves = 0;
    for minute in 0..14 {
        let before = story.site.routes().all;
        story.prefer(if minute % 2 == 0 { &[ONE] } else { &[] }, &[GOOD, GOOD]);
        story.after(10, &[GOOD, GOOD]);
        moves += usize::from(story.site.routes().all != before);
        story.now += SECS(50);
    }
    assert_eq!(moves, 3, "the last is kept for an escape");
    // The last order holds as soon as there may be a change again.
    assert_eq!(story.site.routes(), Routes::everything(ONE));
    story.after(900, &[GOOD, GOOD]);
    assert_eq!(story.after(10, &[GOOD, GOOD]).len(), 1);
    assert_eq!(story.site.routes(), Routes::everything(PathNumber::PRIMARY));
}

fn any_view() -> impl Strategy<Value = PathView> {
    let health = prop::sample::select(vec![
        Health::Maintenance,
        Health::Init,
        Health::Down,
        Health::Held,
        Health::Recovering,
        Health::Degraded,
        Health::Suspect,
        Health::Up,
    ]);
    let readiness =
        prop::sample::select(vec![Readiness::Ready, Readiness::Stale, Readiness::Unfit]);
    (health, any::<bool>(), readiness, 100_u16..=440, 0_u16..=1_000).prop_map(
        |(health, is_alive, readiness, mos, loss)| PathView {
            health,
            is_alive: health.is_usable() || (is_alive && health != Health::Down),
            readiness,
            mos: Mos::from_hundredths(mos),
            loss,
        },
    )
}

fn any_weather() -> impl Strategy<Value = Vec<Hour>> {
    (2_usize..=4).prop_flat_map(|paths| {
        let views = prop::collection::vec(any_view(), paths);
        let first = prop::option::weighted(0.1, any::<[u8; 2]>());
        prop::collection::vec((views, 0_u64..120, first), 1..150)
    })
}

proptest! {
    #[test]
    fn an_office_never_leaves_a_path_that_carries_for_one_that_does_not(weather in any_weather()) {
        let mut story = Story::on(PathNumber::PRIMARY);
        for hour in weather {
            let mut routes = story.site.routes();
            for decision in story.pass(&hour) {
                for (from, to) in [
                    (routes.all, decision.routes.all), (routes.protected, decision.routes.protected)
                ] {
                    let carries = |path| view(&hour.0, path).is_some_and(|path| path.is_alive);
                    prop_assert!(from == to || carries(to) || !carries(from), "{decision:?}");
                }
                routes = decision.routes;
            }
        }
    }

    #[test]
    fn visitors_are_clamped_wherever_the_office_is(weather in any_weather()) {
        let mut story = Story::on(PathNumber::PRIMARY);
        for hour in weather {
            for decision in story.pass(&hour) {
                let carrier = decision.routes.protected;
                let is_primary = carrier == story.site.order().primary();
                prop_assert!(is_primary || decision.clamped == Some(carrier));
            }
        }
    }

    #[test]
    fn no_weather_makes_an_office_change_more_often_than_its_budget(weather in any_weather()) {
        let mut story = Story::on(PathNumber::PRIMARY);
        let policy = BudgetPolicy::default();
        let mut begun = Vec::new();
        for hour in weather {
            for decision in story.pass(&hour) {
                // A trial and its end are one change.
                let ends_trial = matches!(decision.from, Mode::Returning { .. });
                // Those of planned work are as many as are planned.
                let is_planned = matches!(decision.reason, Reason::Maintenance(_));
                if decision.from.routes() != decision.routes && !ends_trial && !is_planned {
                    begun.push((story.now, decision.reason));
                }
            }
            let (most, least) = (policy.most, policy.escape_after);
            let of_late: Vec<_> =
                begun.iter().filter(|(at, _)| story.now < *at + policy.window).collect();
            for pair in of_late.get(most.saturating_sub(1)..).unwrap_or_default().windows(2) {
                prop_assert!(pair[1].0 - pair[0].0 >= least, "{of_late:?}");
            }
        }
    }

    #[test]
    fn whatever_was_an_office_is_back_after_a_good_hour(weather in any_weather()) {
        let mut story = Story::on(PathNumber::PRIMARY);
        let mut number = 0;
        for hour in weather {
            number = hour.0.len();
            story.pass(&hour);
        }
        let good = vec![GOOD; number];
        for _ in 0..3_600 {
            story.after(1, &good);
        }
        let primary = story.site.order().primary();
        prop_assert_eq!(story.site.mode(), Mode::Primary { on: primary });
        prop_assert_eq!(story.site.clamped(), None);
        prop_assert_eq!(story.site.next_deadline(), None);
    }

    #[test]
    fn what_moves_together_is_never_apart(weather in any_weather()) {
        let mut story = Story::together();
        for hour in weather {
            story.pass(&hour);
            let Routes { all, protected, .. } = story.site.routes();
            prop_assert_eq!(all, protected);
        }
    }

    #[test]
    fn decisions_follow_one_another_and_each_can_be_undone(weather in any_weather()) {
        let mut story = Story::on(PathNumber::PRIMARY);
        let mut routes = story.site.routes();
        for hour in weather {
            let mut mode = story.site.mode();
            for decision in story.pass(&hour) {
                prop_assert_eq!(decision.from, mode);
                prop_assert_eq!(decision.from.routes(), routes, "what it was is known");
                (mode, routes) = (decision.to, decision.routes);
            }
            prop_assert_eq!(story.site.mode(), mode);
            let is_late = story.site.next_deadline().is_some_and(|due| due <= story.now);
            prop_assert!(!is_late, "{mode:?} waits for what is past");
        }
    }
}
