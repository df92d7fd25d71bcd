//! TEX: a token for a token.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Person, Registered, Reply, encode, send};
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, token};
use super::dpop::{fresh, post, proof};
use super::hooks::outlives;
use super::jwt_bearer::{claims, issuer};
use crate::{server, wide};

const TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// A client that may exchange what `front` got.
fn back(front: &Registered, more: Value) -> Registered {
    let mut metadata = json!({ "grant_types": [TYPE, "client_credentials"], "redirect_uris": [],
        "token_exchange": { "subject_clients": [front.client_id] } });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(wide(), metadata)
}

fn front() -> Registered {
    app(wide(), json!({}))
}

/// What alice allowed a client.
fn alices(client: &Registered) -> Reply {
    let alice = Person::alice(wide());
    redeem(wide(), client, &code(wide(), &alice, client, "&scope=openid+offline_access+read"), "")
}

fn own(client: &Registered) -> String {
    token(wide(), client, "grant_type=client_credentials&scope=read").okt()
}

fn form(subject: &str, kind: &str, more: &str) -> String {
    format!("grant_type={}&subject_token={}&subject_token_type={}{more}", encode(TYPE), encode(subject), encode(kind))
}

fn exchange(client: &Registered, subject: &str, more: &str) -> Reply {
    token(wide(), client, &form(subject, ACCESS_TOKEN, more))
}

/// With the client's own token as that of the actor.
fn delegate(client: &Registered, subject: &str, more: &str) -> Reply {
    exchange(client, subject, &format!("&actor_token={}&actor_token_type={}{more}", own(client), encode(ACCESS_TOKEN)))
}

#[test]
fn tex_005_007_018_and_019_a_back_end_acts_for_a_person() {
    let front = front();
    let (back, further) = (back(&front, json!({})), front_of_back());
    let subject = alices(&front).okt();
    let reply = delegate(&back, &subject, "&audience=https%3A%2F%2Fapi.example");
    let text = reply.okt();
    let (answer, held, before) = (reply.json(), wide().decode(&text).claims, wide().decode(&subject).claims);
    assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(ACCESS_TOKEN), &json!("Bearer")));
    assert_eq!((&answer["scope"], answer.get("refresh_token"), answer.get("id_token")), (&json!("read"), None, None));
    assert_eq!((&held["sub"], &held["client_id"], &held["aud"]), (&before["sub"], &json!(back.client_id), &json!("https://api.example")));
    assert_eq!(held["act"], json!({ "iss": wide().issuer(), "sub": back.client_id, "client_id": back.client_id }));
    assert!(held["exp"].as_i64() <= before["exp"].as_i64(), "it does not outlive the subject token");

    let told = wide().post("introspection_endpoint", Some(&back.basic()), &format!("token={text}")).json();
    assert_eq!((&told["active"], &told["act"], &told["client_id"]), (&json!(true), &held["act"], &held["client_id"]));

    let policy = json!({ "token_exchange": { "subject_clients": [back.client_id] } });
    let further = update(&further, policy);
    let second = wide().decode(&delegate(&further, &text, "").okt()).claims;
    assert_eq!((&second["act"]["sub"], &second["act"]["act"]), (&json!(further.client_id), &held["act"]));
    let as_jwt = delegate(&back, &subject, &format!("&requested_token_type={}", encode(JWT)));
    assert_eq!(as_jwt.json()["issued_token_type"], JWT);
}

fn front_of_back() -> Registered {
    back(&Registered { client_id: "none".into(), client_secret: None }, json!({}))
}

