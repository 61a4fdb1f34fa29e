//! The words of such gateways: questions as forms, reports as lines, grants as records. Pure.

use data_encoding::{BASE64, HEXLOWER};
use domain::{BitRate, Guest, GuestStanding, MacAddress, Octets, Secret, Terms, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// More devices are not looked at.
const MOST_GUESTS: usize = 2_000;
/// Counters of devices that are there come in kB of openNDS.
const KILOBYTE: u64 = 1_024;

/// What a gateway asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Nothing that wants an answer: it begins, or acknowledges.
    Nothing,
    /// Whom to let through.
    Grants,
    /// What to do; it says who is there.
    Report(Telling),
}

/// What a gateway says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Telling {
    /// When, by its own clock.
    pub(super) at: Timestamp,
    /// Who is there.
    pub(super) guests: Vec<Guest>,
    /// Who has left since it last said so.
    pub(super) gone: Vec<Guest>,
    /// The same, as it was said.
    pub(super) text: String,
}

/// Why a question is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum QuestionError {
    #[error("the question cannot be read")]
    Malformed,
    #[error("the gateway's name or the proof is not by the secret that is known here")]
    NotProven,
    #[error("line {0} of the report cannot be read")]
    Line(usize),
}

/// Reads a form.
pub(super) fn read(form: &[u8], secret: &Secret) -> Result<Question, QuestionError> {
    let fields: Vec<_> = url::form_urlencoded::parse(form).collect();
    let find = |name: &str| {
        let mut values = fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        values.next().map(|value| value.as_ref())
    };
    let what = find("auth_get").ok_or(QuestionError::Malformed)?;
    let payload = find("payload").ok_or(QuestionError::Malformed)?;
    if let Some(proof) = find("proof") {
        return match is_same(proof, &prove(secret, payload)) {
            true => telling(payload).map(Question::Report),
            false => Err(QuestionError::NotProven),
        };
    }
    let named = find("gatewayhash").ok_or(QuestionError::Malformed)?;
    if !is_same(named, &hex(&name(secret))) {
        return Err(QuestionError::NotProven);
    }
    let acknowledged =
        || BASE64.decode(payload.as_bytes()).is_ok_and(|said| said.starts_with(b"*"));
    Ok(match what {
        "view" | "list" if !acknowledged() => Question::Grants,
        "view" | "list" | "clear" | "deauthed" | "custom" => Question::Nothing,
        _ => return Err(QuestionError::Malformed),
    })
}

fn is_same(said: &str, expected: &str) -> bool {
    said.as_bytes().ct_eq(expected.as_bytes()).into()
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The name that a gateway has at level 3.
fn name(secret: &Secret) -> String {
    let hash = hex(&format!("name\n{}", secret.expose()));
    format!("sabeel{}", hash.get(..24).expect("SHA-256 has 64 digits"))
}

/// What shows that whoever says `text` knows the secret: hashed twice, so that nobody can add to it.
pub(super) fn prove(secret: &Secret, text: &str) -> String {
    let hash = |text: &str| hex(&format!("{}\n{text}", secret.expose()));
    hash(&hash(text))
}

/// A report: the time, then a line for each device.
fn telling(text: &str) -> Result<Telling, QuestionError> {
    let mut lines = text.lines();
    let at = lines.next().and_then(|line| line.trim().parse().ok());
    let at = Timestamp::from_secs(at.ok_or(QuestionError::Line(1))?);
    let (mut guests, mut gone) = (Vec::new(), Vec::new());
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let guest = match words[..] {
            ["guest", device, address, state, since, down, up] => {
                let standing = match state {
                    "Authenticated" => GuestStanding::Admitted,
                    "Preauthenticated" => GuestStanding::Caught,
                    // Trusted ones are the gateway's own business.
                    _ => continue,
                };
                let address = address.parse().ok();
                guest(device, standing, since, (down, up, KILOBYTE))
                    .map(|guest| Guest { address, ..guest })
            }
            ["gone", device, since, down, up] => {
                guest(device, GuestStanding::Gone, since, (down, up, 1))
            }
            _ => None,
        };
        let guest = guest.ok_or(QuestionError::Line(number))?;
        match guest.standing {
            GuestStanding::Gone => gone.push(guest),
            GuestStanding::Admitted | GuestStanding::Caught => guests.push(guest),
        }
    }
    guests.truncate(MOST_GUESTS);
    gone.truncate(MOST_GUESTS);
    Ok(Telling { at, guests, gone, text: text.to_owned() })
}

fn guest(
    device: &str,
    standing: GuestStanding,
    since: &str,
    (down, up, unit): (&str, &str, u64),
) -> Option<Guest> {
    let octets = |text: &str| Some(Octets::new(text.parse::<u64>().ok()?.checked_mul(unit)?));
    Some(Guest {
        device: device.parse().ok()?,
        standing,
        since: Timestamp::from_secs(since.parse().ok()?),
        address: None,
        uploaded: octets(up)?,
        downloaded: octets(down)?,
    })
}

