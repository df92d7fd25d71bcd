//! TOK: the token endpoint's answers to everything that is wrong.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use serde_json::json;

use claimsmith_tests::{basic, basic_raw, encode, send};

use crate::server;

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn tok_001_and_net_006_only_post_is_processed() {
    let client = server().register_basic("read");
    let url = server().url("token_endpoint");
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let reply = send(server().http.request(method, url).header(AUTHORIZATION, client.basic()));
        assert_eq!((reply.status, reply.header("allow")), (405, "POST, OPTIONS"));
    }
}

#[test]
fn tok_002_the_body_is_a_form() {
    let client = server().register_basic("read");
    let url = server().url("token_endpoint");
    let ask = |content_type: Option<&str>| {
        let request = server().http.post(url).header(AUTHORIZATION, client.basic()).body("grant_type=client_credentials");
        send(match content_type {
            Some(value) => request.header(CONTENT_TYPE, value),
            None => request,
        })
    };
    for good in [FORM, "application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-Urlencoded"] {
        ask(Some(good)).okt();
    }
    for bad in [Some("application/json"), Some("multipart/form-data"), Some("text/plain"), None] {
        ask(bad).err("invalid_request");
    }
}

#[test]
fn tok_003_the_query_is_not_read() {
    let client = server().register_basic("read");
    let secret = client.client_secret.clone().expect("a secret");
    let url = format!(
        "{}?grant_type=client_credentials&client_id={}&client_secret={}",
        server().url("token_endpoint"),
        encode(&client.client_id),
        encode(&secret)
    );
    send(server().http.post(url).header(CONTENT_TYPE, FORM).body("")).err("invalid_request");
}

#[test]
fn tok_004_a_repeated_parameter_is_refused() {
    let client = server().register_basic("read");
    for form in ["grant_type=client_credentials", "scope=read&scope=read", "client_id=a&client_id=a"] {
        server().token(&client, form).err("invalid_request");
    }
}

#[test]
fn tok_005_and_006_empty_is_absent_and_unknown_is_ignored() {
    let client = server().register_basic("read");
    assert_eq!(server().token(&client, "scope=&foo=bar").json()["scope"], "read");
}

#[test]
fn tok_007_and_008_grant_types_are_needed_and_exact() {
    let client = server().register_basic("read");
    let ask = |form: &str| server().post("token_endpoint", Some(&client.basic()), form);
    ask("scope=read").err("invalid_request");
    for grant in ["password2", "CLIENT_CREDENTIALS", "%20client_credentials", "authorization_codes"] {
        ask(&format!("grant_type={grant}")).err("unsupported_grant_type");
    }
}

#[test]
fn tok_009_a_grant_that_is_not_the_clients_is_unauthorized() {
    let client = server().register(&json!({ "grant_types": [] }));
    server().token(&client, "").err("unauthorized_client");
}

#[test]
fn tok_010_the_client_is_authenticated_before_the_grant_is_looked_at() {
    let client = server().register_basic("read");
    let reply = server().post("token_endpoint", Some(&basic(&client.client_id, "wrong")), "grant_type=client_credentials&scope=nobodys");
    reply.err_with("invalid_client", 401);
}

#[test]
fn tok_011_012_035_failed_authentication_is_401_with_a_challenge() {
    let client = server().register_basic("read");
    let form = "grant_type=client_credentials";
    let none = server().post("token_endpoint", None, form);
    none.err_with("invalid_client", 401);
    for header in [basic(&client.client_id, "wrong"), basic("nobody", "wrong")] {
        let reply = server().post("token_endpoint", Some(&header), form);
        reply.err_with("invalid_client", 401);
        assert_eq!(reply.header("www-authenticate"), "Basic realm=\"claimsmith\", charset=\"UTF-8\"");
    }
}

#[test]
fn tok_013_unknown_client_and_wrong_secret_look_the_same() {
    let client = server().register_basic("read");
    let form = "grant_type=client_credentials";
    let wrong = server().post("token_endpoint", Some(&basic(&client.client_id, "wrong")), form);
    let unknown = server().post("token_endpoint", Some(&basic("nobody-of-that-name", "wrong")), form);
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    let names = |reply: &claimsmith_tests::Reply| reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&wrong), names(&unknown));
}

