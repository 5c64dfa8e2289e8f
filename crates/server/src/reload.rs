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
                "heard SIGHUP: there is no TLS certificate and no JWT issuer to read again; settings need a restart"
            );
        }
        if let Some(tls) = tls.clone() {
            let done = "new connections get the certificate that was read";
            let stays = "the certificate that was read before stays";
            again(done, stays, move || tls.reload()).await;
        }
        if let Some(jwts) = jwts.clone() {
            let done = "JWTs are verified by the keys that were read";
            let stays = "the keys of JWT issuers that were read before stay";
            again(done, stays, move || jwts.reload()).await;
        }
    }
}

async fn again(
    done: &str,
    stays: &str,
    read: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
) {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(())) => tracing::info!("heard SIGHUP: {done}"),
        Ok(Err(error)) => {
            tracing::error!("heard SIGHUP: {error:#}; {stays}: mend this and send SIGHUP again")
        }
        Err(error) => tracing::error!(%error, "reading ended badly; {stays}"),
    }
}
