//! CIB: a client that names its person and waits, and a person who decides in their account.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Receiver, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, is_active, refresh, refresh_token, token, userinfo};
use super::dpop::{fresh, now, post, proof};
use super::hooks::outlives;
use crate::{server, wide};

pub(super) const GRANT: &str = "urn:openid:params:grant-type:ciba";
pub(super) const ENDPOINT: &str = "backchannel_authentication_endpoint";

/// A server whose clients need not wait long, and may be told of decisions.
pub(super) struct Rig {
    pub(super) receiver: Receiver,
    pub(super) dev: Dev,
}

pub(super) static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let receiver = Receiver::start(|path, before| {
        let fails = path.starts_with("/fail-once") && before == 0;
        Some(match path {
            _ if fails => "503 Service Unavailable".to_owned(),
            _ if path.starts_with("/unauthorized") => "401 Unauthorized".to_owned(),
            _ if path.starts_with("/redirect") => "302 Found\r\nLocation: /elsewhere".to_owned(),
            _ => "204 No Content".to_owned(),
        })
    });
    let (ca, grants) = (receiver.ca_file(), format!("client_credentials,authorization_code,refresh_token,{GRANT}"));
    let settings = [
        ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str()),
        ("CLAIMSMITH_CIBA__INTERVAL", "1 s"),
        ("CLAIMSMITH_CIBA__WAITING_MAX", "200"),
        ("CLAIMSMITH_DEVICE__GUESS_BURST", "3"),
        ("CLAIMSMITH_LOG__FORMAT", "json"),
        ("CLAIMSMITH_FETCH__CA_FILE", &ca),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
    ];
    let dev = Dev::start_with(&[], &settings);
    Rig { receiver, dev }
});

