//! One path as it is set: what its values mean, and whether both ends can speak with each other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;
use std::time::Duration;

use link::bfd::{self, Interface};
use link::capacity::BitRate;
use link::{PathPolicy, QualityPolicy};

use super::{AliveBy, LinksSettingsError, PathSettings, SLOWEST_METERED_MS, check_name};
use crate::settings::within;

impl PathSettings {
    pub(super) fn validate(&self) -> Result<(), LinksSettingsError> {
        check_name(&self.name)?;
        self.sector.as_deref().map_or(Ok(()), check_name)?;
        let slowest = if self.metered { SLOWEST_METERED_MS } else { 60_000 };
        within("heartbeat-ms", self.heartbeat_ms, 10, slowest)?;
        within("idle-heartbeat-seconds", self.idle_heartbeat_seconds.into(), 5, 30)?;
        within("missing", self.missing.into(), 2, 50)?;
        within("capacity-mbit", self.capacity_mbit.unwrap_or(1).into(), 1, 10_000)?;
        within("visitors-floor-kbit", self.visitors_floor_kbit.into(), 64, 10_000_000)?;
        within("probes-per-second", self.probes_per_second.into(), 0, 100)?;
        within("bad-delay-ms", self.bad_delay_ms, 1, 10_000)?;
        within("bad-loss-percent", self.bad_loss_percent.into(), 1, 100)?;
        within("minimum-ttl", self.minimum_ttl.unwrap_or(1).into(), 1, 254)?;
        self.check_budget()?;
        self.check_addresses()
    }

    /// Checks that both ends can speak with each other.
    fn check_addresses(&self) -> Result<(), LinksSettingsError> {
        let wrong = |key| Err(LinksSettingsError::Address { path: self.name.clone(), key });
        let gateways = self.gateways().map(|gateway| ("gateway", gateway));
        let ends = [("local", self.local), ("peer", self.peer)];
        for (key, address) in ends.into_iter().chain(gateways) {
            if address.is_unspecified() || address.is_multicast() {
                return wrong(key);
            }
        }
        if self.local.is_ipv4() != self.peer.is_ipv4() {
            return Err(LinksSettingsError::Versions(self.name.clone()));
        }
        if self.minimum_ttl.is_none() {
            return Ok(());
        }
        // Nobody on the way knows where such an address is.
        let is_near = |address: IpAddr| match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        if let Some((key, _)) = ends.into_iter().find(|(_, end)| is_near(*end)) {
            return wrong(key);
        }
        let next = match self.peer {
            IpAddr::V4(_) => self.gateway.map(IpAddr::V4),
            IpAddr::V6(_) => self.gateway6.map(IpAddr::V6),
        };
        match next {
            Some(next) if next != self.peer => Ok(()),
            _ => Err(LinksSettingsError::NextRouter(self.name.clone())),
        }
    }

    /// How its heartbeats go.
    pub(in crate::links) fn way(&self, interface: Interface) -> bfd::Path {
        let Self { local, peer, .. } = *self;
        match self.minimum_ttl {
            None => bfd::Path::SingleHop { interface, peer },
            Some(minimum_ttl) => bfd::Path::MultiHop { local, peer, minimum_ttl },
        }
    }

    /// The addresses of the office for which this router answers when the path is tried.
    pub(in crate::links) fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        [self.office_local, self.resolver_local].into_iter().flatten()
    }

    /// From which of them a resolver is asked.
    pub(in crate::links) fn asks_from(&self, resolver: IpAddr) -> Option<IpAddr> {
        self.hosts().find(|host| host.is_ipv4() == resolver.is_ipv4())
    }

    /// Whether it carries packets of the version of an address.
    pub(super) fn carries(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.ipv4_gateway().is_some(),
            IpAddr::V6(_) => self.ipv6_gateway().is_some(),
        }
    }

    /// To whom packets of IPv4 for the other offices are handed.
    pub(super) fn ipv4_gateway(&self) -> Option<Ipv4Addr> {
        match self.peer {
            IpAddr::V4(peer) => Some(self.gateway.unwrap_or(peer)),
            IpAddr::V6(_) => self.gateway,
        }
    }

    /// The same of IPv6.
    pub(super) fn ipv6_gateway(&self) -> Option<Ipv6Addr> {
        match self.peer {
            IpAddr::V6(peer) => Some(self.gateway6.unwrap_or(peer)),
            IpAddr::V4(_) => self.gateway6,
        }
    }

    pub(super) fn gateways(&self) -> impl Iterator<Item = IpAddr> {
        let ipv4 = self.ipv4_gateway().map(IpAddr::V4);
        ipv4.into_iter().chain(self.ipv6_gateway().map(IpAddr::V6))
    }

    /// What it carries, if that is known.
    pub(super) fn capacity(&self) -> Option<BitRate> {
        self.capacity_mbit.map(|mbit| BitRate::from_kilobits_per_second(u64::from(mbit) * 1_000))
    }

    /// What visitors have of it whatever happens.
    pub(super) const fn visitors_floor(&self) -> BitRate {
        BitRate::from_kilobits_per_second(self.visitors_floor_kbit as u64)
    }

    /// Whether heartbeats say if it lives.
    pub(crate) fn is_heard(&self) -> bool {
        self.alive_by == AliveBy::Heartbeats
    }

    /// Whether it is watched seldom while it does not matter how it is. One that lives by its targets is
    /// watched as they are asked.
    pub(crate) fn is_metered(&self) -> bool {
        self.metered && self.is_heard()
    }

    /// The time between heartbeats then.
    pub(crate) const fn idle_heartbeat(&self) -> Duration {
        Duration::from_secs(self.idle_heartbeat_seconds as u64)
    }

    pub(crate) const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    pub(crate) fn detect_mult(&self) -> NonZeroU8 {
        NonZeroU8::new(self.missing).unwrap_or(NonZeroU8::MIN)
    }

    /// The time from one probe to the next, if there are any.
    pub(crate) fn probe_interval(&self) -> Option<Duration> {
        // Who runs no agent answers no probes.
        let a_second = if self.is_heard() { self.probes_per_second } else { 0 };
        Duration::from_secs(1).checked_div(a_second)
    }

    /// From when on the path is what.
    pub(crate) fn policy(&self) -> PathPolicy {
        let quality = QualityPolicy {
            loss: f64::from(self.bad_loss_percent) / 100.0,
            delay: Duration::from_millis(self.bad_delay_ms),
            ..QualityPolicy::default()
        };
        let is_probed = self.probe_interval().is_some();
        PathPolicy { quality: is_probed.then_some(quality), ..PathPolicy::default() }
    }
}
