//! How it is tried whether paths would carry the office, and whether that can be done as it is written.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::{Timestamp, Zone};
use hickory_proto::rr::Name;
use link::capacity::BitRate;
use link::carry::Requirement;
use link::path_mtu::PacketSize;
use serde::{Deserialize, Deserializer};

use super::{LinksSettings, LinksSettingsError, PathSettings};
use crate::links::dns;
use crate::settings::within;

/// The least time from one of its trials to the next: each takes some 100 kB, and a train.
const METERED_TRIALS: u64 = 1_800;
/// Over so many seconds of a night bulk runs are spread.
const SPREAD: u64 = 3_600;

/// Resolvers that are asked, and names for which they are, at most.
const RESOLVERS: u64 = 4;
/// Addresses of this office for which the router can answer.
const HOSTS: u64 = 8;

/// How it is tried whether a path would carry the office, with an address of the office that the router
/// answers for. Tried are the paths that have `office-local` and `office-peer`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CarryTestSettings {
    /// The time from one trial of a path to the next, in seconds; 10 to 3,600, default 60.
    pub every_seconds: u64,
    /// The TCP and UDP port that is called: one that the office's rules let through; default 7.
    pub port: u16,
    /// What the office sends, in Mbit/s; a path that carries less is unfit. 0, the default, is anything.
    pub needs_up_mbit: u32,
    /// What the office receives, in Mbit/s.
    pub needs_down_mbit: u32,
    /// The largest packets that the office sends, in octets with the IP header; 576 to 1,500, default
    /// 1,400.
    pub needs_mtu: u16,
    /// The far office's resolvers, 4 at most of either IP version, or one without a list: each path asks
    /// those of the versions that it carries, and of each version one has to know all names. Without any
    /// none is asked.
    #[serde(deserialize_with = "one_or_more")]
    pub resolver: Vec<IpAddr>,
    /// The names, 4 at most or one without a list; such as are always known.
    #[serde(deserialize_with = "one_or_more")]
    pub resolver_name: Vec<String>,
    /// From when on in the night each path is filled for some seconds, such as `02:00`: one after the other
    /// within an hour. Without it none is.
    pub bulk_at: Option<String>,
    /// By whose clocks; default `Asia/Riyadh`.
    pub bulk_zone: Zone,
}

/// Who is asked by a path that is tried, and for which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::links) struct Resolvers {
    pub(in crate::links) addresses: Vec<IpAddr>,
    pub(in crate::links) names: Vec<Name>,
}

impl Default for CarryTestSettings {
    fn default() -> Self {
        Self {
            every_seconds: 60,
            port: 7,
            needs_up_mbit: 0,
            needs_down_mbit: 0,
            needs_mtu: 1_400,
            resolver: Vec::new(),
            resolver_name: Vec::new(),
            bulk_at: None,
            bulk_zone: Zone::riyadh(),
        }
    }
}

impl LinksSettings {
    /// Checks the addresses by which paths are tried.
    pub(super) fn check_trials(&self) -> Result<(), LinksSettingsError> {
        let mut seen = BTreeSet::new();
        for path in &self.paths {
            let is_far = |of: IpAddr| self.offices.iter().any(|prefix| prefix.contains(&of));
            let reason = match (path.office_local, path.office_peer) {
                (None, None) => continue,
                (Some(_), None) | (None, Some(_)) => {
                    "`office-local` and `office-peer` are set together"
                }
                (Some(_), Some(_)) if self.key_file.is_none() => {
                    "`office-local` needs `key-file`, by which both ends know each other"
                }
                (Some(own), Some(far)) if own.is_ipv4() != far.is_ipv4() => {
                    "`office-local` and `office-peer` must be of one IP version"
                }
                (Some(own), Some(_)) if !path.carries(own) => {
                    "it carries no packets of the IP version of `office-local`"
                }
                (Some(own), _) if is_far(own) => "`office-local` is in `offices`, the far ones",
                (_, Some(far)) if !is_far(far) => "`office-peer` is in none of `offices`",
                (Some(own), Some(far)) if !(seen.insert(own) && seen.insert(far)) => {
                    "`office-local` and `office-peer` are of one path alone"
                }
                (Some(_), Some(_)) => continue,
            };
            return Err(LinksSettingsError::Trial { path: path.name.clone(), reason });
        }
        Ok(())
    }

