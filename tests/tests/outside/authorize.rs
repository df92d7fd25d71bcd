//! The authorization endpoint: what is refused, where it is told, and what a person is asked.

use std::time::Duration;

use claimsmith_tests::{Dev, Landed, Person, Reply, encode, hidden};
use reqwest::Method;
use serde_json::json;

use super::code_flow::{CALLBACK, app, code, error_at_client, redeem, request};
use crate::server;

const S256: &str = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn authorize(query: &str) -> String {
    format!("{}?{query}", server().url("authorization_endpoint"))
}

/// A page of the server that says what went wrong, and no way out of it.
fn assert_page(landed: Landed) -> Reply {
    let page = landed.page();
    assert!((400..500).contains(&page.status), "{page:?}");
    assert_eq!((page.header("content-type"), page.header("location")), ("text/html; charset=utf-8", ""));
    page
}

#[test]
fn auz_001_a_post_does_the_same() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let url = request(server(), &client, "&scope=openid&state=s");
    let (endpoint, form) = url.split_once('?').expect("a query");
    let page = alice.follow(alice.post(endpoint, form)).page();
    let landed = alice.allow(&alice.sign_in(&page).page());
    assert_eq!(landed.parameter("state").as_deref(), Some("s"));
    redeem(server(), &client, &landed.parameter("code").expect("a code"), "").okt();
}

#[test]
fn auz_002_without_a_client_there_is_a_page() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let disabled = app(server(), json!({ "enabled": false }));
    let callback = encode(CALLBACK);
    assert_page(alice.go(&authorize(&format!("response_type=code&redirect_uri={callback}{S256}"))));
    assert_page(alice.go(&authorize(&format!("response_type=code&client_id=nobody&redirect_uri={callback}{S256}"))));
    assert_page(alice.go(&authorize(&format!("response_type=code&client_id={}&redirect_uri={callback}{S256}", disabled.client_id))));
    assert_page(alice.go(&format!("{}&client_id={}", request(server(), &client, ""), client.client_id)));
}

#[test]
fn auz_003_auz_005_and_auz_015_redirect_uris_are_vetted_first() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let ask = |uri: &str| {
        alice.go(&authorize(&format!("response_type=nonsense&scope=%22&client_id={}&redirect_uri={}", client.client_id, encode(uri))))
    };
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example:443/cb",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://u@app.example/cb",
        "javascript:alert(1)",
    ] {
        let page = assert_page(ask(uri));
        assert!(!page.body.contains("evil.example") && !page.body.contains("alert(1)"), "{uri}");
    }
    assert_eq!(error_at_client(&ask(CALLBACK)), "unsupported_response_type");
    assert_page(alice.go(&authorize(&format!("response_type=code&scope=openid&client_id={}{S256}", client.client_id))));
    let several = app(server(), json!({ "redirect_uris": [CALLBACK, "https://app.example/other"] }));
    assert_page(alice.go(&authorize(&format!("response_type=code&scope=read&client_id={}{S256}", several.client_id))));
}

#[test]
fn auz_004_and_auz_033_a_native_program_has_any_port_and_is_asked_again() {
    let metadata = json!({ "token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"] });
    let (client, alice) = (app(server(), metadata), Person::alice(server()));
    let ask = |uri: &str| {
        alice.walk(&authorize(&format!(
            "response_type=code&scope=openid&client_id={}&redirect_uri={}{S256}",
            client.client_id,
            encode(uri)
        )))
    };
    let landed = ask("http://127.0.0.1:51234/cb");
    assert!(landed.parameter("code").is_some(), "{landed:?}");
    assert_page(ask("http://127.0.0.1:51234/other"));
    assert_page(ask("http://localhost:51234/cb"));
    // AUZ-033: anybody's program can call itself this client.
    let page = alice.go(&authorize(&format!(
        "response_type=code&scope=openid&client_id={}&redirect_uri={}{S256}",
        client.client_id,
        encode("http://127.0.0.1:9/cb")
    )));
    assert!(page.page().body.contains("value=\"allow\""), "AUZ-033: asked again");
}

