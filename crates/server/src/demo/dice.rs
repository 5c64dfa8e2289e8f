//! Numbers that look random and are the same every time.

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0, below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let number = self.next() % u64::from(end.max(1));
        u32::try_from(number).unwrap_or_default()
    }

    /// One of `all`; `None` when there is nothing.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.get(usize::try_from(self.below(count)).unwrap_or_default())
    }

    /// One of `all` by their weights; the last one if there are none.
    pub(super) fn weigh<T: Copy>(&mut self, all: &[(u32, T)], otherwise: T) -> T {
        let mut left = self.below(all.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in all {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *one,
            }
        }
        otherwise
    }

    /// An id of 12 hex digits behind a prefix.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}{:012x}", self.next() & 0xffff_ffff_ffff)
    }
}
