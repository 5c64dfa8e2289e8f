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

#[cfg(test)]
mod tests {
    use super::*;

    const EC: (&str, &str) = (
        include_str!("../../testdata/ec.pem"),
        include_str!("../../testdata/ec.key"),
    );
    const RSA: (&str, &str) = (
        include_str!("../../testdata/rsa.pem"),
        include_str!("../../testdata/rsa.key"),
    );
    const ENCRYPTED: &str = include_str!("../../testdata/encrypted.key");

    fn check(cert: &[u8], key: &[u8]) -> Result<Identity, String> {
        let folder = tempfile::tempdir().unwrap();
        let (cert_path, key_path) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        std::fs::write(&cert_path, cert).unwrap();
        std::fs::write(&key_path, key).unwrap();
        identity(&cert_path, &key_path).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_a_key_is_read() {
        let pkcs8 = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (cert, key) in [EC, RSA, (EC.0, &pkcs8)] {
            let read = check(cert.as_bytes(), key.as_bytes()).unwrap();
            assert_eq!(read.chain.len(), 1);
        }
        let chain = format!("{}some text\n{}", EC.0, RSA.0);
        let read = check(chain.as_bytes(), EC.1.as_bytes()).unwrap();
        assert_eq!(read.chain.len(), 2);
        let both = format!("{}{}", EC.1, EC.0);
        assert!(check(both.as_bytes(), both.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let binary = [DER_START, 0x82, 1, 0];
        let cut = |text: &str| text.as_bytes()[..text.len() / 2].to_vec();
        let (cert, key) = (EC.0.as_bytes(), EC.1.as_bytes());
        for (cert, key, parts) in [
            (&b""[..], key, ["c.pem holds no certificate", "BEGIN"]),
            (b"\xff\xfe", key, ["c.pem holds no certificate", "BEGIN"]),
            (key, cert, ["holds a key and no certificate", "--tls-cert"]),
            (&binary, key, ["c.pem", "openssl x509 -inform der"]),
            (&cut(EC.0), key, ["c.pem is no PEM file", "cut off"]),
            (cert, b"", ["k.pem holds no key", "BEGIN"]),
            (cert, cert, ["holds a certificate and no key", "--tls-key"]),
            (cert, &binary, ["k.pem", "openssl pkey -inform der"]),
            (cert, &cut(RSA.1), ["k.pem is no PEM file", "cut off"]),
            (
                cert,
                ENCRYPTED.as_bytes(),
                ["k.pem is encrypted", "openssl pkey"],
            ),
        ] {
            let told = check(cert, key).unwrap_err();
            assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        }
        let long = vec![b' '; 2 << 20];
        assert!(check(&long, key).unwrap_err().contains("1048576 bytes"));
        let folder = tempfile::tempdir().unwrap();
        for (path, part) in [
            (folder.path().join("nowhere.pem"), "there is no file"),
            (folder.path().to_owned(), "cannot be read"),
        ] {
            let told = identity(&path, &path).unwrap_err().to_string();
            assert!(told.contains(part), "{told}");
        }
    }
}
