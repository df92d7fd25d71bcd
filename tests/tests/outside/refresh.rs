//! Refresh tokens: rotation, replays, retries, narrowing, and when they end.

use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, VERIFIER, app, code, is_active, redeem, refresh, refresh_token, request, token, userinfo};
use super::dpop;
use crate::server;

const ASK: &str = "&scope=openid+profile+offline_access+read";

/// A refresh token with its access token.
fn first(dev: &Dev, client: &Registered, more: &str) -> (String, String) {
    let reply = redeem(dev, client, &code(dev, &Person::alice(dev), client, &format!("{ASK}{more}")), "");
    (refresh_token(&reply), reply.okt())
}

#[test]
fn rft_001_and_rft_002_a_refresh_token_is_its_clients_own() {
    let (client, other) = (app(server(), json!({})), app(server(), json!({})));
    let (token, access_token) = first(server(), &client, "");
    refresh(server(), &other, &token, "").err("invalid_grant");
    let form = format!("client_id={}&grant_type=refresh_token&refresh_token={token}", client.client_id);
    server().post("token_endpoint", None, &form).err_with("invalid_client", 401);
    assert!(is_active(server(), &client, &access_token));
    refresh(server(), &client, &token, "").okt();
}

#[test]
fn rft_003_rft_004_rft_005_rft_020_and_o21_005_scopes_get_less_and_come_back() {
    let client = app(server(), json!({}));
    let (token, _) = first(server(), &client, "");
    refresh(server(), &client, &token, "&scope=openid+email").err("invalid_scope");
    let narrow = refresh(server(), &client, &token, "&scope=read");
    narrow.okt();
    assert_eq!(narrow.json()["scope"], "read");
    assert!(narrow.json().get("id_token").is_none(), "RFT-020");
    let whole = refresh(server(), &client, &refresh_token(&narrow), "");
    whole.okt();
    assert_eq!(whole.json()["scope"], "openid profile offline_access read", "RFT-004, RFT-005");
}

#[test]
fn clm_012_a_narrowed_token_reads_less() {
    let client = app(server(), json!({}));
    let (token, access_token) = first(server(), &client, "");
    assert_eq!(userinfo(server(), &access_token).json()["name"], "Alice Doe");
    let narrow = refresh(server(), &client, &token, "&scope=openid").okt();
    assert!(userinfo(server(), &narrow).json().get("name").is_none());
}

#[test]
fn rft_006_public_clients_get_a_new_one_each_time() {
    let client = app(server(), json!({ "token_endpoint_auth_method": "none" }));
    let (token, _) = first(server(), &client, "");
    let next = refresh_token(&refresh(server(), &client, &token, ""));
    assert_ne!(token, next);
    refresh(server(), &client, &token, "").err("invalid_grant");
}

#[test]
fn rft_007_a_replay_ends_the_family() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_REFRESH__REUSE_INTERVAL", "1 s")]);
    let client = app(&dev, json!({}));
    let (one, _) = first(&dev, &client, "");
    let reply = refresh(&dev, &client, &one, "");
    let (two, access_token) = (refresh_token(&reply), reply.okt());
    // Within the interval it lost a race: the winner's tokens live.
    refresh(&dev, &client, &one, "").err("invalid_grant");
    assert!(is_active(&dev, &client, &access_token));
    std::thread::sleep(Duration::from_millis(2_100));
    refresh(&dev, &client, &one, "").err("invalid_grant");
    refresh(&dev, &client, &two, "").err("invalid_grant");
    assert!(!is_active(&dev, &client, &access_token));
    assert_eq!(userinfo(&dev, &access_token).status, 401);
}

#[test]
fn rft_008_and_rft_009_a_retry_within_the_clients_grace() {
    let client = app(server(), json!({ "refresh_token_grace": 60 }));
    let (one, _) = first(server(), &client, "");
    let two = refresh_token(&refresh(server(), &client, &one, ""));
    assert_eq!(refresh_token(&refresh(server(), &client, &one, "")), two, "the same answer again");
    let three = refresh_token(&refresh(server(), &client, &two, ""));
    // The one before last is a replay whatever the grace: its successor has been used.
    refresh(server(), &client, &one, "").err("invalid_grant");
    refresh(server(), &client, &three, "").err("invalid_grant");
}