/// What `ndsctl auth` is told: the device, minutes, kbit/s up and down, kB up and down. Rounded up;
/// 0 is no limit. openNDS limits each way by itself: what both use together is looked after here.
pub(super) fn grant(device: MacAddress, terms: &Terms) -> String {
    let minutes = terms.time.as_secs().div_ceil(60).max(1);
    let rate = &terms.rate;
    let kilobits = |rate: Option<BitRate>| rate.map_or(0, BitRate::kilobits_per_second);
    let (up, down) = (kilobits(rate.up), kilobits(rate.down));
    let data = terms.data.map_or(0, |data| data.get().div_ceil(KILOBYTE).max(1));
    format!("{device} {minutes} {up} {down} {data} {data}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Plan, RatePair, Speed};

    use super::*;

    fn secret() -> Secret {
        "0123456789abcdefghijklmnopqrstuv".parse().unwrap()
    }

    fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        form.into_bytes()
    }

    fn asked(what: &str, payload: &str) -> Result<Question, QuestionError> {
        let hash = hex(&name(&secret()));
        let payload = BASE64.encode(payload.as_bytes());
        let fields = [("auth_get", what), ("gatewayhash", &hash), ("payload", &payload)];
        read(&form(&fields), &secret())
    }

    #[test]
    fn authmon_is_answered_if_it_shows_the_gateways_name() {
        use Question::{Grants, Nothing};
        for (what, payload, expected) in [
            ("clear", "none", Ok(Nothing)),
            ("view", "none", Ok(Grants)),
            ("list", "none", Ok(Grants)),
            ("view", "*", Ok(Nothing)),
            ("view", "* 02:00:5e:10:00:01", Ok(Nothing)),
            ("deauthed", "method=idle_deauth", Ok(Nothing)),
            ("custom", "anything", Ok(Nothing)),
            ("format", "none", Err(QuestionError::Malformed)),
        ] {
            assert_eq!(asked(what, payload), expected, "{what} {payload}");
        }
        let other =
            [("auth_get", "view"), ("gatewayhash", &hex("sabeel")), ("payload", "bm9uZQ==")];
        assert_eq!(read(&form(&other), &secret()), Err(QuestionError::NotProven));
        let nameless = [("auth_get", "view"), ("payload", "bm9uZQ==")];
        assert_eq!(read(&form(&nameless), &secret()), Err(QuestionError::Malformed));
        assert_eq!(read(b"\xff&%", &secret()), Err(QuestionError::Malformed));
    }

    fn told(text: &str, proof: &str) -> Result<Question, QuestionError> {
        let fields = [("auth_get", "custom"), ("proof", proof), ("payload", text)];
        read(&form(&fields), &secret())
    }

    #[test]
    fn a_report_is_read_if_it_is_proved() {
        let text = "1795701170\n\
            guest 92:d1:e2:57:03:61 10.78.0.50 Authenticated 1795701100 4 3\n\
            guest 92:d1:e2:57:03:62 10.78.0.51 Preauthenticated 0 0 0\n\
            guest 92:d1:e2:57:03:63 10.78.0.52 Trusted 0 0 0\n\
            gone 92:d1:e2:57:03:64 1795701000 5000 600\n";
        let Question::Report(report) = told(text, &prove(&secret(), text)).unwrap() else {
            panic!("no report")
        };
        let said = |guest: &Guest| {
            let Guest { device, standing, since, uploaded, downloaded, .. } = guest;
            let (up, down) = (uploaded.get(), downloaded.get());
            format!("{device} {standing:?} {} {up} {down}", since.as_millis() / 1_000)
        };
        let guests: Vec<_> = report.guests.iter().map(said).collect();
        assert_eq!(
            guests,
            ["92:d1:e2:57:03:61 Admitted 1795701100 3072 4096", "92:d1:e2:57:03:62 Caught 0 0 0"]
        );
        assert_eq!(said(&report.gone[0]), "92:d1:e2:57:03:64 Gone 1795701000 600 5000");
        assert_eq!(report.guests[0].address, Some([10, 78, 0, 50].into()));
        assert_eq!(report.at, Timestamp::from_secs(1_795_701_170));

        let more = format!("{text}gone 92:d1:e2:57:03:65 1 1 1");
        assert_eq!(told(&more, &prove(&secret(), text)), Err(QuestionError::NotProven));
        assert_eq!(told(text, ""), Err(QuestionError::NotProven));
    }

    #[test]
    fn a_report_that_cannot_be_read_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("noon\n", 1),
            ("1\nguest park 10.78.0.50 Authenticated 1 1 1", 2),
            ("1\n\ngone 92:d1:e2:57:03:64 1 -1 1", 3),
            ("1\ngone 92:d1:e2:57:03:64 1 1", 2),
            ("1\nguest 92:d1:e2:57:03:61 a Authenticated 1 18446744073709551615 1", 2),
        ] {
            let error = told(text, &prove(&secret(), text));
            assert_eq!(error, Err(QuestionError::Line(line)), "{text}");
        }
    }

    #[test]
    fn a_grant_says_time_rates_and_quotas_rounded_up() {
        let plan = Plan::visitor("visitor".parse().unwrap());
        let terms = |seconds, data: Option<u64>| Terms {
            speed: Speed::Full,
            rate: RatePair {
                down: Some(BitRate::new(10_000_000)),
                up: (seconds > 60).then(|| BitRate::new(5_000_000)),
            },
            time: Duration::from_secs(seconds),
            data: data.map(Octets::new),
            idle_timeout: plan.idle_timeout,
            interim_interval: plan.interim_interval,
        };
        let device = MacAddress::new([2, 0, 0x5e, 0x10, 0, 1]);
        for (terms, expected) in [
            (terms(7_200, Some(20_000_000)), "120 5000 10000 19532 19532"),
            (terms(61, None), "2 5000 10000 0 0"),
            (terms(0, Some(0)), "1 0 10000 1 1"),
        ] {
            let record = grant(device, &terms);
            assert_eq!(record, format!("02:00:5e:10:00:01 {expected}"));
            // authmon reads 1,024 characters: four of them must have room.
            assert!(record.replace(' ', "%20").len() < 250);
        }
    }
}
