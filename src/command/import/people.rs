//! Users of FreeRADIUS as persons and devices: what has a place here, and what has none.
//!
//! A person is a mobile number here, and a device belongs to a person. Passwords are neither
//! needed nor shown. Pure: what is there already is the server's to say.

use std::collections::BTreeMap;
use std::time::Duration;

use controller::admin::api::{ImportedGrant, ImportedPerson, PlanView};
use domain::{BitRate, Country, MacAddress, PhoneNumber, PlanName, SiteName, Timestamp, Zone};

/// A user as the files tell it.
#[derive(Default)]
pub struct User {
    /// Where it was found first.
    pub place: String,
    /// Attributes that are checked or answered, with their values.
    pub items: Vec<(String, String)>,
    /// Groups, in the order of their priority.
    pub groups: Vec<String>,
    /// The mobile number in daloRADIUS.
    pub mobile: Option<String>,
    /// Since when daloRADIUS knows the user.
    pub since: Option<String>,
}

/// What users are judged by.
pub struct Rules {
    /// The site at which permissions count as given.
    pub site: SiteName,
    /// The plan of that site.
    pub usual: PlanName,
    /// Every plan.
    pub plans: Vec<PlanView>,
    /// Where dates without an offset are from.
    pub zone: Zone,
    /// The present.
    pub now: Timestamp,
    /// Whether devices come back without a code.
    pub remember: Remember,
    /// What belongs to a group.
    pub groups: BTreeMap<String, Vec<(String, String)>>,
}

/// Whether known devices come back without a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// Until they expire, or as long as the plan remembers a device.
    Devices,
    /// Everybody is asked for a code, and for consent, once.
    Nobody,
}

/// What comes of a user.
pub struct Judged {
    /// The person, or why there is none.
    pub person: Result<ImportedPerson, String>,
    /// What has no place, one sentence each.
    pub notes: Vec<String>,
}

/// The number that a user name or a field of daloRADIUS means.
pub fn number(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text, &Country::GULF).ok()
}

/// What comes of a user of that name; `owner` is whose device the name is, where another user says
/// so.
pub fn judge(name: &str, user: &User, owner: Option<&PhoneNumber>, rules: &Rules) -> Judged {
    let mut notes = Vec::new();
    let person = person(name, user, owner, rules, &mut notes);
    Judged { person, notes }
}

fn person(
    name: &str,
    user: &User,
    owner: Option<&PhoneNumber>,
    rules: &Rules,
    notes: &mut Vec<String>,
) -> Result<ImportedPerson, String> {
    if name == "DEFAULT" {
        return Err("it is about everybody; limits of everybody are a plan".to_owned());
    }
    let is = |attribute: &str, value: &str| {
        user.items
            .iter()
            .any(|(a, v)| a.eq_ignore_ascii_case(attribute) && v.eq_ignore_ascii_case(value))
    };
    if is("Auth-Type", "Reject") {
        return Err("it is locked out".to_owned());
    }
    let own = own_device(name);
    let mobile = user.mobile.as_deref().and_then(number);
    let phone = match own {
        Some(_) => mobile.or_else(|| owner.cloned()),
        None => number(name).or(mobile),
    };
    let phone = phone.ok_or(match own {
        Some(_) => "a device belongs to a person here, and no mobile number is known for it",
        None => "it is neither a mobile number nor a hardware address",
    })?;
    let device = own.or_else(|| device(user));
    let limits = Limits::of(user, rules);
    leftovers(user, notes);
    let grant = match (device, rules.remember) {
        (None, _) | (_, Remember::Nobody) => None,
        (Some(_), Remember::Devices) => grant(user, &limits, rules, notes),
    };
    let since = user.since.as_deref().and_then(|text| rules.zone.read(text).ok());
    Ok(ImportedPerson { phone, since, device, grant })
}

/// The device that a user's name is. A mobile number with its country's code can be read as a
/// hardware address, too, and is none.
pub fn own_device(name: &str) -> Option<MacAddress> {
    if number(name).is_some() { None } else { name.parse().ok() }
}

/// The device that a user is bound to.
pub fn device(user: &User) -> Option<MacAddress> {
    let item = user.items.iter().find(|(name, _)| name.eq_ignore_ascii_case("Calling-Station-Id"));
    item.and_then(|(_, value)| value.parse().ok())
}

fn grant(
    user: &User,
    limits: &Limits,
    rules: &Rules,
    notes: &mut Vec<String>,
) -> Option<ImportedGrant> {
    let named = user.groups.iter().find_map(|group| {
        rules.plans.iter().find(|plan| plan.name.as_str() == group.to_ascii_lowercase())
    });
    let usual = || rules.plans.iter().find(|plan| plan.name == rules.usual);
    let plan = named.or_else(|| limits.plan(&rules.plans)).or_else(|| {
        if !limits.are_none() {
            notes.push(format!(
                "no plan has its limits ({limits}), so it is on plan {}",
                rules.usual
            ));
        }
        usual()
    })?;
    let until = match expiration(user, rules) {
        None => rules.now + Duration::from_secs(plan.remembered_seconds),
        Some(Some(until)) if until > rules.now => until,
        Some(Some(_)) => {
            notes.push("it has expired, so it needs a code".to_owned());
            return None;
        }
        Some(None) => {
            notes.push("its Expiration cannot be read, so it needs a code".to_owned());
            return None;
        }
    };
    let (site, plan) = (rules.site.clone(), plan.name.clone());
    Some(ImportedGrant { site, plan, until })
}

