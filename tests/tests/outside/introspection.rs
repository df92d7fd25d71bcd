//! INT: who learns what of a token.

use claimsmith_jose::{DecryptionKey, DecryptionKind, Jwe};
use serde_json::json;

use claimsmith_tests::{Person, Registered, send};

use super::code_flow::{app, code, redeem, refresh_token, userinfo};
use crate::server;

const INACTIVE: &str = "{\"active\":false}";

fn ask(caller: &Registered, form: &str) -> claimsmith_tests::Reply {
    server().post("introspection_endpoint", Some(&caller.basic()), form)
}

/// A resource server, the resource it answers for, and a client with a token for it.
fn scene(name: &str) -> (Registered, Registered, String) {
    let server_client = server().register_basic("x");
    let identifier = format!("https://{name}.example");
    let resource = json!({ "identifier": identifier, "scopes": [format!("{name}:use")], "introspectors": [server_client.client_id] });
    assert_eq!(server().admin_post("/resources", &resource).status, 201);
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": format!("{name}:use"), "resources": [identifier] });
    let client = server().register(&metadata);
    let token = server().token(&client, &format!("scope={name}:use")).okt();
    (server_client, client, token)
}

#[test]
fn int_001_the_caller_must_authenticate() {
    let (_, _, token) = scene("int-auth");
    server().post("introspection_endpoint", None, &format!("token={token}")).err_with("invalid_client", 401);
    let public = server().register(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    let form = format!("token={token}&client_id={}", public.client_id);
    server().post("introspection_endpoint", None, &form).err_with("invalid_client", 401);
}

#[test]
fn int_002_a_missing_token_is_invalid_request() {
    ask(&server().register_basic("x"), "token_type_hint=access_token").err("invalid_request");
}

#[test]
fn int_003_and_010_an_active_token_says_what_it_is() {
    let (caller, client, token) = scene("int-active");
    let reply = ask(&caller, &format!("token={token}"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.header("access-control-allow-origin").is_empty());
    let json = reply.json();
    assert_eq!((&json["active"], &json["client_id"], &json["token_type"]), (&json!(true), &json!(client.client_id), &json!("Bearer")));
    let claims = server().decode(&token).claims;
    for member in ["scope", "exp", "iat", "sub", "aud", "iss", "jti"] {
        assert_eq!(json[member], claims[member], "{member}");
    }
    assert!(json["exp"].is_i64() && json["iat"].is_i64());
}

#[test]
fn int_004_006_009_whatever_is_wrong_looks_the_same() {
    let (caller, client, token) = scene("int-same");
    let (other_caller, _, _) = scene("int-other");
    let revoked = server().token(&client, "scope=int-same:use").okt();
    assert_eq!(server().post("revocation_endpoint", Some(&client.basic()), &format!("token={revoked}")).status, 200);
    let mut tampered = token.clone();
    tampered.truncate(token.len() - 4);
    let causes = [
        (&caller, "unknown".to_owned()),
        (&caller, revoked),
        (&caller, tampered),
        (&caller, "a.b.c".to_owned()),
        (&other_caller, token.clone()),
    ];
    for (caller, token) in causes {
        let reply = ask(caller, &format!("token={token}"));
        assert_eq!((reply.status, reply.body.as_str()), (200, INACTIVE), "{token}");
    }
    assert_eq!(ask(&caller, &format!("token={token}")).json()["active"], true, "and the token itself is fine");
}

#[test]
fn int_005_the_hint_is_only_a_hint() {
    let (caller, _, token) = scene("int-hint");
    for hint in ["refresh_token", "access_token", "nonsense"] {
        assert_eq!(ask(&caller, &format!("token={token}&token_type_hint={hint}")).json()["active"], true);
    }
}

#[test]
fn int_013_and_jat_010_revocation_counts_at_once() {
    let (caller, client, token) = scene("int-revoked");
    assert_eq!(ask(&caller, &format!("token={token}")).json()["active"], true);
    assert_eq!(server().post("revocation_endpoint", Some(&client.basic()), &format!("token={token}")).status, 200);
    assert_eq!(ask(&caller, &format!("token={token}")).body, INACTIVE);
}

#[test]
fn int_011_and_sec_008_who_guesses_waits_and_an_honest_caller_does_not() {
    let environment = [
        ("CLAIMSMITH_INTROSPECTION__UNKNOWN_CALLER_BURST", "5"),
        ("CLAIMSMITH_INTROSPECTION__UNKNOWN_CALLER_EVERY", "10 min"),
        ("CLAIMSMITH_INTROSPECTION__UNKNOWN_ADDRESS_BURST", "8"),
        ("CLAIMSMITH_INTROSPECTION__UNKNOWN_ADDRESS_EVERY", "10 min"),
    ];
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &environment);
    let ask = |caller: &Registered, token: &str| dev.post("introspection_endpoint", Some(&caller.basic()), &format!("token={token}"));
    let opaque = dev.register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "access_token_format": "opaque" }));
    let (plain, third) = (dev.register_basic("read"), dev.register_basic("read"));
    let (held, unheard, foreign) = (dev.token(&opaque, "").okt(), dev.token(&opaque, "").okt(), dev.token(&plain, "").okt());
    let ended = dev.token(&opaque, "").okt();
    assert_eq!(dev.post("revocation_endpoint", Some(&opaque.basic()), &format!("token={ended}")).status, 200);

    // Tokens that are good, revoked or somebody else's are no guesses, however many.
    for _ in 0..20 {
        assert_eq!(ask(&opaque, &held).json()["active"], true);
        for token in [&ended, &foreign] {
            assert_eq!(ask(&opaque, token).body, INACTIVE);
        }
    }
    // As many guesses as are let pass, then none: not even a right one.
    for guess in 0..5 {
        assert_eq!(ask(&opaque, &format!("guess-{guess}")).body, INACTIVE);
    }
    for token in ["guess-5", &unheard, "a.b.c"] {
        let refused = ask(&opaque, token);
        refused.err_with("too_many_requests", 429);
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((500..=600).contains(&wait), "until one more is let pass: {wait}");
    }
    // What it knew is answered all the same, and so is a self-contained token; and who else is there has its own count …
    assert_eq!(ask(&opaque, &held).json()["active"], true);
    assert_eq!(ask(&opaque, &foreign).body, INACTIVE);
    assert_eq!(ask(&plain, &dev.token(&plain, "").okt()).json()["active"], true);
    // (A made-up JWT counts, refused or not.)
    for guess in 0..2 {
        assert_eq!(ask(&plain, &format!("guess-{guess}")).body, INACTIVE);
    }
    // … until the address has used up its own.
    ask(&third, "guess").err_with("too_many_requests", 429);
    let metrics = claimsmith_tests::send(dev.http.get(format!("{}/metrics", dev.info["admin_url"].as_str().expect("a URL")))).body;
    assert!(metrics.contains("reason=\"throttled\""), "it is noticed: {metrics}");
}

