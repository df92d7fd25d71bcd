//! Grants beyond the browser's, through openid-client: a device, an exchange of tokens, an assertion of another issuer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person};
use serde_json::json;

use super::node;

const GRANTS: [&str; 3] = [
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
];

/// Somebody types the code that a device shows, signs in, and agrees.
fn connect(dev: &Dev, person: &Person, code: &str) {
    let page = person.go(&format!("{}/device", dev.issuer())).page();
    let page = person.submit(&page, &[("user_code", code), ("action", "device")]).page();
    let page = person.sign_in(&page).page();
    let done = person.allow(&page).page();
    assert!(done.body.contains("id=\"page-device_done\""), "{done:?}");
}

#[test]
fn openid_client_connects_a_device_exchanges_a_token_and_brings_an_assertion() {
    let folder = node();
    let grants = format!("client_credentials,authorization_code,refresh_token,{}", GRANTS.join(","));
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_GRANTS__ENABLED", &grants), ("CLAIMSMITH_DEVICE__INTERVAL", "1 s")]);
    let client = dev.register(&json!({ "client_name": "Display", "grant_types": GRANTS, "scope": "openid read" }));
    let (key, issuer) = (AssertionKey::generate(SigningAlg::Es256), "https://partner.example");
    let trusted = json!({
        "issuer": issuer, "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["jwt_bearer"], "clients": [client.client_id],
        "scopes": ["read"], "subjects": "username", "username_claim": "preferred_username",
    });
    let reply = dev.admin_post("/trusted-issuers", &trusted);
    assert_eq!(reply.status, 201, "{reply:?}");
    let scene = json!({
        "issuer": dev.issuer(), "client_id": client.client_id, "client_secret": client.client_secret,
        "trusted": { "issuer": issuer, "private_key": key.to_pem(), "kid": key.kid() },
    });
    let path = dev.folder().join("grants.json");
    fs::write(&path, scene.to_string()).expect("written");
    let mut node = Command::new("node");
    node.arg("grants-test.mjs").arg(&path).current_dir(folder).env("NODE_EXTRA_CA_CERTS", dev.info["ca_file"].as_str().expect("a path"));
    let mut child = node.stdout(Stdio::piped()).spawn().expect("node");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    connect(&dev, &Person::alice(&dev), first.strip_prefix("code ").unwrap_or_else(|| panic!("{first}")));
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    assert!(child.wait().expect("an end").success(), "{rest:?}");
    assert_eq!(rest, ["device ok", "exchange ok", "assertion ok"]);
}
