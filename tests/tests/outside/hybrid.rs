//! HYB and IDT: tokens that the browser carries, where operator and client have switched that on.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use claimsmith_jose::{HeaderAlg, SigningAlg, left_half_hash};
use claimsmith_tests::{Decoded, Dev, Landed, Person, Registered, Variant, encode, hidden, marker, root};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, app, error_at_client, is_active, redeem, request, userinfo};
use crate::server;

const TYPES: [&str; 7] = ["code", "id_token", "id_token token", "token", "code id_token", "code token", "code id_token token"];

/// A server on which everything may go through the browser.
static OPEN: LazyLock<Dev> = LazyLock::new(|| {
    let types = TYPES.join(",") + ",none";
    let grants = "client_credentials,authorization_code,refresh_token,implicit";
    let settings = [
        ("CLAIMSMITH_AUTHORIZE__RESPONSE_TYPES", types.as_str()),
        ("CLAIMSMITH_GRANTS__ENABLED", grants),
        ("CLAIMSMITH_LOG__LEVEL", "info"),
        ("CLAIMSMITH_LOG__FORMAT", "json"),
    ];
    Dev::start_with(&[], &settings)
});

/// A client that may do all of it.
fn browser_app(more: Value) -> Registered {
    let mut metadata = json!({ "grant_types": ["authorization_code", "implicit", "refresh_token"], "response_types": TYPES });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(&OPEN, metadata)
}

fn url(client: &Registered, response_type: &str, more: &str) -> String {
    request(&OPEN, client, more).replace("response_type=code", &format!("response_type={}", encode(response_type)))
}

fn walk(client: &Registered, response_type: &str) -> Landed {
    Person::alice(&OPEN).walk(&url(client, response_type, "&scope=openid+profile+email+offline_access&nonce=n-1&state=s-1"))
}

fn decoded(token: Option<String>) -> Decoded {
    OPEN.decode(&token.expect("a token"))
}

pub(super) fn half(text: &str) -> Value {
    json!(left_half_hash(HeaderAlg::Signature(SigningAlg::Es256), text))
}

#[test]
fn hyb_001_002_003_007_each_type_answers_in_the_fragment_with_what_it_names() {
    let client = browser_app(json!({}));
    let listed: BTreeSet<&str> =
        OPEN.metadata()["response_types_supported"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, TYPES.into_iter().chain(["none"]).collect());
    for response_type in TYPES {
        let landed = walk(&client, response_type);
        let words: Vec<&str> = response_type.split(' ').collect();
        let is_there = |name: &str| landed.parameter(name).is_some();
        assert_eq!(is_there("code"), words.contains(&"code"), "{response_type}: {landed:?}");
        assert_eq!(is_there("id_token"), words.contains(&"id_token"), "{response_type}");
        for name in ["access_token", "token_type", "expires_in", "scope"] {
            assert_eq!(is_there(name), words.contains(&"token"), "{response_type}: {name}");
        }
        assert!(!is_there("refresh_token") && !is_there("error"), "{response_type}");
        assert_eq!((landed.parameter("state").as_deref(), landed.parameter("iss").as_deref()), (Some("s-1"), Some(OPEN.issuer())));
        if words.contains(&"token") {
            assert_eq!(landed.parameter("token_type").as_deref(), Some("Bearer"));
            assert!(landed.parameter("expires_in").is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0)));
            let offline = landed.parameter("scope").expect("a scope").contains("offline_access");
            assert_eq!(offline, words.contains(&"code"), "{response_type}: no refresh token could come of it");
        }
        let at = landed.client();
        assert_eq!(at.fragment().is_some(), response_type != "code", "{response_type}");
        assert_eq!(at.query().is_some(), response_type == "code", "{response_type}");
    }
}

#[test]
fn idt_006_007_008_what_is_carried_together_is_bound_together() {
    let client = browser_app(json!({}));
    for response_type in ["id_token token", "code id_token", "code id_token token", "id_token"] {
        let landed = walk(&client, response_type);
        let token = decoded(landed.parameter("id_token"));
        let expected = |name: &str| landed.parameter(name).map(|text| half(&text));
        assert_eq!(token.claims.get("at_hash").cloned(), expected("access_token"), "{response_type}");
        assert_eq!(token.claims.get("c_hash").cloned(), expected("code"), "{response_type}");
        assert_eq!(token.claims["s_hash"], half("s-1"));
        assert_eq!((&token.header["typ"], &token.claims["nonce"]), (&json!("JWT"), &json!("n-1")));
        assert_eq!(token.claims["aud"], client.client_id);
    }
    let without_state = Person::alice(&OPEN).walk(&url(&client, "code id_token", "&scope=openid&nonce=n"));
    assert!(decoded(without_state.parameter("id_token")).claims.get("s_hash").is_none(), "IDT-008");
}

