//! IDT and CLM: what ID tokens and UserInfo say, whom they are encrypted to, and what a person keeps back.

use claimsmith_jose::{DecryptionKey, DecryptionKind, Jwe, Jws, MacAlg, Secret, SigningAlg, base64url};
use claimsmith_tests::{AssertionKey, Decoded, Person, Registered, Reply, encode, values};
use josekit::jws::JwsHeader;
use josekit::jws::alg::hmac::HmacJwsAlgorithm;
use serde_json::{Map, Value, json};

use super::code_flow::{CALLBACK, VERIFIER, app, code, redeem, request, userinfo};
use crate::server;

/// The JOSE header of a compact token.
fn header(token: &str) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').next().expect("a header")).expect("base64url")).expect("JSON")
}

fn text(plain: &Secret<Vec<u8>>) -> String {
    String::from_utf8(plain.expose().clone()).expect("text")
}

/// Opens what was encrypted to a key.
fn opened(token: &str, key: &DecryptionKey) -> String {
    let jwe = Jwe::parse(token).unwrap_or_else(|refusal| panic!("{refusal}: {token}"));
    text(jwe.decrypt(key).expect("for this key").plaintext())
}

fn tokens(client: &Registered, more: &str) -> Reply {
    let code = code(server(), &Person::alice(server()), client, &format!("&scope=openid+profile+email&nonce=n{more}"));
    let reply = redeem(server(), client, &code, "");
    reply.okt();
    reply
}

fn id_token(reply: &Reply) -> String {
    reply.json()["id_token"].as_str().unwrap_or_else(|| panic!("no ID token: {reply:?}")).to_owned()
}

/// A client of people that proves itself with a MAC; its requests at the token endpoint.
fn by_mac(more: Value) -> Registered {
    let mut metadata = json!({ "token_endpoint_auth_method": "client_secret_jwt" });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(server(), metadata)
}

fn redeem_by_mac(client: &Registered, code: &str) -> Reply {
    let secret = client.client_secret.as_deref().expect("a secret");
    let claims = claimsmith_tests::claims(&client.client_id, server().issuer(), code).to_string();
    let signer = HmacJwsAlgorithm::Hs256.signer_from_bytes(secret.as_bytes()).expect("a key");
    let assertion = josekit::jws::serialize_compact(claims.as_bytes(), &JwsHeader::new(), &signer).expect("a MAC");
    let kind = encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let proof = format!("client_assertion_type={kind}&client_assertion={assertion}");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}&{proof}", encode(CALLBACK));
    server().post("token_endpoint", None, &form)
}

#[test]
fn idt_001_002_011_012_019_020_the_registered_algorithm_signs_and_the_header_names_the_key() {
    let keys: Value = claimsmith_tests::send(server().http.get(server().url("jwks_uri"))).json();
    let client = app(server(), json!({ "id_token_signed_response_alg": "ES256" }));
    let (token, token_client) = (id_token(&tokens(&client, "")), Some(client.client_id));
    let Decoded { header, claims } = server().decode(&token);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("JWT")));
    assert!(keys["keys"].as_array().expect("keys").iter().any(|key| key["kid"] == header["kid"]));
    assert_eq!(claims.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), {
        ["iss", "jti", "sub", "aud", "iat", "exp", "nonce", "at_hash", "acr", "amr", "sid"].into()
    });
    assert_eq!(claims["aud"].as_str(), token_client.as_deref(), "one audience, so no azp");
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.is_ascii() && sub.len() <= 255), "IDT-001");
    let lifetime = claims["exp"].as_i64().expect("seconds") - claims["iat"].as_i64().expect("seconds");
    assert!((60..=3_600).contains(&lifetime), "IDT-012: {lifetime}");
}

