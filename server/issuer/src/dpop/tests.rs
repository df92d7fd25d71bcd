//! Proofs that count, and all the ways in which they do not.

use claimsmith_jose::{Secret, SigningKey, base64url};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const TOKEN: &str = "https://id.example/oauth2/token";

fn nonces() -> Nonces {
    Nonces::new(Secret::new([7; 32]), 300)
}

fn policy() -> Policy {
    let algs = vec![SigningAlg::Es256, SigningAlg::EdDsa, SigningAlg::Rs256];
    Policy { algs, lifetime: 60, requires_nonce: false, origins: vec!["https://id.example".into(), "https://id.example:8445".into()] }
}

fn expected() -> Expected<'static> {
    let now = Timestamp::from_seconds(NOW);
    Expected { method: "POST", path: "/oauth2/token", token: None, space: Space::AuthorizationServer, now }
}

fn claims() -> Value {
    json!({ "jti": "j", "htm": "POST", "htu": TOKEN, "iat": NOW })
}

fn key(alg: SigningAlg) -> SigningKey {
    SigningKey::generate(alg, 2048).expect("a key")
}

/// A proof with these claims; its header, made of the key, changed by `change`.
fn signed(key: &SigningKey, change: impl FnOnce(&mut Value), claims: &Value) -> String {
    let mut header = json!({ "alg": key.alg().as_str(), "typ": "dpop+jwt", "jwk": key.verifying_key().public_jwk() });
    change(&mut header);
    let mut compact = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string())).into_bytes();
    key.append_signature(&mut compact, 0).expect("signed");
    String::from_utf8(compact).expect("ASCII")
}

fn check(proof: &str) -> Result<Proof, ErrorCode> {
    verify(proof, &policy(), &nonces(), &expected()).map_err(|refusal| refusal.code)
}

/// What becomes of a good proof whose claims are changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Proof, ErrorCode> {
    let mut claims = claims();
    change(&mut claims);
    check(&signed(&key(SigningAlg::Es256), |_| (), &claims))
}

fn headed(change: impl FnOnce(&mut Value)) -> Result<Proof, ErrorCode> {
    check(&signed(&key(SigningAlg::Es256), change, &claims()))
}

const REFUSED: Result<(), ErrorCode> = Err(ErrorCode::InvalidDpopProof);

#[test]
fn dpo_001_a_good_proof_names_its_key() {
    for alg in [SigningAlg::Es256, SigningAlg::EdDsa, SigningAlg::Rs256] {
        let key = key(alg);
        let proof = check(&signed(&key, |_| (), &claims())).expect("good");
        assert_eq!(proof.jkt(), &key.verifying_key().thumbprint());
        assert_eq!((proof.alg(), proof.is_for_token(), proof.has_nonce()), (alg, false, false));
    }
}

