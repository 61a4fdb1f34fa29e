//! Events of the trail and records of the journal as steps, in words.

use std::fmt::Write;

use domain::{
    AccountingEvent, AccountingRecord, BitRate, Octets, OrderAnswer, SessionEnd, SessionReport,
    Speed,
};
use store::{Given, TrailEvent, TrailKind, TrailPort};

use crate::admin::api::{Mark, Step, StepKind};

/// The Error-Cause of a NAK that is none: the access point asks again by itself (RFC 5176 §3.5).
const REQUEST_INITIATED: u32 = 507;

/// An event as a step.
pub(crate) fn of_event(event: &TrailEvent<'_>) -> Step {
    let mut order = None;
    let (kind, mark, text) = match event.what {
        TrailKind::Accepted { outcome, given } => {
            (StepKind::Accept, Mark::Good, accepted(outcome, given))
        }
        TrailKind::Rejected { rule, renews } => {
            (StepKind::Reject, Mark::Bad, rejected(rule, renews))
        }
        TrailKind::Redirected { rule, renews } => {
            let text = format!("not let in, sent to the portal: {}", rejected(rule, renews));
            (StepKind::Redirect, Mark::Plain, text)
        }
        TrailKind::Passed { port, reason } => {
            let (mark, words) = passed(port, reason);
            (StepKind::Passed, mark, words)
        }
        TrailKind::Told { order: id, method, answer } => {
            order = Some(id);
            let (mark, text) = tried_as(method, answer);
            (StepKind::Told, mark, text)
        }
        TrailKind::NotKept { overflowed, limited } => {
            (StepKind::Gap, Mark::Plain, gap(overflowed, limited))
        }
    };
    let text = match (kind, event.source) {
        (StepKind::Passed, Some(source)) => format!("{text}, from {source}"),
        _ => text,
    };
    let (nas, device) = (event.nas_name(), event.device);
    Step { at: event.at, kind, mark, nas, device, session: None, order, text }
}

fn accepted(outcome: &str, given: Given) -> String {
    let Given { seconds, octets, down, up, speed } = given;
    let mut text = format!("let in for {seconds} s");
    // Writing to a string cannot fail.
    let _ = match octets {
        Some(octets) => write!(text, ", {}", Octets::new(octets)),
        None => write!(text, ", any amount of data"),
    };
    for (rate, way) in [(down, "down"), (up, "up")] {
        if let Some(rate) = rate {
            let _ = write!(text, ", {} {way}", BitRate::new(rate));
        }
    }
    text.push_str(match speed {
        Speed::Full => "",
        Speed::Reduced => ", at reduced speed",
        Speed::Yielding => ", at less speed for an office that needs the network",
        Speed::ReducedYielding => {
            ", at reduced speed and less for an office that needs the network"
        }
    });
    match outcome {
        "accepted" => {}
        "accepted-from-memory" => text.push_str(" (from memory)"),
        "accepted-while-store-away" => text.push_str(" (from memory, the database being away)"),
        other => {
            let _ = write!(text, " ({other})");
        }
    }
    text
}

fn rejected(rule: &str, renews: Option<(i8, i8)>) -> String {
    let words = match rule {
        "rejected-no-grant" => "the device is not signed in, or its permission is over",
        "rejected-used-up" => "the allowance is used up",
        "rejected-closed" => "the site is closed",
        "rejected-full" => "as many devices are online at the site as it takes",
        "rejected-wrong-password" => "the password is wrong",
        "rejected-no-credential" => "the one-time login is unknown, used or too old",
        "rejected-too-many-failures" => "too many wrong logins within a minute",
        "rejected-other-device" => "the login belongs to another device",
        "rejected-other-access-point" => "the login belongs to another access point",
        "rejected-not-understood" => "neither a hardware address nor a one-time login",
        "rejected-eap" => "EAP is not offered",
        _ => "refused",
    };
    match renews {
        Some((hour, minute)) => format!("{words} until {hour:02}:{minute:02} ({rule})"),
        None => format!("{words} ({rule})"),
    }
}

