//! Randomness from the operating system, for what must not be guessed or repeated.

/// Octets that nobody can predict.
pub(crate) fn octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).expect("the operating system has a random source");
    octets
}

/// A number that nobody can predict.
pub(crate) fn number() -> u64 {
    u64::from_ne_bytes(octets())
}