fn update(client: &Registered, patch: Value) -> Registered {
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    let path = format!("/clients/{}", client.client_id);
    let reply = wide().admin(reqwest::Method::PATCH, &path, &headers, patch.to_string().into_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    client.clone()
}

#[test]
fn tex_001_002_and_014_tokens_are_what_they_are_said_to_be() {
    let front = front();
    let back = back(&front, json!({}));
    let first = alices(&front);
    let (subject, id_token) = (first.okt(), first.json()["id_token"].as_str().expect("an ID token").to_owned());
    for (text, kind) in
        [(&*id_token, ACCESS_TOKEN), (&*subject, ID_TOKEN), (&*id_token, ID_TOKEN), ("x.y.z", JWT), ("unknown", ACCESS_TOKEN)]
    {
        let actor = format!("&actor_token={}&actor_token_type={}", own(&back), encode(ACCESS_TOKEN));
        token(wide(), &back, &form(text, kind, &actor)).err("invalid_request");
    }
    exchange(&back, &subject, "&actor_token=x").err("invalid_request");
    exchange(&back, &subject, &format!("&actor_token_type={}", encode(ACCESS_TOKEN))).err("invalid_request");
    token(wide(), &back, &format!("grant_type={}", encode(TYPE))).err("invalid_request");
    delegate(&back, &subject, "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Asaml2").err("invalid_request");
}

#[test]
fn tex_003_004_and_010_targets_are_known_and_scopes_become_no_more() {
    let front = front();
    let back = back(&front, json!({}));
    let subject = alices(&front).okt();
    let api = "https%3A%2F%2Fapi.example";
    delegate(&back, &subject, &format!("&audience={api}&audience={api}&resource={api}")).okt();
    delegate(&back, &subject, &format!("&audience={api}&audience=https%3A%2F%2Fother.example")).err("invalid_target");
    delegate(&back, &subject, "&scope=write").err("invalid_scope");
    delegate(&back, &subject, "&scope=openid").err("invalid_scope");
}

#[test]
fn tex_008_and_012_strangers_and_impersonators_get_nothing() {
    let front = front();
    let (stranger, back) = (back(&Registered { client_id: "none".into(), client_secret: None }, json!({})), back(&front, json!({})));
    let subject = alices(&front).okt();
    delegate(&stranger, &subject, "").err("invalid_request");
    exchange(&back, &subject, "").err("invalid_request");
    let bold = update(&back, json!({ "token_exchange": { "subject_clients": [front.client_id], "impersonation": true } }));
    let held = wide().decode(&exchange(&bold, &subject, "").okt()).claims;
    assert_eq!(held.get("act"), None);
    let mine = own(&back);
    let less = exchange(&back, &mine, "&scope=read");
    assert_eq!(wide().decode(&less.okt()).claims["sub"], json!(back.client_id), "a client goes on with its own");
}

#[test]
fn tex_013_off_for_the_server_the_client_and_whoever_proves_nothing() {
    token(server(), &server().demo(), &form("x", ACCESS_TOKEN, "")).err("unsupported_grant_type");
    let (front, public) = (front(), json!({ "token_endpoint_auth_method": "none", "grant_types": [TYPE] }));
    exchange(&front, "x", "").err("unauthorized_client");
    let refused = wide().admin_post("/clients", &public);
    assert!(refused.status == 422 && refused.body.contains("grant_types"), "{refused:?}");
    let back = back(&front, json!({}));
    wide()
        .post("token_endpoint", None, &format!("{}&client_id={}", form("x", ACCESS_TOKEN, ""), back.client_id))
        .err_with("invalid_client", 401);
}

#[test]
fn tex_015_a_bound_token_leads_to_one_that_is_bound() {
    let front = front();
    let back = back(&front, json!({ "token_exchange": { "subject_clients": [front.client_id], "impersonation": true } }));
    let (theirs, own) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let url = wide().url("token_endpoint");
    let made = |key: &AssertionKey| proof(key, url, |_| ());
    let alice = Person::alice(wide());
    let begun = code(wide(), &alice, &front, "&scope=openid+read");
    let redeemed = format!(
        "grant_type=authorization_code&code={begun}&redirect_uri={}&code_verifier={}",
        encode(super::code_flow::CALLBACK),
        super::code_flow::VERIFIER
    );
    let first = post(wide(), url, Some(&front), &[&made(&theirs)], &redeemed);
    let subject = first.json()["access_token"].as_str().unwrap_or_else(|| panic!("{first:?}")).to_owned();
    let ask = |proofs: &[&str]| post(wide(), url, Some(&back), proofs, &form(&subject, ACCESS_TOKEN, ""));
    ask(&[]).err("invalid_request");
    ask(&[&made(&own)]).err("invalid_request");
    let with_key = ask(&[&made(&theirs)]);
    assert_eq!((with_key.status, &with_key.json()["token_type"]), (200, &json!("DPoP")), "{with_key:?}");
    let policy = json!({ "token_exchange": { "subject_clients": [front.client_id], "impersonation": true, "bound_tokens": true } });
    let back = update(&back, policy);
    let rebound = post(wide(), url, Some(&back), &[&made(&own)], &form(&subject, ACCESS_TOKEN, ""));
    let held = wide().decode(rebound.json()["access_token"].as_str().unwrap_or_else(|| panic!("{rebound:?}"))).claims;
    assert_ne!(held["cnf"], wide().decode(&subject).claims["cnf"]);
    ask(&[]).err("invalid_request");
}

#[test]
fn tex_016_only_issuers_that_are_trusted_for_it_and_only_for_us() {
    let (key, name) = (AssertionKey::generate(SigningAlg::Es256), format!("https://{}.issuer.example", fresh()));
    let back = back(&Registered { client_id: "none".into(), client_secret: None }, json!({ "token_exchange": { "impersonation": true } }));
    let ask = |key: &AssertionKey, change: &dyn Fn(&mut Value)| {
        let mut claims = claims(&name);
        change(&mut claims);
        token(wide(), &back, &form(&key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims), JWT, ""))
    };
    ask(&key, &|_| ()).err("invalid_request");
    issuer(&name, &key, &back, json!({ "purposes": ["token_exchange"] }));
    let reply = ask(&key, &|_| ());
    let held = wide().decode(&reply.okt()).claims;
    assert_eq!(held["sub"], wide().decode(&alices(&front()).okt()).claims["sub"], "the person of the user name");
    ask(&AssertionKey::generate(SigningAlg::Es256), &|_| ()).err("invalid_request");
    ask(&key, &|claims| claims["aud"] = json!("https://other.example")).err("invalid_request");
    ask(&key, &|claims| claims["iss"] = json!("https://other.example")).err("invalid_request");
    ask(&key, &|claims| claims["preferred_username"] = json!("nobody-here")).err("invalid_request");
    ask(&key, &|claims| claims["may_act"] = json!({ "sub": "somebody else" })).err("invalid_request");
    let soon = ask(&key, &|claims| claims["exp"] = json!(super::dpop::now() + 20)).json();
    assert!(soon["expires_in"].as_i64().is_some_and(|seconds| seconds <= 20), "{soon}");
}

