//! Times of many answers, as the few numbers that tell of them.

use std::time::Duration;

use serde_json::{Value, json};

/// Times of answers, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.0
            .push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of others.
    pub fn extend(&mut self, others: Times) {
        self.0.extend(others.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What they come to.
    pub fn spread(&self) -> Spread {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        // The smallest time that at least this share of all does not exceed.
        let at = |hundredths: usize| {
            let rank = (sorted.len() * hundredths).div_ceil(100).max(1) - 1;
            sorted.get(rank).map_or(0.0, |nanos| *nanos as f64 / 1e3)
        };
        Spread {
            count: sorted.len(),
            p50_micros: at(50),
            p99_micros: at(99),
            max_micros: at(100),
        }
    }
}

/// What many times come to, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Median.
    pub p50_micros: f64,
    /// 99th percentile.
    pub p99_micros: f64,
    /// Longest.
    pub max_micros: f64,
}

impl Spread {
    /// For the file of figures.
    pub fn json(&self) -> Value {
        json!({
            "count": self.count,
            "p50_micros": self.p50_micros,
            "p99_micros": self.p99_micros,
            "max_micros": self.max_micros,
        })
    }
}

/// The median, the upper one of two; 0 of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        let mut times = Times::default();
        for micros in (1..=200).rev() {
            times.add(Duration::from_micros(micros));
        }
        let spread = times.spread();
        assert_eq!((spread.count, spread.p50_micros), (200, 100.0));
        assert_eq!((spread.p99_micros, spread.max_micros), (198.0, 200.0));
        assert_eq!(Times::default().spread(), Spread::default());
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
