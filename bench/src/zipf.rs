//! Numbers that follow Zipf's law, from a repeatable source.

use docket_engine::testing::random::Dice;

/// Ranks below `count`, rank `k` with weight `1 / (k + 1)^exponent`.
#[derive(Clone, Debug)]
pub struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    /// The distribution over `count` ranks.
    pub fn new(count: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let add = |rank: u32| {
            sum += f64::from(rank + 1).powf(-exponent);
            sum
        };
        Zipf {
            sums: (0..count).map(add).collect(),
        }
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
