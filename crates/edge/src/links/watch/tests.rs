use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::SystemTime;

use link::bfd::Hops;
use link::cadence::Pace;
use link::capacity::bulk::Sustained;
use link::carry::{Direction, Judgement, Outcome, Ready, Unfit};
use link::metered::Thrift;
use link::path_mtu::PacketSize;
use link::sector::{ALONE_AFTER, Beside};
use link::stamp::reflector::{self, Counting, RateLimit, Reflector};
use link::stamp::{Authentication, ErrorEstimate, Format};
use link::{Mode, PathNumber};

use super::*;
use crate::links::event::Words;
use crate::links::settings::{AliveBy, SwitchMode};
use crate::links::status::Status;
use crate::links::trial::{Bulked, News};

const RADIO: PathNumber = PathNumber::new(1);
/// Stands in for the office where a path is tried.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 250));
const MS: fn(u64) -> Duration = Duration::from_millis;

/// One end: what it watches, what answers the other end's probes, and what it decided.
struct End {
    watch: Watch,
    reflectors: Vec<Reflector>,
    decisions: Vec<(Mode, Duration)>,
    /// What visitors had of a path, and after how many decisions.
    shares: Vec<(PathNumber, Option<u64>, usize)>,
    happened: Vec<What>,
    tried: Vec<PathNumber>,
}

/// Two ends and the paths between them, none of which takes time.
struct Pair {
    ends: [End; 2],
    begun: Instant,
    now: Instant,
    /// Whether packets from an end pass on a path.
    passes: [[bool; 2]; 2],
    /// Of so many probes on the primary path one is lost.
    loses_one_of: Option<u64>,
    /// Of a hundred packets on it so many are lost, at random and each way.
    percent_lost: u64,
    probes: u64,
    /// Heartbeats and probes on the radio path.
    by_radio: u64,
    entropy: u64,
}

fn settings(end: usize) -> LinksSettings {
    let (own, other) = (end + 1, 2 - end);
    let text = format!(
        r#"
        site = "office-{own}"
        offices = ["10.{other}.0.0/16"]
        visitors = ["10.77.0.0/16"]
        [[paths]]
        name = "fibre"
        device = "fib0"
        local = "192.0.2.{own}"
        peer = "192.0.2.{other}"
        [[paths]]
        name = "radio"
        device = "rad0"
        local = "198.51.100.{own}"
        peer = "198.51.100.{other}"
        capacity-mbit = 10
        missing = 5
        "#
    );
    toml::from_str(&text).unwrap()
}

/// A trial that was passed at so much each way.
fn ready(rate: BitRate, at: Instant) -> Ready {
    Ready {
        at,
        capacity_up: rate,
        capacity_down: rate,
        mtu: PacketSize(1_400),
        round_trip: MS(10),
        loss: 0,
        beside: Beside::Nobody,
    }
}

fn key() -> Key {
    Key::new(&[7; 32]).unwrap()
}

impl Pair {
    fn new() -> Self {
        Self::with_missing(3)
    }

    /// So many heartbeats have to be missing on the primary path.
    fn with_missing(missing: u8) -> Self {
        Self::with(|settings| settings.paths[0].missing = missing)
    }

    /// Both ends have their section changed like that.
    fn with(change: impl Fn(&mut LinksSettings)) -> Self {
        let now = Instant::now();
        let mut seed = 0;
        let mut end = |number| {
            let entropy = || {
                seed += 0x9e37_79b9_7f4a_7c15_u64 % 1_000_003;
                seed
            };
            let interfaces = [Interface(2), Interface(3)];
            let mut settings = settings(number);
            change(&mut settings);
            let watch =
                Watch::new((&settings, Some(key())), &interfaces, ON_FIBRE, entropy, now).unwrap();
            let rate = NonZeroU32::new(1_000).unwrap();
            let many = NonZeroUsize::new(16).unwrap();
            let limit = RateLimit { a_second: rate, at_once: rate, peers: many };
            let error = ErrorEstimate::unsynchronised(Format::Ntp, SECOND);
            let reflector = || {
                Reflector::new(
                    Counting::Stateful { sessions: many, of_one_address: many },
                    limit,
                    error,
                )
            };
            let reflectors = vec![reflector(), reflector()];
            End {
                watch,
                reflectors,
                decisions: Vec::new(),
                shares: Vec::new(),
                happened: Vec::new(),
                tried: Vec::new(),
            }
        };
        let ends = [end(0), end(1)];
        Self {
            ends,
            begun: now,
            now,
            passes: [[true; 2]; 2],
            loses_one_of: None,
            percent_lost: 0,
            probes: 0,
            by_radio: 0,
            entropy: 1,
        }
    }

    /// Two ends that have watched for a while, on the primary path.
    fn up() -> Self {
        Self::new().brought_up()
    }

    fn brought_up(mut self) -> Self {
        let pair = &mut self;
        pair.run(MS(10_000));
        for end in &pair.ends {
            let healths = end.watch.views().iter().map(|view| view.health).collect::<Vec<_>>();
            assert_eq!(healths, [Health::Up, Health::Up]);
        }
        self
    }

    fn is_lost(&mut self, index: usize) -> bool {
        self.entropy = self.entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        index == 0 && (self.entropy >> 33) % 100 < self.percent_lost
    }

