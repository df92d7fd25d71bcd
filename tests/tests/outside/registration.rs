//! Clients that register themselves, over the wire (RFC 7591, RFC 7592).

use std::sync::LazyLock;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Receiver, Registered, Reply, send, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, code, redeem, refresh, refresh_token};

/// A server where everybody may register.
fn open() -> &'static Dev {
    static OPEN: LazyLock<Dev> =
        LazyLock::new(|| Dev::start_with(&[], &[("CLAIMSMITH_REGISTRATION__MODE", "open"), ("CLAIMSMITH_REGISTRATION__BURST", "10000")]));
    &OPEN
}

fn call(dev: &Dev, method: Method, url: &str, token: Option<&str>, body: Option<&str>) -> Reply {
    let mut request = dev.http.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    send(request)
}

fn register(dev: &Dev, token: Option<&str>, metadata: &Value) -> Reply {
    call(dev, Method::POST, dev.url("registration_endpoint"), token, Some(&metadata.to_string()))
}

fn minimal() -> Value {
    json!({ "redirect_uris": [CALLBACK] })
}

/// The members of a registration that was let through.
fn made(reply: &Reply) -> Value {
    assert_eq!(
        (reply.status, reply.header("cache-control"), reply.header("content-type")),
        (201, "no-store", "application/json"),
        "{reply:?}"
    );
    reply.json()
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or_else(|| panic!("no {name}: {document}"))
}

fn client_of(document: &Value) -> Registered {
    Registered { client_id: text(document, "client_id").to_owned(), client_secret: document["client_secret"].as_str().map(str::to_owned) }
}

/// What the client's own address answers.
fn manage(dev: &Dev, method: Method, document: &Value, body: Option<&Value>) -> Reply {
    let body = body.map(Value::to_string);
    call(dev, method, text(document, "registration_client_uri"), Some(text(document, "registration_access_token")), body.as_deref())
}

/// What a client sends with an update: what it was shown, without what is the server's.
fn update_of(shown: &Value) -> Value {
    let mut update = shown.clone();
    for name in ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"] {
        update.as_object_mut().expect("an object").remove(name);
    }
    update
}

#[test]
fn dcr_001_dcr_002_dcr_007_dcr_013_and_dcr_022_a_minimal_registration_is_a_client_that_works() {
    let (dev, sent) = (open(), minimal());
    let document = made(&register(dev, None, &sent));
    for (name, value) in [
        ("redirect_uris", json!([CALLBACK])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["authorization_code"])),
        ("response_types", json!(["code"])),
        ("application_type", json!("web")),
        ("client_secret_expires_at", json!(0)),
    ] {
        assert_eq!(document[name], value, "{name}: {document}");
    }
    assert!(document["client_id_issued_at"].as_u64().is_some_and(|at| at > 1_700_000_000));
    assert!(text(&document, "registration_client_uri").starts_with(dev.issuer()));
    assert!(document.get("tags").is_none() && document.get("version").is_none(), "{document}");
    let again = made(&register(dev, None, &sent));
    let (one, other) = (text(&document, "client_id"), text(&again, "client_id"));
    assert!(one != other && one.len() >= 22 && !one.starts_with("https://") && !one.starts_with("usr_"));
    assert_ne!(document["registration_access_token"], again["registration_access_token"]);
    let client = client_of(&document);
    let landed = code(dev, &Person::alice(dev), &client, "&scope=openid");
    redeem(dev, &client, &landed, "").okt();
}

#[test]
fn dcr_002_who_has_no_secret_is_given_none() {
    let mut sent = minimal();
    sent["token_endpoint_auth_method"] = json!("none");
    let document = made(&register(open(), None, &sent));
    assert!(document.get("client_secret").is_none() && document.get("client_secret_expires_at").is_none(), "{document}");
}

