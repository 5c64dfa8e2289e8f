//! Where the server listens, and how long it bears with connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Longest time that a TLS handshake may take, where [`Listen::head_time_s`] is longer.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// Where the server listens, and how long it bears with connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Addresses; port 0 takes any free one. With TLS, each has its TLS on the next port up. Off loopback,
    /// tokens would cross the network in the clear, so those need TLS or `trust_proxy`.
    pub addresses: Vec<SocketAddr>,
    /// Networks of proxies that speak TLS to the world. Their `x-forwarded-for` is believed, and nobody else
    /// but this machine is served in the clear.
    pub trust_proxy: Vec<IpNet>,
    /// PEM file with the certificate that TLS clients are shown, the server's own first, then its chain.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the key of `tls_cert`: PKCS#8, SEC1 or PKCS#1, not encrypted.
    pub tls_key: Option<PathBuf>,
    /// TLS with a certificate of a certificate authority that the server makes for itself.
    pub dev_tls: bool,
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
            tls_cert: None,
            tls_key: None,
            dev_tls: false,
            connections_max: 1_024,
            streams_max: 128,
            head_time_s: 30,
            idle_time_s: 180,
            drain_time_s: 30,
        }
    }
}

/// Where the certificate comes from that TLS clients are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// From files of the operator's.
    Files {
        /// [`Listen::tls_cert`].
        cert: PathBuf,
        /// [`Listen::tls_key`].
        key: PathBuf,
    },
    /// From an authority of the server's own.
    Dev,
}

/// Settings of TLS that contradict each other; the text says what to give instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsContradiction(&'static str);

impl Listen {
    /// Where the certificate comes from; `None` without TLS.
    ///
    /// # Errors
    /// Half of what is needed, or twice as much.
    pub fn certificate(&self) -> Result<Option<Certificate>, TlsContradiction> {
        match (&self.tls_cert, &self.tls_key, self.dev_tls) {
            (None, None, false) => Ok(None),
            (None, None, true) => Ok(Some(Certificate::Dev)),
            (Some(cert), Some(key), false) => Ok(Some(Certificate::Files {
                cert: cert.clone(),
                key: key.clone(),
            })),
            (Some(_), None, false) => Err(TlsContradiction(
                "--tls-cert needs the certificate's key: give it with --tls-key",
            )),
            (None, Some(_), false) => Err(TlsContradiction(
                "--tls-key needs the key's certificate: give it with --tls-cert",
            )),
            (_, _, true) => Err(TlsContradiction(
                "--dev-tls makes a certificate and a key of its own: give either it or --tls-cert and \
                 --tls-key",
            )),
        }
    }

    /// Longest time that a TLS handshake may take.
    pub fn handshake_time(&self) -> Duration {
        self.head_time().min(HANDSHAKE_TIME_MAX)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_one_source_and_all_of_it() {
        let check = |cert: Option<&str>, key: Option<&str>, dev_tls| {
            let listen = Listen {
                tls_cert: cert.map(PathBuf::from),
                tls_key: key.map(PathBuf::from),
                dev_tls,
                ..Listen::default()
            };
            listen.certificate().map_err(|error| error.to_string())
        };
        assert_eq!(check(None, None, false), Ok(None));
        assert_eq!(check(None, None, true), Ok(Some(Certificate::Dev)));
        let files = Certificate::Files {
            cert: "c".into(),
            key: "k".into(),
        };
        assert_eq!(check(Some("c"), Some("k"), false), Ok(Some(files)));
        for (cert, key, dev_tls, named) in [
            (Some("c"), None, false, "--tls-key"),
            (None, Some("k"), false, "--tls-cert"),
            (Some("c"), Some("k"), true, "either"),
            (Some("c"), None, true, "either"),
            (None, Some("k"), true, "either"),
        ] {
            let told = check(cert, key, dev_tls).unwrap_err();
            assert!(told.contains(named), "{told}");
        }
    }
}
