//! Numbers by chance, from a seed that a failed test shows.

/// A source of numbers (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub fn new() -> Self {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).unwrap();
        let seed = u64::from_be_bytes(seed);
        println!("seed {seed:#x}");
        Self(seed)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Fewer octets than `limit`, or none.
    pub fn octets(&mut self, limit: u64) -> Vec<u8> {
        let count = self.below(limit);
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
