//! What the server bears with on a connection.

use docket_server::config::Listen;
use docket_server::listen::{bind, plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::site::{Site, ask, rest};

/// What an HTTP/2 client says first: the preface and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[tokio::test]
async fn both_versions_are_spoken_on_one_address() {
    let site = Site::new(Listen::default()).await;
    site.ready().await;
    let answer = site.get("/api/v1/events").await;
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized"), "{answer}");
    assert!(answer.contains("\r\nx-request-id: "), "{answer}");
    let mut stream = site.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(
        (frame[3], frame[4]),
        (4, 0),
        "a SETTINGS frame of the server's own"
    );
    site.stop().await.unwrap();
}

#[tokio::test]
async fn connections_that_do_not_ask_are_closed() {
    let listen = Listen {
        head_time_s: 1,
        idle_time_s: 1,
        ..Listen::default()
    };
    let site = Site::new(listen).await;
    site.ready().await;
    for start in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n",
        b"GET /healthz HTTP/1.1\r\nhost:",
        PREFACE,
    ] {
        let mut stream = site.connect().await;
        stream.write_all(start).await.unwrap();
        rest(&mut stream).await;
    }
    let mut stream = site.connect().await;
    ask(&mut stream, "/healthz", "").await;
    let answer = rest(&mut stream).await;
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    site.stop().await.unwrap();
}

#[tokio::test]
async fn connections_are_counted() {
    let site = Site::new(Listen {
        connections_max: 1,
        ..Listen::default()
    })
    .await;
    site.ready().await;
    let mut first = site.connect().await;
    ask(&mut first, "/slow", "connection: close\r\n").await;
    let mut second = site.connect().await;
    ask(&mut second, "/healthz", "connection: close\r\n").await;
    // Whoever comes second is answered when the first one is gone.
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 200"));
    assert!(rest(&mut first).await.ends_with("done"));
    site.stop().await.unwrap();
}

#[tokio::test]
async fn heads_beyond_reason_are_refused() {
    let site = Site::new(Listen::default()).await;
    site.ready().await;
    let mut stream = site.connect().await;
    let fat = format!("x-fat: {}\r\n", "x".repeat(100_000));
    ask(&mut stream, "/healthz", &fat).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431"));
    site.stop().await.unwrap();
}

#[tokio::test]
async fn planned_ports_are_opened_and_one_that_is_taken_is_named() {
    let listen = |addresses: &[&str], proxies: &[&str]| Listen {
        addresses: addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
        trust_proxy: proxies.iter().map(|proxy| proxy.parse().unwrap()).collect(),
        ..Listen::default()
    };
    let open = async |listen: Listen| bind(&plan(&listen)?, None).await;
    let refused = open(listen(&["127.0.0.1:0", "0.0.0.0:0"], &[]));
    let refused = refused.await.unwrap_err().to_string();
    assert!(
        refused.starts_with("0.0.0.0:0 is not on loopback"),
        "{refused}"
    );
    let far = open(listen(&["0.0.0.0:0"], &["10.0.0.0/8"])).await.unwrap();
    assert_eq!(far.len(), 1);
    let near = open(listen(&["127.0.0.1:0", "127.0.0.1:0"], &[]))
        .await
        .unwrap();
    assert_eq!(near.len(), 2);
    let url = near[0].url().unwrap();
    let taken = url.strip_prefix("http://").unwrap();
    let refused = open(listen(&[taken], &[])).await.unwrap_err().to_string();
    assert_eq!(refused, format!("cannot listen on {taken}"));
}
