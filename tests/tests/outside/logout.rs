//! LGO, BCL, FCL: signing out at a client's wish, and clients that are told of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use claimsmith_jose::{DecryptionKey, DecryptionKind, Jwe, SigningAlg};
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Receiver, Registered, Reply, attribute, encode, hidden, wait_for};
use serde_json::{Value, json};

use super::code_flow::{app, code, error_at_client, redeem, refresh, refresh_token, request};

const BYE: &str = "https://app.example/bye";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

struct Rig {
    receiver: Receiver,
    dev: Dev,
}

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let receiver = Receiver::start(|path, before| {
        let fails = path.starts_with("/fail-once") && before == 0;
        match path {
            _ if path.starts_with("/hang") => None,
            _ if fails => Some("503 Service Unavailable".to_owned()),
            _ if path.starts_with("/redirect") => Some("302 Found\r\nLocation: /elsewhere".to_owned()),
            _ if path.starts_with("/no-content") => Some("204 No Content".to_owned()),
            _ => Some("200 OK".to_owned()),
        }
    });
    let ca = receiver.ca_file();
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_FETCH__CA_FILE", &ca), ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1")]);
    dev.command_json(&["key", "rotate", "--alg", "RS256", "--now"]);
    Rig { receiver, dev }
});

/// A client that people can be sent back to.
fn client(more: Value) -> Registered {
    let mut metadata = json!({ "post_logout_redirect_uris": [BYE] });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(&RIG.dev, metadata)
}

/// A client that is told at a path of the receiver.
fn told_at(path: &str, more: Value) -> Registered {
    let mut metadata = json!({ "backchannel_logout_uri": RIG.receiver.url(path), "backchannel_logout_session_required": true });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    client(metadata)
}

/// Signs somebody in at a client; answers the tokens.
fn tokens(person: &Person, client: &Registered, scope: &str) -> Reply {
    let reply = redeem(&RIG.dev, client, &code(&RIG.dev, person, client, &format!("&scope={}", encode(scope))), "");
    reply.okt();
    reply
}

fn id_token(person: &Person, client: &Registered) -> String {
    tokens(person, client, "openid").json()["id_token"].as_str().expect("an ID token").to_owned()
}

/// The URL of a wish to sign out.
fn wish(parameters: &[(&str, &str)]) -> String {
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("{}?{}", RIG.dev.url("end_session_endpoint"), query.join("&"))
}

/// Whether somebody is signed in, as a client that they have agreed to finds out.
fn is_signed_in(person: &Person, client: &Registered) -> bool {
    let landed = person.go(&request(&RIG.dev, client, "&scope=openid&prompt=none"));
    match landed.parameter("code") {
        Some(_) => true,
        None => {
            assert_eq!(error_at_client(&landed), "login_required");
            false
        }
    }
}

/// The page that asks whether to sign out.
fn asks(landed: Landed) -> Reply {
    let page = landed.page();
    assert!(page.status == 200 && page.body.contains("value=\"sign_out\""), "{page:?}");
    page
}

/// The page that says that it is over, and sends nobody anywhere.
fn is_over(landed: Landed) {
    let page = landed.page();
    assert!(page.status == 200 && !page.body.contains("value=\"sign_out\"") && !page.body.contains("id=\"continue\""), "{page:?}");
    assert!(!page.headers.contains_key("refresh"), "{page:?}");
}

fn sign_out(person: &Person, page: &Reply) -> Landed {
    person.submit(page, &[("action", "sign_out")])
}

#[test]
fn lgo_001_002_003_004_a_client_signs_its_person_out_by_get_and_post() {
    let client = client(json!({}));
    let state = "s+/&\u{e4}=".repeat(30);
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    assert!(is_signed_in(&alice, &client));
    let landed = alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", &state)]));
    assert_eq!(landed.parameter("state").as_deref(), Some(&*state));
    assert!(landed.client().as_str().starts_with(BYE));
    assert!(!is_signed_in(&alice, &client), "LGO-004");

    let hint = id_token(&alice, &client);
    let form = format!("id_token_hint={hint}&post_logout_redirect_uri={}", encode(BYE));
    let landed = alice.follow(alice.post(RIG.dev.url("end_session_endpoint"), &form));
    assert_eq!(landed.client().as_str(), BYE, "LGO-003: no state, none back");
    assert!(!is_signed_in(&alice, &client));
}

