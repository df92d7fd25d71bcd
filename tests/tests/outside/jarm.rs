//! JRM: responses that are signed, and encrypted where the client wants it.

use claimsmith_jose::{DecryptionKey, DecryptionKind, Jwe, SigningAlg};
use claimsmith_tests::{AssertionKey, Landed, Person, Registered, hidden, values};
use serde_json::{Value, json};

use super::code_flow::{app, redeem, request};
use super::dpop::now;
use crate::server;

fn ask(person: &Person, client: &Registered, more: &str) -> Landed {
    person.walk(&request(server(), client, &format!("&scope=read&state=s{more}")))
}

/// The response that a client was sent, as text; nothing else was.
fn response(landed: &Landed) -> String {
    for plain in ["code", "state", "iss", "error", "error_description"] {
        assert_eq!(landed.parameter(plain), None, "{plain} in {landed:?}");
    }
    landed.parameter("response").unwrap_or_else(|| panic!("no response: {landed:?}"))
}

/// What every response says.
fn check(client: &Registered, claims: &serde_json::Map<String, Value>) {
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(server().issuer()), &json!(client.client_id)));
    assert_eq!(claims["state"], "s");
    let left = claims["exp"].as_u64().expect("a time") - now();
    assert!((10..=600).contains(&left), "{left}");
}

#[test]
fn jrm_001_jrm_002_and_jrm_003_each_mode_carries_one_parameter() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    for (mode, in_fragment) in [("jwt", false), ("query.jwt", false), ("fragment.jwt", true)] {
        let landed = ask(&alice, &client, &format!("&response_mode={mode}"));
        let decoded = server().decode(&response(&landed));
        check(&client, &decoded.claims);
        redeem(server(), &client, decoded.claims["code"].as_str().expect("a code"), "").okt();
        assert_eq!(landed.client().fragment().is_some(), in_fragment, "{mode}");
    }
    let page = ask(&alice, &client, "&response_mode=form_post.jwt").page();
    for plain in ["code", "state", "iss"] {
        assert!(values(&page.body, plain).is_empty(), "{plain}: {}", page.body);
    }
    let decoded = server().decode(&hidden(&page.body, "response").expect("a response"));
    check(&client, &decoded.claims);
    redeem(server(), &client, decoded.claims["code"].as_str().expect("a code"), "").okt();
}

#[test]
fn jrm_004_errors_are_signed_too() {
    let client = app(server(), json!({}));
    for more in ["&response_mode=jwt&prompt=none", "&response_mode=fragment.jwt&prompt=none"] {
        let decoded = server().decode(&response(&Person::alice(server()).go(&request(server(), &client, &format!("&state=s{more}")))));
        check(&client, &decoded.claims);
        assert_eq!(decoded.claims["error"], "login_required");
        assert!(!decoded.claims.contains_key("code"));
    }
}

#[test]
fn jrm_005_and_jrm_008_the_algorithm_is_the_registered_one() {
    server().command_json(&["key", "rotate", "--alg", "PS256", "--now"]);
    let alice = Person::alice(server());
    for alg in ["PS256", "ES256"] {
        let client = app(server(), json!({ "authorization_signed_response_alg": alg }));
        let decoded = server().decode(&response(&ask(&alice, &client, "&response_mode=jwt")));
        assert_eq!(decoded.header["alg"], alg);
        assert!(decoded.header["kid"].is_string());
    }
    let url = format!("{}/.well-known/openid-configuration", server().issuer());
    let metadata = claimsmith_tests::send(server().http.get(url)).json();
    let list = |name: &str| metadata[name].as_array().unwrap_or_else(|| panic!("no {name}")).clone();
    let algs = list("authorization_signing_alg_values_supported");
    assert!(algs.contains(&json!("PS256")) && algs.contains(&json!("ES256")) && !algs.contains(&json!("none")));
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        assert!(list("response_modes_supported").contains(&json!(mode)), "{mode}");
    }
    assert!(list("authorization_encryption_alg_values_supported").contains(&json!("ECDH-ES")));
    assert!(list("authorization_encryption_enc_values_supported").contains(&json!("A128CBC-HS256")));
    for alg in ["none", "HS256", "A256GCM"] {
        let metadata = json!({ "grant_types": ["client_credentials"], "authorization_signed_response_alg": alg });
        assert_eq!(server().admin_post("/clients", &metadata).status, 422, "{alg}");
    }
}

#[test]
fn jrm_006_who_registered_for_it_gets_encrypted_responses() {
    let alice = Person::alice(server());
    for (kind, alg, enc) in [
        (DecryptionKind::P256, "ECDH-ES", None),
        (DecryptionKind::P256, "ECDH-ES+A256KW", Some("A256GCM")),
        (DecryptionKind::Rsa(2_048), "RSA-OAEP-256", Some("A256CBC-HS512")),
    ] {
        let key = DecryptionKey::generate(kind).expect("a key");
        let mut metadata = json!({
            "jwks": { "keys": [key.public_jwk().expect("a JWK")] }, "authorization_encrypted_response_alg": alg,
        });
        if let Some(enc) = enc {
            metadata["authorization_encrypted_response_enc"] = json!(enc);
        }
        let client = app(server(), metadata);
        let text = response(&ask(&alice, &client, "&response_mode=jwt"));
        let jwe = Jwe::parse(&text).expect("a JWE");
        let header = jwe.header();
        assert_eq!((header.alg().as_str(), header.enc().as_str()), (alg, enc.unwrap_or("A128CBC-HS256")));
        assert_eq!((header.cty(), header.kid()), (Some("JWT"), Some(key.kid())));
        let opened = jwe.decrypt(&key).expect("it opens");
        let decoded = server().decode(std::str::from_utf8(opened.plaintext().expose()).expect("text"));
        check(&client, &decoded.claims);
        redeem(server(), &client, decoded.claims["code"].as_str().expect("a code"), "").okt();
    }
}

#[test]
fn jrm_006_no_key_and_no_secret_that_is_known_means_no_registration() {
    // A secret of which only a digest is kept encrypts nothing.
    for alg in ["dir", "A128KW", "A256KW"] {
        let metadata = json!({ "grant_types": ["client_credentials"], "authorization_encrypted_response_alg": alg });
        let reply = server().admin_post("/clients", &metadata);
        assert!(reply.status == 422 && reply.body.contains("authorization_encrypted_response_alg"), "{alg}: {reply:?}");
    }
    let signing = AssertionKey::generate(SigningAlg::Es256);
    let other = json!({
        "grant_types": ["client_credentials"], "jwks": signing.jwks(), "authorization_encrypted_response_alg": "RSA-OAEP-256",
    });
    let reply = server().admin_post("/clients", &other);
    assert!(reply.status == 422 && reply.body.contains("authorization_encrypted_response_alg"), "{reply:?}");
}
