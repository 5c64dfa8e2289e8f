//! Which ports are opened for the addresses that the operator gives, and what is spoken on each.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, bail};

use crate::config::Listen;

/// How far above an address's port its TLS is.
const TLS_ABOVE: u16 = 1;

/// What is spoken on a port below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing: cleartext.
    Clear,
    /// TLS.
    Tls,
}

/// A port that is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// Where.
    pub address: SocketAddr,
    /// What is spoken there.
    pub transport: Transport,
    /// The address of the configuration that wants it.
    pub given: SocketAddr,
}

/// The ports of a configuration: on loopback cleartext and, if there is TLS, TLS on the next port up; off
/// loopback TLS alone, and cleartext where proxies are named.
///
/// # Errors
/// An address off loopback that would send tokens in the clear; one whose TLS has no port; two that want
/// the same one; settings of TLS that contradict each other.
pub fn plan(listen: &Listen) -> anyhow::Result<Vec<Port>> {
    let with_tls = listen.certificate()?.is_some();
    let mut ports = Vec::new();
    for &given in &listen.addresses {
        let is_near = given.ip().to_canonical().is_loopback();
        let is_clear = is_near || !listen.trust_proxy.is_empty();
        if !is_clear && !with_tls {
            bail!(
                "{given} is not on loopback, and tokens would cross the network in the clear: serve TLS with \
                 --tls-cert and --tls-key, or with --dev-tls to try it; or put a proxy that speaks TLS in \
                 front and give its network with --trust-proxy, as in --trust-proxy 10.0.0.0/8; or listen on \
                 127.0.0.1:{}",
                given.port()
            );
        }
        if is_clear {
            ports.push(Port {
                address: given,
                transport: Transport::Clear,
                given,
            });
        }
        if with_tls {
            ports.push(Port {
                address: above(given)?,
                transport: Transport::Tls,
                given,
            });
        }
    }
    apart(&ports)?;
    Ok(ports)
}

/// The address that an address's TLS is on.
fn above(given: SocketAddr) -> anyhow::Result<SocketAddr> {
    let mut address = given;
    if given.port() > 0 {
        let port = given.port().checked_add(TLS_ABOVE);
        address.set_port(port.with_context(|| {
            format!(
                "{given} has no port above it, where its TLS would be: listen on a port of at most {}",
                u16::MAX - TLS_ABOVE
            )
        })?);
    }
    Ok(address)
}

/// Fails if two ports are one.
fn apart(ports: &[Port]) -> anyhow::Result<()> {
    for (at, port) in ports.iter().enumerate() {
        for other in ports.iter().take(at) {
            if collide(port.address, other.address) {
                bail!(
                    "{} and {} want the same port: give addresses that are further apart; each has its TLS, if \
                     there is any, on the next port up",
                    other.told(),
                    port.told()
                );
            }
        }
    }
    Ok(())
}

fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let (one_ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    let is_any = |ip: IpAddr| ip.is_unspecified() && one_ip.is_ipv4() == other_ip.is_ipv4();
    let is_same = one_ip == other_ip || is_any(one_ip) || is_any(other_ip);
    one.port() > 0 && one.port() == other.port() && is_same
}

impl Port {
    /// The port and who wants it, for a sentence.
    pub fn told(&self) -> String {
        match self.transport {
            Transport::Clear => self.address.to_string(),
            Transport::Tls => format!("{} (the TLS of {})", self.address, self.given),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &[&str] = &["10.0.0.0/8"];

    fn check(addresses: &[&str], proxies: &[&str], dev_tls: bool) -> Result<String, String> {
        let listen = Listen {
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            trust_proxy: proxies.iter().map(|text| text.parse().unwrap()).collect(),
            dev_tls,
            ..Listen::default()
        };
        let ports = plan(&listen).map_err(|error| error.to_string())?;
        let told = ports.iter().map(|port| match port.transport {
            Transport::Clear => format!("http {}", port.address),
            Transport::Tls => format!("https {}", port.address),
        });
        Ok(told.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn tls_is_on_the_next_port_up() {
        for (addresses, proxies, tls, expected) in [
            (&["127.0.0.1:80"][..], &[][..], false, "http 127.0.0.1:80"),
            (
                &["127.0.0.1:80"],
                &[],
                true,
                "http 127.0.0.1:80, https 127.0.0.1:81",
            ),
            (&["[::1]:80"], &[], true, "http [::1]:80, https [::1]:81"),
            (
                &["127.0.0.1:0", "127.0.0.1:0"],
                &[],
                true,
                "http 127.0.0.1:0, https 127.0.0.1:0, http 127.0.0.1:0, https 127.0.0.1:0",
            ),
            (&["0.0.0.0:80"], &[], true, "https 0.0.0.0:81"),
            (&["0.0.0.0:80"], PROXY, false, "http 0.0.0.0:80"),
            (
                &["0.0.0.0:80"],
                PROXY,
                true,
                "http 0.0.0.0:80, https 0.0.0.0:81",
            ),
            (
                &["127.0.0.1:65534"],
                &[],
                true,
                "http 127.0.0.1:65534, https 127.0.0.1:65535",
            ),
            (&["127.0.0.1:65535"], &[], false, "http 127.0.0.1:65535"),
            (
                &["127.0.0.1:80", "127.0.0.2:81"],
                &[],
                true,
                "http 127.0.0.1:80, https 127.0.0.1:81, http 127.0.0.2:81, https 127.0.0.2:82",
            ),
        ] {
            let planned = check(addresses, proxies, tls);
            assert_eq!(planned.as_deref(), Ok(expected), "{addresses:?}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        for (addresses, tls, parts) in [
            (&["0.0.0.0:80"][..], false, ["0.0.0.0:80 is", "--tls-cert"]),
            (&["[::]:80"], false, ["[::]:80 is", "--dev-tls"]),
            (
                &["192.0.2.1:80"],
                false,
                ["192.0.2.1:80 is", "--trust-proxy"],
            ),
            (&["127.0.0.1:65535"], true, ["127.0.0.1:65535", "65534"]),
            (
                &["127.0.0.1:80", "127.0.0.1:81"],
                true,
                [
                    "127.0.0.1:81 (the TLS of 127.0.0.1:80)",
                    "and 127.0.0.1:81 want",
                ],
            ),
            (
                &["0.0.0.0:80", "127.0.0.1:81"],
                true,
                [
                    "0.0.0.0:81 (the TLS of 0.0.0.0:80)",
                    "and 127.0.0.1:81 want",
                ],
            ),
            (
                &["127.0.0.1:80", "[::ffff:127.0.0.1]:80"],
                false,
                ["127.0.0.1:80 and", "[::ffff:127.0.0.1]:80"],
            ),
        ] {
            let told = check(addresses, &[], tls).unwrap_err();
            assert!(
                parts.iter().all(|part| told.contains(part)),
                "{addresses:?}: {told}"
            );
        }
    }
}