pub(super) fn client(more: Value) -> Registered {
    let mut metadata = json!({
        "grant_types": [GRANT, "refresh_token"], "redirect_uris": [], "client_name": "Cash register", "token_endpoint_auth_method": "client_secret_basic",
        "backchannel_token_delivery_mode": "poll",
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(&RIG.dev, metadata)
}

pub(super) fn ask(client: &Registered, form: &str) -> Reply {
    RIG.dev.post(ENDPOINT, Some(&client.basic()), form)
}

pub(super) fn begin(client: &Registered, form: &str) -> Value {
    let reply = ask(client, form);
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.json()
}

pub(super) fn id(begun: &Value) -> &str {
    begun["auth_req_id"].as_str().unwrap_or_else(|| panic!("no identifier: {begun}"))
}

pub(super) fn poll(client: &Registered, begun: &Value) -> Reply {
    token(&RIG.dev, client, &format!("grant_type={}&auth_req_id={}", encode(GRANT), id(begun)))
}

/// Waits as long as a client has to, and asks.
fn poll_in_time(client: &Registered, begun: &Value, seconds: u64) -> Reply {
    sleep(Duration::from_millis(seconds * 1_000 + 300));
    poll(client, begun)
}

/// The page with what waits for somebody, after a sign-in where one is missing.
fn requests(person: &Person) -> Reply {
    let url = format!("{}/account/requests", RIG.dev.issuer());
    let page = person.go(&url).page();
    let page = if page.body.contains("id=\"page-sign_in\"") { person.sign_in(&page).page() } else { page };
    let page = if page.body.contains("id=\"page-requests\"") { page } else { person.go(&url).page() };
    assert!(page.body.contains("id=\"page-requests\""), "{page:?}");
    page
}

/// A request on the page: the grant begins the identifier.
pub(super) fn row(begun: &Value) -> String {
    use claimsmith_jose::base64url;
    let bytes = base64url::decode(id(begun)).expect("base64url");
    base64url::encode(&bytes[..16])
}

/// Opens a request; what comes next is the page that asks.
pub(super) fn look(person: &Person, begun: &Value) -> Reply {
    person.submit(&requests(person), &[("request", &row(begun)), ("action", "look")]).page()
}

pub(super) fn decide(person: &Person, begun: &Value, action: &str) -> Reply {
    let page = look(person, begun);
    assert!(page.body.contains("id=\"page-consent\""), "{page:?}");
    match action {
        "allow" => person.allow(&page).page(),
        _ => person.submit(&page, &[("action", action)]).page(),
    }
}

pub(super) fn is_done(page: &Reply) -> bool {
    page.status == 200 && page.body.contains("id=\"page-device_done\"")
}

#[test]
fn cib_001_cib_012_cib_013_and_cib_031_a_client_asks_and_gets_an_identifier() {
    assert!(server().metadata().get(ENDPOINT).is_none(), "off where nobody switched it on");
    let metadata = RIG.dev.metadata();
    assert_eq!(metadata["backchannel_token_delivery_modes_supported"], json!(["poll", "ping", "push"]));
    assert_eq!(metadata["backchannel_user_code_parameter_supported"], true);
    let algs = metadata["backchannel_authentication_request_signing_alg_values_supported"].as_array().expect("a list");
    assert!(algs.contains(&json!("ES256")) && !algs.contains(&json!("none")) && !algs.contains(&json!("HS256")));
    let client = client(json!({}));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(300), &json!(1)));
    assert!(id(&begun).len() == 64 && id(&begun).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_ne!(id(&begun), id(&begin(&client, "scope=openid&login_hint=alice")));
    let got = claimsmith_tests::send(RIG.dev.http.get(RIG.dev.url(ENDPOINT)));
    assert_eq!((got.status, got.header("allow")), (405, "POST"), "{got:?}");
}

#[test]
fn cib_002_003_and_011_what_is_refused_and_how() {
    let client = client(json!({}));
    ask(&client, "login_hint=alice").err("invalid_request");
    ask(&client, "scope=read&login_hint=alice").err("invalid_scope");
    ask(&client, "scope=openid+admin&login_hint=alice").err("invalid_scope");
    ask(&client, "scope=openid").err("invalid_request");
    ask(&client, "scope=openid&login_hint=alice&login_hint=alice").err("invalid_request");
    ask(&client, "scope=openid&login_hint=alice&resource=https%3A%2F%2Fother.example").err("invalid_target");
    ask(&app(&RIG.dev, json!({})), "scope=openid&login_hint=alice").err("unauthorized_client");
    RIG.dev.post(ENDPOINT, None, "scope=openid&login_hint=alice").err_with("invalid_client", 401);
    let wrong = claimsmith_tests::basic(&client.client_id, "wrong");
    RIG.dev.post(ENDPOINT, Some(&wrong), "scope=openid&login_hint=alice").err_with("invalid_client", 401);
    token(server(), &server().demo(), &format!("grant_type={}&auth_req_id=x", encode(GRANT))).err("unsupported_grant_type");
    token(&RIG.dev, &app(&RIG.dev, json!({})), &format!("grant_type={}&auth_req_id=x", encode(GRANT))).err("unauthorized_client");
    token(&RIG.dev, &client, &format!("grant_type={}", encode(GRANT))).err("invalid_request");
}

#[test]
fn cib_011_a_plugin_that_refuses_is_heard_and_one_that_fails_burns_nothing() {
    let client = client(json!({ "backchannel_user_code_parameter": false }));
    let plugin = super::hooks::install(&RIG.dev);
    let bound = |configuration: &Value| {
        let binding = json!({ "plugin": plugin, "configuration": configuration, "permissions": ["user:email", "skip_consent", "claim:*"] });
        let reply = RIG.dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].to_string().trim_matches('"').to_owned()
    };
    let refusing = bound(&super::hooks::at("backchannel_notification", "refuse"));
    ask(&client, "scope=openid&login_hint=alice").err_with("access_denied", 403);
    super::hooks::unbind(&RIG.dev, &refusing);
    let failing = bound(&super::hooks::at("backchannel_notification", "fails"));
    ask(&client, "scope=openid&login_hint=alice").err_with("server_error", 500);
    super::hooks::unbind(&RIG.dev, &failing);
    begin(&client, "scope=openid&login_hint=alice");
}

#[test]
fn cib_004_and_cib_005_a_hint_names_somebody_who_is_there() {
    let (client, other, alice) = (client(json!({})), client(json!({})), Person::alice(&RIG.dev));
    ask(&client, "scope=openid&login_hint=nobody").err("unknown_user_id");
    let begun = begin(&client, "scope=openid&login_hint=alice");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let reply = poll(&client, &begun);
    reply.okt();
    let id_token = reply.json()["id_token"].as_str().expect("an ID token").to_owned();
    let hint = format!("scope=openid&id_token_hint={id_token}");
    let begun = begin(&client, &hint);
    assert!(look(&alice, &begun).body.contains("id=\"page-consent\""), "it is hers");
    ask(&other, &hint).err("invalid_request");
    ask(&client, "scope=openid&id_token_hint=x.y.z").err("invalid_request");
    ask(&client, "scope=openid&login_hint_token=x.y.z").err("invalid_request");
}

