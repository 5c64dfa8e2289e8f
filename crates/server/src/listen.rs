//! Listeners and their connections: HTTP/1.1 and HTTP/2 on each address, in the clear or over TLS, within limits.

mod connection;
mod plan;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use self::connection::Connection;
pub use self::plan::{Port, Transport, plan};
use crate::config::Listen;
use crate::proxy;
use crate::shutdown::Stopping;
use crate::tls::Tls;

/// How long to wait after the system refused to give a connection, for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// With it, TLS is spoken here.
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// An open port in the clear, or with TLS.
    pub fn new(socket: TcpListener, tls: Option<Arc<Tls>>) -> Self {
        Listener { socket, tls }
    }

    /// Where it is, to be put in front of a path.
    ///
    /// # Errors
    /// The system does not say.
    pub fn url(&self) -> io::Result<String> {
        let address = self.socket.local_addr()?;
        Ok(match self.transport() {
            Transport::Clear => format!("http://{address}"),
            Transport::Tls => format!("https://{address}"),
        })
    }

    /// Where a client on this machine finds it. No certificate is for an address that stands for all of them.
    ///
    /// # Errors
    /// The system does not say.
    pub fn near_url(&self) -> io::Result<String> {
        let address = self.socket.local_addr()?;
        match self.transport() {
            Transport::Tls if address.ip().is_unspecified() => {
                Ok(format!("https://localhost:{}", address.port()))
            }
            Transport::Clear | Transport::Tls => self.url(),
        }
    }

    /// What is spoken here below HTTP.
    pub fn transport(&self) -> Transport {
        match self.tls {
            None => Transport::Clear,
            Some(_) => Transport::Tls,
        }
    }
}

/// Opens planned ports; `tls` is for those with TLS.
///
/// # Errors
/// A port that is taken.
pub async fn bind(ports: &[Port], tls: Option<&Arc<Tls>>) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for port in ports {
        let tls = match port.transport {
            Transport::Clear => None,
            Transport::Tls => Some(
                tls.context("TLS is planned and has no certificate")?
                    .clone(),
            ),
        };
        let opened = TcpListener::bind(port.address).await;
        let socket = opened.with_context(|| format!("cannot listen on {}", port.told()))?;
        listeners.push(Listener::new(socket, tls));
    }
    Ok(listeners)
}

/// Serves until it is time to stop; then accepts nothing more and gives what is under way its time.
pub async fn run(listeners: Vec<Listener>, router: Router, listen: Listen, stop: Stopping) {
    let graceful = Arc::new(GracefulShutdown::new());
    let places = Arc::new(Semaphore::new(listen.connections_max));
    let drain_time = listen.drain_time();
    let listen = Arc::new(listen);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        if let Ok(url) = listener.url() {
            tracing::info!("listening on {url}");
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

/// What all connections share.
struct Shared {
    router: Router,
    listen: Arc<Listen>,
    places: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
}

impl Shared {
    /// Accepts until it is time to stop; gives back the connections that are still open.
    async fn accept(self, listener: Listener, stop: Stopping) -> JoinSet<()> {
        let mut connections = JoinSet::new();
        let mut stopped = pin!(stop.clone().stopped());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => return connections,
                Some(_) = connections.join_next() => continue,
                accepted = self.next(&listener.socket) => accepted,
            };
            let Some((place, stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let peer = peer.ip().to_canonical();
            // Over TLS nobody's token can be read on the way.
            if listener.tls.is_some() || proxy::admits(&self.listen.trust_proxy, peer) {
                let connection = self.connection(peer, place, stop.clone());
                connections.spawn(connection.serve(stream, listener.tls.clone()));
            } else {
                metrics::counter!("docket_connections_refused_total").increment(1);
            }
        }
    }

    async fn next(
        &self,
        socket: &TcpListener,
    ) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
        let place = self.places.clone().acquire_owned().await.ok()?;
        match socket.accept().await {
            Ok((stream, peer)) => Some((place, stream, peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                None
            }
        }
    }

    fn connection(&self, peer: IpAddr, place: OwnedSemaphorePermit, stop: Stopping) -> Connection {
        Connection {
            router: self.router.clone(),
            listen: self.listen.clone(),
            watcher: self.graceful.watcher(),
            peer,
            stop,
            _place: place,
        }
    }
}
