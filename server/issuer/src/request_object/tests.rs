//! What a request object has to be.

use std::sync::LazyLock;

use claimsmith_jose::{ContentEnc, DecryptionKind, Encryption, EncryptionKey, KeyAlg, SigningKey, base64url};
use claimsmith_protocol::id::ClientId;
use serde_json::json;

use super::*;
use crate::client::Authentication;

const ISSUER: &str = "https://issuer.example";
const NOW: i64 = 1_800_000_000;
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(SigningAlg::Es256, 2048).expect("a key"));
static RSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(SigningAlg::Rs256, 2048).expect("a key"));

fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = key.sign(input.as_bytes()).expect("a signature");
    format!("{input}.{}", base64url::encode(&signature))
}

fn good() -> Value {
    json!({ "iss": "c", "client_id": "c", "aud": ISSUER, "exp": NOW + 60, "nbf": NOW, "scope": "a", "response_type": "code" })
}

fn client(profile: Option<Profile>) -> Client {
    let mut client = Client::new(ClientId::parse("c").expect("an id"), Authentication::Public);
    client.registration.profile = profile;
    client
}

fn read(client: &Client, text: &str) -> Result<RequestObject, Refusal> {
    let keys = JwkSet::parse(&JwkSet::render_public([KEY.verifying_key().as_ref(), RSA.verifying_key().as_ref()])).expect("a set");
    let algs = [SigningAlg::Es256, SigningAlg::Rs256];
    let expected = Expected { client, issuer: ISSUER, algs: &algs, now: Timestamp::from_seconds(NOW), backchannel: false };
    verify(parse(text)?, Some(&keys), &expected)
}

fn es256() -> Value {
    json!({ "alg": "ES256" })
}

/// Whether the good object, its claims changed, is taken.
fn takes(profile: Option<Profile>, change: impl FnOnce(&mut Value)) -> bool {
    let mut claims = good();
    change(&mut claims);
    match read(&client(profile), &signed(&KEY, &es256(), &claims)) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.code, ErrorCode::InvalidRequestObject);
            false
        }
    }
}

#[test]
fn req_001_a_good_object_says_what_is_asked_for() {
    let object = read(&client(None), &signed(&KEY, &es256(), &good())).expect("good");
    assert_eq!((object.parameters.one("scope"), object.parameters.one("exp"), object.replay), (Some("a"), None, None));
}

#[test]
fn req_001_the_registered_algorithm_is_a_must() {
    let mut held = client(None);
    held.registration.request_object_signing_alg = Some("RS256".into());
    assert!(read(&held, &signed(&KEY, &es256(), &good())).is_err());
    assert!(read(&held, &signed(&RSA, &json!({ "alg": "RS256" }), &good())).is_ok());
}

#[test]
fn req_004_it_is_the_clients_own() {
    assert!(!takes(None, |claims| claims["client_id"] = json!("d")));
    assert!(!takes(None, |claims| claims["iss"] = json!("d")));
    assert!(!takes(None, |claims| _ = claims.as_object_mut().expect("an object").remove("client_id")));
    assert!(takes(None, |claims| _ = claims.as_object_mut().expect("an object").remove("iss")));
}

