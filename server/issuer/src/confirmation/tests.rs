use claimsmith_jose::{Secret, SigningKey, base64url};
use claimsmith_protocol::time::Timestamp;
use serde_json::json;

use super::*;
use crate::dpop::{Expected, Nonces, Policy, Space, verify};

const NOW: i64 = 1_800_000_000;

/// A proof by `key`, for a token where there is one.
fn proof(key: &SigningKey, token: Option<&str>) -> Proof {
    let header = json!({ "alg": key.alg().as_str(), "typ": "dpop+jwt", "jwk": key.verifying_key().public_jwk() });
    let ath = token.map(|token| Digest::of(token.as_bytes()).to_base64url());
    let claims = json!({ "jti": "j", "htm": "GET", "htu": "https://id.example/me", "iat": NOW, "ath": ath });
    let mut compact = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string())).into_bytes();
    key.append_signature(&mut compact, 0).expect("signed");
    let policy = Policy { algs: SigningAlg::ALL.to_vec(), lifetime: 60, requires_nonce: false, origins: vec!["https://id.example".into()] };
    let expected = Expected { method: "GET", path: "/me", token, space: Space::Resource, now: Timestamp::from_seconds(NOW) };
    let text = String::from_utf8(compact).expect("ASCII");
    verify(&text, &policy, &Nonces::new(Secret::new([1; 32]), 300), &expected).expect("good")
}

fn key(alg: SigningAlg) -> SigningKey {
    SigningKey::generate(alg, 2048).expect("a key")
}

fn registered(document: &str) -> Registration {
    Registration::from_text(document).expect("a registration")
}

