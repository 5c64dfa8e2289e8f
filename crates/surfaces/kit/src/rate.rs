//! How often each token may ask: a bucket of requests per token that fills with time.

use std::collections::HashMap;
use std::num::NonZeroU32;

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::Refusal;
use crate::refusal::RETRY_MAX_S;

/// Buckets that are remembered; beyond that, those that are full again are forgotten.
const BUCKETS_MAX: usize = 10_000;

/// The buckets of all tokens that asked lately.
#[derive(Debug)]
pub(crate) struct Rates {
    /// Requests a second; `None` when nothing is limited.
    per_second: Option<NonZeroU32>,
    burst: NonZeroU32,
    /// When each token's bucket is full again.
    full_at: Mutex<HashMap<String, Instant>>,
}

impl Rates {
    pub fn new(per_second: Option<NonZeroU32>, burst: NonZeroU32) -> Self {
        Rates {
            per_second,
            burst,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one request of the token's.
    pub fn take(&self, token_id: &str, now: Instant) -> Result<(), Refusal> {
        let Some(per_second) = self.per_second else {
            return Ok(());
        };
        // What one request costs of the bucket, as time in which it fills again.
        let cost = Duration::from_secs(1) / per_second.get();
        let mut buckets = self.full_at.lock();
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.get(token_id).copied().unwrap_or(now).max(now) + cost;
        let latest = now + cost * self.burst.get();
        if full_at > latest {
            let wait = full_at - latest;
            let retry_after_s = wait
                .as_millis()
                .div_ceil(1_000)
                .try_into()
                .unwrap_or(RETRY_MAX_S);
            return Err(Refusal::TooMany {
                retry_after_s: retry_after_s.clamp(1, RETRY_MAX_S),
                per_second: per_second.get(),
            });
        }
        buckets.insert(token_id.to_owned(), full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_counts() {
        let two = NonZeroU32::new(2);
        let rates = Rates::new(two, two.unwrap());
        let now = Instant::now();
        assert_eq!(
            (rates.take("a", now), rates.take("a", now)),
            (Ok(()), Ok(()))
        );
        assert_eq!(
            rates.take("a", now),
            Err(Refusal::TooMany {
                retry_after_s: 1,
                per_second: 2
            })
        );
        assert_eq!(rates.take("b", now), Ok(()));
        let later = now + Duration::from_millis(500);
        assert_eq!(rates.take("a", later), Ok(()));
        assert!(rates.take("a", later).is_err());
        assert_eq!(Rates::new(None, two.unwrap()).take("a", now), Ok(()));
    }
}
