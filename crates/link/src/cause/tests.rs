use proptest::prelude::*;

use super::*;

/// A star: each site has a fibre and a radio to the hub `amana`, which share provider and sector with
/// all others but those of `mubarraz`.
fn star(sites: &[&str]) -> Topology {
    let line = |site: &str, path: &str, sector: Option<&str>, provider: Option<&str>| Line {
        name: format!("{site}-{path}"),
        ends: [
            End { site: site.to_owned(), path: path.to_owned() },
            End { site: "amana".to_owned(), path: format!("{site}-{path}") },
        ],
        hub: Some("amana".to_owned()),
        sector: sector.map(str::to_owned),
        provider: provider.map(str::to_owned),
    };
    let lines = sites.iter().flat_map(|site| {
        let (sector, provider) =
            if *site == "mubarraz" { ("south", "mobily") } else { ("north", "stc") };
        [line(site, "fibre", None, Some(provider)), line(site, "radio", Some(sector), None)]
    });
    Topology { lines: lines.collect() }
}

fn city() -> Topology {
    star(&["hofuf", "mubarraz", "oyun", "jafr"])
}

/// Two offices with a fibre and a radio between them.
fn pair() -> Topology {
    let mut topology = star(&["hofuf"]);
    for line in &mut topology.lines {
        line.hub = None;
    }
    topology
}

fn said(at: u64, site: &str, what: What) -> Said {
    Said { at: Moment::from_millis(1_000_000 + at), site: site.to_owned(), what }
}

/// What an end says of a line of the star, of which both names are known.
fn end(at: u64, site: &str, line: &str, now: PathNow) -> Said {
    let own = line.strip_prefix(&format!("{site}-"));
    said(at, site, What::Path { path: own.unwrap_or(line).to_owned(), now })
}

fn lost(at: u64, site: &str, line: &str, loss: Loss) -> Said {
    end(at, site, line, PathNow::Lost(loss))
}

fn cut(at: u64, line: &str) -> Vec<Said> {
    let site = line.split('-').next().unwrap();
    vec![lost(at, site, line, Loss::Silent), lost(at + 90, "amana", line, Loss::Silent)]
}

/// What the hub alone says of lines that it lost.
fn seen_from_hub(lines: &[(&str, u64)]) -> Vec<Said> {
    lines.iter().map(|(line, at)| lost(*at, "amana", line, Loss::Silent)).collect()
}

fn evidence(said: impl IntoIterator<Item = Said>) -> Evidence {
    let mut evidence = Evidence::default();
    for said in said {
        evidence.add(said);
    }
    evidence
}

fn kinds(topology: &Topology, said: &[Said]) -> Vec<Kind> {
    let found = find(topology, &evidence(said.iter().cloned()));
    found.into_iter().map(|cause| cause.kind).collect()
}

fn site_dark(site: &str) -> Kind {
    Kind::SiteDark { site: site.to_owned() }
}

#[test]
fn one_line_is_named_by_what_its_ends_say() {
    use Loss::{CarrierLost, Flapping, Maintenance, PeerDown, PeerMaintenance, Silent};
    let line = "hofuf-fibre";
    let one_way = |from: &str, to: &str| Kind::OneWay { from: from.to_owned(), to: to.to_owned() };
    let carrier =
        |sites: &[&str]| Kind::Carrier { sites: sites.iter().map(|s| (*s).to_owned()).collect() };
    for (here, there, kind) in [
        (Some(Silent), None, Kind::Unknown),
        (None, Some(Silent), Kind::Unknown),
        (Some(Silent), Some(Silent), Kind::Cut),
        (Some(Silent), Some(PeerDown), one_way("amana", "hofuf")),
        (Some(PeerDown), Some(Silent), one_way("hofuf", "amana")),
        (Some(PeerDown), None, one_way("hofuf", "amana")),
        (Some(CarrierLost), Some(Silent), carrier(&["hofuf"])),
        (Some(Silent), Some(CarrierLost), carrier(&["amana"])),
        (Some(CarrierLost), Some(CarrierLost), carrier(&["hofuf", "amana"])),
        (Some(Flapping), None, Kind::Flapping),
        (Some(Maintenance), Some(PeerMaintenance), Kind::Maintenance),
        (None, Some(PeerMaintenance), Kind::Maintenance),
    ] {
        let said: Vec<Said> = [("hofuf", here, 0), ("amana", there, 2_500)]
            .into_iter()
            .filter_map(|(site, loss, at)| Some(lost(at, site, line, loss?)))
            .collect();
        assert_eq!(kinds(&city(), &said), [kind], "{here:?} {there:?}");
    }
}

