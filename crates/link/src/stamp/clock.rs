//! Stamps of time as they stand in packets, and how far their clock may be trusted (RFC 8762 s4.2.1,
//! RFC 8186 s2.2, RFC 4656 s4.1.2).
//!
//! Seconds are counted in 32 bits, so only the difference of two stamps means something, and it is
//! right also across the turn of the counter (NTP: 2036).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX: u32 = 2_208_988_800;

/// What international atomic time, which PTP counts, is ahead of UTC; so since 2017.
const TAI_AHEAD_OF_UTC: u32 = 37;

const NANOS: u64 = 1_000_000_000;

/// How a stamp is written: the Z flag beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Seconds of UTC since 1900 and 32 bits of their fraction; the default.
    #[default]
    Ntp,
    /// Seconds of TAI since 1970 and nanoseconds, of IEEE 1588-2008, shortened to 64 bits. Peers that
    /// write UTC so are 37 s off: a delay one way is then negative, and none is told.
    Ptp,
}

/// A stamp as it stands in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// As it stands in a packet.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// As it stands in a packet.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// What the wall clock shows.
    pub fn of(wall: SystemTime, format: Format) -> Self {
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        // The counter turns; which turn it is, is not told.
        let seconds = (since.as_secs() & u64::from(u32::MAX)) as u32;
        let nanos = u64::from(since.subsec_nanos());
        let (seconds, fraction) = match format {
            // Rounded up, so that the nanosecond is found again.
            Format::Ntp => (seconds.wrapping_add(NTP_TO_UNIX), (nanos << 32).div_ceil(NANOS)),
            Format::Ptp => (seconds.wrapping_add(TAI_AHEAD_OF_UTC), nanos),
        };
        Self(u64::from(seconds) << 32 | fraction)
    }

    /// Seconds of UTC since 1900, of which the turns are not counted, and nanoseconds.
    fn parts(self, format: Format) -> (u32, u64) {
        let (seconds, fraction) = ((self.0 >> 32) as u32, self.0 & u64::from(u32::MAX));
        match format {
            Format::Ntp => (seconds, (fraction * NANOS) >> 32),
            Format::Ptp => {
                (seconds.wrapping_sub(TAI_AHEAD_OF_UTC).wrapping_add(NTP_TO_UNIX), fraction)
            }
        }
    }

    /// The time since another stamp; none if this one is the earlier.
    pub fn since(self, format: Format, earlier: Self, its_format: Format) -> Option<Duration> {
        let ((seconds, nanos), (from_seconds, from_nanos)) =
            (self.parts(format), earlier.parts(its_format));
        let seconds = i64::from(seconds.wrapping_sub(from_seconds) as i32);
        let nanos = seconds * NANOS as i64 + nanos as i64 - from_nanos as i64;
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }
}

/// How far a clock may be off, and how it writes its stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorEstimate(u16);

impl ErrorEstimate {
    const SYNCHRONISED: u16 = 0x8000;
    const PTP: u16 = 0x4000;

    /// As it stands in a packet.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// As it stands in a packet.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Of a clock that nobody set, off by up to so much.
    pub fn unsynchronised(format: Format, error: Duration) -> Self {
        let flags = if format == Format::Ptp { Self::PTP } else { 0 };
        Self(flags | scaled(error))
    }

    /// Of a clock that is kept to UTC within so much.
    pub fn synchronised(format: Format, error: Duration) -> Self {
        Self(Self::unsynchronised(format, error).0 | Self::SYNCHRONISED)
    }

    /// Whether the clock is kept to UTC: the S flag.
    pub const fn is_synchronised(self) -> bool {
        self.0 & Self::SYNCHRONISED != 0
    }

    /// How its stamps are written: the Z flag.
    pub const fn format(self) -> Format {
        if self.0 & Self::PTP == 0 { Format::Ntp } else { Format::Ptp }
    }

