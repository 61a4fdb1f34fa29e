use super::*;

/// How the device stands before a step, ten seconds after the last thing that happened.
#[derive(Debug, Clone, Copy)]
enum Before {
    Unknown,
    Quiet,
    Asking,
    AskingAgain,
    Refused,
    Online,
    OnlineAsking,
    Leaving,
    Moving,
}

#[derive(Debug, Clone, Copy)]
enum Input {
    Seen(Sign),
    SeenElsewhere(Sign),
    OtherTakesAddress,
    Gone,
    Accept,
    AcceptUnderOtherClass,
    Reject,
    NoAnswer,
    Disconnect,
    Change,
    AuthorizeOnly,
    Counted,
    NotInKernel,
    Removed,
    NotAdmitted,
    /// The rest of the half minute after which most things are due.
    HalfAMinute,
}

fn stand(before: Before) -> AccessControl {
    let mut access = AccessControl::new(rules());
    if matches!(before, Before::Unknown) {
        return access;
    }
    access.seen(DEVICE, ADDRESS, Sign::Fresh, at(0));
    let authorize_only = |access: &mut AccessControl| {
        access.authorize_only(&target(DEVICE), Opaque::new(&[7]), at(0));
    };
    match before {
        Before::Unknown | Before::Asking => {}
        Before::Quiet => access.unanswered(DEVICE, at(0)),
        Before::AskingAgain => authorize_only(&mut access),
        Before::Refused => drop(access.rejected(DEVICE, at(0))),
        Before::Online | Before::OnlineAsking | Before::Leaving | Before::Moving => {
            access.accepted(DEVICE, hour(), at(0));
            access.counted(&[counted(DEVICE, 10, 90)], at(0));
        }
    }
    match before {
        Before::OnlineAsking => authorize_only(&mut access),
        Before::Leaving => drop(access.disconnect(&target(DEVICE), at(10))),
        Before::Moving => drop(access.seen(DEVICE, ELSEWHERE, Sign::Fresh, at(10))),
        _ => {}
    }
    access
}

fn step(access: &mut AccessControl, input: Input) -> Vec<Action> {
    let now = at(10);
    let limits = Limits { max_octets: Some(Octets::new(1_000)), ..Limits::default() };
    let answered = |(answer, actions): (Answer, Vec<Action>)| {
        // What is refused changes nothing, but for the question that it starts.
        let is_asked = answer == Answer::Nak(ErrorCause::RequestInitiated);
        assert!(answer == Answer::Ack || is_asked || actions.is_empty(), "{answer:?}");
        actions
    };
    match input {
        Input::Seen(sign) => access.seen(DEVICE, ADDRESS, sign, now),
        Input::SeenElsewhere(sign) => access.seen(DEVICE, ELSEWHERE, sign, now),
        Input::OtherTakesAddress => access.seen(OTHER, ADDRESS, Sign::Fresh, now),
        Input::Gone => {
            access.gone(ADDRESS, now);
            access.tick(now)
        }
        Input::Accept => access.accepted(DEVICE, hour(), now),
        Input::AcceptUnderOtherClass => access.accepted(DEVICE, terms(2, limits), now),
        Input::Reject => access.rejected(DEVICE, now),
        Input::NoAnswer => {
            access.unanswered(DEVICE, now);
            Vec::new()
        }
        Input::Disconnect => answered(access.disconnect(&target(DEVICE), now)),
        Input::Change => answered(access.change(&target(DEVICE), &limits, now)),
        Input::AuthorizeOnly => {
            answered(access.authorize_only(&target(DEVICE), Opaque::new(&[9]), now))
        }
        Input::Counted => access.counted(&[counted(DEVICE, 30, 170)], now),
        Input::NotInKernel => access.counted(&[], now),
        Input::Removed => access.removed(DEVICE, Some(counted(DEVICE, 40, 260)), now),
        Input::NotAdmitted => access.not_admitted(DEVICE, now),
        Input::HalfAMinute => access.tick(at(30)),
    }
}

fn state_of(access: &AccessControl) -> &'static str {
    let Some(known) = access.devices.get(&DEVICE) else { return "unknown" };
    match &known.state {
        State::Quiet { .. } => "quiet",
        State::Asking(asking) if asking.again.is_some() => "asking-again",
        State::Asking(_) => "asking",
        State::Refused { .. } => "refused",
        State::Online { asking: None, .. } => "online",
        State::Online { asking: Some(asking), .. } if asking.again.is_some() => {
            "online-asking-again"
        }
        State::Online { .. } => "online-asking",
        State::Leaving { then: Then::End(_), .. } => "leaving",
        State::Leaving { then: Then::Move(_), .. } => "moving",
    }
}

fn check(before: Before, input: Input, expected: &str, after: &str) {
    let mut access = stand(before);
    let actions = step(&mut access, input);
    assert_eq!(told(&actions), expected, "{before:?} {input:?}");
    assert_eq!(state_of(&access), after, "{before:?} {input:?}");
}

