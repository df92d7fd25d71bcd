//! One request and its answer, over HTTP/1.1 or HTTP/2: no more of either protocol than our own server needs.

use bytes::Bytes;
use http::Uri;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::{Plan, Request};

/// A request, rendered once for each protocol.
pub(super) struct Rendered {
    pub(super) class: usize,
    pub(super) status: u16,
    pub(super) h1: Bytes,
    pub(super) head: http::Request<()>,
    pub(super) body: Bytes,
}

impl Rendered {
    pub(super) fn new(request: &Request, class: usize, plan: &Plan) -> Self {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method, request.path, plan.host);
        let uri: Uri = format!("https://{}{}", plan.host, request.path).parse().expect("a path");
        let mut head = http::Request::builder().method(request.method.as_str()).uri(uri);
        let mut header = |name: &str, value: &str| {
            text.push_str(&format!("{name}: {value}\r\n"));
            head = std::mem::take(&mut head).header(name, value);
        };
        header("accept", "application/json");
        if let Some(value) = &request.authorization {
            header("authorization", value);
        }
        if request.method == "POST" {
            header("content-type", "application/x-www-form-urlencoded");
            header("content-length", &request.body.len().to_string());
        }
        text.push_str("\r\n");
        text.push_str(&request.body);
        let head = head.body(()).expect("a request");
        Self { class, status: request.status, h1: text.into(), head, body: request.body.clone().into() }
    }
}

/// A TLS 1.3 connection. The certificate is not looked at: it is loopback, and the CPU belongs to the server.
pub(super) async fn connect(plan: &Plan, alpn: &[u8]) -> io::Result<SslStream<TcpStream>> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL");
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_alpn_protos(alpn).expect("protocols");
    let mut config = connector.build().configure().expect("OpenSSL");
    config.set_verify_hostname(false);
    let name = plan.host.split(':').next().expect("a name");
    let tcp = TcpStream::connect(&plan.addr).await?;
    tcp.set_nodelay(true)?;
    let mut stream = SslStream::new(config.into_ssl(name).expect("OpenSSL"), tcp).expect("OpenSSL");
    Pin::new(&mut stream).connect().await.map_err(io::Error::other)?;
    Ok(stream)
}

/// An HTTP/1.1 connection with keep-alive.
pub(super) struct H1 {
    stream: SslStream<TcpStream>,
    buffer: Vec<u8>,
}

impl H1 {
    pub(super) async fn open(plan: &Plan) -> io::Result<Self> {
        Ok(Self { stream: connect(plan, b"\x08http/1.1").await?, buffer: vec![0; 64 << 10] })
    }

    /// Sends a request and reads its answer to the end; the status.
    pub(super) async fn exchange(&mut self, request: &Rendered) -> io::Result<u16> {
        self.stream.write_all(&request.h1).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed"));
            }
            filled += read;
            if let Some(status) = complete(&self.buffer[..filled])? {
                return Ok(status);
            }
        }
    }
}

/// The status, once head and body are there.
fn complete(bytes: &[u8]) -> io::Result<Option<u16>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not an answer");
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| malformed())?;
    let status: u16 = head.get(9..12).and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = bytes.len() - end - 4;
    if length.is_none() && head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return Ok(bytes.ends_with(b"0\r\n\r\n").then_some(status));
    }
    Ok((body >= length.unwrap_or(0)).then_some(status))
}

/// Streams of one HTTP/2 connection.
#[derive(Clone)]
pub(super) struct H2(h2::client::SendRequest<Bytes>);

impl H2 {
    pub(super) async fn open(plan: &Plan) -> io::Result<Self> {
        let stream = connect(plan, b"\x02h2").await?;
        let (sender, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub(super) async fn exchange(&mut self, request: &Rendered) -> io::Result<u16> {
        let sender = self.0.clone().ready().await.map_err(io::Error::other)?;
        self.0 = sender;
        let (answer, mut body) = self.0.send_request(request.head.clone(), request.body.is_empty()).map_err(io::Error::other)?;
        if !request.body.is_empty() {
            body.send_data(request.body.clone(), true).map_err(io::Error::other)?;
        }
        let (head, mut body) = answer.await.map_err(io::Error::other)?.into_parts();
        while let Some(bytes) = body.data().await {
            let bytes = bytes.map_err(io::Error::other)?;
            let _ = body.flow_control().release_capacity(bytes.len());
        }
        Ok(head.status.as_u16())
    }
}
