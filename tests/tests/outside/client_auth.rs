//! CAU and CAJ: every way in, and that there is no other.

use claimsmith_jose::SigningAlg;
use reqwest::Method;
use serde_json::{Value, json};

use claimsmith_tests::{AssertionKey, Registered, Reply, basic, claims, encode};

use crate::server;

const TYPE: &str = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

fn register(method: &str, change: Value) -> Registered {
    let mut metadata = json!({ "token_endpoint_auth_method": method, "grant_types": ["client_credentials"], "scope": "read" });
    for (member, value) in change.as_object().expect("an object") {
        metadata[member] = value.clone();
    }
    server().register(&metadata)
}

pub(super) fn with_key(key: &AssertionKey, change: Value) -> Registered {
    let mut metadata = json!({ "jwks": key.jwks() });
    for (member, value) in change.as_object().expect("an object") {
        metadata[member] = value.clone();
    }
    register("private_key_jwt", metadata)
}

pub(super) fn assert_with(assertion: &str) -> Reply {
    server().post("token_endpoint", None, &format!("grant_type=client_credentials&{TYPE}&client_assertion={assertion}"))
}

#[test]
fn cau_001_basic_is_form_urlencoded_inside() {
    let secret = "p+ä:%/= and some more to be long";
    let client = register("client_secret_basic", json!({ "client_id": "a b:c%", "client_secret": secret }));
    assert_eq!(client.client_id, "a b:c%");
    server().post("token_endpoint", Some(&basic("a b:c%", secret)), "grant_type=client_credentials").okt();
}

#[test]
fn cau_003_cau_004_and_clc_007_each_method_works_for_its_clients_only() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let clients = [
        register("client_secret_basic", json!({})),
        register("client_secret_post", json!({})),
        with_key(&key, json!({})),
        register("none", json!({ "grant_types": [] })),
    ];
    let issuer = server().issuer();
    for (place, client) in clients.iter().enumerate() {
        let secret = client.client_secret.clone().unwrap_or_else(|| "x".repeat(43));
        let id = encode(&client.client_id);
        let assertion = key.assertion(&client.client_id, issuer, &format!("matrix-{place}"));
        let form = "grant_type=client_credentials";
        let offers = [
            server().post("token_endpoint", Some(&basic(&client.client_id, &secret)), form),
            server().post("token_endpoint", None, &format!("{form}&client_id={id}&client_secret={}", encode(&secret))),
            assert_with(&assertion),
            server().post("token_endpoint", None, &format!("{form}&client_id={id}")),
        ];
        for (offer, reply) in offers.iter().enumerate() {
            match (offer == place, place) {
                (true, 3) => reply.err("unauthorized_client"),
                (true, _) => drop(reply.okt()),
                (false, _) => reply.err_with("invalid_client", 401),
            }
        }
    }
}

#[test]
fn cau_007_the_same_rules_hold_at_introspection_and_revocation() {
    let client = server().register_basic("read");
    for endpoint in ["introspection_endpoint", "revocation_endpoint"] {
        server().post(endpoint, None, "token=x").err_with("invalid_client", 401);
        server().post(endpoint, Some(&basic(&client.client_id, "wrong")), "token=x").err_with("invalid_client", 401);
        let twice = format!("token=x&client_secret={}", client.client_secret.as_deref().unwrap_or_default());
        server().post(endpoint, Some(&client.basic()), &twice).err("invalid_request");
        assert_eq!(server().post(endpoint, Some(&client.basic()), "token=x").status, 200);
    }
}

#[test]
fn cau_010_two_secrets_are_good_while_one_replaces_the_other() {
    let client = server().register_basic("read");
    let path = format!("/clients/{}/secrets", client.client_id);
    let reply = server().admin_post(&path, &json!({ "keep_old_for": 60 }));
    assert_eq!(reply.status, 201, "{}", reply.body);
    let newer = reply.json()["client_secret"].as_str().expect("a secret").to_owned();
    let newer = Registered { client_secret: Some(newer), ..client.clone() };
    claimsmith_tests::wait_for("the new secret", || server().token(&newer, "").status == 200);
    server().token(&client, "").okt();
    let reply = server().admin_post(&path, &json!({ "keep_old_for": 0 }));
    assert_eq!(reply.status, 201, "{}", reply.body);
    claimsmith_tests::wait_for("the old secrets to end", || server().token(&newer, "").status == 401);
    server().token(&client, "").err_with("invalid_client", 401);
}

#[test]
fn cau_012_generated_secrets_are_long() {
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        let secret = register(method, json!({})).client_secret.expect("a secret");
        assert!(secret.len() >= if method == "client_secret_jwt" { 64 } else { 43 }, "{method}: {}", secret.len());
    }
}

