//! How a server starts and ends.

use std::sync::mpsc;

use anyhow::bail;
use docket_engine::{AppendError, Request};
use docket_server::config::Listen;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::site::{PATIENCE, Site, ask, memory, rest};

#[tokio::test]
async fn listeners_are_open_before_the_store_is() {
    let (go, wait) = mpsc::channel::<()>();
    let open = memory();
    let site = Site::with(
        Listen::default(),
        Box::new(move || {
            wait.recv()?;
            open()
        }),
        |_| {},
    )
    .await;
    assert!(site.get("/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(site.get("/healthz").await.starts_with("HTTP/1.1 200"));
    go.send(()).unwrap();
    site.ready().await;
    let metrics = site.get("/metrics").await;
    assert!(metrics.contains("docket_http_requests_total{surface=\"native\",route=\"/readyz\""));
    assert!(metrics.contains("docket_http_request_seconds_bucket"));
    site.stop().await.unwrap();
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_ends_the_server() {
    let site = Site::with(
        Listen::default(),
        Box::new(|| bail!("no such folder")),
        |_| {},
    )
    .await;
    let ended = tokio::time::timeout(PATIENCE, site.running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "no such folder");
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_then_the_engine_is_closed() {
    let (tell, told) = oneshot::channel();
    let site = Site::with(Listen::default(), memory(), |wiring| {
        wiring.beside = Some(Box::new(|opened, stopping| {
            Box::pin(async move {
                let _ = tell.send(opened.engine.clone());
                stopping.stopped().await;
                // Whoever runs beside the listeners may still write while it stops.
                let write = move || opened.engine.create_log("last").map(|_| ());
                Ok(tokio::task::spawn_blocking(write).await??)
            })
        }));
    })
    .await;
    site.ready().await;
    let engine = told.await.unwrap();
    let mut slow = site.connect().await;
    let mut idle = site.connect().await;
    ask(&mut slow, "/slow", "").await;
    ask(&mut idle, "/healthz", "").await;
    let address = site.address;
    // The slow request is under way once a later one has been answered.
    assert!(site.get("/healthz").await.starts_with("HTTP/1.1 200"));
    let (ended, answer) = tokio::join!(site.stop(), rest(&mut slow));
    ended.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert!(rest(&mut idle).await.ends_with("ok\n"));
    assert!(TcpStream::connect(address).await.is_err());
    let late = engine
        .log("last")
        .unwrap()
        .unwrap()
        .append(Request::default());
    let late = match late {
        Ok(ticket) => ticket.done().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(late, Err(AppendError::Halted(_))), "{late:?}");
}

#[tokio::test]
async fn what_runs_beside_takes_the_server_with_it() {
    let site = Site::with(Listen::default(), memory(), |wiring| {
        wiring.beside = Some(Box::new(|_, _| {
            Box::pin(async { bail!("the socket is gone") })
        }));
    })
    .await;
    let ended = tokio::time::timeout(PATIENCE, site.running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "the socket is gone");
}
