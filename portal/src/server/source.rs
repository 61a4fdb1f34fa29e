//! Whom a connection is counted for.

use std::net::{IpAddr, Ipv6Addr};

/// A host has one IPv4 address, but a whole /64 of IPv6.
pub(crate) fn source_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_its_whole_network() {
        for (peer, source) in [
            ("2001:db8::1", "2001:db8::"),
            ("2001:db8::ffff:2", "2001:db8::"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(source_of(peer.parse().unwrap()).to_string(), source);
        }
    }
}
