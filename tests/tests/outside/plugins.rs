//! PLG: what a plugin may do to a client's token, and what it can never do.

use reqwest::Method;
use serde_json::{Value, json};

use claimsmith_tests::{Registered, wait_for};

use crate::server;

fn bind(client: &Registered, binding: &Value) -> claimsmith_tests::Reply {
    server().admin_post(&format!("/clients/{}/bindings", client.client_id), binding)
}

/// Pushes an example plugin under a name of the test's own and activates it.
fn push(name: &str, plugin: &str) -> String {
    let path = claimsmith_tests::plugin(plugin);
    let pushed = server().command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", name]);
    let digest = pushed["digest"].as_str().expect("a digest").to_owned();
    server().command_json(&["plugin", "activate", name, &digest]);
    digest
}

fn claims(client: &Registered, form: &str) -> serde_json::Map<String, Value> {
    server().decode(&server().token(client, form).okt()).claims
}

/// Waits until a binding shows in the client's tokens: a change is true within a second.
fn wait_for_claim(client: &Registered, name: &str, value: &Value) {
    wait_for("the claim", || claims(client, "").get(name) == Some(value));
}

#[test]
fn a_client_gets_what_its_plugin_gives_and_another_does_not() {
    push("own", "tenant-claims");
    let (one, two) = (server().register_basic("read"), server().register_basic("read"));
    for (client, org) in [(&one, "acme"), (&two, "globex")] {
        let binding = json!({ "plugin": "own", "configuration": { "claims": { "org": org } }, "permissions": ["claim:org"] });
        assert_eq!(bind(client, &binding).status, 201);
    }
    wait_for_claim(&one, "org", &json!("acme"));
    wait_for_claim(&two, "org", &json!("globex"));
    let bystander = server().register_basic("read");
    assert!(!claims(&bystander, "").contains_key("org"));
}

#[test]
fn plg_002_a_claim_without_permission_is_refused() {
    push("unpermitted", "tenant-claims");
    let client = server().register_basic("read");
    let binding = json!({ "plugin": "unpermitted", "configuration": { "claims": { "org": "acme" } }, "permissions": [] });
    assert_eq!(bind(&client, &binding).status, 201);
    wait_for("the refusal", || server().token(&client, "").status == 500);
    server().token(&client, "").err_with("server_error", 500);
    let reserved = json!({ "plugin": "unpermitted", "configuration": { "claims": {} }, "permissions": ["claim:iss"] });
    let reply = bind(&client, &reserved);
    assert_eq!(reply.status, 422, "{}", reply.body);
}

#[test]
fn plg_003_the_failure_policy_is_the_bindings() {
    push("failing", "tenant-claims");
    let client = server().register_basic("read");
    let binding = json!({ "plugin": "failing", "configuration": { "claims": { "org": "acme" } }, "permissions": [], "on_failure": "skip" });
    assert_eq!(bind(&client, &binding).status, 201);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(!claims(&client, "").contains_key("org"), "skipped, and the token is made without it");
}

#[test]
fn plugins_run_in_their_order() {
    push("first", "tenant-claims");
    push("second", "claims-mapper");
    let client = server().register_basic("read");
    let first = json!({ "plugin": "first", "configuration": { "claims": { "org": "acme" } }, "permissions": ["claim:org"], "position": 1 });
    let rules = json!({ "rules": [{ "copy": { "from": "org", "to": "company" } }] });
    let second = json!({ "plugin": "second", "configuration": rules, "permissions": ["claim:company"], "position": 2 });
    assert_eq!(bind(&client, &first).status, 201);
    let reply = bind(&client, &second);
    assert_eq!(reply.status, 201, "{}", reply.body);
    wait_for_claim(&client, "company", &json!("acme"));
}

#[test]
fn a_configuration_that_does_not_fit_the_schema_is_refused_by_name() {
    push("schema", "tenant-claims");
    let client = server().register_basic("read");
    let reply = bind(&client, &json!({ "plugin": "schema", "configuration": { "claims": 7 }, "permissions": [] }));
    assert_eq!((reply.status, reply.header("content-type")), (422, "application/problem+json"));
    assert!(reply.body.contains("configuration"), "{}", reply.body);
}

#[test]
fn uploads_that_are_no_components_are_refused() {
    for (bytes, word) in [(&b"\x7fELF and so on"[..], "component"), (b"\0asm\x01\0\0\0", "component"), (b"", ""), (b"hello", "")] {
        let reply = server().admin(Method::POST, "/plugins?name=bad", &[("content-type", "application/wasm")], bytes.to_vec());
        assert!((400..500).contains(&reply.status), "{reply:?}");
        assert!(reply.body.contains(word), "{}", reply.body);
    }
}