/// A browser sends no cookies of ours with a form that another site's page posts: our own page posts it once more.
#[test]
fn lgo_001_a_form_of_a_clients_page_comes_with_cookies_the_second_time() {
    let client = client(json!({}));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    let endpoint = RIG.dev.url("end_session_endpoint");
    let form = format!("id_token_hint={hint}&post_logout_redirect_uri={}", encode(BYE));
    let page = claimsmith_tests::send(
        RIG.dev
            .http
            .post(endpoint)
            .header("origin", "https://app.example")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form),
    );
    assert_eq!(attribute(&page.body, "<form", "action").as_deref(), Some(endpoint), "{page:?}");
    let again: Vec<String> = ["id_token_hint", "post_logout_redirect_uri", "resent"]
        .iter()
        .map(|name| format!("{name}={}", encode(&hidden(&page.body, name).expect("a field"))))
        .collect();
    assert_eq!(alice.follow(alice.post(endpoint, &again.join("&"))).client().as_str(), BYE);
    assert!(!is_signed_in(&alice, &client));
}

#[test]
fn lgo_005_nobody_is_sent_where_the_client_has_not_registered() {
    let client = client(json!({}));
    let other = app(&RIG.dev, json!({ "post_logout_redirect_uris": ["https://app.example/other"] }));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    for uri in ["https://app.example/bye?x=1", "https://app.example/other", "https://evil.example/", "javascript:alert(1)"] {
        let page = alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)])).page();
        assert_eq!(page.status, 400, "{uri}: {page:?}");
        assert!(is_signed_in(&alice, &client), "{uri}");
    }
    let page = alice.go(&wish(&[("client_id", &other.client_id), ("post_logout_redirect_uri", BYE)])).page();
    assert_eq!(page.status, 400);
}

#[test]
fn lgo_006_011_012_016_without_a_token_the_person_is_asked() {
    let client = client(json!({}));
    let alice = Person::alice(&RIG.dev);
    for parameters in [&[][..], &[("state", "x")], &[("post_logout_redirect_uri", BYE)], &[("ui_locales", "de"), ("logout_hint", "bob")]] {
        id_token(&alice, &client);
        let page = asks(alice.go(&wish(parameters)));
        assert!(is_signed_in(&alice, &client), "LGO-012: an image tag signs nobody out: {parameters:?}");
        is_over(sign_out(&alice, &page));
        assert!(!is_signed_in(&alice, &client), "{parameters:?}");
    }
    id_token(&alice, &client);
    let page = asks(alice.go(&wish(&[("client_id", &client.client_id), ("post_logout_redirect_uri", BYE), ("state", "a b")])));
    let landed = sign_out(&alice, &page);
    assert_eq!(landed.parameter("state").as_deref(), Some("a b"), "whoever is named and asked for can be returned to");
}

#[test]
fn lgo_012_only_our_own_form_says_yes() {
    let client = client(json!({}));
    let (alice, bob) = (Person::alice(&RIG.dev), Person::bob(&RIG.dev));
    id_token(&alice, &client);
    id_token(&bob, &client);
    let endpoint = RIG.dev.url("end_session_endpoint");
    let bobs = hidden(&asks(bob.go(endpoint)).body, "csrf").expect("a token");
    for token in ["", "x", &bobs] {
        let reply = alice.post(endpoint, &format!("action=sign_out&csrf={}", encode(token)));
        assert!(reply.status == 403 || token.is_empty() && reply.status == 200, "{token}: {reply:?}");
        assert!(is_signed_in(&alice, &client), "{token}");
    }
    let page = asks(alice.go(endpoint));
    let stayed = alice.post(endpoint, &format!("action=stay&csrf={}", encode(&hidden(&page.body, "csrf").expect("a token"))));
    assert_eq!(stayed.status, 303);
    assert!(is_signed_in(&alice, &client));
}

