//! TLS below HTTP: the certificate that clients are shown, and the handshake.

mod dev;
mod facts;
mod pem;

use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use docket_engine::Environment;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::facts::Facts;
use crate::config::{Certificate, Listen};

/// What is spoken inside: the names of HTTP/2 and HTTP/1.1, the one that we would rather have first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How long a client whose handshake failed gets to read why.
const FAREWELL_TIME: Duration = Duration::from_millis(500);
/// Most bytes that are taken from such a client meanwhile.
const FAREWELL_BYTES_MAX: u64 = 2 << 20;

/// The certificate that new connections are shown. It can be read again while connections go on.
pub struct Tls {
    source: Source,
    environment: Environment,
    current: watch::Sender<Arc<ServerConfig>>,
}

/// A certificate with its chain, and the key that it is for.
#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Where an identity comes from.
#[derive(Debug)]
enum Source {
    Files { cert: PathBuf, key: PathBuf },
    Dev { folder: PathBuf, names: Vec<String> },
}

impl Tls {
    /// Reads the certificate of the configuration; `None` if it wants no TLS. `dev_folder` is where the
    /// authority of `dev_tls` is kept; it is made if it is not there.
    ///
    /// # Errors
    /// Settings that contradict each other; files that cannot be used; a folder that cannot be written to.
    pub fn open(
        listen: &Listen,
        dev_folder: &Path,
        environment: Environment,
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(certificate) = listen.certificate()? else {
            return Ok(None);
        };
        let source = match certificate {
            Certificate::Files { cert, key } => Source::Files { cert, key },
            Certificate::Dev => Source::Dev {
                // Clients elsewhere are told this path.
                folder: absolute(dev_folder).context("the folder of --dev-tls has no path")?,
                names: dev::names(&listen.addresses),
            },
        };
        let config = source.load(&environment)?;
        let tls = Tls {
            source,
            environment,
            current: watch::Sender::new(config),
        };
        if let Some(authority) = tls.authority() {
            tracing::info!("TLS clients must trust {}", authority.display());
        }
        Ok(Some(Arc::new(tls)))
    }

    /// Reads the certificate and the key again, from where they were. New connections get what was read, older
    /// ones go on with what they have. Blocks.
    ///
    /// # Errors
    /// What is there cannot be used; nothing changes then.
    pub fn reload(&self) -> anyhow::Result<()> {
        self.current
            .send_replace(self.source.load(&self.environment)?);
        Ok(())
    }

    /// Where the certificate of the authority is that clients must trust, if it is our own.
    pub fn authority(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Files { .. } => None,
            Source::Dev { folder, .. } => Some(folder.join(dev::CA_CERT)),
        }
    }

    /// Shakes hands with a client; `None` if that failed or took too long.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        time_max: Duration,
    ) -> Option<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.current.borrow().clone());
        let shaking = acceptor.accept(stream).into_fallible();
        match tokio::time::timeout(time_max, shaking).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err((error, stream))) => {
                tracing::debug!(%error, "a TLS handshake failed");
                farewell(stream).await;
            }
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
        metrics::counter!("docket_tls_handshakes_failed_total").increment(1);
        None
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.source)
    }
}

/// Lets the alert that was written arrive: closing a connection with something unread on it would destroy it.
async fn farewell(mut stream: TcpStream) {
    let said = async {
        stream.shutdown().await?;
        let mut rest = stream.take(FAREWELL_BYTES_MAX);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(FAREWELL_TIME, said).await;
}

impl Source {
    fn load(&self, environment: &Environment) -> anyhow::Result<Arc<ServerConfig>> {
        let now_s = environment.now_micros().div_euclid(1_000_000);
        let (identity, cert, key) = match self {
            Source::Files { cert, key } => (pem::identity(cert, key)?, cert.clone(), key.clone()),
            Source::Dev { folder, names } => {
                let identity = dev::identity(folder, names, now_s)?;
                let (cert, key) = (folder.join(dev::CERT), folder.join(dev::KEY));
                (identity, cert, key)
            }
        };
        tell_validity(&identity, &cert, now_s)?;
        let config = config(identity).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow!(
                "the key in {} does not belong to the certificate in {}: give the key that the certificate was \
                 made for; in a chain, the server's own certificate must come first",
                key.display(),
                cert.display()
            ),
            error => anyhow!(
                "the certificate in {} cannot be served with the key in {} ({error}): use an ECDSA key (P-256 \
                 or P-384), an Ed25519 key, or an RSA key of at least 2,048 bits",
                cert.display(),
                key.display()
            ),
        })?;
        Ok(Arc::new(config))
    }
}

/// Says until when a certificate is good, and warns if it is not.
fn tell_validity(identity: &Identity, path: &Path, now_s: i64) -> anyhow::Result<()> {
    let own = identity
        .chain
        .first()
        .context("a chain without certificates")?;
    let facts = Facts::of(own).with_context(|| {
        format!(
            "what {} begins with is no X.509 certificate; get it again from who made it",
            path.display()
        )
    })?;
    let (cert, until, from) = (path.display(), &facts.until, &facts.from);
    if facts.ends_s < now_s {
        tracing::warn!(%cert, %until, "the TLS certificate has expired, and clients will refuse it: put a new \
             one there and send SIGHUP");
    } else if facts.begins_s > now_s {
        tracing::warn!(%cert, %from, "the TLS certificate is not valid yet, and clients will refuse it: look at \
             this machine's clock");
    } else {
        tracing::info!(%cert, %until, "TLS certificate read");
    }
    Ok(())
}

fn config(identity: Identity) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