    fn reading(&self) -> Reading {
        Reading { now: self.now, wall: SystemTime::UNIX_EPOCH + (self.now - self.begun) }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let deadlines = self.ends.each_mut().map(|of| of.watch.next_deadline(self.now));
            let due = deadlines.into_iter().min().unwrap_or(end);
            if due > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(due);
            for end in 0..2 {
                let mut effects = Vec::new();
                let mut entropy = self.entropy;
                self.ends[end].watch.expire(
                    self.now,
                    || {
                        entropy = entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        entropy
                    },
                    &mut effects,
                );
                self.entropy = entropy;
                self.carry_out(end, effects);
                self.probe(end);
            }
        }
    }

    fn obey(&mut self, end: usize, command: &Command) {
        let mut effects = Vec::new();
        self.ends[end].watch.obey(command, self.now, &mut effects);
        self.carry_out(end, effects);
    }

    fn carry_out(&mut self, end: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Heartbeat(number, datagram) => self.heartbeat(end, number, &datagram),
                Effect::Decided(decision) => {
                    self.ends[end].decisions.push((decision.to, self.now - self.begun));
                }
                Effect::Happened(what) => self.ends[end].happened.push(what),
                Effect::Try(number) => self.ends[end].tried.push(number),
                Effect::Shared(number, wanted) => {
                    let end = &mut self.ends[end];
                    let kbit = wanted.ceil.map(|ceil| ceil.bits_per_second() / 1_000);
                    end.shares.push((number, kbit, end.decisions.len()));
                }
            }
        }
    }

    fn heartbeat(&mut self, end: usize, number: PathNumber, datagram: &[u8]) {
        let index = usize::from(number.index());
        self.by_radio += u64::from(index == 1);
        if !self.passes[end][index] || self.is_lost(index) {
            return;
        }
        let net = [[192, 0, 2], [198, 51, 100]][index];
        let address = |end: usize| IpAddr::from([net[0], net[1], net[2], [1, 2][end]]);
        let arrival = Arrival {
            interface: Interface([2, 3][index]),
            from: address(end),
            to: address(1 - end),
            ttl: 255,
            hops: Hops::Single,
        };
        let mut effects = Vec::new();
        let other = &mut self.ends[1 - end].watch;
        other.take_heartbeat(&arrival, datagram, self.now, &mut effects);
        self.carry_out(1 - end, effects);
    }

    fn probe(&mut self, end: usize) {
        let at = self.reading();
        for index in 0..2 {
            let number = PathNumber::new([0, 1][index]);
            let (mut probe, mut answer) = ([0; 1_500], [0; 1_500]);
            let Some(length) = self.ends[end].watch.next_probe(number, at, &mut probe) else {
                continue;
            };
            self.by_radio += u64::from(index == 1);
            if !(self.passes[end][index] && self.passes[1 - end][index]) {
                continue;
            }
            if self.is_lost(index) || self.is_lost(index) {
                continue;
            }
            self.probes += u64::from(index == 0);
            if index == 0 && self.loses_one_of.is_some_and(|of| self.probes.is_multiple_of(of)) {
                continue;
            }
            let arrival = reflector::Arrival {
                source: ([192, 0, 2, 9], 50_000).into(),
                octets: &probe[..length],
                ttl: 255,
                received: at.wall,
                authentication: Authentication::Hmac(&key()),
            };
            let leaving = reflector::Departure { now: at.now, wall: at.wall };
            let reflector = &mut self.ends[1 - end].reflectors[index];
            let length = reflector.reflect(arrival, leaving, &mut answer).unwrap();
            self.ends[end].watch.take_answer(number, &answer[..length], at);
        }
    }

    fn routes(&self) -> [Routes; 2] {
        self.ends.each_ref().map(|end| end.watch.site().routes())
    }
}

const ON_FIBRE: Routes = Routes::everything(PathNumber::PRIMARY);
const ON_RADIO: Routes = Routes::everything(RADIO);

#[test]
fn both_ends_leave_a_path_that_is_cut_within_its_detection_time() {
    let mut pair = Pair::up();
    pair.passes[0][0] = false;
    pair.passes[1][0] = false;
    pair.run(MS(300));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
}

#[test]
fn who_finds_out_first_has_the_other_leave_a_path_that_is_cut_both_ways() {
    let mut others = 0;
    for run in 0..20 {
        let mut pair = Pair::new();
        pair.entropy += run;
        let mut pair = pair.brought_up();
        pair.passes[0][0] = false;
        pair.passes[1][0] = false;
        pair.run(MS(300));
        let left = pair.ends.each_ref().map(|end| end.decisions.last().copied().unwrap());
        assert_eq!(left[0], left[1], "the radio takes no time");
        let told = |end: &End| {
            let is_told = |what: &What| matches!(what, What::Path { change, .. } if change.why == Why::PeerTold);
            end.happened.iter().any(is_told)
        };
        let told = pair.ends.each_ref().map(told);
        assert_eq!(told.iter().filter(|is_told| **is_told).count(), 1);
        others += u32::from(told[0]);
    }
    assert!((1..20).contains(&others), "either end may be the first: {others}");
}

#[test]
fn both_ends_leave_a_path_that_is_cut_in_one_direction() {
    for deaf in 0..2 {
        let mut pair = Pair::up();
        pair.passes[1 - deaf][0] = false;
        // The deaf end finds out, and its next packet tells the other.
        pair.run(MS(400));
        assert_eq!(pair.routes(), [ON_RADIO; 2]);
    }
}

