//! Handshakes, and the files behind them.

use crate::identity::self_signed;
use crate::rig::{Files, Rig, ask, certificate, connect, eventually, get, replace};
use claimsmith_shell::listen::{ListenerSettings, WireSettings};
use claimsmith_shell::tls::{Refreshed, TlsFault, TlsIdentity};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn only(connector: &mut SslConnectorBuilder, version: SslVersion) {
    connector.set_security_level(0);
    connector.set_min_proto_version(Some(version)).unwrap();
    connector.set_max_proto_version(Some(version)).unwrap();
}

fn served(client: &SslStream<TcpStream>) -> X509 {
    client.ssl().peer_certificate().unwrap()
}

#[test]
fn net_001_only_tls_1_2_and_1_3_answer_and_1_3_is_preferred() {
    let rig = Rig::new();
    for (version, name) in [(SslVersion::TLS1_2, "TLSv1.2"), (SslVersion::TLS1_3, "TLSv1.3")] {
        let client = rig.client_with(|connector| only(connector, version)).unwrap();
        assert_eq!(client.ssl().version_str(), name);
    }
    for version in [SslVersion::TLS1, SslVersion::TLS1_1] {
        let refusal = rig.client_with(|connector| {
            only(connector, version);
            connector.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        });
        let text = refusal.expect_err("an old version is refused");
        // The server's alert, not our own client's reluctance.
        assert!(text.contains("alert protocol version"), "{text}");
    }
    assert_eq!(rig.client().ssl().version_str(), "TLSv1.3");
}

/// What RFC 9325 §4.2 (and RFC 7905) leave of TLS 1.2.
const ALLOWED: [&str; 6] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

/// Every suite up to TLS 1.2 that OpenSSL 3 can be built with, those of pre-shared keys excepted.
const EVERY_SUITE: &str = "
    ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 DHE-DSS-AES256-GCM-SHA384
    DHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305
    DHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES256-CCM8 ECDHE-ECDSA-AES256-CCM DHE-RSA-AES256-CCM8
    DHE-RSA-AES256-CCM ECDHE-ECDSA-ARIA256-GCM-SHA384 ECDHE-ARIA256-GCM-SHA384
    DHE-DSS-ARIA256-GCM-SHA384 DHE-RSA-ARIA256-GCM-SHA384 ADH-AES256-GCM-SHA384
    ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 DHE-DSS-AES128-GCM-SHA256
    DHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-CCM8 ECDHE-ECDSA-AES128-CCM DHE-RSA-AES128-CCM8
    DHE-RSA-AES128-CCM ECDHE-ECDSA-ARIA128-GCM-SHA256 ECDHE-ARIA128-GCM-SHA256
    DHE-DSS-ARIA128-GCM-SHA256 DHE-RSA-ARIA128-GCM-SHA256 ADH-AES128-GCM-SHA256
    ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 DHE-RSA-AES256-SHA256 DHE-DSS-AES256-SHA256
    ECDHE-ECDSA-CAMELLIA256-SHA384 ECDHE-RSA-CAMELLIA256-SHA384 DHE-RSA-CAMELLIA256-SHA256
    DHE-DSS-CAMELLIA256-SHA256 ADH-AES256-SHA256 ADH-CAMELLIA256-SHA256 ECDHE-ECDSA-AES128-SHA256
    ECDHE-RSA-AES128-SHA256 DHE-RSA-AES128-SHA256 DHE-DSS-AES128-SHA256
    ECDHE-ECDSA-CAMELLIA128-SHA256 ECDHE-RSA-CAMELLIA128-SHA256 DHE-RSA-CAMELLIA128-SHA256
    DHE-DSS-CAMELLIA128-SHA256 ADH-AES128-SHA256 ADH-CAMELLIA128-SHA256 ECDHE-ECDSA-AES256-SHA
    ECDHE-RSA-AES256-SHA DHE-RSA-AES256-SHA DHE-DSS-AES256-SHA DHE-RSA-CAMELLIA256-SHA
    DHE-DSS-CAMELLIA256-SHA AECDH-AES256-SHA ADH-AES256-SHA ADH-CAMELLIA256-SHA
    ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA DHE-RSA-AES128-SHA DHE-DSS-AES128-SHA
    DHE-RSA-CAMELLIA128-SHA DHE-DSS-CAMELLIA128-SHA AECDH-AES128-SHA ADH-AES128-SHA
    ADH-CAMELLIA128-SHA AES256-GCM-SHA384 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384
    AES128-GCM-SHA256 AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-SHA256 CAMELLIA256-SHA256
    AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA CAMELLIA256-SHA AES128-SHA CAMELLIA128-SHA
    ECDHE-ECDSA-NULL-SHA ECDHE-RSA-NULL-SHA AECDH-NULL-SHA NULL-SHA256 NULL-SHA NULL-MD5
";

