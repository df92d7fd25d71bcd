//! Every grant passes every hook point that it has, and nothing is burnt when a plugin says no or fails.

use std::collections::BTreeSet;

use claimsmith_tests::{Dev, Person, Registered, Reply, Variant, encode, marker, root};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{app, code, error_at_client, redeem, refresh, refresh_token, request, userinfo};
use crate::server;

/// Installs the guest that has every hook, and binds it with a configuration. Answers the binding.
pub(super) fn bind(dev: &Dev, client: &Registered, plugin: &str, configuration: &Value) -> String {
    let binding = json!({ "plugin": plugin, "configuration": configuration, "permissions": ["user:email", "skip_consent", "claim:*"] });
    let binding = if plugin == "looping" {
        json!({ "plugin": plugin, "configuration": configuration, "permissions": ["claim:marker_*"] })
    } else {
        binding
    };
    let reply = dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["id"].to_string().trim_matches('"').to_owned()
}

pub(super) fn unbind(dev: &Dev, binding: &str) {
    let reply = dev.admin(Method::DELETE, &format!("/bindings/{binding}"), &[("if-match", "*")], Vec::new());
    assert!(reply.status == 204, "{reply:?}");
}

pub(super) fn install(dev: &Dev) -> &'static str {
    let component = std::fs::read(root().join("target/guests/every-hook.wasm")).expect("make guests");
    dev.install("every-hook", component);
    "every-hook"
}

/// The hook points that the plugin was called at since the log had so many bytes.
fn called(dev: &Dev, since: usize) -> BTreeSet<String> {
    let log = dev.log();
    let lines = log[since..].lines().filter(|line| line.contains("claimsmith::plugin"));
    let hooks = lines.filter_map(|line| line.split("\"hook\":\"").nth(1).or_else(|| line.split("hook=").nth(1)));
    hooks.filter_map(|rest| rest.trim_start_matches('"').split(['"', ' ']).next().map(str::to_owned)).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Waits until the log, which is written behind the answers, has what is expected.
fn assert_called(dev: &Dev, since: usize, expected: &[&str]) {
    let begin = std::time::Instant::now();
    while called(dev, since) != set(expected) && begin.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(called(dev, since), set(expected));
}

#[test]
fn every_grant_passes_every_hook_that_it_has() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_LOG__LEVEL", "info"), ("CLAIMSMITH_LOG__FORMAT", "json")]);
    let plugin = install(&dev);
    let client = app(
        &dev,
        json!({
            "grant_types": ["client_credentials", "authorization_code", "refresh_token"], "authorization_details_types": ["payment"],
        }),
    );
    bind(&dev, &client, plugin, &json!({ "tells": true }));
    let alice = Person::alice(&dev);
    let details = encode(&json!([{ "type": "payment", "amount": 1 }]).to_string());

    let mark = dev.log().len();
    let code = code(&dev, &alice, &client, &format!("&scope=openid+offline_access+read&authorization_details={details}"));
    assert_called(&dev, mark, &["scope", "authorization_details", "authentication", "post_authentication", "consent"]);

    let mark = dev.log().len();
    let reply = redeem(&dev, &client, &code, "");
    let access_token = reply.okt();
    assert_called(&dev, mark, &["client_authentication", "access_token", "refresh_token", "id_token", "token_response"]);

    let mark = dev.log().len();
    refresh(&dev, &client, &refresh_token(&reply), "").okt();
    assert_called(&dev, mark, &["client_authentication", "access_token", "refresh_token", "id_token", "token_response"]);

    let mark = dev.log().len();
    dev.token(&client, "scope=read").okt();
    assert_called(&dev, mark, &["client_authentication", "access_token", "token_response"]);

    let mark = dev.log().len();
    let answer = dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={access_token}"));
    assert_eq!(answer.json()["active"], true);
    assert_called(&dev, mark, &["client_authentication", "introspection"]);

    let mark = dev.log().len();
    assert_eq!(userinfo(&dev, &access_token).status, 200);
    assert_called(&dev, mark, &["userinfo"]);

    let mark = dev.log().len();
    dev.post("revocation_endpoint", Some(&client.basic()), &format!("token={access_token}"));
    assert_called(&dev, mark, &["client_authentication", "revocation"]);

    // What people bring reaches the plugin, as far as its binding may read it; what is secret does not.
    let log = dev.log();
    assert!(log.contains("alice@example.org") && !log.contains("Alice Doe"), "user:email and nothing else of the person");
    for secret in [alice.password.as_str(), code.as_str(), access_token.as_str()] {
        assert!(!log.contains(secret), "PLG-005");
    }
}