    /// Checks the addresses from which resolvers of the other IP version are asked, and to which they answer.
    fn check_resolver_hosts(&self) -> Result<(), LinksSettingsError> {
        let is_far = |of: IpAddr| self.offices.iter().any(|prefix| prefix.contains(&of));
        let mut seen: BTreeSet<_> =
            self.paths.iter().flat_map(|path| [path.office_local, path.office_peer]).collect();
        for path in &self.paths {
            for (host, is_own) in [(path.resolver_local, true), (path.resolver_peer, false)] {
                let Some(host) = host else { continue };
                let reason = match path.office_local {
                    None => "`resolver-local` and `resolver-peer` need `office-local`",
                    Some(first) if first.is_ipv4() == host.is_ipv4() => {
                        "`resolver-local` and `resolver-peer` are of the IP version that `office-local` \
                         is not of"
                    }
                    Some(_) if !path.carries(host) => {
                        "it carries no packets of the IP version of `resolver-local` or `resolver-peer`"
                    }
                    Some(_) if is_own && is_far(host) => {
                        "`resolver-local` is in `offices`, the far ones"
                    }
                    Some(_) if !is_own && !is_far(host) => {
                        "`resolver-peer` is in none of `offices`"
                    }
                    Some(_) if !seen.insert(Some(host)) => {
                        "`resolver-local` and `resolver-peer` are of one path alone"
                    }
                    Some(_) => continue,
                };
                return Err(LinksSettingsError::Trial { path: path.name.clone(), reason });
            }
        }
        let hosts = self.paths.iter().flat_map(PathSettings::hosts).count();
        Ok(within("office-local and resolver-local", hosts as u64, 0, HOSTS)?)
    }

    /// Checks that the resolvers can be asked by each path that is tried.
    pub(super) fn check_resolver(&self) -> Result<(), LinksSettingsError> {
        self.check_resolver_hosts()?;
        let wrong = |reason| Err(LinksSettingsError::Resolver(reason));
        let CarryTestSettings { resolver, resolver_name, .. } = &self.carry_test;
        if resolver.is_empty() && resolver_name.is_empty() {
            return Ok(());
        }
        within("resolver", resolver.len() as u64, 0, RESOLVERS)?;
        within("resolver-name", resolver_name.len() as u64, 0, RESOLVERS)?;
        if resolver.is_empty() || resolver_name.is_empty() {
            return wrong("`resolver` and `resolver-name` are set together");
        }
        if resolver_name.iter().any(|name| dns::host(name).is_none()) {
            return wrong("`resolver-name` must be the name of a host, such as example.com");
        }
        if resolver.iter().any(|of| !self.offices.iter().any(|prefix| prefix.contains(of))) {
            return wrong("`resolver` is in none of `offices`");
        }
        if resolver.iter().collect::<BTreeSet<_>>().len() < resolver.len() {
            return wrong("`resolver` has an address twice");
        }
        let is_host = |path: &PathSettings| {
            resolver.iter().any(|of| [path.office_peer, path.resolver_peer].contains(&Some(*of)))
        };
        if self.paths.iter().any(is_host) {
            return wrong("`resolver` is the `office-peer` or `resolver-peer` of a path");
        }
        for path in self.paths.iter().filter(|path| path.office_local.is_some()) {
            let mut carried = resolver.iter().filter(|of| path.carries(**of));
            let reason = match carried.clone().next() {
                None => "it carries packets of no `resolver`'s IP version",
                Some(_) if carried.any(|of| path.asks_from(*of).is_none()) => {
                    "a `resolver` is of the other IP version than `office-local`, and it has no \
                     `resolver-local` to ask from"
                }
                Some(_) => continue,
            };
            return Err(LinksSettingsError::Trial { path: path.name.clone(), reason });
        }
        Ok(())
    }

