//! Repeatable numbers (SplitMix64): what is drawn is the same for a seed, when it happens is not.

use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of a seed for one thread.
    pub fn new(seed: u64, thread: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, thread).hash(&mut hasher);
        Dice(hasher.finish())
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// An index other than this one.
    pub fn other(&mut self, length: usize, than: usize) -> usize {
        let other = self.index(length - 1);
        other + usize::from(other >= than)
    }
}