/// A public client that proved a key: neither its refresh token nor its grace is anything without that key.
#[test]
fn rft_009_and_rft_015_grace_and_refresh_tokens_are_for_the_key_alone() {
    let client = app(server(), json!({ "token_endpoint_auth_method": "none", "refresh_token_grace": 60 }));
    let (key, other) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let url = server().url("token_endpoint");
    let post = |key: Option<&AssertionKey>, form: &str| {
        let proof = key.map(|key| dpop::proof(key, url, |_| ()));
        let proofs: Vec<&str> = proof.iter().map(String::as_str).collect();
        dpop::post(server(), url, None, &proofs, &format!("client_id={}&{form}", client.client_id))
    };
    let held = |reply: &claimsmith_tests::Reply| {
        assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("DPoP")), "{reply:?}");
        reply.json()["refresh_token"].as_str().expect("a refresh token").to_owned()
    };
    let code = code(server(), &Person::alice(server()), &client, ASK);
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    let with = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let one = held(&post(Some(&key), &form));
    for wrong in [None, Some(&other)] {
        post(wrong, &with(&one)).err("invalid_grant");
    }
    let two = held(&post(Some(&key), &with(&one)));
    for wrong in [None, Some(&other)] {
        post(wrong, &with(&one)).err("invalid_grant");
    }
    assert_eq!(held(&post(Some(&key), &with(&one))), two, "the grace is for the key, and a stranger's retry ends nothing");
    held(&post(Some(&key), &with(&two)));
}

#[test]
fn rft_010_twenty_at_once_and_one_wins() {
    let client = app(server(), json!({}));
    let (one, _) = first(server(), &client, "");
    let replies: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| refresh(server(), &client, &one, ""))).collect();
        all.into_iter().map(|reply| reply.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    assert!(is_active(server(), &client, &won[0].okt()), "the winner's tokens work");
    refresh(server(), &client, &refresh_token(won[0]), "").okt();
}

#[test]
fn rft_012_both_ends_are_ends() {
    let settings = [("CLAIMSMITH_LIFETIMES__REFRESH_TOKEN", "1 min"), ("CLAIMSMITH_REFRESH__IDLE", "1 min")];
    let dev = Dev::start_with(&[], &settings);
    let client = app(&dev, json!({ "lifetimes": { "refresh_token": 4 } }));
    let (one, _) = first(&dev, &client, "");
    std::thread::sleep(Duration::from_secs(2));
    let two = refresh_token(&refresh(&dev, &client, &one, ""));
    std::thread::sleep(Duration::from_millis(3_100));
    refresh(&dev, &client, &two, "").err("invalid_grant");
}

#[test]
fn rft_013_who_is_disabled_refreshes_nothing() {
    let created = server().admin_post("/users", &json!({ "username": "carol", "password": "a long enough password" }));
    let id = created.json()["user_id"].as_str().expect("an id").to_owned();
    let carol = Person::new(server(), "carol", "a long enough password");
    let client = app(server(), json!({}));
    let reply = redeem(server(), &client, &code(server(), &carol, &client, ASK), "");
    let (one, access_token) = (refresh_token(&reply), reply.okt());
    let patch = server().admin(
        Method::PATCH,
        &format!("/users/{id}"),
        &[("content-type", "application/merge-patch+json"), ("if-match", "*")],
        br#"{"enabled":false}"#.to_vec(),
    );
    assert_eq!(patch.status, 200, "{patch:?}");
    refresh(server(), &client, &one, "").err("invalid_grant");
    assert_eq!(userinfo(server(), &access_token).status, 401, "CLM-013");
    let deleted = server().admin(Method::DELETE, &format!("/users/{id}"), &[("if-match", "*")], Vec::new());
    assert_eq!(deleted.status, 204, "{deleted:?}");
    refresh(server(), &client, &one, "").err("invalid_grant");
}

#[test]
fn rft_016_a_confidential_client_may_change_its_key() {
    let (client, url) = (app(server(), json!({})), server().url("token_endpoint"));
    let keys = [AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256)];
    let code = code(server(), &Person::alice(server()), &client, ASK);
    let mut form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    for key in &keys {
        let reply = dpop::post(server(), url, Some(&client), &[&dpop::proof(key, url, |_| ())], &form);
        let json = reply.json();
        assert_eq!((reply.status, &json["token_type"]), (200, &json!("DPoP")), "{reply:?}");
        let access_token = json["access_token"].as_str().expect("a token");
        assert_eq!(server().decode(access_token).claims["cnf"], json!({ "jkt": key.kid() }));
        form = format!("grant_type=refresh_token&refresh_token={}", json["refresh_token"].as_str().expect("a refresh token"));
    }
}

#[test]
fn rft_018_resources_get_fewer() {
    let client = app(server(), json!({}));
    let (one, _) = first(server(), &client, "&resource=https%3A%2F%2Fapi.example");
    let reply = refresh(server(), &client, &one, "&resource=https%3A%2F%2Fapi.example");
    assert_eq!(server().decode(&reply.okt()).claims["aud"], "https://api.example");
    refresh(server(), &client, &refresh_token(&reply), "&resource=https%3A%2F%2Fother.example").err("invalid_target");
}

#[test]
fn rft_019_and_stp_004_a_refreshed_id_token_speaks_of_the_same_sign_in() {
    let client = app(server(), json!({}));
    let reply = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, &format!("{ASK}&max_age=1000&nonce=n")), "");
    let id_token = |reply: &claimsmith_tests::Reply| server().decode(reply.json()["id_token"].as_str().expect("an ID token")).claims;
    let before = id_token(&reply);
    std::thread::sleep(Duration::from_millis(1_100));
    let after = id_token(&refresh(server(), &client, &refresh_token(&reply), ""));
    for name in ["iss", "sub", "aud", "auth_time", "acr", "amr", "sid"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after["iat"].as_i64() > before["iat"].as_i64() && after.get("nonce").is_none_or(Value::is_null));
}