#[test]
fn dpo_002_and_dpo_003_a_client_that_must_bind_gets_nothing_without_a_proof() {
    let (plain, bound) = (Registration::default(), registered(r#"{"dpop_bound_access_tokens":true}"#));
    let certificate = Some(Digest::of(b"der"));
    let nothing = Offered::default();
    assert_eq!(decide(&plain, nothing), Ok(None));
    assert_eq!(decide(&plain, Offered { certificate, ..nothing }), Ok(None), "a certificate alone binds nothing");
    for offered in [nothing, Offered { certificate, ..nothing }] {
        assert_eq!(decide(&bound, offered).expect_err("no proof").code, ErrorCode::InvalidDpopProof);
    }
    let (key, other) = (key(SigningAlg::Es256), key(SigningAlg::Es384));
    for registration in [&plain, &bound] {
        for key in [&key, &other] {
            let decided = decide(registration, Offered { proof: Some(&proof(key, None)), certificate });
            assert_eq!(decided, Ok(Some(Confirmation::Jkt(key.verifying_key().thumbprint()))));
        }
    }
}

#[test]
fn dpo_006_fapi_has_algorithms_of_its_own() {
    let fapi = registered(r#"{"profile":"fapi2_security","dpop_bound_access_tokens":true}"#);
    for (alg, good) in [
        (SigningAlg::Rs256, false),
        (SigningAlg::Es384, false),
        (SigningAlg::Ps256, true),
        (SigningAlg::Es256, true),
        (SigningAlg::EdDsa, true),
    ] {
        let proof = proof(&key(alg), None);
        assert_eq!(decide(&fapi, Offered { proof: Some(&proof), certificate: None }).is_ok(), good, "{alg:?}");
    }
}

#[test]
fn mtl_010_a_client_that_must_bind_gets_nothing_without_a_certificate() {
    let bound = registered(r#"{"tls_client_certificate_bound_access_tokens":true}"#);
    let digest = Digest::of(b"der");
    assert_eq!(decide(&bound, Offered::default()).expect_err("no certificate").code, ErrorCode::InvalidRequest);
    assert_eq!(decide(&bound, Offered { proof: None, certificate: Some(digest) }), Ok(Some(Confirmation::X5tS256(digest))));
    let proof = proof(&key(SigningAlg::Es256), None);
    let both = decide(&bound, Offered { proof: Some(&proof), certificate: Some(digest) });
    assert_eq!(both.expect_err("bound twice").reason, Reason::SeveralBindings);
}

#[test]
fn dpo_019_dpo_020_mtl_009_and_bea_010_a_bound_token_needs_what_it_is_bound_to() {
    let (own, other) = (key(SigningAlg::Es256), key(SigningAlg::Es256));
    let jkt = Confirmation::Jkt(own.verifying_key().thumbprint());
    let x5t = Confirmation::X5tS256(Digest::of(b"der"));
    let (good, foreign, unbound) = (proof(&own, Some("t")), proof(&other, Some("t")), proof(&own, None));
    let (right, wrong) = (Some(Digest::of(b"der")), Some(Digest::of(b"other")));
    let present = |scheme, proof, certificate| Possession { scheme, proof, certificate };
    for (cnf, presented, outcome) in [
        (None, present(Scheme::Bearer, None, None), Ok(())),
        (None, present(Scheme::Bearer, None, right), Ok(())),
        (None, present(Scheme::Dpop, Some(&good), None), Err(Unconfirmed::WrongScheme)),
        (Some(&jkt), present(Scheme::Dpop, Some(&good), None), Ok(())),
        (Some(&jkt), present(Scheme::Dpop, Some(&foreign), None), Err(Unconfirmed::WrongKey)),
        (Some(&jkt), present(Scheme::Dpop, Some(&unbound), None), Err(Unconfirmed::WrongKey)),
        (Some(&jkt), present(Scheme::Dpop, None, None), Err(Unconfirmed::WrongKey)),
        (Some(&jkt), present(Scheme::Bearer, Some(&good), None), Err(Unconfirmed::WrongScheme)),
        (Some(&jkt), present(Scheme::Bearer, None, right), Err(Unconfirmed::WrongScheme)),
        (Some(&x5t), present(Scheme::Bearer, None, right), Ok(())),
        (Some(&x5t), present(Scheme::Bearer, None, wrong), Err(Unconfirmed::WrongCertificate)),
        (Some(&x5t), present(Scheme::Bearer, None, None), Err(Unconfirmed::WrongCertificate)),
        (Some(&x5t), present(Scheme::Dpop, Some(&good), right), Err(Unconfirmed::WrongScheme)),
    ] {
        assert_eq!(confirm(cnf, &presented), outcome, "{cnf:?} {presented:?}");
    }
}

#[test]
fn dpo_021_and_bea_011_each_scheme_is_offered_and_the_error_is_on_the_one_that_was_tried() {
    let algs = [SigningAlg::Es256, SigningAlg::EdDsa];
    assert_eq!(challenges(None, &algs), [r#"DPoP algs="ES256 EdDSA""#, "Bearer"]);
    assert_eq!(challenges(Some((Scheme::Dpop, "invalid_token")), &algs), [r#"DPoP error="invalid_token", algs="ES256 EdDSA""#, "Bearer"]);
    assert_eq!(
        challenges(Some((Scheme::Bearer, "invalid_token")), &algs),
        [r#"Bearer error="invalid_token""#, r#"DPoP algs="ES256 EdDSA""#]
    );
}

#[test]
fn a_confirmation_is_read_as_it_is_written_and_nothing_else_is_read() {
    for confirmation in [Confirmation::Jkt(Digest::of(b"a")), Confirmation::X5tS256(Digest::of(b"b"))] {
        let mut rendered = Vec::new();
        confirmation.render(&mut rendered);
        assert_eq!(rendered, confirmation.to_json().into_bytes());
        let cnf: Json = serde_json::from_slice(&rendered).expect("JSON");
        assert_eq!(Confirmation::from_json(&cnf), Ok(confirmation));
        let claims = json!({ "cnf": cnf });
        assert_eq!(Confirmation::of_claims(claims.as_object().expect("an object")), Ok(Some(confirmation)));
    }
    assert_eq!(Confirmation::of_claims(&Map::new()), Ok(None));
    for cnf in [json!(null), json!({}), json!("x"), json!({ "jkt": 1 }), json!({ "jkt": "AAAA" }), json!({ "jwk": {} })] {
        let claims = json!({ "cnf": cnf });
        assert!(Confirmation::of_claims(claims.as_object().expect("an object")).is_err(), "{cnf}");
    }
}

#[test]
fn mtl_008_the_digest_is_base64url_without_padding() {
    let text = Confirmation::X5tS256(Digest::of(b"der")).to_json();
    assert_eq!(text, format!(r#"{{"x5t#S256":"{}"}}"#, base64url::encode(Digest::of(b"der").as_bytes())));
    assert_eq!(token_type(Some(&Confirmation::X5tS256(Digest::of(b"der")))), "Bearer");
    assert_eq!(token_type(Some(&Confirmation::Jkt(Digest::of(b"der")))), "DPoP");
    assert_eq!(token_type(None), "Bearer");
}

#[test]
fn dpo_020_schemes_are_told_apart_without_regard_to_case() {
    assert_eq!(Scheme::split("dpop a.b.c"), Some((Scheme::Dpop, "a.b.c")));
    assert_eq!(Scheme::split("BEARER a.b.c"), Some((Scheme::Bearer, "a.b.c")));
    for text in ["Basic YTpi", "Bearer", "", "Bearera b"] {
        assert_eq!(Scheme::split(text), None, "{text}");
    }
}
