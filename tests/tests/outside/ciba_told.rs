//! CIB: clients that are told of a decision, or given what they waited for.

use claimsmith_tests::{Dev, Person, Received, Registered, encode, wait_for};
use serde_json::{Value, json};

use super::ciba::{ENDPOINT, GRANT, RIG, ask, begin, client, decide, id, is_done, look, poll};
use super::code_flow::{app, is_active, refresh, userinfo};
use super::dpop::fresh;
use super::hybrid::half;

/// With what a client knows that it is us.
const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// A client that is told at a path of the receiver.
fn told_at(mode: &str, path: &str) -> (Registered, String) {
    let path = format!("{path}-{}", fresh());
    let metadata = json!({ "backchannel_token_delivery_mode": mode, "backchannel_client_notification_endpoint": RIG.receiver.url(&path) });
    (client(metadata), path)
}

fn hint(more: &str) -> String {
    format!("scope=openid+read&login_hint=alice&client_notification_token={TOKEN}{more}")
}

/// What came in the end, so many times.
fn came(path: &str, times: usize) -> Vec<Received> {
    wait_for("the client is told", || RIG.receiver.received(path).len() >= times);
    RIG.receiver.received(path)
}

fn body(received: &Received) -> Value {
    assert_eq!((received.method.as_str(), received.header("content-type")), ("POST", Some("application/json")));
    assert_eq!(received.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    serde_json::from_str(&received.body).unwrap_or_else(|error| panic!("{error}: {}", received.body))
}

/// Nothing more comes for as long as a messenger takes to look twice.
fn no_more(path: &str, times: usize) {
    std::thread::sleep(std::time::Duration::from_secs(7));
    assert_eq!(RIG.receiver.received(path).len(), times);
}

#[test]
fn cib_006_and_cib_030_who_is_told_says_how_we_are_known() {
    let (told, _) = told_at("ping", "/told");
    ask(&told, "scope=openid&login_hint=alice").err("invalid_request");
    ask(&told, &format!("scope=openid&login_hint=alice&client_notification_token={}", "a".repeat(1_025))).err("invalid_request");
    begin(&told, &hint(""));
    let register = |metadata: Value| RIG.dev.admin_post("/clients", &metadata).status;
    let base = |more: Value| {
        let mut metadata = json!({ "grant_types": [GRANT] });
        for (name, value) in more.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        metadata
    };
    for bad in [
        json!({}),
        json!({ "backchannel_token_delivery_mode": "pull" }),
        json!({ "backchannel_token_delivery_mode": "ping" }),
        json!({ "backchannel_token_delivery_mode": "push" }),
        json!({ "backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "http://app.example/n" }),
        json!({ "backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": "HS256" }),
        json!({ "backchannel_token_delivery_mode": "poll", "token_endpoint_auth_method": "none" }),
    ] {
        assert_eq!(register(base(bad.clone())), 422, "{bad}");
    }
    assert_eq!(register(base(json!({ "backchannel_token_delivery_mode": "poll", "backchannel_user_code_parameter": true }))), 201);
}

#[test]
fn cib_022_a_yes_and_a_no_are_pinged_and_the_client_asks() {
    let alice = Person::alice(&RIG.dev);
    for (action, error) in [("allow", None), ("deny", Some("access_denied"))] {
        let (told, path) = told_at("ping", "/told");
        let begun = begin(&told, &hint(""));
        assert!(begun["interval"].is_u64());
        assert!(is_done(&decide(&alice, &begun, action)));
        let received = came(&path, 1);
        assert_eq!(body(&received[0]), json!({ "auth_req_id": id(&begun) }), "and nothing else");
        match error {
            None => drop(poll(&told, &begun).okt()),
            Some(error) => poll(&told, &begun).err(error),
        }
        assert_eq!(RIG.receiver.received(&path).len(), 1);
    }
}

#[test]
fn cib_023_and_cib_024_what_fails_is_tried_again_what_is_refused_is_not_and_the_client_may_ask() {
    let alice = Person::alice(&RIG.dev);
    let begun = ["/fail-once", "/unauthorized", "/redirect"].map(|path| {
        let (told, path) = told_at("ping", path);
        let begun = begin(&told, &hint(""));
        assert!(is_done(&decide(&alice, &begun, "allow")));
        (told, path, begun)
    });
    for (_, path, begun) in &begun {
        let times = if path.starts_with("/fail-once") { 2 } else { 1 };
        let received = came(path, times);
        assert!(received.iter().all(|received| body(received)["auth_req_id"] == id(begun)));
    }
    no_more(&begun[1].1, 1);
    no_more(&begun[2].1, 1);
    assert!(RIG.receiver.received("/elsewhere").is_empty(), "redirects are not followed");
    for (told, _, begun) in &begun {
        poll(told, begun).okt();
    }
}

#[test]
fn cib_025_cib_026_and_cib_017_tokens_are_pushed_and_never_asked_for() {
    let (told, path) = told_at("push", "/fail-once");
    let alice = Person::alice(&RIG.dev);
    let reply = ask(&told, &hint("&scope_unused=1").replace("openid+read", "openid+offline_access+read"));
    let begun = reply.json();
    assert!(reply.status == 200 && begun.get("interval").is_none(), "{reply:?}");
    poll(&told, &begun).err("unauthorized_client");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let received = came(&path, 2);
    let pushed = body(&received[1]);
    assert_eq!(pushed, body(&received[0]), "the same the second time");
    assert_eq!((&pushed["auth_req_id"], &pushed["token_type"]), (&json!(id(&begun)), &json!("Bearer")));
    assert!(pushed["expires_in"].as_u64().is_some_and(|seconds| seconds > 0), "{pushed}");
    let text = |name: &str| pushed[name].as_str().unwrap_or_else(|| panic!("no {name}: {pushed}"));
    let claims = RIG.dev.decode(text("id_token")).claims;
    assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], json!(id(&begun)));
    assert_eq!((&claims["at_hash"], &claims["aud"]), (&half(text("access_token")), &json!(told.client_id)));
    assert_eq!(claims["urn:openid:params:jwt:claim:rt_hash"], half(text("refresh_token")));
    assert_eq!(userinfo(&RIG.dev, text("access_token")).json()["sub"], claims["sub"]);
    refresh(&RIG.dev, &told, text("refresh_token"), "").okt();
    poll(&told, &begun).err("unauthorized_client");
    assert!(is_active(&RIG.dev, &told, text("access_token")), "whoever asks unasked ends nothing");
    let log = RIG.dev.log();
    assert!(!log.contains(text("access_token")) && !log.contains(text("refresh_token")) && !log.contains(TOKEN));
}

#[test]
fn cib_026_without_a_refresh_token_there_is_no_hash_of_one() {
    let (told, path) = told_at("push", "/told");
    let begun = ask(&told, &hint("")).json();
    assert!(is_done(&decide(&Person::alice(&RIG.dev), &begun, "allow")));
    let pushed = body(&came(&path, 1)[0]);
    assert!(pushed.get("refresh_token").is_none(), "{pushed}");
    let claims = RIG.dev.decode(pushed["id_token"].as_str().expect("an ID token")).claims;
    assert!(claims.get("urn:openid:params:jwt:claim:rt_hash").is_none(), "{claims:?}");
}

#[test]
fn cib_027_why_there_are_no_tokens_is_pushed() {
    let alice = Person::alice(&RIG.dev);
    let (told, path) = told_at("push", "/told");
    let begun = ask(&told, &hint("")).json();
    assert!(is_done(&decide(&alice, &begun, "deny")));
    assert_eq!(body(&came(&path, 1)[0]), json!({ "auth_req_id": id(&begun), "error": "access_denied" }));
    let (told, path) = told_at("push", "/told");
    let begun = ask(&told, &hint("&requested_expiry=1")).json();
    assert_eq!(body(&came(&path, 1)[0]), json!({ "auth_req_id": id(&begun), "error": "expired_token" }));
    assert!(look(&alice, &begun).body.contains("id=\"page-error\""), "too late");
    // A person who is gone by then: nothing can be made.
    let (told, path) = told_at("push", "/fail-once");
    let created = RIG.dev.admin_post("/users", &json!({ "username": format!("carol-{}", fresh()), "password": "correct horse 9 battery" }));
    assert_eq!(created.status, 201, "{created:?}");
    let name = created.json()["username"].as_str().expect("a name").to_owned();
    let carol = Person::new(&RIG.dev, &name, "correct horse 9 battery");
    let plugin = super::hooks::install(&RIG.dev);
    let binding = json!({ "plugin": plugin, "configuration": super::hooks::at("access_token", "refuse"), "permissions": ["user:email", "skip_consent", "claim:*"] });
    assert_eq!(RIG.dev.admin_post(&format!("/clients/{}/bindings", told.client_id), &binding).status, 201);
    let begun = ask(&told, &hint("").replace("=alice", &format!("={}", encode(&name)))).json();
    assert!(is_done(&decide(&carol, &begun, "allow")));
    let received = came(&path, 2);
    assert_eq!(body(&received[1]), json!({ "auth_req_id": id(&begun), "error": "access_denied" }), "a plugin's no is one");
}

#[test]
fn cib_029_no_client_makes_this_server_call_into_its_own_network() {
    let dev = Dev::start_with(
        &[],
        &[
            ("CLAIMSMITH_GRANTS__ENABLED", &format!("client_credentials,authorization_code,refresh_token,{GRANT}")),
            ("CLAIMSMITH_FETCH__CA_FILE", &RIG.receiver.ca_file()),
        ],
    );
    let path = format!("/inside-{}", fresh());
    let metadata = json!({
        "grant_types": [GRANT], "redirect_uris": [], "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": RIG.receiver.url(&path),
    });
    let told = app(&dev, metadata);
    let reply = dev.post(ENDPOINT, Some(&told.basic()), &hint("&requested_expiry=600").replace("+read", ""));
    assert_eq!(reply.status, 200, "{reply:?}");
    let alice = Person::alice(&dev);
    let url = format!("{}/account/requests", dev.issuer());
    let page = alice.go(&url).page();
    let page = if page.body.contains("id=\"page-sign_in\"") { alice.sign_in(&page).page() } else { page };
    let page = if page.body.contains("id=\"page-requests\"") { page } else { alice.go(&url).page() };
    let row = claimsmith_tests::values(&page.body, "request").remove(0);
    alice.submit(&page, &[("request", &row), ("action", "refuse")]).page();
    wait_for("it is given up", || dev.log().contains("was not told of a decision, and will not be"));
    assert!(RIG.receiver.received(&path).is_empty(), "nothing was connected to");
}
