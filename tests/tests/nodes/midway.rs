//! A database that dies in the middle of a request: the request fails as one, and what it brought is good afterwards.

use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::postgres::Postgres;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{AssertionKey, Person, Registered, claims, encode, hidden, wait_for};
use serde_json::{Value, json};

use super::people::{PASSWORD, request};

const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A request, and what holds it up: a table, and a lock on it by its two names.
struct Asked {
    name: &'static str,
    form: String,
    table: &'static str,
    mode: (&'static str, &'static str),
}

fn register(node: &Node<'_>) -> Registered {
    let created = node.admin(reqwest::Method::POST, "/users", Some(&json!({ "username": "alice", "password": PASSWORD })));
    assert_eq!(created.status, 201, "{created:?}");
    node.register(&json!({
        "grant_types": ["authorization_code", "refresh_token", "password", CIBA, DEVICE, BEARER, EXCHANGE],
        "redirect_uris": ["https://app.example/cb"], "scope": "openid offline_access read", "default_scope": "read",
        "backchannel_token_delivery_mode": "poll",
    }))
}

/// What a client begins with a form, and its person agrees to.
fn agreed(node: &Node<'_>, client: &Registered, alice: &Person) -> (Value, Value) {
    let begin = |path: &str, form: &str| node.post(path, Some(&client.basic()), form).json();
    let device = begin("/oauth2/device_authorization", "scope=openid");
    let page = alice.go(&format!("{ISSUER}/device")).page();
    let code = device["user_code"].as_str().expect("a code");
    let page = alice.submit(&page, &[("user_code", code), ("action", "device")]).page();
    assert!(alice.allow(&page).page().body.contains("id=\"page-device_done\""));

    let ciba = begin("/oauth2/bc-authorize", "scope=openid&login_hint=alice");
    let page = alice.go(&format!("{ISSUER}/account/requests")).page();
    let row = hidden(&page.body, "request").unwrap_or_else(|| panic!("{page:?}"));
    let page = alice.submit(&page, &[("request", &row), ("action", "look")]).page();
    assert!(alice.allow(&page).page().body.contains("id=\"page-device_done\""));
    (device, ciba)
}

/// An issuer that is trusted, and what it says of somebody.
fn assertion(node: &Node<'_>, client: &Registered) -> String {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let trusted = json!({
        "issuer": "https://them.example", "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["jwt_bearer"],
        "clients": [client.client_id], "scopes": ["read"], "subjects": "username", "username_claim": "preferred_username",
    });
    assert_eq!(node.admin(reqwest::Method::POST, "/trusted-issuers", Some(&trusted)).status, 201);
    let mut said = claims("https://them.example", ISSUER, "once");
    (said["sub"], said["preferred_username"]) = (json!("7"), json!("alice"));
    said["exp"] = json!(said["exp"].as_u64().expect("an instant") + 200);
    key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &said)
}

fn everything(node: &Node<'_>, client: &Registered) -> Vec<Asked> {
    let alice = Person::at(&node.http, ISSUER, "alice", PASSWORD);
    let redeemed = |code: &str| {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={verifier}", encode("https://app.example/cb"))
    };
    let way = request(client).replace("offline_access", "offline_access+read");
    let first = alice.walk(&way).parameter("code").expect("a code");
    let tokens = node.post("/oauth2/token", Some(&client.basic()), &redeemed(&first)).json();
    let code = alice.go(&format!("{way}&prompt=none")).parameter("code").expect("a code");
    let text = |document: &Value, name: &str| document[name].as_str().unwrap_or_else(|| panic!("no {name}: {document}")).to_owned();
    let (device, ciba) = agreed(node, client, &alice);
    let asked = |name, form: String| Asked { name, form, table: "grants", mode: ("SHARE", "ShareLock") };
    let type_of_token = encode("urn:ietf:params:oauth:token-type:access_token");
    let (subject, assertion) = (text(&tokens, "access_token"), assertion(node, client));
    vec![
        asked("a code", redeemed(&code)),
        asked("a refresh token", format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"))),
        asked("a password", format!("grant_type=password&username=alice&password={}&scope=openid", encode(PASSWORD))),
        asked("a device", format!("grant_type={}&device_code={}", encode(DEVICE), text(&device, "device_code"))),
        asked("the backchannel", format!("grant_type={}&auth_req_id={}", encode(CIBA), text(&ciba, "auth_req_id"))),
        Asked { table: "replay_guards", ..asked("an assertion", format!("grant_type={}&assertion={assertion}", encode(BEARER))) },
        Asked {
            mode: ("ACCESS EXCLUSIVE", "AccessExclusiveLock"),
            ..asked(
                "an exchange",
                format!("grant_type={}&subject_token={subject}&subject_token_type={type_of_token}&scope=read", encode(EXCHANGE)),
            )
        },
    ]
}

/// Lets the database die while a request waits for it. Answers nothing: the request must have failed as one.
fn die_midway(postgres: &mut Postgres, node: &Node<'_>, client: &Registered, asked: &Asked) {
    let mut holder = postgres.hold(asked.table, asked.mode.0);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'claimsmith' AND wait_event_type = 'Lock'";
    let (_, lock) = asked.mode;
    let held = format!("SELECT count(*) FROM pg_locks WHERE relation = '{}'::regclass AND granted AND mode = '{lock}'", asked.table);
    wait_for("the lock", || postgres.sql("postgres", "claimsmith", &held).trim() != "0");
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| node.post("/oauth2/token", Some(&client.basic()), &asked.form));
        wait_for(asked.name, || postgres.sql("postgres", "claimsmith", waiting).trim() != "0");
        postgres.crash();
        let answer = answer.join().expect("an answer");
        assert_eq!((answer.status, &answer.json()["error"]), (503, &json!("temporarily_unavailable")), "{}: {answer:?}", asked.name);
    });
    let _ = holder.wait();
    postgres.start_again();
    wait_for("the node", || node.introspect(client, "nothing").status == 200);
}

#[test]
fn a_database_that_dies_midway_burns_nothing_of_any_grant() {
    let (mut postgres, site) = Site::with_postgres();
    site.run_json(&["migrate", "up"]);
    let token = site.admin_token("admin");
    let grants = format!("client_credentials,authorization_code,refresh_token,password,{CIBA},{DEVICE},{BEARER},{EXCHANGE}");
    let settings = [
        ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str()),
        ("CLAIMSMITH_DEVICE__INTERVAL", "1 s"),
        ("CLAIMSMITH_CIBA__INTERVAL", "1 s"),
        ("CLAIMSMITH_DATABASE__LOCK_TIMEOUT", "30 s"),
        ("CLAIMSMITH_DATABASE__STATEMENT_TIMEOUT", "30 s"),
    ];
    let node = site.serve(&token, &settings);
    let client = register(&node);
    for asked in everything(&node, &client) {
        die_midway(&mut postgres, &node, &client, &asked);
        // As long as a device has to wait.
        std::thread::sleep(Duration::from_millis(1_300));
        let again = node.post("/oauth2/token", Some(&client.basic()), &asked.form);
        assert_eq!(again.status, 200, "{}: {again:?}", asked.name);
        assert!(node.is_active(&client, &again.okt()), "{}", asked.name);
    }
}
