//! Two nodes on one database: what one does is true on the other, and neither a node nor the database that is gone takes
//! anything with it that was acknowledged.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{AssertionKey, Registered, plugin, wait_for};
use nodes::outage;
use reqwest::Method;
use serde_json::{Value, json};

mod nodes {
    pub(crate) use super::{FRESHNESS, assertion_form, client};

    mod everything;
    mod grants;
    mod midway;
    pub(crate) mod outage;
    mod people;
    mod pushed;
    mod replacement;
    mod strangers;
}

/// How soon every node has what was changed on another.
const FRESHNESS: Duration = Duration::from_secs(1);

fn client(node: &Node<'_>) -> Registered {
    node.register(&json!({ "grant_types": ["client_credentials"], "scope": "read write", "default_scope": "read" }))
}

fn assertion_form(assertion: &str) -> String {
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}")
}

#[test]
fn two_nodes_agree() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));

    // A client made on one is known on the other, and a change of it as well.
    let client = client(&one);
    two.token(&client, "").okt();
    one.command_json(&["client", "update", &client.client_id, "--scope", "read"]);
    wait_for("the client's change", || two.token(&client, "scope=write").status == 400);

    // A plugin and its binding.
    let path = plugin("tenant-claims");
    one.command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", "shared", "--channel", "active"]);
    let binding = json!({ "plugin": "shared", "configuration": { "claims": { "org": "acme" } }, "permissions": ["claim:org"] });
    let reply = one.admin(Method::POST, &format!("/clients/{}/bindings", client.client_id), Some(&binding));
    assert_eq!(reply.status, 201, "{reply:?}");
    wait_for("the binding", || two.decode(&two.token(&client, "").okt()).claims.get("org") == Some(&json!("acme")));
    assert_eq!(one.decode(&one.token(&client, "").okt()).claims.get("org"), Some(&json!("acme")), "the node that was asked has it at once");

    // A revocation, of either form of token: immediate, without patience.
    for format in ["jwt", "opaque"] {
        let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read", "access_token_format": format });
        let client = one.register(&metadata);
        let issued = one.token(&client, "").okt();
        assert!(two.is_active(&client, &issued), "{format}");
        assert_eq!(one.post("/oauth2/revoke", Some(&client.basic()), &format!("token={issued}")).status, 200);
        assert!(!two.is_active(&client, &issued), "{format}");
    }

    // An assertion is good once, wherever it was used.
    let key = AssertionKey::generate(SigningAlg::Es256);
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() });
    let asserting = one.register(&metadata);
    let form = assertion_form(&key.assertion(&asserting.client_id, ISSUER, "only-once"));
    one.post("/oauth2/token", None, &form).okt();
    two.post("/oauth2/token", None, &form).err_with("invalid_client", 401);

    // A new signing key: both publish it, both sign with it.
    let rotated = one.command_json(&["key", "rotate", "--now"]);
    let kid = rotated["kid"].as_str().expect("a kid");
    wait_for("the new key", || [&one, &two].iter().all(|node| node.decode(&node.token(&client, "").okt()).header["kid"] == kid));
    assert!(two.get("/oauth2/jwks").body.contains(kid));
}