#[test]
fn idt_004_a_nonce_comes_back_whole_or_not_at_all() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    for nonce in ["n".to_owned(), "n".repeat(43), "n".repeat(64), "n".repeat(384), "\u{e4}\u{1f600} \"&".to_owned()] {
        let code = code(server(), &alice, &client, &format!("&scope=openid&nonce={}", encode(&nonce)));
        assert_eq!(server().decode(&id_token(&redeem(server(), &client, &code, ""))).claims["nonce"], *nonce);
    }
    let code = code(server(), &alice, &client, "&scope=openid");
    assert!(server().decode(&id_token(&redeem(server(), &client, &code, ""))).claims.get("nonce").is_none());
    let long = alice.go(&request(server(), &client, &format!("&scope=openid&nonce={}", "n".repeat(2_049))));
    assert_eq!(long.parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn idt_009_auth_time_is_there_when_somebody_wants_it() {
    let alice = Person::alice(server());
    let plain = app(server(), json!({}));
    let always = app(server(), json!({ "require_auth_time": true }));
    let essential = encode(&json!({ "id_token": { "auth_time": { "essential": true } } }).to_string());
    let of = |client: &Registered, more: &str| {
        let code = code(server(), &alice, client, &format!("&scope=openid{more}"));
        server().decode(&id_token(&redeem(server(), client, &code, ""))).claims.get("auth_time").and_then(Value::as_i64)
    };
    let first = of(&always, "").expect("registered");
    assert_eq!(of(&plain, ""), None);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(of(&plain, "&max_age=3600"), Some(first), "the sign-in's own time");
    assert_eq!(of(&plain, &format!("&claims={essential}")), Some(first));
}

#[test]
fn idt_015_and_clm_002_010_011_what_is_for_a_key_only_that_key_opens() {
    let rsa = DecryptionKey::generate(DecryptionKind::Rsa(2_048)).expect("a key");
    let ec = DecryptionKey::generate(DecryptionKind::P256).expect("a key");
    for (alg, enc, key) in [
        ("RSA-OAEP-256", Some("A256GCM"), &rsa),
        ("RSA-OAEP", None, &rsa),
        ("ECDH-ES", Some("A256CBC-HS512"), &ec),
        ("ECDH-ES+A256KW", Some("A128GCM"), &ec),
    ] {
        let mut metadata = json!({
            "jwks": { "keys": [key.public_jwk().expect("a JWK")] },
            "id_token_encrypted_response_alg": alg,
            "userinfo_signed_response_alg": "ES256", "userinfo_encrypted_response_alg": alg,
        });
        if let Some(enc) = enc {
            metadata["id_token_encrypted_response_enc"] = json!(enc);
            metadata["userinfo_encrypted_response_enc"] = json!(enc);
        }
        let client = app(server(), metadata);
        let reply = tokens(&client, "");
        let outer = id_token(&reply);
        let expected = json!({ "alg": alg, "enc": enc.unwrap_or("A128CBC-HS256"), "cty": "JWT", "kid": key.kid() });
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(header(&outer)[name], *value, "{alg}");
        }
        let inner = server().decode(&opened(&outer, key));
        assert_eq!((&inner.claims["nonce"], &inner.claims["aud"]), (&json!("n"), &json!(client.client_id)));

        let info = userinfo(server(), &reply.okt());
        assert_eq!((info.status, info.header("content-type")), (200, "application/jwt"), "{info:?}");
        assert_eq!(header(&info.body)["cty"], "JWT");
        let said = server().decode(&opened(&info.body, key)).claims;
        assert_eq!((&said["iss"], &said["aud"]), (&json!(server().issuer()), &json!(client.client_id)), "CLM-010");
        assert_eq!((&said["sub"], &said["name"]), (&inner.claims["sub"], &json!("Alice Doe")), "CLM-002");
    }
}

#[test]
fn clm_011_unsigned_claims_are_encrypted_as_they_are() {
    let key = DecryptionKey::generate(DecryptionKind::P256).expect("a key");
    let jwks = json!({ "keys": [key.public_jwk().expect("a JWK")] });
    let client = app(server(), json!({ "jwks": jwks, "userinfo_encrypted_response_alg": "ECDH-ES" }));
    let info = userinfo(server(), &tokens(&client, "").okt());
    assert_eq!((info.status, info.header("content-type"), header(&info.body).get("cty")), (200, "application/jwt", None));
    let claims: Map<String, Value> = serde_json::from_str(&opened(&info.body, &key)).expect("JSON");
    assert_eq!((&claims["name"], &claims["email"]), (&json!("Alice Doe"), &json!("alice@example.org")));
}

