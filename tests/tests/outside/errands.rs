//! REQ and SUB: what is fetched from clients, and encrypted objects, at a server that has these switched on.

use std::sync::LazyLock;

use claimsmith_jose::{ContentEnc, Digest, Encryption, JwkSet, KeyAlg, SigningAlg};
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Receiver, Registered, encode};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, app, error_at_client, redeem};
use super::dpop::{fresh, now};
use super::par::request_uri;

struct Rig {
    receiver: Receiver,
    dev: Dev,
}

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let receiver = Receiver::start(|path, _| match path {
        "/redirect" => Some("302 Found\r\nLocation: /elsewhere".to_owned()),
        "/hang" => None,
        _ => Some("404 Not Found".to_owned()),
    });
    let ca = receiver.ca_file();
    let environment = [
        ("CLAIMSMITH_FETCH__CA_FILE", ca.as_str()),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
        ("CLAIMSMITH_FETCH__TIMEOUT", "2 s"),
        ("CLAIMSMITH_AUTHORIZE__REQUEST_URIS", "true"),
        ("CLAIMSMITH_AUTHORIZE__ENCRYPTED_REQUESTS", "true"),
        ("CLAIMSMITH_GRANTS__ENABLED", "client_credentials,authorization_code,refresh_token,urn:ietf:params:oauth:grant-type:jwt-bearer"),
    ];
    let dev = Dev::start_with(&[], &environment);
    Rig { receiver, dev }
});

const OBJECT: &str = "application/oauth-authz-req+jwt";

/// A client whose objects stand at these paths.
fn client(key: &AssertionKey, paths: &[&str]) -> Registered {
    let uris: Vec<String> = paths.iter().map(|path| RIG.receiver.url(path)).collect();
    app(&RIG.dev, json!({ "jwks": key.jwks(), "request_uris": uris }))
}

fn object(key: &AssertionKey, client: &Registered, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": client.client_id, "client_id": client.client_id, "aud": RIG.dev.issuer(), "exp": now() + 60,
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "read", "state": "inner",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    });
    change(&mut claims);
    key.sign(&json!({ "alg": "ES256", "kid": key.kid(), "typ": "oauth-authz-req+jwt" }), &claims)
}

/// Goes to the authorization endpoint; the plain parameters say where an error may go.
fn go(client: &Registered, uri: &str) -> Landed {
    let (base, id, callback) = (RIG.dev.url("authorization_endpoint"), encode(&client.client_id), encode(CALLBACK));
    let plain = format!("response_type=code&redirect_uri={callback}&state=outer&scope=write");
    Person::alice(&RIG.dev).walk(&format!("{base}?client_id={id}&request_uri={}&{plain}", encode(uri)))
}

#[test]
fn req_013_an_object_is_fetched_from_where_its_client_registered_it() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = client(&key, &["/object"]);
    RIG.receiver.serve("/object", OBJECT, &object(&key, &client, |_| ()));
    let landed = go(&client, &RIG.receiver.url("/object"));
    assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
    let reply = redeem(&RIG.dev, &client, &landed.parameter("code").expect("a code"), "");
    reply.okt();
    assert_eq!(reply.json()["scope"], "read");
    // An object is judged like one that came by itself.
    RIG.receiver.serve("/object", OBJECT, &object(&key, &client, |claims| claims["aud"] = json!("https://other.example")));
    assert_eq!(error_at_client(&go(&client, &RIG.receiver.url("/object"))), "invalid_request_object");
    // What is not registered is not asked for, whoever asks.
    assert_eq!(error_at_client(&go(&client, &RIG.receiver.url("/other"))), "invalid_request_uri");
    assert!(RIG.receiver.received("/other").is_empty());
    let stranger = app(&RIG.dev, json!({}));
    let before = RIG.receiver.received("/object").len();
    assert_eq!(error_at_client(&go(&stranger, &RIG.receiver.url("/object"))), "invalid_request_uri");
    assert_eq!(RIG.receiver.received("/object").len(), before);
}

