//! NET: what HTTP itself is held to.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST};

use claimsmith_tests::send;

use crate::server;

#[test]
fn net_003_plain_http_is_not_answered() {
    use std::io::{Read, Write};
    let address = server().issuer().trim_start_matches("https://localhost:").parse::<u16>().expect("a port");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", address)).expect("connected");
    stream.write_all(b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn net_007_scheme_and_header_names_are_case_insensitive() {
    let client = server().register_basic("read");
    let header = client.basic().replacen("Basic", "bAsIC", 1);
    server().post("token_endpoint", Some(&header), "grant_type=client_credentials").okt();
}

#[test]
fn net_008_cors_is_for_allowed_origins_only() {
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_CORS__ALLOWED_ORIGINS", "https://app.example")]);
    let preflight = |origin: &str| {
        let request = dev.http.request(Method::OPTIONS, dev.url("token_endpoint")).header("origin", origin);
        send(request.header("access-control-request-method", "POST"))
    };
    let allowed = preflight("https://app.example");
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, "https://app.example"));
    assert_eq!(allowed.header("access-control-expose-headers"), "WWW-Authenticate, DPoP-Nonce, OAuth-Client-Attestation-Challenge");
    assert!(preflight("https://evil.example").header("access-control-allow-origin").is_empty());
    let jwks = send(dev.http.get(dev.url("jwks_uri")).header("origin", "https://evil.example"));
    assert_eq!(jwks.header("access-control-allow-origin"), "*");
    let introspection = send(dev.http.request(Method::OPTIONS, dev.url("introspection_endpoint")).header("origin", "https://app.example"));
    assert!(introspection.header("access-control-allow-origin").is_empty());
}

#[test]
fn net_010_many_parameters_are_bounded() {
    let client = server().register_basic("read");
    let form = (0..10_000).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    let reply = server().token(&client, &form);
    assert!(matches!(reply.status, 400 | 413), "{reply:?}");
    server().token(&client, "").okt();
}

#[test]
fn net_012_no_secret_is_in_the_log() {
    let client = server().register_basic("read");
    let secret = client.client_secret.clone().expect("a secret");
    let token = server().token(&client, "").okt();
    server().post("introspection_endpoint", Some(&client.basic()), &format!("token={token}"));
    server().token(&client, "scope=nobodys");
    server().post("token_endpoint", Some("Bearer a-token-of-somebody"), "grant_type=client_credentials");
    let log = server().log();
    let header = client.basic();
    for secret in [secret.as_str(), token.as_str(), header.trim_start_matches("Basic "), "a-token-of-somebody"] {
        assert!(!log.contains(secret));
    }
}

#[test]
fn net_013_forged_hosts_change_nothing() {
    let client = server().register_basic("read");
    let url = server().url("token_endpoint");
    let request = server().http.post(url).header(AUTHORIZATION, client.basic()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.header(HOST, "evil.example").header("x-forwarded-host", "evil.example").header("x-forwarded-proto", "http");
    let token = send(request.body("grant_type=client_credentials")).okt();
    assert_eq!(server().decode(&token).claims["iss"], server().issuer());
    let document = send(
        server().http.get(format!("{}/.well-known/openid-configuration", server().issuer())).header("x-forwarded-host", "evil.example"),
    );
    assert!(!document.body.contains("evil"));
}

#[test]
fn the_largest_body_is_a_setting() {
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_LIMITS__BODY_BYTES", "2 KiB")]);
    let client = dev.register_basic("read");
    let padded = |bytes: usize| dev.token(&client, &format!("x={}", "y".repeat(bytes)));
    padded(1_024).okt();
    assert_eq!(padded(2_048).status, 413);
    let padded = |bytes: usize| server().token(&server().demo(), &format!("x={}", "y".repeat(bytes)));
    padded(60 * 1_024).okt();
    assert_eq!(padded(64 * 1_024).status, 413);
}
