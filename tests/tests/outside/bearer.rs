//! Bearer tokens at our own resource, UserInfo (RFC 6750).

use claimsmith_tests::{Person, Reply, send};
use serde_json::json;

use super::code_flow::{app, code, redeem, refresh_token, userinfo};
use crate::server;

fn get(header: Option<&str>, query: &str) -> Reply {
    let request = server().http.get(format!("{}{query}", server().url("userinfo_endpoint")));
    send(match header {
        Some(header) => request.header("authorization", header),
        None => request,
    })
}

fn challenges(reply: &Reply) -> String {
    reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().expect("text")).collect::<Vec<_>>().join(" | ")
}

#[test]
fn bea_001_and_clm_001_the_header_by_get_and_post() {
    let client = app(server(), json!({}));
    let token = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, "&scope=openid"), "").okt();
    assert_eq!(get(Some(&format!("Bearer {token}")), "").status, 200);
    assert_eq!(get(Some(&format!("bEARER {token}")), "").status, 200);
    let posted = send(server().http.post(server().url("userinfo_endpoint")).bearer_auth(&token));
    assert_eq!((posted.status, posted.header("cache-control")), (200, "no-store"), "{posted:?}");
}

#[test]
fn bea_002_bea_003_bea_004_bea_005_and_bea_011_elsewhere_twice_or_not_at_all() {
    let client = app(server(), json!({}));
    let token = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, "&scope=openid"), "").okt();
    let query = format!("?access_token={token}");
    assert_eq!(get(None, &query).status, 400, "BEA-003");
    assert_eq!(get(Some(&format!("Bearer {token}")), &query).status, 400, "BEA-004");
    let post = |authorization: bool| {
        let request = server()
            .http
            .post(server().url("userinfo_endpoint"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("access_token={token}"));
        send(if authorization { request.bearer_auth(&token) } else { request }).status
    };
    assert_eq!((post(false), post(true)), (400, 400), "BEA-002, BEA-004");
    for nothing in [None, Some("Basic YTpi"), Some("Bearer"), Some("Bearer ")] {
        let reply = get(nothing, "");
        assert_eq!(reply.status, 401, "{nothing:?}");
        assert!(
            challenges(&reply).contains("Bearer") && challenges(&reply).contains("DPoP algs=") && !challenges(&reply).contains("error="),
            "BEA-005, BEA-011: {reply:?}"
        );
    }
}

#[test]
fn bea_006_bea_009_and_bea_012_tokens_that_are_not_good_here() {
    let client = app(server(), json!({}));
    let reply = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, "&scope=openid+offline_access"), "");
    let (token, id_token) = (reply.okt(), reply.json()["id_token"].as_str().expect("an ID token").to_owned());
    let own = server().register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "resources": ["https://api.example"] }));
    let of_client = server().token(&own, "scope=read").okt();
    let elsewhere = redeem(
        server(),
        &client,
        &code(server(), &Person::alice(server()), &client, "&scope=openid+read&resource=https%3A%2F%2Fapi.example"),
        "",
    )
    .okt();
    for bad in ["x", "a.b.c", &token[..token.len() - 2], &id_token, &refresh_token(&reply), &of_client, &elsewhere] {
        let reply = userinfo(server(), bad);
        assert_eq!(reply.status, 401, "{bad}");
        assert!(challenges(&reply).contains("error=\"invalid_token\""), "{reply:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert_eq!(userinfo(server(), &token).status, 200);
    server().post("revocation_endpoint", Some(&client.basic()), &format!("token={token}"));
    assert_eq!(userinfo(server(), &token).status, 401, "revoked");
}

#[test]
fn bea_007_and_bea_008_a_token_without_openid() {
    let client = app(server(), json!({}));
    let reply = redeem(server(), &client, &code(server(), &Person::alice(server()), &client, "&scope=profile"), "");
    let refused = userinfo(server(), &reply.okt());
    assert_eq!(refused.status, 403, "{refused:?}");
    let text = challenges(&refused);
    assert!(text.contains("error=\"insufficient_scope\"") && text.contains("scope=\"openid\""), "{text}");
    assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
}
