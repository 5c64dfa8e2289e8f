//! The server's end of the control socket.

use std::fs::Permissions;
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};
use tokio::time::timeout;

use super::path::SocketPath;
use super::{Answer, CONNECTIONS_MAX, FRAME_BYTES_MAX, FRAME_TIME, IDLE_TIME, SOCKET_NAME};
use crate::operations::{Failure, FailureKind, Operations, Order};

const SOCKET_MODE: u32 = 0o600;

/// A control socket that listens.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    file: PathBuf,
    operations: Operations,
}

impl Control {
    /// Listens in `folder`, which this process owns: a socket that lies there was left by a process that died.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn bind(folder: &Path, operations: Operations) -> io::Result<Self> {
        let file = folder.join(SOCKET_NAME);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let path = SocketPath::of(folder)?;
        let listener = UnixListener::bind(path.as_path())?;
        // Until here others could connect; `is_own` keeps them out all the same.
        std::fs::set_permissions(&file, Permissions::from_mode(SOCKET_MODE))?;
        tracing::info!(socket = %file.display(), "taking orders from the command line");
        Ok(Control {
            listener,
            file,
            operations,
        })
    }

    /// Carries out orders until `stop`, then lets those under way end and removes the socket.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (closing, closed) = tokio::sync::watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&self.listener, &places) => accepted,
            };
            match accepted {
                Ok((stream, place)) => {
                    let (operations, closed) = (self.operations.clone(), closed.clone());
                    connections.spawn(async move {
                        if let Err(error) = serve(stream, operations, closed).await {
                            tracing::debug!(%error, "control connection ended");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "control socket: accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        closing.send_replace(true);
        while connections.join_next().await.is_some() {}
        if let Err(error) = std::fs::remove_file(&self.file) {
            tracing::warn!(%error, "control socket: remove");
        }
    }
}

/// How long to wait after a failed accept, such as for lack of file descriptors.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

async fn accept(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn serve(
    mut stream: UnixStream,
    operations: Operations,
    mut closed: tokio::sync::watch::Receiver<bool>,
) -> io::Result<()> {
    if !is_own(&stream)? {
        let reason = "the control socket is for the server's own user";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    loop {
        let order = tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return Ok(()),
            order = read(&mut stream) => order?,
        };
        let Some(order) = order else {
            return Ok(());
        };
        let operations = operations.clone();
        let answer = task::spawn_blocking(move || answer(&operations, &order));
        let answer = answer.await.map_err(io::Error::other)??;
        timeout(FRAME_TIME, write(&mut stream, &answer))
            .await
            .map_err(io::Error::other)??;
    }
}

/// Whether the peer is the server's own user, or root.
fn is_own(stream: &UnixStream) -> io::Result<bool> {
    let peer = stream.peer_cred()?.uid();
    Ok(peer == 0 || peer == rustix::process::geteuid().as_raw())
}

/// The next message; `None` when the peer is done.
async fn read(stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match timeout(IDLE_TIME, stream.read_exact(&mut length))
        .await
        .map_err(io::Error::other)?
    {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the order is too long",
        ));
    }
    let mut message = vec![0; length];
    timeout(FRAME_TIME, stream.read_exact(&mut message))
        .await
        .map_err(io::Error::other)??;
    Ok(Some(message))
}

/// Carries out one message.
fn answer(operations: &Operations, message: &[u8]) -> io::Result<Vec<u8>> {
    let answer = match serde_json::from_slice::<Order>(message) {
        Ok(order) => match operations.execute(order) {
            Ok(reply) => Answer::Done(reply),
            Err(failure) => Answer::Failed(failure),
        },
        Err(error) => {
            let reason =
                format!("the server does not know this order ({error}); use its own command");
            Answer::Failed(Failure::new(FailureKind::Conflict, reason))
        }
    };
    Ok(serde_json::to_vec(&answer)?)
}

async fn write(stream: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(message).await
}