#[test]
fn auz_007_and_auz_026_response_types() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let ask = |response_type: &str| {
        let query = format!("{response_type}&client_id={}&redirect_uri={}&state=x{S256}", client.client_id, encode(CALLBACK));
        let landed = alice.go(&authorize(&query));
        assert_eq!(landed.parameter("state").as_deref(), Some("x"));
        assert_eq!(landed.parameter("iss").as_deref(), Some(server().issuer()), "AUZ-014");
        error_at_client(&landed)
    };
    assert_eq!(ask("scope=read"), "invalid_request");
    for off in ["foo", "token", "id_token", "code+token", "code+code"] {
        assert_eq!(ask(&format!("response_type={off}&nonce=n&scope=openid")), "unsupported_response_type", "{off}");
    }
    let only = server().register(&json!({ "grant_types": ["client_credentials"], "redirect_uris": [CALLBACK], "scope": "read" }));
    let query = format!("response_type=code&client_id={}&redirect_uri={}{S256}", only.client_id, encode(CALLBACK));
    assert_eq!(error_at_client(&alice.go(&authorize(&query))), "unauthorized_client");
}

#[test]
fn auz_009_state_comes_back_as_it_was() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    for state in ["\u{e4}\u{1f600} &=#%+/?\"<'", &"s".repeat(600), "a%20b", "%"] {
        let landed = alice.go(&request(server(), &client, &format!("&scope=openid&prompt=none&state={}", encode(state))));
        assert_eq!(landed.parameter("state").as_deref(), Some(state));
    }
    let landed = alice.go(&request(server(), &client, "&scope=openid&prompt=none"));
    assert!(landed.parameter("code").is_some() && landed.parameter("state").is_none());
}

#[test]
fn auz_010_and_auz_011_repeated_unknown_and_empty_parameters() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    for twice in ["&scope=openid&scope=openid", "&state=a&state=b", "&nonce=a&nonce=a", "&response_type=code"] {
        assert_eq!(error_at_client(&alice.go(&request(server(), &client, twice))), "invalid_request", "{twice}");
    }
    assert_page(alice.go(&request(server(), &client, &format!("&redirect_uri={}", encode(CALLBACK)))));
    let landed = alice.go(&request(server(), &client, "&scope=openid&extra=foobar&prompt=&max_age=&resource="));
    assert_eq!(landed.page().status, 200);
}

#[test]
fn auz_012_a_scope_that_is_not_the_clients_is_refused() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    for scope in ["admin", "openid++profile", "%22"] {
        assert_eq!(error_at_client(&alice.go(&request(server(), &client, &format!("&scope={scope}")))), "invalid_scope", "{scope}");
    }
}

#[test]
fn auz_013_the_person_may_say_no() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let page = alice.go(&request(server(), &client, "&scope=openid&state=x")).page();
    let landed = alice.submit(&page, &[("action", "cancel")]);
    assert_eq!((error_at_client(&landed), landed.parameter("state").as_deref()), ("access_denied".to_owned(), Some("x")));
    let consent = alice.sign_in(&alice.go(&request(server(), &client, "&scope=openid")).page()).page();
    assert_eq!(error_at_client(&alice.submit(&consent, &[("action", "deny")])), "access_denied");
    assert_eq!(
        error_at_client(&alice.go(&request(server(), &client, "&scope=openid&prompt=none"))),
        "consent_required",
        "nothing is remembered of a no"
    );
}

#[test]
fn auz_014_every_answer_names_the_issuer() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    assert_eq!(server().metadata()["authorization_response_iss_parameter_supported"], true);
    let is_named = |landed: &Landed| landed.parameter("iss").as_deref() == Some(server().issuer());
    let ask = |more: &str| request(server(), &client, &format!("&scope=openid{more}"));
    let page = alice.go(&ask("")).page();
    let answers = [
        alice.submit(&page, &[("action", "cancel")]),
        alice.go(&ask("&prompt=none")),
        alice.go(&ask("&prompt=foo")),
        alice.walk(&ask("")),
        alice.go(&ask("&prompt=none&response_mode=fragment")),
        alice.go(&ask("&prompt=foo&response_mode=fragment")),
    ];
    for landed in &answers {
        assert!(is_named(landed), "{landed:?}");
    }
    for more in ["", "&max_age=x"] {
        let posted = alice.go(&ask(&format!("&prompt=none&response_mode=form_post{more}"))).page();
        assert_eq!(hidden(&posted.body, "iss").as_deref(), Some(server().issuer()), "{more}");
    }
}

