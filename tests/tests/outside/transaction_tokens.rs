//! TXN: transaction tokens.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Person, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, refresh_token};
use super::dpop::{fresh, now};
use super::hooks::outlives;
use super::jwt_bearer::{claims, issuer};
use crate::{server, wide};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TRANSACTION: &str = "urn:ietf:params:oauth:token-type:txn_token";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const DOMAIN: &str = "urn:inside.example";

/// A workload with its key.
struct Workload {
    key: AssertionKey,
    client: Registered,
}

fn workload(front: &str, more: Value) -> Workload {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let mut policy = json!({ "scopes": ["read", "write"], "context": ["amount", "region", "sub"] });
    for (name, value) in more.as_object().expect("an object") {
        policy[name] = value.clone();
    }
    let metadata = json!({ "grant_types": [EXCHANGE], "redirect_uris": [], "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
        "token_exchange": { "subject_clients": [front], "transaction_tokens": policy } });
    Workload { client: app(wide(), metadata), key }
}

impl Workload {
    fn ask(&self, body: &str) -> Reply {
        let assertion = self.key.assertion(&self.client.client_id, wide().issuer(), &fresh());
        let kind = encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let body = format!("{body}&client_assertion_type={kind}&client_assertion={assertion}");
        wide().post("token_endpoint", None, &body)
    }

    fn exchange(&self, subject: &str, kind: &str, more: &str) -> Reply {
        self.ask(&form(subject, kind, &format!("&audience={}&scope=read{more}", encode(DOMAIN))))
    }

    fn sign(&self, change: &dyn Fn(&mut Value)) -> String {
        let mut claims = json!({ "iss": self.client.client_id, "sub": "order-7", "aud": wide().issuer(), "iat": now(), "exp": now() + 60 });
        change(&mut claims);
        self.key.sign(&json!({ "alg": "ES256", "kid": self.key.kid() }), &claims)
    }
}

fn kind(name: &str) -> String {
    format!("urn:ietf:params:oauth:token-type:{name}")
}

fn form(subject: &str, kind: &str, more: &str) -> String {
    let (grant, wanted) = (encode(EXCHANGE), encode(TRANSACTION));
    format!("grant_type={grant}&subject_token={}&subject_token_type={}&requested_token_type={wanted}{more}", encode(subject), encode(kind))
}

fn transaction(reply: &Reply) -> String {
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("N_A")), "{reply:?}");
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

/// What alice allowed an app.
fn alices() -> (Registered, Reply) {
    let front = app(wide(), json!({}));
    let reply = redeem(wide(), &front, &code(wide(), &Person::alice(wide()), &front, "&scope=openid+offline_access+read"), "");
    (front, reply)
}

#[test]
fn txn_002_003_and_010_a_transaction_says_who_is_served_and_what_for() {
    let (front, first) = alices();
    let gateway = workload(&front.client_id, json!({}));
    let subject = first.okt();
    let said = encode(&json!({ "amount": 5 }).to_string());
    let reply = gateway.exchange(&subject, ACCESS_TOKEN, &format!("&request_details={said}"));
    let (text, answer) = (transaction(&reply), reply.json());
    assert_eq!((&answer["issued_token_type"], answer.get("refresh_token")), (&json!(TRANSACTION), None));
    let held = wide().decode(&text);
    assert_eq!(held.header["typ"], "txntoken+jwt");
    let claims = held.claims;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(wide().issuer()), &json!(DOMAIN)));
    assert_eq!((&claims["sub"], &claims["scope"]), (&wide().decode(&subject).claims["sub"], &json!("read")));
    assert_eq!(
        (&claims["req_wl"], &claims["tctx"], &claims["rctx"]),
        (&json!(gateway.client.client_id), &json!({ "amount": 5 }), &json!({}))
    );
    assert_eq!(claims["exp"].as_i64().expect("a date") - claims["iat"].as_i64().expect("a date"), 60);
    let another = wide().decode(&transaction(&gateway.exchange(&subject, ACCESS_TOKEN, ""))).claims;
    assert!(claims["txn"].is_string() && another["txn"] != claims["txn"], "{claims:?}");
    // It is no access token, and has none in it.
    assert!(!is_active(wide(), &front, &text) && !json!(claims).to_string().contains(&subject));
    gateway.exchange(&text, ACCESS_TOKEN, "").err("invalid_request");
    assert_eq!(super::code_flow::userinfo(wide(), &text).status, 401);
}

