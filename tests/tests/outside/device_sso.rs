//! Apps of one device that share a sign-in (OpenID Connect Native SSO).

use claimsmith_tests::{Person, Registered, Reply, encode, hidden};
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, refresh, refresh_token, token, userinfo};
use super::hooks::outlives;
use super::hybrid::half;
use crate::{server, wide};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ASK: &str = "&scope=openid+device_sso+read";

/// The app where people sign in.
fn mail() -> Registered {
    app(
        wide(),
        json!({ "scope": "openid device_sso offline_access read write", "token_endpoint_auth_method": "none", "client_name": "Mail" }),
    )
}

/// Another one, which may share the sign-ins of the first.
fn calendar(mail: &Registered, more: Value) -> Registered {
    let mut metadata = json!({
        "client_name": "Calendar", "grant_types": [EXCHANGE, "refresh_token"], "redirect_uris": [], "token_endpoint_auth_method": "none",
        "scope": "openid device_sso offline_access read", "token_exchange": { "device_sso": true, "subject_clients": [mail.client_id] },
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(wide(), metadata)
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or_else(|| panic!("no {name}: {document}"))
}

fn sign_in(person: &Person, mail: &Registered, ask: &str) -> Value {
    let reply = redeem(wide(), mail, &code(wide(), person, mail, ask), "");
    reply.okt();
    reply.json()
}

fn share(client: &Registered, id_token: &str, secret: &str, more: &str) -> Reply {
    let (identity, device) = (encode("urn:ietf:params:oauth:token-type:id_token"), encode("urn:openid:params:token-type:device-secret"));
    let tokens = format!("subject_token={id_token}&subject_token_type={identity}&actor_token={secret}&actor_token_type={device}");
    token(wide(), client, &format!("grant_type={}&{tokens}&audience={}{more}", encode(EXCHANGE), encode(wide().issuer())))
}

#[test]
fn an_app_signs_its_person_in_at_another_of_the_device() {
    assert_eq!((&wide().metadata()["native_sso_supported"], server().metadata().get("native_sso_supported")), (&json!(true), None));
    let (mail, alice) = (mail(), Person::alice(wide()));
    let first = sign_in(&alice, &mail, ASK);
    let secret = text(&first, "device_secret");
    let claims = wide().decode(text(&first, "id_token")).claims;
    assert_eq!(claims["ds_hash"], half(secret));
    assert!(claims["sid"].is_string());
    let calendar = calendar(&mail, json!({}));
    let reply = share(&calendar, text(&first, "id_token"), secret, "&scope=openid+read+device_sso");
    let access_token = reply.okt();
    let second = reply.json();
    assert_eq!(second["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(text(&second, "device_secret"), secret, "one device, one secret");
    let hers = wide().decode(text(&second, "id_token")).claims;
    assert_eq!((&hers["sub"], &hers["aud"], hers.get("acr")), (&claims["sub"], &json!(calendar.client_id), claims.get("acr")));
    assert_eq!(hers["ds_hash"], half(secret));
    assert_ne!(hers["sid"], claims["sid"], "a session is known to each client by a name of its own");
    assert_eq!(userinfo(wide(), &access_token).json()["sub"], claims["sub"]);
    // A third app goes on from the second.
    let notes = self::calendar(&calendar, json!({ "client_name": "Notes" }));
    share(&notes, text(&second, "id_token"), secret, "&scope=openid").okt();
    let log = wide().log();
    assert!(!log.contains(secret));
}

#[test]
fn without_the_scope_there_is_no_secret() {
    let (mail, alice) = (mail(), Person::alice(wide()));
    let plain = sign_in(&alice, &mail, "&scope=openid+read");
    assert!(plain.get("device_secret").is_none());
    assert!(!wide().decode(text(&plain, "id_token")).claims.contains_key("ds_hash"));
    let shared = sign_in(&alice, &mail, ASK);
    share(&calendar(&mail, json!({})), text(&plain, "id_token"), text(&shared, "device_secret"), "&scope=openid").err("invalid_request");
}

#[test]
fn nobody_shares_what_is_not_theirs() {
    let (mail, alice, bob) = (mail(), Person::alice(wide()), Person::bob(wide()));
    let (hers, his) = (sign_in(&alice, &mail, ASK), sign_in(&bob, &mail, ASK));
    let calendar = calendar(&mail, json!({}));
    let (id_token, secret) = (text(&hers, "id_token"), text(&hers, "device_secret"));
    share(&calendar, id_token, text(&his, "device_secret"), "").err("invalid_request");
    share(&calendar, id_token, &"A".repeat(64), "").err("invalid_request");
    share(&calendar, id_token, "x", "").err("invalid_request");
    share(&calendar, text(&hers, "access_token"), secret, "").err("invalid_request");
    share(&calendar, id_token, secret, "&scope=openid+write").err("invalid_scope");
    share(&calendar, id_token, secret, "&resource=https%3A%2F%2Fother.example").err("invalid_target");
    let stranger = self::calendar(&calendar, json!({}));
    share(&stranger, id_token, secret, "").err("invalid_request");
    let forbidden = self::calendar(
        &mail,
        json!({ "token_endpoint_auth_method": "client_secret_basic", "token_exchange": { "subject_clients": [mail.client_id] } }),
    );
    share(&forbidden, id_token, secret, "").err("unauthorized_client");
    share(&calendar, id_token, secret, "&scope=openid").okt();
}

#[test]
fn all_of_it_ends_with_the_session_and_the_secret_with_its_app() {
    let (mail, alice) = (mail(), Person::alice(wide()));
    let calendar = calendar(&mail, json!({}));
    let first = sign_in(&alice, &mail, ASK);
    let (id_token, secret) = (text(&first, "id_token"), text(&first, "device_secret"));
    let shared = share(&calendar, id_token, secret, "&scope=openid+read").okt();
    let asker = app(wide(), json!({}));
    assert_eq!(userinfo(wide(), &shared).status, 200);
    let out = alice.go(&format!("{}?id_token_hint={id_token}", wide().url("end_session_endpoint"))).page();
    if hidden(&out.body, "csrf").is_some() && out.body.contains("value=\"sign_out\"") {
        alice.submit(&out, &[("action", "sign_out")]).page();
    }
    assert_eq!(userinfo(wide(), &shared).status, 401, "signed out at one is signed out at all");
    assert!(!is_active(wide(), &asker, &shared));
    share(&calendar, id_token, secret, "&scope=openid").err("invalid_request");
    // With offline access it outlasts the session, and ends with the first app's access.
    let lasting = sign_in(&alice, &mail, "&scope=openid+device_sso+offline_access");
    let (id_token, secret) = (text(&lasting, "id_token"), text(&lasting, "device_secret"));
    let reply = share(&calendar, id_token, secret, "&scope=openid+offline_access");
    let again = refresh(wide(), &calendar, &refresh_token(&reply), "");
    assert!(again.json().get("device_secret").is_none() && again.status == 200, "{again:?}");
    let ended = format!("token={}&client_id={}", encode(text(&lasting, "refresh_token")), encode(&mail.client_id));
    assert_eq!(wide().post("revocation_endpoint", None, &ended).status, 200);
    share(&calendar, id_token, secret, "&scope=openid").err("invalid_request");
    refresh(wide(), &calendar, &refresh_token(&again), "").okt();
}

#[test]
fn plg_009_a_shared_sign_in_outlives_every_hook_that_refuses_or_fails() {
    let (mail, alice) = (mail(), Person::alice(wide()));
    let first = sign_in(&alice, &mail, ASK);
    let calendar = calendar(&mail, json!({}));
    let send = || share(&calendar, text(&first, "id_token"), text(&first, "device_secret"), "&scope=openid");
    outlives(wide(), &calendar, &["token_exchange", "access_token", "id_token", "token_response"], "device SSO", &send);
    send().okt();
}
