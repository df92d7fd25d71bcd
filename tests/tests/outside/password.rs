//! ROP: the password grant, where operator and client have switched it on.

use claimsmith_tests::{Dev, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, is_active, refresh, refresh_token, token, userinfo};
use super::hooks::outlives;
use crate::{server, wide};

pub(super) const PASSWORD: &str = "pässwörd for a test of it";

/// A person of this name, whose password is [`PASSWORD`].
pub(super) fn somebody(dev: &Dev, username: &str) -> String {
    let created = dev.admin_post("/users", &json!({ "username": username, "password": PASSWORD }));
    assert_eq!(created.status, 201, "{created:?}");
    created.json()["user_id"].as_str().expect("an id").to_owned()
}

pub(super) fn client(more: Value) -> Registered {
    let mut metadata = json!({ "grant_types": ["password", "refresh_token"], "redirect_uris": [] });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(wide(), metadata)
}

fn form(username: &str, password: &str) -> String {
    format!("grant_type=password&username={}&password={}", encode(username), encode(password))
}

pub(super) fn ask(client: &Registered, username: &str, password: &str, more: &str) -> Reply {
    token(wide(), client, &format!("{}{more}", form(username, password)))
}

#[test]
fn rop_001_off_for_the_server_and_then_for_the_client() {
    let grants = |dev: &Dev| dev.metadata()["grant_types_supported"].as_array().expect("a list").contains(&json!("password"));
    assert!(!grants(server()) && grants(wide()));
    token(server(), &server().demo(), &form("alice", "x")).err("unsupported_grant_type");
    let metadata = json!({ "grant_types": ["password"], "redirect_uris": [] });
    let refused = server().admin_post("/clients", &metadata);
    assert!(refused.status == 422 && refused.body.contains("grant_types"), "{refused:?}");
    somebody(wide(), "rop-001");
    let other = client(json!({ "grant_types": ["client_credentials"] }));
    ask(&other, "rop-001", PASSWORD, "").err("unauthorized_client");
}

#[test]
fn rop_005_a_person_is_known_by_name_and_password() {
    let id = somebody(wide(), "rop-005");
    let client = client(json!({}));
    for missing in ["grant_type=password&username=rop-005", "grant_type=password&password=x", "grant_type=password"] {
        token(wide(), &client, missing).err("invalid_request");
    }
    let reply = ask(&client, "ROP-005", PASSWORD, "&scope=openid+offline_access+read");
    let access_token = reply.okt();
    let (access, id_token) = (wide().decode(&access_token), wide().decode(reply.json()["id_token"].as_str().expect("an ID token")));
    assert_eq!((&access.claims["sub"], &id_token.claims["sub"]), (&json!(id), &json!(id)));
    assert_eq!(id_token.claims["amr"], json!(["pwd"]));
    assert!(id_token.claims.get("nonce").is_none());
    let known = userinfo(wide(), &access_token);
    assert_eq!((known.status, &known.json()["sub"]), (200, &json!(id)), "{known:?}");
    assert!(is_active(wide(), &client, &access_token));
    refresh(wide(), &client, &refresh_token(&reply), "").okt();
    wide().post("revocation_endpoint", Some(&client.basic()), &format!("token={}", refresh_token(&reply)));
    assert!(!is_active(wide(), &client, &access_token), "it all hangs on one grant");
    for secret in [PASSWORD, &*encode(PASSWORD), "pässwörd"] {
        assert!(!wide().log().contains(secret), "no password is ever logged");
    }
}

#[test]
fn rop_002_wrong_and_unknown_read_the_same() {
    somebody(wide(), "rop-002");
    let client = client(json!({}));
    let (wrong, unknown) = (ask(&client, "rop-002", "not it", ""), ask(&client, "rop-002-nobody", "not it", ""));
    wrong.err("invalid_grant");
    unknown.err("invalid_grant");
    assert_eq!(wrong.body, unknown.body);
    assert!(wide().command(&["user", "update", "rop-002", "--disable"]).status.success());
    assert_eq!(ask(&client, "rop-002", PASSWORD, "").body, wrong.body, "nor does a disabled one");
}

#[test]
fn rop_003_guessing_ends_without_a_word_about_it() {
    // Of its own: what is counted here is counted by address, too.
    let dev = Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_GRANTS__ENABLED", "password")]);
    somebody(&dev, "guessed");
    let client = dev.register(&json!({ "grant_types": ["password"], "scope": "read" }));
    let guess = |password: &str| token(&dev, &client, &form("guessed", password));
    assert_eq!(guess(PASSWORD).status, 200);
    let refusals: Vec<Reply> = (0..20).map(|number| guess(&format!("guess {number}"))).collect();
    for refusal in &refusals {
        refusal.err("invalid_grant");
        assert_eq!((refusal.body.as_str(), refusal.header("retry-after")), (refusals[0].body.as_str(), ""));
    }
    let right = guess(PASSWORD);
    assert_eq!((right.status, right.body), (400, refusals[0].body.clone()), "nobody looks any more, and nobody says so");
}

#[test]
fn rop_004_who_has_more_to_show_is_not_let_in_by_a_password() {
    let id = somebody(wide(), "rop-004");
    let client = client(json!({}));
    ask(&client, "rop-004", PASSWORD, "").okt();
    let url = wide().info["database_url"].as_str().expect("a URL");
    let statement = format!("INSERT INTO user_totp (user_id, sealed_secret, last_step) VALUES ('{id}', '\\x00', 0)");
    let psql = std::process::Command::new("psql").args([url, "--quiet", "--command", &statement]).status();
    assert!(psql.expect("psql").success());
    let refused = ask(&client, "rop-004", PASSWORD, "");
    refused.err("invalid_grant");
    assert_eq!(refused.body, ask(&client, "rop-004", "not it", "").body);
}

#[test]
fn rop_006_the_client_proves_itself_besides() {
    somebody(wide(), "rop-006");
    let client = client(json!({}));
    let form = format!("{}&client_id={}", form("rop-006", PASSWORD), encode(&client.client_id));
    wide().post("token_endpoint", None, &form).err_with("invalid_client", 401);
}

#[test]
fn rop_007_no_profile_knows_it() {
    for profile in ["oauth2_1", "fapi2_security"] {
        let refused = wide().admin_post("/clients", &json!({ "grant_types": ["password"], "profile": profile }));
        assert!(refused.status == 422 && refused.body.contains("password grant"), "{profile}: {refused:?}");
    }
}

#[test]
fn rop_007_and_rop_005_no_more_than_the_client_may_ask_for() {
    somebody(wide(), "rop-scope");
    let client = client(json!({}));
    ask(&client, "rop-scope", PASSWORD, "&scope=admin").err("invalid_scope");
    ask(&client, "rop-scope", PASSWORD, "&resource=https%3A%2F%2Funknown.example").err("invalid_target");
    ask(&client, "rop-scope", PASSWORD, "&username=other").err("invalid_request");
}

#[test]
fn plg_009_the_password_grant_outlives_every_hook_that_refuses_or_fails() {
    somebody(wide(), "rop-hooks");
    let client = client(json!({}));
    let send = || ask(&client, "rop-hooks", PASSWORD, "&scope=openid+offline_access");
    outlives(wide(), &client, &["password", "access_token", "refresh_token", "id_token", "token_response"], "password", &send);
    send().okt();
}
