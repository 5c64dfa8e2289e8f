//! Numbers that follow Zipf's law, from a repeatable source.

use docket_engine::testing::random::Dice;

/// Ranks below `count`, rank `k` with weight `1 / (k + 1)^exponent`.
#[derive(Clone, Debug)]
pub struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    /// The distribution over `count` ranks.
    pub fn new(count: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let add = |rank: usize| {
            sum += ((rank + 1) as f64).powf(-exponent);
            sum
        };
        Zipf {
            sums: (0..count).map(add).collect(),
        }
    }

    /// The share of a rank.
    pub fn share(&self, rank: usize) -> f64 {
        let sum = |count: usize| count.checked_sub(1).and_then(|last| self.sums.get(last));
        let upto = |count: usize| sum(count).copied().unwrap_or_default();
        (upto(rank + 1) - upto(rank)) / self.sums.last().copied().unwrap_or(1.0)
    }

    /// A rank.
    pub fn roll(&self, dice: &mut Dice) -> usize {
        let whole = self.sums.last().copied().unwrap_or(1.0);
        let upper = u32::try_from(dice.roll() >> 32).unwrap_or(0);
        let wanted = f64::from(upper) / f64::from(u32::MAX) * whole;
        self.sums
            .partition_point(|sum| *sum < wanted)
            .min(self.sums.len().saturating_sub(1))
    }
}
