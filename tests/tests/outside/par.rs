//! PAR: requests that a client pushes before its person comes.

use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Registered, Reply, encode, send};
use serde_json::json;

use super::code_flow::{CALLBACK, VERIFIER, app, error_at_client, redeem, request};
use super::dpop;
use crate::server;

/// The parameters of a good request, as a form.
pub(super) fn parameters(client: &Registered, more: &str) -> String {
    let url = request(server(), client, more);
    url.split_once('?').expect("a query").1.to_owned()
}

/// Pushes a form as the client.
pub(super) fn push(client: &Registered, form: &str) -> Reply {
    let basic = client.client_secret.as_ref().map(|_| client.basic());
    server().post("pushed_authorization_request_endpoint", basic.as_deref(), form)
}

/// The `request_uri` of an answer.
pub(super) fn request_uri(reply: &Reply) -> String {
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-store"), "{reply:?}");
    assert!(reply.header("content-type").starts_with("application/json"));
    let json = reply.json();
    assert!((5..=600).contains(&json["expires_in"].as_u64().expect("seconds")), "{json}");
    let uri = json["request_uri"].as_str().expect("a text").to_owned();
    assert!(uri.strip_prefix("urn:ietf:params:oauth:request_uri:").is_some_and(|random| random.len() >= 43), "{uri}");
    uri
}

/// Where a browser goes with it.
pub(super) fn url(client: &Registered, uri: &str, more: &str) -> String {
    let base = server().url("authorization_endpoint");
    format!("{base}?client_id={}&request_uri={}{more}", encode(&client.client_id), encode(uri))
}

#[test]
fn par_001_par_002_par_007_par_010_and_pkc_012_a_pushed_request_is_good_for_one_answer() {
    let client = app(server(), json!({}));
    let uri = request_uri(&push(&client, &parameters(&client, "&scope=read&state=inner")));
    let junk = "&scope=write&state=outer&code_challenge=changed&code_challenge=twice";
    let alice = Person::alice(server());
    // Loading the page uses nothing up.
    alice.go(&url(&client, &uri, junk)).page();
    let landed = alice.walk(&url(&client, &uri, junk));
    assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
    let reply = redeem(server(), &client, &landed.parameter("code").expect("a code"), "");
    reply.okt();
    assert_eq!(reply.json()["scope"], "read");
    let page = Person::alice(server()).go(&url(&client, &uri, "")).page();
    assert_eq!(page.status, 400);
    assert!(page.body.contains("invalid_request_uri"), "{}", page.body);
}

#[test]
fn par_003_and_par_016_what_is_wrong_is_said_in_json() {
    let client = app(server(), json!({}));
    let base = parameters(&client, "");
    for (form, code) in [
        (format!("{base}&scope=unknown"), "invalid_scope"),
        (base.replace("response_type=code", "response_type=cod"), "unsupported_response_type"),
        (base.replace("S256", "plain"), "invalid_request"),
        (base.replace("app.example", "evil.example"), "invalid_request"),
        (format!("{base}&resource=https%3A%2F%2Fother.example"), "invalid_target"),
        (format!("{base}&claims=x"), "invalid_request"),
        (format!("{base}&authorization_details=x"), "invalid_authorization_details"),
        (format!("{base}&dpop_jkt=x"), "invalid_request"),
        (format!("{base}&scope=read&scope=read"), "invalid_request"),
        (format!("{base}&request=x.y.z"), "invalid_request_object"),
    ] {
        let reply = push(&client, &form);
        assert_eq!(reply.header("cache-control"), "no-store", "{form}");
        reply.err(code);
    }
}

#[test]
fn par_004_a_request_uri_cannot_be_pushed() {
    let client = app(server(), json!({}));
    push(&client, &parameters(&client, "&request_uri=urn%3Ax")).err("invalid_request");
}

#[test]
fn par_005_clients_authenticate_and_public_ones_say_who_they_are() {
    let client = app(server(), json!({}));
    let form = parameters(&client, "");
    server().post("pushed_authorization_request_endpoint", None, &form).err_with("invalid_client", 401);
    let public = app(server(), json!({ "token_endpoint_auth_method": "none" }));
    request_uri(&push(&public, &parameters(&public, "")));
    // Another client's name beside good credentials.
    push(&client, &parameters(&public, "")).err("invalid_request");
}

