//! An [`Enforcer`] that lets nothing through, for trying out without any right.
//!
//! An admitted device seems to download at a steady rate until its octet limit is reached.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use domain::{BitRate, MacAddress, Octets};
use tokio::time::Instant;

use crate::enforcer::{Admission, DeviceUsage, EnforceError, Enforcer};

/// Pretends to be a kernel.
#[derive(Debug)]
pub(crate) struct PretendEnforcer {
    rate: BitRate,
    admitted: HashMap<(MacAddress, Ipv4Addr), Pretence>,
}

#[derive(Debug, Clone, Copy)]
struct Pretence {
    limit: Option<Octets>,
    downloaded: Octets,
    counted_at: Instant,
}

impl PretendEnforcer {
    /// Devices download at this rate.
    pub(crate) fn new(rate: BitRate) -> Self {
        Self { rate, admitted: HashMap::new() }
    }
}

impl Pretence {
    fn go_on(&mut self, rate: BitRate) {
        let now = Instant::now();
        let millis = now.duration_since(self.counted_at).as_millis();
        let octets = u128::from(rate.bits_per_second()) * millis / 8_000;
        let octets = Octets::new(u64::try_from(octets).unwrap_or(u64::MAX));
        self.downloaded = self.downloaded + octets;
        if let Some(limit) = self.limit {
            self.downloaded = self.downloaded.min(limit);
        }
        self.counted_at = now;
    }

    fn usage(&self, device: MacAddress, address: Ipv4Addr) -> DeviceUsage {
        let uploaded = Octets::default();
        DeviceUsage { device, address, uploaded, downloaded: self.downloaded }
    }
}

impl Enforcer for PretendEnforcer {
    fn admit(&mut self, admission: &Admission) -> Result<(), EnforceError> {
        let Admission { device, address, octet_limit: limit } = *admission;
        let rate = self.rate;
        let fresh = Pretence { limit, downloaded: Octets::default(), counted_at: Instant::now() };
        let pretence = self.admitted.entry((device, address)).or_insert(fresh);
        pretence.go_on(rate);
        pretence.limit = limit;
        Ok(())
    }

    fn remove(
        &mut self,
        device: MacAddress,
        address: Ipv4Addr,
    ) -> Result<Option<DeviceUsage>, EnforceError> {
        let Some(mut pretence) = self.admitted.remove(&(device, address)) else { return Ok(None) };
        pretence.go_on(self.rate);
        Ok(Some(pretence.usage(device, address)))
    }

    fn usage(&mut self) -> Result<Vec<DeviceUsage>, EnforceError> {
        let rate = self.rate;
        let usage = self.admitted.iter_mut().map(|((device, address), pretence)| {
            pretence.go_on(rate);
            pretence.usage(*device, *address)
        });
        Ok(usage.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_device_downloads_steadily_up_to_its_limit() {
        let (device, address) = (MacAddress::new([2, 0, 0, 0, 0, 1]), Ipv4Addr::LOCALHOST);
        let mut enforcer = PretendEnforcer::new(BitRate::new(32_000_000));
        let admission = Admission { device, address, octet_limit: Some(Octets::new(10_000_000)) };
        enforcer.admit(&admission).unwrap();
        let mut counted = Vec::new();
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(1)).await;
            counted.push(enforcer.usage().unwrap()[0].downloaded.get());
        }
        enforcer.admit(&Admission { octet_limit: None, ..admission }).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        counted.push(enforcer.remove(device, address).unwrap().unwrap().downloaded.get());
        assert_eq!(counted, [4_000_000, 8_000_000, 10_000_000, 14_000_000]);
        assert_eq!(enforcer.remove(device, address).unwrap(), None);
    }
}
