//! Attestations that count, and the ways in which they do not.

use claimsmith_jose::{Secret, SigningKey, base64url};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";

fn nonces() -> Nonces {
    Nonces::new(Secret::new([7; 32]), 300)
}

fn policy() -> Policy {
    Policy { is_on: true, algs: vec![SigningAlg::Es256], requires_challenge: false, proof_lifetime: 60, age_max: None }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn key() -> SigningKey {
    SigningKey::generate(SigningAlg::Es256, 2048).expect("a key")
}

fn assured(key: &SigningKey, change: impl FnOnce(&mut Value)) -> Assured {
    let mut claims = json!({ "sub": "c", "iat": NOW, "exp": NOW + 60, "cnf": { "jwk": key.verifying_key().public_jwk() } });
    change(&mut claims);
    let Value::Object(claims) = claims else { panic!("an object") };
    Assured { issuer: "i".into(), subject: "c".into(), jti_digest: None, expires_at: Timestamp::from_seconds(NOW + 60), claims }
}

fn pop(key: &SigningKey, typ: &str, change: impl FnOnce(&mut Value)) -> String {
    let header = json!({ "alg": "ES256", "typ": typ });
    let mut claims = json!({ "aud": ISSUER, "iat": NOW, "jti": "j" });
    change(&mut claims);
    let mut compact = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string())).into_bytes();
    key.append_signature(&mut compact, 0).expect("signed");
    String::from_utf8(compact).expect("ASCII")
}

/// What becomes of a good proof whose claims are changed.
fn proved(policy: &Policy, change: impl FnOnce(&mut Value)) -> Result<Attested, ErrorCode> {
    let (key, nonces) = (key(), nonces());
    let instance = Instance::read(assured(&key, |_| ()), policy, now()).expect("an instance");
    let expected = Expected { issuer: ISSUER, nonces: &nonces, now: now() };
    instance.prove(&pop(&key, "oauth-client-attestation-pop+jwt", change), policy, &expected).map_err(|refusal| refusal.code)
}

