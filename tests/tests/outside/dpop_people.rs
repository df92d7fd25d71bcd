//! DPO, where people are: codes and refresh tokens bound to a key, nonces, and bound tokens at our own resource.

use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, Reply, encode, send};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, VERIFIER, app, code, error_at_client, redeem, request};
use super::dpop::{post, proof};
use crate::server;

const ASK: &str = "&scope=openid+offline_access+read";

fn key() -> AssertionKey {
    AssertionKey::generate(SigningAlg::Es256)
}

/// Posts a form to the token endpoint with a proof by this key, its claims changed.
fn ask(dev: &Dev, client: &Registered, key: &AssertionKey, nonce: Option<&str>, form: &str) -> Reply {
    let url = dev.url("token_endpoint");
    let proof = proof(key, url, |claims| {
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
    });
    post(dev, url, Some(client), &[&proof], form)
}

fn redeeming(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK))
}

fn refreshing(reply: &Reply) -> String {
    let token = reply.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("no refresh token: {reply:?}")).to_owned();
    format!("grant_type=refresh_token&refresh_token={token}")
}

/// An access token bound to the key.
fn bound(dev: &Dev, reply: &Reply, key: &AssertionKey) -> String {
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("DPoP")), "{reply:?}");
    let text = reply.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(dev.decode(&text).claims["cnf"], json!({ "jkt": key.kid() }));
    text
}

/// Asks UserInfo in a scheme, with a proof for the token where there is one.
fn userinfo(dev: &Dev, scheme: &str, token: &str, signer: Option<&AssertionKey>, change: impl FnOnce(&mut Value)) -> Reply {
    let url = dev.url("userinfo_endpoint");
    let request = dev.http.get(url).header("authorization", format!("{scheme} {token}"));
    let Some(signer) = signer else { return send(request) };
    let proof = proof(signer, url, |claims| {
        claims["htm"] = json!("GET");
        claims["ath"] = json!(Digest::of(token.as_bytes()).to_base64url());
        change(claims);
    });
    send(request.header("dpop", proof))
}

fn challenges(reply: &Reply) -> Vec<String> {
    reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().expect("text").to_owned()).collect()
}

/// 401 with this error on the scheme, and the algorithms of proofs.
fn is_challenged(reply: &Reply, scheme: &str, error: &str) {
    assert_eq!(reply.status, 401, "{reply:?}");
    let all = challenges(reply);
    assert!(all.iter().any(|one| one.starts_with(scheme) && one.contains(&format!("error=\"{error}\""))), "{all:?}");
    assert!(all.iter().any(|one| one.starts_with("DPoP ") && one.contains("algs=\"") && one.contains("ES256")), "{all:?}");
}

#[test]
fn dpo_019_dpo_020_dpo_021_and_bea_010_at_userinfo_a_bound_token_needs_its_key() {
    let (client, key) = (app(server(), json!({})), key());
    let alice = Person::alice(server());
    let token = bound(server(), &ask(server(), &client, &key, None, &redeeming(&code(server(), &alice, &client, ASK))), &key);
    assert_eq!(userinfo(server(), "DPoP", &token, Some(&key), |_| ()).status, 200);
    is_challenged(&userinfo(server(), "DPoP", &token, Some(&self::key()), |_| ()), "DPoP", "invalid_token");
    is_challenged(&userinfo(server(), "DPoP", &token, None, |_| ()), "DPoP", "invalid_token");
    is_challenged(&userinfo(server(), "DPoP", &token, Some(&key), |claims| claims["ath"] = json!("x")), "DPoP", "invalid_dpop_proof");
    let without_ath = |claims: &mut Value| drop(claims.as_object_mut().expect("an object").remove("ath"));
    is_challenged(&userinfo(server(), "DPoP", &token, Some(&key), without_ath), "DPoP", "invalid_dpop_proof");
    is_challenged(&userinfo(server(), "Bearer", &token, Some(&key), |_| ()), "Bearer", "invalid_token");
    is_challenged(&userinfo(server(), "Bearer", &token, None, |_| ()), "Bearer", "invalid_token");
    let plain = redeem(server(), &client, &code(server(), &alice, &client, ASK), "").okt();
    is_challenged(&userinfo(server(), "DPoP", &plain, Some(&key), |_| ()), "DPoP", "invalid_token");
}

#[test]
fn dpo_022_a_code_asked_for_with_a_key_is_redeemed_with_that_key() {
    let (client, key) = (app(server(), json!({})), key());
    let alice = Person::alice(server());
    let wish = format!("{ASK}&dpop_jkt={}", key.kid());
    let bare = code(server(), &alice, &client, &wish);
    let refused = redeem(server(), &client, &bare, "");
    assert!(matches!(refused.json()["error"].as_str(), Some("invalid_grant" | "invalid_dpop_proof")), "{refused:?}");
    let stolen = code(server(), &alice, &client, &wish);
    let refused = ask(server(), &client, &self::key(), None, &redeeming(&stolen));
    assert!(matches!(refused.json()["error"].as_str(), Some("invalid_grant" | "invalid_dpop_proof")), "{refused:?}");
    bound(server(), &ask(server(), &client, &key, None, &redeeming(&code(server(), &alice, &client, &wish))), &key);
    let malformed = alice.go(&request(server(), &client, &format!("{ASK}&dpop_jkt=x")));
    assert_eq!(error_at_client(&malformed), "invalid_request");
}

