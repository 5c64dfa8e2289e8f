//! Whom to believe about where a request came from.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Names the addresses that a request has passed, the client's first.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether a peer is served at all: where proxies are named, only they and this machine are.
pub fn admits(trusted: &[IpNet], peer: IpAddr) -> bool {
    trusted.is_empty() || peer.is_loopback() || is_in(trusted, peer)
}

/// The address of the client: what trusted proxies say, up to the first word that none of them gave.
pub fn client(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_in(trusted, peer) {
        return peer;
    }
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|value| value.to_str().unwrap_or(""))
        .collect();
    let mut client = peer;
    for word in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(address) = word.trim().parse::<IpAddr>() else {
            return client;
        };
        client = address.to_canonical();
        if !is_in(trusted, client) {
            return client;
        }
    }
    client
}

fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let check = |peer: &str, lines: &[&str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            let found = client(&trusted, peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), expected, "{peer} {lines:?}");
        };
        check("9.9.9.9", &["1.1.1.1"], "9.9.9.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["1.1.1.1"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6, 1.1.1.1,10.0.0.2"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2");
        check("10.0.0.1", &["::ffff:1.1.1.1"], "1.1.1.1");
        assert!(admits(&trusted, "127.0.0.1".parse().unwrap()));
        assert!(!admits(&trusted, "9.9.9.9".parse().unwrap()));
        assert!(admits(&[], "9.9.9.9".parse().unwrap()));
    }
}