#[test]
fn dcr_004_dcr_005_dcr_019_and_dcr_020_what_is_wrong_is_refused_with_its_code() {
    let with = |name: &str, value: Value| {
        let mut sent = minimal();
        sent[name] = value;
        sent
    };
    let redirect = "invalid_redirect_uri";
    let metadata = "invalid_client_metadata";
    let ec = json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let mut private = ec.clone();
    private["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
    for (sent, code) in [
        (json!({}), redirect),
        (with("redirect_uris", json!([])), redirect),
        (with("redirect_uris", json!(["https://app.example/cb#f"])), redirect),
        (with("redirect_uris", json!(["javascript:alert(1)"])), redirect),
        (with("redirect_uris", json!(["http://app.example/cb"])), redirect),
        (with("redirect_uris", json!("https://app.example/cb")), redirect),
        (with("redirect_uris", json!([1])), redirect),
        (with("grant_types", json!(["client_credentials"])), metadata),
        (with("grant_types", json!(["authorization_code", "wish"])), metadata),
        (with("response_types", json!(["code", "wish"])), metadata),
        (with("response_types", json!(["id_token"])), metadata),
        (with("token_endpoint_auth_method", json!("wish")), metadata),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), metadata),
        (with("jwks_uri", json!("http://app.example/jwks")), metadata),
        (with("jwks", json!({ "keys": [private] })), metadata),
        (json!({ "redirect_uris": [CALLBACK], "jwks": { "keys": [ec] }, "jwks_uri": "https://app.example/jwks" }), metadata),
        (with("id_token_signed_response_alg", json!("none")), metadata),
        (with("id_token_encrypted_response_enc", json!("A128GCM")), metadata),
        (with("application_type", json!("mainframe")), metadata),
        (with("subject_type", json!("secret")), metadata),
        (with("client_name", json!(7)), metadata),
        (with("client_name#de", json!(7)), metadata),
        (with("scope", json!(["openid"])), metadata),
        (with("scope", json!("open\"id")), metadata),
        (with("logo_uri", json!("javascript:alert(1)")), metadata),
        (with("tos_uri", json!("https://bank.example/terms")), metadata),
        (with("initiate_login_uri", json!("http://app.example/login")), metadata),
        (with("request_uris", json!(["http://app.example/r"])), metadata),
        (with("default_max_age", json!("soon")), metadata),
        (with("require_auth_time", json!("yes")), metadata),
        (with("default_acr_values", json!("high")), metadata),
        (with("dpop_bound_access_tokens", json!("yes")), metadata),
        (with("tls_client_auth_san_ip", json!("host")), metadata),
        (with("post_logout_redirect_uris", json!(["javascript:x"])), metadata),
        (with("backchannel_logout_uri", json!("http://app.example/out")), metadata),
        (with("frontchannel_logout_uri", json!("https://bank.example/out")), metadata),
        (with("userinfo_signed_response_alg", json!("none")), metadata),
        (with("authorization_signed_response_alg", json!("none")), metadata),
        (with("request_object_signing_alg", json!("none")), metadata),
        (with("sector_identifier_uri", json!("https://127.0.0.1:9/s")), metadata),
    ] {
        let reply = register(open(), None, &sent);
        assert_eq!(reply.json()["error"], code, "{sent}: {reply:?}");
        reply.err(code);
    }
    for body in ["", "[]", "null", "7", "\"x\"", "{", "{\"a\":1,\"a\":2}", "{\"redirect_uris\":", "\u{0}"] {
        call(open(), Method::POST, open().url("registration_endpoint"), None, Some(body)).err("invalid_client_metadata");
    }
    let form =
        send(open().http.post(open().url("registration_endpoint")).header("content-type", "application/x-www-form-urlencoded").body("a=b"));
    form.err("invalid_client_metadata");
}

