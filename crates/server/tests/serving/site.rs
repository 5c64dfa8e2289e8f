//! A running server, and bytes to and from it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_server::config::{Config, Listen};
use docket_server::listen::Listener;
use docket_server::{OpenStore, Wiring, launch};
use docket_surfaces_kit::{Route, Surface};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub struct Site {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    pub running: JoinHandle<anyhow::Result<()>>,
}

/// Longest time that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

impl Site {
    pub async fn new(listen: Listen) -> Self {
        Site::with(listen, memory(), |_| {}).await
    }

    pub async fn with(listen: Listen, open: OpenStore, change: impl FnOnce(&mut Wiring)) -> Self {
        Site::beside(listen, Vec::new(), open, change).await
    }

    /// With a free port in the clear, and others.
    pub async fn beside(
        listen: Listen,
        mut listeners: Vec<Listener>,
        open: OpenStore,
        change: impl FnOnce(&mut Wiring),
    ) -> Self {
        let clear = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = clear.local_addr().unwrap();
        listeners.push(Listener::new(clear, None));
        let mut wiring = Wiring::new(
            Config {
                listen,
                ..Config::default()
            },
            open,
        );
        wiring.surfaces.push(slow());
        change(&mut wiring);
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let running = tokio::spawn(launch(listeners, wiring, stopped));
        Site {
            address,
            stop,
            running,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The whole answer to a GET on a connection of its own.
    pub async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        ask(&mut stream, path, "connection: close\r\n").await;
        rest(&mut stream).await
    }

    /// Waits until the server says that it is ready.
    pub async fn ready(&self) {
        while !self.get("/readyz").await.starts_with("HTTP/1.1 200") {
            tokio::task::yield_now().await;
        }
    }

    /// Tells it to stop and waits for its end.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Site { stop, running, .. } = self;
        let _ = stop.send(());
        tokio::time::timeout(PATIENCE, running)
            .await
            .unwrap()
            .unwrap()
    }
}

pub fn memory() -> OpenStore {
    Box::new(|| Ok(Arc::new(Memory::new(4_096)) as Arc<dyn Store>))
}

pub async fn ask(stream: &mut (impl AsyncWrite + Unpin), path: &str, headers: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// All that comes until the other side closes.
pub async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A surface whose one route takes its time.
fn slow() -> Surface {
    let native = docket_surfaces::all().remove(0);
    Surface {
        name: "slow",
        prefixes: &["/slow"],
        routes: || {
            let answer = async || {
                tokio::time::sleep(Duration::from_millis(300)).await;
                "done"
            };
            vec![Route::get("/slow", answer)]
        },
        ..native
    }
}