#[test]
fn a_site_that_loses_both_paths_within_two_seconds_is_dark() {
    for (apart, expected) in [(1_900, 1), (2_000, 1), (2_001, 2)] {
        let said = seen_from_hub(&[("hofuf-fibre", 0), ("hofuf-radio", apart)]);
        let found = kinds(&city(), &said);
        assert_eq!(found.len(), expected, "{apart}: {found:?}");
        assert_eq!(found[0] == site_dark("hofuf"), expected == 1);
    }
}

#[test]
fn clocks_that_differ_by_seconds_are_no_reason_to_part_two_paths() {
    // The site's clock is three seconds ahead, and each end tells of another path.
    let said = [
        lost(4_500, "hofuf", "hofuf-fibre", Loss::Silent),
        lost(0, "amana", "hofuf-radio", Loss::Silent),
    ];
    assert_eq!(kinds(&city(), &said), [site_dark("hofuf")]);
}

#[test]
fn a_dark_site_whose_access_points_are_silent_has_no_power() {
    let mut said = seen_from_hub(&[("hofuf-fibre", 0), ("hofuf-radio", 300)]);
    said.push(said_of_site(20_000, What::ChannelSilent(true)));
    assert_eq!(kinds(&city(), &said), [site_dark("hofuf")]);
    said.push(said_of_site(30_000, What::AccessPointsSilent(true)));
    let found = find(&city(), &evidence(said.clone()));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, Kind::Power { site: "hofuf".to_owned() });
    assert_eq!(found[0].troubles.len(), 3);
    assert_eq!(found[0].evidence.len(), 4, "the access points are evidence");
    // Access points that were silent hours before say nothing.
    said.pop();
    for word in &mut said {
        word.at = word.at.after(7_200_000);
    }
    said.push(said_of_site(0, What::AccessPointsSilent(true)));
    assert_eq!(kinds(&city(), &said), [site_dark("hofuf")]);
}

fn said_of_site(at: u64, what: What) -> Said {
    said(at, "hofuf", what)
}

#[test]
fn of_two_offices_the_one_that_is_not_heard_is_dark() {
    let lines = ["hofuf-fibre", "hofuf-radio"];
    let of = |site: &str| lines.map(|line| lost(0, site, line, Loss::Silent)).to_vec();
    assert_eq!(kinds(&pair(), &of("amana")), [site_dark("hofuf")]);
    assert_eq!(kinds(&pair(), &of("hofuf")), [site_dark("amana")]);
    // Its agent tells later, but the centre has not heard it meanwhile.
    let mut both = [of("amana"), of("hofuf")].concat();
    both.push(said(1_000, "amana", What::ChannelSilent(true)));
    assert_eq!(kinds(&pair(), &both), [site_dark("amana")]);
}

#[test]
fn a_site_with_one_line_is_dark_if_its_agent_is_silent_too() {
    let mut topology = city();
    topology.lines.retain(|line| line.name != "hofuf-radio");
    let mut said = seen_from_hub(&[("hofuf-fibre", 0)]);
    assert_eq!(kinds(&topology, &said), [Kind::Unknown]);
    said.push(said_of_site(60_000, What::ChannelSilent(true)));
    assert_eq!(kinds(&topology, &said), [site_dark("hofuf")]);
}

