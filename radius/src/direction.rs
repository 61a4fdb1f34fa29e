//! The direction trap: which of a NAS's counters is the visitor's upload.
//!
//! RFC 2866 §5.3 counts Input *from* the visitor; some makers count it *to* the visitor. This is
//! the only file in which the two meet; everything after it knows uploaded and downloaded.

use std::time::Duration;

use domain::{OctetDirection, Octets, Usage};
use radius_proto::{Packet, attribute};

/// The counters of an accounting packet; one that is missing counts as zero, which
/// [`domain::Session::advance`] never takes for less than was known.
pub(crate) fn usage(packet: &Packet<'_>, direction: OctetDirection) -> Usage {
    let input = Octets::new(packet.acct_input_octets().unwrap_or(0));
    let output = Octets::new(packet.acct_output_octets().unwrap_or(0));
    let (uploaded, downloaded) = match direction {
        OctetDirection::Standard => (input, output),
        OctetDirection::Swapped => (output, input),
    };
    let seconds = packet.u32(attribute::ACCT_SESSION_TIME).unwrap_or(0);
    Usage { uploaded, downloaded, time: Duration::from_secs(seconds.into()) }
}

#[cfg(test)]
mod tests {
    use radius_proto::{PacketBuilder, SharedSecret};

    use super::*;

    fn check(direction: OctetDirection, uploaded: u64, downloaded: u64) {
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_INPUT_OCTETS, 100_u32)
            .u32(attribute::ACCT_INPUT_GIGAWORDS, 1_u32)
            .u32(attribute::ACCT_OUTPUT_OCTETS, 7_u32)
            .u32(attribute::ACCT_SESSION_TIME, 60_u32);
        let octets = request.sign(&SharedSecret::new("xyzzy5461").unwrap()).unwrap();
        let usage = usage(&Packet::parse(&octets).unwrap(), direction);
        assert_eq!(usage.uploaded, Octets::new(uploaded));
        assert_eq!(usage.downloaded, Octets::new(downloaded));
        assert_eq!(usage.time, Duration::from_secs(60));
    }

    #[test]
    fn input_is_upload_unless_the_maker_swaps_it() {
        check(OctetDirection::Standard, (1 << 32) + 100, 7);
        check(OctetDirection::Swapped, 7, (1 << 32) + 100);
    }
}
