//! Why a probe is as good as lost.

use std::fmt;

/// Why a target did not answer as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Nothing came within the time; it may still come.
    Silent,
    /// The host is there, and refuses.
    Refused,
    /// A router says that nobody gets there.
    Unreachable,
    /// The probe could not leave by its device, with this number of the system's.
    Unsent(i32),
    /// It answered with this status of HTTP.
    Status(u16),
    /// It answered with this code of DNS (RFC 1035 §4.1.1).
    Rcode(u16),
    /// What came is no answer.
    Malformed,
    /// No TLS session could be made: its certificate is not trusted, or it speaks none.
    Tls,
}

impl Failure {
    /// Whether an answer that comes later takes it back.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Silent)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("no answer"),
            Self::Refused => f.write_str("it refuses"),
            Self::Unreachable => f.write_str("a router says that it cannot be reached"),
            Self::Unsent(errno) => {
                let error = std::io::Error::from_raw_os_error(*errno);
                write!(f, "a probe cannot leave by the device: {error}")
            }
            Self::Status(status) => write!(f, "it answers with status {status}"),
            Self::Rcode(code) => write!(f, "it answers with code {code} of DNS"),
            Self::Malformed => f.write_str("what it answers is no answer"),
            Self::Tls => f.write_str("no TLS session can be made"),
        }
    }
}