#[test]
fn plg_008_a_newer_version_replaces_the_older_and_rollback_brings_it_back() {
    let first = push("versions", "tenant-claims");
    let client = server().register_basic("read");
    let binding = json!({ "plugin": "versions", "configuration": { "claims": { "org": "acme" } }, "permissions": ["claim:org"] });
    assert_eq!(bind(&client, &binding).status, 201);
    wait_for_claim(&client, "org", &json!("acme"));
    // What is pushed next under the same name cannot read the configuration: it is not made active before somebody insists.
    let path = claimsmith_tests::plugin("claims-mapper");
    let pushed = server().command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", "versions"]);
    let second = pushed["digest"].as_str().expect("a digest").to_owned();
    assert_ne!(first, second);
    let refused = server().admin_post(&format!("/plugins/versions/versions/{second}/activate"), &Value::Null);
    assert_eq!(refused.status, 422, "{refused:?}");
    let problem = refused.json();
    assert!(problem["field"].as_str().is_some_and(|field| field.starts_with("bindings.") && field.contains("configuration")), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&client.client_id)), "{problem}");
    assert_eq!(server().command(&["plugin", "activate", "versions", &second]).status.code(), Some(1));
    assert_eq!(claims(&client, "")["org"], "acme", "nothing has changed");
    server().command_json(&["plugin", "activate", "versions", &second, "--force"]);
    assert_eq!(server().command_json(&["plugin", "show", "versions"])["active"], second);
    assert_ne!(server().token(&client, "").status, 200, "the other version cannot read this configuration");
    server().command_json(&["plugin", "rollback", "versions"]);
    assert_eq!(server().command_json(&["plugin", "show", "versions"])["active"], first);
    assert_eq!(claims(&client, "")["org"], "acme");
}

#[test]
fn plg_005_012_a_plugin_sees_no_secret_and_moves_no_header() {
    let client = server().demo();
    let reply = server().token(&client, "");
    reply.okt();
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
}

#[test]
fn plg_012_no_edit_of_a_plugin_reaches_a_header() {
    push("headers", "tenant-claims");
    push("members", "partner-token");
    let client = server().register_basic("read");
    let names = ["cache-control", "Cache-Control", "pragma", "set-cookie", "content-type", "headers"];
    let values: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!("public, max-age=3600\r\nX-Injected: 1"))).collect();
    let permissions: Vec<_> = names.iter().map(|name| format!("claim:{name}")).collect();
    let claims_binding = json!({ "plugin": "headers", "configuration": { "claims": values }, "permissions": permissions });
    assert_eq!(bind(&client, &claims_binding).status, 201);
    let members_binding = json!({ "plugin": "members", "configuration": { "response": values }, "permissions": [] });
    let reply = bind(&client, &members_binding);
    assert_eq!(reply.status, 201, "{reply:?}");

    // Every name went where edits go, into the token and into the body of the response; the header has none of it.
    let reply = server().token(&client, "");
    let (token, body) = (reply.okt(), reply.json());
    let claims = server().decode(&token).claims;
    for name in names {
        assert_eq!(claims[name], values[name], "{name}");
        assert_eq!(body[name], values[name], "{name}");
    }
    let plain = server().token(&server().register_basic("read"), "");
    let shape = |reply: &claimsmith_tests::Reply| {
        let held = reply.headers.iter().filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
        held.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(shape(&reply), shape(&plain), "the headers of a response no plugin saw");
    assert_eq!((reply.header("cache-control"), reply.header("pragma"), reply.header("x-injected")), ("no-store", "no-cache", ""));

    // Refusals with a text of the plugin's, and what introspection says, are no way there either.
    let asked = server().post("introspection_endpoint", Some(&client.basic()), &format!("token={token}"));
    assert_eq!((asked.header("cache-control"), asked.header("x-injected")), ("no-store", ""));
    let failing = server().register_basic("read");
    let binding = json!({ "plugin": "headers", "configuration": { "claims": values }, "permissions": [] });
    assert_eq!(bind(&failing, &binding).status, 201);
    let refused = server().token(&failing, "");
    refused.err_with("server_error", 500);
    assert_eq!((refused.header("pragma"), refused.header("x-injected")), ("no-cache", ""));
}

#[test]
fn plg_001_and_004_a_refusal_carries_the_plugins_reason() {
    push("guard", "scope-guard");
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read admin", "tags": ["guarded"] });
    let client = server().register(&metadata);
    let configuration = json!({ "ceilings": [{ "tag": "guarded", "scopes": ["read"] }], "excess": "refuse" });
    let reply = bind(&client, &json!({ "plugin": "guard", "configuration": configuration, "permissions": [] }));
    assert_eq!(reply.status, 201, "{}", reply.body);
    server().token(&client, "scope=read").okt();
    let refused = server().token(&client, "scope=read+admin");
    assert!(matches!(refused.json()["error"].as_str(), Some("invalid_scope" | "access_denied")), "{}", refused.body);
    assert_eq!(refused.status, 400);
}