#[test]
fn int_014_int_015_int_016_and_fms_004_who_asks_for_a_signed_answer_gets_one() {
    let (caller, _, token) = scene("int-signed");
    let ask = |accept: &str, token: &str| {
        let request = server().http.post(server().url("introspection_endpoint")).header("authorization", caller.basic());
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("accept", accept);
        send(request.body(format!("token={token}")))
    };
    const SIGNED: &str = "application/token-introspection+jwt";
    let plain = ask("application/json", &token).json();
    for accept in [SIGNED, "application/json;q=0.5, application/Token-Introspection+JWT;q=0.9"] {
        let reply = ask(accept, &token);
        assert_eq!((reply.status, reply.header("content-type"), reply.header("cache-control")), (200, SIGNED, "no-store"));
        let signed = server().decode(&reply.body);
        assert_eq!(signed.header["typ"], "token-introspection+jwt");
        assert_eq!(
            (&signed.claims["iss"], &signed.claims["aud"], &signed.claims["token_introspection"]),
            (&json!(server().issuer()), &json!(caller.client_id), &plain)
        );
        let members: Vec<_> = signed.claims.keys().map(String::as_str).collect();
        assert_eq!(members, ["iss", "aud", "iat", "token_introspection"], "neither sub nor exp: it passes for no other token");
        assert_eq!(ask(SIGNED, &reply.body).status, 200);
        assert_eq!(server().decode(&ask(SIGNED, &reply.body).body).claims["token_introspection"], json!({ "active": false }));
    }
    for accept in ["*/*", "application/json", "application/token-introspection+jwt;q=0", "application/jwt"] {
        assert_eq!(ask(accept, &token).header("content-type"), "application/json", "{accept}");
    }
    assert!(server().metadata()["introspection_signing_alg_values_supported"].as_array().is_some_and(|algs| !algs.is_empty()));
}