    /// By how much it may be off; none if it says nothing, which a multiplier of 0 is (RFC 4656
    /// s4.1.2).
    pub fn error(self) -> Option<Duration> {
        let (scale, multiplier) = (u32::from(self.0 >> 8 & 0x3f), u128::from(self.0 & 0xff));
        // Multiplier * 2^(Scale - 32) seconds: at most 2^39 of them.
        let nanos = ((multiplier << scale) * u128::from(NANOS)) >> 32;
        (multiplier != 0).then(|| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// The least scale and multiplier that say so much or more.
fn scaled(error: Duration) -> u16 {
    let units = (error.as_nanos() << 32).div_ceil(u128::from(NANOS)).max(1);
    let scale = (0..64_u16).find(|scale| units.div_ceil(1 << scale) <= 0xff);
    scale.map_or(0x3fff, |scale| scale << 8 | units.div_ceil(1 << scale) as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wall(nanos: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(nanos)
    }

    #[test]
    fn stamps_stand_as_the_two_clocks_write_them() {
        // 2024-01-01T00:00:00.5Z: RFC 5905 s6 counts from 1900; IEEE 1588 from 1970 in TAI.
        let at = wall(1_704_067_200_500_000_000);
        assert_eq!(Timestamp::of(at, Format::Ntp).bits(), 0xe93c_7f00_8000_0000);
        assert_eq!(Timestamp::of(at, Format::Ptp).bits(), 0x6592_00a5_1dcd_6500);
    }

    #[test]
    fn the_turn_of_the_counter_in_2036_is_passed() {
        let before = Timestamp::from_bits(0xffff_ffff_0000_0000);
        let after = Timestamp::from_bits(0x0000_0001_8000_0000);
        let since = |late: Timestamp, early| late.since(Format::Ntp, early, Format::Ntp);
        assert_eq!(since(after, before), Some(Duration::from_millis(2_500)));
        assert_eq!(since(before, after), None);
    }

    #[test]
    fn error_estimates_say_what_rfc_4656_s4_1_2_lets_them() {
        for (bits, synchronised, format, error) in [
            (0x0001, false, Format::Ntp, Some(0)),
            (0x8001, true, Format::Ntp, Some(0)),
            (0x4c01, false, Format::Ptp, Some(953)),
            (0xd620, true, Format::Ptp, Some(31_250_000)),
            (0x2001, false, Format::Ntp, Some(1_000_000_000)),
            (0x8100, true, Format::Ntp, None),
            (0x3fff, false, Format::Ntp, Some(u64::MAX)),
        ] {
            let estimate = ErrorEstimate::from_bits(bits);
            assert_eq!(estimate.is_synchronised(), synchronised, "{bits:#x}");
            assert_eq!(estimate.format(), format, "{bits:#x}");
            assert_eq!(estimate.error(), error.map(Duration::from_nanos), "{bits:#x}");
        }
    }

    proptest! {
        #[test]
        fn differences_are_the_same_in_either_format(
            from in 0_u64..8_000_000_000_000_000_000, takes in 0_u64..2_000_000_000_000_000_000
        ) {
            let ways = [Format::Ntp, Format::Ptp];
            for (early, late) in ways.iter().flat_map(|way| ways.map(|other| (*way, other))) {
                let (sent, got) = (wall(from), wall(from + takes));
                let told = Timestamp::of(got, late).since(late, Timestamp::of(sent, early), early);
                prop_assert_eq!(told, Some(Duration::from_nanos(takes)));
            }
        }

        #[test]
        fn an_estimate_never_promises_more_than_it_was_told(nanos in 0_u64..1_000_000_000_000) {
            let error = Duration::from_nanos(nanos);
            let told = ErrorEstimate::synchronised(Format::Ptp, error);
            prop_assert!(told.is_synchronised() && told.format() == Format::Ptp);
            let bound = told.error().unwrap();
            prop_assert!(bound + Duration::from_nanos(1) >= error, "{bound:?}");
            prop_assert!(bound <= error + error / 100 + Duration::from_nanos(2), "{bound:?}");
        }

        #[test]
        fn any_bits_are_understood_without_panic(
            stamp in any::<u64>(), other in any::<u64>(), error in any::<u16>()
        ) {
            let estimate = ErrorEstimate::from_bits(error);
            estimate.error();
            let (stamp, other) = (Timestamp::from_bits(stamp), Timestamp::from_bits(other));
            stamp.since(estimate.format(), other, Format::Ptp);
        }
    }
}
