//! How it is tried whether paths would carry the office, and whether that can be done as it is written.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use domain::{Timestamp, Zone};
use hickory_proto::rr::Name;
use link::capacity::BitRate;
use link::carry::Requirement;
use link::path_mtu::PacketSize;
use serde::Deserialize;

use super::{LinksSettings, LinksSettingsError, PathSettings};
use crate::links::dns;
use crate::settings::within;

/// The least time from one of its trials to the next: each takes some 100 kB, and a train.
const METERED_TRIALS: u64 = 1_800;
/// Over so many seconds of a night bulk runs are spread.
const SPREAD: u64 = 3_600;

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
    /// The far office's resolver, which is asked by each path for a name; without it none is.
    pub resolver: Option<Ipv4Addr>,
    /// The name, one that it always knows.
    pub resolver_name: Option<String>,
    /// From when on in the night each path is filled for some seconds, such as `02:00`: one after the other
    /// within an hour. Without it none is.
    pub bulk_at: Option<String>,
    /// By whose clocks; default `Asia/Riyadh`.
    pub bulk_zone: Zone,
}

/// Who is asked for a name by each path that is tried, and for which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::links) struct Resolver {
    pub(in crate::links) address: Ipv4Addr,
    pub(in crate::links) name: Name,
}

impl Default for CarryTestSettings {
    fn default() -> Self {
        Self {
            every_seconds: 60,
            port: 7,
            needs_up_mbit: 0,
            needs_down_mbit: 0,
            needs_mtu: 1_400,
            resolver: None,
            resolver_name: None,
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

    /// Checks that the resolver can be asked by each path that is tried.
    pub(super) fn check_resolver(&self) -> Result<(), LinksSettingsError> {
        let wrong = |reason| Err(LinksSettingsError::Resolver(reason));
        let CarryTestSettings { resolver, resolver_name, .. } = &self.carry_test;
        let address = match (resolver, resolver_name) {
            (None, None) => return Ok(()),
            (Some(_), None) | (None, Some(_)) => {
                return wrong("`resolver` and `resolver-name` are set together");
            }
            (Some(address), Some(_)) => IpAddr::V4(*address),
        };
        if self.carry_test.resolver().is_none() {
            return wrong("`resolver-name` must be the name of a host, such as example.com");
        }
        if !self.offices.iter().any(|prefix| prefix.contains(&address)) {
            return wrong("`resolver` is in none of `offices`");
        }
        if self.paths.iter().any(|path| path.office_local.is_some_and(|own| own.is_ipv6())) {
            return wrong(
                "`resolver` is asked from addresses of IPv4, and an `office-local` has another",
            );
        }
        let is_peer = |path: &PathSettings| path.office_peer == Some(address);
        match self.paths.iter().any(is_peer) {
            true => wrong("`resolver` is the `office-peer` of a path"),
            false => Ok(()),
        }
    }

    /// How a path is tried: where traffic is paid for, seldom.
    pub(in crate::links) fn carry_test_of(&self, path: &PathSettings) -> CarryTestSettings {
        let mut test = self.carry_test.clone();
        if path.metered {
            test.every_seconds = test.every_seconds.max(METERED_TRIALS);
        }
        test
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

    /// Who is asked for a name.
    pub(in crate::links) fn resolver(&self) -> Option<Resolver> {
        let name = dns::host(self.resolver_name.as_deref()?)?;
        Some(Resolver { address: self.resolver?, name })
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
