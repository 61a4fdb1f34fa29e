//! What it means for an access point's set-up what was seen of it, what it answered to a probe, and
//! how it is kept. Pure: counters, an answer and the time come in, rows with advice come out.
//!
//! Nothing seen is no proof of a fault: a park is empty at night. What arrives and cannot be used is.

use std::time::Duration;

use domain::{MessageAuthenticatorRule, Nas, OctetBalance, OctetDirection, Timestamp};

use crate::admin::api::TestVerdict::{Failed, Unknown, Warning};
use crate::admin::api::{Activity, TestRow, TestSubject, TestVerdict, Times};
use crate::nas_control::{Delivery, Probe};

/// Who was silent for longer may be gone.
const SILENT: Duration = Duration::from_secs(24 * 3_600);
/// An access point refuses orders, and we its times, beyond this difference (RFC 5176 §6.3).
const CLOCK_WRONG: u64 = 300_000;
/// A clock that drifts so far goes on drifting.
const CLOCK_OFF: u64 = 30_000;

/// What a test looks at.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    /// The access point as it is kept.
    pub(crate) nas: &'a Nas,
    /// What RADIUS saw of it, if it runs in this process.
    pub(crate) activity: Option<&'a Activity>,
    /// What came of a probe, if one was sent.
    pub(crate) probe: Option<&'a Probe>,
    /// Which way its octets went.
    pub(crate) octets: OctetBalance,
    /// The present time.
    pub(crate) now: Timestamp,
}

/// One row for each thing that can be looked at.
pub(crate) fn rows(seen: &Seen<'_>) -> Vec<TestRow> {
    let nas = seen.nas;
    if !nas.profile.speaks_radius() {
        let method = nas.hand_off.method;
        let judge = |probe| match method.asks_portal() {
            _ if method.opens_by_link() => link(),
            true => questions(nas, probe),
            false => api(nas, probe),
        };
        return seen.probe.map(judge).into_iter().collect();
    }
    let mut rows = Vec::with_capacity(8);
    match seen.activity {
        None => rows.push(row(
            TestSubject::Seen,
            Unknown,
            "RADIUS runs in another process, and counts there",
            "run the test where RADIUS runs",
        )),
        Some(activity) => {
            rows.push(arrival(nas, activity, seen.now));
            rows.push(authentication(activity));
            rows.push(message_authenticator(nas, activity));
            rows.push(accounting(nas, activity));
            rows.extend(secret(nas, activity, seen.now));
        }
    }
    let judge = if nas.hand_off.method.tells_api() { api } else { orders };
    rows.extend(seen.probe.map(|probe| judge(nas, probe)));
    rows.extend(seen.activity.map(clock));
    rows.push(octets(nas, seen.octets));
    rows
}

fn row(
    what: TestSubject,
    verdict: TestVerdict,
    found: impl Into<String>,
    advice: impl Into<String>,
) -> TestRow {
    let advice = Some(advice.into()).filter(|advice| !advice.is_empty());
    TestRow { what, verdict, found: found.into(), last: None, advice }
}

fn unanswered(activity: &Activity, reasons: &[&str]) -> u64 {
    let counted = activity.unanswered.iter();
    counted.filter(|(reason, _)| reasons.contains(&reason.as_str())).map(|(_, count)| count).sum()
}

fn arrival(nas: &Nas, activity: &Activity, now: Timestamp) -> TestRow {
    let what = TestSubject::Seen;
    let last = activity.access.last.max(activity.accounting.last);
    let dropped: u64 = activity.unanswered.values().sum();
    let found = match last {
        Some(_) => TestRow {
            last,
            ..row(what, TestVerdict::Ok, format!("packets come from {}", nas.addresses), "")
        },
        None if dropped > 0 => row(
            what,
            Warning,
            format!("{dropped} packets came from {}, none of which was of use", nas.addresses),
            "",
        ),
        None => row(
            what,
            Failed,
            format!("nothing came from {} since this server started", nas.addresses),
            "see whether it asks this server, and from which address: `sabeel nas pending list`, or \
             unknown-client in the log; then `sabeel nas set --address`",
        ),
    };
    match last {
        Some(at) if now.since(at) > SILENT => TestRow {
            verdict: Warning,
            advice: Some("see whether it is still in use".to_owned()),
            ..found
        },
        Some(_) | None => found,
    }
}