fn taken_suites(rig: &Rig) -> Vec<&'static str> {
    let offered = EVERY_SUITE.split_whitespace().filter(|name| {
        rig.client_with(|connector| {
            connector.set_security_level(0);
            connector.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
            // A suite that this OpenSSL lacks leaves the list as it was; the check below then sees another name.
            let _ = connector.set_cipher_list(&format!("{name}:@SECLEVEL=0"));
        })
        .is_ok_and(|client| client.ssl().current_cipher().unwrap().name() == *name)
    });
    offered.collect()
}

#[test]
fn net_002_tls_1_2_takes_the_allowed_suites_and_no_other() {
    let rig = Rig::new();
    let mut taken = taken_suites(&rig);
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let (certificate, key) = self_signed("localhost", rsa, |_| {});
    rig.files.write(&certificate.to_pem().unwrap(), &key.private_key_to_pem_pkcs8().unwrap());
    assert!(rig.server.reload().is_empty());
    taken.extend(taken_suites(&rig));
    taken.sort_unstable();
    assert_eq!(taken, ALLOWED);
}

#[test]
fn net_002_groups_are_the_agreed_ones() {
    let rig = Rig::new();
    for (group, agreed) in [("X25519", true), ("P-256", true), ("P-384", true), ("P-521", false), ("ffdhe2048", false)] {
        let outcome = rig.client_with(|connector| {
            only(connector, SslVersion::TLS1_3);
            connector.set_groups_list(group).unwrap();
        });
        assert_eq!(outcome.is_ok(), agreed, "{group}");
    }
}

#[test]
fn alpn_agrees_on_what_both_know_and_goes_on_without() {
    let rig = Rig::new();
    for (offered, agreed) in [
        (&b"\x02h2\x08http/1.1"[..], Some(&b"h2"[..])),
        (b"\x08http/1.1\x02h2", Some(b"h2")),
        (b"\x08http/1.1", Some(b"http/1.1")),
        (b"\x03foo", None),
    ] {
        let client = rig.client_with(|connector| connector.set_alpn_protos(offered).unwrap());
        assert_eq!(client.unwrap().ssl().selected_alpn_protocol(), agreed);
    }
    let mut unknown = rig.client_with(|connector| connector.set_alpn_protos(b"\x03foo").unwrap()).unwrap();
    assert_eq!(ask(&mut unknown, &get("/hello")).text(), "hello");
}

/// Remembers what came from the server.
#[derive(Debug)]
struct Recorder(TcpStream, Arc<Mutex<Vec<u8>>>);

impl Read for Recorder {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buf)?;
        self.1.lock().unwrap().extend(&buf[..count]);
        Ok(count)
    }
}

impl Write for Recorder {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The types of the handshake messages that a TLS 1.2 server sends in the clear (RFC 5246 §7.4).
fn server_flight(rig: &Rig) -> Vec<u8> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    let seen = Arc::<Mutex<Vec<u8>>>::default();
    let recorder = Recorder(connect(rig.addr), Arc::clone(&seen));
    let mut config = connector.build().configure().unwrap();
    config.set_verify_hostname(false);
    config.connect("localhost", recorder).unwrap();
    let seen = seen.lock().unwrap();
    let (mut records, mut messages) = (&seen[..], Vec::new());
    while let [22, _, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        messages.extend_from_slice(&rest[..length]);
        records = &rest[length..];
    }
    let (mut messages, mut types) = (&messages[..], Vec::new());
    while let [kind, a, b, c, rest @ ..] = messages {
        types.push(*kind);
        messages = rest.get(u32::from_be_bytes([0, *a, *b, *c]) as usize..).unwrap_or_default();
    }
    types
}

const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_REQUEST: u8 = 13;

fn asking(listener: &mut ListenerSettings) {
    let WireSettings::Tls(tls) = &mut listener.wire else { unreachable!() };
    tls.ask_client_certificate = true;
}

#[test]
fn mtl_011_an_ordinary_listener_asks_for_no_certificate() {
    let flight = server_flight(&Rig::new());
    assert!(flight.contains(&SERVER_HELLO_DONE) && !flight.contains(&CERTIFICATE_REQUEST), "{flight:?}");
}

#[test]
fn a_mutual_listener_asks_and_hands_over_what_it_gets() {
    let rig = Rig::on(|_| {}, asking);
    let flight = server_flight(&rig);
    assert!(flight.contains(&SERVER_HELLO_DONE) && flight.contains(&CERTIFICATE_REQUEST), "{flight:?}");
    // Without a certificate it goes on; with one, of whatever issuer, it arrives in DER.
    assert!(ask(&mut rig.client(), &get("/peer")).text().contains("certificate=0"));
    let (certificate, key) = certificate("client");
    let mut client = rig
        .client_with(|connector| {
            connector.set_certificate(&certificate).unwrap();
            connector.set_private_key(&key).unwrap();
        })
        .unwrap();
    let expected = format!("certificate={}", certificate.to_der().unwrap().len());
    assert!(ask(&mut client, &get("/peer")).text().contains(&expected));
}

