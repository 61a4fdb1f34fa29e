//! Why a received packet is dropped, and how many were.
//!
//! The reason is also the metric label and the log field, so the labels never change. The order is that
//! of the checks: RFC 5880 s6.8.6 with the authentication of s6.7, RFC 5881 s5, RFC 5883 s5.

use std::fmt;

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The datagram is shorter than the mandatory section.
    Truncated,
    /// The version is not 1.
    Version,
    /// The Length field is less than 24, or 26 with an authentication section.
    LengthTooSmall,
    /// The Length field says more than the datagram has.
    LengthPastEnd,
    /// Detect Mult is zero.
    DetectMultZero,
    /// The Multipoint bit is set.
    Multipoint,
    /// My Discriminator is zero.
    MyDiscriminatorZero,
    /// Your Discriminator is none of ours.
    UnknownDiscriminator,
    /// Your Discriminator is zero though the state is neither Down nor AdminDown.
    YourDiscriminatorZero,
    /// No session belongs to where the packet came from.
    UnknownPeer,
    /// The packet came by another interface or port than its session's.
    WrongPath,
    /// The packet has crossed more routers than it may.
    Ttl,
    /// The packet has our own discriminator as its sender's: it is our own, come back.
    Looped,
    /// The packet is authenticated, and no authentication is in use.
    AuthenticationUnexpected,
    /// The packet is not authenticated, and authentication is in use.
    AuthenticationMissing,
    /// The authentication is of another type; keyed MD5 is none that we use.
    AuthenticationType,
    /// No key has the packet's key number.
    AuthenticationKey,
    /// The authentication section has not the length of its type.
    AuthenticationLength,
    /// The sequence number is outside the window.
    AuthenticationSequence,
    /// The password or the hash is wrong.
    AuthenticationMismatch,
}

impl DropReason {
    /// Every reason, in the order of the checks.
    pub const ALL: [Self; 20] = [
        Self::Truncated,
        Self::Version,
        Self::LengthTooSmall,
        Self::LengthPastEnd,
        Self::DetectMultZero,
        Self::Multipoint,
        Self::MyDiscriminatorZero,
        Self::UnknownDiscriminator,
        Self::YourDiscriminatorZero,
        Self::UnknownPeer,
        Self::WrongPath,
        Self::Ttl,
        Self::Looped,
        Self::AuthenticationUnexpected,
        Self::AuthenticationMissing,
        Self::AuthenticationType,
        Self::AuthenticationKey,
        Self::AuthenticationLength,
        Self::AuthenticationSequence,
        Self::AuthenticationMismatch,
    ];

    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Version => "version",
            Self::LengthTooSmall => "length-too-small",
            Self::LengthPastEnd => "length-past-end",
            Self::DetectMultZero => "detect-mult-zero",
            Self::Multipoint => "multipoint",
            Self::MyDiscriminatorZero => "my-discriminator-zero",
            Self::UnknownDiscriminator => "unknown-discriminator",
            Self::YourDiscriminatorZero => "your-discriminator-zero",
            Self::UnknownPeer => "unknown-peer",
            Self::WrongPath => "wrong-path",
            Self::Ttl => "ttl",
            Self::Looped => "looped",
            Self::AuthenticationUnexpected => "authentication-unexpected",
            Self::AuthenticationMissing => "authentication-missing",
            Self::AuthenticationType => "authentication-type",
            Self::AuthenticationKey => "authentication-key",
            Self::AuthenticationLength => "authentication-length",
            Self::AuthenticationSequence => "authentication-sequence",
            Self::AuthenticationMismatch => "authentication-mismatch",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many packets were dropped for each reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DropCounts([u64; DropReason::ALL.len()]);

impl DropCounts {
    /// Counts one.
    pub(crate) fn record(&mut self, reason: DropReason) {
        // A reason's number is its place among all.
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// How many were dropped for that reason.
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or_default()
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_in_its_own_place_and_has_its_own_label() {
        let mut labels = std::collections::BTreeSet::new();
        for (place, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{reason}");
            assert!(labels.insert(reason.as_str()), "{reason}");
            let mut counts = DropCounts::default();
            counts.record(reason);
            let counted: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted, [(reason, 1)]);
            assert_eq!(counts.of(reason), 1);
        }
    }
}