#[test]
fn visitors_make_room_before_the_office_comes_and_have_it_back_after_it_went() {
    let mut pair = Pair::up();
    pair.passes = [[false, true]; 2];
    pair.run(MS(300));
    for end in &pair.ends {
        assert_eq!(end.shares, [(RADIO, Some(5_000), 0)], "half of the path, before the move");
        assert_eq!(end.watch.ceil(PathNumber::PRIMARY), None, "nobody knows its capacity");
    }
    pair.passes = [[true; 2]; 2];
    pair.run(MS(120_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
    for end in &pair.ends {
        assert_eq!(end.shares.last(), Some(&(RADIO, None, 4)), "after all decisions");
        assert_eq!(end.shares.len(), 2);
    }
}

#[test]
fn what_an_office_used_is_left_to_it_on_its_backup() {
    let mut pair = Pair::up();
    for second in 1..=100 {
        let rate = BitRate::from_kilobits_per_second(second * 60);
        pair.ends[0].watch.note_office(RADIO, rate);
    }
    pair.passes = [[false, true]; 2];
    pair.run(MS(300));
    // 95 % of 10 Mbit/s less 1.3 times the 95th percentile.
    assert_eq!(pair.ends[0].shares, [(RADIO, Some(9_500 - 95 * 60 * 13 / 10), 0)]);
}

#[test]
fn an_agent_that_starts_on_the_backup_has_visitors_clamped() {
    let interfaces = [Interface(2), Interface(3)];
    let watch =
        Watch::new((&settings(0), None), &interfaces, ON_RADIO, || 7, Instant::now()).unwrap();
    let ceil = watch.ceil(RADIO).unwrap().map(BitRate::bits_per_second);
    assert_eq!(ceil, Some(5_000_000));
}

#[test]
fn both_ends_return_once_the_path_is_clean() {
    let mut pair = Pair::up();
    pair.passes = [[false, true]; 2];
    pair.run(MS(5_000));
    pair.passes = [[true; 2]; 2];
    pair.run(MS(29_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
    for end in &pair.ends {
        let modes: Vec<_> = end.decisions.iter().map(|(mode, _)| mode.as_str()).collect();
        assert_eq!(modes, ["on-backup", "returning", "primary", "primary"]);
        assert_eq!(end.watch.site().clamped(), None);
    }
}

#[test]
fn a_loss_of_one_packet_in_five_moves_what_is_sensitive_alone() {
    let mut pair = Pair::up();
    pair.loses_one_of = Some(5);
    pair.run(MS(30_000));
    let routes = Routes { protected: RADIO, ..ON_FIBRE };
    assert_eq!(pair.routes(), [routes; 2]);
}

#[test]
fn a_path_that_loses_a_fifth_each_way_is_not_taken_for_dead() {
    let mut pair = Pair::with_missing(5).brought_up();
    pair.percent_lost = 20;
    pair.run(MS(90 * 60 * 1_000));
    let is_down =
        |what: &&What| matches!(what, What::Path { change, .. } if change.to == Health::Down);
    let falls = pair.ends.each_ref().map(|end| end.happened.iter().filter(is_down).count());
    assert_eq!(falls, [0; 2]);
    // A cut is found there, too, and as fast as ever once the path has been good again.
    pair.passes = [[false, true]; 2];
    pair.run(MS(1_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    pair.passes = [[true; 2]; 2];
    pair.percent_lost = 0;
    pair.run(MS(20 * 60 * 1_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
    pair.passes = [[false, true]; 2];
    pair.run(MS(500));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
}

#[test]
fn both_cut_paths_leave_routes_as_they_are() {
    let mut pair = Pair::up();
    pair.passes = [[true, false]; 2];
    pair.run(MS(1_000));
    pair.passes = [[false; 2]; 2];
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
    let modes = pair.ends.each_ref().map(|end| end.watch.site().mode().as_str());
    assert_eq!(modes, ["isolated"; 2]);
    pair.passes = [[false, true]; 2];
    pair.run(MS(5_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2], "the first that carries is taken");
}

#[test]
fn a_path_in_maintenance_is_left_by_both_ends_and_given_back() {
    let mut pair = Pair::up();
    pair.obey(0, &Command::Maintain(PathNumber::PRIMARY, None));
    pair.run(MS(1_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    let healths = pair.ends.each_ref().map(|end| end.watch.views()[0].health);
    assert_eq!(healths, [Health::Maintenance; 2], "nobody takes it for a failure");
    pair.obey(0, &Command::Resume(PathNumber::PRIMARY));
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
}

#[test]
fn maintenance_that_ends_by_itself_is_told_to_the_other_end() {
    let mut pair = Pair::up();
    let until = pair.now + MS(20_000);
    pair.obey(0, &Command::Maintain(PathNumber::PRIMARY, Some(until)));
    pair.run(MS(80_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
}

#[test]
fn an_office_goes_by_another_order_without_losing_a_session_and_back() {
    let mut pair = Pair::up();
    let others = |pair: &Pair| pair.ends.each_ref().map(|end| end.happened.len());
    let before = others(&pair);
    let sections = [0, 1].map(|end| {
        let section = settings(end);
        let other = LinksSettings { order: vec!["radio".to_owned()], ..section.clone() };
        (section, other)
    });
    for (routes, is_back) in [(ON_RADIO, false), (ON_FIBRE, true)] {
        for (end, (section, other)) in sections.iter().enumerate() {
            let (former, fresh) = if is_back { (other, section) } else { (section, other) };
            let mut effects = Vec::new();
            pair.ends[end].watch.reload((former, fresh), pair.now, &mut effects);
            pair.carry_out(end, effects);
        }
        pair.run(MS(9_000));
        assert_ne!(pair.routes(), [routes; 2], "little traffic tries it first");
        pair.run(MS(2_000));
        assert_eq!(pair.routes(), [routes; 2]);
    }
    let of_end =
        |end: &End| end.decisions.iter().map(|(mode, _)| mode.as_str()).collect::<Vec<_>>();
    let there_or_back = ["on-backup", "returning", "primary"];
    for end in &pair.ends {
        assert_eq!(of_end(end), there_or_back.repeat(2));
    }
    assert_eq!(others(&pair), before, "no path was any other");
}

/// Both ends have their section changed like that.
fn change_sections(pair: &mut Pair, change: impl Fn(&mut LinksSettings)) {
    for end in 0..2 {
        let former = settings(end);
        let mut fresh = former.clone();
        change(&mut fresh);
        let mut effects = Vec::new();
        pair.ends[end].watch.reload((&former, &fresh), pair.now, &mut effects);
        pair.carry_out(end, effects);
    }
}

#[test]
fn what_is_called_bad_is_changed_while_a_path_is_used() {
    // Three of a hundred are lost: five are bad, if nothing else is said.
    for (percent, expected) in [(1, Health::Degraded), (10, Health::Up)] {
        let often = |section: &mut LinksSettings| section.paths[0].probes_per_second = 50;
        let mut pair = Pair::with(often).brought_up();
        change_sections(&mut pair, |section| {
            often(section);
            section.paths[0].bad_loss_percent = percent;
        });
        pair.loses_one_of = Some(33);
        pair.run(MS(30_000));
        let healths = pair.ends.each_ref().map(|end| end.watch.views()[0].health);
        assert_eq!(healths, [expected; 2], "{percent} %");
    }
}

#[test]
fn what_a_path_carries_is_changed_while_visitors_make_room_on_it() {
    let mut pair = Pair::up();
    pair.passes = [[false, true]; 2];
    pair.run(MS(300));
    change_sections(&mut pair, |section| section.paths[1].capacity_mbit = Some(4));
    for end in &pair.ends {
        let shares: Vec<_> = end.shares.iter().map(|(path, share, _)| (*path, *share)).collect();
        assert_eq!(shares, [(RADIO, Some(5_000)), (RADIO, Some(2_000))], "half of either");
    }
}

#[test]
fn work_on_a_path_moves_the_office_before_it_and_costs_nothing_of_what_happens_in_it() {
    let mut pair = Pair::up();
    let until = pair.now + MS(60_000);
    for end in 0..2 {
        pair.obey(end, &Command::Work(PathNumber::PRIMARY, until));
    }
    assert_eq!(pair.routes(), [ON_RADIO; 2], "while the fibre carries");
    // The fibre flaps under the hands of people.
    for _ in 0..5 {
        pair.passes[0][0] = false;
        pair.run(MS(5_000));
        pair.passes[0][0] = true;
        pair.run(MS(5_000));
    }
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    pair.run(MS(11_000));
    let modes = |pair: &Pair| {
        let of_end = |end: &End| end.decisions.iter().map(|(mode, _)| mode.as_str()).collect();
        pair.ends.each_ref().map(of_end) as [Vec<&str>; 2]
    };
    assert_eq!(modes(&pair), [["on-backup"]; 2]);
    // Both try it as ever, and are back as if nothing had been.
    pair.run(MS(20_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
    assert_eq!(modes(&pair), [["on-backup", "returning", "primary"]; 2]);
    let penalties = pair.ends.each_ref().map(|end| end.watch.paths[0].path.penalty(pair.now));
    assert_eq!(penalties, [0.0; 2]);
}

#[test]
fn a_path_on_which_people_work_is_used_where_the_other_one_fails_as_long_as_it_lives() {
    let mut pair = Pair::up();
    let until = pair.now + MS(600_000);
    // One end alone knows of it, and tells the other one.
    pair.obey(0, &Command::Work(PathNumber::PRIMARY, until));
    pair.run(MS(5_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    for end in &mut pair.passes {
        end[1] = false;
    }
    pair.run(MS(1_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2], "it lives by its probes");
    for end in &mut pair.passes {
        *end = [false, true];
    }
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
}

#[test]
fn a_pin_holds_at_one_end_whatever_happens() {
    let mut pair = Pair::up();
    pair.obey(0, &Command::Lock(PathNumber::PRIMARY, None));
    pair.passes = [[false, true]; 2];
    pair.run(MS(2_000));
    assert_eq!(pair.routes(), [ON_FIBRE, ON_RADIO]);
    pair.obey(0, &Command::Unlock);
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
}

#[test]
fn a_device_that_is_made_again_begins_a_session_anew() {
    let mut pair = Pair::up();
    let of = &settings(0).paths[0];
    let mut effects = Vec::new();
    let watch = &mut pair.ends[0].watch;
    // The other end still sends to the former one, by an interface that is no more.
    watch.rebind(PathNumber::PRIMARY, Interface(2), (of, 4_711), pair.now, &mut effects);
    pair.carry_out(0, effects);
    pair.run(MS(1_000));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
}

#[test]
fn a_device_without_carrier_is_left_without_waiting_for_heartbeats() {
    let mut pair = Pair::up();
    pair.passes = [[false, true]; 2];
    let mut effects = Vec::new();
    pair.ends[0].watch.take_carrier(PathNumber::PRIMARY, false, pair.now, &mut effects);
    pair.carry_out(0, effects);
    pair.run(MS(50));
    assert_eq!(pair.routes(), [ON_RADIO; 2], "the other end, which has its carrier, is told");
    pair.passes[0][0] = true;
    pair.passes[1][0] = true;
    let mut effects = Vec::new();
    pair.ends[0].watch.take_carrier(PathNumber::PRIMARY, true, pair.now, &mut effects);
    pair.carry_out(0, effects);
    pair.run(MS(60_000));
    assert_eq!(pair.routes(), [ON_FIBRE; 2]);
}

#[test]
fn of_a_path_that_is_down_nothing_is_shown_from_before() {
    let mut pair = Pair::with(|settings| {
        for of in &mut settings.paths {
            of.office_local = Some(HOST);
            of.office_peer = Some([10, 2, 0, 250].into());
        }
    })
    .brought_up();
    let rate = BitRate::from_megabits_per_second(50);
    let ready = Outcome::Ready(ready(rate, pair.now));
    for path in [PathNumber::PRIMARY, RADIO] {
        pair.obey(0, &Command::Tried(path, ready));
    }
    let paths = ["fibre", "radio"].map(str::to_owned).to_vec();
    let words = Words { site: "office-1".to_owned(), paths, mode: SwitchMode::Advise };
    let shown = |pair: &Pair| Status::of(&pair.ends[0].watch, &words);
    let before = shown(&pair).paths.swap_remove(0);
    assert_eq!(before.fitness.as_deref(), Some("ready"));
    assert!(before.round_trip_us.is_some() && before.carries_kbit.is_some(), "{before:?}");
    pair.passes = [[false, true]; 2];
    pair.run(MS(400));
    let status = shown(&pair);
    assert!(status.is_advised && !status.is_dry_run);
    let [fibre, radio] = &status.paths[..] else { panic!("there are two") };
    assert_eq!((fibre.health.as_str(), fibre.fitness.as_deref()), ("down", Some("stale")));
    assert_eq!((fibre.round_trip_us, fibre.jitter_us, fibre.loss_per_mille), (None, None, None));
    assert_eq!((fibre.carries_kbit, fibre.mtu), (None, None));
    assert_eq!((fibre.usual_us, fibre.trials), (before.usual_us, 1), "neither is of now");
    assert_eq!(radio.fitness.as_deref(), Some("ready"));
    assert!(radio.round_trip_us.is_some(), "{radio:?}");
    pair.run(MS(2_000));
    assert_eq!(shown(&pair).paths[0].loss_per_mille, Some(1_000), "that is so now");
}

#[test]
fn a_path_that_lives_by_its_targets_is_left_and_taken_by_what_they_say() {
    let mut settings = settings(0);
    for path in &mut settings.paths {
        path.alive_by = AliveBy::Targets;
    }
    let interfaces = [Interface(2), Interface(3)];
    let mut now = Instant::now();
    let mut watch = Watch::new((&settings, None), &interfaces, ON_FIBRE, || 7, now).unwrap();
    let mut say = |watch: &mut Watch, path: PathNumber, is_met, after| {
        now += after;
        let mut effects = Vec::new();
        watch.expire(now, || 7, &mut effects);
        watch.obey(&Command::Targets(path, is_met), now, &mut effects);
        let is_packet = |effect: &Effect| matches!(effect, Effect::Heartbeat(..));
        assert!(!effects.iter().any(is_packet), "nobody hears it");
        (watch.views()[usize::from(path.index())].health, watch.site().routes(), now)
    };
    let primary = PathNumber::PRIMARY;
    assert_eq!(say(&mut watch, RADIO, true, MS(0)).0, Health::Up);
    assert_eq!(say(&mut watch, primary, true, MS(0)).0, Health::Up);
    let (health, routes, _) = say(&mut watch, primary, false, MS(1_000));
    assert_eq!((health, routes), (Health::Down, ON_RADIO));
    let (_, _, at) = say(&mut watch, primary, false, MS(1_000));
    assert!(watch.paths[0].path.penalty(at) < 1_000.0, "what is told again is no new failure");
    assert_eq!(say(&mut watch, primary, true, MS(1_000)).0, Health::Recovering);
    assert_eq!(say(&mut watch, primary, true, MS(30_000)).0, Health::Up);
    let (_, routes, at) = say(&mut watch, primary, true, MS(11_000));
    assert_eq!(routes, ON_FIBRE, "after its trial");
    // The carrier goes and comes without the targets noticing.
    let mut effects = Vec::new();
    watch.take_carrier(primary, false, at, &mut effects);
    watch.expire(at + MS(50), || 7, &mut effects);
    assert_eq!(watch.views()[0].health, Health::Down);
    watch.take_carrier(primary, true, at + MS(60), &mut effects);
    assert_eq!(say(&mut watch, primary, true, MS(1_000)).0, Health::Recovering);
}

/// Ends whose radio path is paid for, after a while.
fn metered() -> Pair {
    let mut pair = Pair::with(|settings| settings.paths[1].metered = true).brought_up();
    pair.run(MS(60_000));
    assert_eq!(paces(&pair), [Pace::Idle; 2]);
    pair
}

fn paces(pair: &Pair) -> [Pace; 2] {
    pair.ends.each_ref().map(|end| end.watch.pace(RADIO).unwrap())
}

/// The times between heartbeats on the radio path, and those after which silence is a cut.
fn times(pair: &Pair) -> [[Duration; 2]; 2] {
    pair.ends.each_ref().map(|end| {
        let session = end.watch.session_of(RADIO).unwrap();
        let standing = end.watch.sessions.find(session).unwrap();
        [standing.transmit_interval, standing.detection_time.unwrap()]
    })
}

#[test]
fn a_path_that_is_paid_for_is_watched_seldom_until_one_heartbeat_is_missing_on_the_other() {
    let mut pair = metered();
    assert_eq!(times(&pair), [[MS(10_000), MS(50_000)]; 2]);
    let before = pair.by_radio;
    pair.run(MS(3_600_000));
    let sent = pair.by_radio - before;
    // Of each end 360 to 400 heartbeats, and 120 probes.
    assert!((900..=1_050).contains(&sent), "{sent}");
    pair.passes = [[false, true]; 2];
    pair.run(MS(200));
    assert_eq!(pair.routes(), [ON_FIBRE; 2], "it is not known yet whether it is cut");
    assert_eq!(paces(&pair), [Pace::Full; 2]);
    // Whoever kept up with the other at first still does by a microsecond.
    let [intervals, detections] = [0, 1].map(|which| times(&pair).map(|times| times[which]));
    assert!(intervals.iter().all(|interval| *interval < MS(101)), "{intervals:?}");
    assert!(detections.iter().all(|detection| *detection < MS(501)), "{detections:?}");
    pair.run(MS(100));
    assert_eq!(pair.routes(), [ON_RADIO; 2]);
    pair.run(MS(60_000));
    assert_eq!(times(&pair), [[MS(100), MS(500)]; 2], "it carries the office");
    pair.passes = [[true; 2]; 2];
    pair.run(MS(120_000));
    assert_eq!((pair.routes(), paces(&pair)), ([ON_FIBRE; 2], [Pace::Idle; 2]));
    assert_eq!(times(&pair), [[MS(10_000), MS(50_000)]; 2]);
}

#[test]
fn a_path_that_is_paid_for_is_watched_more_seldom_at_once_and_without_losing_its_session() {
    let mut pair = metered();
    let happened = |pair: &Pair| pair.ends.each_ref().map(|end| end.happened.len());
    let before = happened(&pair);
    let section = |end: usize, idle: u8| {
        let mut section = settings(end);
        section.paths[1].metered = true;
        section.paths[1].idle_heartbeat_seconds = idle;
        section
    };
    for (former, fresh) in [(10, 20), (20, 5)] {
        for end in 0..2 {
            let sections = [former, fresh].map(|idle| section(end, idle));
            let mut effects = Vec::new();
            let watch = &mut pair.ends[end].watch;
            watch.reload((&sections[0], &sections[1]), pair.now, &mut effects);
            pair.carry_out(end, effects);
        }
        pair.run(MS(60_000));
        let seconds = u64::from(fresh) * 1_000;
        assert_eq!(times(&pair), [[MS(seconds), MS(5 * seconds)]; 2]);
    }
    assert_eq!((happened(&pair), paces(&pair)), (before, [Pace::Idle; 2]));
}

#[test]
fn an_end_that_misses_nothing_keeps_up_with_one_that_does() {
    let mut pair = metered();
    pair.passes[1][0] = false;
    pair.run(MS(180));
    assert_eq!(paces(&pair), [Pace::Full, Pace::KeepingUp]);
    let keeping_up = Duration::from_micros(100_001);
    assert_eq!(times(&pair), [[keeping_up, 5 * keeping_up]; 2]);
    pair.passes[1][0] = true;
    pair.run(MS(25_000));
    assert_eq!(paces(&pair), [Pace::Full, Pace::KeepingUp]);
    pair.run(MS(10_000));
    assert_eq!(paces(&pair), [Pace::Idle; 2]);
}

#[test]
fn a_path_that_is_paid_for_and_falls_while_idle_is_found_and_comes_back() {
    let mut pair = metered();
    pair.passes = [[true, false]; 2];
    pair.run(MS(50_000));
    let healths = |pair: &Pair| pair.ends.each_ref().map(|end| end.watch.views()[1].health);
    assert_eq!(healths(&pair), [Health::Down; 2]);
    pair.passes = [[true; 2]; 2];
    pair.run(MS(60_000));
    assert_eq!(healths(&pair), [Health::Up; 2]);
    pair.run(MS(60_000));
    assert_eq!(times(&pair), [[MS(10_000), MS(50_000)]; 2]);
    for end in &pair.ends {
        assert_eq!(end.decisions, []);
    }
}

#[test]
fn visitors_make_room_for_a_bulk_run_and_what_it_shows_bounds_what_the_path_carries() {
    let mut pair = Pair::with(|settings| settings.paths[1].office_local = Some(HOST));
    let (watch, now) = (&mut pair.ends[0].watch, pair.now);
    let kbit =
        |watch: &Watch| watch.ceil(RADIO).flatten().map(|ceil| ceil.bits_per_second() / 1_000);
    let mut told = Vec::new();
    let mut obey = |watch: &mut Watch, command: Command| {
        let mut effects = Vec::new();
        watch.obey(&command, now, &mut effects);
        for effect in effects {
            if let Effect::Happened(what @ What::Bulk { .. }) = effect {
                told.push(what);
            }
        }
        kbit(watch)
    };
    assert_eq!(obey(watch, Command::Bulk(RADIO, News::Begins)), Some(500), "the floor");
    let nobody = Siblings { links: 1, busy: 0, used: 0 };
    assert_eq!(obey(watch, Command::Siblings(RADIO, nobody)), Some(500), "it goes on");
    let carried = |megabits| {
        let rate = BitRate::from_megabits_per_second(megabits);
        Some(Sustained { rate, loss: 4 })
    };
    let bulked = Bulked { up: carried(4), down: carried(6), round_trip_us: None, at: 7 };
    obey(watch, Command::Bulk(RADIO, News::Over(bulked)));
    pair.run(MS(60_000));
    let watch = &mut pair.ends[0].watch;
    assert_eq!(kbit(watch), None, "visitors have it back");
    let ready = ready(BitRate::from_megabits_per_second(10), pair.now);
    let mut effects = Vec::new();
    watch.obey(&Command::Tried(RADIO, Outcome::Ready(ready)), pair.now, &mut effects);
    let words = Words {
        site: "hofuf".to_owned(),
        paths: vec!["fibre".to_owned(), "radio".to_owned()],
        mode: SwitchMode::Switch,
    };
    let status = Status::of(watch, &words);
    let sustained = status.paths[1].sustained.unwrap();
    assert_eq!((sustained.kbit, sustained.loss_per_mille), ([4_000, 6_000], [4, 4]));
    // The office comes: half of what was carried to the end is left to visitors at most.
    pair.obey(0, &Command::Lock(RADIO, None));
    assert_eq!(kbit(&pair.ends[0].watch), Some(2_000), "of 4 Mbit/s, not of 10");
    // What is given up while the office is there takes nothing from it.
    pair.obey(0, &Command::Bulk(RADIO, News::Off("the office goes by the path")));
    assert_eq!(kbit(&pair.ends[0].watch), Some(2_000));
    let events: Vec<_> = told.iter().map(|what| words.event(what, SystemTime::now())).collect();
    let why = "4.0 Mbit/s there and 6.0 Mbit/s back, 0.4 % and 0.4 % lost";
    assert_eq!(events[0].to.as_deref(), Some("begins"));
    assert_eq!((events[0].carried_kbit, events[1].carried_kbit), (None, Some([4_000, 6_000])));
    assert_eq!((events[1].to.as_deref(), events[1].why.as_deref()), (Some("over"), Some(why)));
}

#[test]
fn what_a_bulk_run_loses_says_nothing_of_the_path_and_what_is_lost_afterwards_does() {
    let tried = |settings: &mut LinksSettings| {
        settings.paths[0].office_local = Some(HOST);
    };
    let mut pair = Pair::with(tried).brought_up();
    let is_bad =
        |what: &&What| matches!(what, What::Path { change, .. } if change.to == Health::Degraded);
    let times_bad =
        |pair: &Pair| pair.ends.each_ref().map(|end| end.happened.iter().filter(is_bad).count());
    pair.loses_one_of = Some(5);
    for (news, time, bad) in [(News::Begins, 6_500, 0), (News::Off("its turn is over"), 30_000, 1)]
    {
        for end in 0..2 {
            pair.obey(end, &Command::Bulk(PathNumber::PRIMARY, news));
        }
        pair.run(MS(time));
        assert_eq!(times_bad(&pair), [bad; 2]);
    }
}

#[test]
fn a_path_that_carries_too_little_to_the_end_is_unfit_whatever_trains_say() {
    let mut pair = Pair::with(|settings| {
        settings.paths[1].office_local = Some(HOST);
        settings.carry_test.needs_up_mbit = 8;
    });
    let (watch, now) = (&mut pair.ends[0].watch, pair.now);
    let ten = BitRate::from_megabits_per_second(10);
    let ready = ready(ten, now);
    let mut effects = Vec::new();
    watch.obey(&Command::Tried(RADIO, Outcome::Ready(ready)), now, &mut effects);
    assert_eq!(watch.fitness(RADIO).unwrap().judgement(), Judgement::Ready);
    let carried = |rate| Some(Sustained { rate, loss: 0 });
    let five = BitRate::from_megabits_per_second(5);
    let bulked = Bulked { up: carried(five), down: carried(ten), round_trip_us: None, at: 7 };
    watch.obey(&Command::Bulk(RADIO, News::Over(bulked)), now, &mut effects);
    let too_slow = Unfit::TooSlow {
        direction: Direction::Up,
        capacity: five,
        required: BitRate::from_megabits_per_second(8),
    };
    assert_eq!(watch.fitness(RADIO).unwrap().judgement(), Judgement::Unfit(too_slow));
    // The office needs less, and as much again.
    let section = |needs_up_mbit: u32| {
        let mut section = settings(0);
        section.paths[1].office_local = Some(HOST);
        section.carry_test.needs_up_mbit = needs_up_mbit;
        section
    };
    let [less, as_much] = [4, 8].map(section);
    for (former, fresh, is_fit) in [(&as_much, &less, true), (&less, &as_much, false)] {
        watch.reload((former, fresh), now, &mut effects);
        watch.expire(now, || 7, &mut effects);
        let judgement = watch.fitness(RADIO).unwrap().judgement();
        assert_eq!(judgement == Judgement::Ready, is_fit, "{judgement:?}");
    }
    // It counts for three nights, also for an agent that began in between.
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    for (age, after, is_bound) in
        [(0, 71, true), (0, 72, false), (48, 23, true), (48, 24, false), (100, 0, false)]
    {
        let mut pair = Pair::with(|settings| {
            settings.paths[1].office_local = Some(HOST);
            settings.paths[1].capacity_mbit = Some(10);
            settings.carry_test.needs_up_mbit = 8;
        });
        let (watch, begun) = (&mut pair.ends[0].watch, pair.now);
        watch.recall((RADIO, bulked, hours(age)), begun);
        let now = begun + hours(after);
        let mut effects = Vec::new();
        watch.expire(now, || 7, &mut effects);
        watch.obey(
            &Command::Tried(RADIO, Outcome::Ready(Ready { at: now, ..ready })),
            now,
            &mut effects,
        );
        let fitness = watch.fitness(RADIO).unwrap();
        assert_eq!(fitness.judgement() != Judgement::Ready, is_bound, "{age} h, then {after} h");
        assert_eq!((fitness.bulked(), fitness.is_bulked_old()), (Some(&bulked), !is_bound));
        watch.obey(&Command::Lock(RADIO, None), now, &mut effects);
        let ceil = watch.ceil(RADIO).flatten().unwrap();
        let most = if is_bound { 2_500 } else { 5_000 };
        assert_eq!(ceil.bits_per_second() / 1_000, most, "half of what it carries");
    }
}

#[test]
fn offices_on_the_same_sector_have_visitors_make_room_and_leave_less_of_the_path() {
    let mut pair = Pair::with(|settings| {
        settings.paths[1].office_local = Some(HOST);
        settings.carry_test.needs_down_mbit = 8;
    });
    let (watch, now) = (&mut pair.ends[0].watch, pair.now);
    let mut effects = Vec::new();
    let mut obey = |watch: &mut Watch, command| {
        effects.clear();
        watch.obey(&command, now, &mut effects);
        effects.iter().filter(|effect| matches!(effect, Effect::Shared(RADIO, _))).count()
    };
    let ten = BitRate::from_megabits_per_second(10);
    let ready = |beside| Command::Tried(RADIO, Outcome::Ready(Ready { beside, ..ready(ten, now) }));
    let kbit =
        |watch: &Watch| watch.ceil(RADIO).flatten().map(|ceil| ceil.bits_per_second() / 1_000);
    let judgement = |watch: &Watch| watch.fitness(RADIO).unwrap().judgement();
    obey(watch, ready(Beside::Nobody));
    assert_eq!((judgement(watch), kbit(watch)), (Judgement::Ready, None));

    let busy = Siblings { links: 3, busy: 1, used: 3_000_000 };
    assert_eq!(obey(watch, Command::Siblings(RADIO, busy)), 1);
    assert_eq!(kbit(watch), Some(875), "half of 7 Mbit/s, for the visitors of four links");
    let too_slow = Judgement::Unfit(Unfit::TooSlow {
        direction: Direction::Down,
        capacity: BitRate::from_megabits_per_second(7),
        required: BitRate::from_megabits_per_second(8),
    });
    assert_eq!(judgement(watch), too_slow);
    obey(watch, ready(Beside::Offices));
    assert_eq!(judgement(watch), Judgement::Ready, "they were measured, too");
    assert_eq!(obey(watch, Command::Siblings(RADIO, busy)), 0, "told once");
    assert_eq!(watch.office_on(RADIO), None, "ours is not there");

    // The centre tells no more.
    let later = now + ALONE_AFTER + SECOND;
    let mut effects = Vec::new();
    watch.expire(later, || 1, &mut effects);
    watch.expire(later + SECOND * 31, || 1, &mut effects);
    assert_eq!(kbit(watch), None, "they have it back");
}

#[test]
fn a_budget_leaves_out_probes_and_neither_heartbeats_nor_an_office_that_comes() {
    let mut pair = metered();
    // Of both ends 720 to 960 heartbeats an hour, and as many probes as are left.
    for (thrift, most) in [(Thrift::Thin, 720..=1_030), (Thrift::UsedUp, 720..=963)] {
        for end in &mut pair.ends {
            end.watch.obey(&Command::Thrift(RADIO, thrift), pair.now, &mut Vec::new());
        }
        let before = pair.by_radio;
        pair.run(MS(3_600_000));
        let sent = pair.by_radio - before;
        assert!(most.contains(&sent), "{thrift:?}: {sent}");
    }
    pair.passes = [[false, true]; 2];
    pair.run(MS(300));
    assert_eq!(pair.routes(), [ON_RADIO; 2], "as soon as without a budget");
    let before = pair.by_radio;
    pair.run(MS(10_000));
    let sent = pair.by_radio - before;
    // A hundred heartbeats and fifty probes of each.
    assert!(sent >= 290, "{sent}");
    pair.passes = [[true; 2]; 2];
    pair.run(MS(180_000));
    assert_eq!((pair.routes(), paces(&pair)), ([ON_FIBRE; 2], [Pace::Idle; 2]));
    for end in &mut pair.ends {
        end.watch.obey(&Command::Thrift(RADIO, Thrift::None), pair.now, &mut Vec::new());
    }
    let before = pair.by_radio;
    pair.run(MS(3_600_000));
    assert!(pair.by_radio - before > 900, "probes come again");
}