#[test]
fn req_013_a_fragment_is_the_digest_of_the_object() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = app(&RIG.dev, json!({ "jwks": key.jwks() }));
    let text = object(&key, &client, |_| ());
    let uri = format!("{}#{}", RIG.receiver.url("/digest"), Digest::of(text.as_bytes()).to_base64url());
    let path = format!("/clients/{}", client.client_id);
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    let body = json!({ "request_uris": [uri] }).to_string().into_bytes();
    let reply = RIG.dev.admin(reqwest::Method::PATCH, &path, &headers, body);
    assert_eq!(reply.status, 200, "{reply:?}");
    RIG.receiver.serve("/digest", OBJECT, &text);
    assert!(go(&client, &uri).parameter("code").is_some());
    RIG.receiver.serve("/digest", OBJECT, &object(&key, &client, |claims| claims["state"] = json!("changed")));
    assert_eq!(error_at_client(&go(&client, &uri)), "invalid_request_uri");
}

#[test]
fn req_014_what_cannot_be_fetched_with_care_is_not_fetched() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let paths = ["/redirect", "/hang", "/missing", "/page", "/long"];
    let client = client(&key, &paths);
    let good = object(&key, &client, |_| ());
    RIG.receiver.serve("/elsewhere", OBJECT, &good);
    RIG.receiver.serve("/page", "text/html", &good);
    RIG.receiver.serve("/long", OBJECT, &"x".repeat(300 << 10));
    for path in paths {
        assert_eq!(error_at_client(&go(&client, &RIG.receiver.url(path))), "invalid_request_uri", "{path}");
    }
    assert!(RIG.receiver.received("/elsewhere").is_empty());
    // Loopback is allowed here; the rest of what is special is not.
    for inner in ["https://169.254.169.254/latest", "https://[::1]/object", "https://10.0.0.1/object"] {
        let client = app(&RIG.dev, json!({ "jwks": key.jwks(), "request_uris": [inner] }));
        assert_eq!(error_at_client(&go(&client, inner)), "invalid_request_uri", "{inner}");
    }
}

#[test]
fn req_012_metadata_say_that_objects_are_fetched() {
    let metadata = RIG.dev.metadata();
    assert_eq!((&metadata["request_uri_parameter_supported"], &metadata["require_request_uri_registration"]), (&json!(true), &json!(true)));
}

