//! When to stop, and how everyone hears of it.

use tokio::signal::unix::{SignalKind, signal as on_signal};
use tokio::sync::watch;

/// Exit code of a server that was told twice to stop.
const STOPPED_AT_ONCE: i32 = 1;

/// Tells everyone to stop.
#[derive(Debug)]
pub struct Switch {
    sender: watch::Sender<bool>,
}

/// Hears when it is time to stop. Clones hear the same.
#[derive(Clone, Debug)]
pub struct Stopping {
    receiver: watch::Receiver<bool>,
}

impl Switch {
    /// A switch that is not turned yet.
    pub fn new() -> Self {
        Switch {
            sender: watch::Sender::new(false),
        }
    }

    /// Someone who hears of it.
    pub fn stopping(&self) -> Stopping {
        Stopping {
            receiver: self.sender.subscribe(),
        }
    }

    /// It is time to stop.
    pub fn stop(&self) {
        self.sender.send_replace(true);
    }
}

impl Default for Switch {
    fn default() -> Self {
        Switch::new()
    }
}

impl Stopping {
    /// Done when it is time to stop, also if the switch is gone.
    pub async fn stopped(mut self) {
        let _ = self.receiver.wait_for(|stop| *stop).await;
    }
}

/// Done at the first SIGTERM or SIGINT. The second one ends the process: what was answered is durable, what
/// was not may be either.
pub async fn signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        on_signal(SignalKind::terminate()),
        on_signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be heard; stop this process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::warn!("told twice to stop: stopping at once");
        std::process::exit(STOPPED_AT_ONCE);
    });
}