#[test]
fn dcr_006_dcr_008_dcr_009_dcr_011_dcr_020_and_dcr_021_what_is_kept_is_shown_and_counts() {
    let dev = open();
    let sent = json!({
        "redirect_uris": [CALLBACK], "client_name": "Shop", "client_name#ja": "店", "foo": "bar", "scope": "openid email admin",
        "logo_uri": "https://app.example/logo.png", "policy_uri": "https://app.example/policy", "tos_uri": "https://app.example/tos",
        "client_uri": "https://app.example", "software_id": "4711", "software_version": "2", "contacts": ["ops@app.example"],
        "default_max_age": 3600, "require_auth_time": true, "post_logout_redirect_uris": ["https://app.example/bye"],
        "backchannel_logout_uri": "https://app.example/out", "frontchannel_logout_uri": "https://app.example/front",
        "initiate_login_uri": "https://app.example/login", "require_pushed_authorization_requests": true, "consent": "implied",
    });
    let document = made(&register(dev, None, &sent));
    for (name, value) in sent.as_object().expect("an object") {
        match name.as_str() {
            "foo" | "consent" => assert!(document.get(name).is_none(), "{name}"),
            "scope" => assert_eq!(document[name], "openid email"),
            _ => assert_eq!(document[name], *value, "{name}"),
        }
    }
    let shown = manage(dev, Method::GET, &document, None);
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
    let mut expected = document.clone();
    expected.as_object_mut().expect("an object").remove("client_secret");
    assert_eq!(shown.json(), expected);
    let client = client_of(&document);
    let push = |scope: &str| {
        let form = format!("{}&scope={scope}", super::code_flow::request(dev, &client, "").split_once('?').expect("a query").1);
        dev.post("pushed_authorization_request_endpoint", Some(&client.basic()), &form)
    };
    assert_eq!(push("openid").status, 201);
    push("admin").err("invalid_scope");
}

#[test]
fn dcr_003_a_protected_server_wants_an_initial_access_token() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_REGISTRATION__MODE", "token")]);
    let refused = |token: Option<&str>| {
        let reply = register(&dev, token, &minimal());
        assert_eq!(reply.status, 401, "{reply:?}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{reply:?}");
    };
    refused(None);
    refused(Some("csit_wrong"));
    let token = dev.command_json(&["registration-token", "create", "partner", "--uses", "2"]);
    let token = text(&token, "token");
    // What cannot be registered uses nothing up.
    register(&dev, Some(token), &json!({})).err("invalid_redirect_uri");
    let first = made(&register(&dev, Some(token), &minimal()));
    let parallel: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| register(&dev, Some(token), &minimal()).status)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a status")).collect()
    });
    assert_eq!(parallel.iter().filter(|status| **status == 201).count(), 1, "{parallel:?}");
    refused(Some(token));
    let list = dev.command_json(&["registration-token", "list"]);
    assert_eq!((&list["items"][0]["name"], &list["items"][0]["uses_left"]), (&json!("partner"), &json!(0)), "{list}");
    assert!(!list.to_string().contains(token));
    let short = dev.command_json(&["registration-token", "create", "short", "--expires-in", "1"]);
    wait_for("the token to expire", || register(&dev, Some(text(&short, "token")), &minimal()).status == 401);
    let gone = dev.command_json(&["registration-token", "create", "gone"]);
    made(&register(&dev, Some(text(&gone, "token")), &minimal()));
    dev.command_json(&["registration-token", "revoke", "gone"]);
    refused(Some(text(&gone, "token")));
    // A client's own token registers nothing, and an initial one reads nothing.
    refused(Some(text(&first, "registration_access_token")));
    assert_eq!(call(&dev, Method::GET, text(&first, "registration_client_uri"), Some(token), None).status, 401);
}

#[test]
fn dcr_003_registrations_from_one_address_are_limited() {
    let dev = Dev::start_with(
        &["--no-demo"],
        &[
            ("CLAIMSMITH_REGISTRATION__MODE", "open"),
            ("CLAIMSMITH_REGISTRATION__BURST", "2"),
            ("CLAIMSMITH_REGISTRATION__CLIENTS_MAX", "2"),
        ],
    );
    made(&register(&dev, None, &minimal()));
    made(&register(&dev, None, &minimal()));
    let reply = register(&dev, None, &minimal());
    reply.err_with("too_many_requests", 429);
    assert!(!reply.header("retry-after").is_empty());
    let token = dev.command_json(&["registration-token", "create", "more"]);
    let full = register(&dev, Some(text(&token, "token")), &minimal());
    assert_eq!(full.status, 503, "{full:?}");
}

