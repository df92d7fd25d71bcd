//! DEV: a device without a browser, whose person decides on another one.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, is_active, refresh, refresh_token, token, userinfo};
use super::dpop::{post, proof};
use super::hooks::outlives;
use crate::{server, wide};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A server whose devices need not wait long.
static QUICK: LazyLock<Dev> = LazyLock::new(|| {
    let grants = format!("client_credentials,authorization_code,refresh_token,{GRANT}");
    let settings = [
        ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str()),
        ("CLAIMSMITH_DEVICE__INTERVAL", "1 s"),
        ("CLAIMSMITH_DEVICE__GUESS_BURST", "3"),
        ("CLAIMSMITH_LOG__FORMAT", "json"),
    ];
    Dev::start_with(&[], &settings)
});

fn device_app(dev: &Dev, more: Value) -> Registered {
    let mut metadata = json!({ "grant_types": [GRANT, "refresh_token"], "redirect_uris": [], "client_name": "Television" });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(dev, metadata)
}

fn begin_at(dev: &Dev, client: &Registered, form: &str) -> Reply {
    let (authorization, form) = match &client.client_secret {
        Some(_) => (Some(client.basic()), form.to_owned()),
        None => (None, format!("client_id={}&{form}", encode(&client.client_id))),
    };
    dev.post("device_authorization_endpoint", authorization.as_deref(), &form)
}

fn begin(client: &Registered, form: &str) -> Value {
    let reply = begin_at(&QUICK, client, form);
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.json()
}

fn text<'a>(begun: &'a Value, name: &str) -> &'a str {
    begun[name].as_str().unwrap_or_else(|| panic!("no {name}: {begun}"))
}

fn poll(client: &Registered, begun: &Value) -> Reply {
    token(&QUICK, client, &format!("grant_type={}&device_code={}", encode(GRANT), text(begun, "device_code")))
}

/// Waits as long as a device has to, and asks.
fn poll_in_time(client: &Registered, begun: &Value, seconds: u64) -> Reply {
    sleep(Duration::from_millis(seconds * 1_000 + 300));
    poll(client, begun)
}

/// Types a code; what comes next is the page that asks, after a sign-in where one is missing.
fn enter(person: &Person, user_code: &str) -> Reply {
    let page = person.go(&format!("{}/device", QUICK.issuer())).page();
    assert!(page.body.contains("id=\"page-device\""), "{page:?}");
    let next = person.submit(&page, &[("user_code", user_code), ("action", "device")]).page();
    if next.body.contains("id=\"page-sign_in\"") { person.sign_in(&next).page() } else { next }
}

fn decide(person: &Person, begun: &Value, action: &str) -> Reply {
    let page = enter(person, text(begun, "user_code"));
    assert!(page.body.contains("id=\"page-consent\""), "{page:?}");
    match action {
        "allow" => person.allow(&page).page(),
        _ => person.submit(&page, &[("action", action)]).page(),
    }
}

fn is_done(page: &Reply) -> bool {
    page.status == 200 && page.body.contains("id=\"page-device_done\"")
}

#[test]
fn dev_001_dev_003_and_dev_019_a_device_gets_two_codes() {
    assert!(server().metadata().get("device_authorization_endpoint").is_none(), "off where nobody switched it on");
    assert!(QUICK.metadata()["device_authorization_endpoint"].is_string());
    let client = device_app(&QUICK, json!({}));
    let begun = begin(&client, "scope=openid");
    let uri = format!("{}/device", QUICK.issuer());
    assert_eq!((text(&begun, "verification_uri"), &begun["interval"], &begun["expires_in"]), (uri.as_str(), &json!(1), &json!(600)));
    let code = text(&begun, "user_code");
    assert_eq!(text(&begun, "verification_uri_complete"), format!("{uri}?user_code={code}"));
    assert_eq!((code.len(), code.find('-')), (9, Some(4)));
    assert_eq!(text(&begun, "device_code").len(), 64, "384 bits, 256 of them chance");
    let public = device_app(&QUICK, json!({ "token_endpoint_auth_method": "none" }));
    begin(&public, "");
    QUICK.post("device_authorization_endpoint", None, &format!("client_id={}", encode(&client.client_id))).err_with("invalid_client", 401);
}

