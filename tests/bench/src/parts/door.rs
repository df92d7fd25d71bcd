//! The door alone: TLS, HTTP, a body that is read, a static answer of 700 bytes. It is loaded from outside.

use bytes::Bytes;
use claimsmith_shell::http::{Answer, Arrival, BodyLimit, Handler};
use claimsmith_shell::listen::{Bound, DoorSettings, ListenerSettings, Server, WireSettings};
use claimsmith_shell::tls::TlsSettings;
use http::{HeaderMap, Method, StatusCode};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Length of the answer: that of a token response without claims.
pub const ANSWER: usize = 700;

/// Answers everything alike.
#[derive(Clone)]
struct Static(Bytes);

impl Handler for Static {
    fn admit(&self, _: &Method, _: &str, _: &HeaderMap) -> Result<BodyLimit, Answer> {
        Ok(BodyLimit(64 << 10))
    }

    async fn call(&self, arrival: Arrival) -> Answer {
        std::hint::black_box(&arrival.body);
        Answer::json(StatusCode::OK, self.0.clone()).uncached()
    }
}

/// Serves until the server is dropped, with this certificate.
///
/// # Panics
/// When certificate or key cannot be used.
pub fn open(workers: usize, certificate: PathBuf, key: PathBuf) -> (Server, SocketAddr) {
    let settings = DoorSettings { workers, ..DoorSettings::default() };
    let listener = ListenerSettings {
        name: "bench".to_owned(),
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        wire: WireSettings::Tls(TlsSettings::new(certificate, key)),
        client_certificate_header: None,
    };
    let body = format!("{{\"filler\":\"{}\"}}", "x".repeat(ANSWER - 13));
    let mut server = Server::start(settings).expect("threads");
    let addr = server.serve(Bound::bind(listener).expect("a certificate"), Static(body.into()));
    (server, addr)
}
