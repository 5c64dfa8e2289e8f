//! `kill -9` during ingest, again and again: what was acknowledged is there, in order, and `check` is clean.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use docket_testkit::loopback::free_ports;
use serde_json::{Value, json};

/// How often the server is killed, unless `DOCKET_KILLS` says otherwise.
const KILLS: u64 = 50;
const WRITERS: usize = 3;

/// Acknowledged positions and the request ids that stand there.
type Acked = Mutex<BTreeMap<u64, String>>;

fn docket(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
    command.arg("--data").arg(data);
    command
}

fn start(data: &Path, port: u16, log: &Path) -> Child {
    let errors = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    let mut command = docket(data);
    command.args([
        "serve",
        "--block-events",
        "64",
        "--listen",
        &format!("127.0.0.1:{port}"),
    ]);
    command
        .stdout(Stdio::null())
        .stderr(errors)
        .stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    for _ in 0..1_000 {
        if ask(port, "GET", "/readyz", "", "").is_some_and(|(status, _)| status == 200) {
            return child;
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "{}",
            std::fs::read_to_string(log).unwrap()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!(
        "the server does not get ready: {}",
        std::fs::read_to_string(log).unwrap()
    );
}

/// One request on a connection of its own; `None` when the server went away.
fn ask(port: u16, method: &str, target: &str, token: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = None;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        length = lower
            .strip_prefix("content-length: ")
            .map_or(length, |text| text.trim().parse().ok());
    }
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Writes batches of all sizes until the server goes away; notes what it acknowledged.
fn write(port: u16, token: &str, name: &str, acked: &Acked, stop: &AtomicBool) {
    for number in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let count = [1, 1, 3, 20, 70][usize::try_from(number % 5).unwrap()];
        let requests: Vec<String> = (0..count)
            .map(|one| format!("{name}-{number}-{one}"))
            .collect();
        let events: Vec<Value> = requests
            .iter()
            .map(|request| json!({"type": "shop.opened", "request_id": request, "actor": {"id": name}}))
            .collect();
        let body = Value::Array(events).to_string();
        let Some((status, answer)) = ask(port, "POST", "/api/v1/events", token, &body) else {
            return;
        };
        if status != 200 {
            continue;
        }
        let positions = answer["positions"].as_array().unwrap();
        let mut acked = acked.lock().unwrap();
        for (position, request) in positions.iter().zip(requests) {
            let taken = acked.insert(position.as_u64().unwrap(), request);
            assert_eq!(taken, None, "a position is given once");
        }
    }
}

/// Reads the whole log in recorded order and compares.
fn compare(port: u16, token: &str, acked: &Acked) {
    let acked = acked.lock().unwrap();
    let (mut cursor, mut position, mut seen) = (String::new(), 0_u64, 0_usize);
    loop {
        let target = format!("/api/v1/events?direction=asc&limit=1000{cursor}");
        let (status, page) = ask(port, "GET", &target, token, "").unwrap();
        assert_eq!(status, 200, "{page}");
        for event in page["events"].as_array().unwrap() {
            if let Some(request) = acked.get(&position) {
                assert_eq!(event["request_id"], request.as_str(), "position {position}");
                seen += 1;
            }
            position += 1;
        }
        if page["has_more"] != true {
            break;
        }
        cursor = format!("&cursor={}", page["next"].as_str().unwrap());
    }
    assert_eq!(seen, acked.len(), "every acknowledged event is there");
}

#[test]
fn nothing_acknowledged_is_lost() {
    let kills = std::env::var("DOCKET_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let made = docket(&data)
        .args(["init", "--org", "acme", "--owner", "a@example.com"])
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let token = made["token"].as_str().unwrap();
    let port = free_ports(1).unwrap();
    let acked: Acked = Mutex::default();
    for kill in 0..kills {
        let mut server = start(&data, port, &log);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (acked, stop) = (&acked, &stop);
                scope.spawn(move || write(port, token, &format!("k{kill}w{writer}"), acked, stop));
            }
            std::thread::sleep(Duration::from_millis(20 + kill * 7 % 160));
            server.kill().unwrap();
            server.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        if kill % 10 == 9 {
            let mut server = start(&data, port, &log);
            compare(port, token, &acked);
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
    let mut server = start(&data, port, &log);
    compare(port, token, &acked);
    server.kill().unwrap();
    server.wait().unwrap();
    let check = docket(&data).arg("check").output().unwrap();
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stdout)
    );
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("panicked"), "{log}");
    let count = acked.lock().unwrap().len();
    println!("{kills} kills, {count} events acknowledged");
    assert!(
        count > 64 * 3,
        "too few events for seals to happen: {count}"
    );
}
