use domain::{FormerSecret, NasProfile};

use super::*;
use crate::admin::api::TestVerdict::Ok;
use crate::nas_control::Way;
use crate::stage;

const NOW: Timestamp = stage::NOON;

fn nas(rule: MessageAuthenticatorRule) -> Nas {
    Nas { message_authenticator: rule, ..stage::nas("gate", "10.0.0.1/32") }
}

fn times(count: u64) -> Times {
    Times { count, last: (count > 0).then_some(NOW) }
}

/// An access point with which all is well.
fn busy() -> Activity {
    Activity {
        accepted: 3,
        rejected: 2,
        recorded: 9,
        access: times(5),
        accounting: times(9),
        interim: times(6),
        clock_ahead_millis: Some(1_500),
        ..Activity::default()
    }
}

fn dropped(reason: &str, count: u64) -> Activity {
    Activity { unanswered: [(reason.to_owned(), count)].into(), ..Activity::default() }
}

fn seen<'a>(nas: &'a Nas, activity: &'a Activity) -> Seen<'a> {
    Seen { nas, activity: Some(activity), probe: None, octets: OctetBalance::default(), now: NOW }
}

fn verdict(rows: &[TestRow], what: TestSubject) -> Option<TestVerdict> {
    rows.iter().find(|row| row.what == what).map(|row| row.verdict)
}

fn check(activity: &Activity, what: TestSubject, expected: TestVerdict, words: &str) {
    check_of(&nas(MessageAuthenticatorRule::Learn), activity, what, expected, words);
}

fn check_of(nas: &Nas, activity: &Activity, what: TestSubject, expected: TestVerdict, words: &str) {
    let rows = rows(&seen(nas, activity));
    let row = rows.iter().find(|row| row.what == what).unwrap();
    let said = format!("{} | {}", row.found, row.advice.as_deref().unwrap_or_default());
    assert_eq!(row.verdict, expected, "{said}");
    assert!(said.contains(words), "no `{words}` in {said}");
}

#[test]
fn an_access_point_with_which_all_is_well_fails_in_nothing() {
    let nas = nas(MessageAuthenticatorRule::Learnt);
    let rows = rows(&seen(&nas, &busy()));
    for row in &rows {
        let few = row.what == TestSubject::Octets;
        assert_eq!(row.verdict, if few { Unknown } else { Ok }, "{row:?}");
    }
    assert_eq!(verdict(&rows, TestSubject::Orders), None, "nothing was asked");
}

#[test]
fn what_arrives_and_what_does_not_is_told_apart() {
    use TestSubject::Seen;
    let old = NOW - Duration::from_secs(25 * 3_600);
    let gone = Activity { access: Times { count: 5, last: Some(old) }, ..Activity::default() };
    check(&Activity::default(), Seen, Failed, "sabeel nas pending list");
    check(&dropped("authenticator-mismatch", 3), Seen, Warning, "3 packets came");
    check(&gone, Seen, Warning, "still in use");
    check(&busy(), Seen, Ok, "10.0.0.1/32");
}

#[test]
fn another_secret_shows_in_what_was_dropped() {
    use TestSubject::{Accounting, Authentication};
    check(&Activity::default(), Authentication, Unknown, "--wait");
    let other = dropped("message-authenticator-mismatch", 4);
    check(&other, Authentication, Failed, "4 requests, all made with another secret");
    let some = Activity { unanswered: other.unanswered, ..busy() };
    check(&some, Authentication, Warning, "behind one address");
    let pap = Activity { accepted: 0, without_message_authenticator: times(5), ..busy() };
    check(&pap, Authentication, Warning, "the secrets differ, or the password");
    let unheard = Activity { accepted: 0, rejected: 0, ..busy() };
    check(&unheard, Authentication, Failed, "none was answered");
    check(&dropped("authenticator-mismatch", 2), Accounting, Failed, "another secret");
}

#[test]
fn an_unprotected_access_point_is_remarked_and_one_that_is_shut_out_fails() {
    use MessageAuthenticatorRule::{Learn, Learnt, Optional, Required};
    use TestSubject::MessageAuthenticator as What;
    let unsigned = Activity { without_message_authenticator: times(5), ..busy() };
    let missing = dropped("message-authenticator-missing", 2);
    for (rule, activity, expected, words) in [
        (Required, &busy(), Ok, "required"),
        (Learnt, &busy(), Ok, "learnt"),
        (Learnt, &missing, Failed, "--message-authenticator optional"),
        (Learn, &unsigned, Warning, "could be forged"),
        (Learn, &Activity::default(), Unknown, "no request yet"),
        (Optional, &unsigned, Warning, "could be forged"),
        (Optional, &busy(), Warning, "--message-authenticator required"),
    ] {
        check_of(&nas(rule), activity, What, expected, words);
    }
}