#[test]
fn dcr_014_dcr_015_and_dcr_017_a_client_looks_after_its_own_registration() {
    let dev = open();
    let sent =
        json!({ "redirect_uris": [CALLBACK], "client_name": "Old", "logo_uri": "https://app.example/l.png", "client_name#de": "Alt" });
    let document = made(&register(dev, None, &sent));
    let mut update = update_of(&document);
    update["client_name"] = json!("New");
    update.as_object_mut().expect("an object").remove("logo_uri");
    update.as_object_mut().expect("an object").remove("client_name#de");
    let reply = manage(dev, Method::PUT, &document, Some(&update));
    assert_eq!(reply.status, 200, "{reply:?}");
    let changed = reply.json();
    assert_eq!(changed["client_name"], "New");
    assert!(changed.get("logo_uri").is_none() && changed.get("client_name#de").is_none(), "{changed}");
    assert!(changed.get("client_secret").is_none(), "a secret is shown once");
    assert_eq!(changed["registration_access_token"], document["registration_access_token"], "it never changes");
    let client = client_of(&document);
    redeem(dev, &client, &code(dev, &Person::alice(dev), &client, "&scope=openid"), "").okt();
    for (name, value) in [
        ("registration_access_token", json!("x")),
        ("registration_client_uri", json!("https://app.example")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(0)),
        ("client_id", json!("other")),
        ("client_secret", json!("chosen-by-the-client-itself-and-long-enough")),
        ("redirect_uris", json!([])),
    ] {
        let mut wrong = update.clone();
        wrong[name] = value;
        let code = if name == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" };
        manage(dev, Method::PUT, &document, Some(&wrong)).err(code);
    }
    let mut nameless = update.clone();
    nameless.as_object_mut().expect("an object").remove("client_id");
    manage(dev, Method::PUT, &document, Some(&nameless)).err("invalid_client_metadata");
    let other = made(&register(dev, None, &minimal()));
    let swapped = |token: Option<&str>, url: &str| {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = (method == Method::PUT).then(|| update.to_string());
            let reply = call(dev, method, url, token, body.as_deref());
            assert_eq!(reply.status, 401, "{reply:?}");
            assert!(reply.header("www-authenticate").starts_with("Bearer"), "{reply:?}");
        }
    };
    let url = text(&document, "registration_client_uri");
    swapped(None, url);
    swapped(Some("csrt_wrong"), url);
    swapped(Some(text(&other, "registration_access_token")), url);
    swapped(Some(text(&document, "registration_access_token")), &format!("{url}x"));
    assert_eq!(manage(dev, Method::GET, &document, None).status, 200);
}

#[test]
fn dcr_016_a_deleted_client_takes_everything_with_it() {
    let dev = open();
    let sent = json!({ "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"] });
    let document = made(&register(dev, None, &sent));
    let client = client_of(&document);
    let code_now = code(dev, &Person::alice(dev), &client, "&scope=openid%20offline_access&prompt=consent");
    let tokens = redeem(dev, &client, &code_now, "");
    let access = tokens.okt();
    let refreshed = refresh_token(&tokens);
    let gone = manage(dev, Method::DELETE, &document, None);
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(manage(dev, Method::GET, &document, None).status, 401);
    refresh(dev, &client, &refreshed, "").err_with("invalid_client", 401);
    assert_eq!(send(dev.http.get(dev.url("userinfo_endpoint")).bearer_auth(&access)).status, 401);
}

#[test]
fn dcr_018_the_token_of_a_registration_is_none_elsewhere() {
    let document = made(&register(open(), None, &minimal()));
    let token = text(&document, "registration_access_token");
    assert_eq!(send(open().http.get(open().url("userinfo_endpoint")).bearer_auth(token)).status, 401);
    let client = client_of(&document);
    let reply = open().post("introspection_endpoint", Some(&client.basic()), &format!("token={token}"));
    assert_eq!(reply.json(), json!({ "active": false }));
}

