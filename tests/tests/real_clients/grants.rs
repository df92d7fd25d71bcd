//! Grants beyond the browser's, through openid-client and Authlib: a device, a person asked elsewhere, an exchange of tokens,
//! an assertion of another issuer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, hidden};
use serde_json::json;

use super::{DEMO_AUDIENCE, RESOURCE, SCOPE, node, python};

const GRANTS: [&str; 4] = [
    "urn:openid:params:grant-type:ciba",
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

/// Somebody finds a request in their account, with the message that the client shows, and agrees.
fn agree(dev: &Dev, person: &Person, message: &str) {
    let url = format!("{}/account/requests", dev.issuer());
    let page = person.go(&url).page();
    let page = if page.body.contains("id=\"page-sign_in\"") { person.sign_in(&page).page() } else { page };
    assert!(page.body.contains("id=\"page-requests\"") && page.body.contains(message), "{page:?}");
    let request = hidden(&page.body, "request").expect("a request");
    let page = person.submit(&page, &[("request", &request), ("action", "look")]).page();
    let done = person.allow(&page).page();
    assert!(done.body.contains("id=\"page-device_done\""), "{done:?}");
}

/// A server with a resource and a trusted issuer, and the file that tells a program of them.
fn scene() -> (Dev, PathBuf) {
    let grants = format!("client_credentials,authorization_code,refresh_token,{}", GRANTS.join(","));
    let dev = Dev::start_with(
        &[],
        &[("CLAIMSMITH_GRANTS__ENABLED", &grants), ("CLAIMSMITH_DEVICE__INTERVAL", "1 s"), ("CLAIMSMITH_CIBA__INTERVAL", "1 s")],
    );
    let reader = dev.register(&json!({ "grant_types": ["client_credentials"] }));
    let resource = json!({ "identifier": RESOURCE, "scopes": [SCOPE, "reports:delete"], "introspectors": [reader.client_id] });
    assert_eq!(dev.admin_post("/resources", &resource).status, 201);
    let client = dev.register(&json!({
        "client_name": "Display", "grant_types": GRANTS, "scope": format!("openid read {SCOPE}"), "resources": [RESOURCE, DEMO_AUDIENCE],
        "backchannel_token_delivery_mode": "poll",
    }));
    let (key, issuer) = (AssertionKey::generate(SigningAlg::Es256), "https://partner.example");
    let trusted = json!({
        "issuer": issuer, "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["jwt_bearer"], "clients": [client.client_id],
        "scopes": ["read", SCOPE], "subjects": "username", "username_claim": "preferred_username",
    });
    let reply = dev.admin_post("/trusted-issuers", &trusted);
    assert_eq!(reply.status, 201, "{reply:?}");
    let scene = json!({
        "issuer": dev.issuer(), "ca_file": dev.info["ca_file"], "client_id": client.client_id, "client_secret": client.client_secret,
        "resource": RESOURCE, "scope": SCOPE, "reader": { "client_id": reader.client_id, "client_secret": reader.client_secret },
        "trusted": { "issuer": issuer, "private_key": key.to_pem(), "kid": key.kid() },
    });
    let path = dev.folder().join("grants.json");
    fs::write(&path, scene.to_string()).expect("written");
    (dev, path)
}

/// Runs a program that shows codes and messages, has somebody type the ones and agree to the others, and gives the other lines.
fn lines_of(dev: &Dev, program: &mut Command) -> Vec<String> {
    let mut child = program.stdout(Stdio::piped()).spawn().expect("a program");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    let mut rest = Vec::new();
    for line in lines {
        match line.split_once(' ') {
            Some(("code", code)) => connect(dev, &Person::alice(dev), code),
            Some(("message", message)) => agree(dev, &Person::alice(dev), message),
            _ => rest.push(line),
        }
    }
    assert!(child.wait().expect("an end").success(), "{rest:?}");
    rest
}

#[test]
fn openid_client_connects_a_device_asks_elsewhere_exchanges_a_token_and_brings_an_assertion() {
    let folder = node();
    let (dev, path) = scene();
    let mut node = Command::new("node");
    node.arg("grants-test.mjs").arg(&path).current_dir(folder).env("NODE_EXTRA_CA_CERTS", dev.info["ca_file"].as_str().expect("a path"));
    assert_eq!(lines_of(&dev, &mut node), ["device ok", "backchannel ok", "exchange ok", "assertion ok"]);
}

#[test]
fn authlib_does_the_same_in_a_terminal_and_a_resource_server_asks_about_what_comes() {
    let (dev, path) = scene();
    let lines = lines_of(&dev, python("grants_test.py").arg(&path));
    // A QR code stands between the lines, for whom the terminal is in front of.
    assert!(lines.iter().any(|line| line.contains('\u{2588}')), "{lines:?}");
    let told: Vec<_> = lines.into_iter().filter(|line| line.ends_with(" ok")).collect();
    assert_eq!(told, ["device ok", "exchange ok", "assertion ok", "resource server ok"]);
}