#[test]
fn cib_004_what_a_trusted_issuer_says_names_somebody_while_it_lasts() {
    let (client, other, alice) = (client(json!({})), client(json!({})), Person::alice(&RIG.dev));
    let (key, issuer) = (AssertionKey::generate(SigningAlg::Es256), format!("https://hints-{}.example", fresh()));
    let trusted = json!({
        "issuer": issuer, "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["login_hint"],
        "clients": [client.client_id], "scopes": [], "subjects": "username", "username_claim": "preferred_username",
    });
    let made = RIG.dev.admin_post("/trusted-issuers", &trusted);
    assert_eq!(made.status, 201, "{made:?}");
    let hint = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({
            "iss": issuer, "aud": RIG.dev.issuer(), "sub": "7", "preferred_username": "alice", "iat": now(), "exp": now() + 60, "jti": fresh(),
        });
        change(&mut claims);
        format!("scope=openid&login_hint_token={}", key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims))
    };
    let begun = begin(&client, &hint(&|_| ()));
    assert!(look(&alice, &begun).body.contains("id=\"page-consent\""));
    ask(&client, &hint(&|claims| claims["exp"] = json!(now() - 600))).err("expired_login_hint_token");
    ask(&client, &hint(&|claims| claims["preferred_username"] = json!("nobody"))).err("unknown_user_id");
    ask(&client, &hint(&|claims| claims["aud"] = json!("https://other.example"))).err("invalid_request");
    ask(&other, &hint(&|_| ())).err("invalid_request");
}

#[test]
fn cib_007_what_both_devices_show_is_shown() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    ask(&client, "scope=openid&login_hint=alice&binding_message=%E2%80%AE").err("invalid_binding_message");
    let begun = begin(&client, "scope=openid&login_hint=alice&binding_message=Till+3+%E2%82%AC+12");
    assert!(requests(&alice).body.contains("Till 3 € 12"));
    let page = look(&alice, &begun);
    assert!(page.body.contains("Till 3 € 12") && page.body.contains("Cash register"), "{page:?}");
}

#[test]
fn cib_008_a_code_of_the_persons_is_asked_for_and_not_guessed() {
    let client = client(json!({ "backchannel_user_code_parameter": true }));
    let bob = Person::bob(&RIG.dev);
    let hint = "scope=openid&login_hint=bob";
    ask(&client, hint).err("missing_user_code");
    ask(&client, &format!("{hint}&user_code=4711")).err("invalid_user_code");
    let page = requests(&bob);
    assert!(bob.submit(&page, &[("request_code", "123"), ("action", "set_code")]).page().body.contains("id=\"complaints\""));
    assert!(bob.submit(&page, &[("request_code", "4711"), ("action", "set_code")]).page().body.contains("id=\"remove-code\""));
    begin(&client, &format!("{hint}&user_code=4711"));
    let answers: Vec<Reply> = (0..4).map(|number| ask(&client, &format!("{hint}&user_code=471{}", number + 2))).collect();
    assert_eq!(answers.last().map(|reply| reply.status), Some(429), "{answers:?}");
    assert_eq!(ask(&client, &format!("{hint}&user_code=4711")).status, 429, "nobody looks any more");
    assert!(!bob.submit(&requests(&bob), &[("action", "remove_code")]).page().body.contains("id=\"remove-code\""));
}

#[test]
fn cib_009_a_client_says_how_long_and_hears_how_long() {
    let client = client(json!({}));
    let lasts = |more: &str| begin(&client, &format!("scope=openid&login_hint=alice{more}"))["expires_in"].clone();
    assert_eq!((lasts("&requested_expiry=60"), lasts("&requested_expiry=99999")), (json!(60), json!(900)));
    ask(&client, "scope=openid&login_hint=alice&requested_expiry=0").err("invalid_request");
}

