//! A TLS server that misbehaves as told, and names that mean what a test says.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use claimsmith_shell::fetch::{Errand, Lookup};
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslAcceptor, SslMethod};
use openssl::x509::X509;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::identity::{p256, self_signed};

/// What the server does with a request.
pub(crate) enum Reply {
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Writes JSON white space in chunks, for ever.
    Endless,
    /// A byte of the body now and then.
    Trickle,
    /// Reads the request and says nothing.
    Silence,
    /// Does not even shake hands.
    NoHandshake,
}

impl Reply {
    pub(crate) fn json() -> Self {
        answer("200 OK", "Content-Type: application/json\r\n", b"{}")
    }
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    Reply::Raw([head.as_bytes(), body].concat())
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) ca_file: PathBuf,
    pub(crate) connections: Arc<AtomicUsize>,
    arrived: Arc<Notify>,
    identity: Arc<(X509, PKey<Private>)>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::start_at("127.0.0.1:0", reply).await
    }

    pub(crate) async fn start_at(address: &str, reply: Reply) -> Self {
        Self::try_start_at(address, reply).await.expect("the address is free")
    }

    pub(crate) async fn try_start_at(address: &str, reply: Reply) -> Option<Self> {
        Self::run(address, reply, Arc::new(stranger())).await
    }

    /// One with the certificate of another.
    pub(crate) async fn start_trusted_by(other: &Self, reply: Reply) -> Self {
        Self::run("127.0.0.1:0", reply, Arc::clone(&other.identity)).await.expect("a free port")
    }

    async fn run(address: &str, reply: Reply, identity: Arc<(X509, PKey<Private>)>) -> Option<Self> {
        let listener = TcpListener::bind(address).await.ok()?;
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, identity.0.to_pem().unwrap()).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_certificate(&identity.0).unwrap();
        acceptor.set_private_key(&identity.1).unwrap();
        let (acceptor, reply) = (Arc::new(acceptor.build()), Arc::new(reply));
        let port = listener.local_addr().unwrap().port();
        let (connections, arrived) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counted, noticed) = (Arc::clone(&connections), Arc::clone(&arrived));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Relaxed);
                noticed.notify_one();
                let (acceptor, reply) = (Arc::clone(&acceptor), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &acceptor, &reply).await });
            }
        });
        Some(Self { port, ca_file, connections, arrived, identity, _folder: folder })
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/jwks", self.port)
    }

    /// Waits for a connection.
    pub(crate) async fn connected(&self) {
        self.arrived.notified().await;
    }
}

/// Errors are the client's hanging up.
async fn serve(stream: TcpStream, acceptor: &SslAcceptor, reply: &Reply) -> Option<()> {
    if matches!(reply, Reply::NoHandshake) {
        std::future::pending::<()>().await;
    }
    let mut stream = tokio_openssl::SslStream::new(Ssl::new(acceptor.context()).ok()?, stream).ok()?;
    Pin::new(&mut stream).accept().await.ok()?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    assert!(request.starts_with(b"GET /jwks HTTP/1.1\r\n"));
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    match reply {
        Reply::Raw(bytes) => {
            stream.write_all(bytes).await.ok()?;
            stream.shutdown().await.ok()
        }
        Reply::Endless => {
            stream.write_all(head).await.ok()?;
            let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await.ok()?;
            }
        }
        Reply::Trickle => {
            stream.write_all(head).await.ok()?;
            loop {
                stream.write_all(b"1\r\n \r\n").await.ok()?;
                stream.flush().await.ok()?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Reply::Silence | Reply::NoHandshake => std::future::pending().await,
    }
}

/// An authority that is its own server, under every name of the tests.
fn stranger() -> (X509, PKey<Private>) {
    self_signed("a stranger", p256(), |builder| {
        builder.append_extension(BasicConstraints::new().ca().build().unwrap()).unwrap();
        let context = builder.x509v3_context(None, None);
        let mut names = SubjectAlternativeName::new();
        let names = names.dns("rp.test").dns("localhost").ip("127.0.0.1").ip("127.0.0.2").ip("::1").build(&context).unwrap();
        builder.append_extension(names).unwrap();
    })
}

/// Names that mean what a test says.
pub(crate) struct Names {
    answers: Vec<Vec<IpAddr>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    /// Every name means all of these.
    pub(crate) fn always(addresses: &[&str]) -> Arc<Self> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self { answers: vec![addresses], asked: AtomicUsize::new(0) })
    }

    /// Every name means the first of these, then the second, …, and stays with the last.
    pub(crate) fn one_after_another(addresses: &[&str]) -> Arc<Self> {
        let answers = addresses.iter().map(|address| vec![address.parse().unwrap()]).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Names {
    fn lookup(&self, _: &str) -> Errand<io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Relaxed).min(self.answers.len() - 1);
        let addresses = self.answers[turn].clone();
        Box::pin(async move { Ok(addresses) })
    }
}
