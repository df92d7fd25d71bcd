//! REV: ending a token.

use reqwest::Method;
use serde_json::json;

use claimsmith_tests::{basic, send};

use crate::server;

fn is_active(client: &claimsmith_tests::Registered, token: &str) -> bool {
    server().post("introspection_endpoint", Some(&client.basic()), &format!("token={token}")).json()["active"] == json!(true)
}

#[test]
fn rev_001_002_007_revoking_answers_200_for_every_token() {
    let client = server().register_basic("read");
    let token = server().token(&client, "").okt();
    let revoke = |form: &str| server().post("revocation_endpoint", Some(&client.basic()), form);
    for token in [token.as_str(), token.as_str(), "unknown", "a.b.c"] {
        let reply = revoke(&format!("token={token}"));
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    }
    assert!(!is_active(&client, &token));
    revoke("token=").err("invalid_request");
    server().post("revocation_endpoint", Some(&basic(&client.client_id, "wrong")), "token=x").err_with("invalid_client", 401);
}

#[test]
fn rev_003_another_clients_token_lives_on() {
    let (owner, other) = (server().register_basic("read"), server().register_basic("read"));
    let token = server().token(&owner, "").okt();
    assert_eq!(server().post("revocation_endpoint", Some(&other.basic()), &format!("token={token}")).status, 200);
    assert!(is_active(&owner, &token));
}

#[test]
fn rev_006_wrong_hints_do_not_matter() {
    let client = server().register_basic("read");
    let token = server().token(&client, "").okt();
    let form = format!("token={token}&token_type_hint=refresh_token");
    assert_eq!(server().post("revocation_endpoint", Some(&client.basic()), &form).status, 200);
    assert!(!is_active(&client, &token));
}

#[test]
fn rev_008_get_is_refused() {
    let reply = send(server().http.request(Method::GET, format!("{}?token=x&callback=f", server().url("revocation_endpoint"))));
    assert_eq!(reply.status, 405);
}