fn authentication(activity: &Activity) -> TestRow {
    let what = TestSubject::Authentication;
    let Times { count, last } = activity.access;
    let (accepted, rejected) = (activity.accepted, activity.rejected);
    let found = format!("{count} requests, {accepted} let in, {rejected} turned away");
    let mismatches = unanswered(activity, &["message-authenticator-mismatch"]);
    let unsigned = activity.without_message_authenticator.count;
    let found = match (count, mismatches) {
        (0, 0) => row(what, Unknown, "no request yet", "connect a phone, with --wait"),
        (0, _) => row(
            what,
            Failed,
            format!("{mismatches} requests, all made with another secret"),
            "type the secret in again, or `sabeel nas rotate`",
        ),
        (_, 1..) => row(
            what,
            Warning,
            format!("{found}; {mismatches} more were made with another secret"),
            "several devices behind one address may have different secrets",
        ),
        _ if accepted + rejected == 0 => {
            row(what, Failed, format!("{found}; none was answered"), "see the log for why")
        }
        _ if accepted == 0 && unsigned > 0 => row(
            what,
            Warning,
            found,
            "right for devices that have not signed in; if one that has is turned away, the secrets \
             differ, or the password is not the hardware address",
        ),
        _ => row(what, TestVerdict::Ok, found, ""),
    };
    TestRow { last, ..found }
}

fn message_authenticator(nas: &Nas, activity: &Activity) -> TestRow {
    let what = TestSubject::MessageAuthenticator;
    let missing = unanswered(
        activity,
        &["message-authenticator-missing", "proxy-state-unprotected", "eap-unprotected"],
    );
    let unsigned = activity.without_message_authenticator;
    let set = |rule: &str| format!("`sabeel nas set {} --message-authenticator {rule}`", nas.name);
    let rule = nas.message_authenticator;
    if missing > 0 {
        return row(
            what,
            Failed,
            format!("{missing} requests were dropped since they had none"),
            format!("update it or switch it on there; else {}", set("optional")),
        );
    }
    match rule {
        MessageAuthenticatorRule::Required | MessageAuthenticatorRule::Learnt => {
            row(what, TestVerdict::Ok, format!("required ({})", rule.as_str()), "")
        }
        MessageAuthenticatorRule::Learn | MessageAuthenticatorRule::Optional
            if unsigned.count > 0 =>
        {
            TestRow {
                last: unsigned.last,
                ..row(
                    what,
                    Warning,
                    format!("{} requests had none, so they could be forged", unsigned.count),
                    "update it or switch it on there (CVE-2024-3596)",
                )
            }
        }
        MessageAuthenticatorRule::Optional if activity.access.count > 0 => {
            row(what, Warning, "sent, but not required", set("required"))
        }
        MessageAuthenticatorRule::Learn | MessageAuthenticatorRule::Optional => {
            row(what, Unknown, "no request yet", "")
        }
    }
}

fn accounting(nas: &Nas, activity: &Activity) -> TestRow {
    let what = TestSubject::Accounting;
    let Times { count, last } = activity.accounting;
    let mismatches = unanswered(activity, &["authenticator-mismatch"]);
    let is_unusable = |(reason, _): &(&String, &u64)| reason.starts_with("unusable-");
    let unusable: Vec<_> = activity.unanswered.iter().filter(is_unusable).collect();
    let interim = activity.interim.count;
    let found = format!("{count} reports, {interim} of them Interim-Updates");
    let classless = activity.without_class.count;
    let found = if let Some((reason, times)) = unusable.first() {
        row(
            what,
            Failed,
            format!("{times} reports could not be used: {reason}"),
            "it must send Acct-Status-Type, Acct-Session-Id and the hardware address as \
             Calling-Station-Id",
        )
    } else if count == 0 && mismatches > 0 {
        let found = format!("{mismatches} reports, all made with another secret");
        row(what, Failed, found, "the secret of the accounting server is set apart on many makers")
    } else if count == 0 && activity.accepted > 0 {
        row(
            what,
            Failed,
            "devices were let in, but nothing was reported",
            format!("set up the accounting server: `sabeel nas onboard {}`", nas.name),
        )
    } else if count == 0 {
        row(what, Unknown, "no report yet", "connect a phone that has signed in, with --wait")
    } else if activity.recorded == 0 {
        row(what, Failed, format!("{found}; none could be written down"), "see the log for why")
    } else if classless > 0 {
        row(
            what,
            Warning,
            format!("{found}; {classless} without Class, which count for nobody"),
            "it must repeat Class (RFC 2865 §5.25)",
        )
    } else {
        row(what, TestVerdict::Ok, found, "")
    };
    TestRow { last, ..found }
}

/// There is something to say only while a secret is being replaced.
fn secret(nas: &Nas, activity: &Activity, now: Timestamp) -> Option<TestRow> {
    let what = TestSubject::Secret;
    let former = nas.live_former_secret(now)?;
    let Times { count, last } = activity.former_secret;
    let finish = format!("`sabeel nas rotate {} --finish`", nas.name);
    Some(match former.replaced_at {
        Some(_) => row(what, TestVerdict::Ok, "the new one is in use", finish),
        None => TestRow {
            last,
            ..row(
                what,
                Warning,
                format!("the new one was not seen in use yet; {count} requests with the old one"),
                "type the new one in before the old one ends",
            )
        },
    })
}