#[test]
fn txn_001_each_parameter_is_needed() {
    let (front, first) = alices();
    let gateway = workload(&front.client_id, json!({}));
    let audience = encode(DOMAIN);
    gateway.ask(&form(&first.okt(), ACCESS_TOKEN, "&scope=read")).err("invalid_request");
    gateway.ask(&form(&first.okt(), ACCESS_TOKEN, &format!("&audience={audience}"))).err("invalid_request");
    gateway.ask(&form("", ACCESS_TOKEN, &format!("&audience={audience}&scope=read"))).err("invalid_request");
    gateway.ask(&form(&first.okt(), "", &format!("&audience={audience}&scope=read"))).err("invalid_request");
    gateway.ask(&form(&first.okt(), ACCESS_TOKEN, "&audience=urn%3Aoutside&scope=read")).err("invalid_target");
    gateway
        .ask(&form(&first.okt(), ACCESS_TOKEN, &format!("&audience={audience}&scope=read&resource=https%3A%2F%2Fapi.example")))
        .err("invalid_target");
}

#[test]
fn txn_004_and_005_subjects_are_live_and_purposes_within_what_they_are_worth() {
    let (front, first) = alices();
    let gateway = workload(&front.client_id, json!({}));
    let audience = encode(DOMAIN);
    gateway.exchange(&refresh_token(&first), &kind("refresh_token"), "").err("invalid_request");
    gateway.exchange("unknown", ACCESS_TOKEN, "").err("invalid_request");
    gateway.ask(&form(&first.okt(), ACCESS_TOKEN, &format!("&audience={audience}&scope=write"))).err("invalid_scope");
    gateway.ask(&form(&first.okt(), ACCESS_TOKEN, &format!("&audience={audience}&scope=read+admin"))).err("invalid_scope");
    let stranger = workload("none", json!({}));
    stranger.exchange(&first.okt(), ACCESS_TOKEN, "").err("invalid_request");
    wide().post("revocation_endpoint", Some(&front.basic()), &format!("token={}", encode(&refresh_token(&first))));
    gateway.exchange(&first.okt(), ACCESS_TOKEN, "").err("invalid_request");
}

#[test]
fn txn_006_a_workload_may_say_itself_whom_it_serves_where_the_operator_lets_it() {
    let plain = workload("none", json!({}));
    let (signed, unsigned) = (kind("self_signed"), kind("unsigned_json"));
    let said = json!({ "sub": "order-7" }).to_string();
    plain.exchange(&plain.sign(&|_| ()), &signed, "").err("invalid_request");
    plain.exchange(&said, &unsigned, "").err("invalid_request");

    let job = workload("none", json!({ "self_signed_subjects": true, "unsigned_subjects": true }));
    let claims = wide().decode(&transaction(&job.exchange(&job.sign(&|_| ()), &signed, ""))).claims;
    assert_eq!(claims["sub"], "order-7");
    for spoil in [
        (|claims| claims["iss"] = json!("another")) as fn(&mut Value),
        |claims| claims["aud"] = json!("https://other.example"),
        |claims| claims["exp"] = json!(now() - 60),
        |claims| claims["exp"] = json!(now() + 10_000),
        |claims| claims["iat"] = json!(now() + 600),
        |claims| claims["sub"] = json!(""),
        |claims| drop(claims.as_object_mut().expect("an object").remove("sub")),
        |claims| drop(claims.as_object_mut().expect("an object").remove("iat")),
        |claims| drop(claims.as_object_mut().expect("an object").remove("exp")),
    ] {
        job.exchange(&job.sign(&spoil), &signed, "").err("invalid_request");
    }
    job.exchange(&plain.sign(&|_| ()), &signed, "").err("invalid_request");

    let claims = wide().decode(&transaction(&job.exchange(&said, &unsigned, ""))).claims;
    assert_eq!((&claims["sub"], claims["exp"].as_i64()), (&json!("order-7"), claims["iat"].as_i64().map(|at| at + 60)));
    for wrong in ["[]", "{}", "7", "{\"sub\":7}", "x"] {
        job.exchange(wrong, &unsigned, "").err("invalid_request");
    }
}

#[test]
fn txn_007_contexts_are_objects_of_members_that_the_operator_lets_it_set() {
    let (front, first) = alices();
    let gateway = workload(&front.client_id, json!({}));
    let ask = |name: &str, text: &str| gateway.exchange(&first.okt(), ACCESS_TOKEN, &format!("&{name}={}", encode(text)));
    for name in ["request_details", "request_context"] {
        for wrong in ["[]", "x", "7", "{\"other\":1}"] {
            ask(name, wrong).err("invalid_request");
        }
    }
    let claims = wide().decode(&transaction(&ask("request_context", "{\"sub\":\"mallory\",\"region\":\"eu\"}"))).claims;
    assert_eq!((&claims["rctx"]["sub"], &claims["rctx"]["region"]), (&json!("mallory"), &json!("eu")));
    assert_eq!(claims["sub"], wide().decode(&first.okt()).claims["sub"], "what it says stays in the context");
    let elsewhere = format!(
        "grant_type={}&subject_token={}&subject_token_type={}&request_details=%7B%7D",
        encode(EXCHANGE),
        first.okt(),
        encode(ACCESS_TOKEN)
    );
    gateway.ask(&elsewhere).err("invalid_request");
}