#[test]
fn caj_005_and_006_the_audience_is_the_issuer_unless_legacy() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let strict = with_key(&key, json!({}));
    let legacy = with_key(&key, json!({ "assertion_audience": "legacy" }));
    let (issuer, endpoint) = (server().issuer(), server().url("token_endpoint"));
    let shapes = [
        (json!(issuer), true, true),
        (json!([issuer]), false, true),
        (json!(endpoint), false, true),
        (json!(format!("{issuer}/")), false, false),
        (json!("https://elsewhere.example"), false, false),
    ];
    for (place, (aud, is_strict, is_legacy)) in shapes.iter().enumerate() {
        for (client, good) in [(&strict, is_strict), (&legacy, is_legacy)] {
            let mut claims = claims(&client.client_id, issuer, &format!("aud-{place}-{}", client.client_id));
            claims["aud"] = aud.clone();
            let reply = assert_with(&key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims));
            assert_eq!(reply.status == 200, *good, "{aud}: {}", reply.body);
        }
    }
}

#[test]
fn caj_008_and_009_an_assertion_counts_once_per_client() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let (one, two) = (with_key(&key, json!({})), with_key(&key, json!({})));
    let issuer = server().issuer();
    let assertion = key.assertion(&one.client_id, issuer, "same");
    let winners: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20).map(|_| scope.spawn(|| usize::from(assert_with(&assertion).status == 200))).collect();
        tries.into_iter().map(|attempt| attempt.join().expect("no panic")).sum()
    });
    assert_eq!(winners, 1);
    assert_with(&assertion).err_with("invalid_client", 401);
    assert_with(&key.assertion(&two.client_id, issuer, "same")).okt();
}

#[test]
fn caj_010_and_013_only_the_clients_own_key_and_algorithm() {
    let (key, other) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let client = with_key(&key, json!({ "token_endpoint_auth_signing_alg": "ES256" }));
    let issuer = server().issuer();
    assert_with(&other.assertion(&client.client_id, issuer, "a")).err_with("invalid_client", 401);
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", "e30");
    assert_with(&unsigned).err_with("invalid_client", 401);
    assert_with(&key.assertion(&client.client_id, issuer, "b")).okt();
}

#[test]
fn caj_022_private_keys_are_not_registered() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let mut jwks = key.jwks();
    jwks["keys"][0]["d"] = json!("AAAA");
    let base = json!({ "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"] });
    let attempt = |change: Value| {
        let mut metadata = base.clone();
        metadata.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        server().admin_post("/clients", &metadata).status
    };
    assert_eq!(attempt(json!({ "jwks": jwks })), 422);
    assert_eq!(attempt(json!({})), 422, "neither jwks nor jwks_uri");
    assert_eq!(attempt(json!({ "jwks": key.jwks(), "jwks_uri": "https://rp.example/jwks" })), 422, "both");
    assert_eq!(attempt(json!({ "jwks_uri": "http://rp.example/jwks" })), 422, "no https");
}

#[test]
fn caj_023_algorithms() {
    for alg in [SigningAlg::Es256, SigningAlg::Es384, SigningAlg::Ps256, SigningAlg::Rs256, SigningAlg::EdDsa] {
        let key = AssertionKey::generate(alg);
        let client = with_key(&key, json!({}));
        assert_with(&key.assertion(&client.client_id, server().issuer(), "alg")).okt();
    }
}

#[test]
fn cau_008_no_secret_is_in_the_database() {
    let client = server().register_basic("read");
    let jwt = register("client_secret_jwt", json!({}));
    server().token(&client, "").okt();
    let url = server().info["database_url"].as_str().expect("a URL").to_owned();
    let dump = std::process::Command::new("pg_dump").arg("--data-only").arg("--inserts").arg(&url).output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let text = String::from_utf8_lossy(&dump.stdout);
    assert!(text.contains(&client.client_id), "the dump has the client");
    for secret in [client.client_secret, jwt.client_secret].into_iter().flatten() {
        assert!(!text.contains(&secret));
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hex), "nor in hexadecimal");
    }
}

#[test]
fn a_secret_from_elsewhere_works_and_ends() {
    let client = register("client_secret_post", json!({ "client_secret": "a secret that somebody else chose" }));
    let form = |secret: &str| format!("grant_type=client_credentials&client_id={}&client_secret={}", client.client_id, encode(secret));
    server().post("token_endpoint", None, &form("a secret that somebody else chose")).okt();
    server().post("token_endpoint", None, &form("wrong")).err_with("invalid_client", 401);
    let reply = server().admin(Method::DELETE, &format!("/clients/{}", client.client_id), &[("if-match", "*")], Vec::new());
    assert_eq!(reply.status, 204, "{}", reply.body);
    claimsmith_tests::wait_for("the client to be gone", || {
        server().post("token_endpoint", None, &form("a secret that somebody else chose")).status == 401
    });
}

#[test]
fn o21_003_the_profile_takes_secrets_in_the_body() {
    let profile = json!({ "profile": "oauth2_1", "redirect_uris": ["https://app.example/cb"] });
    let client = register("client_secret_post", profile);
    let secret = client.client_secret.as_deref().expect("a secret");
    let form =
        |secret: &str| format!("grant_type=client_credentials&client_id={}&client_secret={}", encode(&client.client_id), encode(secret));
    server().post("token_endpoint", None, &form(secret)).okt();
    server().post("token_endpoint", None, &form("wrong")).err_with("invalid_client", 401);
}
