//! Names of network interfaces, as the kernel allows them.

use std::fmt;
use std::str::FromStr;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use serde::{Deserialize, Deserializer};

/// The kernel's `IFNAMSIZ` without the final zero.
const LONGEST: usize = 15;

/// The name of a network interface: 1 to 15 of `a-z`, `A-Z`, `0-9`, `-`, `_`, `.` and `@`.
///
/// The kernel takes more; what it takes beyond that has a meaning in rules or a shell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InterfaceName(String);

/// Why a text is not an [`InterfaceName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no interface name: use 1 to 15 of letters, digits, '-', '_', '.' and '@'")]
pub struct InterfaceNameError(String);

impl InterfaceName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kernel's number of the interface, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// `ENODEV` when there is no such interface.
    pub fn index(&self) -> Result<u32, Errno> {
        if_nametoindex(self.0.as_str())
    }
}

impl FromStr for InterfaceName {
    type Err = InterfaceNameError;

    fn from_str(text: &str) -> Result<Self, InterfaceNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
        let sized = (1..=LONGEST).contains(&text.len());
        if !sized || !text.bytes().all(plain) || matches!(text, "." | "..") {
            return Err(InterfaceNameError(text.chars().take(LONGEST + 1).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InterfaceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(text.parse::<InterfaceName>().is_ok(), expected, "{text:?}");
    }

    #[test]
    fn only_plain_names_of_interfaces_are_taken() {
        check("br-lan", true);
        check("eth0.20", true);
        check("wlan0_guest-ap1", true);
        check("", false);
        check("..", false);
        check("sixteen-letters-", false);
        check("eth0\"; flush", false);
        check("$VISITOR", false);
        check("eth*", false);
    }
}