#[test]
fn rft_027_rotation_loses_nothing() {
    let client = app(server(), json!({ "authorization_details_types": ["payment"], "access_token_format": "opaque" }));
    let details = json!([{ "type": "payment", "amount": 7 }]);
    let claims = json!({ "id_token": { "email": null }, "userinfo": { "name": null } });
    let more = format!(
        "&scope=openid+offline_access+read&resource=https%3A%2F%2Fapi.example&authorization_details={}&claims={}",
        encode(&details.to_string()),
        encode(&claims.to_string())
    );
    let first = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, &more), "");
    let facts = |reply: &claimsmith_tests::Reply| {
        let id_token = server().decode(reply.json()["id_token"].as_str().expect("an ID token")).claims;
        let told = server().post("introspection_endpoint", Some(&client.basic()), &format!("token={}", reply.okt())).json();
        let of = |from: &dyn Fn(&str) -> Value, names: &[&str]| -> Vec<Value> { names.iter().map(|name| from(name)).collect() };
        let id = of(&|name| id_token.get(name).cloned().unwrap_or_default(), &["sub", "auth_time", "acr", "amr", "sid", "email"]);
        let access = of(&|name| told[name].clone(), &["active", "sub", "scope", "aud", "acr", "auth_time", "authorization_details"]);
        (id, access, reply.json()["scope"].clone(), reply.json()["authorization_details"].clone())
    };
    let before = facts(&first);
    assert_eq!((&before.0[5], &before.1[6]), (&json!("alice@example.org"), &details), "what was asked for is there at all");
    let second = refresh(server(), &client, &refresh_token(&first), "");
    assert_eq!(facts(&second), before);
    assert_eq!(facts(&refresh(server(), &client, &refresh_token(&second), "")), before);
}

#[test]
fn rft_022_and_rft_023_each_token_in_its_place() {
    let client = app(server(), json!({ "access_token_format": "opaque" }));
    let (one, access_token) = first(server(), &client, "");
    assert_eq!(userinfo(server(), &one).status, 401);
    assert!(!is_active(server(), &client, &one));
    assert_eq!(userinfo(server(), &access_token).status, 200);
    for not in [access_token.as_str(), "AAAA", ""] {
        let reply = token(server(), &client, &format!("grant_type=refresh_token&refresh_token={}", encode(not)));
        assert!(matches!(reply.json()["error"].as_str(), Some("invalid_grant" | "invalid_request")), "{reply:?}");
    }
    token(server(), &client, &format!("grant_type=authorization_code&code={one}")).err("invalid_grant");
}

#[test]
fn rft_024_and_rft_025_only_who_may_and_asks_gets_one() {
    let without = app(server(), json!({ "grant_types": ["authorization_code"] }));
    let reply = redeem(server(), &without, &code(server(), &Person::alice(server()), &without, ASK), "");
    reply.okt();
    assert!(reply.json().get("refresh_token").is_none());
    let client = app(server(), json!({}));
    let reply = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, "&scope=openid"), "");
    assert!(reply.json().get("refresh_token").is_none(), "offline_access was not asked for");
    let silent = Person::alice(server());
    silent.walk(&request(server(), &client, "&scope=openid"));
    let landed = silent.go(&request(server(), &client, "&scope=openid+offline_access&prompt=none"));
    assert_eq!(landed.parameter("error").as_deref(), Some("consent_required"), "RFT-025");
}

#[test]
fn rft_021_the_database_has_no_refresh_token() {
    let client = app(server(), json!({}));
    let (one, _) = first(server(), &client, "");
    let url = server().info["database_url"].as_str().expect("a URL");
    let dump = claimsmith_tests::postgres::dump(url);
    assert!(dump.contains("CREATE TABLE public.grants") && dump.contains(&client.client_id));
    assert!(!dump.contains(&one) && !dump.contains(&one[22..]));
}

#[test]
fn rft_026_no_grant_but_a_persons_brings_a_refresh_token() {
    let metadata = json!({ "grant_types": ["client_credentials", "authorization_code", "refresh_token"], "resources": [] });
    let client = app(server(), metadata);
    let urn = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A";
    for grant in ["client_credentials".to_owned(), format!("{urn}token-exchange"), format!("{urn}jwt-bearer")] {
        for scope in ["read", "openid+offline_access"] {
            let reply = token(server(), &client, &format!("grant_type={grant}&scope={scope}&assertion=a.b.c&subject_token=a.b.c"));
            assert!(reply.json().get("refresh_token").is_none(), "{grant}: {reply:?}");
        }
    }
}