#[test]
fn plg_009_nothing_is_burnt_by_a_refusal_or_a_fault() {
    let dev = server();
    let plugin = install(dev);
    dev.install("looping", marker(Variant(77)));
    let (client, alice) = (app(dev, json!({})), Person::alice(dev));
    let code = code(dev, &alice, &client, "&scope=openid+offline_access");
    let binding = bind(dev, &client, plugin, &json!({ "at": "id_token", "refuse": "access_denied" }));
    redeem(dev, &client, &code, "").err("access_denied");
    unbind(dev, &binding);
    let binding = bind(dev, &client, "looping", &json!({ "value": "x", "loops": true }));
    let failed = redeem(dev, &client, &code, "");
    assert!(matches!(failed.status, 500 | 503), "PLG-003: {failed:?}");
    unbind(dev, &binding);
    let reply = redeem(dev, &client, &code, "");
    reply.okt();
    let token = refresh_token(&reply);
    let binding = bind(dev, &client, plugin, &json!({ "at": "refresh_token", "refuse": "invalid_scope" }));
    refresh(dev, &client, &token, "").err("invalid_scope");
    unbind(dev, &binding);
    let binding = bind(dev, &client, plugin, &json!({ "refuse": "invalid_scope" }));
    assert_eq!(userinfo(dev, &reply.okt()).status, 400, "the userinfo hook refuses, too");
    unbind(dev, &binding);
    let binding = bind(dev, &client, "looping", &json!({ "value": "x", "loops": true }));
    assert!(matches!(refresh(dev, &client, &token, "").status, 500 | 503));
    unbind(dev, &binding);
    refresh(dev, &client, &token, "").okt();
}

/// What a plugin does at one hook point and at no other: it refuses, or it traps.
const DEEDS: [&str; 2] = ["refuse", "fails"];

pub(super) fn at(hook: &str, deed: &str) -> Value {
    match deed {
        "refuse" => json!({ "at": hook, "refuse": "access_denied" }),
        _ => json!({ "at": hook, "fails": true }),
    }
}

/// Holds an answer of an endpoint for clients against what the plugin did.
fn is_stopped(reply: &Reply, deed: &str, case: &str) {
    let json = reply.json();
    let expected = if deed == "refuse" { (400, "access_denied") } else { (500, "server_error") };
    assert_eq!((reply.status, json["error"].as_str()), (expected.0, Some(expected.1)), "{case}: {reply:?}");
    for name in ["access_token", "id_token", "refresh_token", "sub"] {
        assert!(json.get(name).is_none(), "{case}: {reply:?}");
    }
}

/// Lets a plugin refuse, and then trap, at each of the hooks of a request, which each time is sent and must be stopped.
pub(super) fn outlives(dev: &Dev, client: &Registered, hooks: &[&str], what: &str, send: &dyn Fn() -> Reply) {
    let plugin = install(dev);
    for hook in hooks {
        for deed in DEEDS {
            let binding = bind(dev, client, plugin, &at(hook, deed));
            is_stopped(&send(), deed, &format!("{what}, {hook} {deed}"));
            unbind(dev, &binding);
        }
    }
}

#[test]
fn plg_009_every_grant_outlives_every_hook_that_refuses_or_fails() {
    let dev = server();
    let client = app(dev, json!({ "grant_types": ["client_credentials", "authorization_code", "refresh_token"] }));
    let alice = Person::alice(dev);
    let code = code(dev, &alice, &client, "&scope=openid+offline_access+read");
    let every = |hooks: &[&str], what: &str, send: &dyn Fn() -> Reply| outlives(dev, &client, hooks, what, send);
    every(&["access_token", "token_response"], "client credentials", &|| dev.token(&client, "scope=read"));
    dev.token(&client, "scope=read").okt();

    let hooks = ["access_token", "refresh_token", "id_token", "token_response"];
    every(&hooks, "code", &|| redeem(dev, &client, &code, ""));
    let first = redeem(dev, &client, &code, "");
    let token = refresh_token(&first);
    every(&hooks, "refresh", &|| refresh(dev, &client, &token, ""));
    let second = refresh(dev, &client, &token, "");
    assert_ne!(refresh_token(&second), token, "and then it rotates as ever");

    every(&["userinfo"], "userinfo", &|| userinfo(dev, &second.okt()));
    assert_eq!(userinfo(dev, &second.okt()).status, 200);
    let told = || dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={}", second.okt()));
    every(&["introspection"], "introspection", &told);
    assert_eq!(told().json()["active"], true);
}

