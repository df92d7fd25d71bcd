//! CIM: clients that are what a document at their `client_id` says.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Receiver, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, app, code, redeem, refresh, refresh_token, request, token};
use crate::server;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct Rig {
    host: Receiver,
    dev: Dev,
}

/// A server whose clients' documents are good for a second, and the host that has them.
static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let host = Receiver::start(|path, _| match path {
        "/redirect" => Some("302 Found\r\nLocation: /elsewhere".to_owned()),
        "/hang" => None,
        "/down" => Some("503 Service Unavailable".to_owned()),
        _ => Some("404 Not Found".to_owned()),
    });
    let ca = host.ca_file();
    let grants = format!("client_credentials,authorization_code,refresh_token,{DEVICE}");
    let environment = [
        ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str()),
        ("CLAIMSMITH_FETCH__CA_FILE", ca.as_str()),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
        ("CLAIMSMITH_FETCH__TIMEOUT", "2 s"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__ENABLED", "true"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__GRANT_TYPES", grants.as_str()),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__CACHE_TIME_MIN", "1 s"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__BURST", "1000"),
        ("CLAIMSMITH_LOG__FORMAT", "json"),
    ];
    let dev = Dev::start_with(&[], &environment);
    Rig { host, dev }
});

/// What stands at a path, for the longest time there is; with what the test adds.
fn document(path: &str, more: Value) -> Value {
    let mut document = json!({
        "client_id": RIG.host.url(path),
        "client_name": "Travelling App",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid offline_access",
    });
    for (name, value) in more.as_object().expect("an object") {
        document[name] = value.clone();
    }
    document
}

fn publish(path: &str, document: &Value) {
    RIG.host.serve(path, "application/json", &document.to_string());
}

/// The same, good for a second.
fn publish_shortly(path: &str, document: &Value) {
    RIG.host.serve(path, "application/json\r\nCache-Control: max-age=1", &document.to_string());
}

/// A client with a document.
fn client(path: &str, more: Value) -> Registered {
    publish(path, &document(path, more));
    Registered { client_id: RIG.host.url(path), client_secret: None }
}

fn fetches(path: &str) -> usize {
    RIG.host.received(path).len()
}

/// What a browser gets that comes with a `client_id`.
fn knock(client_id: &str) -> Reply {
    let client = Registered { client_id: client_id.to_owned(), client_secret: None };
    Person::alice(&RIG.dev).fetch(&request(&RIG.dev, &client, "&scope=openid"))
}

/// Nobody is sent anywhere (RFC 6749 §4.1.2.1).
fn is_page(reply: &Reply) -> bool {
    reply.status == 400 && reply.headers.get("location").is_none() && reply.body.contains("id=\"page-error\"")
}

fn is_known(reply: &Reply) -> bool {
    reply.body.contains("id=\"page-sign_in\"") || reply.headers.get("location").is_some()
}

#[test]
fn cim_012_a_document_is_all_it_takes_from_the_browser_to_the_refreshed_token() {
    let client = client("/whole", json!({}));
    let alice = Person::alice(&RIG.dev);
    let code = code(&RIG.dev, &alice, &client, "&scope=openid+offline_access");
    let reply = redeem(&RIG.dev, &client, &code, "");
    let access = RIG.dev.decode(&reply.okt());
    assert_eq!(access.claims["client_id"], client.client_id);
    refresh(&RIG.dev, &client, &refresh_token(&reply), "").okt();
    assert_eq!(fetches("/whole"), 1, "one fetch serves for as long as it is good");
}
