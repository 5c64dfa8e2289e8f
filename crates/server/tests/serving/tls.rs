//! TLS as clients meet it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use docket_engine::Environment;
use docket_server::config::Listen;
use docket_server::listen::Listener;
use docket_server::tls::Tls;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::site::{PATIENCE, Site, ask, memory, rest};

const BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// A server with one port in the clear and one with TLS.
struct Secure {
    site: Site,
    tls: Arc<Tls>,
    address: SocketAddr,
    folder: TempDir,
}

impl Secure {
    /// With an authority of its own.
    async fn dev(listen: Listen) -> Self {
        let dev = Listen {
            dev_tls: true,
            ..listen
        };
        Secure::start(dev, tempfile::tempdir().unwrap()).await
    }

    /// With files in a folder.
    async fn with_files(folder: TempDir) -> Self {
        let listen = Listen {
            tls_cert: Some(folder.path().join("cert.pem")),
            tls_key: Some(folder.path().join("key.pem")),
            ..Listen::default()
        };
        Secure::start(listen, folder).await
    }

    async fn start(listen: Listen, folder: TempDir) -> Self {
        let tls = Tls::open(&listen, folder.path(), Environment::system());
        let tls = tls.unwrap().unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener::new(socket, Some(tls.clone()));
        let site = Site::beside(listen, vec![listener], memory(), |_| {}).await;
        site.ready().await;
        Secure {
            site,
            tls,
            address,
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trusting(&self, name: &str) -> Client {
        Client::trusting(CertificateDer::from_pem_file(self.path(name)).unwrap())
    }

    async fn connect(&self, client: &Client) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(client.config.clone()));
        connector
            .connect(ServerName::try_from(client.host).unwrap(), stream)
            .await
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self, client: &Client) -> CertificateDer<'static> {
        let stream = self.connect(client).await.unwrap();
        own(&stream)
    }
}

fn own(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let (_, session) = stream.get_ref();
    session.peer_certificates().unwrap()[0].clone()
}

/// A client and what it wants.
#[derive(Clone)]
struct Client {
    config: ClientConfig,
    host: &'static str,
}

impl Client {
    fn new(roots: RootCertStore, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client {
            config,
            host: "localhost",
        }
    }

    fn trusting(certificate: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        Client::new(roots, &BOTH)
    }

    fn asking(mut self, protocols: &[&str]) -> Self {
        let bytes = |name: &&str| name.as_bytes().to_vec();
        self.config.alpn_protocols = protocols.iter().map(bytes).collect();
        self
    }
}

/// Puts a certificate and its key into a folder; the certificate can be trusted as it is.
fn put(folder: &TempDir, until_year: i32) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(until_year, 1, 1);
    let made = params.self_signed(&key).unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn either_http_is_chosen_by_alpn() {
    let secure = Secure::dev(Listen::default()).await;
    let client = secure.trusting("ca.pem");
    for (asked, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["h2"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["spdy/3", "http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = secure.connect(&client.clone().asking(asked)).await.unwrap();
        let found = stream.get_ref().1.alpn_protocol();
        assert_eq!(found, chosen.map(str::as_bytes), "{asked:?}");
        if chosen == Some("h2") {
            assert_eq!(get_by_http2(stream, "/healthz").await, "ok\n", "{asked:?}");
        } else {
            assert!(
                get(stream, "/healthz").await.ends_with("\r\n\r\nok\n"),
                "{asked:?}"
            );
        }
    }
    let told = secure.connect(&client.asking(&["spdy/3"])).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("NoApplicationProtocol"), "{told}");
    secure.site.stop().await.unwrap();
}

async fn get(mut stream: TlsStream<TcpStream>, path: &str) -> String {
    ask(&mut stream, path, "connection: close\r\n").await;
    rest(&mut stream).await
}

async fn get_by_http2(stream: TlsStream<TcpStream>, path: &str) -> String {
    let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get(format!("https://localhost{path}"));
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    drop(sender);
    connection.await.unwrap().unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn both_versions_and_all_names_of_this_machine_are_served() {
    let secure = Secure::dev(Listen::default()).await;
    let ca = CertificateDer::from_pem_file(secure.path("ca.pem")).unwrap();
    for (version, number) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for host in ["localhost", "127.0.0.1", "::1"] {
            let mut roots = RootCertStore::empty();
            roots.add(ca.clone()).unwrap();
            let client = Client {
                host,
                ..Client::new(roots, &[version]).asking(&["h2", "http/1.1"])
            };
            let stream = secure.connect(&client).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(number));
            assert_eq!(get_by_http2(stream, "/healthz").await, "ok\n");
        }
    }
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_of_another_authority_refuses() {
    let secure = Secure::dev(Listen::default()).await;
    let other = Secure::dev(Listen::default()).await;
    let told = secure.connect(&other.trusting("ca.pem")).await.unwrap_err();
    assert!(
        told.to_string().contains("invalid peer certificate"),
        "{told}"
    );
    let client = Client {
        host: "docket.example",
        ..secure.trusting("ca.pem")
    };
    let told = secure.connect(&client).await.unwrap_err();
    assert!(
        told.to_string().contains("invalid peer certificate"),
        "{told}"
    );
    assert!(secure.connect(&secure.trusting("ca.pem")).await.is_ok());
    other.site.stop().await.unwrap();
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn cleartext_is_closed_with_an_alert() {
    let secure = Secure::dev(Listen::default()).await;
    let mut long =
        b"POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n\r\n".to_vec();
    long.resize(long.len() + 1_048_577, b' ');
    for sent in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\0",
        &long,
    ] {
        let stream = TcpStream::connect(secure.address).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let told = async {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).await.map(|_| bytes)
        };
        // Who is hung up on need not get rid of all it had to say.
        let (_, told) = tokio::join!(
            to.write_all(sent),
            tokio::time::timeout(Duration::from_secs(1), told)
        );
        let told = told.unwrap().unwrap();
        // A fatal alert, in a record of its own.
        assert_eq!((told[0], told[5], told.len()), (0x15, 2, 7), "{told:?}");
    }
    secure.site.stop().await.unwrap();
}

