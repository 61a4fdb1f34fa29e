use domain::BitRate;
use radius_proto::{Authenticator, Packet, SharedSecret, VendorAttribute, vendor};

use super::*;

const SIX_GB: Option<Octets> = Some(Octets::new((1 << 32) + 7));

/// What a NAS reads out of the octets of an Accept with these limits.
fn check(profile: NasProfile, limits: Limits, expected: &[(VendorAttribute, &[u8])]) {
    check_in(Unlimited::IsLeftOut, profile, limits, expected);
}

fn check_in(
    unlimited: Unlimited,
    profile: NasProfile,
    limits: Limits,
    expected: &[(VendorAttribute, &[u8])],
) {
    // The code does not matter to the attributes; a request needs no other packet to answer.
    let mut packet = PacketBuilder::access_request(Authenticator::new([0; 16]));
    write(profile, &mut packet, &limits, unlimited);
    let octets = packet.sign(&SharedSecret::new("xyzzy5461").unwrap()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let found: Vec<_> =
        packet.vendor_attributes().map(|found| (found.id, found.value.octets())).collect();
    assert_eq!(found, expected, "{profile:?} {limits:?}");
}

fn rate(up: u64, down: u64) -> RatePair {
    RatePair { up: Some(BitRate::new(up)), down: Some(BitRate::new(down)) }
}

const NO_RATE: RatePair = RatePair { up: None, down: None };

#[test]
fn each_maker_reads_the_limits_in_its_own_words() {
    use vendor::{chillispot, mikrotik, wispr};
    let limits = Limits { data: SIX_GB, rate: rate(5_000_000, 10_000_000) };
    let wispr_up = (wispr::BANDWIDTH_MAX_UP, &5_000_000_u32.to_be_bytes()[..]);
    let wispr_down = (wispr::BANDWIDTH_MAX_DOWN, &10_000_000_u32.to_be_bytes()[..]);
    let total = (chillispot::MAX_TOTAL_OCTETS, &7_u32.to_be_bytes()[..]);
    let gigawords = (chillispot::MAX_TOTAL_GIGAWORDS, &1_u32.to_be_bytes()[..]);
    check(NasProfile::Generic, limits, &[wispr_up, wispr_down]);
    check(NasProfile::Sabeel, limits, &[wispr_up, wispr_down, total, gigawords]);
    let chilli_up = (chillispot::BANDWIDTH_MAX_UP, &5_000_u32.to_be_bytes()[..]);
    let chilli_down = (chillispot::BANDWIDTH_MAX_DOWN, &10_000_u32.to_be_bytes()[..]);
    check(
        NasProfile::Coova,
        limits,
        &[chilli_up, chilli_down, wispr_up, wispr_down, total, gigawords],
    );
    check(
        NasProfile::Mikrotik,
        limits,
        &[
            (mikrotik::RATE_LIMIT, b"5000000/10000000"),
            (mikrotik::TOTAL_LIMIT, &7_u32.to_be_bytes()),
            (mikrotik::TOTAL_LIMIT_GIGAWORDS, &1_u32.to_be_bytes()),
        ],
    );
}

#[test]
fn cisco_and_hpe_read_rates_as_their_own_numbers() {
    use vendor::{airespace, hp};
    // 6,144 is 0x1800 and 2,048 is 0x800 kbit/s.
    let limits = Limits { data: SIX_GB, rate: rate(2_048_000, 6_144_000) };
    let (up, down) = (&[0, 0, 0x08, 0][..], &[0, 0, 0x18, 0][..]);
    check(
        NasProfile::Cisco,
        limits,
        &[
            (airespace::DATA_BANDWIDTH_AVERAGE_CONTRACT, down),
            (airespace::REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT, down),
            (airespace::DATA_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM, up),
            (airespace::REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM, up),
        ],
    );
    check(
        NasProfile::Hpe,
        limits,
        &[(hp::BANDWIDTH_MAX_INGRESS, up), (hp::BANDWIDTH_MAX_EGRESS, down)],
    );
}

#[test]
fn cambium_huawei_and_pfsense_read_their_own_numbers() {
    use vendor::{cambium, huawei, pfsense, wispr};
    let limits = Limits { data: SIX_GB, rate: rate(5_000_000, 10_000_000) };
    let (up, down) = (&5_000_000_u32.to_be_bytes()[..], &10_000_000_u32.to_be_bytes()[..]);
    check(
        NasProfile::Cambium,
        limits,
        &[
            (wispr::BANDWIDTH_MAX_UP, up),
            (wispr::BANDWIDTH_MAX_DOWN, down),
            (cambium::TRAFFIC_QUOTA_LIMIT_TOTAL, &7_u32.to_be_bytes()),
            (cambium::TRAFFIC_QUOTA_LIMIT_TOTAL_GIGWORDS, &1_u32.to_be_bytes()),
        ],
    );
    check(
        NasProfile::Huawei,
        limits,
        &[(huawei::INPUT_AVERAGE_RATE, up), (huawei::OUTPUT_AVERAGE_RATE, down)],
    );
    check(
        NasProfile::Pfsense,
        limits,
        &[
            (pfsense::BANDWIDTH_MAX_UP, up),
            (pfsense::BANDWIDTH_MAX_DOWN, down),
            (pfsense::MAX_TOTAL_OCTETS, &u32::MAX.to_be_bytes()),
        ],
    );
}

#[test]
fn what_is_not_limited_is_not_mentioned() {
    for profile in NasProfile::ALL {
        check(profile, Limits { data: None, rate: NO_RATE }, &[]);
    }
    let down_only = RatePair { up: None, down: Some(BitRate::new(1_000)) };
    let limits = Limits { data: None, rate: down_only };
    check(NasProfile::Mikrotik, limits, &[(vendor::mikrotik::RATE_LIMIT, b"0/1000")]);
    check(
        NasProfile::Generic,
        limits,
        &[(vendor::wispr::BANDWIDTH_MAX_DOWN, &1_000_u32.to_be_bytes())],
    );
}

#[test]
fn a_change_takes_limits_back_in_so_many_words_where_the_maker_has_them() {
    use vendor::{chillispot, mikrotik};
    let none = Limits { data: None, rate: NO_RATE };
    let zero = &0_u32.to_be_bytes()[..];
    let said = Unlimited::IsSaid;
    check_in(said, NasProfile::Generic, none, &[]);
    check_in(said, NasProfile::Sabeel, none, &[]);
    check_in(
        said,
        NasProfile::Coova,
        none,
        &[
            (chillispot::BANDWIDTH_MAX_UP, zero),
            (chillispot::BANDWIDTH_MAX_DOWN, zero),
            (chillispot::MAX_TOTAL_OCTETS, zero),
            (chillispot::MAX_TOTAL_GIGAWORDS, zero),
        ],
    );
    check_in(
        said,
        NasProfile::Mikrotik,
        none,
        &[
            (mikrotik::RATE_LIMIT, b"0/0"),
            (mikrotik::TOTAL_LIMIT, zero),
            (mikrotik::TOTAL_LIMIT_GIGAWORDS, zero),
        ],
    );
}

#[test]
fn a_rate_beyond_32_bits_is_the_largest_that_fits() {
    check(
        NasProfile::Generic,
        Limits { data: None, rate: rate(10_000_000_000, 1) },
        &[
            (vendor::wispr::BANDWIDTH_MAX_UP, &u32::MAX.to_be_bytes()),
            (vendor::wispr::BANDWIDTH_MAX_DOWN, &1_u32.to_be_bytes()),
        ],
    );
}