#[test]
fn idt_015_and_idt_022_a_secret_that_is_kept_is_a_key() {
    for alg in ["A128KW", "A256KW", "dir"] {
        let client = by_mac(json!({ "id_token_encrypted_response_alg": alg, "id_token_signed_response_alg": "HS256" }));
        let secret = Secret::new(client.client_secret.clone().expect("a secret"));
        let code = code(server(), &Person::alice(server()), &client, "&scope=openid&nonce=n");
        let reply = redeem_by_mac(&client, &code);
        reply.okt();
        let jwe = Jwe::parse(&id_token(&reply)).expect("encrypted").decrypt_with_secret(&secret).expect("for this secret");
        let inner = text(jwe.plaintext());
        assert_eq!(header(&inner), json!({ "alg": "HS256", "typ": "JWT" }));
        let claims = Jws::parse(&inner).expect("a JWS").verify_mac(&secret, &[MacAlg::Hs256]).expect("a good MAC").into_claims();
        assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n"), &json!(client.client_id)), "{alg}");
    }
    // Of other secrets only a digest is kept, and a public client has none.
    for method in ["client_secret_basic", "client_secret_post", "none"] {
        for wish in [("id_token_signed_response_alg", "HS256"), ("id_token_encrypted_response_alg", "dir")] {
            let metadata = json!({
                "redirect_uris": [CALLBACK], "grant_types": ["authorization_code"], "token_endpoint_auth_method": method, (wish.0): wish.1,
            });
            let refused = server().admin_post("/clients", &metadata);
            assert!(refused.status == 422 && refused.body.contains("client_secret_jwt alone"), "{method}: {refused:?}");
        }
    }
}

