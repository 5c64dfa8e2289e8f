//! What a certificate says about itself.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// What a certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its first moment, in Unix seconds.
    pub begins_s: i64,
    /// Its last moment, in Unix seconds.
    pub ends_s: i64,
    /// Its first moment, to be read.
    pub from: String,
    /// Its last moment, to be read.
    pub until: String,
    /// The hosts that it is for.
    pub names: BTreeSet<String>,
    /// Its public key, as the certificate has it.
    pub public_key: Vec<u8>,
}

impl Facts {
    /// `None` if it is no certificate.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = parse_x509_certificate(certificate).ok()?;
        let validity = parsed.validity();
        Some(Facts {
            begins_s: validity.not_before.timestamp(),
            ends_s: validity.not_after.timestamp(),
            from: validity.not_before.to_string(),
            until: validity.not_after.to_string(),
            names: names(&parsed),
            public_key: parsed.public_key().raw.to_vec(),
        })
    }
}

/// Whether one certificate was signed by another's key and names it as its issuer.
pub(super) fn is_issued_by(certificate: &CertificateDer<'_>, issuer: &CertificateDer<'_>) -> bool {
    let (Ok((_, certificate)), Ok((_, issuer))) = (
        parse_x509_certificate(certificate),
        parse_x509_certificate(issuer),
    ) else {
        return false;
    };
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && certificate
            .verify_signature(Some(issuer.public_key()))
            .is_ok()
}

fn names(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => &names.value.general_names,
        Ok(None) | Err(_) => return BTreeSet::new(),
    };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => ip(bytes).map(|ip| ip.to_string()),
        _ => None,
    };
    names.iter().filter_map(text).collect()
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(bytes));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}
