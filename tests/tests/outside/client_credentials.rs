//! CLC, JAT, RES: what a client gets for itself.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::server;

/// A resource of its own, and a client that may ask for it.
fn resource(name: &str, change: Value) -> String {
    let identifier = format!("https://{name}.example/api");
    let mut resource = json!({ "identifier": identifier, "name": name, "scopes": [format!("{name}:read")] });
    for (member, value) in change.as_object().expect("an object") {
        resource[member] = value.clone();
    }
    let reply = server().admin_post("/resources", &resource);
    assert_eq!(reply.status, 201, "{}", reply.body);
    identifier
}

#[test]
fn clc_001_public_clients_are_refused() {
    let client = server().register(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    let reply = server().post("token_endpoint", None, &format!("grant_type=client_credentials&client_id={}", client.client_id));
    reply.err("unauthorized_client");
}

#[test]
fn clc_002_and_tok_026_neither_id_token_nor_refresh_token() {
    let client = server().register_basic("read");
    let reply = server().token(&client, "scope=openid+read");
    reply.okt();
    let json = reply.json();
    assert!(json.get("id_token").is_none() && json.get("refresh_token").is_none(), "{json}");
    assert_eq!(json["scope"], "read", "what was dropped is reported");
}

#[test]
fn clc_003_unset_scope_is_the_default_and_a_foreign_one_is_refused() {
    let client = server().register(&json!({ "grant_types": ["client_credentials"], "scope": "a b", "default_scope": "a" }));
    assert_eq!(server().token(&client, "").json()["scope"], "a");
    server().token(&client, "scope=c").err("invalid_scope");
}

#[test]
fn clc_004_and_jat_007_the_subject_is_the_client() {
    let client = server().register_basic("read");
    let claims = server().decode(&server().token(&client, "").okt()).claims;
    assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some(client.client_id.as_str()), Some(client.client_id.as_str())));
}

#[test]
fn clc_005_a_clients_own_token_opens_nothing_about_a_person() {
    let client = server().register_basic("read");
    let token = server().token(&client, "").okt();
    let reply = super::code_flow::userinfo(server(), &token);
    assert!([401, 403].contains(&reply.status) && reply.header("www-authenticate").starts_with("Bearer"), "{reply:?}");
}

#[test]
fn jat_001_to_003_the_token_is_an_access_token_by_rfc_9068() {
    let client = server().register_basic("read write");
    let reply = server().token(&client, "scope=write+read");
    let token = server().decode(&reply.okt());
    assert_eq!((token.header["typ"].as_str(), token.header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(token.claims.contains_key(claim), "{claim}");
    }
    assert_eq!(token.claims["iss"], server().issuer());
    assert_eq!(token.claims["scope"], reply.json()["scope"]);
    let lives = token.claims["exp"].as_i64().expect("exp") - token.claims["iat"].as_i64().expect("iat");
    assert_eq!(Some(lives), reply.json()["expires_in"].as_i64());
}

#[test]
fn jat_005_the_audience_is_what_was_asked_for_or_the_default_and_never_the_client() {
    let identifier = resource("aud", json!({}));
    let client = server().register(&json!({ "grant_types": ["client_credentials"], "scope": "aud:read", "resources": [identifier] }));
    let aud = |form: &str| server().decode(&server().token(&client, form).okt()).claims["aud"].clone();
    assert_eq!(aud(&format!("resource={identifier}")), json!(identifier));
    assert_eq!(aud("scope=aud:read"), json!(identifier), "inferred from the scope");
    let plain = server().register_basic("read");
    assert_eq!(server().decode(&server().token(&plain, "").okt()).claims["aud"], server().issuer());
}

#[test]
fn jat_006_identifiers_are_unique_and_tokens_short_lived() {
    let client = server().register_basic("read");
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let claims = server().decode(&server().token(&client, "").okt()).claims;
        assert!(seen.insert(claims["jti"].as_str().expect("jti").to_owned()));
        assert!(claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat") <= 600);
    }
}

#[test]
fn clc_006_and_res_001_002_003_007_resources() {
    let (one, two) = (resource("res-one", json!({})), resource("res-two", json!({})));
    let foreign = resource("res-foreign", json!({}));
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "res-one:read res-two:read", "resources": [one, two] });
    let client = server().register(&metadata);
    let both = server().token(&client, &format!("resource={one}&resource={two}"));
    assert_eq!(server().decode(&both.okt()).claims["aud"], json!([one, two]));
    for bad in ["relative", "https://res-one.example/api%23x", "https://nobody.example", &foreign, &format!("{one}/")] {
        server().token(&client, &format!("resource={bad}")).err("invalid_target");
    }
}

#[test]
fn res_006_scopes_of_other_resources_are_not_carried() {
    let (one, two) = (resource("carry-one", json!({})), resource("carry-two", json!({})));
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "carry-one:read carry-two:read", "resources": [one, two] });
    let client = server().register(&metadata);
    let reply = server().token(&client, &format!("resource={one}&scope=carry-one:read+carry-two:read"));
    assert_eq!(server().decode(&reply.okt()).claims["scope"], "carry-one:read");
    assert_eq!(reply.json()["scope"], "carry-one:read");
}

#[test]
fn a_resource_decides_format_lifetime_and_who_may_ask() {
    let caller = server().register_basic("x");
    let change = json!({ "token_format": "opaque", "lifetime_ceiling": 30, "introspectors": [caller.client_id] });
    let identifier = resource("opaque", change);
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "opaque:read", "resources": [identifier] });
    let client = server().register(&metadata);
    let reply = server().token(&client, "scope=opaque:read");
    let token = reply.okt();
    assert!(!token.contains('.') && token.len() >= 43, "{token}");
    assert_eq!(reply.json()["expires_in"], 30);
    let answer = server().post("introspection_endpoint", Some(&caller.basic()), &format!("token={token}")).json();
    assert_eq!((&answer["active"], &answer["aud"]), (&json!(true), &json!(identifier)));
}

#[test]
fn tok_025_references_are_random() {
    let identifier = resource("random", json!({ "token_format": "opaque" }));
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "random:read", "resources": [identifier] });
    let client = server().register(&metadata);
    let mut seen = HashSet::new();
    let mut counts = [0_u32; 256];
    for _ in 0..300 {
        let token = server().token(&client, "scope=random:read").okt();
        assert!(token.len() >= 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        token.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        assert!(seen.insert(token));
    }
    assert!(counts.iter().filter(|count| **count > 0).count() == 64, "every character of base64url appears");
}
