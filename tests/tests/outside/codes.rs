//! Authorization codes: whose they are, how often they are good, and what becomes of those that are not.

use std::time::Duration;

use claimsmith_tests::{Dev, Person, encode};
use reqwest::Method;
use serde_json::json;

use super::code_flow::{CALLBACK, VERIFIER, app, code, is_active, redeem, refresh, refresh_token, request, token, userinfo};
use crate::server;

const ASK: &str = "&scope=openid+offline_access";

#[test]
fn cod_001_and_cod_006_a_code_is_its_clients_own() {
    let (client, other, alice) = (app(server(), json!({})), app(server(), json!({})), Person::alice(server()));
    let code = code(server(), &alice, &client, ASK);
    redeem(server(), &other, &code, "").err("invalid_grant");
    let reply = redeem(server(), &client, &code, "");
    let access_token = reply.okt();
    redeem(server(), &other, &code, "").err("invalid_grant");
    assert!(is_active(server(), &client, &access_token), "COD-006: a stranger ends nothing");
    refresh(server(), &client, &refresh_token(&reply), "").okt();
}

#[test]
fn cod_002_and_o21_002_the_redirect_uri_is_the_same() {
    let (client, alice) = (app(server(), json!({ "redirect_uris": [CALLBACK, "https://app.example/other"] })), Person::alice(server()));
    for uri in ["", "&redirect_uri=https%3A%2F%2Fapp.example%2Fother", "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%2F"] {
        let code = code(server(), &alice, &client, ASK);
        token(server(), &client, &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}{uri}")).err("invalid_grant");
        redeem(server(), &client, &code, "").okt();
    }
    let new = app(server(), json!({ "profile": "oauth2_1" }));
    let code = code(server(), &alice, &new, ASK);
    token(server(), &new, &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}")).okt();
}

#[test]
fn cod_004_and_cod_005_a_code_is_good_once_and_twice_ends_all() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let code = code(server(), &alice, &client, ASK);
    let reply = redeem(server(), &client, &code, "");
    let access_token = reply.okt();
    assert_eq!(userinfo(server(), &access_token).status, 200);
    redeem(server(), &client, &code, "").err("invalid_grant");
    assert!(!is_active(server(), &client, &access_token));
    assert_eq!(userinfo(server(), &access_token).status, 401);
    refresh(server(), &client, &refresh_token(&reply), "").err("invalid_grant");
}