#[test]
fn dpo_023_a_pushed_request_binds_by_its_proof_and_by_the_parameter() {
    let (client, key) = (app(server(), json!({})), key());
    let endpoint = server().url("pushed_authorization_request_endpoint");
    let alice = Person::alice(server());
    let form = |more: &str| request(server(), &client, &format!("{ASK}{more}")).split_once('?').expect("a query").1.to_owned();
    let by_proof = post(server(), endpoint, Some(&client), &[&proof(&key, endpoint, |_| ())], &form(""));
    let by_name = post(server(), endpoint, Some(&client), &[], &form(&format!("&dpop_jkt={}", key.kid())));
    for pushed in [by_proof, by_name] {
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let uri = pushed.json()["request_uri"].as_str().expect("a text").to_owned();
        let base = server().url("authorization_endpoint");
        let url = format!("{base}?client_id={}&request_uri={}", encode(&client.client_id), encode(&uri));
        let code = alice.walk(&url).parameter("code").expect("a code");
        bound(server(), &ask(server(), &client, &key, None, &redeeming(&code)), &key);
    }
}

#[test]
fn dpo_014_dpo_016_dpo_018_and_dpo_030_a_client_may_be_held_to_nonces() {
    let (client, key) = (app(server(), json!({ "dpop_require_nonce": true })), key());
    let alice = Person::alice(server());
    let form = redeeming(&code(server(), &alice, &client, ASK));
    let refused = ask(server(), &client, &key, None, &form);
    refused.err("use_dpop_nonce");
    let nonce = refused.header("dpop-nonce").to_owned();
    let given = ask(server(), &client, &key, Some(&nonce), &form);
    let token = bound(server(), &given, &key);

    // Being told again and again rotates nothing (DPO-030).
    let form = refreshing(&given);
    for _ in 0..2 {
        ask(server(), &client, &key, None, &form).err("use_dpop_nonce");
        ask(server(), &client, &key, Some("none of yours"), &form).err("use_dpop_nonce");
    }
    let next = ask(server(), &client, &key, Some(&nonce), &form);
    bound(server(), &next, &key);
    ask(server(), &client, &key, Some(&nonce), &form).err("invalid_grant");

    // The resource has nonces of its own (DPO-017).
    let refused = userinfo(server(), "DPoP", &token, Some(&key), |_| ());
    is_challenged(&refused, "DPoP", "use_dpop_nonce");
    let own = refused.header("dpop-nonce").to_owned();
    assert_ne!(own, nonce);
    is_challenged(&userinfo(server(), "DPoP", &token, Some(&key), |claims| claims["nonce"] = json!(nonce)), "DPoP", "use_dpop_nonce");

    assert_eq!(userinfo(server(), "DPoP", &token, Some(&key), |claims| claims["nonce"] = json!(own)).status, 200);

    // Pushing asks for one as well, and other clients are not held to it.
    let endpoint = server().url("pushed_authorization_request_endpoint");
    let wish = |client: &Registered| request(server(), client, ASK).split_once('?').expect("a query").1.to_owned();
    post(server(), endpoint, Some(&client), &[&proof(&key, endpoint, |_| ())], &wish(&client)).err("use_dpop_nonce");
    let other = app(server(), json!({}));
    assert_eq!(post(server(), endpoint, Some(&other), &[&proof(&key, endpoint, |_| ())], &wish(&other)).status, 201);
    bound(server(), &ask(server(), &other, &key, None, &redeeming(&code(server(), &alice, &other, ASK))), &key);
}

#[test]
fn dpo_018_a_client_that_is_told_of_nonces_keeps_its_assertion() {
    let (assertions, key, url) = (key(), key(), server().url("token_endpoint"));
    let client = server().register(&json!({
        "grant_types": ["client_credentials"], "scope": "a", "token_endpoint_auth_method": "private_key_jwt",
        "jwks": assertions.jwks(), "dpop_require_nonce": true,
    }));
    let assertion = assertions.assertion(&client.client_id, server().issuer(), "dpo-018-by-client");
    let form = format!(
        "grant_type=client_credentials&client_assertion={assertion}&client_assertion_type={}",
        encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    let refused = post(server(), url, None, &[&proof(&key, url, |_| ())], &form);
    refused.err("use_dpop_nonce");
    let nonce = refused.header("dpop-nonce").to_owned();
    let given = post(server(), url, None, &[&proof(&key, url, |claims| claims["nonce"] = json!(nonce))], &form);
    bound(server(), &given, &key);
}

#[test]
fn dpo_016_a_nonce_is_renewed_before_it_ends() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_DPOP__NONCE_LIFETIME", "10 s")]);
    let client = dev.register_basic("a");
    let key = key();
    let form = "grant_type=client_credentials";
    let mut nonce = ask(&dev, &client, &key, Some("made-up"), form).header("dpop-nonce").to_owned();
    let begin = std::time::Instant::now();
    let renewed = loop {
        let reply = ask(&dev, &client, &key, Some(&nonce), form);
        bound(&dev, &reply, &key);
        if let Some(next) = reply.headers.get("dpop-nonce") {
            break next.to_str().expect("text").to_owned();
        }
        assert!(begin.elapsed().as_secs() < 15, "no new nonce");
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    assert_ne!(renewed, nonce);
    bound(&dev, &ask(&dev, &client, &key, Some(&nonce), form), &key);
    nonce = renewed;
    bound(&dev, &ask(&dev, &client, &key, Some(&nonce), form), &key);
}
