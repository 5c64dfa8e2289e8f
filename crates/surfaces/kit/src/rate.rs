//! How often each token and each address may ask: buckets of requests that fill with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::refusal::RETRY_MAX_S;
use crate::{Limits, Refusal};

/// Buckets of one kind that are remembered. Beyond it those that are full again are forgotten; if there are none, all
/// are, and everybody begins anew.
pub const BUCKETS_MAX: usize = 10_000;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// How much of an IPv6 address is one client: who has one address of a network has all of them.
const NETWORK_BITS: u32 = 64;

/// All rates.
#[derive(Debug)]
pub(crate) struct Rates {
    tokens: Buckets<String>,
    addresses: Buckets<IpAddr>,
    failed_credentials: Buckets<IpAddr>,
}

impl Rates {
    pub fn new(limits: &Limits) -> Self {
        let cost = |rate: NonZeroU32| SECOND / rate.get();
        let failed = limits.failed_credentials_per_minute;
        Rates {
            tokens: Buckets::new("token", limits.token_rate.map(cost), limits.token_burst),
            addresses: Buckets::new(
                "address",
                limits.address_rate.map(cost),
                limits.address_burst,
            ),
            failed_credentials: Buckets::new(
                "failed_credentials",
                Some(MINUTE / failed.get()),
                failed,
            ),
        }
    }

    /// Takes one request of the token's.
    pub fn of_token(&self, token_id: &str, now: Instant) -> Result<(), Refusal> {
        self.tokens.take(token_id.to_owned(), now)
    }

    /// Takes one request of the address, if that is known.
    pub fn of_address(&self, client: Option<IpAddr>, now: Instant) -> Result<(), Refusal> {
        client.map_or(Ok(()), |client| self.addresses.take(network(client), now))
    }

    /// Takes one refused credential of the address, if that is known.
    pub fn of_failed_credential(
        &self,
        client: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), Refusal> {
        client.map_or(Ok(()), |client| {
            self.failed_credentials.take(network(client), now)
        })
    }
}

/// What counts as one client.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - NETWORK_BITS);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The buckets of all who asked lately.
#[derive(Debug)]
struct Buckets<K> {
    /// What the metric calls it.
    name: &'static str,
    /// What one request costs, as time in which the bucket fills again; `None` when nothing is limited.
    cost: Option<Duration>,
    burst: NonZeroU32,
    /// When each bucket is full again.
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(name: &'static str, cost: Option<Duration>, burst: NonZeroU32) -> Self {
        Buckets {
            name,
            cost,
            burst,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    fn take(&self, key: K, now: Instant) -> Result<(), Refusal> {
        let Some(cost) = self.cost else {
            return Ok(());
        };
        let mut buckets = self.full_at.lock();
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let full_at = buckets.get(&key).copied().unwrap_or(now).max(now) + cost;
        let latest = now + cost * self.burst.get();
        if full_at > latest {
            drop(buckets);
            metrics::counter!("docket_rates_refused_total", "rate" => self.name).increment(1);
            return Err(too_many(full_at - latest, cost));
        }
        buckets.insert(key, full_at);
        Ok(())
    }
}

fn too_many(wait: Duration, cost: Duration) -> Refusal {
    let seconds = wait.as_millis().div_ceil(1_000);
    let retry_after_s = u64::try_from(seconds).unwrap_or(RETRY_MAX_S);
    let per_second = SECOND.as_nanos() / cost.as_nanos().max(1);
    Refusal::TooMany {
        retry_after_s: retry_after_s.clamp(1, RETRY_MAX_S),
        per_second: u32::try_from(per_second).unwrap_or(u32::MAX).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> NonZeroU32 {
        NonZeroU32::new(2).unwrap()
    }

    #[test]
    fn a_burst_passes_then_the_rate_counts() {
        let rates = Buckets::new("token", Some(SECOND / 2), two());
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
        assert_eq!(Buckets::new("token", None, two()).take("a", now), Ok(()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let limits = Limits {
            address_rate: Some(NonZeroU32::MIN),
            address_burst: NonZeroU32::MIN,
            ..Limits::default()
        };
        let now = Instant::now();
        let rates = Rates::new(&limits);
        let takes = |address: &str| {
            let client = address.parse().unwrap();
            rates.of_address(Some(client), now).is_ok()
        };
        for (address, is_taken) in [
            ("2001:db8:1:2::1", true),
            ("2001:db8:1:2:ffff::", false),
            ("2001:db8:1:3::1", true),
            ("192.0.2.1", true),
            ("192.0.2.2", true),
            ("::ffff:192.0.2.1", false),
        ] {
            assert_eq!(takes(address), is_taken, "{address}");
        }
        assert_eq!(rates.of_address(None, now), Ok(()));
    }

    #[test]
    fn the_memory_of_buckets_is_bounded() {
        let rates = Buckets::new("address", Some(MINUTE), NonZeroU32::MIN);
        let now = Instant::now();
        for number in 0..=BUCKETS_MAX {
            assert_eq!(rates.take(number, now), Ok(()));
        }
        assert_eq!(rates.full_at.lock().len(), 1);
    }
}
