//! Where the server listens, and how long it bears with connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Where the server listens, and how long it bears with connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Addresses; port 0 takes any free one. Off loopback, tokens would cross the network in the clear, so
    /// those need `trust_proxy`.
    pub addresses: Vec<SocketAddr>,
    /// Networks of proxies that speak TLS to the world. Their `x-forwarded-for` is believed, and off loopback
    /// nobody else is served.
    pub trust_proxy: Vec<IpNet>,
    /// Most connections at once; more wait in the system's queue.
    pub connections_max: usize,
    /// Requests that one HTTP/2 connection may have under way.
    pub streams_max: u32,
    /// Longest time from the opening of a connection, or from the last answer on it, to the end of the next
    /// request's head.
    pub head_time_s: u64,
    /// Longest time that an HTTP/2 connection stays open with nothing under way.
    pub idle_time_s: u64,
    /// Longest time that requests under way get to finish when the server stops.
    pub drain_time_s: u64,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            addresses: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080)],
            trust_proxy: Vec::new(),
            connections_max: 1_024,
            streams_max: 128,
            head_time_s: 30,
            idle_time_s: 180,
            drain_time_s: 30,
        }
    }
}

impl Listen {
    /// [`Listen::head_time_s`] as a duration.
    pub fn head_time(&self) -> Duration {
        Duration::from_secs(self.head_time_s)
    }

    /// [`Listen::idle_time_s`] as a duration.
    pub fn idle_time(&self) -> Duration {
        Duration::from_secs(self.idle_time_s)
    }

    /// [`Listen::drain_time_s`] as a duration.
    pub fn drain_time(&self) -> Duration {
        Duration::from_secs(self.drain_time_s)
    }
}
