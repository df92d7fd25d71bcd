use claimsmith_issuer::client::{AssertionAudience, Authentication};
use claimsmith_jose::{MacAlg, SigningAlg, SigningKey};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::ClientRecord;
use serde_json::{Value, json};

use super::authentication::{Offer, SecretWish};
use super::metadata::{Registration, Rules, read, render};
use crate::admin::fields::Fields;
use crate::admin::problem::Problem;
use crate::admin::schemas::properties;

fn rules() -> Rules {
    Rules {
        offer: Offer {
            methods: AuthMethod::ALL.to_vec(),
            default_method: AuthMethod::ClientSecretBasic,
            signing_algs: SigningAlg::ALL.to_vec(),
            mac_algs: MacAlg::ALL.to_vec(),
        },
        grants: vec![GrantType::ClientCredentials],
        algs: vec![SigningAlg::Es256],
        resources: vec!["https://api.example".into()],
        lifetime_ceiling: 86_400,
        response_types: vec![ResponseType::Code],
        encrypted_objects: false,
        detail_types: claimsmith_issuer::detail_types::DetailTypes::default(),
    }
}

fn register(body: &Value) -> Result<Registration, Problem> {
    let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
    let id = ClientId::parse("fresh").unwrap();
    let read = read(&mut fields, &rules(), None, &id);
    fields.take("bindings");
    fields.finish(read)
}

fn record(body: &Value) -> ClientRecord {
    let at = Timestamp::from_seconds(1_000);
    ClientRecord { client: register(body).unwrap().client, version: 3, created_at: at, updated_at: at }
}

fn update(held: &ClientRecord, body: &Value) -> Result<Registration, Problem> {
    let document = Value::Object(render(held, &[]));
    let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
    let read = read(&mut fields, &rules(), Some((&held.client, &document)), &held.client.id);
    fields.finish(read)
}

fn field_names(problem: &Problem) -> Vec<&str> {
    problem.errors.iter().map(|error| error.field.as_str()).collect()
}

fn jwks(alg: SigningAlg) -> Value {
    let key = SigningKey::generate(alg, 2048).unwrap();
    json!({ "keys": [key.verifying_key().public_jwk()] })
}

#[test]
fn the_least_registration_gets_defaults() {
    let Registration { client, secret, .. } = register(&json!({})).unwrap();
    assert_eq!(client.id.as_str(), "fresh");
    assert!(client.enabled && client.scopes.is_empty() && client.tags.is_empty());
    assert_eq!(client.authentication.method(), AuthMethod::ClientSecretBasic);
    assert_eq!(client.grants, [GrantType::ClientCredentials]);
    assert!(matches!(secret, SecretWish::Generate));
}

#[test]
fn a_full_registration_survives_the_way_there_and_back() {
    let body = json!({
        "client_id": "billing", "client_name": "Billing", "enabled": false, "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256", "assertion_audience": "legacy", "jwks_uri": "https://billing.example/keys",
        "grant_types": ["client_credentials"], "scope": "read write", "default_scope": "read", "resources": ["https://api.example"],
        "tags": ["gold", "eu:west"], "metadata": { "tier": 1 }, "lifetimes": { "access_token": 60, "refresh_token": 3600 },
        "redirect_uris": ["https://billing.example/cb"], "default_max_age": 60, "subject_type": "pairwise",
        "access_token_format": "opaque", "access_token_signed_response_alg": "ES256",
    });
    let held = record(&body);
    let document = render(&held, &[]);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(document.get(name), Some(value), "{name}");
    }
    let known = properties("Client");
    assert!(document.keys().all(|name| known.contains(name)), "{document:?}");
    let again = update(&held, &Value::Object(document.clone())).unwrap();
    assert!(matches!(again.secret, SecretWish::Keep));
    assert_eq!(render(&ClientRecord { client: again.client, ..held }, &[]), document);
}

