//! RADIUS by the words of the RFCs alone: packets written octet by octet, and answers proved.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};

pub const ACCESS_REQUEST: u8 = 1;
pub const ACCESS_ACCEPT: u8 = 2;
pub const ACCESS_REJECT: u8 = 3;
pub const ACCOUNTING_REQUEST: u8 = 4;
pub const ACCOUNTING_RESPONSE: u8 = 5;
pub const STATUS_SERVER: u8 = 12;
pub const DISCONNECT_ACK: u8 = 41;

pub const USER_NAME: u8 = 1;
pub const USER_PASSWORD: u8 = 2;
pub const CHAP_PASSWORD: u8 = 3;
pub const REPLY_MESSAGE: u8 = 18;
pub const STATE: u8 = 24;
pub const CLASS: u8 = 25;
pub const VENDOR_SPECIFIC: u8 = 26;
pub const CALLING_STATION_ID: u8 = 31;
pub const NAS_IDENTIFIER: u8 = 32;
pub const PROXY_STATE: u8 = 33;
pub const ACCT_STATUS_TYPE: u8 = 40;
pub const ACCT_DELAY_TIME: u8 = 41;
pub const ACCT_INPUT_OCTETS: u8 = 42;
pub const ACCT_SESSION_ID: u8 = 44;
pub const ACCT_SESSION_TIME: u8 = 46;
pub const CHAP_CHALLENGE: u8 = 60;
pub const EAP_MESSAGE: u8 = 79;
pub const MESSAGE_AUTHENTICATOR: u8 = 80;
pub const CHARGEABLE_USER_IDENTITY: u8 = 89;
pub const OPERATOR_NAME: u8 = 126;

/// A packet being written.
#[derive(Clone)]
pub struct Draft {
    code: u8,
    identifier: u8,
    authenticator: [u8; 16],
    attributes: Vec<u8>,
}

impl Draft {
    /// A packet whose authenticator is its sender's choice; each `seed` gives another one.
    pub fn new(code: u8, identifier: u8, seed: u8) -> Self {
        Self { code, identifier, authenticator: [seed; 16], attributes: Vec::new() }
    }

    /// An answer to `request`, which [`Draft::answer`] signs.
    pub fn reply(code: u8, request: &[u8]) -> Self {
        let authenticator = request[4..20].try_into().unwrap();
        Self { code, identifier: request[1], authenticator, attributes: Vec::new() }
    }

    /// The packet with another authenticator; a password in it is no longer the same.
    pub fn seeded(mut self, seed: u8) -> Self {
        self.authenticator = [seed; 16];
        self
    }

    /// Appends an attribute.
    pub fn with(mut self, kind: u8, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.attributes.extend([kind, u8::try_from(value.len() + 2).unwrap()]);
        self.attributes.extend(value);
        self
    }

    /// Appends a Message-Authenticator, which [`Draft::sign`] fills.
    pub fn protected(self) -> Self {
        self.with(MESSAGE_AUTHENTICATOR, [0; 16])
    }

    /// Appends a password of at most sixteen octets, hidden as RFC 2865 section 5.2 says.
    pub fn password(self, password: &str, secret: &str) -> Self {
        let mut padded = [0; 16];
        padded[..password.len()].copy_from_slice(password.as_bytes());
        let pad = md5(&[secret.as_bytes(), &self.authenticator]);
        let hidden: Vec<u8> = padded.iter().zip(pad).map(|(octet, pad)| octet ^ pad).collect();
        self.with(USER_PASSWORD, hidden)
    }