#[test]
fn tex_017_what_came_of_a_grant_ends_with_it() {
    let front = front();
    let back = back(&front, json!({}));
    let first = alices(&front);
    let derived = delegate(&back, &first.okt(), "").okt();
    assert!(is_active(wide(), &back, &derived));
    let refresh_token = first.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    wide().post("revocation_endpoint", Some(&front.basic()), &format!("token={}", encode(&refresh_token)));
    assert!(!is_active(wide(), &back, &derived));
    delegate(&back, &first.okt(), "").err("invalid_request");
}

#[test]
fn plg_009_token_exchange_outlives_every_hook_that_refuses_or_fails() {
    let front = front();
    let back = back(&front, json!({ "token_exchange": { "subject_clients": [front.client_id], "impersonation": true } }));
    let subject = alices(&front).okt();
    outlives(wide(), &back, &["token_exchange", "access_token", "token_response"], "token exchange", &|| exchange(&back, &subject, ""));
    exchange(&back, &subject, "").okt();
}

#[test]
fn the_grants_of_trust_stand_in_the_metadata_where_they_are_on() {
    let supported = wide().metadata()["grant_types_supported"].clone();
    assert!(supported.as_array().expect("a list").contains(&json!(TYPE)), "{supported}");
    let metadata = send(server().http.get(format!("{}/.well-known/openid-configuration", server().issuer())));
    assert!(!metadata.body.contains(TYPE));
}
