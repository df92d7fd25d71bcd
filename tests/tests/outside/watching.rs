//! FCL: pages of clients that watch the session from a frame (OpenID Connect Session Management 1.0), which is off unless switched on.

use std::process::Command;
use std::sync::LazyLock;

use claimsmith_jose::{Digest, base64url};
use claimsmith_tests::{Dev, Landed, Person, Registered, encode, send};
use reqwest::header::SET_COOKIE;
use serde_json::json;

use super::code_flow::{app, request};
use crate::server;

static DEV: LazyLock<Dev> = LazyLock::new(|| Dev::start_with(&[], &[("CLAIMSMITH_SESSIONS__CHECK_SESSION_IFRAME", "true")]));

const COOKIE: &str = "__Host-claimsmith-state";
const ORIGIN: &str = "https://app.example";

/// `session_state` of an answer.
fn state_of(landed: &Landed) -> String {
    landed.parameter("session_state").unwrap_or_else(|| panic!("no session_state: {landed:?}"))
}

/// What it has to be.
fn expected(client: &Registered, browser_state: &str, salt: &str) -> String {
    let text = format!("{} {ORIGIN} {browser_state} {salt}", client.client_id);
    format!("{}.{salt}", base64url::encode(Digest::of(text.as_bytes()).as_bytes()))
}

#[test]
fn fcl_006_and_fcl_008_answers_carry_a_state_of_the_cookie_that_changes_with_the_session() {
    let (client, alice) = (app(&DEV, json!({})), Person::alice(&DEV));
    let first = state_of(&alice.walk(&request(&DEV, &client, "&scope=openid")));
    let cookie = alice.cookie(COOKIE).expect("a cookie that the frame reads");
    let salt = first.split_once('.').expect("a salt").1.to_owned();
    assert_eq!(first, expected(&client, &cookie, &salt));
    assert!(salt.len() >= 22 && !first.contains(' '));
    // The same session, another salt.
    let second = state_of(&alice.walk(&request(&DEV, &client, "&scope=openid&response_mode=fragment")));
    assert_eq!((second != first, alice.cookie(COOKIE).as_deref()), (true, Some(&*cookie)));
    // No OpenID Connect, no state.
    assert_eq!(alice.walk(&request(&DEV, &client, "&scope=read")).parameter("session_state"), None);
    // Signing out takes it away, signing in makes another.
    let page = alice.go(DEV.url("end_session_endpoint")).page();
    alice.submit(&page, &[("action", "sign_out")]).page();
    assert_eq!(alice.cookie(COOKIE), None);
    state_of(&alice.walk(&request(&DEV, &client, "&scope=openid")));
    assert_ne!(alice.cookie(COOKIE).expect("another"), cookie);
}

#[test]
fn fcl_008_the_cookie_is_the_frames_to_read_and_no_other_is() {
    let (client, alice) = (app(&DEV, json!({})), Person::alice(&DEV));
    let page = alice.go(&request(&DEV, &client, "&scope=openid")).page();
    let form = |name: &str| claimsmith_tests::hidden(&page.body, name).map(|value| format!("{name}={}", encode(&value))).expect("a field");
    let body = format!("{}&{}&identifier=alice&password={}&action=password", form("flow"), form("csrf"), encode(&alice.password));
    let action = claimsmith_tests::attribute(&page.body, "<form", "action").expect("a form");
    let origin = url::Url::parse(DEV.issuer()).expect("a URL").origin().ascii_serialization();
    let reply = alice.post(&if action.starts_with("https://") { action } else { format!("{origin}{action}") }, &body);
    let cookies: Vec<&str> = reply.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("text")).collect();
    let readable: Vec<_> = cookies.iter().filter(|cookie| !cookie.contains("HttpOnly")).collect();
    assert!(
        matches!(readable[..], [only] if only.starts_with(&format!("{COOKIE}=")) && only.contains("Secure") && only.contains("SameSite=None")),
        "{cookies:?}"
    );
}

#[test]
fn fcl_007_the_frame_runs_its_one_script_and_can_be_framed() {
    let url = DEV.url("check_session_iframe");
    assert!(url.starts_with("https://"));
    let reply = send(DEV.http.get(url));
    assert_eq!(reply.status, 200);
    let policy = reply.header("content-security-policy");
    assert!(!reply.headers.contains_key("x-frame-options") && policy.contains("frame-ancestors https:"), "{policy}");
    let script = script(&reply.body);
    let digest = base64url::encode(Digest::of(script.as_bytes()).as_bytes()).replace('-', "+").replace('_', "/");
    assert!(policy.contains(&format!("script-src 'sha256-{digest}='")) && !policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.body.matches("<script").count(), 1);
}

fn script(page: &str) -> String {
    page.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>")).expect("a script").0.to_owned()
}

/// Stands in for a browser: the cookie, one message, and the answers with the origins that they go to.
const STAGE: &str = r"
    const [cookie, origin, data, script] = process.argv.slice(1);
    globalThis.document = { cookie };
    let heard;
    globalThis.addEventListener = (kind, listener) => { if (kind === 'message') heard = listener; };
    (0, eval)(script);
    const said = [];
    const source = { postMessage: (text, target) => said.push([text, target]) };
    Promise.resolve(heard({ source, origin, data: JSON.parse(data) })).then(() => console.log(JSON.stringify(said)));
";

#[test]
fn fcl_007_the_frame_says_changed_unchanged_or_error_to_the_origin_that_asked() {
    let (client, alice) = (app(&DEV, json!({})), Person::alice(&DEV));
    let state = state_of(&alice.walk(&request(&DEV, &client, "&scope=openid")));
    let held = format!("other=1; {COOKIE}={}", alice.cookie(COOKIE).expect("a cookie"));
    let script = script(&send(DEV.http.get(DEV.url("check_session_iframe"))).body);
    let ask = |cookie: &str, origin: &str, data: serde_json::Value| {
        let output = Command::new("node").args(["-e", STAGE, cookie, origin, &data.to_string(), &script]).output().expect("node");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let message = json!(format!("{} {state}", client.client_id));
    assert_eq!(ask(&held, ORIGIN, message.clone()), json!([["unchanged", ORIGIN]]));
    assert_eq!(ask("other=1", ORIGIN, message.clone()), json!([["changed", ORIGIN]]), "signed out");
    assert_eq!(ask(&format!("{COOKIE}=another"), ORIGIN, message.clone()), json!([["changed", ORIGIN]]));
    assert_eq!(ask(&held, "https://evil.example", message.clone()), json!([["changed", "https://evil.example"]]));
    assert_eq!(ask(&held, "null", message), json!([]), "nobody can be answered");
    for bad in [json!("x"), json!(""), json!("client nodot"), json!("client .salt"), json!("client a.b.c"), json!({ "a": 1 }), json!(null)]
    {
        assert_eq!(ask(&held, ORIGIN, bad.clone()), json!([["error", ORIGIN]]), "{bad}");
    }
}

#[test]
fn fcl_006_and_fcl_007_nothing_of_it_is_there_unless_switched_on() {
    assert!(server().metadata().get("check_session_iframe").is_none());
    let url = DEV.url("check_session_iframe").replace(DEV.issuer(), server().issuer());
    assert_eq!(send(server().http.get(url)).status, 404);
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    assert_eq!(alice.walk(&request(server(), &client, "&scope=openid")).parameter("session_state"), None);
    assert_eq!(alice.cookie(COOKIE), None);
}