#[test]
fn dcr_023_a_profile_of_the_server_refuses_weak_methods() {
    let dev = Dev::start_with(
        &["--no-demo"],
        &[("CLAIMSMITH_REGISTRATION__MODE", "open"), ("CLAIMSMITH_REGISTRATION__PROFILE", "fapi2_security")],
    );
    let mut sent = minimal();
    sent["dpop_bound_access_tokens"] = json!(true);
    register(&dev, None, &sent).err("invalid_client_metadata");
    let key = AssertionKey::generate(SigningAlg::EdDsa);
    sent["token_endpoint_auth_method"] = json!("private_key_jwt");
    sent["jwks"] = key.jwks();
    made(&register(&dev, None, &sent));
    sent["dpop_bound_access_tokens"] = json!(false);
    register(&dev, None, &sent).err("invalid_client_metadata");
}

#[test]
fn dcr_024_what_is_off_is_not_there() {
    let dev = crate::server();
    assert!(dev.metadata().get("registration_endpoint").is_none());
    let url = format!("{}/oauth2/register", dev.issuer());
    assert_eq!(call(dev, Method::POST, &url, None, Some(&minimal().to_string())).status, 404);
    assert_eq!(call(dev, Method::GET, &format!("{url}/demo"), Some("csrt_x"), None).status, 404);
}

#[test]
fn dcr_010_software_statements_count_when_a_trusted_issuer_signed_them() {
    let dev = open();
    let (trusted, other) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let trust = json!({ "issuer": "https://statements.example", "jwks": trusted.jwks(), "algorithms": ["ES256"], "purposes": ["software_statement"] });
    assert_eq!(dev.admin_post("/trusted-issuers", &trust).status, 201);
    let statement = |key: &AssertionKey, issuer: &str| {
        let claims = json!({ "iss": issuer, "client_name": "Certified", "software_id": "4711", "scope": "openid", "client_id": "fake" });
        key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &claims)
    };
    let sent = |statement: &str| json!({ "redirect_uris": [CALLBACK], "client_name": "Mine", "software_statement": statement });
    let good = statement(&trusted, "https://statements.example");
    let document = made(&register(dev, None, &sent(&good)));
    for (name, value) in [("client_name", "Certified"), ("software_id", "4711"), ("scope", "openid"), ("software_statement", &good)] {
        assert_eq!(document[name], value, "{document}");
    }
    assert_ne!(document["client_id"], "fake");
    register(dev, None, &sent(&statement(&other, "https://statements.example"))).err("invalid_software_statement");
    register(dev, None, &sent("no.jws.at-all")).err("invalid_software_statement");
    register(dev, None, &sent(&statement(&other, "https://nobody.example"))).err("unapproved_software_statement");
    // Who was registered with a statement is held to it.
    let mut update = update_of(&document);
    update["client_name"] = json!("Somebody Else");
    update.as_object_mut().expect("an object").remove("software_statement");
    let changed = manage(dev, Method::PUT, &document, Some(&update));
    assert_eq!((changed.status, &changed.json()["client_name"]), (200, &json!("Certified")), "{changed:?}");
}

#[test]
fn dcr_010_a_server_can_want_a_statement() {
    let environment = [("CLAIMSMITH_REGISTRATION__MODE", "open"), ("CLAIMSMITH_REGISTRATION__REQUIRE_SOFTWARE_STATEMENT", "true")];
    let dev = Dev::start_with(&["--no-demo"], &environment);
    register(&dev, None, &minimal()).err("invalid_software_statement");
}