#[test]
fn dpo_004_there_is_one_header() {
    let one = |values: &[&'static [u8]]| super::one(values.iter().copied()).map_err(|refusal| refusal.code);
    assert_eq!(one(&[]), Ok(None));
    assert_eq!(one(&[b"a.b.c"]), Ok(Some("a.b.c")));
    assert_eq!(one(&[b"a.b.c", b"a.b.c"]), Err(ErrorCode::InvalidDpopProof));
    assert_eq!(one(&[b"\xff"]), Err(ErrorCode::InvalidDpopProof));
    let proof = signed(&key(SigningAlg::Es256), |_| (), &claims());
    assert_eq!(check(&format!("{proof}, {proof}")).map(|_| ()), REFUSED);
    assert_eq!(check("").map(|_| ()), REFUSED);
}

#[test]
fn dpo_005_the_type_is_that_of_proofs() {
    assert!(headed(|header| header["typ"] = json!("DPoP+JWT")).is_ok());
    for typ in [json!("JWT"), json!("at+jwt"), json!(null), json!(1)] {
        assert_eq!(headed(|header| header["typ"] = typ).map(|_| ()), REFUSED);
    }
    assert_eq!(headed(|header| drop(header.as_object_mut().expect("an object").remove("typ"))).map(|_| ()), REFUSED);
}

#[test]
fn dpo_006_the_algorithm_is_asymmetric_and_allowed() {
    assert_eq!(check(&signed(&key(SigningAlg::Es384), |_| (), &claims())).map(|_| ()), REFUSED);
    for alg in ["none", "HS256", "ES384", "es256", ""] {
        assert_eq!(headed(|header| header["alg"] = json!(alg)).map(|_| ()), REFUSED, "{alg}");
    }
}

#[test]
fn dpo_007_the_key_is_public() {
    assert_eq!(headed(|header| header["jwk"]["d"] = json!("AAAA")).map(|_| ()), REFUSED);
    assert_eq!(headed(|header| header["jwk"] = json!({ "kty": "oct", "k": "AAAA" })).map(|_| ()), REFUSED);
    assert_eq!(headed(|header| drop(header.as_object_mut().expect("an object").remove("jwk"))).map(|_| ()), REFUSED);
}

#[test]
fn dpo_008_the_signature_is_that_of_the_key_in_the_header() {
    let other = key(SigningAlg::Es256).verifying_key().public_jwk();
    assert_eq!(headed(|header| header["jwk"] = Value::Object(other)).map(|_| ()), REFUSED);
    let curve = key(SigningAlg::Es384).verifying_key().public_jwk();
    assert_eq!(headed(|header| header["jwk"] = Value::Object(curve)).map(|_| ()), REFUSED);
    let mut proof = signed(&key(SigningAlg::Es256), |_| (), &claims());
    let flipped = if proof.pop() == Some('A') { 'Q' } else { 'A' };
    proof.push(flipped);
    assert_eq!(check(&proof).map(|_| ()), REFUSED);
}

#[test]
fn dpo_009_claims_are_there_and_of_their_types() {
    for name in ["jti", "htm", "htu", "iat"] {
        assert_eq!(changed(|claims| drop(claims.as_object_mut().expect("an object").remove(name))).map(|_| ()), REFUSED, "{name} missing");
        for wrong in [json!(["x"]), json!({}), json!(true), json!(null)] {
            assert_eq!(changed(|claims| claims[name] = wrong).map(|_| ()), REFUSED, "{name}");
        }
    }
    assert_eq!(changed(|claims| claims["iat"] = json!(NOW.to_string())).map(|_| ()), REFUSED);
    assert_eq!(changed(|claims| claims["jti"] = json!("")).map(|_| ()), REFUSED);
    assert_eq!(changed(|claims| claims["jti"] = json!("j".repeat(513))).map(|_| ()), REFUSED);
}

#[test]
fn dpo_010_the_method_is_that_of_the_request() {
    for method in ["PUT", "post", "GET", ""] {
        assert_eq!(changed(|claims| claims["htm"] = json!(method)).map(|_| ()), REFUSED, "{method}");
    }
}

#[test]
fn dpo_011_the_target_is_that_of_the_request() {
    for htu in [
        TOKEN,
        "https://id.example/oauth2/token?x=y",
        "https://id.example/oauth2/token#x",
        "HTTPS://ID.example:443/oauth2/token",
        "https://id.example/oauth2/%74oken",
    ] {
        assert!(changed(|claims| claims["htu"] = json!(htu)).is_ok(), "{htu}");
    }
    for htu in [
        "https://id.example/oauth2/par",
        "https://id.example/oauth2/token/",
        "https://other.example/oauth2/token",
        "http://id.example/oauth2/token",
        "https://id.example:8443/oauth2/token",
        "/oauth2/token",
        "https://",
        "\u{0}",
        "",
    ] {
        assert_eq!(changed(|claims| claims["htu"] = json!(htu)).map(|_| ()), REFUSED, "{htu}");
    }
}

#[test]
fn mtl_013_the_target_may_be_that_of_the_other_listener() {
    assert!(changed(|claims| claims["htu"] = json!("https://id.example:8445/oauth2/token")).is_ok());
}

#[test]
fn dpo_012_a_proof_is_of_about_now() {
    for offset in [-60, -10, 0, 10, 30] {
        assert!(changed(|claims| claims["iat"] = json!(NOW + offset)).is_ok(), "{offset}");
    }
    for offset in [-3_600, -61, 31, 3_600] {
        assert_eq!(changed(|claims| claims["iat"] = json!(NOW + offset)).map(|_| ()), REFUSED, "{offset}");
    }
}

#[test]
fn dpo_013_a_proof_leaves_a_mark_per_key_and_target_that_outlasts_it() {
    let key = key(SigningAlg::Es256);
    let mark = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        check(&signed(&key, |_| (), &claims)).expect("good").guard().clone()
    };
    let first = mark(&|_| ());
    assert_eq!(mark(&|claims| claims["iat"] = json!(NOW - 5)).digest, first.digest, "the time does not make it another");
    assert_eq!(mark(&|claims| claims["htu"] = json!("https://id.example:443/oauth2/token?a")).digest, first.digest, "nor does a spelling");
    assert_ne!(mark(&|claims| claims["jti"] = json!("k")).digest, first.digest);
    assert_ne!(mark(&|claims| claims["htu"] = json!("https://id.example:8445/oauth2/token")).digest, first.digest);
    let late = Expected { now: first.expires_at, ..expected() };
    let youngest = json!({ "jti": "j", "htm": "POST", "htu": TOKEN, "iat": NOW + 30 });
    let later = |seconds: i64| Expected { now: Timestamp::from_seconds(late.now.seconds() + seconds), ..late };
    let proof = signed(&key, |_| (), &youngest);
    assert!(verify(&proof, &policy(), &nonces(), &late).is_ok());
    assert!(verify(&proof, &policy(), &nonces(), &later(1)).is_err(), "when the mark goes, the proof is old");
}