/// The beginning of a ClientHello.
const HALF: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

#[tokio::test]
async fn half_a_handshake_is_dropped_and_holds_nobody_up() {
    let secure = Secure::dev(Listen {
        head_time_s: 1,
        ..Listen::default()
    })
    .await;
    for sent in [&b""[..], HALF] {
        let mut stream = TcpStream::connect(secure.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
    }
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_finishes_requests_and_not_handshakes() {
    let secure = Secure::dev(Listen::default()).await;
    let client = secure.trusting("ca.pem").asking(&["http/1.1"]);
    let mut half = TcpStream::connect(secure.address).await.unwrap();
    half.write_all(HALF).await.unwrap();
    let mut slow = secure.connect(&client).await.unwrap();
    ask(&mut slow, "/slow", "").await;
    // The slow request is under way once a later one has been answered.
    let later = secure.connect(&client).await.unwrap();
    assert!(get(later, "/healthz").await.ends_with("ok\n"));
    let (ended, answer, nothing) =
        tokio::join!(secure.site.stop(), rest(&mut slow), rest(&mut half));
    ended.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert_eq!(nothing, "");
}

#[tokio::test]
async fn new_connections_get_what_was_read_again() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, 4_000);
    let secure = Secure::with_files(folder).await;
    let client = secure.trusting("cert.pem").asking(&["http/1.1"]);
    let mut old = secure.connect(&client).await.unwrap();
    let first = own(&old);

    put(&secure.folder, 4_000);
    secure.tls.reload().unwrap();
    let second = secure.shown(&secure.trusting("cert.pem")).await;
    assert_ne!(second, first);
    assert!(secure.connect(&client).await.is_err());
    // Whoever was there before goes on.
    ask(&mut old, "/healthz", "connection: close\r\n").await;
    assert!(rest(&mut old).await.ends_with("ok\n"));

    let client = secure.trusting("cert.pem");
    for (file, text, part) in [
        (
            "key.pem",
            KeyPair::generate().unwrap().serialize_pem(),
            "does not belong",
        ),
        ("key.pem", "nothing".to_owned(), "holds no key"),
        ("cert.pem", "nothing".to_owned(), "holds no certificate"),
    ] {
        let path = secure.path(file);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, text).unwrap();
        let told = secure.tls.reload().unwrap_err().to_string();
        assert!(told.contains(part) && told.contains(file), "{told}");
        assert_eq!(secure.shown(&client).await, second);
        std::fs::write(&path, good).unwrap();
    }
    secure.tls.reload().unwrap();
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn a_development_certificate_stays_over_reloads() {
    let secure = Secure::dev(Listen::default()).await;
    let client = secure.trusting("ca.pem");
    let first = secure.shown(&client).await;
    secure.tls.reload().unwrap();
    assert_eq!(secure.shown(&client).await, first);
    std::fs::remove_file(secure.path("server.pem")).unwrap();
    secure.tls.reload().unwrap();
    assert_ne!(secure.shown(&client).await, first);
    assert_eq!(secure.tls.authority(), Some(secure.path("ca.pem")));
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn what_has_expired_is_served_and_refused_by_clients() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, 2_020);
    let secure = Secure::with_files(folder).await;
    let told = secure
        .connect(&secure.trusting("cert.pem"))
        .await
        .unwrap_err();
    assert!(told.to_string().contains("xpired"), "{told}");
    secure.site.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_with_nothing_to_say_is_closed() {
    let secure = Secure::dev(Listen {
        head_time_s: 1,
        idle_time_s: 1,
        ..Listen::default()
    })
    .await;
    let client = secure.trusting("ca.pem");
    for protocol in ["h2", "http/1.1"] {
        let mut stream = secure
            .connect(&client.clone().asking(&[protocol]))
            .await
            .unwrap();
        let mut bytes = Vec::new();
        // A close without a farewell is one, too.
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes));
        let _ = closed.await.unwrap();
    }
    secure.site.stop().await.unwrap();
}
