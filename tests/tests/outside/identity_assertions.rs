//! IDJ, as the server where people sign in: assertions for servers elsewhere.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Person, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, refresh_token, token};
use super::dpop::{post, proof};
use super::hooks::outlives;
use crate::{server, wide};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const WIKI: &str = "https://wiki.example";

/// A client whose people sign in here, and which may have assertions for a wiki.
fn portal(more: Value) -> Registered {
    let mut metadata = json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE], "token_exchange": { "identity_assertions":
        [{ "audience": WIKI, "client_id": "portal-at-wiki", "scopes": ["pages", "edit"], "resources": ["https://wiki.example/api"] }] } });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(wide(), metadata)
}

fn signed_in(client: &Registered) -> Reply {
    redeem(wide(), client, &code(wide(), &Person::alice(wide()), client, "&scope=openid+offline_access"), "")
}

fn id_token(reply: &Reply) -> String {
    reply.json()["id_token"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

fn form(subject: &str, kind: &str, more: &str) -> String {
    let (grant, wanted) = (encode(EXCHANGE), encode(ID_JAG));
    let subject = encode(subject);
    let kind = encode(kind);
    format!("grant_type={grant}&subject_token={subject}&subject_token_type={kind}&requested_token_type={wanted}{more}")
}

fn ask(client: &Registered, subject: &str, kind: &str, more: &str) -> Reply {
    token(wide(), client, &form(subject, kind, &format!("&audience={}{more}", encode(WIKI))))
}

fn assertion(reply: &Reply) -> String {
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("N_A")), "{reply:?}");
    reply.json()["access_token"].as_str().expect("an assertion").to_owned()
}

#[test]
fn idj_002_and_003_an_assertion_says_what_the_other_server_needs() {
    let client = portal(json!({}));
    let first = signed_in(&client);
    let reply = ask(&client, &id_token(&first), ID_TOKEN, "&scope=edit&resource=https%3A%2F%2Fwiki.example%2Fapi");
    let (text, answer) = (assertion(&reply), reply.json());
    assert_eq!((&answer["issued_token_type"], &answer["scope"]), (&json!(ID_JAG), &json!("edit")));
    assert_eq!((answer.get("refresh_token"), answer.get("id_token")), (None, None));
    assert!(answer["expires_in"].as_i64().is_some_and(|seconds| (1..=300).contains(&seconds)), "{answer}");
    let (held, before) = (wide().decode(&text), wide().decode(&id_token(&first)).claims);
    assert_eq!(held.header["typ"], "oauth-id-jag+jwt");
    let claims = held.claims;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(wide().issuer()), &json!(WIKI)));
    assert_eq!((&claims["client_id"], &claims["sub"]), (&json!("portal-at-wiki"), &before["sub"]));
    assert_eq!((&claims["scope"], &claims["resource"]), (&json!("edit"), &json!("https://wiki.example/api")));
    assert!(claims["jti"].is_string() && claims["auth_time"].is_i64() && claims["exp"].as_i64() > claims["iat"].as_i64(), "{claims:?}");
    assert_eq!(claims["amr"], before["amr"]);
    // RFC 8725 §3.11: it is no access token here, and no ID token.
    assert!(!is_active(wide(), &client, &text));
    ask(&client, &text, ID_TOKEN, "").err("invalid_request");
}

#[test]
fn idj_001_only_the_clients_own_and_live_sign_in() {
    let (client, other) = (portal(json!({})), portal(json!({})));
    let first = signed_in(&client);
    let (id, refresh) = (id_token(&first), refresh_token(&first));
    ask(&other, &id, ID_TOKEN, "").err("invalid_request");
    ask(&other, &refresh, REFRESH_TOKEN, "").err("invalid_request");
    ask(&client, &first.okt(), ID_TOKEN, "").err("invalid_request");
    ask(&client, &id, REFRESH_TOKEN, "").err("invalid_request");
    assertion(&ask(&client, &refresh, REFRESH_TOKEN, ""));
    let text = assertion(&ask(&client, &id, ID_TOKEN, ""));
    assert_eq!(wide().decode(&text).claims["scope"], "pages edit");
    wide().post("revocation_endpoint", Some(&client.basic()), &format!("token={}", encode(&refresh)));
    ask(&client, &refresh, REFRESH_TOKEN, "").err("invalid_request");
    ask(&client, &id, ID_TOKEN, "").err("invalid_request");
}

