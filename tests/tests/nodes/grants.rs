//! Grants beyond the browser's on two nodes: a decision on one is heard on the other, and of many who ask at once, one wins.

use claimsmith_jose::SigningAlg;
use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{AssertionKey, Person, Registered, Reply, claims, encode, hidden};
use serde_json::{Value, json};

use super::people::{PASSWORD, at_once};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn settings() -> [(&'static str, String); 3] {
    // What is asked at once is asked within one interval.
    let long = || "1 min".to_owned();
    let grants = format!("client_credentials,{DEVICE},{BEARER},{CIBA}");
    [("CLAIMSMITH_GRANTS__ENABLED", grants), ("CLAIMSMITH_DEVICE__INTERVAL", long()), ("CLAIMSMITH_CIBA__INTERVAL", long())]
}

fn serve<'s>(site: &'s Site, token: &str) -> [Node<'s>; 2] {
    let settings = settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    [site.serve(token, &settings), site.serve(token, &settings)]
}

fn setup(node: &Node<'_>) -> Registered {
    let created = node.admin(reqwest::Method::POST, "/users", Some(&json!({ "username": "alice", "password": PASSWORD })));
    assert_eq!(created.status, 201, "{created:?}");
    node.register(&json!({
        "grant_types": [DEVICE, BEARER, CIBA], "scope": "openid read", "default_scope": "read", "backchannel_token_delivery_mode": "poll",
    }))
}

fn begin(node: &Node<'_>, client: &Registered) -> Value {
    node.post("/oauth2/device_authorization", Some(&client.basic()), "scope=openid").json()
}

fn poll(node: &Node<'_>, client: &Registered, begun: &Value) -> Reply {
    let code = begun["device_code"].as_str().expect("a code");
    node.post("/oauth2/token", Some(&client.basic()), &format!("grant_type={}&device_code={code}", encode(DEVICE)))
}

fn approve(person: &Person, begun: &Value) {
    let page = person.go(&format!("{ISSUER}/device")).page();
    let code = begun["user_code"].as_str().expect("a code");
    let next = person.submit(&page, &[("user_code", code), ("action", "device")]).page();
    let next = if next.body.contains("id=\"page-sign_in\"") { person.sign_in(&next).page() } else { next };
    let done = person.allow(&next).page();
    assert!(done.body.contains("id=\"page-device_done\""), "{done:?}");
}

#[test]
fn dev_020_a_decision_on_one_node_is_heard_on_the_other() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let nodes = serve(&site, &token);
    let client = setup(&nodes[0]);
    let alice = Person::at(&nodes[0].http, ISSUER, "alice", PASSWORD);
    let begun = begin(&nodes[1], &client);
    approve(&alice, &begun);
    let access_token = poll(&nodes[1], &client, &begun).okt();
    assert!(nodes[0].is_active(&client, &access_token) && nodes[1].is_active(&client, &access_token));

    // Of fifty who ask at once one wins, the others are too fast, and what the winner got stays good.
    let begun = begin(&nodes[0], &client);
    approve(&alice, &begun);
    let (won, lost) = at_once(&nodes, |node| poll(node, &client, &begun));
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("slow_down"));
    assert!(nodes[0].is_active(&client, &won[0].okt()) && nodes[1].is_active(&client, &won[0].okt()));
}

#[test]
fn cib_021_a_decision_on_one_node_is_heard_on_the_other_and_counts_once() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let nodes = serve(&site, &token);
    let client = setup(&nodes[0]);
    let alice = Person::at(&nodes[0].http, ISSUER, "alice", PASSWORD);
    let begun = nodes[1].post("/oauth2/bc-authorize", Some(&client.basic()), "scope=openid&login_hint=alice").json();
    let page = alice.go(&format!("{ISSUER}/account/requests")).page();
    let page = if page.body.contains("id=\"page-sign_in\"") { alice.sign_in(&page).page() } else { page };
    let row = hidden(&page.body, "request").unwrap_or_else(|| panic!("{page:?}"));
    let page = alice.submit(&page, &[("request", &row), ("action", "look")]).page();
    assert!(alice.allow(&page).page().body.contains("id=\"page-device_done\""));
    let form = format!("grant_type={}&auth_req_id={}", encode(CIBA), begun["auth_req_id"].as_str().expect("an identifier"));
    let (won, lost) = at_once(&nodes, |node| node.post("/oauth2/token", Some(&client.basic()), &form));
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("slow_down"));
    assert!(nodes[0].is_active(&client, &won[0].okt()) && nodes[1].is_active(&client, &won[0].okt()));
}

#[test]
fn jwb_005_an_assertion_counts_once_on_all_nodes() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let nodes = serve(&site, &token);
    let client = setup(&nodes[0]);
    let key = AssertionKey::generate(SigningAlg::Es256);
    let trusted = json!({
        "issuer": "https://them.example", "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["jwt_bearer"],
        "clients": [client.client_id], "scopes": ["read"], "subjects": "username", "username_claim": "preferred_username",
    });
    let made = nodes[0].admin(reqwest::Method::POST, "/trusted-issuers", Some(&trusted));
    assert_eq!(made.status, 201, "{made:?}");
    let form = |jti: &str| {
        let mut said = claims("https://them.example", ISSUER, jti);
        (said["sub"], said["preferred_username"]) = (json!("7"), json!("alice"));
        let assertion = key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &said);
        format!("grant_type={}&assertion={assertion}", encode(BEARER))
    };
    let ask = |node: &Node<'_>, form: &str| node.post("/oauth2/token", Some(&client.basic()), form);
    let mut tries = 0;
    claimsmith_tests::wait_for("both nodes to know the issuer", || {
        tries += 1;
        ask(&nodes[1], &form(&format!("try {tries}"))).status == 200
    });
    let form = form("the one");
    let (won, lost) = at_once(&nodes, |node| ask(node, &form));
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    assert!(nodes[1].is_active(&client, &won[0].okt()));
}