#[test]
fn a_device_that_appears_is_asked_about_once() {
    use Before::{Asking, AskingAgain, Leaving, Online, Quiet, Refused, Unknown};
    use Input::{Seen, SeenElsewhere};
    use Sign::{Fresh, Hit, Stale};
    for sign in [Stale, Fresh, Hit] {
        check(Unknown, Seen(sign), "ask", "asking");
        check(Asking, Seen(sign), "", "asking");
        check(Asking, SeenElsewhere(sign), "", "asking");
        check(AskingAgain, Seen(sign), "", "asking-again");
        check(Online, Seen(sign), "", "online");
        check(Leaving, Seen(sign), "", "leaving");
    }
    check(Quiet, Seen(Stale), "", "quiet");
    check(Quiet, Seen(Fresh), "ask", "asking");
    check(Quiet, Seen(Hit), "ask", "asking");
    check(Refused, Seen(Stale), "", "refused");
    check(Refused, Seen(Fresh), "", "refused");
    check(Refused, Seen(Hit), "ask", "asking");
}

#[test]
fn a_session_follows_its_device_to_another_address() {
    use Before::{Leaving, Moving, Online};
    use Input::{OtherTakesAddress, Removed, SeenElsewhere};
    check(Online, SeenElsewhere(Sign::Stale), "", "online");
    check(Online, SeenElsewhere(Sign::Fresh), "remove 10.0.0.2", "moving");
    check(Online, SeenElsewhere(Sign::Hit), "remove 10.0.0.2", "moving");
    check(Moving, Removed, "admit 10.0.0.3, Interim 1: 300 in 10s", "online");
    check(Leaving, SeenElsewhere(Sign::Fresh), "", "leaving");
    check(Online, OtherTakesAddress, "remove 10.0.0.2, ask", "leaving");
}

#[test]
fn answers_of_the_server_are_carried_out() {
    use Before::{Asking, AskingAgain, Leaving, Online, OnlineAsking, Quiet, Refused, Unknown};
    use Input::{Accept, AcceptUnderOtherClass, NoAnswer, Reject};
    let let_in = "admit 10.0.0.2, Start 1: 0 in 0s";
    check(Asking, Accept, let_in, "online");
    check(Asking, Reject, "", "refused");
    check(Asking, NoAnswer, "", "quiet");
    check(AskingAgain, Accept, &format!("{let_in}, ask with [7]"), "online-asking");
    check(AskingAgain, Reject, "ask with [7]", "asking");
    check(AskingAgain, NoAnswer, "", "quiet");
    check(OnlineAsking, Accept, "admit 10.0.0.2", "online");
    check(
        OnlineAsking,
        AcceptUnderOtherClass,
        "Stop(NasRequest) 1: 100 in 10s, admit 10.0.0.2 for 1.1 kB, Start 2: 0 in 0s",
        "online",
    );
    check(OnlineAsking, Reject, "remove 10.0.0.2", "leaving");
    check(OnlineAsking, NoAnswer, "", "online");
    for (before, after) in [(Unknown, "unknown"), (Quiet, "quiet"), (Refused, "refused")] {
        check(before, Accept, "", after);
        check(before, Reject, "", after);
        check(before, NoAnswer, "", after);
    }
    check(Leaving, Accept, "", "leaving");
    check(Leaving, Reject, "", "leaving");
    check(Online, NoAnswer, "", "online");
}

#[test]
fn orders_of_the_controller_are_carried_out() {
    use Before::{Asking, Leaving, Online, OnlineAsking, Quiet, Refused, Unknown};
    use Input::{AuthorizeOnly, Change, Disconnect};
    check(Online, Disconnect, "remove 10.0.0.2", "leaving");
    check(Online, Change, "admit 10.0.0.2 for 1.1 kB", "online");
    check(Online, AuthorizeOnly, "ask with [9]", "online-asking");
    check(OnlineAsking, AuthorizeOnly, "", "online-asking-again");
    check(OnlineAsking, Disconnect, "remove 10.0.0.2", "leaving");
    check(Quiet, AuthorizeOnly, "ask with [9]", "asking");
    check(Refused, AuthorizeOnly, "ask with [9]", "asking");
    check(Asking, AuthorizeOnly, "", "asking-again");
    check(Leaving, AuthorizeOnly, "", "leaving");
    for (before, after) in [
        (Unknown, "unknown"),
        (Quiet, "quiet"),
        (Asking, "asking"),
        (Refused, "refused"),
        (Leaving, "leaving"),
    ] {
        check(before, Disconnect, "", after);
        check(before, Change, "", after);
    }
}

#[test]
fn the_kernel_is_made_to_agree() {
    use Before::{Asking, Leaving, Online, Quiet, Unknown};
    use Input::{Counted, NotAdmitted, NotInKernel, Removed};
    check(Online, Counted, "", "online");
    check(Online, NotInKernel, "admit 10.0.0.2", "online");
    check(Online, NotAdmitted, "Stop(NasError) 1: 100 in 10s", "quiet");
    check(Online, Removed, "", "online");
    check(Leaving, Counted, "", "leaving");
    check(Leaving, NotInKernel, "", "leaving");
    check(Leaving, Removed, "Stop(AdminReset) 1: 300 in 10s", "quiet");
    for (before, after) in [(Unknown, "unknown"), (Quiet, "quiet"), (Asking, "asking")] {
        check(before, Counted, "remove 10.0.0.2", after);
        check(before, NotInKernel, "", after);
        check(before, NotAdmitted, "", after);
        check(before, Removed, "", after);
    }
}

