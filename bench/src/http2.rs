//! As much of an HTTP/2 client as the bench needs: without TLS, one question at a time.

use anyhow::Context;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// A connection that is kept. It is driven by the thread that asks, while it asks.
#[derive(Debug)]
pub struct Connection {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
    /// What stood behind the body.
    pub trailers: HeaderMap,
}

impl Connection {
    /// Connects to a port of this machine.
    pub fn open(port: u16) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let connect = async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) =
                handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        };
        let sender = runtime
            .block_on(connect)
            .context("connecting to the server")?;
        Ok(Connection { runtime, sender })
    }

    /// Sends a request and waits for all of its answer.
    pub fn ask(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let sender = &mut self.sender;
        let ask = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            anyhow::Ok(Answer {
                status,
                body: body.to_bytes(),
                trailers,
            })
        };
        self.runtime.block_on(ask).context("asking over HTTP/2")
    }
}