#[test]
fn idj_004_what_the_operator_has_not_named_is_refused() {
    let client = portal(json!({}));
    let id = id_token(&signed_in(&client));
    token(wide(), &client, &form(&id, ID_TOKEN, "")).err("invalid_request");
    token(wide(), &client, &form(&id, ID_TOKEN, "&audience=https%3A%2F%2Fother.example")).err("invalid_target");
    ask(&client, &id, ID_TOKEN, "&scope=admin").err("invalid_scope");
    ask(&client, &id, ID_TOKEN, "&resource=https%3A%2F%2Fwiki.example%2Fother").err("invalid_target");
    let plain = app(wide(), json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE] }));
    ask(&plain, &id_token(&signed_in(&plain)), ID_TOKEN, "").err("invalid_target");
}

#[test]
fn idj_009_people_are_called_what_that_server_calls_them() {
    let wiki = app(wide(), json!({ "subject_type": "pairwise", "redirect_uris": ["https://wiki.example/cb"] }));
    let named = json!({ "identity_assertions": [{ "audience": WIKI, "client_id": "portal-at-wiki", "known_to": wiki.client_id }] });
    let client = portal(json!({ "token_exchange": named }));
    let first = signed_in(&client);
    let claims = wide().decode(&assertion(&ask(&client, &id_token(&first), ID_TOKEN, ""))).claims;
    assert_ne!(claims["sub"], wide().decode(&id_token(&first)).claims["sub"]);
    assert_eq!(claims.get("scope"), None, "none that the operator has not named");
    let again = wide().decode(&assertion(&ask(&client, &id_token(&signed_in(&client)), ID_TOKEN, ""))).claims;
    assert_eq!(again["sub"], claims["sub"]);
    let nobody = json!({ "identity_assertions": [{ "audience": WIKI, "client_id": "x", "known_to": "not-there" }] });
    let lost = portal(json!({ "token_exchange": nobody }));
    ask(&lost, &id_token(&signed_in(&lost)), ID_TOKEN, "").err("invalid_request");
}

#[test]
fn idj_010_metadata_say_what_is_offered_and_not_with_whom() {
    let metadata = wide().metadata();
    assert_eq!(metadata["identity_chaining_requested_token_types_supported"], json!([ID_JAG]));
    assert_eq!(metadata["authorization_grant_profiles_supported"], json!(["urn:ietf:params:oauth:grant-profile:id-jag"]));
    assert!(!metadata.to_string().contains(WIKI));
    let without = server().metadata();
    assert_eq!(
        (without.get("identity_chaining_requested_token_types_supported"), without.get("authorization_grant_profiles_supported")),
        (None, None)
    );
}

#[test]
fn idj_011_a_proof_at_the_exchange_binds_the_assertion() {
    let (client, key) = (portal(json!({})), AssertionKey::generate(SigningAlg::Es256));
    let id = id_token(&signed_in(&client));
    let url = wide().url("token_endpoint");
    let reply =
        post(wide(), url, Some(&client), &[&proof(&key, url, |_| ())], &form(&id, ID_TOKEN, &format!("&audience={}", encode(WIKI))));
    let jkt = wide().decode(&assertion(&reply)).claims["cnf"]["jkt"].clone();
    assert_eq!(jkt, json!(key.kid()));
}

#[test]
fn plg_009_identity_assertions_outlive_hooks_that_refuse_or_fail() {
    let client = portal(json!({}));
    let id = id_token(&signed_in(&client));
    outlives(wide(), &client, &["token_exchange"], "identity assertion", &|| ask(&client, &id, ID_TOKEN, ""));
    assertion(&ask(&client, &id, ID_TOKEN, ""));
}