#[test]
fn what_is_wrong_is_named() {
    let table = [
        (json!({ "client_id": "" }), "client_id"),
        (json!({ "client_id": "ä" }), "client_id"),
        (json!({ "client_id": "x".repeat(257) }), "client_id"),
        (json!({ "client_id": "https://me.example/client" }), "client_id"),
        (json!({ "client_id": "usr_BwcHBwcHBwcHBwcHBwcHBw" }), "client_id"),
        (json!({ "client_id": 7 }), "client_id"),
        (json!({ "client_name": "a\nb" }), "client_name"),
        (json!({ "enabled": "yes" }), "enabled"),
        (json!({ "token_endpoint_auth_method": "client_secret_basics" }), "token_endpoint_auth_method"),
        (json!({ "token_endpoint_auth_method": "tls_client_certificate" }), "token_endpoint_auth_method"),
        (json!({ "token_endpoint_auth_signing_alg": "ES256" }), "token_endpoint_auth_signing_alg"),
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "ES256" }),
            "token_endpoint_auth_signing_alg",
        ),
        (json!({ "assertion_audience": "legacy" }), "assertion_audience"),
        (json!({ "grant_types": ["authorization_code"] }), "grant_types.0"),
        (json!({ "grant_types": "client_credentials" }), "grant_types"),
        (json!({ "scope": ["read"] }), "scope"),
        (json!({ "scope": "a  b" }), "scope"),
        (json!({ "scope": "a", "default_scope": "b" }), "default_scope"),
        (json!({ "resources": ["https://other.example"] }), "resources.0"),
        (json!({ "resources": ["x"] }), "resources.0"),
        (json!({ "tags": ["a b"] }), "tags.0"),
        (json!({ "tags": ["a", "a"] }), "tags.1"),
        (json!({ "metadata": [] }), "metadata"),
        (json!({ "metadata": { "x": "x".repeat(20_000) } }), "metadata"),
        (json!({ "lifetimes": { "access_token": 0 } }), "lifetimes.access_token"),
        (json!({ "lifetimes": { "access_token": 86_401 } }), "lifetimes.access_token"),
        (json!({ "lifetimes": { "refresh_token": 0 } }), "lifetimes.refresh_token"),
        (json!({ "access_token_format": "saml" }), "access_token_format"),
        (json!({ "access_token_signed_response_alg": "none" }), "access_token_signed_response_alg"),
        (json!({ "access_token_signed_response_alg": "ES512" }), "access_token_signed_response_alg"),
        (json!({ "client_secret": "short" }), "client_secret"),
        (json!({ "client_secret": "long enough but \u{7}" }), "client_secret"),
        (json!({ "client_secret_expires_at": -1 }), "client_secret_expires_at"),
        (json!({ "lifetimes": { "device_code": 1 } }), "lifetimes.device_code"),
        (json!({ "redirect_uris": "https://a.example" }), "redirect_uris"),
        (json!({ "redirect_uris": ["https://a.example", "javascript:alert(1)"] }), "redirect_uris.1"),
        (json!({ "redirect_uris": ["https://a.example"], "response_types": ["code"] }), "response_types.0"),
        (json!({ "response_types": ["device"] }), "response_types.0"),
        (json!({ "logo_uri": "http://a.example/logo.png" }), "logo_uri"),
        (json!({ "subject_type": "secret" }), "subject_type"),
        (json!({ "client_nam": "x" }), "client_nam"),
    ];
    for (body, field) in table {
        let problem = register(&body).map(drop).unwrap_err();
        assert_eq!(field_names(&problem), [field], "{body}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_the_nearest_name_is_told() {
    let problem = register(&json!({ "scope": 1, "tags": 1, "grant_type": ["client_credentials"] })).map(drop).unwrap_err();
    assert_eq!(field_names(&problem), ["scope", "tags", "grant_type"]);
    assert!(problem.errors[2].detail.contains("did you mean `grant_types`"), "{}", problem.detail);
}

#[test]
fn caj_022_keys_are_either_inline_or_fetched_and_never_private() {
    let with = |members: Value| {
        let mut body = json!({ "token_endpoint_auth_method": "private_key_jwt" });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        register(&body).map(drop)
    };
    assert!(with(json!({ "jwks": jwks(SigningAlg::Es256) })).is_ok());
    assert!(with(json!({ "jwks_uri": "https://c.example/jwks" })).is_ok());
    let mut private = jwks(SigningAlg::Es256);
    private["keys"][0]["d"] = json!("AAAA");
    for bad in [
        json!({}),
        json!({ "jwks": jwks(SigningAlg::Es256), "jwks_uri": "https://c.example/jwks" }),
        json!({ "jwks": private }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } }),
        json!({ "jwks": { "keys": [] } }),
        json!({ "jwks": "https://c.example/jwks" }),
        json!({ "jwks_uri": "http://c.example/jwks" }),
        json!({ "jwks_uri": "https://user@c.example/jwks" }),
        json!({ "jwks_uri": "https://c.example/jwks#x" }),
        json!({ "jwks_uri": "ftp://c.example" }),
        json!({ "jwks": jwks(SigningAlg::Es256), "client_secret": "a secret of some length" }),
    ] {
        assert!(with(bad.clone()).is_err(), "{bad}");
    }
    let keyed = register(&json!({ "jwks": jwks(SigningAlg::Es256) })).expect("keys for encryption and request objects");
    assert!(keyed.client.registration.jwks.is_some() && keyed.client.authentication.method() == AuthMethod::ClientSecretBasic);
}

