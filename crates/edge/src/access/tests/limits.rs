use super::*;

/// A device with these limits that moves `per_minute` octets each minute, seen until it is cut off.
fn check(limits: Limits, per_minute: u64, expected: &str) {
    let mut access = online(terms(1, limits));
    let mut ends = Vec::new();
    for minute in 1..=120 {
        let now = at(minute * 60);
        let usage = counted(DEVICE, 0, per_minute * minute);
        let mut actions = access.counted(&[usage], now);
        actions.extend(access.tick(now));
        let is_removed = actions.iter().any(|action| matches!(action, Action::Remove { .. }));
        if is_removed {
            ends = access.removed(DEVICE, Some(usage), now);
            break;
        }
    }
    assert_eq!(told(&ends), expected, "{limits:?} {per_minute}");
}

#[test]
fn a_stay_is_over_when_a_limit_is_reached() {
    let none = Limits::default();
    let limits = Limits {
        session_timeout: Some(seconds(3_600)),
        idle_timeout: Some(seconds(600)),
        max_octets: Some(Octets::new(100_000_000)),
        interim_interval: None,
    };
    check(none, 0, "");
    check(limits, 0, "Stop(IdleTimeout) 1: 0 in 600s");
    check(limits, 1_999, "Stop(IdleTimeout) 1: 19990 in 600s");
    check(limits, 2_000, "Stop(SessionTimeout) 1: 120000 in 3600s");
    check(limits, 10_000_000, "Stop(SessionTimeout) 1: 100000000 in 600s");
    check(Limits { idle_timeout: Some(seconds(0)), ..none }, 0, "");
    check(
        Limits { max_octets: Some(Octets::new(6 << 32)), ..none },
        1 << 32,
        "Stop(SessionTimeout) 1: 25769803776 in 360s",
    );
}

#[test]
fn a_session_is_over_at_its_octet_limit_and_not_before() {
    let limits = Limits { max_octets: Some(Octets::new(100_000)), ..Limits::default() };
    let mut access = online(terms(1, limits));
    for (octets, expected) in [(0, ""), (99_999, ""), (99_999, ""), (100_000, "remove 10.0.0.2")] {
        let actions = access.counted(&[counted(DEVICE, octets, 0)], at(5));
        assert_eq!(told(&actions), expected, "{octets}");
    }
}

#[test]
fn the_kernel_stops_a_device_one_packet_beyond_its_octet_limit() {
    let limits = Limits { max_octets: Some(Octets::new(100_000)), ..Limits::default() };
    let mut access = AccessControl::new(rules());
    access.seen(DEVICE, ADDRESS, Sign::Fresh, at(0));
    let actions = access.accepted(DEVICE, terms(1, limits), at(0));
    let octet_limit = Some(Octets::new(165_535));
    let admission = Admission { device: DEVICE, address: ADDRESS, octet_limit };
    assert_eq!(actions.first(), Some(&Action::Admit(admission)));
}

#[test]
fn a_change_keeps_the_limits_it_does_not_name() {
    let limits = Limits {
        session_timeout: Some(seconds(3_600)),
        idle_timeout: Some(seconds(600)),
        max_octets: Some(Octets::new(1_000_000)),
        interim_interval: Some(seconds(900)),
    };
    let none = Limits::default();
    let check = |change: Limits, expected_deadline: u64, expected: &str| {
        let mut access = online(terms(1, limits));
        access.counted(&[counted(DEVICE, 0, 500_000)], at(300));
        let (answer, actions) = access.change(&target(DEVICE), &change, at(300));
        assert_eq!(answer, Answer::Ack);
        assert_eq!(told(&actions), expected, "{change:?}");
        assert_eq!(access.next_deadline(), Some(at(expected_deadline)), "{change:?}");
    };
    check(none, 900, "admit 10.0.0.2 for 1 MB");
    check(Limits { session_timeout: Some(seconds(20)), ..none }, 320, "admit 10.0.0.2 for 1 MB");
    check(Limits { idle_timeout: Some(seconds(30)), ..none }, 330, "admit 10.0.0.2 for 1 MB");
    let octets = Some(Octets::new(250_000));
    check(Limits { max_octets: octets, ..none }, 900, "admit 10.0.0.2 for 750 kB");
    check(Limits { interim_interval: Some(seconds(5)), ..none }, 360, "admit 10.0.0.2 for 1 MB");
}

