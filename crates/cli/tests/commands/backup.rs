//! Backups, and stores made from them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;
use crate::server::Server;

/// Names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Sends one event; its id once it is acknowledged.
fn post(url: &str, token: &str, number: u64) -> Option<String> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).ok()?;
    let body = format!("{{\"type\":\"shop.opened\",\"request_id\":\"r-{number}\"}}");
    let request = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body["ids"][0].as_str()?.to_owned())
}

fn wait_until(what: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if what() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it does not come true");
}

fn ids(place: &Place, data: &str) -> Vec<String> {
    let text = place.text(&format!("export --org acme --data {data}"));
    text.lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn a_backup_of_a_busy_server_is_a_prefix_with_all_that_was_acknowledged() {
    let place = Place::new();
    let made = place.json("init --org acme --owner ada@example.com");
    let token = made["token"].as_str().unwrap();
    place.text("init --org quiet --owner ada@example.com");
    let server = Server::start(&place, "--block-events 64");
    let (acked, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let (before, report) = thread::scope(|threads| {
        threads.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let id = post(&server.url, token, number).unwrap();
                acked.lock().unwrap().push(id);
            }
        });
        wait_until(|| acked.lock().unwrap().len() >= 200);
        let before = acked.lock().unwrap().clone();
        let report = place.json("backup copy --json");
        let during = acked.lock().unwrap().len();
        wait_until(|| acked.lock().unwrap().len() > during);
        stop.store(true, Ordering::Relaxed);
        (before, report)
    });
    server.stop();
    let manifest = fs::read(place.path("copy/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(report["logs"], 2, "{report}");
    let restored = place.json("restore copy --data again --json");
    assert_eq!(restored["events"], report["events"]);
    place.text("check --data again");

    let (original, again) = (ids(&place, "data"), ids(&place, "again"));
    let size = usize::try_from(manifest["logs"][0]["size"].as_u64().unwrap()).unwrap();
    assert_eq!(again[..size], original[..size]);
    assert!(original.len() > size, "nothing was written meanwhile");
    assert_eq!(again.len(), size + 1);
    for id in before {
        assert!(again[..size].contains(&id), "{id} was acknowledged before");
    }
    let last = place.text("export --org acme --data again --type docket.backup.*");
    let types: Vec<Value> = last
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect();
    assert_eq!(types[0]["type"], "docket.backup.created");
    assert_eq!(types[1]["type"], "docket.backup.restored");
    assert_eq!(types[1]["data"]["size"], size);
    assert_eq!(types[1]["data"]["backup_of"], manifest["created_at"]);
    // Members and tokens came along.
    assert!(
        place
            .text("member list --org quiet --data again")
            .contains("ada@example.com")
    );
}

#[test]
fn a_backup_is_private_and_has_the_settings() {
    let place = Place::with_acme();
    place.file("data/docket.toml", "json = false\n");
    place.file("data/notes.txt", "not the store's\n");
    place.text("backup copy");
    assert_eq!(
        names(&place.path("copy")),
        ["docket.db", "docket.toml", "manifest.json"]
    );
    assert_eq!(mode(&place.path("copy")), 0o700);
    for name in names(&place.path("copy")) {
        assert_eq!(mode(&place.path("copy").join(name)), 0o600);
    }
    place.text("restore copy --data again");
    assert_eq!(
        names(&place.path("again")),
        ["docket.db", "docket.toml", "lock"]
    );
    assert_eq!(mode(&place.path("again")), 0o700);
    assert_eq!(mode(&place.path("again/docket.db")), 0o600);
    // An empty folder will do, another will not.
    fs::create_dir(place.path("empty")).unwrap();
    place.text("backup empty");
    let told = place.fails("backup empty", 1);
    assert!(told.contains("not empty"), "{told}");
    let told = place.fails("backup no/such", 1);
    assert!(told.contains("no"), "{told}");
    // What was refused is no event.
    assert_eq!(place.export("--type docket.backup.created").len(), 2);
}

#[test]
fn an_occupied_folder_is_left_alone() {
    let place = Place::with_acme();
    place.text("backup copy");
    let before = fs::read(place.path("data/docket.db")).unwrap();
    let told = place.fails("restore copy", 1);
    assert!(
        told.contains("not empty") && told.contains("docket.db"),
        "{told}"
    );
    assert_eq!(fs::read(place.path("data/docket.db")).unwrap(), before);
    fs::create_dir(place.path("other")).unwrap();
    place.file("other/thesis.txt", "mine");
    let told = place.fails("restore copy --data other", 1);
    assert!(told.contains("thesis.txt"), "{told}");
    assert_eq!(names(&place.path("other")), ["thesis.txt"]);
    let server = Server::start(&place, "");
    place.fails("restore copy", 1);
    server.stop();
}

#[test]
fn a_backup_that_was_tampered_with_is_refused_by_name() {
    let place = Place::with_acme();
    place.file("data/docket.toml", "json = false\n");
    place.text("backup copy");
    let database = place.path("copy/docket.db");
    let good = fs::read(&database).unwrap();
    let mut bad = good.clone();
    bad[70_000] ^= 1;
    fs::write(&database, bad).unwrap();
    let told = place.fails("restore copy --data again", 1);
    assert!(
        told.contains("copy/docket.db") && told.contains("nothing was restored"),
        "{told}"
    );
    fs::write(&database, &good[..good.len() - 8_192]).unwrap();
    let told = place.fails("restore copy --data again", 1);
    assert!(
        told.contains("copy/docket.db") && told.contains("bytes instead of"),
        "{told}"
    );
    fs::write(&database, &good).unwrap();
    fs::write(place.path("copy/docket.toml"), "json = true\n").unwrap();
    let told = place.fails("restore copy --data again", 1);
    assert!(told.contains("copy/docket.toml"), "{told}");
    fs::write(place.path("copy/docket.toml"), "json = false\n").unwrap();

    let manifest = place.path("copy/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let root: Value = serde_json::from_str(&text).unwrap();
    let root = root["logs"][0]["root"].as_str().unwrap();
    fs::write(&manifest, text.replace(root, &"0".repeat(64))).unwrap();
    let told = place.fails("restore copy --data again", 1);
    assert!(told.contains("`acme`"), "{told}");
    fs::remove_file(&manifest).unwrap();
    let told = place.fails("restore copy --data again", 1);
    assert!(told.contains("no manifest.json"), "{told}");
    assert!(
        !place.path("again").exists(),
        "a refused backup leaves nothing"
    );
    fs::write(&manifest, text).unwrap();
    place.text("restore copy --data again");
}

#[test]
fn an_interrupted_backup_leaves_nothing() {
    let place = Place::with_acme();
    // Somebody has the folder open, so that the command waits with its work begun.
    let lock = fs::File::open(place.path("data/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = place.command("backup copy");
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = || {
        names(&place.path("."))
            .iter()
            .any(|name| name.starts_with(".docket-backup-"))
    };
    wait_until(begun);
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    drop(lock);
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    assert_eq!(names(&place.path(".")), ["data"]);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let place = Place::with_acme();
    let server = Server::start(&place, "");
    // Files of this process have at most 64 KiB; the server's do not.
    let docket = place.command("backup copy");
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash"])
        .arg(docket.get_program())
        .args(docket.get_args())
        .current_dir(place.path("."))
        .env("DOCKET_DATA", place.path("data"));
    let ended = limited.output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(
        told.contains("docket.db") && told.lines().count() == 1,
        "{told}"
    );
    assert_eq!(names(&place.path(".")), ["data"]);
    place.text("backup copy");
    server.stop();
}