/// The early data that each ticket of a fresh connection allows.
fn tickets(rig: &Rig, version: SslVersion) -> Vec<u32> {
    let tickets = Arc::<Mutex<Vec<u32>>>::default();
    let seen = Arc::clone(&tickets);
    let mut client = rig
        .client_with(|connector| {
            only(connector, version);
            connector.set_session_cache_mode(SslSessionCacheMode::CLIENT);
            connector.set_new_session_callback(move |_, session| seen.lock().unwrap().push(session.max_early_data()));
        })
        .unwrap();
    assert_eq!(ask(&mut client, &get("/hello")).status, 200);
    let tickets = tickets.lock().unwrap();
    tickets.clone()
}

#[test]
fn tickets_allow_no_early_data() {
    assert_eq!(tickets(&Rig::new(), SslVersion::TLS1_3), [0]);
}

#[test]
fn mtl_018_a_mutual_listener_gives_no_tickets_so_that_each_connection_proves_its_key() {
    assert!(tickets(&Rig::on(|_| {}, asking), SslVersion::TLS1_3).is_empty());
}

#[test]
fn ticket_keys_are_replaced_when_old() {
    let files = Files::new("localhost");
    let identity = TlsIdentity::load(files.tls()).unwrap();
    assert!(matches!(identity.refresh(false), Refreshed::Unchanged));
    let mut settings = files.tls();
    settings.ticket_key_age = Duration::ZERO;
    let identity = TlsIdentity::load(settings).unwrap();
    std::fs::remove_file(files.key()).unwrap();
    assert!(matches!(identity.refresh(false), Refreshed::Kept(_)), "a vanished file is reported once");
    assert!(matches!(identity.refresh(false), Refreshed::TicketKeys), "and the pair in memory gets new keys");
}

#[test]
fn a_new_certificate_serves_without_a_restart() {
    let rig = Rig::on(
        |_| {},
        |listener| {
            let WireSettings::Tls(tls) = &mut listener.wire else { unreachable!() };
            tls.watch_interval = Duration::from_millis(20);
        },
    );
    let mut before = rig.client();
    let old = served(&before).to_der().unwrap();
    let (fresh, key) = certificate("renewed");
    rig.files.write(&fresh.to_pem().unwrap(), &key.private_key_to_pem_pkcs8().unwrap());
    eventually("the new certificate is served", || served(&rig.client()).to_der().unwrap() != old);
    assert_eq!(served(&rig.client()).to_der().unwrap(), fresh.to_der().unwrap());
    assert_eq!(ask(&mut before, &get("/hello")).status, 200, "connections live on");
}

#[test]
fn a_broken_pair_never_replaces_a_good_one() {
    let rig = Rig::new();
    let old = served(&rig.client()).to_der().unwrap();
    let (other, _) = certificate("other");
    for (certificate, expected) in [
        (other.to_pem().unwrap(), "does not belong"),
        (b"-----BEGIN CERTIFICATE-----\nnonsense".to_vec(), "no PEM certificate"),
        (Vec::new(), "no PEM certificate"),
    ] {
        replace(&rig.files.certificate(), &certificate);
        let faults = rig.server.reload();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].0, "listen.public");
        let text = faults[0].1.to_string();
        assert!(text.contains(expected), "{text}");
        assert_eq!(served(&rig.client()).to_der().unwrap(), old);
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let files = Files::new("localhost");
    for mode in [0o640, 0o604, 0o620, 0o666] {
        std::fs::set_permissions(files.key(), std::fs::Permissions::from_mode(mode)).unwrap();
        let fault = TlsIdentity::load(files.tls()).unwrap_err();
        assert!(matches!(fault, TlsFault::WideKey { mode: seen, .. } if seen == mode));
        let text = fault.to_string();
        assert!(text.contains("chmod 600") && text.contains("key.pem"), "{text}");
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(files.key(), std::fs::Permissions::from_mode(mode)).unwrap();
        TlsIdentity::load(files.tls()).unwrap();
    }
}

#[test]
fn files_that_are_none_are_named() {
    let files = Files::new("localhost");
    let encrypted = certificate("x").1.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"passphrase");
    for key in [b"nonsense".to_vec(), encrypted.unwrap()] {
        replace(&files.key(), &key);
        let fault = TlsIdentity::load(files.tls()).unwrap_err();
        assert!(matches!(fault, TlsFault::BadKey { .. }), "{fault}");
    }
    std::fs::remove_file(files.certificate()).unwrap();
    let fault = TlsIdentity::load(files.tls()).unwrap_err();
    assert!(matches!(&fault, TlsFault::Unreadable { path, .. } if *path == files.certificate()), "{fault}");
}