fn headers(attestations: &[&'static str], proofs: &[&'static str]) -> Result<Option<(&'static str, Option<&'static str>)>, ErrorCode> {
    let bytes = |values: &[&'static str]| values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
    let read = carried(bytes(attestations).into_iter(), bytes(proofs).into_iter());
    read.map(|held| held.map(|held| (held.attestation, held.proof))).map_err(|refusal| refusal.code)
}

#[test]
fn abc_002_and_abc_012_one_header_of_each_kind_in_token68() {
    const REFUSED: ErrorCode = ErrorCode::InvalidClientAttestation;
    assert_eq!(headers(&[], &[]), Ok(None));
    assert_eq!(headers(&["a.b-c_d~e+f/g=="], &["x"]), Ok(Some(("a.b-c_d~e+f/g==", Some("x")))));
    assert_eq!(headers(&["a"], &[]), Ok(Some(("a", None))));
    for (attestations, proofs) in [(&["a", "a"][..], &["x"][..]), (&["a"], &["x", "x"]), (&[], &["x"])] {
        assert_eq!(headers(attestations, proofs), Err(REFUSED));
    }
    for bad in ["", "=", "a=b", "a b", "a,b", "\"a\"", "ä"] {
        assert_eq!(headers(&[bad], &["x"]), Err(REFUSED), "{bad}");
        assert_eq!(headers(&["a"], &[bad]), Err(REFUSED), "{bad}");
    }
}

#[test]
fn abc_002_an_instance_has_a_public_key() {
    let key = key();
    let read = |change: fn(&mut Value)| Instance::read(assured(&key, change), &policy(), now()).map(drop).map_err(|refusal| refusal.code);
    assert_eq!(read(|_| ()), Ok(()));
    let wrong: [fn(&mut Value); 4] = [
        |claims| drop(claims.as_object_mut().expect("an object").remove("cnf")),
        |claims| claims["cnf"] = json!({ "jkt": "x" }),
        |claims| claims["cnf"]["jwk"]["d"] = json!("AAAA"),
        |claims| claims["cnf"]["jwk"] = json!({ "kty": "oct", "k": "AAAA" }),
    ];
    for change in wrong {
        assert_eq!(read(change), Err(ErrorCode::InvalidClientAttestation));
    }
}

#[test]
fn abc_004_and_abc_005_a_proof_is_for_us_of_now_and_leaves_a_mark() {
    let attested = proved(&policy(), |_| ()).expect("good");
    let guard = attested.guard().expect("a mark");
    assert_eq!((guard.jti_digest, guard.expires_at), (Digest::of(b"j"), Timestamp::from_seconds(NOW + 90)));
    assert!(attested.check_client("c").is_ok() && attested.check_client("d").is_err());
    assert!(attested.check_possession(false).is_ok() && attested.check_possession(true).is_err());
    for change in [
        (|claims| claims["aud"] = json!("https://id.example/oauth2/token")) as fn(&mut Value),
        |claims| claims["aud"] = json!([ISSUER, "https://other.example"]),
        |claims| claims["iat"] = json!(NOW - 61),
        |claims| claims["iat"] = json!(NOW + 31),
        |claims| claims["iat"] = json!("now"),
        |claims| claims["exp"] = json!(NOW - 60),
        |claims| claims["nbf"] = json!(NOW + 60),
        |claims| claims["iss"] = json!("d"),
        |claims| claims["jti"] = json!(""),
        |claims| claims["jti"] = json!("j".repeat(513)),
    ] {
        assert_eq!(proved(&policy(), change).map(drop), Err(ErrorCode::InvalidClientAttestation));
    }
    for good in [(|claims| claims["aud"] = json!([ISSUER])) as fn(&mut Value), |claims| claims["iss"] = json!("c")] {
        assert!(proved(&policy(), good).is_ok());
    }
}

#[test]
fn abc_006_a_challenge_is_good_or_wanted() {
    let wanting = Policy { requires_challenge: true, ..policy() };
    let good = |claims: &mut Value| claims["challenge"] = json!(nonces().latest(Space::AuthorizationServer, now()));
    assert!(proved(&wanting, good).is_ok() && proved(&policy(), good).is_ok());
    assert_eq!(proved(&wanting, |_| ()).map(drop), Err(ErrorCode::UseAttestationChallenge));
    let other = |claims: &mut Value| claims["challenge"] = json!(nonces().latest(Space::Resource, now()));
    for policy in [&wanting, &policy()] {
        assert_eq!(proved(policy, other).map(drop), Err(ErrorCode::UseAttestationChallenge));
    }
    assert_eq!(proved(&wanting, |claims| claims["challenge"] = json!(1)).map(drop), Err(ErrorCode::InvalidClientAttestation));
}

#[test]
fn abc_007_an_attestation_is_held_to_an_age() {
    let (key, strict) = (key(), Policy { age_max: Some(60), ..policy() });
    let read = |change: fn(&mut Value)| Instance::read(assured(&key, change), &strict, now()).map(drop).map_err(|refusal| refusal.code);
    assert_eq!(read(|claims| claims["iat"] = json!(NOW - 60)), Ok(()));
    assert_eq!(read(|claims| claims["iat"] = json!(NOW - 61)), Err(ErrorCode::UseFreshAttestation));
    assert_eq!(read(|claims| drop(claims.as_object_mut().expect("an object").remove("iat"))), Err(ErrorCode::UseFreshAttestation));
    for (refusal, code) in [
        (TrustRefusal::Times, ErrorCode::UseFreshAttestation),
        (TrustRefusal::TooLong, ErrorCode::UseFreshAttestation),
        (TrustRefusal::Issuer, ErrorCode::InvalidClientAttestation),
        (TrustRefusal::Signature, ErrorCode::InvalidClientAttestation),
    ] {
        assert_eq!(unbelieved(refusal).code, code);
    }
}
