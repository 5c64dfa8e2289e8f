//! TLS to the database: what is verified, and what is done without.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use docket_backends_postgres::{OpenError, Options, Postgres};
use docket_testkit::postgres::Cluster;
use rcgen::{CertificateParams, KeyPair};

fn open(url: &str) -> Result<Postgres, OpenError> {
    Postgres::open(url, &Options::default())
}

#[test]
fn a_certificate_is_looked_at_or_tls_done_without() {
    let cluster = Cluster::with(&[("fsync", "off")]);
    let database = cluster.create_named();
    let url = cluster.url(&database);
    let folder = cluster.psql("postgres", "SHOW data_directory");
    let trusted = show_certificate(Path::new(&folder));
    cluster.psql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.psql("postgres", "SELECT pg_reload_conf()");
    let mut looks = (0..1_000).map(|_| cluster.psql("postgres", "SHOW ssl"));
    assert!(looks.any(|ssl| ssl == "on"), "the server has TLS");

    let file = tempfile::NamedTempFile::new().expect("makes a file");
    fs::write(file.path(), trusted).expect("writes");
    let with = |mode: &str| format!("{url}?sslmode={mode}&sslrootcert={}", file.path().display());
    for (mode, encrypted) in [
        ("require", "t"),
        ("verify-ca", "t"),
        ("verify-full", "t"),
        ("prefer", "t"),
        ("disable", "f"),
    ] {
        let store = open(&with(mode)).expect(mode);
        let sql = "SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
            WHERE a.application_name = 'docket' AND a.state IS NOT NULL";
        let mut looks = (0..1_000).map(|_| cluster.psql("postgres", sql));
        assert!(looks.any(|ssl| ssl == encrypted), "{mode}");
        drop(store);
    }
    let error = open(&format!("{url}?sslmode=require")).expect_err("nobody vouches for it");
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    open(&format!("{url}?sslmode=prefer")).expect("opens without TLS");
    let elsewhere = with("verify-full").replace("@127.0.0.1:", "@localhost:");
    let error = open(&elsewhere).expect_err("the certificate is another host's");
    assert!(error.to_string().contains("certificate"), "{error}");
}

/// Gives the server a certificate for its address, and returns that as what to trust.
fn show_certificate(data: &Path) -> String {
    let key = KeyPair::generate().expect("makes a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("takes the address");
    let certificate = params.self_signed(&key).expect("signs").pem();
    let owner = fs::metadata(data).expect("is there");
    for (name, text) in [
        ("server.crt", &certificate),
        ("server.key", &key.serialize_pem()),
    ] {
        let path = data.join(name);
        fs::write(&path, text).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("may");
        chown(&path, Some(owner.uid()), Some(owner.gid())).expect("may");
    }
    certificate
}