#[test]
fn three_sites_that_lose_the_hub_within_five_seconds_lost_the_hub() {
    let sites = ["hofuf", "mubarraz", "oyun"];
    let of = |sites: &[&str], step: u64| -> Vec<Said> {
        let lines = (0..).zip(sites).flat_map(|(place, site)| {
            ["fibre", "radio"].map(|path| {
                let line = format!("{site}-{path}");
                lost(place * step, site, &line, Loss::Silent)
            })
        });
        lines.collect()
    };
    let hub = Kind::Hub { hub: "amana".to_owned() };
    assert_eq!(kinds(&city(), &of(&sites, 2_000)), [hub]);
    assert_eq!(kinds(&city(), &of(&sites[..2], 100)).len(), 2, "two are no hub");
    // By clocks of their own, which differ by three seconds at most.
    assert_eq!(kinds(&city(), &of(&sites, 8_100)).len(), 3, "too far apart");
    // Who still has another line to it has not lost the hub.
    let fibres = ["hofuf", "oyun", "jafr"].map(|site| format!("{site}-fibre"));
    let fibres: Vec<Said> = fibres.iter().flat_map(|line| cut(0, line)).collect();
    assert_eq!(kinds(&city(), &fibres), [Kind::Provider { provider: "stc".to_owned() }]);
}

#[test]
fn several_paths_of_a_sector_at_once_fade() {
    let fade = Kind::RadioFade { sector: "north".to_owned() };
    let said = [cut(0, "hofuf-radio"), cut(3_000, "oyun-radio")].concat();
    assert_eq!(kinds(&city(), &said), std::slice::from_ref(&fade));
    let bad = [("hofuf", 0), ("oyun", 4_000)]
        .map(|(site, at)| end(at, site, &format!("{site}-radio"), PathNow::Bad));
    assert_eq!(kinds(&city(), &bad), [fade]);
    let apart = [cut(0, "hofuf-radio"), cut(30_000, "oyun-radio")].concat();
    assert_eq!(kinds(&city(), &apart), [Kind::Cut, Kind::Cut]);
}

#[test]
fn a_radio_that_was_bad_before_it_was_lost_fades() {
    let lost_after = |line: &str, bad_for: u64| {
        let site = line.split('-').next().unwrap();
        let mut said = vec![end(0, site, line, PathNow::Bad)];
        said.extend(cut(bad_for, line));
        find(&city(), &evidence(said))
    };
    let fade = lost_after("hofuf-radio", 60_000);
    assert_eq!(fade.len(), 1, "what came before belongs to it: {fade:?}");
    assert_eq!(fade[0].kind, Kind::RadioFade { sector: "north".to_owned() });
    assert_eq!(fade[0].ailment(), Ailment::Lost);
    assert_eq!(fade[0].begin(), Moment::from_millis(1_000_000));
    assert_eq!(lost_after("hofuf-fibre", 60_000)[0].kind, Kind::Cut, "a fibre does not fade");
    assert_eq!(lost_after("hofuf-radio", 130_000).len(), 2, "that was long before");
}

#[test]
fn a_path_that_lives_and_passes_one_way_only_ends_at_a_firewall() {
    let unfit = |is_half_open| end(0, "hofuf", "hofuf-radio", PathNow::Unfit { is_half_open });
    let far = Kind::FarFirewall { site: "amana".to_owned() };
    assert_eq!(kinds(&city(), &[unfit(true)]), [far]);
    assert_eq!(kinds(&city(), &[unfit(false)]), [Kind::Unfit]);
    let fit = end(500_000, "hofuf", "hofuf-radio", PathNow::Fit);
    let found = find(&city(), &evidence([unfit(true), fit]));
    assert_eq!(found[0].end(), Some(Moment::from_millis(1_500_000)));
}

#[test]
fn what_is_no_outage_has_a_name_too() {
    let bad = end(0, "hofuf", "hofuf-fibre", PathNow::Bad);
    assert_eq!(kinds(&city(), &[bad]), [Kind::Quality]);
    let site = "hofuf".to_owned();
    let silent = said_of_site(0, What::ChannelSilent(true));
    assert_eq!(kinds(&city(), &[silent]), [Kind::AgentSilent { site: site.clone() }]);
    let breach = said_of_site(0, What::Breach(true));
    assert_eq!(kinds(&city(), &[breach]), [Kind::Breach { site }]);
    let strange = end(0, "nowhere", "nothing", PathNow::Bad);
    assert_eq!(kinds(&city(), &[strange]), [], "a line that nobody knows");
}

