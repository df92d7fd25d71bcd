//! TOK, JAT, CAJ: what every handle and every token of a person has in common.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, Reply, encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, app, code, is_active, redeem, refresh, refresh_token, request, token, userinfo};
use super::dpop::{fresh, now};
use crate::{server, wide};

const ASK: &str = "&scope=openid+offline_access+read";
const PASSWORD: &str = "a long enough password";

#[test]
fn tok_016_a_grant_without_what_it_needs_is_no_request() {
    let dev = wide();
    let urn = |name: &str| format!("urn:ietf:params:oauth:grant-type:{name}");
    let (device, bearer, exchange) = (urn("device_code"), urn("jwt-bearer"), urn("token-exchange"));
    let ciba = "urn:openid:params:grant-type:ciba";
    let all = ["client_credentials", "authorization_code", "refresh_token", "password", &device, &bearer, &exchange, ciba];
    let client = app(dev, json!({ "grant_types": all, "backchannel_token_delivery_mode": "poll" }));
    let kind = "subject_token_type=urn:ietf:params:oauth:token-type:access_token";
    for (grant, incomplete) in [
        ("authorization_code", vec![""]),
        ("refresh_token", vec![""]),
        ("password", vec!["", "&username=alice", "&password=x"]),
        (&device, vec![""]),
        (ciba, vec![""]),
        (&bearer, vec![""]),
        (&exchange, vec!["", "&subject_token=x", &format!("&{kind}")]),
    ] {
        for more in incomplete {
            let reply = token(dev, &client, &format!("grant_type={}{more}", encode(grant)));
            assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_request")), "{grant}{more}: {reply:?}");
        }
    }
    token(dev, &client, "grant_type=client_credentials").okt();
}

fn database(dev: &Dev, statement: &str) {
    let url = dev.info["database_url"].as_str().expect("a URL");
    assert!(std::process::Command::new("psql").args([url, "--quiet", "--command", statement]).status().expect("psql").success());
}

#[test]
fn tok_017_and_tok_030_whatever_is_wrong_with_a_handle_reads_the_same() {
    let (client, other, alice) = (app(server(), json!({})), app(server(), json!({})), Person::alice(server()));
    let mut said: Vec<Reply> = vec![redeem(server(), &client, "unknown", "")];
    let late = code(server(), &alice, &client, ASK);
    let of_client = format!("WHERE client_id = '{}'", client.client_id);
    database(server(), &format!("UPDATE grants SET code_expires_at = now() - interval '1 min' {of_client}"));
    said.push(redeem(server(), &client, &late, ""));
    let ended = code(server(), &alice, &client, ASK);
    database(server(), &format!("UPDATE grants SET revoked_at = now() {of_client}"));
    said.push(redeem(server(), &client, &ended, ""));
    let strange = code(server(), &alice, &client, ASK);
    said.push(redeem(server(), &other, &strange, ""));
    redeem(server(), &client, &strange, "").okt();
    // However soon: nobody can tell a lost answer from a stolen code.
    said.push(redeem(server(), &client, &strange, ""));
    let first = redeem(server(), &client, &code(server(), &alice, &client, ASK), "");
    let held = refresh_token(&first);
    said.push(refresh(server(), &client, "unknown", ""));
    said.push(refresh(server(), &other, &held, ""));
    database(server(), &format!("UPDATE grants SET refresh_expires_at = now() - interval '1 min' {of_client} AND revoked_at IS NULL"));
    said.push(refresh(server(), &client, &held, ""));
    database(server(), &format!("UPDATE grants SET revoked_at = now() {of_client}"));
    said.push(refresh(server(), &client, &held, ""));
    for reply in &said {
        reply.err("invalid_grant");
        assert_eq!(reply.body, said[0].body, "no hint at what it was");
    }
}

