//! One connection: how its requests are answered, and when it has nothing more to say.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use docket_surfaces_kit::Client;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tower::ServiceExt;

use crate::config::Listen;
use crate::proxy;
use crate::shutdown::Stopping;
use crate::tls::Tls;

/// Most bytes of an HTTP/1.1 request's head that are buffered.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes of an HTTP/2 request's decoded headers.
const HEADERS_BYTES_MAX: u32 = 64 << 10;
/// How often an HTTP/2 peer is asked whether it is still there, and how long it may take to say so.
const PING_TIME: Duration = Duration::from_secs(30);
/// How long a connection with nothing under way gets to say goodbye when the server stops.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

/// A connection that was accepted.
pub(super) struct Connection {
    pub router: Router,
    pub listen: Arc<Listen>,
    pub watcher: Watcher,
    /// The other side.
    pub peer: IpAddr,
    pub stop: Stopping,
    /// Its place among the connections, taken as long as this lives.
    pub _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Serves until one side has had enough; with TLS, after a handshake.
    pub(super) async fn serve(self, stream: TcpStream, tls: Option<Arc<Tls>>) {
        let _ = stream.set_nodelay(true);
        let open = metrics::gauge!("docket_connections");
        open.increment(1);
        match tls {
            None => self.answer_all(stream).await,
            Some(tls) => {
                let shaken = tokio::select! {
                    shaken = tls.accept(stream, self.listen.handshake_time()) => shaken,
                    () = self.stop.clone().stopped() => None,
                };
                if let Some(stream) = shaken {
                    self.answer_all(stream).await;
                }
            }
        }
        open.decrement(1);
    }

    async fn answer_all<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let (listen, peer, router) = (self.listen.clone(), self.peer, self.router);
        let service = {
            let activity = activity.clone();
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
        let builder = builder(&self.listen);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        tokio::select! {
            ended = self.watcher.watch(connection) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                }
            }
            () = activity.idle(&self.listen) => {}
            () = activity.left(self.stop) => {}
        }
    }
}

fn builder(listen: &Listen) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(listen.head_time())
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(listen.streams_max)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .keep_alive_interval(PING_TIME)
        .keep_alive_timeout(PING_TIME);
    builder
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    client: Client,
    busy: Busy,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(client);
    let response = router.oneshot(request).await?;
    // The connection counts as busy until the last piece of the answer is taken.
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &busy;
            frame
        }))
    }))
}

/// What a connection has under way.
#[derive(Debug, Default)]
struct Activity {
    under_way: AtomicUsize,
    /// Whether anything has been asked or answered since the last look.
    moved: AtomicBool,
}

impl Activity {
    /// Done when the connection has sent no request for too long: at first, and later.
    async fn idle(&self, listen: &Listen) {
        tokio::time::sleep(listen.head_time()).await;
        while self.moved.swap(false, Ordering::Relaxed)
            || self.under_way.load(Ordering::Relaxed) > 0
        {
            tokio::time::sleep(listen.idle_time()).await;
        }
    }

    /// Done when the server stops and the connection has had nothing under way for a while: some HTTP/2
    /// clients never answer a goodbye.
    async fn left(&self, stop: Stopping) {
        stop.stopped().await;
        loop {
            tokio::time::sleep(GOODBYE_TIME).await;
            if self.under_way.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

/// A request under way.
struct Busy {
    activity: Arc<Activity>,
}

impl Busy {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        activity.moved.store(true, Ordering::Relaxed);
        Busy {
            activity: activity.clone(),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.activity.moved.store(true, Ordering::Relaxed);
        self.activity.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
