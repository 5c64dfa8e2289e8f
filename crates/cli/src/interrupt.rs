//! Ctrl-C and SIGTERM for commands that must tidy up behind themselves.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, bail};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::FAILED;

/// Hears of the first signal; the second one ends the process at once.
#[derive(Clone, Debug)]
pub struct Interrupt {
    heard: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on signals are heard here.
    pub fn listen() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let entered = runtime.enter();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        drop(entered);
        let heard = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&heard);
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    loop {
                        tokio::select! {
                            _ = terminate.recv() => {}
                            _ = interrupt.recv() => {}
                        }
                        if tell.swap(true, Ordering::Relaxed) {
                            process::exit(FAILED.into());
                        }
                    }
                });
            })?;
        Ok(Interrupt { heard })
    }

    /// Whether it is time to stop.
    pub fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// An error when it is time to stop.
    pub fn check(&self) -> Result<()> {
        if self.heard() {
            bail!("interrupted; nothing is left of it");
        }
        Ok(())
    }
}
