//! `docket serve` with TLS.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::place::Place;
use crate::server::Server;

/// A request that trusts this certificate.
fn curl(url: &str, ca: Option<&Path>) -> Output {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "-w", "%{http_version}"]);
    if let Some(ca) = ca {
        curl.arg("--cacert").arg(ca);
    }
    curl.arg(format!("{url}/healthz")).output().unwrap()
}

fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn clients_that_trust_the_authority_go_on_after_a_restart() {
    let place = Place::with_acme();
    let server = Server::start(&place, "--dev-tls");
    let ca = place.path("data/tls/ca.pem");
    let url = server.tls_url.clone().unwrap();
    assert_eq!(says(&curl(&url, Some(&ca))), "ok\n2");
    assert_eq!(says(&curl(&server.url, None)), "ok\n1.1");
    assert!(!curl(&url, None).status.success());
    server.stop();

    let mode = |name: &str| {
        let path = place.path("data").join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    for (name, expected) in [
        ("tls", 0o700),
        ("tls/ca.pem", 0o644),
        ("tls/ca.key", 0o600),
        ("tls/server.key", 0o600),
    ] {
        assert_eq!(mode(name), expected, "{name}");
    }
    let copy = place.path("trusted.pem");
    fs::copy(&ca, &copy).unwrap();
    let before = fs::read(place.path("data/tls/server.pem")).unwrap();
    let server = Server::start(&place, "--dev-tls");
    assert_eq!(fs::read(&ca).unwrap(), fs::read(&copy).unwrap());
    assert_eq!(fs::read(place.path("data/tls/server.pem")).unwrap(), before);
    let url = server.tls_url.clone().unwrap();
    assert_eq!(says(&curl(&url, Some(&copy))), "ok\n2");
    server.stop();

    // A backup has no authority in it; a restored copy makes its own.
    place.text("backup saved");
    assert!(!place.path("saved/tls").exists());
}

#[test]
fn a_hangup_has_the_certificate_read_again() {
    let place = Place::with_acme();
    let server = Server::start(&place, "");
    let told = server.after_signal("-HUP", "SIGHUP");
    assert!(told.contains("no TLS certificate"), "{told}");
    server.stop();

    // The files of one authority serve as those of an operator.
    Server::start(&place, "--dev-tls").stop();
    for name in ["server.pem", "server.key"] {
        fs::copy(place.path("data/tls").join(name), place.path(name)).unwrap();
    }
    let server = Server::start(&place, "--tls-cert server.pem --tls-key server.key");
    let told = server.after_signal("-HUP", "SIGHUP");
    assert!(told.contains("new connections get"), "{told}");
    place.file("server.key", "nothing");
    let told = server.after_signal("-HUP", "SIGHUP");
    let parts = ["server.key holds no key", "stays", "send SIGHUP again"];
    assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    let ca = place.path("data/tls/ca.pem");
    let url = server.tls_url.clone().unwrap();
    assert_eq!(says(&curl(&url, Some(&ca))), "ok\n2");
    server.stop();
}

#[test]
fn a_demo_with_tls_alone_can_be_pasted() {
    let place = Place::new();
    let mut command = place.command("serve --demo --dev-tls --listen 0.0.0.0:0");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut banner = String::new();
    while !banner.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut banner).unwrap(), 0, "{banner}");
    }
    let part = |start| banner.split("\n\n").find(|part| part.starts_with(start));
    let (trust, read) = (part("export ").unwrap(), part("curl -s 'https").unwrap());
    let script = format!("{trust}\n{read}");
    let mut shell = Command::new("sh");
    let shown = shell.args(["-c", &script]).env("no_proxy", "*").output();
    let shown = says(&shown.unwrap());
    assert!(shown.contains("\"object\":\"list\""), "{shown}");
    assert!(read.contains("https://localhost:"), "{read}");
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_certificate_comes_from_one_place() {
    let place = Place::with_acme();
    let serve = "serve --listen 127.0.0.1:0";
    for (words, part) in [
        ("--tls-cert c.pem", "--tls-key"),
        ("--tls-key k.pem", "--tls-cert"),
        ("--dev-tls --tls-cert c.pem --tls-key k.pem", "either"),
    ] {
        let told = place.fails(&format!("{serve} {words}"), 2);
        assert!(told.contains(part), "{words}: {told}");
    }
    place.file("data/docket.toml", "[listen]\ntls_cert = \"c.pem\"\n");
    let told = place.fails(serve, 2);
    assert!(told.contains("--tls-key"), "{told}");
    let told = place.fails(&format!("{serve} --tls-key k.pem"), 1);
    assert!(told.contains("there is no file c.pem"), "{told}");
    let told = place.fails("serve --listen 127.0.0.1:65535 --dev-tls", 1);
    assert!(told.contains("65534"), "{told}");
    assert!(!place.path("data/tls").exists());

    // What counts more replaces what counts less.
    let server = Server::start(&place, "--dev-tls");
    assert!(server.tls_url.is_some());
    server.stop();
    place.file("data/docket.toml", "[listen]\ndev_tls = true\n");
    let server = Server::start(&place, "");
    assert!(server.tls_url.is_some());
    server.stop();
    let mut command = place.command(serve);
    let server = Server::spawn(command.env("DOCKET_DEV_TLS", "0"));
    assert!(server.tls_url.is_none());
    server.stop();
    let told = place.fails(&format!("{serve} --tls-cert c.pem --tls-key k.pem"), 1);
    assert!(told.contains("there is no file c.pem"), "{told}");
}