#[test]
fn cib_010_017_and_028_a_person_says_yes_and_the_client_goes_on() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid+offline_access+read&login_hint=alice&acr_values=unknown+urn:claimsmith:acr:password");
    poll(&client, &begun).err("authorization_pending");
    let done = decide(&alice, &begun, "allow");
    assert!(is_done(&done) && done.body.contains("Cash register"), "{done:?}");
    let reply = poll_in_time(&client, &begun, 1);
    let access_token = reply.okt();
    let id_token = RIG.dev.decode(reply.json()["id_token"].as_str().expect("an ID token"));
    assert!(["nonce", "sid", "c_hash", "s_hash"].iter().all(|name| id_token.claims.get(*name).is_none()), "{:?}", id_token.claims);
    assert!(id_token.claims["acr"].is_string(), "{:?}", id_token.claims);
    assert!(id_token.claims.keys().all(|name| !name.starts_with("urn:openid:params:jwt:claim")));
    assert_eq!(userinfo(&RIG.dev, &access_token).status, 200);
    let renewed = refresh(&RIG.dev, &client, &refresh_token(&reply), "").okt();
    poll_in_time(&client, &begun, 1).err("invalid_grant");
    assert!(!is_active(&RIG.dev, &client, &access_token) && !is_active(&RIG.dev, &client, &renewed), "twice is in two hands");
}

#[test]
fn cib_018_who_is_too_fast_waits_longer() {
    let client = client(json!({}));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    poll(&client, &begun).err("authorization_pending");
    poll(&client, &begun).err("slow_down");
    poll_in_time(&client, &begun, 2).err("slow_down");
    poll_in_time(&client, &begun, 11).err("authorization_pending");
}

fn expire(client: &Registered) {
    let url = RIG.dev.info["database_url"].as_str().expect("a URL");
    let statement = format!("UPDATE deferred SET expires_at = now() - interval '1 s' WHERE client_id = '{}'", client.client_id);
    assert!(std::process::Command::new("psql").args([url, "--quiet", "--command", &statement]).status().expect("psql").success());
}

#[test]
fn cib_020_a_no_and_a_silence_are_told() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    let done = decide(&alice, &begun, "deny");
    assert!(is_done(&done), "{done:?}");
    poll(&client, &begun).err("access_denied");
    // The page refuses as well.
    let begun = begin(&client, "scope=openid&login_hint=alice");
    alice.submit(&requests(&alice), &[("request", &row(&begun)), ("action", "refuse")]).page();
    poll(&client, &begun).err("access_denied");
    let begun = begin(&client, "scope=openid&login_hint=alice");
    let page = look(&alice, &begun);
    expire(&client);
    poll(&client, &begun).err("expired_token");
    let late = alice.submit(&page, &[("scope", "openid"), ("action", "allow")]).page();
    assert!(late.body.contains("id=\"page-error\"") && late.status == 400, "{late:?}");
}

