//! How much is taken at once: every limit of the HTTP side by its name.

use std::num::NonZeroU32;
use std::time::Duration;

use docket_event::BATCH_BYTES_MAX;

/// The limits of all surfaces together, save where a member says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a request's body, as it is sent and again as it decompresses.
    pub body_bytes_max: usize,
    /// Most bytes of bodies, decompressed, that are in memory at once; beyond it requests get Busy.
    pub bodies_bytes_max: usize,
    /// Most bytes of an address with its query string.
    pub uri_bytes_max: usize,
    /// Most bytes of all header names and values together.
    pub headers_bytes_max: usize,
    /// Longest time until an answer begins.
    pub request_time: Duration,
    /// Most questions to the store at once.
    pub reads_max: usize,
    /// Most batches that are parsed and hashed at once.
    pub writes_max: usize,
    /// Longest time that a request waits for one of those places; then it gets Busy.
    pub place_time: Duration,
    /// Requests a second of one token in the long run; `None`: as many as it likes.
    pub token_rate: Option<NonZeroU32>,
    /// Requests that one token may send at once before its rate counts.
    pub token_burst: NonZeroU32,
    /// Requests a second of one address in the long run, whatever they carry; `None`: as many as it likes. An IPv6
    /// address counts with its /64.
    pub address_rate: Option<NonZeroU32>,
    /// Requests that one address may send at once before its rate counts.
    pub address_burst: NonZeroU32,
    /// Refused credentials of one address in a minute, and at once. Beyond it they are answered TooMany instead of
    /// UnknownToken; valid ones of the same address are taken as ever.
    pub failed_credentials_per_minute: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes_max: BATCH_BYTES_MAX,
            bodies_bytes_max: 128 << 20,
            uri_bytes_max: 60 << 10,
            headers_bytes_max: 32 << 10,
            request_time: Duration::from_secs(60),
            reads_max: 64,
            writes_max: 16,
            place_time: Duration::from_secs(2),
            token_rate: None,
            token_burst: NonZeroU32::MIN.saturating_add(99),
            // One host may bring a whole platform's events, and behind a proxy that is not trusted all clients have
            // one address: no figure suits both them and a stranger.
            address_rate: None,
            address_burst: NonZeroU32::MIN.saturating_add(1_999),
            failed_credentials_per_minute: NonZeroU32::MIN.saturating_add(59),
        }
    }
}