#[test]
fn lgo_007_altered_tokens_do_nothing() {
    let client = client(json!({}));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    let claims = Value::Object(RIG.dev.decode(&hint).claims);
    let none = |claims: &Value| {
        let part = |value: &Value| hint_part(value);
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(claims))
    };
    let stranger = AssertionKey::generate(SigningAlg::Es256);
    let kid = RIG.dev.decode(&hint).header["kid"].clone();
    let foreign = stranger.sign(&json!({ "alg": "ES256", "typ": "JWT", "kid": kid }), &claims);
    let cut = hint[..hint.len() - 8].to_owned() + "AAAAAAAA";
    let access = tokens(&alice, &client, "openid").okt();
    for altered in [none(&claims), foreign, cut, access, "x".to_owned()] {
        let url = wish(&[("id_token_hint", &altered), ("client_id", &client.client_id), ("post_logout_redirect_uri", BYE)]);
        let page = asks(alice.go(&url));
        assert!(is_signed_in(&alice, &client), "{altered}");
        is_over(sign_out(&alice, &page));
        id_token(&alice, &client);
    }
}

/// A part of a compact token.
fn hint_part(value: &Value) -> String {
    claimsmith_jose::base64url::encode(value.to_string().as_bytes())
}

#[test]
fn lgo_008_an_expired_token_is_as_good() {
    let client = client(json!({ "lifetimes": { "id_token": 1 } }));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let landed = alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]));
    assert_eq!(landed.client().as_str(), BYE);
    assert!(!is_signed_in(&alice, &client));
}

#[test]
fn lgo_009_a_token_for_another_client_is_refused() {
    let (client, other) = (client(json!({})), client(json!({})));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    let page = alice.go(&wish(&[("id_token_hint", &hint), ("client_id", &other.client_id), ("post_logout_redirect_uri", BYE)])).page();
    assert_eq!(page.status, 400, "{page:?}");
    assert!(is_signed_in(&alice, &client));
}

#[test]
fn lgo_010_a_token_of_another_session_asks() {
    let client = client(json!({}));
    let (alice, elsewhere, bob) = (Person::alice(&RIG.dev), Person::alice(&RIG.dev), Person::bob(&RIG.dev));
    id_token(&alice, &client);
    for hint in [id_token(&bob, &client), id_token(&elsewhere, &client)] {
        asks(alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])));
        assert!(is_signed_in(&alice, &client));
    }
}

#[test]
fn lgo_014_signing_out_twice_is_no_error() {
    let client = client(json!({}));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    let url = wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]);
    for _ in 0..2 {
        assert_eq!(alice.go(&url).client().as_str(), BYE);
    }
    is_over(alice.go(RIG.dev.url("end_session_endpoint")));
}

#[test]
fn lgo_015_rft_013_014_refresh_tokens_of_the_session_end_with_it() {
    // A server that gives refresh tokens to sessions as well.
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_REFRESH__REQUIRE_OFFLINE_ACCESS", "false")]);
    let of_app = || app(&dev, json!({ "post_logout_redirect_uris": [BYE] }));
    let (bound, offline, alice) = (of_app(), of_app(), Person::alice(&dev));
    let of_session = redeem(&dev, &bound, &code(&dev, &alice, &bound, "&scope=openid+read"), "");
    let kept = refresh_token(&redeem(&dev, &offline, &code(&dev, &alice, &offline, "&scope=openid+offline_access"), ""));
    let hint = encode(of_session.json()["id_token"].as_str().expect("an ID token"));
    let back = encode(BYE);
    alice.go(&format!("{}?id_token_hint={hint}&post_logout_redirect_uri={back}", dev.url("end_session_endpoint"))).client();
    refresh(&dev, &bound, &refresh_token(&of_session), "").err("invalid_grant");
    assert!(!super::code_flow::is_active(&dev, &bound, of_session.json()["access_token"].as_str().expect("a token")));
    refresh(&dev, &offline, &kept, "").okt();
}