#[test]
fn dev_002_who_may_not_and_what_is_no_request() {
    let client = device_app(&QUICK, json!({}));
    begin_at(&QUICK, &app(&QUICK, json!({})), "").err("unauthorized_client");
    begin_at(&QUICK, &client, "scope=admin").err("invalid_scope");
    begin_at(&QUICK, &client, "scope=read&scope=read").err("invalid_request");
    begin_at(&QUICK, &client, "resource=https%3A%2F%2Fother.example").err("invalid_target");
    begin_at(&QUICK, &client, "client_id=another").err("invalid_request");
    let form = format!("grant_type={}&device_code=x", encode(GRANT));
    token(server(), &server().demo(), &form).err("unsupported_grant_type");
    token(&QUICK, &app(&QUICK, json!({})), &form).err("unauthorized_client");
}

#[test]
fn dev_006_dev_011_and_dev_016_a_person_says_yes_and_the_device_goes_on() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid+offline_access+read");
    poll(&client, &begun).err("authorization_pending");
    let done = decide(&alice, &begun, "allow");
    assert!(is_done(&done) && done.body.contains("Television"), "{done:?}");
    let reply = poll_in_time(&client, &begun, 1);
    let access_token = reply.okt();
    let id_token = QUICK.decode(reply.json()["id_token"].as_str().expect("an ID token"));
    assert!(id_token.claims.get("nonce").is_none() && id_token.claims.get("sid").is_none());
    assert_eq!(userinfo(&QUICK, &access_token).status, 200);
    let renewed = refresh(&QUICK, &client, &refresh_token(&reply), "").okt();
    poll_in_time(&client, &begun, 1).err("invalid_grant");
    assert!(!is_active(&QUICK, &client, &access_token) && !is_active(&QUICK, &client, &renewed), "twice is in two hands");
}

#[test]
fn dev_007_and_dev_008_who_is_too_fast_waits_longer_and_loses_nothing() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    poll(&client, &begun).err("authorization_pending");
    poll(&client, &begun).err("slow_down");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    poll_in_time(&client, &begun, 1).err("slow_down");
    poll_in_time(&client, &begun, 11).okt();
}

#[test]
fn dev_009_and_dev_013_the_first_question_may_come_at_once_and_an_unknown_code_is_nothing() {
    let client = device_app(&QUICK, json!({}));
    poll(&client, &begin(&client, "")).err("authorization_pending");
    let code = "A".repeat(64);
    token(&QUICK, &client, &format!("grant_type={}&device_code={code}", encode(GRANT))).err("invalid_grant");
    token(&QUICK, &client, &format!("grant_type={}", encode(GRANT))).err("invalid_request");
}

#[test]
fn dev_010_a_no_is_told_to_the_device() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    assert!(is_done(&decide(&alice, &begun, "deny")));
    poll(&client, &begun).err("access_denied");
    let wrong = enter(&alice, text(&begun, "user_code"));
    assert!(wrong.body.contains("id=\"page-device\"") && wrong.body.contains("id=\"complaints\""), "decided is decided: {wrong:?}");
}

#[test]
fn dev_010_who_decides_too_late_decides_nothing() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    let page = enter(&alice, text(&begun, "user_code"));
    let url = QUICK.info["database_url"].as_str().expect("a URL");
    let statement = format!("UPDATE deferred SET expires_at = now() - interval '1 s' WHERE client_id = '{}'", client.client_id);
    assert!(std::process::Command::new("psql").args([url, "--quiet", "--command", &statement]).status().expect("psql").success());
    poll(&client, &begun).err("expired_token");
    let late = alice.submit(&page, &[("scope", "openid"), ("action", "allow")]).page();
    assert!(late.body.contains("id=\"page-error\"") && late.status == 400, "{late:?}");
    let again = enter(&alice, text(&begun, "user_code"));
    assert!(again.body.contains("id=\"complaints\""), "{again:?}");
}