#[test]
fn idt_013_and_idt_019_claims_are_in_the_id_token_where_no_access_token_is_issued() {
    let client = browser_app(json!({}));
    for response_type in ["id_token", "id_token token", "code id_token", "code id_token token"] {
        let token = decoded(walk(&client, response_type).parameter("id_token"));
        for (name, value) in [("name", "Alice Doe"), ("email", "alice@example.org")] {
            let expected = (response_type == "id_token").then(|| json!(value));
            assert_eq!(token.claims.get(name).cloned(), expected, "{response_type}: {name}");
        }
        assert!(token.claims.get("phone_number").is_none(), "nobody asked for it");
    }
}

#[test]
fn hyb_005_idt_001_and_idt_014_the_code_is_a_code_like_any_other() {
    let client = browser_app(json!({}));
    let landed = walk(&client, "code id_token token");
    let (code, front) = (landed.parameter("code").expect("a code"), decoded(landed.parameter("id_token")));
    let carried = landed.parameter("access_token").expect("a token");
    let reply = redeem(&OPEN, &client, &code, "");
    let token = reply.okt();
    let back = OPEN.decode(reply.json()["id_token"].as_str().expect("an ID token"));
    for name in ["iss", "sub", "aud", "nonce", "sid", "acr", "amr"] {
        assert_eq!(front.claims[name], back.claims[name], "{name}");
    }
    let (iat, exp) = (front.claims["iat"].as_i64().expect("seconds"), front.claims["exp"].as_i64().expect("seconds"));
    assert!((60..=86_400).contains(&(exp - iat)), "IDT-012");
    assert!(reply.json()["refresh_token"].is_string(), "the token endpoint may hand one out");
    for held in [&carried, &token] {
        let info = userinfo(&OPEN, held);
        assert_eq!((info.status, &info.json()["sub"]), (200, &front.claims["sub"]), "CLM-002");
    }
    redeem(&OPEN, &client, &code, "").err("invalid_grant");
    assert!(!is_active(&OPEN, &client, &carried), "COD-005: a replay ends what came of the code, wherever it came out");
}

#[test]
fn idt_005_a_nonce_is_needed_for_id_tokens_of_the_browser() {
    let (client, alice) = (browser_app(json!({})), Person::alice(&OPEN));
    for response_type in TYPES {
        let landed = alice.walk(&url(&client, response_type, "&scope=openid"));
        if response_type.contains("id_token") {
            assert_eq!(error_at_client(&landed), "invalid_request", "{response_type}");
        } else {
            assert_eq!(landed.parameter("error"), None, "{response_type}: {landed:?}");
        }
    }
    assert_eq!(error_at_client(&alice.go(&url(&client, "id_token", "&scope=read&nonce=n"))), "invalid_scope");
}

#[test]
fn hyb_002_and_hyb_004_modes_and_errors() {
    let (client, alice) = (browser_app(json!({})), Person::alice(&OPEN));
    let ask = |response_type: &str, more: &str| url(&client, response_type, &format!("&scope=openid&nonce=n&state=x{more}"));
    for response_type in ["id_token", "code id_token", "code token", "token"] {
        let refused = alice.go(&ask(response_type, "&prompt=none"));
        assert_eq!(error_at_client(&refused), "login_required");
        assert!(refused.client().fragment().is_some_and(|fragment| fragment.contains("state=x")), "{response_type}");
        let query = alice.go(&ask(response_type, "&response_mode=query"));
        assert_eq!(error_at_client(&query), "invalid_request");
        let at = query.client();
        assert!(at.fragment().is_some() && at.query().is_none(), "not even the refusal goes where tokens may not: {at}");
    }
    let page = alice.go(&ask("code id_token", "&prompt=login")).page();
    let denied = alice.submit(&alice.sign_in(&page).page(), &[("action", "deny")]);
    assert_eq!(error_at_client(&denied), "access_denied");
    assert!(denied.client().fragment().is_some());

    alice.walk(&ask("code id_token token", ""));
    let posted = alice.go(&ask("code id_token token", "&prompt=none&response_mode=form_post")).page();
    for name in ["code", "id_token", "access_token", "token_type", "expires_in", "state", "iss"] {
        assert!(hidden(&posted.body, name).is_some(), "{name}: {}", posted.body);
    }
    assert_eq!(posted.header("cache-control"), "no-store");
    let signed = alice.go(&ask("id_token token", "&prompt=none&response_mode=jwt"));
    let response = decoded(signed.parameter("response"));
    assert_eq!((&response.claims["aud"], &response.claims["state"]), (&json!(client.client_id), &json!("x")));
    assert_eq!(signed.parameter("access_token"), None);
    let inner = OPEN.decode(response.claims["id_token"].as_str().expect("an ID token"));
    assert_eq!(inner.claims["at_hash"], half(response.claims["access_token"].as_str().expect("a token")));
}