#[test]
fn auz_019_and_sec_004_no_page_can_be_framed_or_runs_what_it_was_sent() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let sign_in = alice.go(&request(server(), &client, "&scope=openid")).page();
    let consent = alice.sign_in(&sign_in).page();
    let refused = assert_page(alice.go(&authorize("response_type=code&client_id=nobody")));
    alice.allow(&consent);
    let again = alice.go(&request(server(), &client, "&scope=openid&prompt=login")).page();
    for page in [&sign_in, &consent, &refused, &again] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
        let expected = [("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")];
        for (name, value) in expected {
            assert_eq!(page.header(name), value, "{name}");
        }
    }
}

#[test]
fn net_005_after_a_form_the_browser_drops_its_body() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let page = alice.go(&request(server(), &client, "&scope=openid")).page();
    let form = |page: &Reply, more: &str| {
        let field = |name: &str| encode(&hidden(&page.body, name).expect("a field"));
        format!("flow={}&csrf={}&{more}", field("flow"), field("csrf"))
    };
    let password = format!("identifier=alice&password={}&action=password", encode(&alice.password));
    let signed_in = alice.post(&format!("{}/signin", server().issuer()), &form(&page, &password));
    assert_eq!(signed_in.status, 303, "{signed_in:?}");
    let consent = alice.follow(signed_in).page();
    let agreed = alice.post(&format!("{}/consent", server().issuer()), &form(&consent, "scope=openid&action=allow"));
    assert_eq!((agreed.status, agreed.body.as_str()), (303, ""), "{agreed:?}");
    assert!(agreed.header("location").starts_with(CALLBACK));
}

#[test]
fn auz_025_none_answers_with_nothing_to_redeem() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__RESPONSE_TYPES", "code,none")]);
    let (client, alice) = (app(&dev, json!({ "response_types": ["code", "none"] })), Person::alice(&dev));
    let url = request(&dev, &client, "&scope=openid&state=s").replace("response_type=code", "response_type=none");
    let landed = alice.walk(&url);
    assert_eq!((landed.parameter("state").as_deref(), landed.parameter("iss").as_deref()), (Some("s"), Some(dev.issuer())));
    for name in ["code", "access_token", "id_token", "error"] {
        assert_eq!(landed.parameter(name), None, "{name}");
    }
}

#[test]
fn auz_017_and_sec_003_forms_belong_to_their_browser() {
    let (client, alice, mallory) = (app(server(), json!({})), Person::alice(server()), Person::bob(server()));
    let page = alice.go(&request(server(), &client, "&scope=openid")).page();
    let theirs = mallory.go(&request(server(), &client, "&scope=openid")).page();
    let (flow, csrf) = (hidden(&page.body, "flow").expect("a flow"), hidden(&theirs.body, "csrf").expect("a token"));
    let url = format!("{}/signin", server().issuer());
    let form = |csrf: &str| format!("flow={flow}&csrf={csrf}&identifier=alice&password={}&action=password", encode(&alice.password));
    for forged in [csrf.as_str(), "", "AAAA"] {
        assert_eq!(alice.post(&url, &form(forged)).status, 403, "{forged}");
    }
    let own = hidden(&page.body, "csrf").expect("a token");
    assert_eq!(mallory.post(&url, &form(&own)).status, 400, "another browser's flow");
    assert_eq!(mallory.fetch(&format!("{url}?flow={flow}")).status, 400);
    let nobody = Person::alice(server());
    assert_eq!(nobody.post(&url, &form(&own)).status, 400, "no cookies at all");
    assert!(alice.cookie("__Host-claimsmith-session").is_none());
}