#[test]
fn txn_008_a_replacement_keeps_the_transaction() {
    let (front, first) = alices();
    let (gateway, inner) = (workload(&front.client_id, json!({})), workload("none", json!({})));
    let said = encode(&json!({ "amount": 5 }).to_string());
    let text = transaction(&gateway.exchange(&first.okt(), ACCESS_TOKEN, &format!("&request_details={said}")));
    let before = wide().decode(&text).claims;
    let more = encode(&json!({ "region": "eu" }).to_string());
    let after = wide().decode(&transaction(&inner.exchange(&text, TRANSACTION, &format!("&request_details={more}")))).claims;
    for name in ["txn", "sub", "aud", "scope"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(after["tctx"], json!({ "amount": 5, "region": "eu" }));
    assert_eq!(after["req_wl"], json!(format!("{},{}", gateway.client.client_id, inner.client.client_id)));
    assert!(after["exp"].as_i64() <= before["exp"].as_i64(), "it does not outlive what it replaces");
    let other = encode(&json!({ "amount": 6 }).to_string());
    inner.exchange(&text, TRANSACTION, &format!("&request_details={other}")).err("invalid_request");
    inner.ask(&form(&text, TRANSACTION, &format!("&audience={}&scope=write", encode(DOMAIN)))).err("invalid_scope");
    let mut broken = text.clone();
    broken.truncate(text.len() - 4);
    inner.exchange(&broken, TRANSACTION, "").err("invalid_request");
    inner.exchange(&first.okt(), TRANSACTION, "").err("invalid_request");
}

#[test]
fn txn_009_only_workloads_that_the_operator_names_and_that_have_a_key() {
    let (front, first) = alices();
    let (key, audience) = (AssertionKey::generate(SigningAlg::Es256), encode(DOMAIN));
    let metadata = json!({ "grant_types": [EXCHANGE], "redirect_uris": [], "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
        "token_exchange": { "subject_clients": [front.client_id] } });
    let unnamed = Workload { client: app(wide(), metadata), key };
    unnamed.exchange(&first.okt(), ACCESS_TOKEN, "").err("unauthorized_client");
    let policy = json!({ "subject_clients": [front.client_id], "transaction_tokens": { "scopes": ["read"] } });
    let basic = app(wide(), json!({ "grant_types": [EXCHANGE], "redirect_uris": [], "token_exchange": policy }));
    let body = form(&first.okt(), ACCESS_TOKEN, &format!("&audience={audience}&scope=read"));
    super::code_flow::token(wide(), &basic, &body).err("unauthorized_client");
    assert!(server().metadata()["grant_types_supported"].as_array().is_some_and(|all| !all.contains(&json!(EXCHANGE))));
}

#[test]
fn a_trusted_issuers_subject_is_the_person_that_it_stands_for() {
    let name = format!("https://{}.issuer.example", fresh());
    let gateway = workload("none", json!({}));
    issuer(&name, &gateway.key, &gateway.client, json!({ "purposes": ["token_exchange"] }));
    let jwt = gateway.key.sign(&json!({ "alg": "ES256", "kid": gateway.key.kid() }), &claims(&name));
    let held = wide().decode(&transaction(&gateway.exchange(&jwt, &kind("jwt"), ""))).claims;
    let (_, first) = alices();
    assert_eq!(held["sub"], wide().decode(&first.okt()).claims["sub"]);
    let mut nobody = claims(&name);
    nobody["preferred_username"] = json!("nobody-here");
    let jwt = gateway.key.sign(&json!({ "alg": "ES256", "kid": gateway.key.kid() }), &nobody);
    gateway.exchange(&jwt, &kind("jwt"), "").err("invalid_request");
}

#[test]
fn plg_009_transaction_tokens_outlive_hooks_that_refuse_or_fail() {
    let (front, first) = alices();
    let gateway = workload(&front.client_id, json!({}));
    let send = || gateway.exchange(&first.okt(), ACCESS_TOKEN, "");
    outlives(wide(), &gateway.client, &["token_exchange", "transaction_token"], "transaction token", &send);
    transaction(&send());
}