#[test]
fn reports_must_come_be_of_use_and_count_for_somebody() {
    use TestSubject::Accounting;
    let silent = Activity { accounting: times(0), recorded: 0, interim: times(0), ..busy() };
    check(&silent, Accounting, Failed, "sabeel nas onboard gate");
    check(&Activity::default(), Accounting, Unknown, "no report yet");
    check(&dropped("unusable-device", 7), Accounting, Failed, "7 reports could not be used");
    let classless = Activity { without_class: times(3), ..busy() };
    check(&classless, Accounting, Warning, "repeat Class");
    let full = Activity { recorded: 0, ..busy() };
    check(&full, Accounting, Failed, "none could be written down");
    check(&busy(), Accounting, Ok, "9 reports, 6 of them Interim-Updates");
}

#[test]
fn an_answer_to_a_probe_shows_the_way_of_orders() {
    let at = Way::Address("10.0.0.1:3799".parse().unwrap());
    for (profile, way, delivery, expected, words) in [
        (NasProfile::Generic, at, Delivery::Refused(503), Ok, "answers at 10.0.0.1:3799"),
        (NasProfile::Uspot, at, Delivery::Refused(0), Ok, "without a reason"),
        (NasProfile::Generic, at, Delivery::Refused(402), Warning, "Error-Cause 402"),
        (NasProfile::Generic, at, Delivery::Acknowledged, Warning, "proves nothing"),
        (NasProfile::Cisco, at, Delivery::NoAnswer, Failed, "(its maker's is 1700)"),
        (NasProfile::Meraki, Way::None, Delivery::NoAddress, Warning, "--dae ADDRESS:1700"),
        (NasProfile::Aruba, Way::OwnConnection, Delivery::Refused(503), Ok, "TLS connection"),
    ] {
        let nas = Nas { profile, ..nas(MessageAuthenticatorRule::Learn) };
        let probe = Probe { delivery, way };
        let row = orders(&nas, &probe);
        let said = format!("{} | {}", row.found, row.advice.unwrap_or_default());
        assert_eq!(row.verdict, expected, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn of_who_is_told_by_an_api_only_the_way_to_it_can_be_wrong() {
    for (delivery, expected, words) in [
        (Delivery::Acknowledged, Ok, "takes the key"),
        (Delivery::Refused(501), Failed, "sabeel nas set gate --api-url"),
        (Delivery::NoAnswer, Failed, "--api-certificate"),
    ] {
        let nas = Nas { profile: NasProfile::UnifiApi, ..nas(MessageAuthenticatorRule::Learn) };
        let probe = Probe { delivery, way: Way::Api };
        let octets = OctetBalance { stays: 0, uploading: 0 };
        let activity = Activity::default();
        let seen = Seen {
            nas: &nas,
            activity: Some(&activity),
            probe: Some(&probe),
            octets,
            now: Timestamp::from_secs(0),
        };
        let [row] = &rows(&seen)[..] else { panic!("one row") };
        let advice = row.advice.clone().unwrap_or_default();
        let said = format!("{} | {advice}", row.found);
        assert_eq!(row.verdict, expected, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn clock_octets_and_secret_are_told_if_they_are_known() {
    for (ahead, expected) in [
        (None, Unknown),
        (Some(30_000), Ok),
        (Some(-31_000), Warning),
        (Some(-300_001), Failed),
        (Some(i64::MIN), Failed),
    ] {
        check(&Activity { clock_ahead_millis: ahead, ..busy() }, TestSubject::Clock, expected, "");
    }
    for (stays, uploading, expected) in [(19, 19, Unknown), (20, 0, Ok), (20, 16, Warning)] {
        let row = octets(&nas(MessageAuthenticatorRule::Learn), OctetBalance { stays, uploading });
        assert_eq!(row.verdict, expected, "{row:?}");
    }
    let former = |replaced_at| {
        let secret = "the old one".parse().unwrap();
        Some(FormerSecret { secret, until: NOW + Duration::from_secs(60), replaced_at })
    };
    let rule = MessageAuthenticatorRule::Learn;
    for (replaced_at, expected, words) in
        [(None, Warning, "5 requests with the old one"), (Some(NOW), Ok, "--finish")]
    {
        let nas = Nas { former_secret: former(replaced_at), ..nas(rule) };
        let activity = Activity { former_secret: times(5), ..busy() };
        check_of(&nas, &activity, TestSubject::Secret, expected, words);
    }
}

#[test]
fn where_radius_does_not_run_nothing_is_known_but_what_was_asked() {
    let nas = nas(MessageAuthenticatorRule::Learn);
    let (probe, busy) = (Probe { delivery: Delivery::Refused(503), way: Way::None }, busy());
    let seen = Seen { activity: None, probe: Some(&probe), ..seen(&nas, &busy) };
    let subjects: Vec<_> = rows(&seen).iter().map(|row| row.what).collect();
    assert_eq!(subjects, [TestSubject::Seen, TestSubject::Orders, TestSubject::Octets]);
}