#[test]
fn idt_022_an_id_token_with_a_mac_is_a_hint_like_any_other() {
    let (client, alice, bob) = (by_mac(json!({ "id_token_signed_response_alg": "HS256" })), Person::alice(server()), Person::bob(server()));
    let reply = redeem_by_mac(&client, &code(server(), &alice, &client, "&scope=openid&nonce=n"));
    reply.okt();
    let ask = |hint: &str| request(server(), &client, &format!("&scope=openid&nonce=n&prompt=none&id_token_hint={hint}"));
    let hint = id_token(&reply);
    assert!(alice.go(&ask(&hint)).parameter("code").is_some());
    bob.walk(&request(server(), &client, "&scope=openid&nonce=n"));
    assert_eq!(bob.go(&ask(&hint)).parameter("error").as_deref(), Some("login_required"), "somebody else is meant");
    let forged = format!("{}A", &hint[..hint.len() - 1]);
    assert_eq!(alice.go(&ask(&forged)).parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn idt_016_without_a_key_there_is_no_answer_and_nothing_is_spent() {
    let signing_only = AssertionKey::generate(SigningAlg::Es256);
    let wish = json!({ "jwks": signing_only.jwks(), "id_token_encrypted_response_alg": "RSA-OAEP-256" });
    let client = app(server(), wish);
    let code = code(server(), &Person::alice(server()), &client, "&scope=openid");
    let refused = redeem(server(), &client, &code, "");
    refused.err("invalid_request");
    assert!(!refused.body.contains("id_token"), "{refused:?}");
    let key = DecryptionKey::generate(DecryptionKind::Rsa(2_048)).expect("a key");
    let patch = json!({ "jwks": { "keys": [key.public_jwk().expect("a JWK")] } });
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    let patched =
        server().admin(reqwest::Method::PATCH, &format!("/clients/{}", client.client_id), &headers, patch.to_string().into_bytes());
    assert_eq!(patched.status, 200, "{patched:?}");
    let reply = redeem(server(), &client, &code, "");
    reply.okt();
    server().decode(&opened(&id_token(&reply), &key));

    let silent = app(server(), json!({ "jwks": signing_only.jwks(), "userinfo_encrypted_response_alg": "RSA-OAEP-256" }));
    let info = userinfo(server(), &tokens(&silent, "").okt());
    assert!(info.status == 400 && !info.body.contains("Alice"), "{info:?}");
}

#[test]
fn clm_006_007_008_claims_are_had_where_they_were_asked_for() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let claims = json!({
        "id_token": { "email": null, "nickname": { "essential": true }, "unknown:claim": null },
        "userinfo": { "name": null, "preferred_username": { "value": "somebody else" } },
    });
    let code = code(server(), &alice, &client, &format!("&scope=openid&claims={}", encode(&claims.to_string())));
    let reply = redeem(server(), &client, &code, "");
    let token = server().decode(&id_token(&reply)).claims;
    assert_eq!(token["email"], "alice@example.org");
    for absent in ["name", "nickname", "unknown:claim"] {
        assert!(token.get(absent).is_none(), "{absent}");
    }
    let info = userinfo(server(), &reply.okt()).json();
    assert_eq!(info["name"], "Alice Doe");
    for absent in ["email", "preferred_username", "nickname"] {
        assert!(info.get(absent).is_none(), "{absent}: {info}");
    }
    let malformed = alice.go(&request(server(), &client, "&scope=openid&claims=%7B"));
    assert_eq!(malformed.parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn clm_009_a_claim_that_a_person_leaves_out_stays_out() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let claims =
        encode(&json!({ "userinfo": { "name": null, "email": { "essential": true } }, "id_token": { "email": null } }).to_string());
    let ask = request(server(), &client, &format!("&scope=openid+profile&claims={claims}"));
    let consent = alice.sign_in(&alice.go(&ask).page()).page();
    let mut shown = values(&consent.body, "claim");
    shown.sort();
    assert_eq!(shown, ["email", "name"]);
    let agree = |claims: &[&str], page: &Reply| {
        let mut fields = vec![("scope", "profile"), ("action", "allow")];
        fields.extend(claims.iter().map(|claim| ("claim", *claim)));
        let landed = alice.submit(page, &fields);
        redeem(server(), &client, &landed.parameter("code").expect("a code"), "")
    };
    // `name` is part of the scope as well; what is denied by name stays out all the same.
    let reply = agree(&[], &consent);
    let info = userinfo(server(), &reply.okt()).json();
    for absent in ["name", "email"] {
        assert!(info.get(absent).is_none(), "{absent}: {info}");
    }
    assert!(server().decode(&id_token(&reply)).claims.get("email").is_none());
    assert!(info["given_name"].is_string(), "the rest of the scope is there: {info}");
    // What was left out is asked for again, and had once it is agreed to.
    let again = alice.go(&ask).page();
    let reply = agree(&["email", "made_up"], &again);
    let info = userinfo(server(), &reply.okt()).json();
    assert_eq!(info["email"], "alice@example.org");
    assert!(info.get("name").is_none() && info.get("made_up").is_none(), "{info}");
}

#[test]
fn clm_003_005_014_unknown_claims_are_left_out_and_languages_are_kept_apart() {
    let (name, password) = ("gaps-and-tongues", "correct horse battery staple 7");
    let claims = json!({ "name": "Anna", "name#de": "Änne", "email_verified": false, "address": { "country": "CH" } });
    let made = server().admin_post("/users", &json!({ "username": name, "password": password, "claims": claims }));
    assert_eq!(made.status, 201, "{made:?}");
    let client = app(server(), json!({ "scope": "openid profile email address phone" }));
    let person = Person::new(server(), name, password);
    let wish = encode(&json!({ "id_token": { "name#de": null, "name#fr": null } }).to_string());
    let landed = person.walk(&request(server(), &client, &format!("&scope=openid+profile+email+address+phone&claims={wish}")));
    let reply = redeem(server(), &client, &landed.parameter("code").expect("a code"), "");
    let token = server().decode(&id_token(&reply)).claims;
    assert_eq!((token.get("name#de"), token.get("name#fr"), token.get("name")), (Some(&json!("Änne")), None, None));
    let info = userinfo(server(), &reply.okt());
    assert_eq!(info.header("cache-control"), "no-store", "CLM-014");
    let info = info.json();
    assert_eq!((&info["name"], &info["email_verified"], &info["address"]), (&json!("Anna"), &json!(false), &json!({ "country": "CH" })));
    for absent in ["email", "phone_number", "phone_number_verified", "family_name", "birthdate"] {
        assert!(info.get(absent).is_none(), "{absent}: {info}");
    }
    assert!(info.as_object().expect("an object").values().all(|value| !value.is_null() && value != ""));
}

#[test]
fn clm_013_userinfo_ends_with_person_client_and_grant() {
    let made = |name: &str| {
        let body = json!({ "username": name, "password": "correct horse battery staple 7", "claims": { "name": "Gone" } });
        let reply = server().admin_post("/users", &body);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["user_id"].as_str().expect("an id").to_owned()
    };
    let token_of = |client: &Registered, name: &str| {
        let person = Person::new(server(), name, "correct horse battery staple 7");
        let token = redeem(server(), client, &code(server(), &person, client, "&scope=openid+profile"), "").okt();
        assert_eq!(userinfo(server(), &token).json()["name"], "Gone");
        token
    };
    let ended = |token: &str| {
        let refused = userinfo(server(), token);
        assert!(refused.status == 401 && refused.header("www-authenticate").contains("invalid_token"), "{refused:?}");
    };
    let delete = |path: &str| {
        let reply = server().admin(reqwest::Method::DELETE, path, &[("if-match", "*")], Vec::new());
        assert!((200..300).contains(&reply.status), "{reply:?}");
    };
    let (client, other) = (app(server(), json!({})), app(server(), json!({})));
    let (first, second) = (made("clm-gone-1"), made("clm-gone-2"));
    let token = token_of(&client, "clm-gone-1");
    delete(&format!("/users/{first}"));
    ended(&token);
    let token = token_of(&client, "clm-gone-2");
    delete(&format!("/users/{second}/grants"));
    ended(&token);
    let token = token_of(&other, "clm-gone-2");
    delete(&format!("/clients/{}", other.client_id));
    ended(&token);
}

#[test]
fn clm_015_every_claim_that_is_listed_can_be_asked_for() {
    let metadata = server().metadata();
    assert_eq!((&metadata["claims_parameter_supported"], &metadata["claim_types_supported"]), (&json!(true), &json!(["normal"])));
    let listed: Vec<&str> = metadata["claims_supported"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let known = json!({
        "name": "N", "family_name": "F", "given_name": "G", "middle_name": "M", "nickname": "K", "preferred_username": "P",
        "profile": "https://p.example", "picture": "https://p.example/i", "website": "https://w.example", "gender": "x",
        "birthdate": "1990-01-02", "zoneinfo": "Europe/Zurich", "locale": "de-CH", "email": "all@example.org", "email_verified": true,
        "address": { "country": "CH" }, "phone_number": "+41 44 000 00 00", "phone_number_verified": false,
    });
    let (name, password) = ("clm-all-claims", "correct horse battery staple 7");
    let made = server().admin_post("/users", &json!({ "username": name, "password": password, "claims": known }));
    assert_eq!(made.status, 201, "{made:?}");
    let wishes: Map<String, Value> = listed.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let client = app(server(), json!({}));
    let person = Person::new(server(), name, password);
    let wish = encode(&json!({ "id_token": wishes }).to_string());
    let reply = redeem(server(), &client, &code(server(), &person, &client, &format!("&scope=openid&claims={wish}")), "");
    let claims = server().decode(&id_token(&reply)).claims;
    for name in listed {
        assert!(claims.get(name).is_some(), "{name}: {claims:?}");
    }
}