#[test]
fn a_line_in_maintenance_darkens_no_site() {
    let mut said = vec![lost(0, "hofuf", "hofuf-radio", Loss::Maintenance)];
    said.extend(cut(500, "hofuf-fibre"));
    let mut found = kinds(&city(), &said);
    found.sort();
    assert_eq!(found, [Kind::Cut, Kind::Maintenance]);
}

#[test]
fn a_trouble_ends_when_either_end_has_the_other_back() {
    let mut said = cut(0, "hofuf-fibre");
    said.push(end(60_000, "hofuf", "hofuf-fibre", PathNow::Good));
    // The other end was started again, and never said that it is good.
    let found = find(&city(), &evidence(said.clone()));
    assert_eq!(found[0].end(), Some(Moment::from_millis(1_060_000)));
    said.push(end(75_000, "amana", "hofuf-fibre", PathNow::Good));
    assert_eq!(find(&city(), &evidence(said))[0].end(), Some(Moment::from_millis(1_060_000)));
}

#[test]
fn an_end_that_notices_later_tells_of_the_same() {
    let said = [
        lost(0, "hofuf", "hofuf-fibre", Loss::PeerDown),
        lost(60_000, "amana", "hofuf-fibre", Loss::Silent),
        end(90_000, "amana", "hofuf-fibre", PathNow::Good),
        // The other end has not heard of that, but of the next one.
        lost(120_000, "amana", "hofuf-fibre", Loss::Silent),
    ];
    let found = find(&city(), &evidence(said));
    let ends: Vec<_> = found.iter().map(Cause::end).collect();
    assert_eq!(ends, [Some(Moment::from_millis(1_090_000)), None]);
}

#[test]
fn outages_that_follow_one_another_are_two() {
    let mut said = cut(0, "hofuf-fibre");
    said.push(end(10_000, "hofuf", "hofuf-fibre", PathNow::Good));
    said.push(end(10_000, "amana", "hofuf-fibre", PathNow::Good));
    said.extend(cut(60_000, "hofuf-fibre"));
    let found = find(&city(), &evidence(said));
    let ends: Vec<_> = found.iter().map(Cause::end).collect();
    assert_eq!(ends, [Some(Moment::from_millis(1_010_000)), None]);
}

#[test]
fn what_was_over_is_forgotten_and_what_goes_on_is_not() {
    let mut said = cut(0, "hofuf-fibre");
    said.push(end(10_000, "hofuf", "hofuf-fibre", PathNow::Good));
    said.push(end(10_000, "amana", "hofuf-fibre", PathNow::Good));
    said.extend(cut(20_000, "oyun-fibre"));
    let mut evidence = evidence(said);
    evidence.forget(Moment::from_millis(2_000_000));
    let found = find(&city(), &evidence);
    let subjects: Vec<_> = found.iter().map(|cause| cause.troubles[0].subject.name()).collect();
    assert_eq!(subjects, ["oyun-fibre"]);
    assert_eq!(evidence.said().count(), 2);
}

#[test]
fn evidence_is_bounded_and_taken_once() {
    let mut evidence = Evidence::default();
    for at in 0..=Evidence::MOST as u64 {
        assert!(evidence.add(said_of_site(at, What::Breach(true))));
    }
    assert_eq!(evidence.said().count(), Evidence::MOST);
    assert!(!evidence.add(said_of_site(5, What::Breach(true))));
}

fn any_now() -> impl Strategy<Value = PathNow> {
    prop::sample::select(vec![
        PathNow::Good,
        PathNow::Bad,
        PathNow::Lost(Loss::Silent),
        PathNow::Lost(Loss::PeerDown),
        PathNow::Lost(Loss::CarrierLost),
        PathNow::Lost(Loss::Maintenance),
        PathNow::Fit,
        PathNow::Unfit { is_half_open: true },
    ])
}