#[test]
fn hyb_006_008_009_registration_says_what_may_go_through_the_browser() {
    let refused = |more: Value| {
        let mut metadata = json!({
            "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token token"],
            "scope": "openid read",
        });
        for (name, value) in more.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        let reply = OPEN.admin_post("/clients", &metadata);
        (reply.status, reply.body)
    };
    assert_eq!(refused(json!({})).0, 201);
    for (more, named) in [
        (json!({ "grant_types": ["authorization_code"] }), "needs implicit among grant_types"),
        (json!({ "grant_types": ["implicit"] }), "needs authorization_code among grant_types"),
        (json!({ "redirect_uris": ["http://localhost/cb"] }), "redirect_uris.0"),
        (json!({ "dpop_bound_access_tokens": true }), "bound to a key"),
        (json!({ "profile": "oauth2_1" }), "lets no token through the browser"),
        (json!({ "id_token_signed_response_alg": "none" }), "id_token_signed_response_alg"),
    ] {
        let (status, body) = refused(more);
        assert!(status == 422 && body.contains(named), "{named}: {body}");
    }
    // What is not registered is not done; and where the operator has not switched it on, it cannot be registered.
    let (plain, alice) = (app(&OPEN, json!({})), Person::alice(&OPEN));
    for response_type in TYPES.into_iter().filter(|name| *name != "code") {
        let landed = alice.go(&url(&plain, response_type, "&scope=openid&nonce=n"));
        assert_eq!(error_at_client(&landed), "unauthorized_client", "{response_type}");
    }
    let elsewhere = server().admin_post(
        "/clients",
        &json!({ "redirect_uris": [CALLBACK], "grant_types": ["authorization_code"], "response_types": ["code id_token"] }),
    );
    assert!(elsewhere.status == 422 && elsewhere.body.contains("authorize.response_types"), "{elsewhere:?}");
    OPEN.post("token_endpoint", Some(&plain.basic()), "grant_type=implicit&scope=read").err("unsupported_grant_type");
}

#[test]
fn hyb_005_plugins_shape_what_the_browser_carries() {
    let (client, alice) = (browser_app(json!({})), Person::alice(&OPEN));
    let component = std::fs::read(root().join("target/guests/every-hook.wasm")).expect("make guests");
    OPEN.install("every-hook", component);
    let ask = url(&client, "code id_token token", "&scope=openid&nonce=n");
    assert_eq!(alice.walk(&ask).parameter("error"), None);
    let bind = |plugin: &str, configuration: Value| {
        let binding = json!({ "plugin": plugin, "configuration": configuration, "permissions": ["claim:marker_*"] });
        let bound = OPEN.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
        assert_eq!(bound.status, 201, "{bound:?}");
        bound.json()["id"].to_string().trim_matches('"').to_owned()
    };
    // A plugin that fails takes nothing with it but this answer.
    OPEN.install("looping", marker(Variant(78)));
    let looping = bind("looping", json!({ "value": "x", "loops": true }));
    let failed = alice.go(&ask);
    assert!(matches!(&*error_at_client(&failed), "server_error" | "temporarily_unavailable"), "{failed:?}");
    for name in ["access_token", "id_token"] {
        assert_eq!(failed.parameter(name), None);
    }
    let gone = OPEN.admin(reqwest::Method::DELETE, &format!("/bindings/{looping}"), &[("if-match", "*")], Vec::new());
    assert_eq!(gone.status, 204, "{gone:?}");
    // The log says where a plugin was asked.
    bind("every-hook", json!({ "tells": true }));
    let mark = OPEN.log().len();
    let landed = alice.go(&ask);
    assert_eq!(decoded(landed.parameter("id_token")).claims["nonce"], "n");
    claimsmith_tests::wait_for("the plugin's lines", || {
        let log = OPEN.log();
        let lines: Vec<&str> = log[mark..].lines().filter(|line| line.contains("claimsmith::plugin")).collect();
        ["access_token", "id_token"].iter().all(|hook| lines.iter().any(|line| line.contains(&format!("\"{hook}\""))))
    });
}