#[test]
fn bcl_001_002_003_004_005_009_012_lgo_017_every_client_of_the_session_is_told_once() {
    let pairwise = json!({ "subject_type": "pairwise" });
    let clients = [
        told_at("/one", json!({})),
        told_at("/no-content/two", pairwise),
        told_at("/three", json!({ "id_token_signed_response_alg": "RS256" })),
    ];
    let paths = ["/one", "/no-content/two", "/three"];
    told_at("/stranger", json!({}));
    let alice = Person::alice(&RIG.dev);
    let elsewhere = Person::alice(&RIG.dev);
    let other = told_at("/other-session", json!({}));
    id_token(&elsewhere, &other);
    let hints: Vec<String> = clients.iter().map(|client| id_token(&alice, client)).collect();
    alice.go(&wish(&[("id_token_hint", &hints[0]), ("post_logout_redirect_uri", BYE)])).client();

    let mut names = BTreeSet::new();
    for ((client, path), hint) in clients.iter().zip(paths).zip(&hints) {
        wait_for(path, || !RIG.receiver.received(path).is_empty());
        let came = &RIG.receiver.received(path)[0];
        assert_eq!((&*came.method, came.header("content-type")), ("POST", Some("application/x-www-form-urlencoded")));
        assert_eq!(came.header("cookie"), None, "BCL-011");
        let (token, id_token) = (RIG.dev.decode(&came.field("logout_token").expect("a logout token")), RIG.dev.decode(hint));
        assert_eq!((&token.header["typ"], &token.header["alg"]), (&json!("logout+jwt"), &id_token.header["alg"]));
        assert_eq!((&token.claims["iss"], &token.claims["aud"]), (&json!(RIG.dev.issuer()), &json!(client.client_id)));
        assert_eq!((&token.claims["sub"], &token.claims["sid"]), (&id_token.claims["sub"], &id_token.claims["sid"]));
        assert_eq!(token.claims["events"], json!({ EVENT: {} }));
        let (issued, expires) = (token.claims["iat"].as_i64().expect("iat"), token.claims["exp"].as_i64().expect("exp"));
        assert!(expires > issued && expires - issued <= 120);
        assert!(!token.claims.contains_key("nonce"));
        names.insert(token.claims["jti"].as_str().expect("jti").to_owned());
    }
    assert_eq!(names.len(), 3, "BCL-012");
    assert!(!RIG.dev.decode(&hints[1]).claims["sub"].as_str().expect("sub").starts_with("usr_"), "BCL-005");

    // What comes later would have come by now: the next session's notice overtakes nothing.
    let hint = id_token(&alice, &clients[0]);
    alice.go(&wish(&[("id_token_hint", &hint)])).page();
    wait_for("the second notice", || RIG.receiver.received("/one").len() == 2);
    for (path, count) in [("/no-content/two", 1), ("/three", 1), ("/stranger", 0), ("/other-session", 0)] {
        assert_eq!(RIG.receiver.received(path).len(), count, "{path}");
    }
}

#[test]
fn bcl_003_bcl_006_and_idt_015_a_logout_token_is_encrypted_as_the_clients_id_tokens_are() {
    let key = DecryptionKey::generate(DecryptionKind::P256).expect("a key");
    let jwks = json!({ "keys": [key.public_jwk().expect("a JWK")] });
    let client = told_at("/sealed", json!({ "jwks": jwks, "id_token_encrypted_response_alg": "ECDH-ES+A128KW" }));
    let alice = Person::alice(&RIG.dev);
    let opened = |token: &str| {
        let plain = Jwe::parse(token).expect("encrypted").decrypt(&key).expect("for this key");
        RIG.dev.decode(std::str::from_utf8(plain.plaintext().expose()).expect("text"))
    };
    let id_token = opened(&id_token(&alice, &client));
    sign_out(&alice, &asks(alice.go(&wish(&[("client_id", &client.client_id)]))));
    wait_for("a notice", || !RIG.receiver.received("/sealed").is_empty());
    let told = opened(&RIG.receiver.received("/sealed")[0].field("logout_token").expect("a logout token"));
    assert_eq!((&told.header["typ"], &told.claims["sid"]), (&json!("logout+jwt"), &id_token.claims["sid"]));
}