#[test]
fn cib_021_an_identifier_in_other_hands_is_nothing() {
    let (client, other, alice) = (client(json!({})), client(json!({})), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    poll(&other, &begun).err("invalid_grant");
    token(&RIG.dev, &client, &format!("grant_type={}&auth_req_id={}", encode(GRANT), "A".repeat(64))).err("invalid_grant");
    token(&RIG.dev, &client, &format!("grant_type={}&auth_req_id=x", encode(GRANT))).err("invalid_grant");
    poll(&client, &begun).okt();
    poll_in_time(&client, &begun, 1).err("invalid_grant");
}

#[test]
fn only_the_one_who_is_named_is_asked() {
    let (client, alice, bob) = (client(json!({})), Person::alice(&RIG.dev), Person::bob(&RIG.dev));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    assert!(requests(&alice).body.contains(&row(&begun)) && !requests(&bob).body.contains(&row(&begun)));
    let page = bob.submit(&requests(&bob), &[("request", &row(&begun)), ("action", "look")]).page();
    assert!(page.body.contains("id=\"page-error\""), "{page:?}");
    bob.submit(&requests(&bob), &[("request", &row(&begun)), ("action", "refuse")]).page();
    poll(&client, &begun).err("authorization_pending");
    let url = format!("{}/account/requests", RIG.dev.issuer());
    let forged = alice.post(&url, &format!("request={}&action=refuse", row(&begun)));
    assert_eq!(forged.status, 403, "{forged:?}");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let sub = RIG.dev.command_json(&["user", "show", "alice"])["user_id"].clone();
    assert_eq!(userinfo(&RIG.dev, &poll_in_time(&client, &begun, 1).okt()).json()["sub"], sub);
}

#[test]
fn cib_033_every_request_has_a_prompt_of_its_own_and_nobody_is_worn_down() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    let (first, second) = (begin(&client, "scope=openid&login_hint=alice"), begin(&client, "scope=openid&login_hint=alice"));
    assert!(is_done(&decide(&alice, &first, "allow")), "agreed once");
    poll(&client, &second).err("authorization_pending");
    assert!(look(&alice, &second).body.contains("id=\"page-consent\""), "agreed to before is not agreed to now");
    let dev = Dev::start_with(
        &[],
        &[
            ("CLAIMSMITH_GRANTS__ENABLED", &format!("client_credentials,authorization_code,refresh_token,{GRANT}")),
            ("CLAIMSMITH_CIBA__WAITING_MAX", "2"),
        ],
    );
    let eager = app(&dev, json!({ "grant_types": [GRANT], "redirect_uris": [], "backchannel_token_delivery_mode": "poll" }));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || dev.post(ENDPOINT, Some(&eager.basic()), "scope=openid&login_hint=alice").status;
        let all: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
    dev.post(ENDPOINT, Some(&eager.basic()), "scope=openid&login_hint=alice").err_with("access_denied", 403);
}

#[test]
fn cib_014_and_cib_015_signed_requests_are_all_that_counts() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let signs = json!({ "jwks": key.jwks(), "backchannel_authentication_request_signing_alg": "ES256" });
    let (client, other) = (client(signs.clone()), client(signs));
    ask(&client, "scope=openid&login_hint=alice").err("invalid_request");
    let object = |by: &AssertionKey, change: &dyn Fn(&mut Value)| {
        let mut claims = json!({
            "iss": client.client_id, "aud": RIG.dev.issuer(), "exp": now() + 60, "iat": now(), "nbf": now(), "jti": fresh(),
            "scope": "openid", "login_hint": "alice", "requested_expiry": 30,
        });
        change(&mut claims);
        let header = json!({ "alg": by.jwks()["keys"][0]["alg"], "kid": by.kid(), "typ": "oauth-authz-req+jwt" });
        format!("request={}", by.sign(&header, &claims))
    };
    let begun = begin(&client, &object(&key, &|_| ()));
    assert_eq!(begun["expires_in"], 30, "CIB-009: a number");
    assert_eq!(begin(&client, &object(&key, &|claims| claims["requested_expiry"] = json!("20")))["expires_in"], 20);
    for claim in ["iss", "aud", "exp", "iat", "nbf", "jti", "scope", "login_hint"] {
        let without = object(&key, &|claims| drop(claims.as_object_mut().expect("claims").remove(claim)));
        let reply = ask(&client, &without);
        assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_request")), "{claim}");
    }
    for (claim, value) in [
        ("exp", json!(now() + 4_200)),
        ("nbf", json!(now() - 4_200)),
        ("nbf", json!(now() + 600)),
        ("aud", json!("https://other.example")),
        ("iss", json!(other.client_id)),
        ("requested_expiry", json!(-1)),
        ("requested_expiry", json!(0)),
    ] {
        let reply = ask(&client, &object(&key, &|claims| claims[claim] = value.clone()));
        assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_request")), "{claim}: {value}");
    }
    ask(&client, &format!("{}&login_hint=bob", object(&key, &|_| ()))).err("invalid_request");
    ask(&client, &object(&AssertionKey::generate(SigningAlg::Es256), &|_| ())).err("invalid_request");
    ask(&client, &object(&AssertionKey::generate(SigningAlg::Rs256), &|_| ())).err("invalid_request");
    ask(&client, "request=eyJhbGciOiJub25lIn0.e30.").err("invalid_request");
    ask(&other, &object(&key, &|_| ())).err("invalid_request");
    // It counts once.
    let twice = object(&key, &|_| ());
    begin(&client, &twice);
    ask(&client, &twice).err("invalid_request");
}

