//! DPO: access tokens bound to a key, as clients see them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Registered, Reply, claims, encode, send};
use serde_json::{Value, json};

use crate::server;

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "a client has a clock of its own")]
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A text that no other proof has.
pub(super) fn fresh() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A good proof for a request to `url`, its claims changed.
pub(super) fn proof(key: &AssertionKey, url: &str, change: impl FnOnce(&mut Value)) -> String {
    let jwk = key.jwks()["keys"][0].clone();
    let header = json!({ "typ": "dpop+jwt", "alg": jwk["alg"], "jwk": jwk });
    let mut claims = json!({ "jti": fresh(), "htm": "POST", "htu": url, "iat": now() });
    change(&mut claims);
    key.sign(&header, &claims)
}

/// Posts a form with these `DPoP` headers.
pub(super) fn post(dev: &Dev, url: &str, client: Option<&Registered>, proofs: &[&str], form: &str) -> Reply {
    let mut request = dev.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    if let Some(client) = client {
        request = request.header("authorization", client.basic());
    }
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    send(request)
}

fn token(client: &Registered, proofs: &[&str]) -> Reply {
    post(server(), server().url("token_endpoint"), Some(client), proofs, "grant_type=client_credentials")
}

fn key() -> AssertionKey {
    AssertionKey::generate(SigningAlg::Es256)
}

fn good(key: &AssertionKey) -> String {
    proof(key, server().url("token_endpoint"), |_| ())
}

/// An access token of type `DPoP`.
fn bound(reply: &Reply) -> String {
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    assert_eq!(reply.json()["token_type"], "DPoP");
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

#[test]
fn dpo_001_dpo_024_dpo_025_and_clc_007_a_proof_binds_tokens_of_both_forms_to_its_key() {
    for format in ["jwt", "opaque"] {
        let client = server().register(&json!({ "grant_types": ["client_credentials"], "scope": "a", "access_token_format": format }));
        for alg in [SigningAlg::Es256, SigningAlg::EdDsa, SigningAlg::Ps256] {
            let key = AssertionKey::generate(alg);
            let text = bound(&token(&client, &[&good(&key)]));
            // The name of a key of the tests is its thumbprint.
            if format == "jwt" {
                assert_eq!(server().decode(&text).claims["cnf"], json!({ "jkt": key.kid() }));
            }
            let told = server().post("introspection_endpoint", Some(&client.basic()), &format!("token={}", encode(&text))).json();
            assert_eq!((&told["active"], &told["token_type"], &told["cnf"]), (&json!(true), &json!("DPoP"), &json!({ "jkt": key.kid() })));
        }
    }
}

#[test]
fn dpo_002_without_a_proof_a_token_is_a_bearer_token() {
    let client = server().register_basic("a");
    let text = token(&client, &[]).okt();
    assert!(!server().decode(&text).claims.contains_key("cnf"));
}

#[test]
fn dpo_003_a_client_may_be_registered_for_bound_tokens_only() {
    let client = server().register(&json!({ "grant_types": ["client_credentials"], "scope": "a", "dpop_bound_access_tokens": true }));
    token(&client, &[]).err("invalid_dpop_proof");
    bound(&token(&client, &[&good(&key())]));
}

#[test]
fn dpo_004_there_is_one_proof() {
    let (client, key) = (server().register_basic("a"), key());
    token(&client, &[&good(&key), &good(&key)]).err("invalid_dpop_proof");
    token(&client, &[&format!("{}, {}", good(&key), good(&key))]).err("invalid_dpop_proof");
    token(&client, &[""]).err("invalid_dpop_proof");
}

#[test]
fn dpo_009_to_012_dpo_027_and_dpo_029_what_is_no_proof_for_this_request_is_400() {
    let (client, key, url) = (server().register_basic("a"), key(), server().url("token_endpoint"));
    let par = url.replace("token", "par");
    let changes: [(&str, Value); 11] = [
        ("htm", json!("post")),
        ("htm", json!("GET")),
        ("htu", json!(par)),
        ("htu", json!(["x"])),
        ("htu", json!("::")),
        ("htu", json!("\u{0}")),
        ("iat", json!(now() - 3_600)),
        ("iat", json!(now() + 3_600)),
        ("iat", json!(now().to_string())),
        ("jti", json!(7)),
        ("nonce", json!(7)),
    ];
    for (name, value) in changes {
        let reply = token(&client, &[&proof(&key, url, |claims| claims[name] = value.clone())]);
        reply.err("invalid_dpop_proof");
    }
    for offset in [now() - 10, now() + 10] {
        bound(&token(&client, &[&proof(&key, url, |claims| claims["iat"] = json!(offset))]));
    }
    bound(&token(&client, &[&proof(&key, &format!("{url}?a=b#c"), |_| ())]));
}

#[test]
fn dpo_013_a_proof_counts_once_whoever_sends_it() {
    let (client, other, key) = (server().register_basic("a"), server().register_basic("a"), key());
    let sent = good(&key);
    bound(&token(&client, &[&sent]));
    token(&client, &[&sent]).err("invalid_dpop_proof");
    token(&other, &[&sent]).err("invalid_dpop_proof");
    bound(&token(&client, &[&good(&key)]));
}

#[test]
fn dpo_013_of_many_at_once_one_counts() {
    let (client, sent) = (server().register_basic("a"), good(&key()));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| token(&client, &[&sent]).status)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ran")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[test]
fn dpo_015_a_nonce_that_is_not_ours_is_answered_with_one_that_is() {
    let (client, key, url) = (server().register_basic("a"), key(), server().url("token_endpoint"));
    let refused = token(&client, &[&proof(&key, url, |claims| claims["nonce"] = json!("made-up"))]);
    refused.err("use_dpop_nonce");
    let nonce = refused.header("dpop-nonce").to_owned();
    assert!(nonce.len() >= 16, "{nonce}");
    bound(&token(&client, &[&proof(&key, url, |claims| claims["nonce"] = json!(nonce))]));
}

#[test]
fn dpo_018_being_told_to_use_a_nonce_spends_no_assertion() {
    let (assertions, key, url) = (key(), key(), server().url("token_endpoint"));
    let metadata = json!({
        "grant_types": ["client_credentials"], "scope": "a", "token_endpoint_auth_method": "private_key_jwt", "jwks": assertions.jwks(),
    });
    let client = server().register(&metadata);
    let assertion =
        assertions.sign(&json!({ "alg": "ES256", "kid": assertions.kid() }), &claims(&client.client_id, server().issuer(), &fresh()));
    let form = format!(
        "grant_type=client_credentials&client_assertion={assertion}&client_assertion_type={}",
        encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    let refused = post(server(), url, None, &[&proof(&key, url, |claims| claims["nonce"] = json!("made-up"))], &form);
    refused.err("use_dpop_nonce");
    let nonce = refused.header("dpop-nonce").to_owned();
    bound(&post(server(), url, None, &[&proof(&key, url, |claims| claims["nonce"] = json!(nonce))], &form));
    let again = post(server(), url, None, &[&good(&key)], &form);
    again.err_with("invalid_client", 401);
}

#[test]
fn dpo_028_metadata_name_the_algorithms_and_none_with_a_shared_secret() {
    let algs = server().metadata()["dpop_signing_alg_values_supported"].as_array().expect("a list").clone();
    assert!(algs.contains(&json!("ES256")));
    assert!(algs.iter().all(|alg| !alg.as_str().expect("a name").starts_with("HS") && alg != "none"));
}