#[test]
fn bcl_007_a_client_that_fails_is_told_again_and_one_that_hangs_holds_up_nobody() {
    let hanging = told_at("/hang", json!({}));
    let failing = told_at("/fail-once", json!({}));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &hanging);
    id_token(&alice, &failing);
    // The hanging one never answers: that this ends shows that nobody waits for it.
    alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])).client();
    wait_for("the second attempt", || RIG.receiver.received("/fail-once").len() == 2);
    let jti = |index: usize| {
        let token = RIG.receiver.received("/fail-once")[index].field("logout_token").expect("a logout token");
        RIG.dev.decode(&token).claims["jti"].clone()
    };
    assert_ne!(jti(0), jti(1));
    assert!(!RIG.receiver.received("/hang").is_empty());
}

#[test]
fn bcl_011_redirects_are_not_followed() {
    let client = told_at("/redirect", json!({}));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &client);
    alice.go(&wish(&[("id_token_hint", &hint)])).page();
    wait_for("the attempt that follows", || RIG.receiver.received("/redirect").len() >= 2);
    assert!(RIG.receiver.received("/elsewhere").is_empty());
}

#[test]
fn bcl_008_where_clients_are_told_is_https_and_in_bounds() {
    for uri in ["http://app.example/out", "https://app.example/out#x", "https://u@app.example/out"] {
        let metadata =
            json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"], "backchannel_logout_uri": uri });
        assert_eq!(RIG.dev.admin_post("/clients", &metadata).status, 422, "{uri}");
    }
    let inside = client(json!({ "backchannel_logout_uri": RIG.receiver.url("/in-bounds").replace("127.0.0.1", "127.0.0.2") }));
    let reached = told_at("/reached", json!({}));
    let alice = Person::alice(&RIG.dev);
    id_token(&alice, &inside);
    let hint = id_token(&alice, &reached);
    alice.go(&wish(&[("id_token_hint", &hint)])).page();
    wait_for("the other client", || !RIG.receiver.received("/reached").is_empty());
    assert!(RIG.receiver.received("/in-bounds").is_empty());
}

#[test]
fn bcl_010_fcl_003_metadata_say_so() {
    for channel in ["backchannel", "frontchannel"] {
        for what in ["", "_session"] {
            let name = format!("{channel}_logout{what}_supported");
            assert_eq!(RIG.dev.metadata()[&name], json!(true), "{name}");
        }
    }
    assert_eq!(RIG.dev.url("end_session_endpoint"), format!("{}/oauth2/logout", RIG.dev.issuer()));
}

#[test]
fn fcl_001_002_004_005_the_signed_out_page_frames_every_client_and_goes_on() {
    let framed =
        |uri: &str, required: bool| client(json!({ "frontchannel_logout_uri": uri, "frontchannel_logout_session_required": required }));
    let (plain, knowing) = (framed("https://app.example/out?a=b", false), framed("https://app.example/out2?a=b", true));
    let alice = Person::alice(&RIG.dev);
    let hint = id_token(&alice, &plain);
    let sid = RIG.dev.decode(&id_token(&alice, &knowing)).claims["sid"].as_str().expect("sid").to_owned();
    let page = alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "x")])).page();
    let frames: BTreeSet<String> =
        page.body.split("<iframe").skip(1).filter_map(|rest| attribute(&format!("<iframe{rest}"), "<iframe", "src")).collect();
    let wanted = format!("https://app.example/out2?a=b&iss={}&sid={sid}", encode(RIG.dev.issuer()));
    assert_eq!(frames, BTreeSet::from(["https://app.example/out?a=b".to_owned(), wanted]));
    assert!(page.header("content-security-policy").contains("frame-src https://app.example;"), "{page:?}");
    assert_eq!(page.header("refresh"), format!("3;url={BYE}?state=x"));
    assert_eq!(attribute(&page.body, "<a id=\"continue\"", "href").as_deref(), Some(&*format!("{BYE}?state=x")));
    // FCL-004: `Refresh` waits for the frames, the script for nobody.
    let script = page.body.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>")).expect("a script").0;
    assert!(script.contains("setTimeout(") && script.contains("'continue'"), "{script}");
    assert!(page.header("content-security-policy").contains("script-src 'sha256-"), "{page:?}");
    assert!(!is_signed_in(&alice, &plain));

    let silent = alice.go(&wish(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]));
    assert_eq!(silent.client().as_str(), BYE, "where nothing ends, nobody waits for frames");
}