#[test]
fn tok_014_and_015_one_method_and_one_client() {
    let client = server().register_basic("read");
    let secret = client.client_secret.clone().expect("a secret");
    let form = "grant_type=client_credentials";
    server().token(&client, &format!("client_secret={}", encode(&secret))).err("invalid_request");
    server().token(&client, "client_id=somebody-else").err("invalid_request");
    let named = server().post("token_endpoint", Some(&client.basic()), &format!("{form}&client_id={}", encode(&client.client_id)));
    named.okt();
}

#[test]
fn tok_018_and_019_scopes_are_syntax_checked_and_a_set() {
    let client = server().register_basic("a b");
    for bad in ["a++b", "%22x%22", "%C3%A9", "nobodys"] {
        server().token(&client, &format!("scope={bad}")).err("invalid_scope");
    }
    let many = (0..200).map(|number| format!("s{number}")).collect::<Vec<_>>().join("+");
    server().token(&client, &format!("scope={many}")).err("invalid_scope");
    server().token(&client, "scope=b+a+b").okt();
    server().token(&client, "scope=A").err("invalid_scope");
}

#[test]
fn tok_020_021_023_024_the_response_is_complete() {
    let client = server().register_basic("a b");
    let reply = server().token(&client, "scope=a");
    let token = reply.okt();
    assert_eq!(reply.header("pragma"), "no-cache");
    let json = reply.json();
    assert_eq!(json["scope"], "a");
    assert!(json["expires_in"].is_u64());
    assert!(json.as_object().expect("an object").values().all(|value| !value.is_null()));
    assert!(token.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
}

#[test]
fn tok_022_errors_of_the_server_itself_are_json_too() {
    let url = server().url("token_endpoint");
    let huge = send(server().http.post(url).header(CONTENT_TYPE, FORM).body("x".repeat(1 << 20)));
    assert!(matches!(huge.status, 400 | 413), "{huge:?}");
    assert_eq!((huge.header("content-type"), huge.header("cache-control")), ("application/json", "no-store"));
    let nowhere = send(server().http.get(format!("{}/oauth2/nowhere", server().issuer())));
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, "application/json"));
}

#[test]
fn tok_027_descriptions_never_echo() {
    let client = server().register_basic("read");
    for nasty in ["%0d%0aX:1", "%3Cscript%3E", "%22%5C", "%C3%A9"] {
        let reply = server().token(&client, &format!("scope={nasty}&resource={nasty}"));
        assert_eq!(reply.status, 400);
        assert!(!reply.body.contains("<script") && !reply.body.contains("X:1"), "{}", reply.body);
    }
}

#[test]
fn tok_031_a_disabled_client_is_out_and_its_tokens_inactive() {
    let client = server().register_basic("read");
    let caller = client.clone();
    let token = server().token(&client, "").okt();
    let other = server().register_basic("read");
    let patch = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    let path = format!("/clients/{}", client.client_id);
    let reply = server().admin(Method::PATCH, &path, &patch, b"{\"enabled\":false}".to_vec());
    assert_eq!(reply.status, 200, "{}", reply.body);
    claimsmith_tests::wait_for("the client to be out", || server().token(&caller, "").status == 401);
    server().token(&client, "").err_with("invalid_client", 401);
    let answer = server().post("introspection_endpoint", Some(&other.basic()), &format!("token={token}"));
    assert_eq!(answer.body, "{\"active\":false}");
}

#[test]
fn tok_034_cookies_are_neither_set_nor_heeded() {
    let client = server().register_basic("read");
    let url = server().url("token_endpoint");
    let request = server().http.post(url).header(AUTHORIZATION, client.basic()).header(COOKIE, "session=x").header(CONTENT_TYPE, FORM);
    let reply = send(request.body("grant_type=client_credentials"));
    reply.okt();
    assert!(reply.header("set-cookie").is_empty());
}

