//! What becomes of the authority's folder over the years.

use tempfile::TempDir;

use super::*;

const NOW_S: i64 = 1_795_579_200;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn tls(&self) -> std::path::PathBuf {
        self.folder.path().join("data/tls")
    }

    fn try_open(&self, addresses: &[&str], days: i64) -> anyhow::Result<Identity> {
        let addresses: Vec<SocketAddr> =
            addresses.iter().map(|text| text.parse().unwrap()).collect();
        identity(&self.tls(), &names(&addresses), NOW_S + days * DAY_S)
    }

    /// The server's certificate after some days.
    fn open(&self, addresses: &[&str], days: i64) -> CertificateDer<'static> {
        self.try_open(addresses, days).unwrap().chain.remove(0)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.tls().join(name)).unwrap()
    }

    fn ca(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(&self.read(CA_CERT)).unwrap()
    }
}

#[test]
fn everything_stays_while_it_is_good() {
    let place = Place::new();
    let first = place.open(&["127.0.0.1:80"], 0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder.path().join("data")), 0o700);
    assert_eq!(mode(&place.tls()), 0o700);
    for (name, expected) in [
        (CA_CERT, 0o644),
        (CA_KEY, 0o600),
        (CERT, 0o644),
        (KEY, 0o600),
    ] {
        assert_eq!(mode(&place.tls().join(name)), expected, "{name}");
    }
    let ca = place.read(CA_CERT);
    assert_eq!(place.open(&["[::1]:80", "0.0.0.0:80"], 300), first);
    assert_eq!(place.read(CA_CERT), ca);
    assert!(is_issued_by(&first, &place.ca()));
    assert_eq!(fs::read_dir(place.tls()).unwrap().count(), 4);
}

#[test]
fn the_server_gets_a_new_certificate_when_it_must() {
    let place = Place::new();
    let first = place.open(&[], 0);
    let ca = place.ca();
    let other = place.open(&["192.0.2.7:80", "[::ffff:192.0.2.8]:80"], 1);
    let facts = Facts::of(&other).unwrap();
    assert_ne!(other, first);
    assert!(facts.names.contains("192.0.2.7") && facts.names.contains("192.0.2.8"));
    // Near its end, and when the clock is before its beginning.
    let first = place.open(&[], 2);
    let later = place.open(&[], 2 + DAYS - RENEW_DAYS);
    assert_ne!(later, first);
    assert_ne!(place.open(&[], 0), later);
    // When its key is another one's or gone.
    for broken in [&b"nonsense"[..], &place.read(CA_KEY)] {
        fs::write(place.tls().join(KEY), broken).unwrap();
        let before = place.read(CERT);
        place.open(&[], 0);
        assert_ne!(place.read(CERT), before);
    }
    assert_eq!(place.ca(), ca);
}

#[test]
fn clients_of_an_old_authority_certificate_go_on_with_the_renewed_one() {
    let place = Place::new();
    place.open(&[], 0);
    let old = place.ca();
    let days = CA_DAYS - CA_RENEW_DAYS;
    place.open(&[], days - 1);
    assert_eq!(place.ca(), old);
    let server = place.open(&[], days);
    let new = place.ca();
    assert_ne!(new, old);
    assert!(is_issued_by(&server, &old) && is_issued_by(&server, &new));
    let ends = |certificate| Facts::of(certificate).unwrap().ends_s;
    assert!(ends(&server) <= ends(&new) && ends(&new) > ends(&old));
    // The last certificate before that was not good for longer than the authority.
    assert!(Facts::of(&old).unwrap().ends_s - NOW_S >= (days + RENEW_DAYS) * DAY_S);
}

#[test]
fn lost_files_are_made_again_and_a_broken_key_is_not_replaced() {
    let place = Place::new();
    place.open(&[], 0);
    let old = place.ca();
    for damage in [None, Some("nonsense")] {
        let path = place.tls().join(CA_CERT);
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let server = place.open(&[], 1);
        assert!(is_issued_by(&server, &place.ca()) && is_issued_by(&server, &old));
    }
    fs::write(place.tls().join(CA_KEY), "a secret").unwrap();
    let told = place.try_open(&[], 1).unwrap_err().to_string();
    assert!(
        told.contains("ca.key") && told.contains("remove the folder"),
        "{told}"
    );
    assert!(!told.contains("a secret"), "{told}");
    // Without its key an authority is another one.
    fs::remove_file(place.tls().join(CA_KEY)).unwrap();
    let server = place.open(&[], 1);
    assert!(is_issued_by(&server, &place.ca()) && !is_issued_by(&server, &old));
    let blocked = tempfile::NamedTempFile::new().unwrap();
    let told = identity(&blocked.path().join("tls"), &[], NOW_S).unwrap_err();
    assert!(told.to_string().contains("--dev-tls"), "{told}");
}