    /// How a path is tried.
    pub(in crate::links) fn carry_test_of(&self, path: &PathSettings) -> CarryTestSettings {
        self.carry_test.clone().of(path)
    }
}

impl CarryTestSettings {
    pub(super) fn validate(&self) -> Result<(), LinksSettingsError> {
        within("every-seconds", self.every_seconds, 10, 3_600)?;
        within("port", self.port.into(), 1, u16::MAX.into())?;
        within("needs-up-mbit", self.needs_up_mbit.into(), 0, 10_000)?;
        within("needs-down-mbit", self.needs_down_mbit.into(), 0, 10_000)?;
        within("needs-mtu", self.needs_mtu.into(), 576, 1_500)?;
        match &self.bulk_at {
            Some(text) if self.bulk_time().is_none() => {
                Err(LinksSettingsError::BulkTime(text.clone()))
            }
            _ => Ok(()),
        }
    }

    /// As a path is tried by these: where traffic is paid for, seldom.
    pub(in crate::links) fn of(self, path: &PathSettings) -> Self {
        let every_seconds = match path.metered {
            true => self.every_seconds.max(METERED_TRIALS),
            false => self.every_seconds,
        };
        Self { every_seconds, ..self }
    }

    /// These, but as `own` is where an agent takes another value while it runs.
    pub(super) fn but_taken_of(&self, own: &Self) -> Self {
        Self {
            every_seconds: own.every_seconds,
            needs_up_mbit: own.needs_up_mbit,
            needs_down_mbit: own.needs_down_mbit,
            bulk_at: own.bulk_at.clone(),
            bulk_zone: own.bulk_zone.clone(),
            ..self.clone()
        }
    }

    /// When the next bulk run over a path begins: those of a city are spread over an hour by
    /// their names.
    pub(in crate::links) fn next_bulk(&self, place: &str, now: Timestamp) -> Option<Timestamp> {
        let (hour, minute) = self.bulk_time()?;
        // The hash of Fowler, Noll and Vo: the same in each night and on each machine.
        let hash = place.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        let spread = Duration::from_secs(hash % SPREAD);
        // Yesterday's may be yet to come.
        let days = [now - Duration::from_secs(86_400), now, self.bulk_zone.next_day_start(now)];
        days.into_iter().find_map(|day| {
            let date: String = self.bulk_zone.write(day).chars().take(10).collect();
            let begin = self.bulk_zone.read(&format!("{date} {hour:02}:{minute:02}:00")).ok()?;
            (begin + spread > now).then_some(begin + spread)
        })
    }

    fn bulk_time(&self) -> Option<(u8, u8)> {
        let (hour, minute) = self.bulk_at.as_deref()?.split_once(':')?;
        let part = |text: &str, most: u8| {
            let is_plain = text.len() == 2 && text.bytes().all(|octet| octet.is_ascii_digit());
            text.parse::<u8>().ok().filter(|number| is_plain && *number < most)
        };
        Some((part(hour, 24)?, part(minute, 60)?))
    }

    /// Who is asked for names by a path.
    pub(in crate::links) fn resolvers_of(&self, path: &PathSettings) -> Option<Resolvers> {
        let asked = self.resolver.iter().filter(|of| path.asks_from(**of).is_some());
        let addresses: Vec<_> = asked.copied().collect();
        let names = self.resolver_name.iter().filter_map(|name| dns::host(name)).collect();
        (!addresses.is_empty()).then_some(Resolvers { addresses, names })
    }

    /// The time from one trial to the next.
    pub(in crate::links) const fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds)
    }

    /// What the office needs. A trial is good until the one after the next.
    pub(in crate::links) const fn requirement(&self) -> Requirement {
        Requirement {
            up: BitRate::from_megabits_per_second(self.needs_up_mbit as u64),
            down: BitRate::from_megabits_per_second(self.needs_down_mbit as u64),
            mtu: PacketSize(self.needs_mtu),
            max_age: Duration::from_secs(self.every_seconds * 2 + 60),
        }
    }
}

/// Reads one, or a list of them.
fn one_or_more<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "neither one that can be read, nor a list of such")]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}
