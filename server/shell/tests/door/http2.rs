//! HTTP/2 by a client that keeps to it.

use crate::rig::{PATIENCE, Rig, connect};
use bytes::Bytes;
use http::{Request, Response};
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use std::pin::Pin;

type Client = h2::client::SendRequest<Bytes>;

/// Runs `act` with an HTTP/2 connection.
fn with_client<T>(rig: &Rig, act: impl AsyncFnOnce(Client) -> T) -> T {
    rig.runtime.block_on(async {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_verify(SslVerifyMode::NONE);
        connector.set_alpn_protos(b"\x02h2\x08http/1.1").unwrap();
        let ssl = connector.build().configure().unwrap().into_ssl("localhost").unwrap();
        let tcp = connect(rig.addr);
        tcp.set_nonblocking(true).unwrap();
        let tcp = tokio::net::TcpStream::from_std(tcp).unwrap();
        let mut tls = tokio_openssl::SslStream::new(ssl, tcp).unwrap();
        Pin::new(&mut tls).connect().await.unwrap();
        assert_eq!(tls.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
        let (client, connection) = h2::client::handshake(tls).await.unwrap();
        tokio::spawn(connection);
        tokio::time::timeout(PATIENCE, act(client)).await.expect("in time")
    })
}

async fn ask(client: &Client, method: &str, path: &str, body: &'static [&'static str]) -> (Response<()>, Bytes) {
    let mut client = client.clone().ready().await.unwrap();
    let request = Request::builder().method(method).uri(format!("https://localhost{path}")).body(()).unwrap();
    let (response, mut send) = client.send_request(request, body.is_empty()).unwrap();
    for (index, piece) in body.iter().enumerate() {
        send.send_data(Bytes::from_static(piece.as_bytes()), index + 1 == body.len()).unwrap();
    }
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut seen = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        seen.extend_from_slice(&data);
    }
    (Response::from_parts(head, ()), seen.into())
}

#[test]
fn net_011_a_body_in_frames_is_a_body() {
    let rig = Rig::new();
    with_client(&rig, async |client| {
        let (response, body) = ask(&client, "POST", "/echo", &["grant_type=", "client_credentials"]).await;
        assert_eq!((response.status().as_u16(), &body[..]), (200, &b"grant_type=client_credentials"[..]));
        assert_eq!(response.headers()["content-length"], "29");
    });
}

#[test]
fn refusals_are_json_on_http2_too() {
    let rig = Rig::new();
    with_client(&rig, async |client| {
        const LARGE: &str = match std::str::from_utf8(&[b'x'; 2000]) {
            Ok(text) => text,
            Err(_) => panic!(),
        };
        for (method, path, body, status) in
            [("POST", "/echo", &[LARGE][..], 413), ("GET", "/echo", &[], 405), ("GET", "/nowhere", &[], 404), ("GET", "/panic", &[], 500)]
        {
            let (response, body) = ask(&client, method, path, body).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(response.headers()["content-length"], body.len().to_string());
        }
        let (response, body) = ask(&client, "HEAD", "/hello", &[]).await;
        assert_eq!((response.status().as_u16(), body.len()), (200, 0));
        assert_eq!(response.headers()["content-length"], "5");
    });
}

#[test]
fn streams_do_not_wait_for_one_another() {
    let rig = Rig::new();
    let gate = rig.handler.gate.clone();
    with_client(&rig, async |client| {
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { ask(&client, "GET", "/wait", &[]).await.1 })
        };
        for _ in 0..5 {
            assert_eq!(ask(&client, "GET", "/hello", &[]).await.1, "hello");
        }
        gate.add_permits(1);
        assert_eq!(waiting.await.unwrap(), "waited");
    });
}

#[test]
fn a_slow_body_is_408_on_http2_too() {
    let rig = Rig::with(|settings| settings.body_timeout = std::time::Duration::from_millis(100));
    with_client(&rig, async |client| {
        let mut client = client.ready().await.unwrap();
        let request = Request::post("https://localhost/echo").body(()).unwrap();
        let (response, mut send) = client.send_request(request, false).unwrap();
        send.send_data(Bytes::from_static(b"abc"), false).unwrap();
        assert_eq!(response.await.unwrap().status().as_u16(), 408);
    });
}
