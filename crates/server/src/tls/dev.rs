//! A certificate authority for one machine: its key and certificate, and the server's, in a folder.
//!
//! The authority stays the same across starts, so that clients that trust it go on working. A certificate of
//! the authority that comes near its end is made anew with the same key, so that those who have the old one can
//! go on with it until its end.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::facts::{Facts, is_issued_by};
use super::{Identity, pem};

/// The authority's certificate, for clients.
pub(super) const CA_CERT: &str = "ca.pem";
/// The authority's key.
const CA_KEY: &str = "ca.key";
/// The server's certificate.
pub(super) const CERT: &str = "server.pem";
/// The server's key.
pub(super) const KEY: &str = "server.key";

/// The authority's key and the server's are for the owner only.
const SECRET_MODE: u32 = 0o600;
/// Certificates are for everybody who can come to them.
const PUBLIC_MODE: u32 = 0o644;

const DAY_S: i64 = 86_400;
/// How long a certificate of the authority is good.
const CA_DAYS: i64 = 3_650;
/// How many days before its end it is made anew.
const CA_RENEW_DAYS: i64 = 90;
/// How long a certificate of the server is good.
const DAYS: i64 = 365;
/// How many days before its end it is made anew.
const RENEW_DAYS: i64 = 30;
/// How far clocks of clients may be behind.
const SKEW_DAYS: i64 = 1;

/// The hosts that the certificate is for: this machine by its names, and addresses that are listened on.
pub(super) fn names(addresses: &[SocketAddr]) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    for address in addresses {
        let ip = address.ip().to_canonical();
        let name = ip.to_string();
        if !ip.is_unspecified() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The server's certificate and key, and the authority behind them: those of the folder, as far as they are
/// good, and new ones for the others. Durable when it returns.
pub(super) fn identity(folder: &Path, names: &[String], now_s: i64) -> anyhow::Result<Identity> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make the folder {} for --dev-tls", folder.display()))?;
    let authority = Authority::open(folder, now_s)?;
    if let Ok(identity) = pem::identity(&folder.join(CERT), &folder.join(KEY))
        && authority.still_vouches(&identity, names, now_s)
    {
        return Ok(identity);
    }
    authority.issue(folder, names, now_s)
}

/// The key and the certificate that the server's is signed with.
struct Authority {
    key: KeyPair,
    certificate: CertificateDer<'static>,
    ends_s: i64,
}

impl Authority {
    fn open(folder: &Path, now_s: i64) -> anyhow::Result<Self> {
        let key = ca_key(folder)?;
        let path = folder.join(CA_CERT);
        if let Some((certificate, ends_s)) = ca_cert(&path, &key)? {
            if ends_s - now_s > CA_RENEW_DAYS * DAY_S {
                return Ok(Authority {
                    key,
                    certificate,
                    ends_s,
                });
            }
            tracing::warn!(ca = %path.display(), "the certificate authority of --dev-tls came near its end and \
                 has a new certificate; clients go on with the old one until its end: give them the new one");
        }
        let ends_s = now_s + CA_DAYS * DAY_S;
        let made = ca_params(&key, now_s, ends_s).self_signed(&key)?;
        write(
            folder,
            CA_CERT,
            made.pem().as_bytes(),
            PUBLIC_MODE,
            Replace::Yes,
        )?;
        tracing::info!(ca = %path.display(), "made a certificate for the certificate authority of --dev-tls");
        Ok(Authority {
            key,
            certificate: made.der().clone(),
            ends_s,
        })
    }

    /// Whether a certificate and key of the server can be used as they are.
    fn still_vouches(&self, identity: &Identity, names: &[String], now_s: i64) -> bool {
        let Some(own) = identity.chain.first() else {
            return false;
        };
        let Some(facts) = Facts::of(own) else {
            return false;
        };
        let names: BTreeSet<String> = names.iter().cloned().collect();
        let key = KeyPair::try_from(&identity.key);
        key.is_ok_and(|key| key.subject_public_key_info() == facts.public_key)
            && facts.names == names
            && facts.begins_s <= now_s
            && facts.ends_s - now_s > RENEW_DAYS * DAY_S
            && is_issued_by(own, &self.certificate)
    }

