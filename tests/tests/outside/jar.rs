//! REQ and JRM: signed requests, and responses that are signed and encrypted.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Person, Registered, encode};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, app, error_at_client};
use super::dpop::now;
use super::par::{parameters, push, request_uri, url};
use crate::server;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client with a key, and the good claims of its request.
fn signer(alg: SigningAlg, more: Value) -> (AssertionKey, Registered, Value) {
    let key = AssertionKey::generate(alg);
    let mut metadata = json!({ "jwks": key.jwks() });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let client = app(server(), metadata);
    let claims = json!({
        "iss": client.client_id, "client_id": client.client_id, "aud": server().issuer(), "exp": now() + 60, "nbf": now(),
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "read", "state": "inner",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    (key, client, claims)
}

fn signed(key: &AssertionKey, claims: &Value) -> String {
    key.sign(&json!({ "alg": key.jwks()["keys"][0]["alg"], "kid": key.kid(), "typ": "oauth-authz-req+jwt" }), claims)
}

fn by_value(client: &Registered, object: &str, more: &str) -> String {
    let base = server().url("authorization_endpoint");
    format!("{base}?client_id={}&request={}{more}", encode(&client.client_id), encode(object))
}

#[test]
fn req_001_and_req_002_only_what_is_inside_counts() {
    for alg in [SigningAlg::Es256, SigningAlg::Ps256] {
        let (key, client, claims) = signer(alg, json!({}));
        let url = by_value(&client, &signed(&key, &claims), "&state=outer&scope=write&nonce=outer");
        let landed = Person::alice(server()).walk(&url);
        assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
        assert!(landed.parameter("code").is_some());
    }
}

#[test]
fn req_011_what_is_wrong_goes_where_the_plain_parameters_say_or_is_shown() {
    let (key, client, mut claims) = signer(SigningAlg::Es256, json!({}));
    claims["aud"] = json!("https://other.example");
    let object = signed(&key, &claims);
    let trusted = by_value(&client, &object, &format!("&response_type=code&redirect_uri={}", encode(CALLBACK)));
    assert_eq!(error_at_client(&Person::alice(server()).go(&trusted)), "invalid_request_object");
    let form = format!("client_id={}&request={}", encode(&client.client_id), encode(&object));
    push(&client, &form).err("invalid_request_object");
}

#[test]
fn req_016_a_client_can_be_held_to_signing() {
    let (key, client, claims) = signer(SigningAlg::Es256, json!({ "require_signed_request_object": true }));
    push(&client, &parameters(&client, "")).err("invalid_request");
    assert!(Person::alice(server()).walk(&by_value(&client, &signed(&key, &claims), "")).parameter("code").is_some());
}

#[test]
fn req_018_and_par_006_a_pushed_object_counts_once_and_alone() {
    let (key, client, mut claims) = signer(SigningAlg::Es256, json!({}));
    claims["jti"] = json!("once");
    let form = format!("client_id={}&request={}&state=outer", encode(&client.client_id), encode(&signed(&key, &claims)));
    let uri = request_uri(&push(&client, &form));
    push(&client, &form).err("invalid_request_object");
    let landed = Person::alice(server()).walk(&url(&client, &uri, ""));
    assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
}

#[test]
fn req_012_and_req_022_metadata_says_what_is_taken() {
    let metadata = server().metadata();
    assert_eq!((&metadata["request_parameter_supported"], &metadata["request_uri_parameter_supported"]), (&json!(true), &json!(false)));
    let algs = metadata["request_object_signing_alg_values_supported"].as_array().expect("a list");
    assert!(algs.contains(&json!("ES256")) && !algs.contains(&json!("none")));
    let (_, client, _) = signer(SigningAlg::Es256, json!({}));
    let more = format!("&response_type=code&redirect_uri={}", encode(CALLBACK));
    let landed = Person::alice(server()).go(&url(&client, "https://app.example/request", &more));
    assert_eq!(error_at_client(&landed), "request_uri_not_supported");
}

#[test]
fn req_019_a_redirect_uri_outside_does_not_count() {
    let (key, client, mut claims) = signer(SigningAlg::Es256, json!({ "redirect_uris": [CALLBACK, "https://app.example/other"] }));
    claims.as_object_mut().expect("an object").remove("redirect_uri");
    let object = signed(&key, &claims);
    let outside = format!("&redirect_uri={}", encode(CALLBACK));
    let page = Person::alice(server()).go(&by_value(&client, &object, &outside)).page();
    assert!(page.status == 400 && page.body.contains("redirect_uri"), "{page:?}");
    push(&client, &format!("client_id={}&request={object}{outside}", encode(&client.client_id))).err("invalid_request");
}

#[test]
fn req_021_an_object_is_no_assertion() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = server().register(&json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(), "scope": "read",
    }));
    let mut claims = claimsmith_tests::claims(&client.client_id, server().issuer(), "an object");
    claims["client_id"] = json!(client.client_id);
    let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let send =
        |object: &str| server().post("token_endpoint", None, &format!("grant_type=client_credentials&{kind}&client_assertion={object}"));
    // Even with everything that an assertion has, its type tells; and without its type, that it is about nobody.
    send(&signed(&key, &claims)).err_with("invalid_client", 401);
    claims.as_object_mut().expect("an object").remove("sub");
    send(&key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims)).err_with("invalid_client", 401);
}