fn passed(port: TrailPort, reason: &str) -> (Mark, String) {
    let kind = match port {
        _ if reason.starts_with("status-") => "Status-Server",
        TrailPort::Authentication => "Access-Request",
        TrailPort::Accounting => "Accounting-Request",
    };
    let (mark, words) = match reason {
        "resent" => (Mark::Plain, "came again: the same answer once more"),
        "duplicate-in-progress" => (Mark::Plain, "came again while it is being answered"),
        "superseded" => (Mark::Plain, "not answered: a newer one has its number"),
        "unknown-client" => (Mark::Bad, "dropped: nobody with that address is an access point"),
        "authenticator-mismatch" => (Mark::Bad, "dropped: made with another secret"),
        "message-authenticator-mismatch" => (Mark::Bad, "dropped: made with another secret"),
        "message-authenticator-missing" => (Mark::Bad, "dropped: Message-Authenticator is missing"),
        "status-denied" => (Mark::Plain, "not answered, as is set for this access point"),
        "store-away" => (Mark::Bad, "not answered: the database is away"),
        "overloaded" => (Mark::Bad, "not answered: too many at once"),
        "not-recorded" => (Mark::Bad, "not acknowledged: it could not be brought to disk"),
        _ => (Mark::Bad, "not answered"),
    };
    (mark, format!("{kind} {words} ({reason})"))
}

/// A try of an order by a method, in words.
pub(super) fn tried_as(method: &str, answer: Option<OrderAnswer>) -> (Mark, String) {
    let mark = match answer {
        Some(OrderAnswer::Acknowledged | OrderAnswer::Refused(REQUEST_INITIATED)) => Mark::Plain,
        _ => Mark::Bad,
    };
    (mark, format!("{method}: {}", answered(answer)))
}

/// What an access point answered, in words.
pub(super) fn answered(answer: Option<OrderAnswer>) -> String {
    match answer {
        Some(OrderAnswer::Acknowledged) => "acknowledged".to_owned(),
        Some(OrderAnswer::Refused(0)) => "refused".to_owned(),
        Some(OrderAnswer::Refused(REQUEST_INITIATED)) => {
            format!("it asks again, Error-Cause {REQUEST_INITIATED}")
        }
        Some(OrderAnswer::Refused(cause)) => format!("refused, Error-Cause {cause}"),
        Some(OrderAnswer::Nothing) => "no answer".to_owned(),
        None => "nothing leads to the access point".to_owned(),
    }
}

fn gap(overflowed: u64, limited: u64) -> String {
    match (overflowed, limited) {
        (0, limited) => format!("{limited} more packets like these, not noted one by one"),
        (overflowed, 0) => format!("{overflowed} events not kept"),
        (overflowed, limited) => {
            format!("{overflowed} events not kept, {limited} more packets like these")
        }
    }
}

/// A record as a step, at the time at which it came.
pub(crate) fn of_record(record: &AccountingRecord) -> Step {
    let (kind, mark, report, text) = match &record.event {
        AccountingEvent::Started(report) => {
            (StepKind::Start, Mark::Good, Some(report), "session begins".to_owned())
        }
        AccountingEvent::Interim(report) => {
            (StepKind::Interim, Mark::Plain, Some(report), used(report))
        }
        AccountingEvent::Stopped(report, end) => {
            let text = format!("session over: {}, {}", ended(*end), used(report));
            (StepKind::Stop, Mark::Plain, Some(report), text)
        }
        AccountingEvent::Waiting(report) => {
            let text = format!("waits at the portal, without a session: {}", used(report));
            (StepKind::Interim, Mark::Plain, Some(report), text)
        }
        AccountingEvent::NasStarted => {
            (StepKind::Stop, Mark::Plain, None, "access point restarted".to_owned())
        }
        AccountingEvent::NasStopped => {
            (StepKind::Stop, Mark::Plain, None, "access point stops".to_owned())
        }
    };
    let text = match report {
        // Class carries the grant; without it the session counts for nobody.
        Some(_) if record.report().is_none() => text,
        Some(SessionReport { grant: None, .. }) => format!("{text} (without our Class)"),
        _ => text,
    };
    Step {
        at: record.received_at,
        kind,
        mark,
        nas: Some(record.nas.clone()),
        device: report.map(|report| report.device),
        session: report.map(|report| report.session),
        order: None,
        text,
    }
}