#[test]
fn par_008_and_par_020_a_request_uri_is_of_its_client_and_ours() {
    let (client, other) = (app(server(), json!({})), app(server(), json!({})));
    let uri = request_uri(&push(&client, &parameters(&client, "")));
    for url in [url(&other, &uri, ""), url(&client, "urn:ietf:params:oauth:request_uri:unknown", "")] {
        let page = Person::alice(server()).go(&url).page();
        assert!(page.status == 400 && page.body.contains("invalid_request_uri"), "{page:?}");
    }
    let foreign = url(&client, "urn:example:other", &format!("&response_type=code&redirect_uri={}", encode(CALLBACK)));
    assert_eq!(error_at_client(&Person::alice(server()).go(&foreign)), "invalid_request_uri");
}

#[test]
fn par_012_nothing_but_post_is_taken() {
    let reply = send(server().http.get(server().url("pushed_authorization_request_endpoint")));
    assert_eq!(reply.status, 405);
}

#[test]
fn par_014_a_client_can_be_held_to_pushing() {
    let client = app(server(), json!({ "require_pushed_authorization_requests": true }));
    assert_eq!(error_at_client(&Person::alice(server()).go(&request(server(), &client, ""))), "invalid_request");
    let uri = request_uri(&push(&client, &parameters(&client, "")));
    assert!(Person::alice(server()).walk(&url(&client, &uri, "")).parameter("code").is_some());
}

#[test]
fn par_017_a_proof_binds_the_code() {
    let client = app(server(), json!({}));
    let endpoint = server().url("pushed_authorization_request_endpoint");
    let (key, other) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let pushed = |more: &str| {
        let proof = dpop::proof(&key, endpoint, |_| ());
        dpop::post(server(), endpoint, Some(&client), &[&proof], &parameters(&client, more))
    };
    pushed("&dpop_jkt=NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").err("invalid_dpop_proof");
    let uri = request_uri(&pushed(""));
    let landed: Landed = Person::alice(server()).walk(&url(&client, &uri, ""));
    let code = landed.parameter("code").expect("a code");
    let form = format!("grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={VERIFIER}", encode(&code), encode(CALLBACK));
    let token = server().url("token_endpoint");
    let redeemed = |key| dpop::post(server(), token, Some(&client), &[&dpop::proof(key, token, |_| ())], &form);
    assert_eq!(redeemed(&other).status, 400);
}

#[test]
fn par_018_metadata_says_where_and_whether_it_is_a_must() {
    let metadata = server().metadata();
    assert!(metadata["pushed_authorization_request_endpoint"].as_str().is_some_and(|url| url.starts_with("https://")));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
}

#[test]
fn par_009_and_par_011_a_pushed_request_expires() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__PUSHED_REQUEST_LIFETIME", "5 s")]);
    let client = app(&dev, json!({}));
    let (_, form) =
        request(&dev, &client, "&scope=read").split_once('?').map(|(base, form)| (base.to_owned(), form.to_owned())).expect("a query");
    let push = || dev.post("pushed_authorization_request_endpoint", Some(&client.basic()), &form);
    let go = |uri: &str| {
        let base = dev.url("authorization_endpoint");
        Person::alice(&dev).go(&format!("{base}?client_id={}&request_uri={}", encode(&client.client_id), encode(uri))).page()
    };
    let reply = push();
    let uri = request_uri(&reply);
    assert_eq!(reply.json()["expires_in"], 5);
    assert_eq!(go(&uri).status, 200);
    std::thread::sleep(Duration::from_millis(6_100));
    let page = go(&uri);
    assert!(page.status == 400 && page.body.contains("invalid_request_uri"), "{page:?}");
}

#[test]
fn par_013_too_much_and_too_often() {
    let secret = "a secret of somebody's own making";
    let client = app(server(), json!({ "client_secret": secret }));
    let large = push(&Registered { client_secret: Some(secret.to_owned()), ..client.clone() }, &format!("state={}", "x".repeat(1 << 20)));
    assert_eq!(large.status, 413, "{large:?}");
    let wrong = Registered { client_secret: Some("another one altogether".to_owned()), ..client };
    let statuses: Vec<u16> = (0..40).map(|_| push(&wrong, "response_type=code").status).collect();
    assert!(statuses[0] == 401 && statuses.contains(&429), "{statuses:?}");
}