#[test]
fn usage_is_reported_at_the_interval_of_the_server_within_our_own_bounds() {
    let check = |interval: Option<u64>, expected: u64| {
        let interim_interval = interval.map(seconds);
        let mut access = online(terms(1, Limits { interim_interval, ..Limits::default() }));
        assert_eq!(access.next_deadline(), Some(at(expected)), "{interval:?}");
        access.counted(&[counted(DEVICE, 1, 2)], at(expected));
        let report = format!("Interim 1: 3 in {expected}s");
        assert_eq!(told(&access.tick(at(expected))), report);
        assert_eq!(access.next_deadline(), Some(at(2 * expected)), "{interval:?}");
    };
    check(None, 900);
    check(Some(120), 120);
    check(Some(10), 60);
    check(Some(3_600), 900);
}

#[test]
fn a_device_that_is_gone_and_moves_nothing_is_lost() {
    let mut access = online(terms(1, Limits::default()));
    access.gone(ADDRESS, at(100));
    access.counted(&[counted(DEVICE, 0, 5_000)], at(160));
    assert_eq!(access.next_deadline(), Some(at(460)));
    assert_eq!(told(&access.tick(at(460))), "remove 10.0.0.2");
    let ends = access.removed(DEVICE, None, at(460));
    assert_eq!(told(&ends), "Stop(LostCarrier) 1: 5000 in 460s");
}

#[test]
fn who_was_idle_is_asked_about_again_at_its_next_sign_of_life() {
    let limits = Limits { idle_timeout: Some(seconds(60)), ..Limits::default() };
    let mut access = online(terms(1, limits));
    access.tick(at(60));
    access.removed(DEVICE, None, at(60));
    assert_eq!(access.next_deadline(), None);
    assert_eq!(told(&access.seen(DEVICE, ADDRESS, Sign::Fresh, at(900))), "ask");
}

#[test]
fn sessions_go_on_after_a_restart_with_their_counters() {
    let limits = Limits { max_octets: Some(Octets::new(1_000)), ..Limits::default() };
    let mut earlier = online(terms(1, limits));
    earlier.counted(&[counted(DEVICE, 100, 200)], at(5));
    let text = serde_json::to_string(&earlier.saved()).unwrap();
    let saved: Vec<SavedSession> = serde_json::from_str(&text).unwrap();
    let restored = || {
        let mut access = AccessControl::new(AccessRules { run: 0xb2, ..rules() });
        access.restore(saved.clone(), at(10));
        access
    };
    let mut in_kernel = restored();
    assert_eq!(in_kernel.counted(&[counted(DEVICE, 150, 250)], at(10)), []);
    assert_eq!(in_kernel.saved()[0].session.meter.usage().total(), Octets::new(400));
    let mut rebooted = restored();
    assert_eq!(told(&rebooted.counted(&[], at(10))), "admit 10.0.0.2 for 700 B");
    rebooted.counted(&[counted(DEVICE, 7, 0)], at(11));
    rebooted.disconnect(&target(DEVICE), at(12));
    let ends = rebooted.removed(DEVICE, None, at(12));
    assert_eq!(told(&ends), "Stop(AdminReset) 1: 307 in 12s");
}

#[test]
fn who_is_only_in_the_kernel_is_removed() {
    let mut access = AccessControl::new(rules());
    let actions = access.counted(&[counted(DEVICE, 1, 1)], at(0));
    assert_eq!(told(&actions), "remove 10.0.0.2");
    assert_eq!(access.removed(DEVICE, Some(counted(DEVICE, 1, 1)), at(0)), []);
}

#[test]
fn a_cut_off_that_the_kernel_did_not_carry_out_is_not_undone_by_a_restart() {
    let mut access = online(hour());
    access.disconnect(&target(DEVICE), at(1));
    let mut after = AccessControl::new(rules());
    after.restore(access.saved(), at(2));
    assert_eq!(told(&after.tick(at(2))), "remove 10.0.0.2");
}
