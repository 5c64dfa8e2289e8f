//! The command's end of the control socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::path::SocketPath;
use super::{ANSWER_TIME, Answer, FRAME_BYTES_MAX, FRAME_TIME};
use crate::operations::{Failure, Order, Reply};

/// A connection to the server that owns a data folder.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
}

/// Why an order has no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server did not carry it out.
    #[error("{0}")]
    Failed(Failure),
    /// The connection broke: whether it was carried out is not known.
    #[error("the server's control socket: {0}; whether the order was carried out is not known")]
    Broken(String),
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        CallError::Broken(match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset => "the server has gone".to_owned(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                "the server does not answer in time".to_owned()
            }
            _ => error.to_string(),
        })
    }
}

impl Connection {
    /// Connects to the server that owns `folder`; `None` when nobody listens there.
    ///
    /// # Errors
    /// When somebody may listen and cannot be reached, such as for lack of rights.
    pub fn open(folder: &Path) -> io::Result<Option<Self>> {
        let path = match SocketPath::of(folder) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match UnixStream::connect(path.as_path()) {
            Ok(stream) => {
                stream.set_read_timeout(Some(ANSWER_TIME))?;
                stream.set_write_timeout(Some(FRAME_TIME))?;
                Ok(Some(Connection { stream }))
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Has an order carried out; blocks.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call(&mut self, order: &Order) -> Result<Reply, CallError> {
        let message = serde_json::to_vec(order).map_err(io::Error::from)?;
        let length = u32::try_from(message.len())
            .ok()
            .filter(|_| message.len() <= FRAME_BYTES_MAX);
        let Some(length) = length else {
            let reason = format!("an order of {} bytes is too long", message.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason).into());
        };
        self.stream.write_all(&length.to_be_bytes())?;
        self.stream.write_all(&message)?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            let reason = format!("an answer of {length} bytes is too long");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason).into());
        }
        let mut message = vec![0; length];
        self.stream.read_exact(&mut message)?;
        match serde_json::from_slice(&message).map_err(io::Error::from)? {
            Answer::Done(reply) => Ok(reply),
            Answer::Failed(failure) => Err(CallError::Failed(failure)),
        }
    }
}
