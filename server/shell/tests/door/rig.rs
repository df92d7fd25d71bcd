//! A server on loopback with a certificate of its own, a handler with one path per behaviour, and a plain client.

use bytes::Bytes;
use claimsmith_shell::http::{Answer, Arrival, BodyLimit, Handler};
use claimsmith_shell::listen::{Bound, DoorMetrics, DoorSettings, ListenerSettings, Server, WireSettings};
use claimsmith_shell::tls::TlsSettings;
use http::header::ALLOW;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

use crate::identity::{p256, self_signed};

/// How long a client waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) addr: SocketAddr,
    pub(crate) files: Files,
    pub(crate) handler: Behaviours,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        Rig::with(|_| {})
    }

    pub(crate) fn with(adjust: impl FnOnce(&mut DoorSettings)) -> Rig {
        Rig::on(adjust, |_| {})
    }

    /// A TLS listener after both adjustments.
    pub(crate) fn on(adjust: impl FnOnce(&mut DoorSettings), adjust_listener: impl FnOnce(&mut ListenerSettings)) -> Rig {
        let mut settings = DoorSettings { workers: 2, ..DoorSettings::default() };
        adjust(&mut settings);
        let files = Files::new("localhost");
        let mut listener = files.listener();
        adjust_listener(&mut listener);
        let mut server = Server::start(settings).unwrap();
        let handler = Behaviours::new();
        let addr = server.serve(Bound::bind(listener).unwrap(), handler.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Rig { server, addr, files, handler, runtime }
    }

    pub(crate) fn metrics(&self) -> Arc<DoorMetrics> {
        self.server.metrics()
    }

    pub(crate) fn plain(&self) -> TcpStream {
        connect(self.addr)
    }

    /// A TLS connection that speaks HTTP/1.1.
    pub(crate) fn client(&self) -> SslStream<TcpStream> {
        self.client_with(|_| {}).unwrap()
    }

    /// A TLS connection with HTTP/2 agreed.
    pub(crate) fn h2_client(&self) -> SslStream<TcpStream> {
        let stream = self.client_with(|connector| connector.set_alpn_protos(b"\x02h2").unwrap()).unwrap();
        assert_eq!(stream.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
        stream
    }

    pub(crate) fn client_with(&self, adjust: impl FnOnce(&mut SslConnectorBuilder)) -> Result<SslStream<TcpStream>, String> {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_verify(SslVerifyMode::NONE);
        adjust(&mut connector);
        let mut config = connector.build().configure().unwrap();
        config.set_verify_hostname(false);
        config.connect("localhost", connect(self.addr)).map_err(|error| error.to_string())
    }
}

pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(addr).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp.set_write_timeout(Some(PATIENCE)).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

/// One path per behaviour.
#[derive(Clone)]
pub(crate) struct Behaviours {
    /// `/wait` answers once it gets a permit from here.
    pub(crate) gate: Arc<Semaphore>,
    /// Requests that reached the handler.
    pub(crate) calls: Arc<AtomicUsize>,
}

impl Behaviours {
    pub(crate) fn new() -> Behaviours {
        Behaviours { gate: Arc::new(Semaphore::new(0)), calls: Arc::default() }
    }
}

impl Handler for Behaviours {
    fn admit(&self, method: &Method, path: &str, _: &HeaderMap) -> Result<BodyLimit, Answer> {
        match (path, method.as_str()) {
            ("/echo", "POST") => Ok(BodyLimit(1024)),
            ("/echo", _) => Err(Answer::refusal(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "use POST")
                .with(ALLOW, HeaderValue::from_static("POST"))),
            ("/hello" | "/wait" | "/panic" | "/big" | "/peer" | "/later" | "/nothing" | "/thread", _) => Ok(BodyLimit(0)),
            _ => Err(Answer::refusal(StatusCode::NOT_FOUND, "not_found", "no such path")),
        }
    }

    async fn call(&self, arrival: Arrival) -> Answer {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let text = |body: Bytes| Answer::of(StatusCode::OK, "text/plain", body);
        match arrival.path() {
            "/echo" => text(arrival.body),
            "/wait" => {
                self.gate.acquire().await.unwrap().forget();
                text("waited".into())
            }
            "/panic" => panic!("as asked"),
            "/big" => text(vec![b'x'; 16 << 20].into()),
            "/later" => text("later".into()).leave_at(Instant::now() + Duration::from_millis(300)),
            "/thread" => text(std::thread::current().name().unwrap().to_owned().into()),
            "/nothing" => Answer::empty(StatusCode::NO_CONTENT),
            "/peer" => {
                let peer = &arrival.peer;
                let certificate = peer.client_certificate.as_ref().map_or(0, Bytes::len);
                let forged = arrival.headers.contains_key(HeaderName::from_static("client-cert"));
                let tls = peer.tls.map_or("plain", |tls| tls.version);
                text(format!("{} {tls} certificate={certificate} header={forged}", peer.addr).into())
            }
            _ => text("hello".into()),
        }
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header's value, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// TOK-022: errors are JSON that nobody stores.
    pub(crate) fn assert_json_error(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{}", self.head);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert!(self.text().starts_with(&format!(r#"{{"error":"{error}","error_description":""#)), "{}", self.text());
        assert!(self.text().ends_with(r#""}"#), "{}", self.text());
    }
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

pub(crate) fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn ask(stream: &mut (impl Read + Write), request: &str) -> Reply {
    stream.write_all(request.as_bytes()).unwrap();
    read_reply(stream)
}

/// Reads one HTTP/1.1 response that has a Content-Length (or must not have one).
pub(crate) fn read_reply(stream: &mut impl Read) -> Reply {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply { status, head, body: Vec::new() };
    if status != 204 && status != 304 {
        let length = reply.header("content-length").expect("every answer has a length").parse().unwrap();
        reply.body = vec![0; length];
        stream.read_exact(&mut reply.body).unwrap();
    }
    reply
}

/// Reads to the end, however it comes; fails if it does not come.
pub(crate) fn ends(stream: &mut impl Read) -> Vec<u8> {
    let mut seen = Vec::new();
    match stream.read_to_end(&mut seen) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            panic!("the connection lives on")
        }
        _ => seen,
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::SeqCst)
}

/// A certificate and its key in a directory of their own.
pub(crate) struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new(common_name: &str) -> Files {
        let files = Files { directory: tempfile::tempdir().unwrap() };
        let (certificate, key) = certificate(common_name);
        files.write(&certificate.to_pem().unwrap(), &key.private_key_to_pem_pkcs8().unwrap());
        files
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    pub(crate) fn write(&self, certificate: &[u8], key: &[u8]) {
        replace(&self.key(), key);
        replace(&self.certificate(), certificate);
    }

    pub(crate) fn tls(&self) -> TlsSettings {
        TlsSettings::new(self.certificate(), self.key())
    }

    pub(crate) fn listener(&self) -> ListenerSettings {
        ListenerSettings {
            name: "listen.public".to_owned(),
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            wire: WireSettings::Tls(self.tls()),
            client_certificate_header: None,
        }
    }
}

/// Replaces a file in one step.
pub(crate) fn replace(path: &Path, content: &[u8]) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, content).unwrap();
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&fresh, path).unwrap();
}

/// A self-signed P-256 certificate.
pub(crate) fn certificate(common_name: &str) -> (X509, PKey<Private>) {
    self_signed(common_name, p256(), |_| {})
}
