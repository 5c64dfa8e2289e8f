//! How much the surfaces take at once, as far as an operator sets it.

use std::num::NonZeroU32;
use std::time::Duration;

use docket_surfaces_kit::Limits;
use serde::{Deserialize, Serialize};

/// How much the surfaces take at once. A member that is left out has the default of [`Limits`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// Requests a second of one token; nothing is limited by default. Too low a figure makes some clients
    /// wait for a long time before they ask again.
    pub token_rate: Option<NonZeroU32>,
    /// Requests that one token may send at once before its rate counts.
    pub token_burst: Option<NonZeroU32>,
    /// Requests a second of one address, whatever they carry; nothing is limited by default. An IPv6 address counts
    /// with its /64. Behind a proxy that is not in `listen.trust_proxy` all clients have the proxy's address.
    pub address_rate: Option<NonZeroU32>,
    /// Requests that one address may send at once before its rate counts.
    pub address_burst: Option<NonZeroU32>,
    /// Refused credentials of one address in a minute, and at once; beyond it they are answered 429,
    /// while valid ones of the same address are taken as ever.
    pub failed_credentials_per_minute: Option<NonZeroU32>,
    /// Longest time until an answer begins.
    pub request_time_s: Option<u64>,
    /// Bytes of request bodies that are in memory at once. Parsing takes a few times as much beside them.
    pub bodies_bytes_max: Option<usize>,
    /// Questions to the store at once.
    pub reads_max: Option<usize>,
    /// Batches that are parsed and hashed at once.
    pub writes_max: Option<usize>,
}

impl LimitsSection {
    /// The limits.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            token_rate: self.token_rate.or(usual.token_rate),
            token_burst: self.token_burst.unwrap_or(usual.token_burst),
            address_rate: self.address_rate.or(usual.address_rate),
            address_burst: self.address_burst.unwrap_or(usual.address_burst),
            failed_credentials_per_minute: self
                .failed_credentials_per_minute
                .unwrap_or(usual.failed_credentials_per_minute),
            request_time: self
                .request_time_s
                .map_or(usual.request_time, Duration::from_secs),
            bodies_bytes_max: self.bodies_bytes_max.unwrap_or(usual.bodies_bytes_max),
            reads_max: self.reads_max.unwrap_or(usual.reads_max),
            writes_max: self.writes_max.unwrap_or(usual.writes_max),
            ..usual
        }
    }
}
