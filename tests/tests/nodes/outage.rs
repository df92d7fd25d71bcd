//! Half a minute without a database, after changes that were acknowledged the moment before.

use std::time::{Duration, Instant};

use claimsmith_jose::SigningAlg;
use claimsmith_tests::postgres::Postgres;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{AssertionKey, Registered, Variant, claims, marker, wait_for};
use reqwest::Method;
use serde_json::json;

use super::{assertion_form, client};

/// How long the database is away: less than `store.max_stale`.
const OUTAGE: Duration = Duration::from_secs(30);

/// What was acknowledged before the outage.
struct Acknowledged {
    /// A client of before, which both nodes hold.
    known: Registered,
    /// One that was registered and bound last of all.
    late: Registered,
    asserting: Registered,
    key: AssertionKey,
    used: String,
    /// Revoked tokens.
    revoked: Vec<String>,
    /// A token that is good.
    good: String,
    kid: String,
}

/// Uploads the marker and activates it.
pub(crate) fn push_marker(node: &Node<'_>) {
    node.activate("marker", &node.push("marker", marker(Variant(7))));
}

/// Binds the marker to a client with a value of its own.
fn bind_marker(node: &Node<'_>, client: &Registered, value: &str) {
    let binding = json!({ "plugin": "marker", "configuration": { "value": value }, "permissions": ["claim:marker_*"] });
    let reply = node.admin(Method::POST, &format!("/clients/{}/bindings", client.client_id), Some(&binding));
    assert_eq!(reply.status, 201, "{reply:?}");
}

/// Changes of every kind on one node, each acknowledged.
fn change(one: &Node<'_>, two: &Node<'_>) -> Acknowledged {
    push_marker(one);
    let known = client(one);
    let key = AssertionKey::generate(SigningAlg::Es256);
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() });
    let asserting = one.register(&metadata);
    let opaque = one.register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "access_token_format": "opaque" }));
    let good = two.token(&known, "").okt();
    let rotated = one.command_json(&["key", "rotate", "--now"]);
    let kid = rotated["kid"].as_str().expect("a kid").to_owned();
    wait_for("the new key", || [one, two].iter().all(|node| node.decode(&node.token(&known, "").okt()).header["kid"] == kid.as_str()));

    // From here on nothing is waited for but the acknowledgement.
    // It must outlive the outage: refused afterwards because it was used, not because it is over.
    let mut long_lived = claims(&asserting.client_id, ISSUER, "used-before-the-outage");
    long_lived["exp"] = json!(long_lived["exp"].as_u64().expect("an instant") + 200);
    let used = key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &long_lived);
    one.post("/oauth2/token", None, &assertion_form(&used)).okt();
    let revoke = |client: &Registered| {
        let token = one.token(client, "").okt();
        assert_eq!(one.post("/oauth2/revoke", Some(&client.basic()), &format!("token={token}")).status, 200);
        token
    };
    let revoked = vec![revoke(&known), revoke(&opaque)];
    let late = client(one);
    bind_marker(one, &late, "acknowledged");
    Acknowledged { known, late, asserting, key, used, revoked, good, kid }
}

/// Without the database: self-contained tokens for clients that are held, and one clear answer for everything else.
fn during(node: &Node<'_>, facts: &Acknowledged, number: usize) -> String {
    let issued = node.token(&facts.known, "").okt();
    assert_eq!(node.get("/health/ready").status, 200, "within store.max_stale it can issue tokens");
    node.introspect(&facts.known, &facts.revoked[0]).err_with("temporarily_unavailable", 503);
    let revocation = node.post("/oauth2/revoke", Some(&facts.known.basic()), &format!("token={issued}"));
    revocation.err_with("temporarily_unavailable", 503);
    for jti in ["used-before-the-outage".to_owned(), format!("during-{}-{number}", node.public.port())] {
        let assertion = facts.key.assertion(&facts.asserting.client_id, ISSUER, &jti);
        node.post("/oauth2/token", None, &assertion_form(&assertion)).err_with("temporarily_unavailable", 503);
    }
    let refused = node.admin(Method::POST, "/clients", Some(&json!({ "grant_types": ["client_credentials"], "scope": "read" })));
    assert_eq!((refused.status, refused.header("content-type")), (503, "application/problem+json"), "{refused:?}");
    issued
}

/// After it: the node recovered by itself, and has everything that was acknowledged on either.
fn after(node: &Node<'_>, facts: &Acknowledged, minted: &[String]) {
    wait_for("introspection", || node.introspect(&facts.known, &facts.good).status == 200);
    assert!(node.is_active(&facts.known, &facts.good));
    for token in &facts.revoked {
        assert!(!node.is_active(&facts.known, token), "its revocation was acknowledged");
    }
    node.post("/oauth2/token", None, &assertion_form(&facts.used)).err_with("invalid_client", 401);
    let fresh = facts.key.assertion(&facts.asserting.client_id, ISSUER, &format!("after-{}", node.public.port()));
    node.post("/oauth2/token", None, &assertion_form(&fresh)).okt();
    wait_for("the binding", || {
        let token = node.decode(&node.token(&facts.late, "").okt());
        token.header["kid"] == facts.kid.as_str() && token.claims.get("marker_configured") == Some(&json!("acknowledged"))
    });
    for token in minted {
        assert!(node.is_active(&facts.known, token), "it was issued during the outage");
        let id = node.decode(token).claims["jti"].as_str().expect("an id").to_owned();
        wait_for("its record", || {
            let page = node.admin(Method::GET, &format!("/audit/tokens?token_id={id}"), None).json();
            page["items"].as_array().is_some_and(|items| items.len() == 1)
        });
    }
}

fn outage(begin: impl FnOnce(&mut Postgres), end: impl FnOnce(&mut Postgres)) {
    let (mut postgres, site) = Site::with_postgres();
    site.run_json(&["migrate", "up"]);
    let token = site.admin_token("alice");
    // Short, so that much can be asked within the outage even of a database that hangs.
    let timeouts = [("CLAIMSMITH_DATABASE__STATEMENT_TIMEOUT", "1 s"), ("CLAIMSMITH_DATABASE__LOCK_TIMEOUT", "1 s")];
    let (one, two) = (site.serve(&token, &timeouts), site.serve(&token, &timeouts));
    let facts = change(&one, &two);

    begin(&mut postgres);
    let begun = Instant::now();
    let mut minted = Vec::new();
    while begun.elapsed() < OUTAGE {
        let number = minted.len();
        let facts = &facts;
        minted.extend(std::thread::scope(|scope| {
            let asked = [&one, &two].map(|node| scope.spawn(move || during(node, facts, number)));
            asked.map(|node| node.join().expect("as it must be"))
        }));
        std::thread::sleep(Duration::from_secs(1));
    }
    end(&mut postgres);

    for node in [&one, &two] {
        after(node, &facts, &minted);
    }
    for node in [one, two] {
        assert_eq!(node.stop().code(), Some(0));
    }
}

#[test]
fn what_was_acknowledged_survives_half_a_minute_without_a_database() {
    outage(Postgres::crash, Postgres::start_again);
}

/// Nobody says that it is away: connections stay open, and nobody answers.
#[test]
fn what_was_acknowledged_survives_half_a_minute_of_a_database_that_hangs() {
    outage(|postgres| postgres.freeze(), |postgres| postgres.thaw());
}