#[test]
fn dpo_014_dpo_015_and_dpo_016_a_nonce_may_be_required_and_must_be_good() {
    let strict = Policy { requires_nonce: true, ..policy() };
    let key = key(SigningAlg::Es256);
    let with = |nonce: Value, at: i64, policy: &Policy| {
        let mut claims = claims();
        claims["iat"] = json!(at);
        if !nonce.is_null() {
            claims["nonce"] = nonce;
        }
        let expected = Expected { now: Timestamp::from_seconds(at), ..expected() };
        verify(&signed(&key, |_| (), &claims), policy, &nonces(), &expected).map_err(|refusal| refusal.code)
    };
    let latest = json!(nonces().latest(Space::AuthorizationServer, expected().now));
    assert_eq!(with(Value::Null, NOW, &strict), Err(ErrorCode::UseDpopNonce));
    assert!(with(Value::Null, NOW, &policy()).is_ok());
    for policy in [&strict, &policy()] {
        let proof = with(latest.clone(), NOW, policy).expect("good");
        assert!(proof.has_nonce() && proof.has_latest_nonce());
        let grace = with(latest.clone(), NOW + 300, policy).expect("still good");
        assert!(grace.has_nonce() && !grace.has_latest_nonce(), "there is a newer one (dpo_016)");
        assert_eq!(with(latest.clone(), NOW + 600, policy), Err(ErrorCode::UseDpopNonce), "stale");
        assert_eq!(with(json!("made-up"), NOW, policy), Err(ErrorCode::UseDpopNonce));
        assert_eq!(with(json!(1), NOW, policy), Err(ErrorCode::InvalidDpopProof));
    }
}

#[test]
fn dpo_012_a_good_nonce_excuses_a_wrong_clock() {
    let latest = nonces().latest(Space::AuthorizationServer, expected().now);
    assert!(
        changed(|claims| claims
            .as_object_mut()
            .expect("an object")
            .extend([("nonce".into(), json!(latest)), ("iat".into(), json!(NOW - 300))]))
        .is_ok()
    );
    let latest = nonces().latest(Space::AuthorizationServer, expected().now);
    assert!(
        changed(|claims| claims
            .as_object_mut()
            .expect("an object")
            .extend([("nonce".into(), json!(latest)), ("iat".into(), json!(NOW - 3_600))]))
        .is_err()
    );
}

#[test]
fn dpo_015_and_dpo_017_nonces_are_those_of_any_node_and_of_one_space() {
    let (now, other_node) = (expected().now, nonces());
    let nonce = nonces().latest(Space::AuthorizationServer, now);
    assert_eq!(nonce.len(), 22);
    assert!(other_node.is_good(Space::AuthorizationServer, &nonce, now));
    assert!(
        other_node.is_good(Space::AuthorizationServer, &nonce, Timestamp::from_seconds(NOW - 300)),
        "told by a node whose clock is ahead"
    );
    assert!(!other_node.is_good(Space::Resource, &nonce, now));
    assert!(!Nonces::new(Secret::new([8; 32]), 300).is_good(Space::AuthorizationServer, &nonce, now), "another master key");
    assert_ne!(nonces().latest(Space::AuthorizationServer, Timestamp::from_seconds(NOW + 300)), nonce);
}

#[test]
fn dpo_019_at_a_resource_a_proof_is_for_the_token_that_came_with_it() {
    let with = |ath: Value| {
        let mut claims = claims();
        claims["ath"] = ath;
        let expected = Expected { token: Some("token"), ..expected() };
        verify(&signed(&key(SigningAlg::Es256), |_| (), &claims), &policy(), &nonces(), &expected).map_err(|refusal| refusal.code)
    };
    assert!(with(json!(Digest::of(b"token").to_base64url())).expect("good").is_for_token());
    for wrong in [json!(Digest::of(b"other").to_base64url()), json!(""), json!(null), json!(1), json!("token")] {
        assert_eq!(with(wrong).map(|_| ()), REFUSED);
    }
}

#[test]
fn dpo_026_what_is_not_known_is_ignored_and_dates_hold() {
    assert!(headed(|header| header["x"] = json!({ "y": 1 })).is_ok());
    assert!(changed(|claims| claims["x"] = json!([1])).is_ok());
    assert!(changed(|claims| claims["exp"] = json!(NOW + 5)).is_ok());
    assert!(changed(|claims| claims["nbf"] = json!(NOW - 5)).is_ok());
    assert_eq!(changed(|claims| claims["exp"] = json!(NOW - 60)).map(|_| ()), REFUSED);
    assert_eq!(changed(|claims| claims["nbf"] = json!(NOW + 60)).map(|_| ()), REFUSED);
    assert_eq!(headed(|header| header["crit"] = json!(["x"])).map(|_| ()), REFUSED);
}

#[test]
fn dpo_027_a_proof_for_one_endpoint_is_none_for_another() {
    let proof = signed(&key(SigningAlg::Es256), |_| (), &claims());
    let elsewhere = Expected { path: "/oauth2/par", ..expected() };
    assert_eq!(verify(&proof, &policy(), &nonces(), &elsewhere).map(|_| ()).map_err(|refusal| refusal.code), REFUSED);
}

#[test]
fn dpo_029_every_refusal_is_400() {
    for refusal in [refused("x"), nonce_wanted(), replayed()] {
        assert_eq!(refusal.code.status(), 400);
    }
    assert_eq!(replayed().code.as_str(), "invalid_dpop_proof");
    assert_eq!(nonce_wanted().code.as_str(), "use_dpop_nonce");
}