#[test]
fn auz_018_what_is_agreed_to_is_what_was_shown() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let page = alice.go(&request(server(), &client, "&scope=openid+profile")).page();
    let consent = alice.sign_in(&page).page();
    let more = [
        ("scope", "profile"),
        ("scope", "email"),
        ("scope", "write"),
        ("client_id", "demo"),
        ("redirect_uri", "https://evil.example"),
        ("action", "allow"),
    ];
    let landed = alice.submit(&consent, &more);
    let reply = redeem(server(), &client, &landed.parameter("code").expect("a code"), "");
    reply.okt();
    assert_eq!(reply.json()["scope"], "openid profile");
    // A person may leave out what they do not want to give.
    let consent = alice.go(&request(server(), &client, "&scope=openid+profile+email")).page();
    let landed = alice.submit(&consent, &[("scope", "email"), ("action", "allow")]);
    assert_eq!(redeem(server(), &client, &landed.parameter("code").expect("a code"), "").json()["scope"], "openid email");
}

#[test]
fn auz_020_and_sec_004_what_clients_say_of_themselves_is_text() {
    let client = app(server(), json!({ "client_name": "<script>alert(1)</script>\"'" }));
    let alice = Person::alice(server());
    let page = alice
        .go(&request(server(), &client, "&scope=openid&login_hint=%22%3E%3Cscript%3Ealert(2)%3C/script%3E&ui_locales=xx+%3Csvg%3E"))
        .page();
    assert!(!page.body.contains("<script>alert") && page.body.contains("&lt;script&gt;"), "{}", page.body);
    let refused = server().admin_post(
        "/clients",
        &json!({ "redirect_uris": [CALLBACK], "logo_uri": "javascript:alert(1)", "grant_types": ["authorization_code"] }),
    );
    assert_eq!(refused.status, 422, "{refused:?}");
}

#[test]
fn auz_021_auz_023_and_auz_024_response_modes() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    let ask =
        |mode: &str| alice.go(&request(server(), &client, &format!("&scope=openid&prompt=none&state=%22%3E%3Cx&response_mode={mode}")));
    let url = ask("query").client();
    assert!(url.query().is_some_and(|query| query.contains("code=")) && url.fragment().is_none());
    let url = ask("fragment").client();
    assert!(url.fragment().is_some_and(|fragment| fragment.contains("code=")) && url.query().is_none());
    assert_eq!(error_at_client(&ask("foo")), "invalid_request", "AUZ-024");
    let page = ask("form_post").page();
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    for name in ["code", "state", "iss"] {
        assert!(hidden(&page.body, name).is_some(), "{name}: {}", page.body);
    }
    assert_eq!(hidden(&page.body, "state").as_deref(), Some("\"><x"));
    assert_eq!(claimsmith_tests::attribute(&page.body, "<form", "action").as_deref(), Some(CALLBACK));
    assert!(page.body.contains("<button") && !page.body.contains("\"><x"));
}

#[test]
fn auz_027_and_sec_009_sessions_are_new_with_each_sign_in() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.set_cookie("__Host-claimsmith-session", "preset-by-somebody");
    alice.walk(&request(server(), &client, "&scope=openid"));
    let first = alice.cookie("__Host-claimsmith-session").expect("a session");
    assert_ne!(first, "preset-by-somebody");
    alice.walk(&request(server(), &client, "&scope=openid&prompt=login"));
    let second = alice.cookie("__Host-claimsmith-session").expect("a session");
    assert_ne!(first, second);
    alice.set_cookie("__Host-claimsmith-session", &first);
    assert_eq!(
        error_at_client(&alice.go(&request(server(), &client, "&scope=openid&prompt=none"))),
        "login_required",
        "the former cookie is nothing"
    );
}

#[test]
fn auz_028_two_tabs_do_not_mix() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let first = alice.go(&request(server(), &client, "&scope=openid&state=one&nonce=n1")).page();
    let second = alice.go(&request(server(), &client, "&scope=openid+profile&state=two&nonce=n2")).page();
    let landed_second = alice.allow(&alice.sign_in(&second).page());
    let landed_first = alice.sign_in(&first);
    for (landed, state, nonce, scope) in [(landed_first, "one", "n1", "openid"), (landed_second, "two", "n2", "openid profile")] {
        assert_eq!(landed.parameter("state").as_deref(), Some(state));
        let reply = redeem(server(), &client, &landed.parameter("code").expect("a code"), "").json();
        assert_eq!(reply["scope"], scope);
        assert_eq!(server().decode(reply["id_token"].as_str().expect("an ID token")).claims["nonce"], nonce);
    }
}