#[test]
fn what_time_brings_is_done() {
    use Before::{Asking, Leaving, Online, Quiet, Refused, Unknown};
    use Input::{Gone, HalfAMinute};
    check(Unknown, HalfAMinute, "", "unknown");
    check(Quiet, HalfAMinute, "ask", "asking");
    check(Refused, HalfAMinute, "ask", "asking");
    check(Asking, HalfAMinute, "", "asking");
    check(Online, HalfAMinute, "", "online");
    check(Leaving, HalfAMinute, "remove 10.0.0.2", "leaving");
    check(Quiet, Gone, "", "quiet");
    check(Asking, Gone, "", "asking");
    check(Online, Gone, "", "online");
}

#[test]
fn who_is_gone_is_forgotten_when_it_would_be_asked_about() {
    let mut access = stand(Before::Refused);
    access.gone(ADDRESS, at(10));
    assert_eq!(access.next_deadline(), Some(at(30)));
    assert_eq!(access.tick(at(30)), []);
    assert_eq!(state_of(&access), "unknown");
}

#[test]
fn a_device_that_opens_pages_is_asked_about_every_two_seconds_at_most() {
    let mut access = AccessControl::new(rules());
    access.seen(DEVICE, ADDRESS, Sign::Hit, at(0));
    access.rejected(DEVICE, at(0));
    let mut hit = |millis| {
        let now = Moment::from_millis(millis);
        let asked = !access.seen(DEVICE, ADDRESS, Sign::Hit, now).is_empty();
        access.rejected(DEVICE, now);
        asked
    };
    let asked: Vec<_> = [1_000, 1_999, 2_000, 3_999, 4_000].into_iter().map(&mut hit).collect();
    assert_eq!(asked, [false, false, true, false, true]);
}

#[test]
fn a_device_refused_again_and_again_is_asked_about_less_often() {
    let mut access = AccessControl::new(rules());
    access.seen(DEVICE, ADDRESS, Sign::Fresh, at(0));
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..6 {
        access.rejected(DEVICE, now);
        let next = access.next_deadline().unwrap();
        waits.push(next.since(now).as_secs());
        now = next;
        assert_eq!(told(&access.tick(now)), "ask");
    }
    assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
}

#[test]
fn a_request_has_to_name_somebody_and_everything_it_names_has_to_hold() {
    let session = || Some("000000a100000001".to_owned());
    let name = || Some("02-00-5e-10-00-01".to_owned());
    let nobody = Target::default();
    let everything = Target {
        session: session(),
        device: Some(DEVICE),
        user_name: name(),
        address: Some(ADDRESS),
    };
    let not_found = Answer::Nak(ErrorCause::SessionContextNotFound);
    for (target, expected) in [
        (nobody.clone(), Answer::Nak(ErrorCause::MissingAttribute)),
        (everything.clone(), Answer::Ack),
        (Target { session: session(), ..nobody.clone() }, Answer::Ack),
        (Target { user_name: name(), ..nobody.clone() }, Answer::Ack),
        (Target { address: Some(ADDRESS), ..nobody.clone() }, Answer::Ack),
        (target(DEVICE), Answer::Ack),
        (target(OTHER), not_found),
        (Target { session: Some("1".to_owned()), ..everything.clone() }, not_found),
        (Target { user_name: Some("1".to_owned()), ..everything.clone() }, not_found),
        (Target { address: Some(ELSEWHERE), ..everything.clone() }, not_found),
        (Target { device: Some(OTHER), ..everything }, not_found),
    ] {
        assert_eq!(stand(Before::Online).disconnect(&target, at(10)).0, expected, "{target:?}");
    }
}

#[test]
fn the_device_asked_about_longest_ago_makes_room_unless_it_is_online() {
    let third = MacAddress::new([2, 0, 0x5e, 0x10, 0, 3]);
    let mut access = stand(Before::Refused);
    access.seen(OTHER, ELSEWHERE, Sign::Fresh, at(1));
    access.rejected(OTHER, at(1));
    let address = Ipv4Addr::new(10, 0, 0, 4);
    assert_eq!(told(&access.seen(third, address, Sign::Fresh, at(2))), "ask");
    assert_eq!(state_of(&access), "unknown");
    access.accepted(third, hour(), at(2));
    access.seen(OTHER, ELSEWHERE, Sign::Hit, at(4));
    assert_eq!(access.seen(DEVICE, ADDRESS, Sign::Hit, at(5)), []);
    assert_eq!(access.standing(DEVICE), Standing::TurnedAway);
    assert_eq!(access.standing(OTHER), Standing::Offline);
    assert_eq!(access.standing(third), Standing::Online);
}
