//! The search for how large a packet passes.

use std::time::{Duration, Instant};

use link::path_mtu::{Finding, Limits, PacketSize, PathMtu, Said};

/// However packets are lost, answers come late and routers lie: nothing is confirmed that does not
/// pass.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn path_mtu(script: &[u8]) {
    let [high, low, script @ ..] = script else { return };
    let mtu = u16::from_be_bytes([*high, *low]) % 9_216;
    let mut now = Instant::now();
    let limits = Limits { most: PacketSize(9_000), ..Limits::default() };
    let mut search = PathMtu::new(limits, now);
    let mut late = Vec::new();
    for what in script {
        now = now.max(search.next_deadline());
        let probe = search.poll(now);
        let number = probe.map_or(0, |probe| probe.number);
        if let Some(probe) = probe
            && probe.size.0 <= mtu
        {
            match what & 3 {
                0 => {}
                1 => late.push(probe.number),
                _ => search.answered(probe.number, now + Duration::from_millis(5)),
            }
        }
        match what >> 2 {
            0 => late.drain(..).for_each(|number| search.answered(number, now)),
            number @ 1..=4 => search.answered(1_000_000 + u32::from(number), now),
            size @ 40.. => {
                let most = PacketSize(u16::from(size) * 149);
                search.told(number, Said { router: [192, 0, 2, 9].into(), most }, now);
            }
            _ => {}
        }
        if let Finding::Confirmed(size) = search.finding() {
            assert!(size.0 <= mtu, "{size} of {mtu}");
        }
    }
}
