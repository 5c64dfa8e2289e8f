//! SIGHUP: files that are replaced while the server runs are read again.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::jwt::Jwts;
use crate::tls::Tls;

/// From now on SIGHUP is heard and does not end the process.
///
/// # Errors
/// The system refuses.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Has the certificate and the keys of JWT issuers read again at each signal, for ever; each for itself, so that
/// one that cannot be used does not hold up the other.
pub async fn at(mut hangups: Signal, tls: Option<Arc<Tls>>, jwts: Option<Arc<Jwts>>) {
    while hangups.recv().await.is_some() {
        if tls.is_none() && jwts.is_none() {
            tracing::info!(
                "heard SIGHUP: there are no TLS certificate and no keys of JWT issuers to read again; settings need \
                 a restart"
            );
        }
        if let Some(tls) = tls.clone() {
            again("the TLS certificate", move || tls.reload()).await;
        }
        if let Some(jwts) = jwts.clone() {
            again("the keys of JWT issuers", move || jwts.reload()).await;
        }
    }
}

async fn again(what: &str, read: impl FnOnce() -> anyhow::Result<()> + Send + 'static) {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(())) => tracing::info!("heard SIGHUP: {what} as just read count from now on"),
        Ok(Err(error)) => tracing::error!(
            "heard SIGHUP: {error:#}; {what} as read before stay: mend this and send SIGHUP again"
        ),
        Err(error) => {
            tracing::error!(%error, "reading {what} ended badly; what was read before stays");
        }
    }
}
