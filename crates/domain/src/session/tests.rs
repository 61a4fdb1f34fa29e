use proptest::prelude::*;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

pub(super) fn at(secs: u64) -> Timestamp {
    T0 + Duration::from_secs(secs)
}

pub(super) fn usage(secs: u64, up: u64, down: u64) -> Usage {
    Usage {
        time: Duration::from_secs(secs),
        uploaded: Octets::new(up),
        downloaded: Octets::new(down),
    }
}

pub(super) fn report(usage: Usage) -> SessionReport {
    SessionReport {
        session: SessionId::from_bytes([7; 16]),
        acct_session_id: "5C1".into(),
        device: MacAddress::new([2, 0, 0, 0, 0, 1]),
        user_name: "02-00-00-00-00-01".into(),
        address: None,
        grant: None,
        usage,
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    }
}

pub(super) fn record(secs: u64, event: AccountingEvent) -> AccountingRecord {
    AccountingRecord {
        nas: "gate".parse().unwrap(),
        occurred_at: at(secs),
        received_at: at(secs),
        event,
    }
}

pub(super) fn start() -> AccountingRecord {
    record(0, AccountingEvent::Started(report(Usage::default())))
}

pub(super) fn interim(secs: u64, up: u64, down: u64) -> AccountingRecord {
    record(secs, AccountingEvent::Interim(report(usage(secs, up, down))))
}

pub(super) fn stop(secs: u64, up: u64, down: u64) -> AccountingRecord {
    record(secs, AccountingEvent::Stopped(report(usage(secs, up, down)), SessionEnd::Reported(1)))
}

/// Applies records in order; returns the session and the sum of what they brought.
pub(super) fn play(records: &[AccountingRecord]) -> (Session, Usage) {
    let mut session = None;
    let mut sum = Usage::default();
    for record in records {
        if session.is_none() {
            session = Session::begun_by(record);
        }
        if let Some(advance) = session.as_mut().and_then(|session| session.advance(record)) {
            sum = sum + advance.used;
        }
    }
    (session.expect("a session"), sum)
}

#[test]
fn usage_is_counted_once_in_whatever_order_and_however_often_it_is_reported() {
    let cases: [(&str, Vec<AccountingRecord>); 6] = [
        ("in order", vec![start(), interim(60, 10, 100), stop(90, 20, 150)]),
        (
            "twice each",
            vec![
                start(),
                start(),
                interim(60, 10, 100),
                interim(60, 10, 100),
                stop(90, 20, 150),
                stop(90, 20, 150),
            ],
        ),
        ("start missed", vec![interim(60, 10, 100), stop(90, 20, 150)]),
        ("only stop", vec![stop(90, 20, 150)]),
        ("start late", vec![interim(60, 10, 100), start(), stop(90, 20, 150)]),
        ("interim after stop", vec![start(), stop(90, 20, 150), interim(60, 10, 100)]),
    ];
    for (name, records) in cases {
        let (session, sum) = play(&records);
        assert_eq!(sum, usage(90, 20, 150), "{name}");
        assert_eq!(session.usage, sum, "{name}");
        assert_eq!(session.started_at, at(0), "{name}");
        assert!(!session.is_open(), "{name}");
    }
}

#[test]
fn counters_never_run_backwards() {
    let (session, sum) = play(&[start(), interim(60, 10, 100), interim(120, 5, 200)]);
    assert_eq!(sum, usage(120, 10, 200));
    assert_eq!(session.usage, sum);
}

#[test]
fn a_counter_of_32_bits_goes_on_after_its_end_and_only_a_later_report_can_have_turned() {
    const TURN: u64 = 1 << 32;
    let near = TURN - 1_000;
    for (name, known, then, expected) in [
        ("turned", (60, near), (120, 500), TURN + 500),
        ("turned before", (120, TURN + 500), (180, 700), TURN + 700),
        ("turned twice", (180, 2 * TURN - 9), (240, 8), 2 * TURN + 8),
        ("late", (120, near), (60, 500), near),
        ("repeated after its turn", (120, TURN + 500), (60, near), TURN + 500),
        ("reset", (60, TURN / 2), (120, 500), TURN / 2),
        ("not told", (60, near), (120, 0), near),
        ("with gigawords", (60, near), (120, TURN + 500), TURN + 500),
    ] {
        let (session, sum) =
            play(&[start(), interim(known.0, known.1, 0), interim(then.0, then.1, 0)]);
        assert_eq!(session.usage.uploaded, Octets::new(expected), "{name}");
        assert_eq!(sum, session.usage, "{name}");
    }
}

proptest! {
    #[test]
    fn what_32_bits_tell_is_counted_whole_however_often_and_late_it_is_repeated(
        steps in prop::collection::vec(0..1_u64 << 30, 1..40),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut used = 0;
        let mut reports = vec![start()];
        for (step, time) in steps.iter().zip(1..) {
            used += step;
            // A counter that stands at zero tells nothing.
            let counter = used % (1 << 32);
            reports.push(interim(60 * time, counter.max(1), 0));
        }
        for index in repeated {
            let late = index.index(reports.len());
            reports.push(reports[late].clone());
        }
        let (session, _) = play(&reports);
        prop_assert!(session.usage.uploaded.get().abs_diff(used) <= 1);
    }
}

#[test]
fn interim_update_after_stop_is_ignored() {
    let (mut session, _) = play(&[start(), stop(90, 20, 150)]);
    let stopped = session.clone();
    assert_eq!(session.advance(&interim(120, 30, 300)), None);
    assert_eq!(session, stopped);
}

#[test]
fn a_session_thought_dead_comes_back_with_its_next_report() {
    let (mut session, _) = play(&[start(), interim(60, 10, 100)]);
    session.state = SessionState::Stopped { at: at(300), end: SessionEnd::Stale };
    let back = session.advance(&interim(400, 20, 200)).expect("a change");
    assert!(session.is_open());
    assert_eq!(back.used, usage(340, 10, 100));
}