#[test]
fn auz_030_the_redirect_says_nothing_of_where_it_came_from() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    let reply = alice.fetch(&request(server(), &client, "&scope=openid&prompt=none"));
    assert_eq!(
        (reply.status, reply.header("referrer-policy"), reply.header("cache-control"), reply.body.as_str()),
        (303, "no-referrer", "no-store", "")
    );
}

#[test]
fn pkc_001_pkc_002_pkc_003_pkc_004_and_pkc_005_challenges() {
    let public = app(server(), json!({ "token_endpoint_auth_method": "none" }));
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    for id in [&public.client_id, &client.client_id] {
        let ask =
            |pkce: &str| {
                error_at_client(&alice.go(&authorize(&format!(
                    "response_type=code&scope=openid&nonce=n&client_id={id}&redirect_uri={}{pkce}",
                    encode(CALLBACK)
                ))))
            };
        assert_eq!(ask(""), "invalid_request", "PKC-002");
        assert_eq!(ask("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), "invalid_request", "PKC-003");
        assert_eq!(
            ask("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=plain"),
            "invalid_request",
            "PKC-001"
        );
        assert_eq!(
            ask("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S512"),
            "invalid_request",
            "PKC-004"
        );
        assert_eq!(ask("&code_challenge=E9Melhoa&code_challenge_method=S256"), "invalid_request", "PKC-005");
    }
    assert_eq!(server().metadata()["code_challenge_methods_supported"], json!(["S256"]));
}

#[test]
fn oar_001_without_openid_there_is_no_id_token() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let reply = redeem(server(), &client, &code(server(), &alice, &client, "&scope=read"), "");
    reply.okt();
    assert!(reply.json().get("id_token").is_none());
}

#[test]
fn oar_002_oar_003_oar_005_and_oar_006_prompt() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let ask = |more: &str| alice.go(&request(server(), &client, &format!("&scope=openid&prompt={more}")));
    assert_eq!(error_at_client(&ask("none")), "login_required");
    for bad in ["none+login", "foo", "none+consent"] {
        assert_eq!(error_at_client(&ask(bad)), "invalid_request", "{bad}");
    }
    let consent = alice.sign_in(&ask("login").page()).page();
    assert_eq!(error_at_client(&ask("none")), "consent_required");
    alice.allow(&consent);
    assert!(ask("none").parameter("code").is_some());
    // OAR-005: asked again, whatever was agreed to.
    assert!(ask("consent").page().body.contains("value=\"allow\""));
    assert!(ask("select_account").page().body.contains("account:"));
}

#[test]
fn oar_004_oar_008_and_oar_010_signing_in_again() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let auth_time = |landed: &Landed| {
        let reply = redeem(server(), &client, &landed.parameter("code").unwrap_or_else(|| panic!("{landed:?}")), "");
        server().decode(reply.json()["id_token"].as_str().expect("an ID token")).claims.get("auth_time").and_then(serde_json::Value::as_i64)
    };
    let first = auth_time(&alice.walk(&request(server(), &client, "&scope=openid&max_age=10000"))).expect("max_age asks for it");
    std::thread::sleep(Duration::from_millis(2_100));
    let ask = |more: &str| alice.go(&request(server(), &client, &format!("&scope=openid{more}")));
    assert_eq!(auth_time(&ask("&max_age=10000")), Some(first), "IDT-009: the sign-in's own time");
    assert_eq!(auth_time(&ask("")), None, "nobody asked");
    assert_eq!(error_at_client(&ask("&max_age=1&prompt=none")), "login_required");
    assert_eq!(error_at_client(&ask("&max_age=0&prompt=none")), "login_required");
    for again in ["&max_age=1", "&max_age=0", "&prompt=login&max_age=10000"] {
        let page = ask(again).page();
        assert!(page.body.contains("id=\"reauthenticate\"") && page.body.contains("alice"), "{again}");
        let landed = alice.submit(&page, &[("password", &alice.password), ("action", "password")]);
        assert!(auth_time(&landed).expect("a time") > first, "{again}");
        std::thread::sleep(Duration::from_millis(2_100));
    }
    for bad in ["-1", "1.5", "abc", "%2B5"] {
        assert_eq!(error_at_client(&ask(&format!("&max_age={bad}"))), "invalid_request", "OAR-010: {bad}");
    }
}