#[test]
fn caj_024_weak_keys_are_refused() {
    let rsa = openssl::rsa::Rsa::generate(1024).unwrap();
    let encode = claimsmith_jose::base64url::encode;
    let jwk = json!({ "kty": "RSA", "n": encode(rsa.n().to_vec()), "e": encode(rsa.e().to_vec()) });
    let problem = register(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [jwk] } })).map(drop).unwrap_err();
    assert_eq!(field_names(&problem), ["jwks"]);
    assert!(problem.detail.contains("2048"), "{}", problem.detail);
}

#[test]
fn clc_001_public_clients_cannot_use_client_credentials() {
    let public = register(&json!({ "token_endpoint_auth_method": "none" })).unwrap();
    assert!(public.client.grants.is_empty() && matches!(public.secret, SecretWish::Keep));
    let problem = register(&json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] })).map(drop).unwrap_err();
    assert_eq!(field_names(&problem), ["grant_types"]);
    assert!(register(&json!({ "token_endpoint_auth_method": "none", "client_secret": "a secret of some length" })).is_err());
}

#[test]
fn imported_mac_keys_are_as_long_as_the_hash() {
    let import = |alg: Option<&str>, length: usize| {
        let body = json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": alg, "client_secret": "x".repeat(length) });
        register(&body).is_ok()
    };
    assert!(import(None, 32) && !import(None, 31));
    assert!(import(Some("HS512"), 64) && !import(Some("HS512"), 63));
}

#[test]
fn the_server_s_members_cannot_be_changed() {
    let held = record(&json!({ "client_id": "a", "client_secret_expires_at": 5_000 }));
    for (body, field) in [
        (json!({ "client_id": "b" }), "client_id"),
        (json!({ "created_at": 1 }), "created_at"),
        (json!({ "version": 4 }), "version"),
        (json!({ "client_secret": "a secret of some length" }), "client_secret"),
        (json!({ "client_secret_expires_at": 9 }), "client_secret_expires_at"),
    ] {
        assert_eq!(field_names(&update(&held, &body).map(drop).unwrap_err()), [field], "{body}");
    }
    assert!(update(&held, &json!({ "client_id": "a", "version": 3, "created_at": 1_000 })).is_ok());
}

#[test]
fn a_method_that_needs_what_the_client_lacks_makes_a_new_secret() {
    let keyed = record(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c.example/jwks" }));
    let update = |method: &str| update(&keyed, &json!({ "token_endpoint_auth_method": method })).unwrap();
    assert!(matches!(update("client_secret_post").secret, SecretWish::Generate));
    let jwt = update("client_secret_jwt");
    assert!(matches!(jwt.secret, SecretWish::Generate));
    assert!(matches!(jwt.client.authentication, Authentication::SecretJwt { audience: AssertionAudience::Strict, .. }));
}

#[test]
fn a_patch_drops_what_it_makes_senseless() {
    let document = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c.example", "assertion_audience": "strict",
        "scope": "a b", "default_scope": "a b" });
    let base = |patch: &str| super::base_of_patch(&document, patch.as_bytes());
    let kept = json!({ "token_endpoint_auth_method": "private_key_jwt", "scope": "a b", "default_scope": "a b" });
    assert_eq!(base(r#"{"token_endpoint_auth_method":"client_secret_post"}"#), kept);
    assert_eq!(base(r#"{"token_endpoint_auth_method":"private_key_jwt"}"#), document);
    assert_eq!(base(r#"{"scope":"a b"}"#), document);
    assert!(base(r#"{"scope":"a"}"#).get("default_scope").is_none());
    let narrowed = json!({ "scope": "a b", "default_scope": "a" });
    assert_eq!(super::base_of_patch(&narrowed, br#"{"scope":"b"}"#), narrowed);
}