#[test]
fn req_005_it_is_for_this_server() {
    for (aud, is_taken) in [
        (json!(ISSUER), true),
        (json!(["https://other.example", ISSUER]), true),
        (json!("https://other.example"), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        assert_eq!(takes(None, |claims| claims["aud"] = aud.clone()), is_taken, "{aud}");
    }
}

#[test]
fn req_006_fms_001_and_fap_007_its_times_are_near() {
    let signing = Some(Profile::Fapi2MessageSigning);
    for (name, at, plain, strict) in [
        ("exp", NOW - 60, false, false),
        ("exp", NOW + 4_200, true, false),
        ("exp", NOW + 3_600, true, true),
        ("nbf", NOW - 4_200, true, false),
        ("nbf", NOW - 1_800, true, true),
        ("nbf", NOW + 8, true, true),
        ("nbf", NOW + 61, false, false),
        ("iat", NOW + 8, true, true),
        ("iat", NOW + 61, false, false),
    ] {
        assert_eq!(takes(None, |claims| claims[name] = json!(at)), plain, "{name} {at}");
        assert_eq!(takes(signing, |claims| claims[name] = json!(at)), strict, "{name} {at}");
    }
    for name in ["exp", "nbf"] {
        let without = |claims: &mut Value| _ = claims.as_object_mut().expect("an object").remove(name);
        assert!(takes(None, without) && !takes(signing, without), "{name}");
        assert!(!takes(None, |claims| claims[name] = json!("soon")), "{name}");
    }
}

#[test]
fn req_007_and_req_008_nothing_but_the_clients_signature_will_do() {
    let text = signed(&KEY, &es256(), &good());
    let (input, _) = text.rsplit_once('.').expect("three parts");
    assert!(read(&client(None), &format!("{input}.")).is_err(), "stripped");
    let none = signed(&KEY, &json!({ "alg": "none" }), &good());
    let (none, _) = none.rsplit_once('.').expect("three parts");
    assert!(read(&client(None), &format!("{none}.")).is_err(), "none");
    assert!(read(&client(None), &signed(&KEY, &json!({ "alg": "HS256" }), &good())).is_err(), "HS256");
}

#[test]
fn req_009_and_fms_002_tokens_of_another_kind_are_refused() {
    for (typ, is_taken) in [
        ("oauth-authz-req+jwt", true),
        ("application/oauth-authz-req+jwt", true),
        ("JWT", true),
        ("at+jwt", false),
        ("client-authentication+jwt", false),
        ("dpop+jwt", false),
    ] {
        let text = signed(&KEY, &json!({ "alg": "ES256", "typ": typ }), &good());
        assert_eq!(read(&client(None), &text).is_ok(), is_taken, "{typ}");
    }
}

#[test]
fn req_010_an_object_holds_no_other() {
    assert!(!takes(None, |claims| claims["request"] = json!("x")));
    assert!(!takes(None, |claims| claims["request_uri"] = json!("https://a.example")));
}

#[test]
fn caj_017_an_assertion_is_no_request_object() {
    assert!(!takes(None, |claims| claims["sub"] = json!("c")));
}

#[test]
fn req_018_an_object_with_a_jti_leaves_a_mark() {
    let mut claims = good();
    claims["jti"] = json!("one");
    let guard = read(&client(None), &signed(&KEY, &es256(), &claims)).expect("good").replay.expect("a mark");
    assert!(guard.expires_at.seconds() >= NOW + 60 && guard.digest != Digest::of(b"one"));
    assert!(!takes(None, |claims| claims["jti"] = json!(1)));
    assert!(!takes(None, |claims| claims["jti"] = json!("x".repeat(513))));
}

#[test]
fn req_020_another_clients_key_is_none() {
    let other = SigningKey::generate(SigningAlg::Es256, 2048).expect("a key");
    assert!(read(&client(None), &signed(&other, &es256(), &good())).is_err());
}

#[test]
fn fap_013_weak_algorithms_are_refused_under_fapi() {
    let text = signed(&RSA, &json!({ "alg": "RS256" }), &good());
    assert!(read(&client(None), &text).is_ok());
    assert!(read(&client(Some(Profile::Fapi2Security)), &text).is_err());
    assert!(takes(Some(Profile::Fapi2Security), |_| ()));
}

#[test]
fn req_015_an_encrypted_object_is_opened_with_a_key_of_ours_and_signed_within() {
    let keys = [DecryptionKind::P256, DecryptionKind::Rsa(2_048)].map(|kind| DecryptionKey::generate(kind).expect("a key"));
    let inner = signed(&KEY, &es256(), &good());
    for (key, alg) in [(&keys[0], KeyAlg::EcdhEs), (&keys[0], KeyAlg::EcdhEsA256Kw), (&keys[1], KeyAlg::RsaOaep256)] {
        let public = EncryptionKey::from_jwk(&key.public_jwk().expect("a JWK")).expect("a key");
        let wish = Encryption { alg, enc: ContentEnc::A256Gcm, cty: Some("JWT") };
        let text = wish.to_key(&public, inner.as_bytes()).expect("encrypted");
        assert_eq!(open(&text, &keys).expect("it opens"), inner);
        assert!(open(&text, &[]).is_err(), "switched off");
        let other = DecryptionKey::generate(DecryptionKind::P256).expect("a key");
        assert!(open(&text, &[other]).is_err(), "another server's key");
        let (head, tag) = text.rsplit_once('.').expect("a JWE");
        assert!(open(&format!("{head}.{}", tag.chars().rev().collect::<String>()), &keys).is_err(), "changed on the way");
        let unsigned = wish.to_key(&public, good().to_string().as_bytes()).expect("encrypted");
        assert!(parse(&open(&unsigned, &keys).expect("it opens")).is_err(), "not signed within");
    }
    assert_eq!(open(&inner, &keys).expect("not encrypted"), inner);
}