/// When a user expires; `Some(None)` if that cannot be read.
fn expiration(user: &User, rules: &Rules) -> Option<Option<Timestamp>> {
    let item = user.items.iter().find(|(name, _)| name.eq_ignore_ascii_case("Expiration"))?;
    Some(date(&item.1, &rules.zone))
}

/// A date as FreeRADIUS takes it: `02 Jan 2027 10:00:00`, `Jan 2 2027`, `2027-01-02`.
fn date(text: &str, zone: &Zone) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if let Ok(time) = zone.read(text) {
        return Some(time);
    }
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let [first, second, year, rest @ ..] = words.as_slice() else { return None };
    let month = |word: &str| MONTHS.iter().position(|month| word.starts_with(month));
    let (month, day) = match (month(first), month(second)) {
        (Some(month), None) => (month + 1, second),
        (None, Some(month)) => (month + 1, first),
        _ => return None,
    };
    let day: u8 = day.parse().ok()?;
    let year: u16 = year.parse().ok()?;
    let clock = match rest {
        [] => "00:00:00".to_owned(),
        [clock, ..] if clock.matches(':').count() == 1 => format!("{clock}:00"),
        [clock, ..] => (*clock).to_owned(),
    };
    zone.read(&format!("{year:04}-{month:02}-{day:02} {clock}")).ok()
}

/// Limits of a user that a plan can have.
#[derive(Default)]
struct Limits {
    down: Option<u64>,
    up: Option<u64>,
    session_seconds: Option<u64>,
    day_seconds: Option<u64>,
}

impl Limits {
    /// The user's own, and for what it does not say those of its groups.
    fn of(user: &User, rules: &Rules) -> Self {
        let groups = user.groups.iter().filter_map(|group| rules.groups.get(group)).flatten();
        let mut limits = Self::default();
        for (name, value) in user.items.iter().chain(groups) {
            let number: Option<u64> = value.trim().parse().ok();
            let kilobits = number.and_then(|number| number.checked_mul(1_000));
            match name.to_ascii_lowercase().as_str() {
                "wispr-bandwidth-max-down" => keep(&mut limits.down, number),
                "wispr-bandwidth-max-up" => keep(&mut limits.up, number),
                "chillispot-bandwidth-max-down" => keep(&mut limits.down, kilobits),
                "chillispot-bandwidth-max-up" => keep(&mut limits.up, kilobits),
                "mikrotik-rate-limit" => {
                    let both = value.split_whitespace().next().unwrap_or_default();
                    let (up, down) = both.split_once('/').unwrap_or((both, both));
                    keep(&mut limits.up, mikrotik_rate(up));
                    keep(&mut limits.down, mikrotik_rate(down));
                }
                "session-timeout" => keep(&mut limits.session_seconds, number),
                "max-daily-session" => keep(&mut limits.day_seconds, number),
                _ => {}
            }
        }
        limits
    }

    fn are_none(&self) -> bool {
        let Self { down, up, session_seconds, day_seconds } = self;
        [down, up, session_seconds, day_seconds].iter().all(|limit| limit.is_none())
    }

    /// The plan that has all of these limits.
    fn plan<'p>(&self, plans: &'p [PlanView]) -> Option<&'p PlanView> {
        let bits = |rate: Option<BitRate>| rate.map(BitRate::bits_per_second);
        let fits = |wanted: Option<u64>, has: Option<u64>| wanted.is_none() || wanted == has;
        let has_all = |plan: &&PlanView| {
            fits(self.down, bits(plan.down))
                && fits(self.up, bits(plan.up))
                && fits(self.session_seconds, plan.session_seconds)
                && fits(self.day_seconds, plan.day_seconds)
        };
        if self.are_none() { None } else { plans.iter().find(has_all) }
    }
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rate =
            |name, bits: Option<u64>| bits.map(|bits| format!("{name} {}", BitRate::new(bits)));
        let time =
            |name, seconds: Option<u64>| seconds.map(|seconds| format!("{name} {seconds} s"));
        let all = [
            rate("down", self.down),
            rate("up", self.up),
            time("session", self.session_seconds),
            time("day", self.day_seconds),
        ];
        f.write_str(&all.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

fn keep(limit: &mut Option<u64>, value: Option<u64>) {
    *limit = limit.or(value);
}

/// A rate of RouterOS, such as `512k` or `10M`.
fn mikrotik_rate(text: &str) -> Option<u64> {
    let (digits, factor) = match text.chars().last()? {
        'k' | 'K' => (text.get(..text.len() - 1)?, 1_000),
        'M' => (text.get(..text.len() - 1)?, 1_000_000),
        'G' => (text.get(..text.len() - 1)?, 1_000_000_000),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Names attributes that have no place; passwords are not even named one by one.
fn leftovers(user: &User, notes: &mut Vec<String>) {
    const PLACED: [&str; 11] = [
        "calling-station-id",
        "expiration",
        "session-timeout",
        "max-daily-session",
        "wispr-bandwidth-max-down",
        "wispr-bandwidth-max-up",
        "chillispot-bandwidth-max-down",
        "chillispot-bandwidth-max-up",
        "mikrotik-rate-limit",
        "auth-type",
        "fall-through",
    ];
    let mut names: Vec<&str> = user
        .items
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| {
            let lower = name.to_ascii_lowercase();
            !PLACED.contains(&lower.as_str()) && !lower.contains("password")
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        notes.push(format!("without a place here: {}", names.join(", ")));
    }
}

#[cfg(test)]
mod tests;