    /// Makes a certificate of the server, and a key for it.
    fn issue(&self, folder: &Path, names: &[String], now_s: i64) -> anyhow::Result<Identity> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Docket");
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(now_s - SKEW_DAYS * DAY_S);
        params.not_after =
            date_time_ymd(1970, 1, 1) + since_epoch((now_s + DAYS * DAY_S).min(self.ends_s));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_der(&self.certificate, &self.key)?;
        let made = params.signed_by(&key, &issuer)?;
        // Should only the first of the two become durable, they do not fit each other and are made again.
        let secret = key.serialize_pem();
        write(folder, KEY, secret.as_bytes(), SECRET_MODE, Replace::Yes)?;
        write(
            folder,
            CERT,
            made.pem().as_bytes(),
            PUBLIC_MODE,
            Replace::Yes,
        )?;
        tracing::info!(?names, "made a certificate for --dev-tls");
        Ok(Identity {
            chain: vec![made.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }
}

/// The authority's key, a new one if there is none. Whoever makes it at the same time as another process has
/// that one's: clients must not be told to trust what is overwritten.
fn ca_key(folder: &Path) -> anyhow::Result<KeyPair> {
    let path = folder.join(CA_KEY);
    if !path.exists() {
        let secret = KeyPair::generate()?.serialize_pem();
        write(folder, CA_KEY, secret.as_bytes(), SECRET_MODE, Replace::No)?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    // What is wrong with it is not told: it is a key.
    KeyPair::from_pem(&text).map_err(|_| {
        anyhow!(
            "{} is not the key of a certificate authority: put back what was there, or remove the folder {} to \
             have a new authority made, whose {CA_CERT} clients must then be given",
            path.display(),
            folder.display()
        )
    })
}

/// The authority's certificate and its end, if the file has one that is this key's.
fn ca_cert(path: &Path, key: &KeyPair) -> anyhow::Result<Option<(CertificateDer<'static>, i64)>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let certificate = CertificateDer::from_pem_slice(&bytes).ok();
    let facts = certificate.as_ref().and_then(Facts::of);
    match (certificate, facts) {
        (Some(certificate), Some(facts)) if facts.public_key == key.subject_public_key_info() => {
            Ok(Some((certificate, facts.ends_s)))
        }
        _ => {
            tracing::warn!(ca = %path.display(), "what is there is no certificate of the key in {CA_KEY} and is \
                 replaced; clients must be given the new one");
            Ok(None)
        }
    }
}

fn ca_params(key: &KeyPair, now_s: i64, ends_s: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Two authorities of one name in one list would be mistaken for each other.
    let id: String = params
        .key_identifier(key)
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Docket");
    let name = format!("Docket development CA {id}");
    params.distinguished_name.push(DnType::CommonName, name);
    // A renewed certificate has the same key and must have another number.
    params.serial_number = Some(SerialNumber::from(now_s.unsigned_abs()));
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(now_s - SKEW_DAYS * DAY_S);
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(ends_s);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Since 1970, for [`date_time_ymd`].
fn since_epoch(unix_s: i64) -> Duration {
    Duration::from_secs(unix_s.max(0).unsigned_abs())
}

/// What becomes of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replace {
    Yes,
    No,
}

/// Writes a file as a whole or not at all. Durable when it returns.
fn write(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    mode: u32,
    replace: Replace,
) -> anyhow::Result<()> {
    let path = folder.join(name);
    let write = || -> io::Result<()> {
        let permissions = Permissions::from_mode(mode);
        let mut file = tempfile::Builder::new()
            .permissions(permissions.clone())
            .tempfile_in(folder)?;
        // Whatever the process's mask takes away, others may read what is for them.
        file.as_file().set_permissions(permissions)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        match replace {
            Replace::Yes => file.persist(&path).map(drop)?,
            Replace::No => match file.persist_noclobber(&path) {
                Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error)?,
                Ok(_) | Err(_) => {}
            },
        }
        File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests;
