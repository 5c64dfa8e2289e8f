//! The threads of an engine: the writer and the sealer.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::engine::Inner;
use crate::sealing;
use crate::store::StoreError;
use crate::writer::{self, Command};

/// The threads that run, until this is dropped.
#[derive(Debug, Default)]
pub struct Threads {
    inner: Mutex<Option<Arc<Inner>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

/// Stops all writing when its thread panics, so that nobody goes on without it.
struct HaltOnPanic(Arc<Inner>);

impl Drop for HaltOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .halt("a thread of the engine panicked; the log above says where");
        }
    }
}

impl Threads {
    /// Starts them. The writer takes its orders from `orders`.
    pub fn start(&self, inner: &Arc<Inner>, orders: Receiver<Command>) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("no thread: {error}"));
        let (for_writer, for_sealer) = (Arc::clone(inner), Arc::clone(inner));
        let builder = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let writer = builder("writer").spawn(move || {
            let guarded = HaltOnPanic(for_writer);
            writer::run(&guarded.0, &orders);
        });
        let sealer = builder("sealer").spawn(move || {
            let guarded = HaltOnPanic(for_sealer);
            sealing::run(&guarded.0);
        });
        self.running
            .lock()
            .extend([writer.map_err(failed)?, sealer.map_err(failed)?]);
        *self.inner.lock() = Some(Arc::clone(inner));
        Ok(())
    }

    /// Finishes what is queued and ends them.
    pub fn stop(&self) {
        let Some(inner) = self.inner.lock().take() else {
            return;
        };
        inner.tell(Command::Close);
        inner.commands.lock().take();
        let mut running = std::mem::take(&mut *self.running.lock()).into_iter();
        // The writer first: it may still hand tails to the sealer.
        let writer = running.next().map(JoinHandle::join);
        inner.sealing.close();
        let sealer = running.next().map(JoinHandle::join);
        if [writer, sealer]
            .into_iter()
            .flatten()
            .any(|ended| ended.is_err())
        {
            inner.halt("a thread of the engine panicked");
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop();
    }
}