fn any_said() -> impl Strategy<Value = Said> {
    let lines: Vec<String> = city().lines.into_iter().map(|line| line.name).collect();
    let path = (0..40_000_u64, prop::sample::select(lines), any::<bool>(), any_now()).prop_map(
        |(at, line, is_hub, now)| {
            let site = line.split('-').next().unwrap().to_owned();
            end(at, if is_hub { "amana" } else { &site }, &line, now)
        },
    );
    let whats = vec![
        What::ChannelSilent(true),
        What::ChannelSilent(false),
        What::AccessPointsSilent(true),
        What::Breach(true),
    ];
    let of_site =
        (0..40_000_u64, prop::sample::select(vec!["hofuf", "oyun"]), prop::sample::select(whats))
            .prop_map(|(at, site, what)| said(at, site, what));
    prop_oneof![6 => path, 1 => of_site]
}

fn keys(cause: &Cause) -> Vec<(Subject, Ailment, Moment)> {
    let key = |trouble: &Trouble| (trouble.subject.clone(), trouble.ailment, trouble.from);
    cause.troubles.iter().map(key).collect()
}

proptest! {
    #[test]
    fn what_came_first_does_not_matter(
        (first, second) in prop::collection::vec(any_said(), 0..40)
            .prop_flat_map(|said| (Just(said.clone()), Just(said).prop_shuffle()))
    ) {
        let (one, other) = (evidence(first), evidence(second));
        prop_assert_eq!(find(&city(), &one), find(&city(), &other));
    }

    #[test]
    fn each_trouble_has_exactly_one_cause(said in prop::collection::vec(any_said(), 0..60)) {
        let evidence = evidence(said);
        let mut all: Vec<_> = find(&city(), &evidence).iter().flat_map(keys).collect();
        let mut known: Vec<_> = trouble::troubles(&city(), &evidence)
            .into_iter()
            .map(|seen| (seen.trouble.subject, seen.trouble.ailment, seen.trouble.from))
            .collect();
        all.sort();
        known.sort();
        prop_assert_eq!(all, known);
    }

    /// Losses that come in the order of each end's log join causes, and never part them.
    #[test]
    fn later_words_join_and_never_part(
        losses in prop::collection::btree_map((0..8_usize, any::<bool>()), 0..20_000_u64, 1..16)
    ) {
        let lines: Vec<String> = city().lines.into_iter().map(|line| line.name).collect();
        let mut words: Vec<Said> = losses
            .into_iter()
            .map(|((line, is_hub), at)| {
                let line = &lines[line];
                let site = if is_hub { "amana" } else { line.split('-').next().unwrap() };
                lost(at, site, line, Loss::Silent)
            })
            .collect();
        let last = words.pop().unwrap();
        let before = find(&city(), &evidence(words.clone()));
        words.push(last);
        let after = find(&city(), &evidence(words));
        for cause in before {
            let of = |cause: &Cause| -> Vec<String> {
                cause.troubles.iter().map(|trouble| trouble.subject.name().to_owned()).collect()
            };
            let own = of(&cause);
            let is_whole = after.iter().any(|cause| own.iter().all(|line| of(cause).contains(line)));
            prop_assert!(is_whole, "{:?} is in none of {:?}", own, after);
        }
    }
}

#[test]
fn a_budget_that_is_used_up_is_a_cause_of_its_own_until_the_next_one() {
    let used_up =
        |at: u64, is: bool| said(at, "hofuf", What::UsedUp { path: "radio".to_owned(), is });
    let mut words = cut(0, "hofuf-radio");
    words.push(used_up(10, true));
    words.push(used_up(5_000, false));
    let causes = find(&pair(), &evidence(words));
    assert!(causes.iter().any(|cause| cause.kind == Kind::Cut) && causes.len() == 2, "{causes:?}");
    let budget = causes.iter().find(|cause| cause.kind == Kind::BudgetUsedUp).unwrap();
    assert_eq!(budget.troubles[0].until, Some(Moment::from_millis(1_005_000)));
}
