//! The door's settings: plain data with defaults that a production server can keep.

use crate::listen::proxy::ProxySettings;
use crate::tls::TlsSettings;
use std::net::SocketAddr;
use std::time::Duration;

/// Limits that hold for every listener of a server.
#[derive(Debug, Clone)]
pub struct DoorSettings {
    /// Threads that serve connections, each with a single-threaded runtime of its own. Default: one per core.
    pub workers: usize,
    /// Threads that each worker may add for blocking calls. Default 16.
    pub blocking_threads: usize,
    /// Connections in all. Beyond it a new one is closed at once. Default 8192.
    pub max_connections: usize,
    /// Connections per address (IPv6: per /64 network); not counted on a listener behind a proxy. Default 256.
    pub max_connections_per_address: usize,
    /// Requests between admission and answer, per listener. Beyond it: 503 with `Retry-After`. Default 1024.
    pub max_in_flight: usize,
    /// What `Retry-After` says when full, in seconds. Default 1.
    pub retry_after: u32,
    /// From accepted to the end of the TLS handshake. Default 10 s.
    pub handshake_timeout: Duration,
    /// From a request's first byte (on a new connection: from its start) to the end of its head. Default 10 s.
    pub head_timeout: Duration,
    /// From the end of a request's head to the end of its body. Default 10 s.
    pub body_timeout: Duration,
    /// How long the peer may take nothing of an answer that waits for it. Default 15 s.
    pub write_timeout: Duration,
    /// Without any request, until the connection is closed. Default 75 s.
    pub idle_timeout: Duration,
    /// After this age, plus or minus a tenth by chance, a connection takes no new requests. Default 1 h.
    pub max_age: Duration,
    /// How long requests may finish on a connection that takes no new ones. Default 30 s.
    pub linger: Duration,
    /// All header names and values of a request, in bytes; beyond it 431. Default 16 KiB.
    pub max_head_bytes: usize,
    /// Unwanted request body that is read and thrown away so that the client reads the refusal instead of
    /// a reset, in bytes. Default 2 MiB.
    pub discard_limit: usize,
    /// Bytes a connection may send without a request beginning or a body growing. Default 512 KiB.
    pub max_bytes_between_requests: u64,
    /// Requests a connection may abandon before their answer until it is closed. Default 200.
    pub max_abandoned: u32,
    /// HTTP/2 settings.
    pub h2: H2Settings,
}

/// HTTP/2 (RFC 9113) settings.
#[derive(Debug, Clone)]
pub struct H2Settings {
    /// Concurrent streams. Default 100.
    pub max_streams: u32,
    /// Initial window of a stream in bytes: keep it no larger than the largest body limit. Default 64 KiB.
    pub stream_window: u32,
    /// Initial window of a connection in bytes, so what all streams may leave unread. Default 256 KiB.
    pub connection_window: u32,
    /// Answer bytes buffered per stream. Default 64 KiB.
    pub send_buffer: usize,
    /// Time between our keep-alive pings. Default 20 s.
    pub ping_interval: Duration,
    /// How long a ping's answer may take. Default 20 s.
    pub ping_timeout: Duration,
    /// Streams that the peer may reset before we have looked at them. Default 20.
    pub max_pending_resets: usize,
    /// Streams that we may have to reset for the peer's errors. Default 100.
    pub max_error_resets: usize,
}

/// One listener.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// Its name in logs and errors: the setting that made it, such as `listen.public`.
    pub name: String,
    /// Where it listens. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// TLS, or plain behind a proxy.
    pub wire: WireSettings,
    /// A header that carries a client certificate on proxy listeners; removed from requests everywhere else.
    pub client_certificate_header: Option<http::HeaderName>,
}

/// How bytes travel on a listener. There is no plain listener without a proxy in front of it.
#[derive(Debug, Clone)]
pub enum WireSettings {
    /// TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    Tls(TlsSettings),
    /// Plain HTTP/1.1 from trusted proxies only.
    BehindProxy(ProxySettings),
}

impl Default for DoorSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        DoorSettings {
            workers: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
            blocking_threads: 16,
            max_connections: 8192,
            max_connections_per_address: 256,
            max_in_flight: 1024,
            retry_after: 1,
            handshake_timeout: seconds(10),
            head_timeout: seconds(10),
            body_timeout: seconds(10),
            write_timeout: seconds(15),
            idle_timeout: seconds(75),
            max_age: seconds(3600),
            linger: seconds(30),
            max_head_bytes: 16 * 1024,
            discard_limit: 2 * 1024 * 1024,
            max_bytes_between_requests: 512 * 1024,
            max_abandoned: 200,
            h2: H2Settings::default(),
        }
    }
}

impl Default for H2Settings {
    fn default() -> Self {
        H2Settings {
            max_streams: 100,
            stream_window: 64 * 1024,
            connection_window: 256 * 1024,
            send_buffer: 64 * 1024,
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(20),
            max_pending_resets: 20,
            max_error_resets: 100,
        }
    }
}