fn used(report: &SessionReport) -> String {
    let usage = &report.usage;
    format!("{} s, {} up, {} down", usage.time.as_secs(), usage.uploaded, usage.downloaded)
}

/// Why a session is over, in words (RFC 2866 §5.10).
pub(super) fn ended(end: SessionEnd) -> String {
    let words = match end {
        SessionEnd::Reported(0) => "no cause given",
        SessionEnd::Reported(1) => "user request",
        SessionEnd::Reported(2) => "lost carrier",
        SessionEnd::Reported(4) => "idle timeout",
        SessionEnd::Reported(5) => "session timeout",
        SessionEnd::Reported(6) => "admin reset",
        SessionEnd::Reported(7) => "admin reboot",
        SessionEnd::Reported(10) => "access point's request",
        SessionEnd::Reported(11) => "access point's reboot",
        SessionEnd::Reported(cause) => return format!("cause {cause}"),
        SessionEnd::NasRestarted => "access point restarted",
        SessionEnd::Stale => "no more reports",
    };
    words.to_owned()
}

/// Interim reports of one session that follow each other become the last of them.
pub(super) fn merged(steps: Vec<Step>) -> Vec<Step> {
    let mut merged: Vec<(Step, u32)> = Vec::with_capacity(steps.len());
    for step in steps {
        match merged.last_mut() {
            Some((last, count))
                if step.kind == StepKind::Interim
                    && last.kind == StepKind::Interim
                    && last.session == step.session =>
            {
                *last = step;
                *count += 1;
            }
            _ => merged.push((step, 1)),
        }
    }
    let told = |(step, count): (Step, u32)| match count {
        1 => step,
        _ => Step { text: format!("{} (the last of {count} reports)", step.text), ..step },
    };
    merged.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_sent_to_the_portal_is_told_to_be_neither_let_in_nor_online() {
        let what = TrailKind::Redirected { rule: "rejected-no-grant", renews: None };
        let step = of_event(&TrailEvent::new(domain::Timestamp::from_secs(1), what));
        assert_eq!((step.kind, step.mark), (StepKind::Redirect, Mark::Plain));
        assert_eq!(
            step.text,
            "not let in, sent to the portal: the device is not signed in, or its permission is over \
             (rejected-no-grant)"
        );
        let report = SessionReport {
            session: domain::SessionId::from_bytes([7; 16]),
            acct_session_id: "5C1".into(),
            device: domain::MacAddress::new([2, 0, 0, 0, 0, 1]),
            user_name: String::new(),
            address: None,
            grant: None,
            usage: domain::Usage::default(),
            identification: domain::SessionIdentification::default(),
            speed: Speed::Full,
        };
        let at = domain::Timestamp::from_secs(1);
        let event = AccountingEvent::Waiting(report);
        let nas = "gate".parse().unwrap();
        let record = AccountingRecord { nas, occurred_at: at, received_at: at, event };
        let step = of_record(&record);
        assert_eq!(step.kind, StepKind::Interim);
        assert!(step.text.starts_with("waits at the portal, without a session: "), "{}", step.text);
        assert!(!step.text.contains("without our Class"), "{}", step.text);
    }

    #[test]
    fn a_nak_that_says_that_it_asks_again_is_no_failure() {
        for (answer, mark, text) in [
            (OrderAnswer::Acknowledged, Mark::Plain, "reauthenticate: acknowledged"),
            (
                OrderAnswer::Refused(507),
                Mark::Plain,
                "reauthenticate: it asks again, Error-Cause 507",
            ),
            (OrderAnswer::Refused(405), Mark::Bad, "reauthenticate: refused, Error-Cause 405"),
            (OrderAnswer::Nothing, Mark::Bad, "reauthenticate: no answer"),
        ] {
            let order = domain::OrderId::from_bytes([1; 16]);
            let what = TrailKind::Told { order, method: "reauthenticate", answer: Some(answer) };
            let step = of_event(&TrailEvent::new(domain::Timestamp::from_secs(1), what));
            assert_eq!((step.mark, step.text.as_str()), (mark, text));
        }
    }
}
