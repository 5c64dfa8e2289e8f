//! Listeners and their connections: HTTP/1.1 and cleartext HTTP/2 on each address, within limits.

mod connection;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::Request;
use docket_surfaces_kit::Client;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use self::connection::{Activity, Busy, answer, builder};
use crate::config::Listen;
use crate::proxy;
use crate::shutdown::Stopping;

/// How long to wait after the system refused to give a connection, for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the addresses of the configuration.
///
/// # Errors
/// An address that is taken; one off loopback where no proxy is trusted.
pub async fn bind(listen: &Listen) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in &listen.addresses {
        if !address.ip().to_canonical().is_loopback() && listen.trust_proxy.is_empty() {
            bail!(
                "{address} is not on loopback, and tokens would cross the network in the clear: put a \
                 proxy that speaks TLS in front and give its network with --trust-proxy, as in \
                 --trust-proxy 10.0.0.0/8, or listen on 127.0.0.1:{}",
                address.port()
            );
        }
        let opened = TcpListener::bind(address).await;
        listeners.push(opened.with_context(|| format!("cannot listen on {address}"))?);
    }
    Ok(listeners)
}

/// Serves until it is time to stop; then accepts nothing more and gives what is under way its time.
pub async fn run(listeners: Vec<TcpListener>, router: Router, listen: Listen, stop: Stopping) {
    let graceful = Arc::new(GracefulShutdown::new());
    let places = Arc::new(Semaphore::new(listen.connections_max));
    let drain_time = listen.drain_time();
    let listen = Arc::new(listen);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        if let Ok(address) = listener.local_addr() {
            tracing::info!("listening on http://{address}");
        }
        let shared = Shared {
            router: router.clone(),
            listen: listen.clone(),
            places: places.clone(),
            graceful: graceful.clone(),
        };
        accepting.spawn(shared.accept(listener, stop.clone()));
    }
    let mut connections = accepting.join_all().await;
    let drained = async {
        if let Some(graceful) = Arc::into_inner(graceful) {
            graceful.shutdown().await;
        }
    };
    if tokio::time::timeout(drain_time, drained).await.is_err() {
        let left: usize = connections.iter().map(JoinSet::len).sum();
        tracing::warn!(left, "connections did not finish in time and are closed");
    }
    for connections in &mut connections {
        connections.shutdown().await;
    }
}

/// What all connections of one listener share.
struct Shared {
    router: Router,
    listen: Arc<Listen>,
    places: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
}

impl Shared {
    /// Accepts until it is time to stop; gives back the connections that are still open.
    async fn accept(self, listener: TcpListener, stop: Stopping) -> JoinSet<()> {
        let mut connections = JoinSet::new();
        let mut stopped = pin!(stop.clone().stopped());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => return connections,
                Some(_) = connections.join_next() => continue,
                accepted = self.next(&listener) => accepted,
            };
            let Some((place, stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let peer = peer.ip().to_canonical();
            if proxy::admits(&self.listen.trust_proxy, peer) {
                connections.spawn(self.connection(stream, peer, place, stop.clone()));
            } else {
                metrics::counter!("docket_connections_refused_total").increment(1);
            }
        }
    }

    async fn next(
        &self,
        listener: &TcpListener,
    ) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
        let place = self.places.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((place, stream, peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                None
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        place: OwnedSemaphorePermit,
        stop: Stopping,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (router, listen) = (self.router.clone(), self.listen.clone());
        let watcher = self.graceful.watcher();
        async move {
            let _place = place;
            let _ = stream.set_nodelay(true);
            let activity = Arc::new(Activity::default());
            let service = {
                let (listen, activity) = (listen.clone(), activity.clone());
                service_fn(move |request: Request<Incoming>| {
                    let client = proxy::client(&listen.trust_proxy, peer, request.headers());
                    answer(
                        router.clone(),
                        request,
                        Client(client),
                        Busy::new(&activity),
                    )
                })
            };
            let builder = builder(&listen);
            let connection = builder
                .serve_connection(TokioIo::new(stream), service)
                .into_owned();
            let open = metrics::gauge!("docket_connections");
            open.increment(1);
            tokio::select! {
                ended = watcher.watch(connection) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke");
                    }
                }
                () = activity.idle(&listen) => {}
                () = activity.left(stop) => {}
            }
            open.decrement(1);
        }
    }
}
