//! A plain listener behind a proxy, and what a proxy would say where there is none.

use crate::rig::{Rig, ask, certificate, count, ends, get};
use claimsmith_shell::listen::{Bound, DoorFault, ListenerSettings, ProxySettings, WireSettings};

fn behind(networks: &[&str]) -> impl FnOnce(&mut ListenerSettings) {
    let trusted = networks.iter().map(|network| network.parse().unwrap()).collect();
    move |listener| {
        listener.wire = WireSettings::BehindProxy(ProxySettings { trusted });
        listener.client_certificate_header = Some("client-cert".parse().unwrap());
    }
}

fn peer_with(headers: &str) -> String {
    format!("GET /peer HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
}

/// RFC 9440 §2.1.
fn header_of(der: &[u8]) -> String {
    format!(":{}:", openssl::base64::encode_block(der))
}

#[test]
fn net_013_a_trusted_proxy_tells_the_address() {
    let rig = Rig::on(|_| {}, behind(&["127.0.0.0/8"]));
    let mut client = rig.plain();
    assert_eq!(ask(&mut client, &peer_with("")).text(), "127.0.0.1 plain certificate=0 header=false");
    let forwarded = peer_with("x-forwarded-for: 6.6.6.6, 203.0.113.9\r\n");
    assert_eq!(ask(&mut client, &forwarded).text(), "203.0.113.9 plain certificate=0 header=false");
}

#[test]
fn net_013_nobody_tells_the_address_over_tls() {
    let rig = Rig::new();
    let forwarded = peer_with("x-forwarded-for: 203.0.113.9\r\n");
    assert!(ask(&mut rig.client(), &forwarded).text().starts_with("127.0.0.1 TLSv1.3 "));
}

#[test]
fn net_003_plain_http_from_anyone_but_the_proxy_is_refused() {
    let rig = Rig::on(|_| {}, behind(&["192.0.2.1"]));
    assert!(ends(&mut rig.plain()).is_empty());
    assert_eq!(count(&rig.metrics().refused_untrusted), 1);
}

#[test]
fn net_003_plain_http_on_a_tls_listener_is_never_processed() {
    let rig = Rig::new();
    let mut plain = rig.plain();
    std::io::Write::write_all(&mut plain, get("/hello").as_bytes()).unwrap();
    let seen = ends(&mut plain);
    assert!(!seen.windows(5).any(|bytes| bytes == b"HTTP/" || bytes == b"hello"));
    assert_eq!(rig.handler.calls.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn net_013_a_proxy_may_forward_a_client_certificate() {
    let rig = Rig::on(|_| {}, behind(&["127.0.0.1"]));
    let (certificate, _) = certificate("client");
    let der = certificate.to_der().unwrap();
    let expected = format!("127.0.0.1 plain certificate={} header=false", der.len());
    let rfc9440 = peer_with(&format!("client-cert: {}\r\n", header_of(&der)));
    assert_eq!(ask(&mut rig.plain(), &rfc9440).text(), expected);
    let pem = String::from_utf8(certificate.to_pem().unwrap()).unwrap();
    let escaped = pem.replace('\n', "%0A").replace(' ', "%20").replace('+', "%2B").replace('/', "%2F");
    let nginx = peer_with(&format!("client-cert: {escaped}\r\n"));
    assert_eq!(ask(&mut rig.plain(), &nginx).text(), expected);
    for broken in [":AAAA:", ":?:", "x", "%", "%zz", "::"] {
        let request = peer_with(&format!("client-cert: {broken}\r\n"));
        ask(&mut rig.plain(), &request).assert_json_error(400, "invalid_request");
    }
}

#[test]
fn net_013_a_forged_certificate_header_is_stripped_over_tls() {
    let (certificate, _) = certificate("forged");
    let rig = Rig::on(|_| {}, |listener| listener.client_certificate_header = Some("client-cert".parse().unwrap()));
    let forged = peer_with(&format!("client-cert: {}\r\n", header_of(&certificate.to_der().unwrap())));
    assert_eq!(ask(&mut rig.client(), &forged).text(), "127.0.0.1 TLSv1.3 certificate=0 header=false");
}

#[test]
fn the_proxy_itself_has_no_share_of_connections() {
    let rig = Rig::on(|settings| settings.max_connections_per_address = 1, behind(&["127.0.0.1"]));
    let mut clients: Vec<_> = (0..4).map(|_| rig.plain()).collect();
    assert!(clients.iter_mut().all(|client| ask(client, &get("/hello")).status == 200));
}

#[test]
fn a_listener_behind_nobody_does_not_open() {
    let rig = Rig::new();
    let mut listener = rig.files.listener();
    behind(&[])(&mut listener);
    assert!(matches!(Bound::bind(listener), Err(DoorFault::NoProxies { .. })));
}
