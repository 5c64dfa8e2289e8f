//! SIGHUP: the certificate is read again.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::tls::Tls;

/// From now on SIGHUP is heard and does not end the process.
///
/// # Errors
/// The system refuses.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Has the certificate read again at each signal, for ever. Without TLS there is nothing to be read.
pub async fn at(mut hangups: Signal, tls: Option<Arc<Tls>>) {
    while hangups.recv().await.is_some() {
        let Some(tls) = tls.clone() else {
            tracing::info!(
                "heard SIGHUP: there is no TLS certificate to read again; settings need a restart"
            );
            continue;
        };
        match tokio::task::spawn_blocking(move || tls.reload()).await {
            Ok(Ok(())) => {
                tracing::info!("heard SIGHUP: new connections get the certificate that was read")
            }
            Ok(Err(error)) => tracing::error!(
                "heard SIGHUP: {error:#}; the certificate that was read before stays: mend this and send SIGHUP \
                 again"
            ),
            Err(error) => {
                tracing::error!(%error, "reading the certificate ended badly; the old one stays")
            }
        }
    }
}
