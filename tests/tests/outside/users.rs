//! People, as an operator manages them: the admin API, the commands, and the two of the demo.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server;

/// A username of nobody else's.
fn fresh(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn register(body: &Value) -> Value {
    let reply = server().admin_post("/users", body);
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()
}

fn path_of(user: &Value) -> String {
    format!("/users/{}", user["user_id"].as_str().expect("an id"))
}

fn patch(user: &Value, etag: &str, patch: &Value) -> claimsmith_tests::Reply {
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", etag)];
    server().admin(Method::PATCH, &path_of(user), &headers, patch.to_string().into_bytes())
}

#[test]
fn the_demo_has_two_people_whose_passwords_are_in_files() {
    let demo = &server().info["demo"];
    assert_eq!(demo["user"], "alice");
    let file = demo["password_file"].as_str().expect("a file");
    let password = std::fs::read_to_string(file).expect("a password");
    assert!(password.trim().len() >= 12);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).expect("a file").permissions());
    assert_eq!(mode & 0o077, 0, "for its owner alone");
    let alice = server().command_json(&["user", "show", "Alice"]);
    assert_eq!((&alice["username"], &alice["claims"]["email"]), (&json!("alice"), &json!("alice@example.org")));
    assert!(server().command(&["user", "show", "bob"]).status.success());
}

#[test]
fn sub_007_008_a_subject_is_random_and_no_client_can_take_it() {
    let name = fresh("sub");
    let user = register(&json!({ "username": name, "claims": { "email": format!("{name}@example.org") } }));
    let sub = user["user_id"].as_str().expect("an id").to_owned();
    assert!(sub.starts_with("usr_") && !sub.contains(&name));
    let client = server().admin_post("/clients", &json!({ "client_id": sub, "grant_types": ["client_credentials"] }));
    assert_eq!(client.status, 422, "{}", client.body);
    assert!(client.body.contains("client_id"));

    let deleted = server().admin(Method::DELETE, &path_of(&user), &[("if-match", "*")], Vec::new());
    assert_eq!(deleted.status, 204);
    let again = register(&json!({ "username": name }));
    assert_ne!(again["user_id"], user["user_id"], "who comes after is somebody else");
}

#[test]
fn clm_004_claims_of_another_type_are_refused_by_name() {
    let claims = json!({ "email_verified": "true", "address": "1 Way", "locale": "de_CH", "birthdate": "1.2.1990", "sub": "x" });
    let reply = server().admin_post("/users", &json!({ "username": fresh("claims"), "claims": claims }));
    assert_eq!(reply.status, 422, "{}", reply.body);
    for field in ["claims.email_verified", "claims.address", "claims.locale", "claims.birthdate", "claims.sub"] {
        assert!(reply.body.contains(field), "{field}: {}", reply.body);
    }
    let good = json!({ "name": "Ä", "name#de": "Ä", "email_verified": true, "address": { "country": "CH" }, "zoneinfo": "Europe/Zurich" });
    assert_eq!(register(&json!({ "username": fresh("claims"), "claims": good }))["claims"], good);
}

#[test]
fn clm_018_an_edit_moves_updated_at_and_is_conditional() {
    let user = register(&json!({ "username": fresh("edit"), "claims": { "email": "old@example.org" } }));
    assert_eq!(patch(&user, "\"9\"", &json!({})).status, 412);
    // The claim counts seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let edited = patch(&user, "\"1\"", &json!({ "claims": { "email": "new@example.org" } }));
    assert_eq!((edited.status, edited.header("etag")), (200, "\"2\""), "{}", edited.body);
    let edited = edited.json();
    assert!(edited["updated_at"].as_i64() > user["updated_at"].as_i64(), "{edited}");
    let set = server().admin_post(&format!("{}/password", path_of(&user)), &json!({ "password": "correct horse" }));
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(set.json()["updated_at"], edited["updated_at"], "a password is no claim");
}

#[test]
fn passwords_are_held_to_the_rules_and_hashes_to_what_we_can_afford() {
    let user = register(&json!({ "username": fresh("password"), "password": "correct horse" }));
    assert!(user["password_changed_at"].is_i64() && !user.to_string().contains("argon2"));
    let path = format!("{}/password", path_of(&user));
    for (body, field) in [
        (json!({ "password": "short" }), "password"),
        (json!({ "password_hash": "plain" }), "password_hash"),
        (json!({ "password_hash": "$2b$31$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry" }), "password_hash"),
        (json!({}), "password"),
    ] {
        let reply = server().admin_post(&path, &body);
        assert_eq!((reply.status, reply.json()["field"].as_str()), (422, Some(field)), "{}", reply.body);
    }
    let hash = json!({ "password_hash": "{SSHA}nFHR7tnUXto5DnTc6+WuAqKc0flzYWx0" });
    assert_eq!(server().admin_post(&path, &hash).status, 200);
    assert_eq!(server().admin(Method::DELETE, &path, &[], Vec::new()).status, 204);
    assert_eq!(server().admin(Method::DELETE, &path, &[], Vec::new()).status, 404);
}