#[test]
fn sub_003_and_sub_004_a_sector_lists_every_redirect_uri() {
    let uris = json!(["https://one.example/cb", "https://two.example/cb"]);
    let metadata = |path: &str| {
        json!({
            "grant_types": ["authorization_code"], "scope": "openid", "redirect_uris": uris, "subject_type": "pairwise",
            "sector_identifier_uri": RIG.receiver.url(path),
        })
    };
    RIG.receiver.serve("/sector", "application/json", r#"["https://two.example/cb","https://one.example/cb","https://three.example"]"#);
    let reply = RIG.dev.admin_post("/clients", &metadata("/sector"));
    assert_eq!(reply.status, 201, "{reply:?}");
    RIG.receiver.serve("/less", "application/json", r#"["https://one.example/cb"]"#);
    RIG.receiver.serve("/object-not-list", "application/json", "{}");
    RIG.receiver.serve("/html", "text/html", r#"["https://two.example/cb","https://one.example/cb"]"#);
    for path in ["/less", "/object-not-list", "/html", "/nothing"] {
        let reply = RIG.dev.admin_post("/clients", &metadata(path));
        assert!(reply.status == 422 && reply.body.contains("sector_identifier_uri"), "{path}: {reply:?}");
    }
    // A change of other things asks nobody; one of the redirect URIs does.
    let id = reply.json()["client_id"].as_str().expect("an id").to_owned();
    let asked = RIG.receiver.received("/sector").len();
    let patch = |body: Value| {
        let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
        RIG.dev.admin(reqwest::Method::PATCH, &format!("/clients/{id}"), &headers, body.to_string().into_bytes()).status
    };
    assert_eq!(patch(json!({ "client_name": "Sector" })), 200);
    assert_eq!(RIG.receiver.received("/sector").len(), asked);
    assert_eq!(patch(json!({ "redirect_uris": ["https://one.example/cb", "https://four.example/cb"] })), 422);
    assert_eq!(RIG.receiver.received("/sector").len(), asked + 1);
}

#[test]
fn req_015_an_object_may_be_encrypted_to_a_key_of_the_server() {
    let jwks = claimsmith_tests::send(RIG.dev.http.get(RIG.dev.url("jwks_uri")));
    let published = jwks.json()["keys"].as_array().expect("a list").clone();
    assert_eq!(published.iter().filter(|key| key["use"] == "enc").count(), 2, "{jwks:?}");
    assert!(published.iter().all(|key| key.get("d").is_none() && key.get("p").is_none()));
    let metadata = RIG.dev.metadata();
    let keys = JwkSet::parse(jwks.body.as_bytes()).expect("a set");
    let signing = AssertionKey::generate(SigningAlg::Es256);
    let client = app(
        &RIG.dev,
        json!({ "jwks": signing.jwks(), "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM" }),
    );
    let base = RIG.dev.url("authorization_endpoint");
    let id = encode(&client.client_id);
    for (alg, enc) in [(KeyAlg::RsaOaep256, ContentEnc::A128CbcHs256), (KeyAlg::EcdhEs, ContentEnc::A256Gcm)] {
        let listed = |name: &str, value: &str| metadata[name].as_array().is_some_and(|list| list.contains(&json!(value)));
        assert!(listed("request_object_encryption_alg_values_supported", alg.as_str()));
        assert!(listed("request_object_encryption_enc_values_supported", enc.as_str()));
        let wish = Encryption { alg, enc, cty: Some("JWT") };
        let key = keys.encryption_key(alg).expect("a key");
        let sealed = |text: &str| wish.to_key(key, text.as_bytes()).expect("encrypted");
        let text = sealed(&object(&signing, &client, |_| ()));
        let landed = Person::alice(&RIG.dev).walk(&format!("{base}?client_id={id}&request={text}"));
        assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
        redeem(&RIG.dev, &client, &landed.parameter("code").expect("a code"), "").okt();

        let push = |text: &str| {
            let form = format!("client_id={id}&request={text}");
            RIG.dev.post("pushed_authorization_request_endpoint", Some(&client.basic()), &form)
        };
        request_uri(&push(&sealed(&object(&signing, &client, |_| ()))));
        let stranger = AssertionKey::generate(SigningAlg::Es256);
        let (head, _) = text.rsplit_once('.').expect("a JWE");
        for bad in [sealed(&object(&stranger, &client, |_| ())), sealed("{}"), format!("{head}.AAAAAAAAAAAAAAAAAAAAAA")] {
            push(&bad).err("invalid_request_object");
        }
    }
    // A resource server finds the keys that sign as before.
    let reply = RIG.dev.token(&RIG.dev.register_basic("read"), "");
    RIG.dev.decode(&reply.okt());
}

#[test]
fn the_keys_of_an_issuer_that_is_trusted_are_fetched_and_new_ones_are_found() {
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let client = app(&RIG.dev, json!({ "grant_types": [grant], "redirect_uris": [], "scope": "read", "default_scope": "read" }));
    let (old, new) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    RIG.receiver.serve("/issuer-keys", "application/jwk-set+json", &old.jwks().to_string());
    let trust = |name: &str, uri: &str| {
        let trusted = json!({ "issuer": name, "jwks_uri": uri, "algorithms": ["ES256"], "purposes": ["jwt_bearer"], "clients": [client.client_id],
            "scopes": ["read"], "subjects": "username", "username_claim": "preferred_username" });
        RIG.dev.admin_post("/trusted-issuers", &trusted)
    };
    assert_eq!(trust("https://fetched.example", &RIG.receiver.url("/issuer-keys")).status, 201);
    let bring = |issuer: &str, key: &AssertionKey| {
        let claims = json!({ "iss": issuer, "sub": "7", "preferred_username": "alice", "aud": RIG.dev.issuer(), "iat": now(), "exp": now() + 60, "jti": fresh() });
        let assertion = key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims);
        RIG.dev.post("token_endpoint", Some(&client.basic()), &format!("grant_type={}&assertion={assertion}", encode(grant)))
    };
    bring("https://fetched.example", &old).okt();
    bring("https://fetched.example", &new).err("invalid_grant");
    // They have changed keys: whoever signs with one that nobody has seen has them fetched again, but not at will.
    RIG.receiver.serve("/issuer-keys", "application/jwk-set+json", &new.jwks().to_string());
    claimsmith_tests::wait_for("the new key", || bring("https://fetched.example", &new).status == 200);
    bring("https://fetched.example", &old).err("invalid_grant");
    // Where they cannot be had nobody is believed; and never over plain HTTP.
    assert_eq!(trust("https://silent.example", &RIG.receiver.url("/nothing-here")).status, 201);
    bring("https://silent.example", &old).err("invalid_grant");
    assert_eq!(trust("https://plain.example", "http://127.0.0.1/keys").status, 422);
}