#[test]
fn cib_016_nothing_comes_by_reference() {
    let client = client(json!({}));
    ask(&client, "scope=openid&login_hint=alice&request_uri=https%3A%2F%2Fapp.example%2Fr").err("invalid_request");
    begin(&client, "scope=openid&login_hint=alice&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&nonce=n&state=s");
}

#[test]
fn cib_034_fapi_wants_more() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let fapi = |more: Value| {
        let mut metadata = json!({
            "grant_types": [GRANT], "profile": "fapi2_security", "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
            "dpop_bound_access_tokens": true, "backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": "ES256",
            "scope": "openid",
        });
        for (name, value) in more.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        RIG.dev.admin_post("/clients", &metadata)
    };
    assert_eq!(fapi(json!({})).status, 201);
    for bad in [
        json!({ "backchannel_token_delivery_mode": "push", "backchannel_client_notification_endpoint": "https://app.example/n" }),
        json!({ "backchannel_authentication_request_signing_alg": null }),
        json!({ "dpop_bound_access_tokens": false }),
        json!({ "backchannel_authentication_request_signing_alg": "RS256" }),
    ] {
        let reply = fapi(bad.clone());
        assert_eq!(reply.status, 422, "{bad}: {reply:?}");
    }
}

#[test]
fn cib_035_tokens_are_bound_to_the_key_that_asks_for_them() {
    let (client, alice) = (client(json!({ "dpop_bound_access_tokens": true })), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid+read&login_hint=alice");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let (key, url) = (AssertionKey::generate(SigningAlg::Es256), RIG.dev.url("token_endpoint"));
    let form = format!("grant_type={}&auth_req_id={}", encode(GRANT), id(&begun));
    token(&RIG.dev, &client, &form).err("invalid_dpop_proof");
    let reply = post(&RIG.dev, url, Some(&client), &[&proof(&key, url, |_| ())], &form);
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("DPoP")), "nothing was spent without a proof: {reply:?}");
    assert_eq!(RIG.dev.decode(reply.json()["access_token"].as_str().expect("a token")).claims["cnf"], json!({ "jkt": key.kid() }));
    assert_eq!(
        userinfo(&RIG.dev, reply.json()["access_token"].as_str().expect("a token")).status,
        401,
        "without the key it is worth nothing"
    );
}

#[test]
fn details_are_shown_agreed_to_and_told() {
    let (client, alice) = (client(json!({ "authorization_details_types": ["payment"] })), Person::alice(&RIG.dev));
    let details = json!([{ "type": "payment", "amount": "12.50", "creditor": "Merchant A" }]);
    let begun = begin(&client, &format!("scope=openid&login_hint=alice&authorization_details={}", encode(&details.to_string())));
    let page = look(&alice, &begun);
    assert!(page.body.contains("Merchant A"), "{page:?}");
    assert!(is_done(&alice.allow(&page).page()));
    let reply = poll(&client, &begun);
    let access = RIG.dev.decode(&reply.okt());
    assert_eq!((&reply.json()["authorization_details"], &access.claims["authorization_details"]), (&details, &details));
}

#[test]
fn plg_009_a_waiting_client_outlives_every_hook_that_refuses_or_fails() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid+offline_access&login_hint=alice");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let send = || poll_in_time(&client, &begun, 1);
    outlives(&RIG.dev, &client, &["access_token", "id_token", "token_response"], "backchannel", &send);
    send().okt();
}

#[test]
fn fifty_questions_at_once_have_one_winner() {
    let (client, alice) = (client(json!({})), Person::alice(&RIG.dev));
    let begun = begin(&client, "scope=openid&login_hint=alice");
    assert!(is_done(&decide(&alice, &begun, "allow")));
    let wins = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| poll(&client, &begun).status)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).filter(|status| *status == 200).count()
    });
    assert_eq!(wins, 1);
}

#[test]
fn nothing_of_it_goes_where_it_does_not_belong() {
    let client = client(json!({}));
    let begun = begin(&client, "scope=openid&login_hint=alice&binding_message=SECRET-W4SCT");
    poll(&client, &begun).err("authorization_pending");
    let log = RIG.dev.log();
    assert!(!log.contains(id(&begun)) && !log.contains("SECRET-W4SCT"));
    assert!(wide().metadata()["grant_types_supported"].as_array().expect("a list").contains(&json!(GRANT)));
}