#[test]
fn cod_007_pkc_006_and_pkc_007_failures_that_burn_and_failures_that_do_not() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let with = |code: &str, verifier: &str| {
        token(server(), &client, &format!("grant_type=authorization_code&code={code}&redirect_uri={}{verifier}", encode(CALLBACK)))
    };
    let first = code(server(), &alice, &client, ASK);
    let wrong_secret = claimsmith_tests::basic(&client.client_id, "wrong");
    let form = format!("grant_type=authorization_code&code={first}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    server().post("token_endpoint", Some(&wrong_secret), &form).err_with("invalid_client", 401);
    with(&first, "").err("invalid_grant");
    redeem(server(), &client, &first, "").okt();
    for wrong in [VERIFIER.replace("Xk", "Xl"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(), "short".to_owned()] {
        let code = code(server(), &alice, &client, ASK);
        with(&code, &format!("&code_verifier={wrong}")).err("invalid_grant");
        redeem(server(), &client, &code, "").err("invalid_grant");
    }
}

#[test]
fn cod_008_a_public_client_says_who_it_is() {
    let (public, alice) = (app(server(), json!({ "token_endpoint_auth_method": "none" })), Person::alice(server()));
    let code = code(server(), &alice, &public, "&scope=openid");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    assert_eq!(server().post("token_endpoint", None, &form).status, 401);
    let other = app(server(), json!({ "token_endpoint_auth_method": "none" }));
    redeem(server(), &other, &code, "").err("invalid_grant");
    redeem(server(), &public, &code, "&sub=bob&username=bob&user_id=usr_x").okt();
}

#[test]
fn cod_009_no_parameter_makes_another_person_of_it() {
    let (client, alice, bob) = (app(server(), json!({})), Person::alice(server()), Person::bob(server()));
    let sub = |reply: &claimsmith_tests::Reply| server().decode(&reply.okt()).claims["sub"].clone();
    let his = sub(&redeem(server(), &client, &code(server(), &bob, &client, ASK), ""));
    let hers = sub(&redeem(
        server(),
        &client,
        &code(server(), &alice, &client, ASK),
        &format!("&sub={0}&username=bob&login_hint=bob&subject={0}", his.as_str().expect("sub")),
    ));
    assert_ne!(his, hers);
}

#[test]
fn cod_012_what_is_taken_back_before_the_code_is_redeemed_is_refused() {
    let created = server().admin_post("/users", &json!({ "username": "cod-012", "password": "a long enough password" }));
    let id = created.json()["user_id"].as_str().expect("an id").to_owned();
    let (client, person) = (app(server(), json!({})), Person::new(server(), "cod-012", "a long enough password"));
    let patch = |path: &str, body: &str| {
        let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
        let reply = server().admin(Method::PATCH, path, &headers, body.as_bytes().to_vec());
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    // The person is disabled in between.
    let first = code(server(), &person, &client, ASK);
    patch(&format!("/users/{id}"), r#"{"enabled":false}"#);
    redeem(server(), &client, &first, "").err("invalid_grant");
    patch(&format!("/users/{id}"), r#"{"enabled":true}"#);
    // What was agreed to is taken back in between.
    let second = code(server(), &person, &client, ASK);
    let path = format!("/users/{id}/consents/{}", client.client_id);
    let reply = server().admin(Method::DELETE, &path, &[("if-match", "*")], Vec::new());
    assert_eq!(reply.status, 204, "{reply:?}");
    redeem(server(), &client, &second, "").err("invalid_grant");
    let third = code(server(), &person, &client, ASK);
    redeem(server(), &client, &third, "").okt();
}

#[test]
fn rev_004_with_a_refresh_token_everything_of_its_grant_ends() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let first = code(server(), &alice, &client, ASK);
    let reply = redeem(server(), &client, &first, "");
    let access_token = reply.okt();
    server().post("revocation_endpoint", Some(&client.basic()), &format!("token={}", encode(&refresh_token(&reply))));
    assert!(!is_active(server(), &client, &access_token));
    refresh(server(), &client, &refresh_token(&reply), "").err("invalid_grant");
}

/// Where an operator lets confidential clients leave the challenge out: who sends one is held to it, who does not is held to none.
#[test]
fn pkc_008_and_pkc_011_a_challenge_that_nobody_asked_for_counts() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__REQUIRE_PKCE", "false")]);
    let (client, alice) = (app(&dev, json!({})), Person::alice(&dev));
    let bare = |code: &str| format!("grant_type=authorization_code&code={code}&redirect_uri={}", encode(CALLBACK));
    let with = code(&dev, &alice, &client, "&scope=openid&nonce=n");
    token(&dev, &client, &bare(&with)).err("invalid_grant");
    redeem(&dev, &client, &with, "").okt();
    let url = request(&dev, &client, "&scope=openid&nonce=n");
    let without = url.split('&').filter(|part| !part.starts_with("code_challenge")).collect::<Vec<_>>().join("&");
    let ask = || alice.walk(&without).parameter("code").expect("a code");
    redeem(&dev, &client, &ask(), "").err("invalid_grant");
    token(&dev, &client, &bare(&ask())).okt();
}

#[test]
fn cod_003_a_code_ends_soon() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_LIFETIMES__AUTHORIZATION_CODE", "5 s")]);
    let (client, alice) = (app(&dev, json!({})), Person::alice(&dev));
    let late = code(&dev, &alice, &client, ASK);
    std::thread::sleep(Duration::from_millis(6_100));
    redeem(&dev, &client, &late, "").err("invalid_grant");
    let landed = alice.go(&request(&dev, &client, "&scope=openid&prompt=none"));
    redeem(&dev, &client, &landed.parameter("code").expect("a code"), "").okt();
}

#[test]
fn tok_029_fifty_at_once_and_one_wins() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let code = code(server(), &alice, &client, ASK);
    let replies: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| redeem(server(), &client, &code, ""))).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    assert!(!is_active(server(), &client, &won[0].okt()), "a code in two hands: nothing of it counts");
}

#[test]
fn cod_010_and_sec_002_what_one_server_hands_out_is_nothing_to_another() {
    let (here, there) = (server(), Dev::start());
    let metadata = json!({ "client_id": "same-at-both", "token_endpoint_auth_method": "none" });
    let (client, other) = (app(here, metadata.clone()), app(&there, metadata));
    let landed = Person::alice(here).walk(&request(here, &client, "&scope=openid"));
    assert_eq!(landed.parameter("iss").as_deref(), Some(here.issuer()), "a client that talks to both knows whose answer it is");
    let code = landed.parameter("code").expect("a code");
    redeem(&there, &other, &code, "").err("invalid_grant");
    redeem(here, &client, &code, "").okt();
}
