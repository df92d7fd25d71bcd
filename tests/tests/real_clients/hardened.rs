//! A person signs in through openid-client with everything that hardens a request: PAR, JAR, JARM, DPoP, mutual TLS; and signs out.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, SCOPE, assert_ok, person_at_hand};
use super::{node, run};

const BYE: &str = "https://app.example/bye";

/// A certificate that nobody vouches for, with its key: PEM both, and the key set to register.
fn certificate(dev: &Dev) -> (String, String, Value) {
    let made = AssertionKey::generate(SigningAlg::Es256);
    let (key, cert) = (dev.folder().join("own.key"), dev.folder().join("own.pem"));
    fs::write(&key, made.to_pem()).expect("written");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-days", "30", "-subj", "/CN=own", "-key"]).arg(&key).arg("-out").arg(&cert);
    run("openssl req", &mut openssl);
    let cert = fs::read_to_string(cert).expect("a certificate");
    let mut jwks = made.jwks();
    let x5c: String = cert.lines().filter(|line| !line.starts_with("-----")).collect();
    jwks["keys"][0]["x5c"] = json!([x5c]);
    (cert, made.to_pem(), jwks)
}

/// One client of the scene: what it registers beside the usual, and what the program is told to do.
fn entry(dev: &Dev, name: &str, metadata: Value, how: Value) -> Value {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let mut registered = json!({
        "client_name": name, "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [BYE], "scope": SCOPE,
    });
    let mut entry = json!({ "name": name, "par": false, "jar": false, "jarm": false, "dpop": false });
    for (into, from) in [(&mut registered, metadata), (&mut entry, how)] {
        into.as_object_mut().expect("an object").extend(from.as_object().expect("an object").clone());
    }
    if registered["token_endpoint_auth_method"] == "private_key_jwt" {
        registered["jwks"] = key.jwks();
        (entry["private_key"], entry["kid"]) = (json!(key.to_pem()), json!(key.kid()));
    }
    entry["method"] = registered["token_endpoint_auth_method"].clone();
    let client = dev.register(&registered);
    (entry["client_id"], entry["client_secret"]) = (json!(client.client_id), json!(client.client_secret));
    entry
}

#[test]
fn a_person_signs_in_through_openid_client_hardened_and_signs_out() {
    let folder = node();
    let mtls = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").to_string();
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_LISTEN__MTLS", &mtls)]);
    let (cert, key, own) = certificate(&dev);
    let clients = [
        entry(
            &dev,
            "PAR",
            json!({ "token_endpoint_auth_method": "client_secret_basic", "require_pushed_authorization_requests": true }),
            json!({ "par": true }),
        ),
        entry(&dev, "JAR", json!({ "require_signed_request_object": true, "request_object_signing_alg": "ES256" }), json!({ "jar": true })),
        entry(&dev, "JARM", json!({ "token_endpoint_auth_method": "client_secret_basic" }), json!({ "jarm": true })),
        entry(
            &dev,
            "FAPI 2.0",
            json!({ "profile": "fapi2_message_signing", "dpop_bound_access_tokens": true }),
            json!({ "par": true, "jar": true, "jarm": true, "dpop": true }),
        ),
        entry(
            &dev,
            "mutual TLS",
            json!({
                "token_endpoint_auth_method": "self_signed_tls_client_auth", "tls_client_certificate_bound_access_tokens": true,
                "jwks": own,
            }),
            json!({ "cert": cert, "key": key, "par": true }),
        ),
    ];
    let scene = json!({
        "issuer": dev.issuer(), "ca_file": dev.info["ca_file"], "person": person_at_hand(Arc::new(Person::alice(&dev))),
        "redirect_uri": CALLBACK, "post_logout_redirect_uri": BYE, "scope": SCOPE, "clients": clients,
    });
    let path = dev.folder().join("hardened.json");
    fs::write(&path, scene.to_string()).expect("written");
    let ca = dev.info["ca_file"].as_str().expect("a path");
    let mut program = Command::new("node");
    program.arg("hardened-test.mjs").arg(path).current_dir(folder).env("NODE_EXTRA_CA_CERTS", ca);
    assert_ok(&run("node hardened-test.mjs", &mut program), &["PAR", "JAR", "JARM", "FAPI 2.0", "mutual TLS"]);
}