#[test]
fn oar_009_the_clients_own_max_age() {
    let (client, alice) = (app(server(), json!({ "default_max_age": 1 })), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    std::thread::sleep(Duration::from_millis(2_100));
    assert_eq!(error_at_client(&alice.go(&request(server(), &client, "&scope=openid&prompt=none"))), "login_required");
    assert!(alice.go(&request(server(), &client, "&scope=openid&prompt=none&max_age=1000")).parameter("code").is_some());
}

#[test]
fn oar_011_and_oar_012_the_hint_is_whom_the_client_means() {
    let (client, alice, bob) = (app(server(), json!({})), Person::alice(server()), Person::bob(server()));
    let id_token = |person: &Person| {
        let reply = redeem(server(), &client, &code(server(), person, &client, "&scope=openid"), "");
        reply.json()["id_token"].as_str().expect("an ID token").to_owned()
    };
    let (hers, his) = (id_token(&alice), id_token(&bob));
    let ask = |hint: &str| alice.go(&request(server(), &client, &format!("&scope=openid&prompt=none&id_token_hint={}", encode(hint))));
    assert!(ask(&hers).parameter("code").is_some());
    assert_eq!(error_at_client(&ask(&his)), "login_required");
    let (head, rest) = hers.split_once('.').expect("a JWS");
    let forged = format!("{}.{}", claimsmith_tests_none(), rest);
    for bad in [forged.as_str(), "x.y.z", &format!("{head}.e30.AAAA")] {
        assert_eq!(error_at_client(&ask(bad)), "invalid_request", "{bad}");
    }
    let other = app(server(), json!({}));
    let foreign = alice.go(&request(server(), &other, &format!("&scope=openid&prompt=none&id_token_hint={}", encode(&hers))));
    assert_eq!(error_at_client(&foreign), "invalid_request", "another client's");
}

/// `{"alg":"none","typ":"JWT"}`.
const fn claimsmith_tests_none() -> &'static str {
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
}

#[test]
fn oar_013_a_hint_prefills_and_is_no_oracle() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let page = |hint: &str| {
        let page = alice.go(&request(server(), &client, &format!("&scope=openid&login_hint={hint}"))).page().body;
        let page = page.replace(&hidden(&page, "flow").expect("a flow"), "").replace(&hidden(&page, "csrf").expect("a token"), "");
        let challenge =
            page.split("&quot;challenge&quot;:&quot;").nth(1).and_then(|rest| rest.split("&quot;").next()).unwrap_or_default().to_owned();
        let page = if challenge.is_empty() { page } else { page.replace(&challenge, "") };
        page.replace(hint, "HINT")
    };
    let (known, unknown) = (page("alice"), page("nobody7"));
    assert!(known.contains("HINT"));
    assert_eq!(known, unknown);
}

#[test]
fn oar_015_and_oar_016_wishes_that_change_nothing_and_one_that_is_refused() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    let page = alice.go(&request(server(), &client, "&scope=openid&display=popup&ui_locales=xx+se&claims_locales=se")).page();
    assert_eq!(page.status, 200);
    let german = alice.go(&request(server(), &client, "&scope=openid&ui_locales=de")).page();
    assert!(german.body.contains("lang=\"de\""));
    assert_eq!(error_at_client(&alice.go(&request(server(), &client, "&scope=openid&registration=%7B%7D"))), "registration_not_supported");
}

