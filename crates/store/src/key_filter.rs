//! What a finished file is about, in little: a Bloom filter over the keys of its records, and the
//! time that they span, so that a search opens only the files that can match.
//!
//! A filter says "perhaps" or "no". It may be missing or damaged: then its file is simply read.

use std::path::Path;
use std::{fs, io};

use domain::{AccountId, GrantId, MacAddress, SessionId, Timestamp};

use crate::frame;

/// The version of what is written.
const VERSION: u8 = 1;
/// Bits for each key, and how many of them a key sets: one in two hundred is found by mistake.
const BITS_PER_KEY: usize = 11;
const PROBES: u64 = 8;
/// Octets before the words: version, first and last time.
const HEAD: usize = 17;

/// What a record can be looked for by, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Key {
    pub(crate) fn device(device: MacAddress) -> Self {
        Self::new(b'd', &device.octets())
    }

    pub(crate) fn account(account: AccountId) -> Self {
        Self::new(b'a', &account.to_bytes())
    }

    pub(crate) fn grant(grant: GrantId) -> Self {
        Self::new(b'g', &grant.to_bytes())
    }

    pub(crate) fn session(session: SessionId) -> Self {
        Self::new(b's', &session.to_bytes())
    }

    /// By Acct-Session-Id.
    pub(crate) fn acct_session_id(name: &str) -> Self {
        Self::new(b'n', name.as_bytes())
    }

    pub(crate) fn nas(name: &str) -> Self {
        Self::new(b'p', name.as_bytes())
    }

    /// Of what says that records are missing.
    pub(crate) fn gap() -> Self {
        Self::new(b'0', &[])
    }

    /// FNV-1a, stirred so that every bit counts; it is written to disk, so it never changes.
    fn new(kind: u8, octets: &[u8]) -> Self {
        let fold = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3);
        let mut hash = octets.iter().fold(fold(0xcbf2_9ce4_8422_2325, &kind), fold);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(hash ^ (hash >> 31))
    }
}

/// What becomes a filter.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    keys: Vec<Key>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Gathered {
    /// Takes a record of that time with these keys.
    pub(crate) fn add(&mut self, at: Timestamp, keys: impl Iterator<Item = Key>) {
        self.keys.extend(keys);
        // Few different keys stand for many records.
        if self.keys.len() >= 1 << 20 {
            self.tidy();
        }
        self.span = match self.span {
            None => Some((at, at)),
            Some((first, last)) => Some((first.min(at), last.max(at))),
        };
    }

    fn tidy(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
    }

    /// The filter of everything that was taken.
    pub(crate) fn finish(mut self) -> KeyFilter {
        self.tidy();
        let words = (self.keys.len() * BITS_PER_KEY).div_ceil(64).max(1);
        let mut filter = KeyFilter { span: self.span, words: vec![0; words] };
        for key in self.keys {
            for bit in filter.probes(key) {
                let (word, mask) = place(bit);
                if let Some(word) = filter.words.get_mut(word) {
                    *word |= mask;
                }
            }
        }
        filter
    }
}

/// Which keys a file may have, and which time it spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFilter {
    /// First and last time; `None` if there was no record.
    pub(crate) span: Option<(Timestamp, Timestamp)>,
    words: Vec<u64>,
}

impl KeyFilter {
    /// Whether a record with that key may be there.
    pub(crate) fn may_have(&self, key: Key) -> bool {
        self.span.is_some()
            && self.probes(key).all(|bit| {
                let (word, mask) = place(bit);
                self.words.get(word).is_some_and(|word| word & mask != 0)
            })
    }

    fn probes(&self, Key(hash): Key) -> impl Iterator<Item = u64> + use<> {
        let bits = u64::try_from(self.words.len()).unwrap_or(u64::MAX).saturating_mul(64);
        let step = (hash >> 32) | 1;
        (0..PROBES).map(move |probe| hash.wrapping_add(probe.wrapping_mul(step)) % bits)
    }

    /// Writes the filter beside its file: whole, or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let (first, last) = self.span.map_or((1, 0), |(a, b)| (a.as_millis(), b.as_millis()));
        let mut octets = vec![VERSION];
        octets.extend(first.to_le_bytes());
        octets.extend(last.to_le_bytes());
        octets.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        octets.extend(crc32c::crc32c(&octets).to_le_bytes());
        let unfinished = path.with_extension("new");
        frame::write_private(&unfinished, &octets)?;
        fs::rename(unfinished, path)
    }

    /// Reads a filter; `None` if there is none that can be believed.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let octets = fs::read(path).ok()?;
        let (body, checksum) = octets.split_last_chunk::<4>()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*checksum) || *body.first()? != VERSION {
            return None;
        }
        let (head, words) = body.split_at_checked(HEAD)?;
        let (first, last) = head.get(1..)?.split_at_checked(8)?;
        let first = i64::from_le_bytes(first.try_into().ok()?);
        let last = i64::from_le_bytes(last.try_into().ok()?);
        let words = words.chunks_exact(8).filter_map(|word| word.try_into().ok());
        let words: Vec<u64> = words.map(u64::from_le_bytes).collect();
        let span = (Timestamp::from_millis(first), Timestamp::from_millis(last));
        (!words.is_empty()).then_some(Self { span: (first <= last).then_some(span), words })
    }
}

fn place(bit: u64) -> (usize, u64) {
    (usize::try_from(bit / 64).unwrap_or(usize::MAX), 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u32) -> Key {
        let [a, b, c, d] = number.to_be_bytes();
        Key::device(MacAddress::new([2, 0, a, b, c, d]))
    }

    fn filter(devices: std::ops::Range<u32>) -> KeyFilter {
        let mut gathered = Gathered::default();
        for number in devices {
            gathered.add(Timestamp::from_secs(number.into()), [device(number)].into_iter());
        }
        gathered.finish()
    }

    #[test]
    fn every_key_is_found_and_few_others_are() {
        let filter = filter(0..5_000);
        assert!((0..5_000).all(|number| filter.may_have(device(number))));
        let mistaken = (5_000..25_000).filter(|number| filter.may_have(device(*number))).count();
        assert!(mistaken < 20_000 / 100, "{mistaken} of 20,000");
    }

    #[test]
    fn a_filter_survives_its_file_and_damage_is_no_filter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.keys");
        for filter in [filter(0..0), filter(3..9)] {
            filter.write(&path).unwrap();
            assert_eq!(KeyFilter::read(&path), Some(filter));
        }
        let mut octets = fs::read(&path).unwrap();
        octets[20] ^= 1;
        fs::write(&path, &octets).unwrap();
        assert_eq!(KeyFilter::read(&path), None);
        for cut in 0..octets.len() {
            fs::write(&path, &octets[..cut]).unwrap();
            assert_eq!(KeyFilter::read(&path), None, "{cut}");
        }
        assert!(!filter(0..0).may_have(device(1)));
    }
}
