//! How requests of one connection are answered, and when it has nothing more to say.

use std::convert::Infallible;
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
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tower::ServiceExt;

use crate::config::Listen;
use crate::shutdown::Stopping;

/// Most bytes of an HTTP/1.1 request's head that are buffered.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes of an HTTP/2 request's decoded headers.
const HEADERS_BYTES_MAX: u32 = 64 << 10;
/// How often an HTTP/2 peer is asked whether it is still there, and how long it may take to say so.
const PING_TIME: Duration = Duration::from_secs(30);
/// How long a connection with nothing under way gets to say goodbye when the server stops.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

pub(super) fn builder(listen: &Listen) -> auto::Builder<TokioExecutor> {
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

pub(super) async fn answer(
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
pub(super) struct Activity {
    under_way: AtomicUsize,
    /// Whether anything has been asked or answered since the last look.
    moved: AtomicBool,
}

impl Activity {
    /// Done when the connection has sent no request for too long: at first, and later.
    pub(super) async fn idle(&self, listen: &Listen) {
        tokio::time::sleep(listen.head_time()).await;
        while self.moved.swap(false, Ordering::Relaxed)
            || self.under_way.load(Ordering::Relaxed) > 0
        {
            tokio::time::sleep(listen.idle_time()).await;
        }
    }

    /// Done when the server stops and the connection has had nothing under way for a while: some HTTP/2
    /// clients never answer a goodbye.
    pub(super) async fn left(&self, stop: Stopping) {
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
pub(super) struct Busy {
    activity: Arc<Activity>,
}

impl Busy {
    pub(super) fn new(activity: &Arc<Activity>) -> Self {
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