    /// The packet as it stands.
    pub fn octets(&self) -> Vec<u8> {
        let length = u16::try_from(20 + self.attributes.len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let head = [self.code, self.identifier, high, low];
        [&head, self.authenticator.as_slice(), &self.attributes].concat()
    }

    /// The packet with its first Message-Authenticator filled, and an Accounting-Request's
    /// authenticator computed, with `secret`.
    pub fn sign(mut self, secret: &str) -> Vec<u8> {
        let is_accounting = self.code == ACCOUNTING_REQUEST;
        if is_accounting {
            self.authenticator = [0; 16];
        }
        let mut octets = self.octets();
        if let Some(at) = find_message_authenticator(&octets) {
            let proof = hmac_md5(secret, &octets);
            octets[at..at + 16].copy_from_slice(&proof);
        }
        if is_accounting {
            let authenticator = md5(&[&octets, secret.as_bytes()]);
            octets[4..20].copy_from_slice(&authenticator);
        }
        octets
    }

    /// The answer with its first Message-Authenticator filled, and its authenticator computed.
    pub fn answer(&self, secret: &str) -> Vec<u8> {
        let mut octets = self.octets();
        if let Some(at) = find_message_authenticator(&octets) {
            let proof = hmac_md5(secret, &octets);
            octets[at..at + 16].copy_from_slice(&proof);
        }
        self.with_authenticator(octets, secret)
    }

    /// The answer with its authenticator computed over a Message-Authenticator that is wrong.
    pub fn answer_with_wrong_protection(&self, secret: &str) -> Vec<u8> {
        self.with_authenticator(self.octets(), secret)
    }

    fn with_authenticator(&self, mut octets: Vec<u8>, secret: &str) -> Vec<u8> {
        let authenticator = md5(&[&octets, secret.as_bytes()]);
        octets[4..20].copy_from_slice(&authenticator);
        octets
    }
}

/// Whether a Message-Authenticator stands first in a request and is right, and the request's own
/// authenticator too, where it is no random one.
pub fn is_protected_first(request: &[u8], secret: &str) -> bool {
    let mut blank = request.to_vec();
    let is_random = [ACCESS_REQUEST, STATUS_SERVER].contains(&request[0]);
    if !is_random {
        blank[4..20].fill(0);
        if request[4..20] != md5(&[&blank, secret.as_bytes()]) {
            return false;
        }
    }
    blank[22..38].fill(0);
    let is_first = request[20..22] == [MESSAGE_AUTHENTICATOR, 18];
    is_first && request[22..38] == hmac_md5(secret, &blank)
}

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub octets: Vec<u8>,
    pub code: u8,
    pub identifier: u8,
    /// Number and value of each attribute, in order.
    pub attributes: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    /// Takes the answer to `request` apart, and proves its authenticators with `secret`.
    pub fn proved(octets: &[u8], request: &[u8], secret: &str) -> Self {
        let length = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        assert_eq!(octets.len(), length);
        let mut asked = octets.to_vec();
        asked[4..20].copy_from_slice(&request[4..20]);
        let response = md5(&[&asked, secret.as_bytes()]);
        assert_eq!(octets[4..20], response, "the Response Authenticator is wrong");
        if let Some(at) = find_message_authenticator(octets) {
            let given = asked[at..at + 16].to_vec();
            asked[at..at + 16].fill(0);
            assert_eq!(given, hmac_md5(secret, &asked), "the Message-Authenticator is wrong");
        }
        assert_eq!(octets[1], request[1], "the identifier is another");
        let (code, identifier) = (octets[0], octets[1]);
        Self { octets: octets.to_vec(), code, identifier, attributes: attributes(octets) }
    }

    /// The values of every attribute of that number.
    pub fn all(&self, kind: u8) -> Vec<&[u8]> {
        let of_kind = self.attributes.iter().filter(|(number, _)| *number == kind);
        of_kind.map(|(_, value)| value.as_slice()).collect()
    }

    /// Whether a Message-Authenticator stands before all else, and no other anywhere.
    pub fn is_protected_first(&self) -> bool {
        let first = self.attributes.first().map(|(kind, _)| *kind);
        first == Some(MESSAGE_AUTHENTICATOR) && self.all(MESSAGE_AUTHENTICATOR).len() == 1
    }
}

fn attributes(packet: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = &packet[20..];
    while !rest.is_empty() {
        let (attribute, following) = rest.split_at(rest[1].into());
        found.push((attribute[0], attribute[2..].to_vec()));
        rest = following;
    }
    found
}

/// Where the value of the first Message-Authenticator with sixteen octets begins.
fn find_message_authenticator(packet: &[u8]) -> Option<usize> {
    let mut at = 20;
    for (kind, value) in attributes(packet) {
        if kind == MESSAGE_AUTHENTICATOR && value.len() == 16 {
            return Some(at + 2);
        }
        at += 2 + value.len();
    }
    None
}

pub fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

fn hmac_md5(secret: &str, octets: &[u8]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(octets);
    mac.finalize().into_bytes().into()
}