fn orders(nas: &Nas, probe: &Probe) -> TestRow {
    let what = TestSubject::Orders;
    let way = &probe.way;
    let port = nas.profile.dae_port();
    match probe.delivery {
        Delivery::Refused(503) => {
            row(what, TestVerdict::Ok, format!("answers {way}: no such session"), "")
        }
        Delivery::Refused(0) => {
            row(what, TestVerdict::Ok, format!("answers {way}, without a reason"), "")
        }
        Delivery::Refused(cause) => row(
            what,
            Warning,
            format!("answers {way}, but refuses: Error-Cause {cause}"),
            "see what it lacks in its documents; sessions may not end by order",
        ),
        Delivery::Acknowledged => row(
            what,
            Warning,
            format!("answers {way}, and says that it ended a session that does not exist"),
            "what it acknowledges proves nothing; accounting will tell",
        ),
        Delivery::NoAnswer => row(
            what,
            Failed,
            format!("no answer {way}"),
            format!(
                "a firewall, another port (its maker's is {port}), another secret for orders, or a \
                 list of those who may give them that this server is not on"
            ),
        ),
        Delivery::NoAddress => row(
            what,
            Warning,
            "it cannot be told anything",
            format!("`sabeel nas set {} --dae ADDRESS:{port}`", nas.name),
        ),
    }
}

/// It speaks no RADIUS, so all that can be wrong is the way to its controller.
fn api(nas: &Nas, probe: &Probe) -> TestRow {
    let what = TestSubject::Orders;
    let way = &probe.way;
    match probe.delivery {
        Delivery::Acknowledged => row(
            what,
            TestVerdict::Ok,
            format!("its controller answers {way}, and takes the key"),
            "",
        ),
        Delivery::Refused(_) => row(
            what,
            Failed,
            format!("its controller answers {way}, but does not take the key, or has no such site"),
            format!(
                "`sabeel nas set {} --api-url --api-site --api-key-file`, with --api-user for a \
                 password and without for an API key",
                nas.name
            ),
        ),
        Delivery::NoAnswer | Delivery::NoAddress => row(
            what,
            Failed,
            format!("no answer of its controller {way}, or not one of the certificate named"),
            "a firewall, another port, or another certificate: compare --api-certificate",
        ),
    }
}

/// It asks by itself, so all that can be seen is whether it does.
fn questions(nas: &Nas, probe: &Probe) -> TestRow {
    match probe.delivery {
        Delivery::Acknowledged => {
            row(TestSubject::Orders, TestVerdict::Ok, "it says who is there, and asks", "")
        }
        Delivery::Refused(_) | Delivery::NoAnswer | Delivery::NoAddress => row(
            TestSubject::Orders,
            Failed,
            "it has not said who is there for a minute, with the secret that is known here",
            format!(
                "see whether the script of `sabeel nas onboard {}` runs on it, whether curl reaches \
                 the portal from there, and whether its clock is right",
                nas.name
            ),
        ),
    }
}

/// Nobody can be asked.
fn link() -> TestRow {
    row(
        TestSubject::Orders,
        Unknown,
        "it is told nothing and says nothing: only a visitor's browser meets it",
        "connect a phone and sign in: `sabeel session list` shows the stay, for the time that was \
         granted",
    )
}

fn clock(activity: &Activity) -> TestRow {
    let what = TestSubject::Clock;
    let Some(ahead) = activity.clock_ahead_millis else {
        return row(what, Unknown, "it never told the time", "");
    };
    let off = ahead.unsigned_abs();
    let seconds = off / 1_000;
    let way = if ahead < 0 { "behind" } else { "ahead" };
    let found = format!("{seconds} s {way}, if its reports came at once");
    if off > CLOCK_WRONG {
        let advice = "set it by NTP: it refuses orders, and its times are not used";
        return row(what, Failed, found, advice);
    }
    match off > CLOCK_OFF {
        true => row(what, Warning, found, "set it by NTP"),
        false => row(what, TestVerdict::Ok, found, ""),
    }
}

fn octets(nas: &Nas, balance: OctetBalance) -> TestRow {
    let what = TestSubject::Octets;
    let OctetBalance { stays, uploading } = balance;
    let found =
        format!("{uploading} of the latest {stays} stays uploaded more than they downloaded");
    if balance.looks_swapped() {
        let other = match nas.octet_direction {
            OctetDirection::Standard => "yes",
            OctetDirection::Swapped => "no",
        };
        let advice = format!("`sabeel nas set {} --swap-octets {other}`", nas.name);
        return row(what, Warning, found, advice);
    }
    if balance.is_telling() {
        return row(what, TestVerdict::Ok, found, "");
    }
    row(what, Unknown, format!("{stays} stays are too few to tell"), "")
}

#[cfg(test)]
mod tests;