#[test]
fn int_017_and_int_018_algorithms_are_those_of_the_callers_registration() {
    let asked = |caller: &Registered, accept: &str, token: &str| {
        let request = server().http.post(server().url("introspection_endpoint")).header("authorization", caller.basic());
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("accept", accept);
        send(request.body(format!("token={token}")))
    };
    const SIGNED: &str = "application/token-introspection+jwt";
    let metadata = server().metadata();
    for name in ["signing_alg", "encryption_alg", "encryption_enc"] {
        let listed = metadata[format!("introspection_{name}_values_supported")].as_array();
        assert!(listed.is_some_and(|algs| !algs.is_empty()), "{name}");
    }
    // Signed with what was registered, where the request asks for it.
    server().command_json(&["key", "rotate", "--alg", "ES384", "--now"]);
    let own = json!({ "grant_types": ["client_credentials"], "scope": "read", "introspection_signed_response_alg": "ES384" });
    let caller = server().register(&own);
    let token = server().token(&caller, "").okt();
    assert_eq!(server().decode(&asked(&caller, SIGNED, &token).body).header["alg"], "ES384");
    assert_eq!(asked(&caller, "*/*", &token).header("content-type"), "application/json");
    // The answer is no token of any kind.
    let answer = asked(&caller, SIGNED, &token).body;
    assert_eq!(userinfo(server(), &answer).status, 401);
    assert_eq!(ask(&caller, &format!("token={answer}")).body, INACTIVE);
    // Encrypted whenever that was registered, to the registered key.
    let key = DecryptionKey::generate(DecryptionKind::P256).expect("a key");
    let sealed = json!({
        "grant_types": ["client_credentials"], "scope": "read", "jwks": { "keys": [key.public_jwk().expect("a JWK")] },
        "introspection_encrypted_response_alg": "ECDH-ES+A128KW", "introspection_encrypted_response_enc": "A256GCM",
    });
    let caller = server().register(&sealed);
    let token = server().token(&caller, "").okt();
    for accept in [SIGNED, "*/*"] {
        let reply = asked(&caller, accept, &token);
        assert_eq!((reply.status, reply.header("content-type")), (200, SIGNED), "{reply:?}");
        let jwe = Jwe::parse(&reply.body).expect("a JWE");
        assert_eq!((jwe.header().alg().as_str(), jwe.header().enc().as_str()), ("ECDH-ES+A128KW", "A256GCM"));
        let opened = jwe.decrypt(&key).expect("it opens");
        let inner = server().decode(std::str::from_utf8(opened.plaintext().expose()).expect("text"));
        assert_eq!(inner.header["typ"], "token-introspection+jwt");
        assert_eq!(inner.claims["token_introspection"]["active"], true);
    }
    for (name, value) in [("introspection_signed_response_alg", "none"), ("introspection_encrypted_response_alg", "RSA1_5")] {
        let refused = server().admin_post("/clients", &json!({ "grant_types": ["client_credentials"], name: value }));
        assert!(refused.status == 422 && refused.body.contains(name), "{refused:?}");
    }
}

#[test]
fn int_008_a_refresh_token_is_not_shown_as_a_token_to_be_used() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let first = code(server(), &alice, &client, "&scope=openid+offline_access");
    let refresh = refresh_token(&redeem(server(), &client, &first, ""));
    for hint in ["", "&token_type_hint=refresh_token"] {
        for caller in [&client, &server().register_basic("read")] {
            assert_eq!(ask(caller, &format!("token={refresh}{hint}")).body, INACTIVE);
        }
    }
}