#[test]
fn oar_017_never_another_person_than_the_one_who_is_meant() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    let claims = |sub: &str| encode(&json!({ "id_token": { "sub": { "value": sub } } }).to_string());
    assert_eq!(
        error_at_client(&alice.go(&request(
            server(),
            &client,
            &format!("&scope=openid&prompt=none&claims={}", claims("usr_AAAAAAAAAAAAAAAAAAAAAA"))
        ))),
        "login_required"
    );
    // Whoever signs in there is not that person either.
    let page = alice.go(&request(server(), &client, &format!("&scope=openid&claims={}", claims("usr_AAAAAAAAAAAAAAAAAAAAAA")))).page();
    assert_eq!(error_at_client(&alice.sign_in(&page)), "login_required");
}

#[test]
fn sec_008_wrong_passwords_all_read_the_same_and_run_out() {
    let (client, stranger) = (app(server(), json!({})), Person::new(server(), "nobody-here", "wrong"));
    let page = stranger.go(&request(server(), &client, "&scope=openid")).page();
    let refused = stranger.sign_in(&page).page();
    assert!(refused.status == 200 && refused.body.contains("role=\"alert\""), "{refused:?}");
    let known = Person::new(server(), "bob", "wrong");
    let same = known.sign_in(&known.go(&request(server(), &client, "&scope=openid")).page()).page();
    let alert = |body: &str| body.split("role=\"alert\"").nth(1).and_then(|rest| rest.split("</").next()).map(str::to_owned);
    assert_eq!(alert(&refused.body), alert(&same.body));
    assert!(stranger.cookie("__Host-claimsmith-session").is_none());
}

#[test]
fn sec_001_no_page_leads_to_where_a_stranger_says() {
    let alice = Person::alice(server());
    for path in ["/signin", "/consent"] {
        for parameter in ["flow", "return_to", "redirect_uri", "next", "continue"] {
            let reply = alice.fetch(&format!("{}{path}?{parameter}={}", server().issuer(), encode("https://evil.example/")));
            assert!(
                reply.status == 400 && reply.header("location").is_empty() && !reply.body.contains("evil.example"),
                "{path} {parameter}: {reply:?}"
            );
        }
    }
    let reply = server().admin(Method::GET, "/clients", &[], Vec::new());
    assert_eq!(reply.status, 200);
}

#[test]
fn a_stranger_begins_only_so_many_sign_ins_and_people_with_a_session_as_many_as_they_like() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__BEGIN_BURST", "3"), ("CLAIMSMITH_AUTHORIZE__BEGIN_EVERY", "1 h")]);
    let client = app(&dev, json!({}));
    let url = request(&dev, &client, "&scope=openid");
    let alice = Person::alice(&dev);
    code(&dev, &alice, &client, "&scope=openid");
    for _ in 0..2 {
        assert_eq!(Person::alice(&dev).go(&url).page().status, 200);
    }
    assert_eq!(assert_page(Person::alice(&dev).go(&url)).status, 429);
    for _ in 0..5 {
        assert!(alice.go(&format!("{url}&prompt=consent")).page().status == 200, "nothing is counted against a session");
    }
}

#[test]
fn oar_019_a_session_does_not_answer_for_another_who_was_hinted_at() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    alice.walk(&request(server(), &client, "&scope=openid"));
    let ask = |more: &str| alice.go(&request(server(), &client, &format!("&scope=openid{more}")));
    for own in ["alice", "ALICE", "alice%40example.org"] {
        assert!(ask(&format!("&login_hint={own}")).parameter("code").is_some(), "{own}");
        assert!(ask(&format!("&prompt=none&login_hint={own}")).parameter("code").is_some(), "{own}");
    }
    assert_eq!(error_at_client(&ask("&prompt=none&login_hint=bob")), "account_selection_required");
    let page = ask("&login_hint=bob").page();
    assert!(page.body.contains("account:") && page.body.contains("value=\"another\""), "{}", page.body);
    let id = page.body.split("value=\"account:").nth(1).and_then(|rest| rest.split('"').next()).expect("an account");
    let account = format!("account:{id}");
    assert!(alice.submit(&page, &[("action", &account)]).parameter("code").is_some(), "the person says who it is");
}
