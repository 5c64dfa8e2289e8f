//! Reading a certificate and its key from files, and saying what is wrong with them.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use anyhow::{anyhow, bail};
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Identity;

/// Most bytes of such a file; a long chain has a few thousand.
const PEM_BYTES_MAX: u64 = 1 << 20;
/// What the encodings of certificates and keys begin with.
const DER_START: u8 = 0x30;

/// Reads a certificate with its chain from one file, and its key from another, or from the same.
pub(super) fn identity(cert: &Path, key: &Path) -> anyhow::Result<Identity> {
    Ok(Identity {
        chain: chain(cert)?,
        key: self::key(key)?,
    })
}

fn chain(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = read(path, "certificate")?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = found.map_err(|error| broken(path, &error))?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    let path = path.display();
    if bytes.first() == Some(&DER_START) {
        bail!(
            "{path} holds a certificate in binary form: make it text with `openssl x509 -inform der -in {path} \
             -out {path}.pem`"
        );
    }
    if PrivateKeyDer::from_pem_slice(&bytes).is_ok() {
        bail!(
            "{path} holds a key and no certificate: --tls-cert takes the certificate, --tls-key its key"
        );
    }
    bail!(
        "{path} holds no certificate: it must be a PEM file, where certificates begin with -----BEGIN \
         CERTIFICATE-----, the server's own first, then its chain"
    )
}

fn key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let bytes = read(path, "key")?;
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => return Ok(key),
        Err(Error::NoItemsFound) => {}
        Err(error) => return Err(broken(path, &error)),
    }
    let path = path.display();
    if bytes.first() == Some(&DER_START) {
        bail!(
            "{path} holds a key in binary form: make it text with `openssl pkey -inform der -in {path} -out \
             {path}.pem`"
        );
    }
    let text = String::from_utf8_lossy(&bytes);
    if text.contains("ENCRYPTED PRIVATE KEY") {
        bail!(
            "the key in {path} is encrypted: write it without its passphrase with `openssl pkey -in {path} -out \
             {path}.plain`, for the server's user only"
        );
    }
    if text.contains("BEGIN CERTIFICATE") {
        bail!(
            "{path} holds a certificate and no key: --tls-key takes the key, --tls-cert its certificate"
        );
    }
    bail!(
        "{path} holds no key: it must be a PEM file, where a key begins with -----BEGIN PRIVATE KEY-----, \
         -----BEGIN EC PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    )
}

/// The text of what is wrong shows nothing of the file: it may be a key.
fn broken(path: &Path, error: &Error) -> anyhow::Error {
    let what = match error {
        Error::MissingSectionEnd { .. } => "a section in it has no end; it may have been cut off",
        _ => "what is between its lines of dashes cannot be read",
    };
    anyhow!(
        "{} is no PEM file: {what}; get it again from who made it",
        path.display()
    )
}

fn read(path: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = read_some(path).map_err(|error| {
        let path = path.display();
        match error.kind() {
            ErrorKind::NotFound => anyhow!(
                "there is no file {path}, where the TLS {what} should be: give the path of a PEM file"
            ),
            ErrorKind::PermissionDenied => anyhow!(
                "{path}, where the TLS {what} should be, cannot be read by the user that this runs as: change \
                 its owner or mode, or copy it to where that user may read it"
            ),
            _ => anyhow!(error).context(format!(
                "{path}, where the TLS {what} should be, cannot be read: give the path of a PEM file"
            )),
        }
    })?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        bail!(
            "{} has more than {PEM_BYTES_MAX} bytes: that is no PEM file of a TLS {what}",
            path.display()
        );
    }
    Ok(bytes)
}

fn read_some(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(PEM_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