/// What a client asks for through the browser, pushed before or not: it is told of the plugin's no, and the same request goes
/// through once the plugin lets it. Even the `request_uri` is not used up.
#[test]
fn plg_004_and_plg_009_every_hook_of_the_browsers_way_may_refuse_or_fail() {
    let dev = server();
    let plugin = install(dev);
    for (hook, deed, pushed) in ways(&["scope", "authorization_details", "authentication", "post_authentication", "consent"]) {
        let case = format!("{hook} {deed}, pushed: {pushed}");
        // At the push these have had their say.
        if pushed && matches!(hook, "scope" | "authorization_details") {
            continue;
        }
        let client = app(dev, json!({ "authorization_details_types": ["payment"] }));
        let plain = wish(dev, &client);
        let url = if pushed { pushed_url(dev, &client, &push(dev, &client, &plain)) } else { plain };
        let alice = Person::alice(dev);
        let binding = bind(dev, &client, plugin, &at(hook, deed));
        let landed = alice.walk(&url);
        assert_eq!(error_at_client(&landed), if deed == "refuse" { "access_denied" } else { "server_error" }, "{case}");
        assert_eq!(landed.parameter("state").as_deref(), Some("s"), "{case}");
        unbind(dev, &binding);
        let landed = alice.walk(&url);
        let code = landed.parameter("code").unwrap_or_else(|| panic!("{case}: {landed:?}"));
        redeem(dev, &client, &code, "").okt();
    }
}

#[test]
fn plg_004_and_par_016_hooks_of_a_pushed_request_answer_the_push() {
    let dev = server();
    let plugin = install(dev);
    let client = app(dev, json!({ "authorization_details_types": ["payment"] }));
    let plain = wish(dev, &client);
    for (hook, deed, _) in ways(&["scope", "authorization_details"]) {
        let binding = bind(dev, &client, plugin, &at(hook, deed));
        let reply = push(dev, &client, &plain);
        is_stopped(&reply, deed, &format!("{hook} {deed}"));
        assert!(reply.json().get("request_uri").is_none(), "{reply:?}");
        unbind(dev, &binding);
    }
    let landed = Person::alice(dev).walk(&pushed_url(dev, &client, &push(dev, &client, &plain)));
    assert!(landed.parameter("code").is_some());
}

/// Every hook with every deed, pushed and not.
fn ways<'h>(hooks: &'h [&'h str]) -> impl Iterator<Item = (&'h str, &'static str, bool)> {
    hooks.iter().flat_map(|hook| DEEDS.into_iter().flat_map(move |deed| [false, true].map(|pushed| (*hook, deed, pushed))))
}

/// A request that every hook of the browser's way has something to say to.
fn wish(dev: &Dev, client: &Registered) -> String {
    let details = encode(&json!([{ "type": "payment", "amount": 1 }]).to_string());
    request(dev, client, &format!("&scope=openid+read&state=s&authorization_details={details}"))
}

/// Pushes the parameters of a URL.
fn push(dev: &Dev, client: &Registered, url: &str) -> Reply {
    let query = url.split_once('?').expect("a query").1;
    dev.post("pushed_authorization_request_endpoint", Some(&client.basic()), query)
}

/// Where the browser goes with what was pushed.
fn pushed_url(dev: &Dev, client: &Registered, reply: &Reply) -> String {
    assert_eq!(reply.status, 201, "{reply:?}");
    let uri = reply.json()["request_uri"].as_str().expect("a text").to_owned();
    format!("{}?client_id={}&request_uri={}", dev.url("authorization_endpoint"), encode(&client.client_id), encode(&uri))
}

#[test]
fn plg_004_a_refusal_on_the_way_in_is_told_to_the_client() {
    let dev = server();
    let plugin = install(dev);
    let (client, alice) = (app(dev, json!({})), Person::alice(dev));
    let binding = bind(dev, &client, plugin, &json!({ "refuse": "foo\r\nX: 1" }));
    let landed = alice.go(&request(dev, &client, "&scope=openid&state=s"));
    assert_eq!((error_at_client(&landed), landed.parameter("state").as_deref()), ("access_denied".to_owned(), Some("s")));
    unbind(dev, &binding);
    assert_eq!(alice.go(&request(dev, &client, "&scope=openid")).page().status, 200);
}

#[test]
fn auz_029_what_the_operator_decided_is_not_asked_and_a_misplaced_edit_is_a_fault() {
    let dev = server();
    let plugin = install(dev);
    let (client, alice) = (app(dev, json!({})), Person::alice(dev));
    // Sign in before: the same edit has no meaning at other hooks of the way.
    let other = app(dev, json!({ "consent": "implied" }));
    assert!(alice.walk(&request(dev, &other, "&scope=openid")).parameter("code").is_some(), "the operator decided for people");
    let binding = bind(dev, &client, plugin, &json!({ "edits": ["skip_consent"] }));
    let landed = alice.go(&request(dev, &client, "&scope=openid"));
    // `skip_consent` is misplaced at the `scope` hook: the whole plugin fails there, and its binding refuses.
    assert_eq!(error_at_client(&landed), "server_error");
    unbind(dev, &binding);
}