#[test]
fn dev_012_a_code_in_another_clients_hands_is_nothing() {
    let (client, other, alice) = (device_app(&QUICK, json!({})), device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    for _ in 0..3 {
        poll(&other, &begun).err("invalid_grant");
    }
    poll(&client, &begun).okt();
    // Nor is it a code of the browser's way, for its own client.
    let both = device_app(&QUICK, json!({ "grant_types": [GRANT, "authorization_code"], "redirect_uris": ["https://app.example/cb"] }));
    let begun = begin(&both, "scope=openid");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    token(&QUICK, &both, &format!("grant_type=authorization_code&code={}", text(&begun, "device_code"))).err("invalid_grant");
    poll(&both, &begun).okt();
}

#[test]
fn dev_004_and_dev_005_codes_may_be_typed_in_any_way_but_not_guessed() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    let typed = text(&begun, "user_code").to_lowercase().replace('-', " ");
    assert!(enter(&alice, &typed).body.contains("id=\"page-consent\""));
    let stranger = Person::bob(&QUICK);
    let said: Vec<Reply> = (0..4).map(|_| enter(&stranger, "BBBB-BBBB")).collect();
    assert!(said.iter().all(|page| page.body.contains("id=\"complaints\"")));
    assert_ne!(said[0].body.contains("minute"), said[3].body.contains("minute"), "the fourth has to wait: {:?}", said[3]);
    let right = enter(&stranger, text(&begun, "user_code"));
    assert!(right.body.contains("id=\"page-device\""), "nobody looks any more: {right:?}");
}

#[test]
fn dev_014_and_dev_015_a_link_decides_nothing_and_the_page_warns() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid+profile");
    let page = alice.go(text(&begun, "verification_uri_complete")).page();
    assert!(page.body.contains(text(&begun, "user_code")) && page.body.contains("id=\"device-warning\""), "{page:?}");
    poll(&client, &begun).err("authorization_pending");
    // Without the form's token nothing happens.
    let forged = alice.post(&format!("{}/device", QUICK.issuer()), &format!("user_code={}&action=device", text(&begun, "user_code")));
    assert_eq!(forged.status, 403, "{forged:?}");
    // Agreed to before is agreed to for what was asked before: a device is asked for each time.
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let again = begin(&client, "scope=openid+profile");
    let asked = enter(&alice, text(&again, "user_code"));
    assert!(asked.body.contains("id=\"page-consent\"") && asked.body.contains("Television"), "{asked:?}");
    assert!(asked.body.contains("id=\"device-warning\""), "SEC-007");
}

#[test]
fn sec_007_people_are_told_what_to_look_out_for() {
    let alice = Person::alice(&QUICK);
    let client = device_app(&QUICK, json!({}));
    let asked = enter(&alice, text(&begin(&client, "scope=openid"), "user_code"));
    assert!(
        asked.body.contains("on a device in front of you") && asked.body.contains("they would get access to your account"),
        "{asked:?}"
    );
}

#[test]
fn dev_018_one_decision_and_one_person() {
    let (client, alice, bob) = (device_app(&QUICK, json!({})), Person::alice(&QUICK), Person::bob(&QUICK));
    let begun = begin(&client, "scope=openid");
    let (hers, his) = (enter(&alice, text(&begun, "user_code")), enter(&bob, text(&begun, "user_code")));
    assert!(is_done(&alice.allow(&hers).page()));
    let late = bob.allow(&his).page();
    assert!(late.body.contains("id=\"page-error\""), "{late:?}");
    let access_token = poll(&client, &begun).okt();
    let sub = QUICK.command_json(&["user", "show", "alice"])["user_id"].clone();
    assert_eq!(userinfo(&QUICK, &access_token).json()["sub"], sub);
}

