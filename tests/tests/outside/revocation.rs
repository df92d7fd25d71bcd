//! REV: ending a token.

use reqwest::Method;
use serde_json::json;

use claimsmith_tests::{Person, basic, send};

use super::code_flow::{app, code, redeem, refresh, refresh_token};
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

#[test]
fn rev_005_the_end_of_an_access_token_leaves_its_refresh_token_alone() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let reply = redeem(server(), &client, &code(server(), &alice, &client, "&scope=openid+offline_access"), "");
    let access_token = reply.okt();
    server().post("revocation_endpoint", Some(&client.basic()), &format!("token={access_token}"));
    assert!(!is_active(&client, &access_token));
    let next = refresh(server(), &client, &refresh_token(&reply), "").okt();
    assert!(is_active(&client, &next));
}

#[test]
fn rev_012_one_member_ends_the_whole_family() {
    let (client, alice) = (app(server(), json!({ "refresh_token_rotation": "rotate" })), Person::alice(server()));
    let first = redeem(server(), &client, &code(server(), &alice, &client, "&scope=openid+offline_access"), "");
    let second = refresh(server(), &client, &refresh_token(&first), "");
    assert_ne!(refresh_token(&first), refresh_token(&second));
    server().post("revocation_endpoint", Some(&client.basic()), &format!("token={}", refresh_token(&first)));
    for access_token in [first.okt(), second.okt()] {
        assert!(!is_active(&client, &access_token));
    }
    refresh(server(), &client, &refresh_token(&second), "").err("invalid_grant");
}
