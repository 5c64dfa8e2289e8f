//! What a server writes down about requests before it is gone, and the figures of those that it sent away.

use std::num::NonZeroU32;
use std::sync::Arc;

use docket_access::{Caller, NewOrganization};
use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params};
use docket_event::{Direction, Query};
use docket_server::config::Listen;
use tokio::sync::oneshot;

use crate::site::{Site, ask, rest};

/// A server over this store with an owner's secret.
async fn site(store: &Memory) -> (Site, String) {
    let (tell, told) = oneshot::channel();
    let opened = store.clone();
    let open = Box::new(move || Ok(Arc::new(opened) as Arc<dyn Store>));
    let site = Site::with(Listen::default(), open, |wiring| {
        wiring.config.limits.failed_credentials_per_minute = Some(NonZeroU32::MIN);
        wiring.config.limits.address_rate = NonZeroU32::new(1_000);
        wiring.beside = Some(Box::new(|opened, stopping| {
            Box::pin(async move {
                let made = tokio::task::spawn_blocking(move || {
                    let new = NewOrganization {
                        org: "acme".to_owned(),
                        name: None,
                        owner_email: "owner@acme.example".to_owned(),
                    };
                    opened.access.init(&new, &Caller::command_line(None))
                });
                let _ = tell.send(made.await??.secret.reveal().to_owned());
                stopping.stopped().await;
                Ok(())
            })
        }));
    })
    .await;
    site.ready().await;
    (site, told.await.unwrap())
}

async fn get(site: &Site, path: &str, secret: &str) -> String {
    let mut stream = site.connect().await;
    let headers = format!("authorization: Bearer {secret}\r\nconnection: close\r\n");
    ask(&mut stream, path, &headers).await;
    rest(&mut stream).await
}

#[tokio::test]
async fn reads_of_the_hour_under_way_are_written_before_the_store_is_closed() {
    let store = Memory::new(4_096);
    let (site, secret) = site(&store).await;
    for _ in 0..3 {
        let answer = get(&site, "/api/v1/events", &secret).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(!answer.contains("docket.events.read"), "{answer}");
    }
    site.stop().await.unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let store = Arc::new(store);
        let engine = Engine::open(store, Params::default(), Environment::system()).unwrap();
        let query = Query {
            direction: Direction::Descending,
            limit: 10,
            ..Query::default()
        };
        engine.log("acme").unwrap().unwrap().query(&query).unwrap()
    });
    let page = read.await.unwrap();
    // Two, if an hour began meanwhile.
    let counts = page.events.iter().filter_map(|recorded| {
        let event = &recorded.event;
        let data = event.data.as_ref()?.value().get("count")?.to_text();
        (event.event_type == "docket.events.read").then(|| data.parse::<u64>().unwrap())
    });
    assert_eq!(counts.sum::<u64>(), 3);
}

#[tokio::test]
async fn requests_that_are_sent_away_have_figures() {
    let store = Memory::new(4_096);
    let (site, secret) = site(&store).await;
    let first = get(&site, "/api/v1/events", "docket_guess").await;
    assert!(first.starts_with("HTTP/1.1 401"), "{first}");
    let second = get(&site, "/api/v1/events", "docket_guess").await;
    assert!(second.starts_with("HTTP/1.1 429"), "{second}");
    let valid = get(&site, "/api/v1/events", &secret).await;
    assert!(valid.starts_with("HTTP/1.1 200"), "{valid}");
    let metrics = site.get("/metrics").await;
    for figure in [
        r#"docket_rates_refused_total{rate="failed_credentials"} "#,
        r#"docket_credentials_refused_total{because="token_unknown"} "#,
    ] {
        assert!(metrics.contains(figure), "{metrics}");
    }
    site.stop().await.unwrap();
}