#[test]
fn dev_017_tokens_are_bound_where_they_are_asked_for_and_refreshed_with_the_same_key() {
    let more = json!({ "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true });
    let (client, alice) = (device_app(&QUICK, more), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid+offline_access+read");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let form = format!("grant_type={}&device_code={}", encode(GRANT), text(&begun, "device_code"));
    let (key, other) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let url = QUICK.url("token_endpoint");
    let ask = |key: &AssertionKey, form: &str| {
        let form = format!("client_id={}&{form}", encode(&client.client_id));
        post(&QUICK, url, None, &[&proof(key, url, |_| ())], &form)
    };
    token(&QUICK, &client, &form).err("invalid_dpop_proof");
    let reply = ask(&key, &form);
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("DPoP")), "nothing was spent without a proof: {reply:?}");
    assert_eq!(QUICK.decode(reply.json()["access_token"].as_str().expect("a token")).claims["cnf"], json!({ "jkt": key.kid() }));
    let kept = reply.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    let again = format!("grant_type=refresh_token&refresh_token={kept}");
    ask(&other, &again).err("invalid_grant");
    assert_eq!(ask(&key, &again).status, 200);
}

#[test]
fn dev_017_details_are_shown_agreed_to_and_told() {
    let (client, alice) = (device_app(&QUICK, json!({ "authorization_details_types": ["payment"] })), Person::alice(&QUICK));
    let details = json!([{ "type": "payment", "amount": "12.50", "creditor": "Merchant A" }]);
    begin_at(&QUICK, &client, "authorization_details=%5B%7B%22type%22%3A%22other%22%7D%5D").err("invalid_authorization_details");
    let begun = begin(&client, &format!("scope=openid&authorization_details={}", encode(&details.to_string())));
    let page = enter(&alice, text(&begun, "user_code"));
    assert!(page.body.contains("Merchant A"), "{page:?}");
    assert!(is_done(&alice.allow(&page).page()));
    let reply = poll(&client, &begun);
    let access = QUICK.decode(&reply.okt());
    assert_eq!((&reply.json()["authorization_details"], &access.claims["authorization_details"]), (&details, &details));
}

#[test]
fn dev_017_resources_are_agreed_to_and_narrowed() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid+read&resource=https%3A%2F%2Fapi.example");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let form = format!("grant_type={}&device_code={}", encode(GRANT), text(&begun, "device_code"));
    token(&QUICK, &client, &format!("{form}&resource=https%3A%2F%2Fother.example")).err("invalid_target");
    sleep(Duration::from_millis(1_300));
    let access = QUICK.decode(&poll(&client, &begun).okt());
    assert_eq!(access.claims["aud"], json!("https://api.example"));
}

#[test]
fn dev_021_devices_that_come_more_and_more_seldom_are_served() {
    let client = device_app(&QUICK, json!({}));
    let begun = begin(&client, "");
    for seconds in [1, 2, 4] {
        poll_in_time(&client, &begun, seconds).err("authorization_pending");
    }
}

#[test]
fn plg_009_a_device_outlives_every_hook_that_refuses_or_fails() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid+offline_access");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let send = || poll_in_time(&client, &begun, 1);
    outlives(&QUICK, &client, &["access_token", "id_token", "token_response"], "device", &send);
    send().okt();
}

#[test]
fn fifty_questions_at_once_have_one_winner() {
    let (client, alice) = (device_app(&QUICK, json!({})), Person::alice(&QUICK));
    let begun = begin(&client, "scope=openid");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let wins = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| poll(&client, &begun).status)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).filter(|status| *status == 200).count()
    });
    assert_eq!(wins, 1);
}

#[test]
fn nothing_of_it_goes_where_it_does_not_belong() {
    let client = device_app(&QUICK, json!({}));
    let begun = begin(&client, "");
    poll(&client, &begun).err("authorization_pending");
    let log = QUICK.log();
    assert!(!log.contains(text(&begun, "user_code")) && !log.contains(&text(&begun, "user_code").replace('-', "")));
    assert!(!QUICK.log().contains(text(&begun, "device_code")));
    assert!(wide().metadata()["grant_types_supported"].as_array().expect("a list").contains(&json!(GRANT)));
}