#[test]
fn dcr_012_keys_are_not_fetched_from_private_networks() {
    let receiver = Receiver::start(|_, _| Some("404 Not Found".to_owned()));
    receiver.serve("/jwks", "application/json", "{\"keys\":[]}");
    let ca = receiver.ca_file();
    let start = |networks: &str| {
        let environment = [
            ("CLAIMSMITH_REGISTRATION__MODE", "open"),
            ("CLAIMSMITH_FETCH__CA_FILE", &*ca),
            ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", networks),
        ];
        Dev::start_with(&["--no-demo"], &environment)
    };
    let authenticate = |dev: &Dev, host: &str| {
        let url = url_at(&receiver, host);
        let sent = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": url });
        let document = made(&register(dev, None, &sent));
        let id = text(&document, "client_id");
        let assertion = AssertionKey::generate(SigningAlg::Es256).assertion(id, dev.issuer(), &url);
        let form = format!(
            "grant_type=authorization_code&code=x&client_id={id}&client_assertion={assertion}\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        dev.post("token_endpoint", None, &form).err_with("invalid_client", 401);
    };
    let closed = start("192.0.2.0/24");
    for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"] {
        authenticate(&closed, host);
    }
    assert!(receiver.received("/jwks").is_empty());
    drop(closed);
    authenticate(&start("127.0.0.1"), "127.0.0.1");
    assert!(!receiver.received("/jwks").is_empty(), "it is the network that keeps it from being fetched");
}

/// A key set at the receiver's port, under another name for its host.
fn url_at(receiver: &Receiver, host: &str) -> String {
    let url = receiver.url("/jwks");
    let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port");
    format!("https://{host}:{port}/jwks")
}

#[test]
fn plg_009_plugins_shape_registrations_and_nothing_is_used_up_by_a_refusal_or_a_fault() {
    let dev = Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_REGISTRATION__MODE", "token")]);
    dev.install("every-hook", std::fs::read(claimsmith_tests::root().join("target/guests/every-hook.wasm")).expect("make guests"));
    let token = dev.command_json(&["registration-token", "create", "once", "--uses", "1"]);
    let token = text(&token, "token");
    let bind = |configuration: Value, permissions: Value| {
        let binding = json!({ "plugin": "every-hook", "configuration": configuration, "permissions": permissions });
        let reply = dev.admin_post("/tags/self-registered/bindings", &binding);
        assert_eq!(reply.status, 201, "{reply:?}");
        format!("/bindings/{}", reply.json()["id"].to_string().trim_matches('"'))
    };
    let unbind = |path: &str| assert_eq!(dev.admin(Method::DELETE, path, &[("if-match", "*")], Vec::new()).status, 204);
    let named = |value: &str| json!({ "edits": [{ "set_metadata": { "name": "client_name", "value": value } }] });
    let refusing = bind(json!({ "refuse": "not you" }), json!([]));
    assert_eq!(register(&dev, Some(token), &minimal()).status, 400);
    unbind(&refusing);
    let failing = bind(json!({ "fails": true }), json!([]));
    assert_eq!(register(&dev, Some(token), &minimal()).status, 500);
    unbind(&failing);
    // Without the permission the plugin changes nothing, and nothing is registered.
    let greedy = bind(named("Shaped"), json!([]));
    assert_eq!(register(&dev, Some(token), &minimal()).status, 500);
    unbind(&greedy);
    // What it sets is checked like what the client sent.
    let clumsy =
        bind(json!({ "edits": [{ "set_metadata": { "name": "subject_type", "value": "wish" } }] }), json!(["metadata:subject_type"]));
    register(&dev, Some(token), &minimal()).err("invalid_client_metadata");
    unbind(&clumsy);
    let shaping = bind(named("Shaped"), json!(["metadata:client_name"]));
    let document = made(&register(&dev, Some(token), &minimal()));
    assert_eq!(document["client_name"], "Shaped");
    let changed = manage(&dev, Method::PUT, &document, Some(&update_of(&document)));
    assert_eq!((changed.status, &changed.json()["client_name"]), (200, &json!("Shaped")), "{changed:?}");
    unbind(&shaping);
    let keeping = bind(json!({ "refuse": "stay" }), json!([]));
    assert_eq!(manage(&dev, Method::DELETE, &document, None).status, 400);
    unbind(&keeping);
    assert_eq!(manage(&dev, Method::DELETE, &document, None).status, 204);
}