#[test]
fn tok_036_client_ids_may_hold_any_printable_character() {
    let id = "urn:x:1%2 y";
    let client = server().register(&json!({ "client_id": id, "grant_types": ["client_credentials"], "scope": "read" }));
    assert_eq!(client.client_id, id);
    server().token(&client, "").okt();
}

#[test]
fn tok_037_a_flood_of_wrong_secrets_does_not_lock_out_the_right_one() {
    let client = server().register_basic("read");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let reply = server().post("token_endpoint", Some(&basic(&client.client_id, "wrong")), "grant_type=client_credentials");
                    assert_eq!(reply.status, 401);
                }
            });
        }
        for _ in 0..20 {
            server().token(&client, "").okt();
        }
    });
}

#[test]
fn net_015_and_cau_013_bytes_that_are_no_text_are_refused() {
    let client = server().register_basic("read");
    for form in ["grant_type=%ff%fe", "code=%zz", "x=%"] {
        server().post("token_endpoint", Some(&client.basic()), form).err("invalid_request");
    }
    for pair in [&b"a\0:b"[..], b"\xff\xfe:b", b"a:\n"] {
        server().post("token_endpoint", Some(&basic_raw(pair)), "grant_type=client_credentials").err_with("invalid_client", 401);
    }
}

#[test]
fn tok_028_a_database_that_dies_within_requests_gives_whole_tokens_or_none() {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    let database = claimsmith_store::testing::TestDatabase::migrated();
    let site = claimsmith_tests::serve::Site::on(&database);
    let node = site.serve(&site.admin_token("alice"), &[]);
    let client = node.register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "access_token_format": "opaque" }));
    node.token(&client, "").okt();
    let (replies, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let count = |good: bool| {
        replies.lock().expect("not poisoned").iter().filter(|reply: &&claimsmith_tests::Reply| (reply.status == 200) == good).count()
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let reply = node.token(&client, "");
                    replies.lock().expect("not poisoned").push(reply);
                }
            });
        }
        for round in 1..=3 {
            claimsmith_tests::wait_for("tokens", || count(true) > 20 * round);
            database.take_away();
            claimsmith_tests::wait_for("failures", || count(false) > 5 * round);
            database.open_again();
            // Connections that die under a request, with the database there.
            database.sever();
        }
        over.store(true, Ordering::Relaxed);
    });
    claimsmith_tests::wait_for("the database", || node.token(&client, "").status == 200);
    claimsmith_tests::wait_for("introspection", || node.introspect(&client, "x").status == 200);
    let replies = replies.into_inner().expect("not poisoned");
    let answered = replies.iter().filter(|reply| reply.status == 200).count();
    for reply in &replies {
        if reply.status == 200 {
            let token = reply.okt();
            assert!(node.is_active(&client, &token), "a token that left is one the ledger knows");
        } else {
            reply.err_with("temporarily_unavailable", 503);
            assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
        }
    }
    assert!(answered > 0 && answered < replies.len());
}

#[test]
fn slow_algorithms_sign_for_many_at_once() {
    let algs = ["RS256", "PS256", "ES384", "ES512"];
    let listed = format!("ES256, {}", algs.join(", "));
    let environment = [("CLAIMSMITH_SIGNING__ALGS", listed.as_str()), ("CLAIMSMITH_SIGNING__RSA_BITS", "2048")];
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &environment);
    let clients = algs.map(|alg| {
        let (resource, scope) = (format!("https://{alg}.example"), format!("{alg}:use"));
        let body = json!({ "identifier": resource, "scopes": [scope], "signing_alg": alg });
        assert_eq!(dev.admin_post("/resources", &body).status, 201);
        let metadata = json!({ "grant_types": ["client_credentials"], "scope": scope, "default_scope": scope, "resources": [resource] });
        (alg, dev.register(&metadata))
    });
    std::thread::scope(|scope| {
        for (alg, client) in &clients {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let decoded = dev.decode(&dev.token(client, "").okt());
                        assert_eq!(decoded.header["alg"], *alg);
                    }
                });
            }
        }
    });
}
