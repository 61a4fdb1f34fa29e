//! The messages by which the near agent asks what became of a flow, and the far one tells it.
//!
//! ```text
//! query          "SbCt" 1 0 0 0              run(16) address(16) port(2) 0(14) proof(16)
//! confirmation   "SbCt" 1 1 arrived returned run(16) name(16)    name(16)      proof(16)
//! ```
//!
//! Both have one length, so that nobody can use the far agent to send more than he sends himself. IPv4
//! addresses stand as IPv6 maps them. A confirmation repeats the random name of its run and is good for
//! that alone.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use thiserror::Error;

use crate::key::{Key, TAG_OCTETS};

const MAGIC: [u8; 4] = *b"SbCt";
const VERSION: u8 = 1;
const QUERY: u8 = 0;
const CONFIRMATION: u8 = 1;

const PROVED_OCTETS: usize = 56;

/// The length of either message.
pub const MESSAGE_OCTETS: usize = PROVED_OCTETS + TAG_OCTETS;

/// The key of two agents, for these messages alone.
#[derive(Clone, Debug)]
pub struct CarryKey(Key);

impl CarryKey {
    /// That of the agents that share `key`.
    pub fn of(key: &Key) -> Self {
        Self(key.derived("sabeel carry confirmation 1"))
    }
}

/// Names a run; drawn at random for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunId(pub [u8; 16]);

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// An interface of the far agent, by its name: one to fifteen printable characters, as Linux has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interface([u8; 16]);

/// A text is the name of no interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an interface has a name of 1 to 15 printable characters without / and :")]
pub struct NoInterface;

impl Interface {
    /// The interface of that name.
    pub fn new(name: &str) -> Result<Self, NoInterface> {
        let mut octets = [0; 16];
        let place = octets.get_mut(..name.len()).ok_or(NoInterface)?;
        place.copy_from_slice(name.as_bytes());
        Self::from_octets(octets)
    }

    fn from_octets(octets: [u8; 16]) -> Result<Self, NoInterface> {
        let length = octets.iter().position(|octet| *octet == 0).ok_or(NoInterface)?;
        let (name, rest) = octets.split_at_checked(length).ok_or(NoInterface)?;
        let is_name = |octet: &u8| octet.is_ascii_graphic() && *octet != b'/' && *octet != b':';
        let is_sound =
            length > 0 && name.iter().all(is_name) && rest.iter().all(|octet| *octet == 0);
        is_sound.then_some(Self(octets)).ok_or(NoInterface)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let length = self.0.iter().position(|octet| *octet == 0).unwrap_or(self.0.len());
        self.0.get(..length).and_then(|name| str::from_utf8(name).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interface({})", self.name())
    }
}

/// By which way packets of a flow came or went at the far agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// None did.
    Nowhere,
    /// By the path that is tried.
    OnPath,
    /// By another interface.
    Elsewhere(Interface),
}

/// What became of a flow?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// The run that asks.
    pub run: RunId,
    /// From where the flow comes: an address inside the office's prefix, and its port.
    pub flow: SocketAddr,
}

/// That became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The run that asked.
    pub run: RunId,
    /// How its packets arrived.
    pub arrived: Place,
    /// How the far end's own packets left.
    pub returned: Place,
}

/// Why octets are no such message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfirmationError {
    /// They are something else.
    #[error("the octets are no message of a carry test")]
    Foreign,
    /// The proof was made with another secret, or the message was altered.
    #[error("the proof does not match the secret")]
    WrongProof,
    /// A field has a value that nobody writes.
    #[error("the message contradicts itself")]
    Inconsistent,
}

impl ConfirmationError {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::WrongProof => "wrong-proof",
            Self::Inconsistent => "inconsistent",
        }
    }
}

