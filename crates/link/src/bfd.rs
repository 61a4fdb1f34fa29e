//! Bidirectional Forwarding Detection (RFC 5880) for one hop (RFC 5881) and several (RFC 5883): tells
//! within a few packets' time that a path no longer carries packets both ways.
//!
//! [`Sessions`] is all that a loop over sockets needs: datagrams and the time in, packets to send and
//! changes of state out, and when to call again. The mode is asynchronous; Demand mode of the other
//! side is honoured, the Echo function is neither used nor offered. No packet costs an allocation.

pub mod authentication;
pub mod diagnostic;
pub mod discriminator;
pub mod drop_reason;
pub mod interval;
pub mod packet;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod state;

pub use authentication::{Algorithm, Authentication, AuthenticationError, KeyId, Keys, Secret};
pub use diagnostic::Diagnostic;
pub use discriminator::Discriminator;
pub use drop_reason::{DropCounts, DropReason};
pub use interval::Interval;
pub use packet::{Datagram, Frame, Packet};
pub use session::{Change, Due, Session, Standing};
pub use sessions::{AddError, Arrival, Hops, Interface, Output, Path, Received, Sessions};
pub use settings::{Role, Settings, SettingsError};
pub use state::State;