#[test]
fn a_killed_node_takes_nothing_with_it() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    let client = client(&one);

    outage::push_marker(&one);

    // Clients are registered and bound, and tokens revoked, until nobody answers any more; the other node must know every one that was.
    let (registered, revoked) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let killed = AtomicBool::new(false);
    let bound = Mutex::new(Vec::new());
    let (http, admin) = (one.http.clone(), format!("{}/admin/v1/clients", one.admin_url));
    // The answer to a change, when there was one.
    let create = |url: &str, body: &Value| {
        let request = http.post(url).bearer_auth(&token).header("content-type", "application/json").body(body.to_string());
        let answer = request.send().ok()?;
        assert_eq!(answer.status(), 201);
        serde_json::from_str::<Value>(&answer.text().ok()?).ok()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !killed.load(Ordering::Relaxed) {
                let Some(answer) = create(&admin, &json!({ "grant_types": ["client_credentials"], "scope": "read" })) else { break };
                let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
                let made = Registered { client_id: text("client_id"), client_secret: Some(text("client_secret")) };
                registered.lock().expect("not poisoned").push(made.clone());
                let configuration = json!({ "value": made.client_id });
                let binding = json!({ "plugin": "marker", "configuration": configuration, "permissions": ["claim:marker_*"] });
                let Some(_) = create(&format!("{admin}/{}/bindings", made.client_id), &binding) else { break };
                bound.lock().expect("not poisoned").push(made);
            }
        });
        scope.spawn(|| {
            while !killed.load(Ordering::Relaxed) {
                let issued = two.token(&client, "").okt();
                let request = http.post(format!("{ISSUER}/oauth2/revoke")).header("authorization", client.basic());
                let request = request.header("content-type", "application/x-www-form-urlencoded").body(format!("token={issued}"));
                match request.send() {
                    Ok(answer) if answer.status() == 200 => revoked.lock().expect("not poisoned").push(issued),
                    _ => break,
                }
            }
        });
        wait_for("some work", || registered.lock().expect("not poisoned").len() > 5 && revoked.lock().expect("not poisoned").len() > 5);
        one.kill();
        killed.store(true, Ordering::Relaxed);
    });
    std::thread::sleep(FRESHNESS);
    for made in registered.into_inner().expect("not poisoned") {
        two.token(&made, "").okt();
    }
    for made in bound.into_inner().expect("not poisoned") {
        let claims = two.decode(&two.token(&made, "").okt()).claims;
        assert_eq!(claims.get("marker_configured"), Some(&json!(made.client_id)), "its binding was acknowledged");
    }
    for issued in revoked.into_inner().expect("not poisoned") {
        assert!(!two.is_active(&client, &issued), "its revocation was acknowledged");
    }
    let three = site.serve(&token, &[]);
    three.token(&client, "").okt();
}

#[test]
fn the_database_goes_and_comes_back() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[]);
    let (known, stranger) = (client(&node), client(&node));
    let issued = node.token(&known, "").okt();
    assert!(node.is_active(&known, &issued));

    database.take_away();
    std::thread::sleep(Duration::from_secs(3));
    node.token(&known, "").okt();
    assert_eq!(node.get("/health/ready").status, 200, "within store.max_stale it can issue tokens");
    let reply = node.introspect(&known, &issued);
    reply.err_with("temporarily_unavailable", 503);
    assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
    let reply = node.post("/oauth2/revoke", Some(&known.basic()), &format!("token={issued}"));
    assert_eq!(reply.status, 503, "nothing is acknowledged that is not kept: {reply:?}");
    let reply = node.token(&stranger, "");
    assert_eq!(reply.status, 503, "a client that this node does not hold: {reply:?}");
    let reply = node.admin(Method::GET, "/clients", None);
    assert_eq!(reply.status, 503, "{reply:?}");

    database.open_again();
    wait_for("introspection", || node.introspect(&known, &issued).status == 200);
    assert!(node.is_active(&known, &issued));
    wait_for("the stranger", || node.token(&stranger, "").status == 200);
    let made = node.token(&known, "").okt();
    assert!(node.is_active(&known, &made));
    assert_eq!(node.stop().code(), Some(0));
}

#[test]
fn a_node_that_is_too_stale_issues_nothing() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[("CLAIMSMITH_STORE__MAX_STALE", "2 s")]);
    let client = client(&node);
    node.token(&client, "").okt();

    database.take_away();
    wait_for("refusal", || node.token(&client, "").status == 503);
    let reply = node.token(&client, "");
    reply.err_with("temporarily_unavailable", 503);
    assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
    let ready = node.get("/health/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("store.max_stale"), "{}", ready.body);
    assert_eq!(node.get("/health/live").status, 200);

    database.open_again();
    wait_for("readiness", || node.get("/health/ready").status == 200);
    node.token(&client, "").okt();
}