#[test]
fn tok_032_what_somebody_granted_ends_with_their_account() {
    let client = app(server(), json!({}));
    for ends in ["disabled", "deleted"] {
        let name = format!("user-{}", fresh());
        let made = server().admin_post("/users", &json!({ "username": name, "password": PASSWORD }));
        let id = made.json()["user_id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
        let person = Person::new(server(), &name, PASSWORD);
        let first = redeem(server(), &client, &code(server(), &person, &client, ASK), "");
        let (access_token, held) = (first.okt(), refresh_token(&first));
        let unspent = person.go(&format!("{}&prompt=none", request(server(), &client, ASK))).parameter("code").expect("a code");
        let path = format!("/users/{id}");
        let reply = match ends {
            "deleted" => server().admin(Method::DELETE, &path, &[("if-match", "*")], Vec::new()),
            _ => {
                let headers = [("if-match", "*"), ("content-type", "application/merge-patch+json")];
                server().admin(Method::PATCH, &path, &headers, b"{\"enabled\":false}".to_vec())
            }
        };
        assert!(reply.status < 300, "{reply:?}");
        redeem(server(), &client, &unspent, "").err("invalid_grant");
        refresh(server(), &client, &held, "").err("invalid_grant");
        assert!(!is_active(server(), &client, &access_token), "{ends}");
        assert_eq!(userinfo(server(), &access_token).status, 401, "{ends}");
    }
}

/// The claims of the access token and the ID token of an answer.
fn claims(reply: &Reply) -> (Value, Value) {
    let of = |name: &str| json!(server().decode(reply.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {reply:?}"))).claims);
    (of("access_token"), of("id_token"))
}

#[test]
fn jat_004_how_somebody_signed_in_stays_as_it_was() {
    let client = app(server(), json!({}));
    let first = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, &format!("{ASK}&max_age=600")), "");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let second = refresh(server(), &client, &refresh_token(&first), "");
    let third = refresh(server(), &client, &refresh_token(&second), "");
    let (access, identity) = claims(&first);
    assert!(access["auth_time"].is_u64() && access["acr"].is_string() && access["amr"].is_array(), "{access}");
    for later in [claims(&second), claims(&third)] {
        for name in ["auth_time", "acr", "amr", "sub"] {
            assert_eq!((&later.0[name], &later.1[name]), (&access[name], &identity[name]), "{name}");
        }
    }
}

#[test]
fn jat_009_access_tokens_and_id_tokens_stand_in_for_nothing_else() {
    let dev = wide();
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let client = app(dev, json!({ "grant_types": ["authorization_code", "refresh_token", exchange] }));
    let alice = Person::alice(dev);
    let reply = redeem(dev, &client, &code(dev, &alice, &client, ASK), "");
    let access_token = reply.okt();
    let id_token = reply.json()["id_token"].as_str().expect("an ID token").to_owned();
    // An ID token opens nothing, and is no access token to ask about.
    assert_eq!(userinfo(dev, &id_token).status, 401);
    assert!(!is_active(dev, &client, &id_token));
    let exchanged = |text: &str, kind: &str| {
        let kind = encode(&format!("urn:ietf:params:oauth:token-type:{kind}"));
        token(dev, &client, &format!("grant_type={}&subject_token={text}&subject_token_type={kind}&scope=read", encode(exchange)))
    };
    exchanged(&access_token, "access_token").okt();
    exchanged(&access_token, "id_token").err("invalid_request");
    exchanged(&id_token, "access_token").err("invalid_request");
    // Nor does an access token say who somebody is.
    let hinted = |hint: &str| alice.go(&format!("{}&prompt=none&id_token_hint={hint}", request(dev, &client, ASK)));
    assert!(hinted(&id_token).parameter("code").is_some());
    let refused = hinted(&access_token);
    assert_eq!(refused.parameter("error").as_deref(), Some("invalid_request"), "{refused:?}");
}

#[test]
fn caj_017_request_objects_and_assertions_stand_in_for_nothing_else() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let more = json!({ "jwks": key.jwks(), "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["authorization_code", "client_credentials"] });
    let client: Registered = app(server(), more);
    let signed = |claims: &Value| key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), claims);
    let object = json!({
        "iss": client.client_id, "aud": server().issuer(), "client_id": client.client_id, "response_type": "code", "redirect_uri": CALLBACK,
        "scope": "read", "iat": now(), "nbf": now(), "exp": now() + 60, "jti": fresh(),
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    });
    let assertion = json!({
        "iss": client.client_id, "sub": client.client_id, "aud": server().issuer(), "iat": now(), "exp": now() + 60, "jti": fresh(),
    });
    let proves = |text: &str| {
        let kind = encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let form = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={text}");
        server().post("token_endpoint", None, &form)
    };
    proves(&signed(&object)).err_with("invalid_client", 401);
    let asks = |text: &str| {
        let base = server().url("authorization_endpoint");
        let plain = format!("client_id={}&redirect_uri={}&response_type=code", encode(&client.client_id), encode(CALLBACK));
        Person::alice(server()).walk(&format!("{base}?{plain}&request={text}"))
    };
    assert_eq!(asks(&signed(&assertion)).parameter("error").as_deref(), Some("invalid_request_object"));
    // Each is good for what it is.
    proves(&signed(&assertion)).okt();
    assert!(asks(&signed(&object)).parameter("code").is_some());
}
