use serde_json::json;

use super::*;
use crate::fixtures::{ED25519, ES256, OTHER_ES256, RS256, jwk};

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn plain(key: &crate::key::SigningKey) -> Value {
    jwk(key, |_| ())
}

#[test]
fn a_published_set_loses_only_its_unusable_keys() {
    let keys = [json!({"kty": "oct", "k": "AAAA"}), plain(&ES256), json!(7), json!({"kty": "AKP"}), plain(&RS256)];
    let read = JwkSet::parse(&set(&keys)).unwrap();
    let kids: Vec<_> = read.keys().iter().map(|key| key.kid().unwrap()).collect();
    assert_eq!(kids, [ES256.kid(), RS256.kid()]);
    let skipped = |index, reason| SkippedKey { index, reason };
    assert_eq!(
        read.skipped(),
        [skipped(0, KeyRefusal::Symmetric), skipped(2, KeyRefusal::NotAnObject), skipped(3, KeyRefusal::UnsupportedKind)]
    );
}

#[test]
fn caj_022_a_registered_set_has_public_keys_only() {
    let private = jwk(&ES256, |members| drop(members.insert("d".into(), json!("AAAA"))));
    for (bad, reason) in [
        (private, KeyRefusal::Private),
        (json!({"kty": "oct", "k": "AAAA"}), KeyRefusal::Symmetric),
        (jwk(&ES256, |members| drop(members.remove("y"))), KeyRefusal::MalformedParameter),
        (json!("key"), KeyRefusal::NotAnObject),
    ] {
        let refusal = JwkSet::parse_strict(&set(&[plain(&RS256), bad])).unwrap_err();
        assert_eq!(refusal, JwkSetRefusal::Key { index: 1, reason });
    }
}

#[test]
fn a_registered_set_may_have_keys_for_other_uses() {
    let encryption = jwk(&RS256, |members| drop(members.insert("use".into(), json!("enc"))));
    let keys = [encryption, json!({"kty": "AKP", "alg": "ML-DSA-44"}), plain(&ES256)];
    let read = JwkSet::parse_strict(&set(&keys)).unwrap();
    assert_eq!((read.keys().len(), read.skipped().len()), (1, 2));
}

#[test]
fn a_registered_set_names_each_key_once() {
    let renamed = jwk(&OTHER_ES256, |members| drop(members.insert("kid".into(), json!(ES256.kid()))));
    let keys = set(&[plain(&ES256), json!({"kty": "AKP"}), renamed]);
    assert_eq!(JwkSet::parse_strict(&keys).unwrap_err(), JwkSetRefusal::DuplicateKid { index: 2 });
    assert_eq!(JwkSet::parse(&keys).unwrap().keys().len(), 2);
    let nameless = |key| jwk(key, |members| drop(members.remove("kid")));
    assert!(JwkSet::parse_strict(&set(&[nameless(&ES256), nameless(&OTHER_ES256)])).is_ok());
}

#[test]
fn what_is_no_set_is_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>", r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(JwkSet::parse(text.as_bytes()).unwrap_err(), JwkSetRefusal::NotASet, "{text}");
    }
    assert!(JwkSet::parse(br#"{"keys":[]}"#).unwrap().keys().is_empty());
    let many = vec![json!({}); 33];
    assert_eq!(JwkSet::parse(&set(&many)).unwrap_err(), JwkSetRefusal::TooManyKeys);
    assert!(JwkSet::parse(&set(&many[1..])).is_ok());
}

#[test]
fn caj_010_candidates_fit_kid_and_alg() {
    let read = JwkSet::parse(&set(&[plain(&ES256), plain(&OTHER_ES256), plain(&ED25519)])).unwrap();
    let count = |kid, alg| read.candidates(kid, alg).count();
    assert_eq!(count(Some(ES256.kid()), SigningAlg::Es256), 1);
    assert_eq!(count(Some(ES256.kid()), SigningAlg::EdDsa), 0);
    assert_eq!(count(Some("unknown"), SigningAlg::Es256), 0);
    assert_eq!(count(None, SigningAlg::Es256), 2);
    assert_eq!(count(None, SigningAlg::Rs256), 0);
    assert!(read.has_kid(ED25519.kid()) && !read.has_kid("unknown"));
}

#[test]
fn key_001_only_public_members_are_rendered() {
    let keys = [&*ES256, &*RS256, &*ED25519].map(|key| &**key.verifying_key());
    let document = JwkSet::render_public(keys);
    let value: Value = serde_json::from_slice(&document).unwrap();
    let members = |index: usize| -> Vec<&str> {
        let mut names: Vec<&str> = value["keys"][index].as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(members(0), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(members(1), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(members(2), ["alg", "crv", "kid", "kty", "use", "x"]);
    for index in 0..3 {
        assert_eq!(value["keys"][index]["use"], "sig");
    }
    assert_eq!(value["keys"][0]["alg"], "ES256");
    assert_eq!(JwkSet::parse_strict(&document).unwrap().keys().len(), 3);
}

#[test]
fn key_005_and_key_007_published_keys_sign_and_come_without_certificates() {
    let document = JwkSet::render_public([&*ES256, &*RS256, &*ED25519].map(|key| &**key.verifying_key()));
    let value: Value = serde_json::from_slice(&document).unwrap();
    for key in value["keys"].as_array().unwrap() {
        assert_eq!(key["use"], "sig");
        for absent in ["key_ops", "x5c", "x5t", "x5t#S256", "x5u"] {
            assert_eq!(key.get(absent), None, "{absent}");
        }
    }
}

#[test]
fn mtl_004_a_key_is_certified_when_a_certificate_stands_beside_it() {
    let with_certificate = jwk(&ES256, |members| drop(members.insert("x5c".into(), json!(["MIIB"]))));
    let read = JwkSet::parse(&set(&[with_certificate, plain(&RS256)])).unwrap();
    assert!(read.certifies(&ES256.verifying_key().thumbprint()));
    assert!(!read.certifies(&RS256.verifying_key().thumbprint()), "a key alone was not registered as a certificate");
    assert!(!read.certifies(&OTHER_ES256.verifying_key().thumbprint()));
}
