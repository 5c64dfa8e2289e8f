//! Servers on this machine: which ports they can have, and whether they are ready.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports of servers: below those that the system gives to connections on their way out, which would take the port of a
/// server that is killed and started again.
const FIRST_PORT: u16 = 20_000;
/// How many there are of them.
const PORTS: u16 = 12_000;

/// How many of them this program has looked at.
static LOOKED_AT: AtomicU16 = AtomicU16::new(0);

/// The first of `count` neighbouring ports that nothing listens on; `None` when there are none.
pub fn free_ports(count: u16) -> Option<u16> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Programs begin in different places, so they seldom meet.
    let begin = (std::process::id() % u32::from(PORTS)) as u16;
    (0..PORTS).find_map(|_| {
        let looked_at = LOOKED_AT.fetch_add(count, Ordering::Relaxed);
        let first = FIRST_PORT + (begin + looked_at % PORTS) % PORTS;
        (first..first + count).all(is_free).then_some(first)
    })
}

/// Whether what listens on a port of the loopback interface says that it is ready.
pub fn is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