impl Query {
    /// As it goes on the wire.
    pub fn write(&self, key: &CarryKey) -> [u8; MESSAGE_OCTETS] {
        let address = match self.flow.ip() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let port = self.flow.port().to_be_bytes();
        seal(key, [QUERY, 0, 0], self.run, &[&address.octets(), &port])
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &CarryKey) -> Result<Self, ConfirmationError> {
        let ([first, second], run, rest) = open(octets, QUERY, key)?;
        let (address, rest) = rest.split_at(16);
        let (port, rest) = rest.split_at(2);
        let address: [u8; 16] = address.try_into().map_err(|_| ConfirmationError::Foreign)?;
        let port: [u8; 2] = port.try_into().map_err(|_| ConfirmationError::Foreign)?;
        if (first, second) != (0, 0) || rest.iter().any(|octet| *octet != 0) {
            return Err(ConfirmationError::Inconsistent);
        }
        let address = Ipv6Addr::from(address).to_canonical();
        Ok(Self { run, flow: SocketAddr::new(address, u16::from_be_bytes(port)) })
    }
}

impl Confirmation {
    /// As it goes on the wire.
    pub fn write(&self, key: &CarryKey) -> [u8; MESSAGE_OCTETS] {
        let (arrived, arrived_at) = self.arrived.wire();
        let (returned, returned_at) = self.returned.wire();
        let kind = [CONFIRMATION, arrived, returned];
        seal(key, kind, self.run, &[&arrived_at, &returned_at])
    }

    /// Reads one.
    pub fn parse(octets: &[u8], key: &CarryKey) -> Result<Self, ConfirmationError> {
        let ([arrived, returned], run, rest) = open(octets, CONFIRMATION, key)?;
        let (arrived_at, returned_at) = rest.split_at(16);
        let arrived = Place::parse(arrived, arrived_at)?;
        let returned = Place::parse(returned, returned_at)?;
        Ok(Self { run, arrived, returned })
    }
}

impl Place {
    const fn wire(self) -> (u8, [u8; 16]) {
        match self {
            Self::Nowhere => (0, [0; 16]),
            Self::OnPath => (1, [0; 16]),
            Self::Elsewhere(Interface(name)) => (2, name),
        }
    }

    fn parse(kind: u8, name: &[u8]) -> Result<Self, ConfirmationError> {
        let name: [u8; 16] = name.try_into().map_err(|_| ConfirmationError::Foreign)?;
        match kind {
            0 if name == [0; 16] => Ok(Self::Nowhere),
            1 if name == [0; 16] => Ok(Self::OnPath),
            2 => Interface::from_octets(name)
                .map(Self::Elsewhere)
                .map_err(|NoInterface| ConfirmationError::Inconsistent),
            _ => Err(ConfirmationError::Inconsistent),
        }
    }
}

/// A message of that kind.
fn seal(key: &CarryKey, kind: [u8; 3], run: RunId, rest: &[&[u8]]) -> [u8; MESSAGE_OCTETS] {
    let mut message = [0; MESSAGE_OCTETS];
    let (proved, tag) = message.split_at_mut(PROVED_OCTETS);
    let head = [&MAGIC[..], &[VERSION], &kind, &run.0];
    let fields = head.iter().chain(rest).copied().flatten();
    proved.iter_mut().zip(fields).for_each(|(to, from)| *to = *from);
    tag.copy_from_slice(&key.0.tag(&[proved]));
    message
}

/// Two small fields, the run, and the 32 octets after it, of a message of that kind that is proved.
fn open(
    octets: &[u8],
    kind: u8,
    key: &CarryKey,
) -> Result<([u8; 2], RunId, [u8; 32]), ConfirmationError> {
    let foreign = ConfirmationError::Foreign;
    let message: &[u8; MESSAGE_OCTETS] = octets.try_into().map_err(|_| foreign)?;
    let (proved, tag) = message.split_at(PROVED_OCTETS);
    let (head, rest) = proved.split_first_chunk::<8>().ok_or(foreign)?;
    let (run, rest) = rest.split_first_chunk::<16>().ok_or(foreign)?;
    let [m0, m1, m2, m3, version, is, first, second] = *head;
    if ([m0, m1, m2, m3], version, is) != (MAGIC, VERSION, kind) {
        return Err(foreign);
    }
    if !key.0.verifies(&[proved], tag) {
        return Err(ConfirmationError::WrongProof);
    }
    let rest = rest.try_into().map_err(|_| foreign)?;
    Ok(([first, second], RunId(*run), rest))
}
