//! The clock of the bench.

use std::time::{Duration, Instant};

/// A running stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// What it shows.
    pub fn time(&self) -> Duration {
        self.0.elapsed()
    }

    /// What it shows, in seconds.
    pub fn seconds(&self) -> f64 {
        self.time().as_secs_f64()
    }
}