#[test]
fn factors_are_listed_and_only_removed() {
    let user = register(&json!({ "username": fresh("factors") }));
    let factors = server().admin(Method::GET, &format!("{}/factors", path_of(&user)), &[], Vec::new());
    assert_eq!((factors.status, factors.json()["items"].as_array().map(Vec::len)), (200, Some(0)));
    for factor in ["totp", "recovery_codes", "AAAA", "%2e"] {
        let removed = server().admin(Method::DELETE, &format!("{}/factors/{factor}", path_of(&user)), &[], Vec::new());
        assert_eq!(removed.status, 404, "{factor}: {}", removed.body);
    }
}

#[test]
fn a_username_is_taken_whatever_its_capitals() {
    let name = fresh("taken");
    register(&json!({ "username": name }));
    let second = server().admin_post("/users", &json!({ "username": name.to_uppercase() }));
    assert_eq!(second.status, 409, "{}", second.body);
    assert!(second.body.contains(&name.to_uppercase()), "{}", second.body);
}

#[test]
fn an_export_is_imported_as_it_was_and_every_refused_line_is_named() {
    let name = fresh("moved");
    let hash = "{SSHA}nFHR7tnUXto5DnTc6+WuAqKc0flzYWx0";
    let user = register(&json!({ "username": name, "password_hash": hash, "claims": { "nickname": "M" }, "attributes": { "a": [1] } }));
    let folder = tempfile::tempdir().expect("a folder");
    let (out, refused) = (folder.path().join("users.jsonl"), folder.path().join("refused.jsonl"));
    let (out, refused) = (out.to_str().expect("a path"), refused.to_str().expect("a path"));

    assert!(server().command(&["user", "export", "--output", out]).status.success());
    assert!(!std::fs::read_to_string(out).expect("lines").contains("password_hash"), "only when asked for");
    assert!(server().command(&["user", "export", "--with-password-hashes", "--output", out]).status.success());
    let lines = std::fs::read_to_string(out).expect("lines");
    let line = lines.lines().find(|line| line.contains(&name)).expect("the user");
    assert!(line.contains(hash));

    server().admin(Method::DELETE, &path_of(&user), &[("if-match", "*")], Vec::new());
    let bad = format!("{line}\n\nnonsense\n{}\n{line}\n", json!({ "username": fresh("ok") }));
    let imported = server().command_with_input(&["--json", "user", "import", "-", "--refused", refused], bad.as_bytes());
    assert_eq!(imported.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&imported.stdout).expect("JSON");
    let numbers: Vec<_> = told["refused"].as_array().expect("a list").iter().map(|line| line["line"].as_i64().expect("a number")).collect();
    assert_eq!((told["imported"].as_i64(), numbers), (Some(2), vec![3, 5]), "{told}");
    assert_eq!(std::fs::read_to_string(refused).expect("lines"), format!("nonsense\n{line}\n"));
    let back = server().command_json(&["user", "show", &name]);
    for member in ["user_id", "username", "claims", "attributes", "enabled"] {
        assert_eq!(back[member], user[member], "{member}");
    }
}

#[test]
fn hashes_need_a_scope_of_their_own() {
    let token = server().command_json(&["admin-token", "create", &fresh("reader"), "--scope", "users:write"]);
    let token = token["token"].as_str().expect("a token").to_owned();
    let ask = |query: &str| {
        let url = format!("{}/admin/v1/users{query}", server().info["admin_url"].as_str().expect("a URL"));
        claimsmith_tests::send(server().http.get(url).bearer_auth(&token)).status
    };
    assert_eq!((ask(""), ask("?include=password_hash"), ask("?include=x")), (200, 403, 400));
}

#[test]
fn a_password_comes_on_standard_input_and_never_as_an_argument() {
    let name = fresh("typed");
    register(&json!({ "username": name }));
    let set = server().command_with_input(&["user", "set-password", &name], b"correct horse\n");
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    assert!(server().command_json(&["user", "show", &name])["password_changed_at"].is_i64());
    assert_eq!(server().command(&["user", "set-password", &name, "correct horse"]).status.code(), Some(2));
}
