//! What a person was let in with, as an administrator sees and ends it: sessions, grants, consents.

use claimsmith_tests::{Person, Registered, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, refresh, refresh_token, userinfo};
use crate::server;

const SESSION_BOUND: &str = "&scope=openid+profile+read";
const OFFLINE: &str = "&scope=openid+profile+offline_access+read";
const PASSWORD: &str = "a long enough password";

/// Somebody who has signed in and let a client have something.
struct Case {
    id: String,
    username: String,
    person: Person,
    client: Registered,
    refresh_token: String,
    access_token: String,
}

fn case(username: &str) -> Case {
    let created = server().admin_post("/users", &json!({ "username": username, "password": PASSWORD }));
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["user_id"].as_str().expect("an id").to_owned();
    let (person, client) = (Person::new(server(), username, PASSWORD), app(server(), json!({})));
    let reply = redeem(server(), &client, &code(server(), &person, &client, OFFLINE), "");
    let (refresh_token, access_token) = (refresh_token(&reply), reply.okt());
    Case { id, username: username.to_owned(), person, client, refresh_token, access_token }
}

impl Case {
    fn path(&self, tail: &str) -> String {
        format!("/users/{}{tail}", self.id)
    }

    fn list(&self, tail: &str) -> Vec<Value> {
        let reply = server().admin(Method::GET, &self.path(tail), &[], Vec::new());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["items"].as_array().expect("items").clone()
    }

    fn delete(&self, tail: &str) -> Reply {
        server().admin(Method::DELETE, &self.path(tail), &[("if-match", "*")], Vec::new())
    }

    /// Nothing that came of the first grant is worth anything.
    fn has_ended(&self) {
        refresh(server(), &self.client, &self.refresh_token, "").err("invalid_grant");
        assert!(!is_active(server(), &self.client, &self.access_token));
        assert_eq!(userinfo(server(), &self.access_token).status, 401, "CLM-013");
    }
}

#[test]
fn sec_011_sessions_are_listed_and_ended_at_once() {
    let case = case("access-sessions");
    let bound = redeem(server(), &case.client, &code(server(), &case.person, &case.client, SESSION_BOUND), "").okt();
    let sessions = case.list("/sessions");
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["methods"], json!(["password"]));
    let text = sessions[0].to_string();
    assert!(!text.contains("digest") && !text.contains("attributes"), "{text}");
    let id = sessions[0]["session_id"].as_str().expect("an id");

    let other = self::case("access-sessions-other");
    assert_eq!(other.delete(&format!("/sessions/{id}")).status, 404, "a session of somebody else's");
    assert!(is_active(server(), &case.client, &bound));
    assert_eq!(case.delete(&format!("/sessions/{id}")).status, 204);
    assert_eq!(case.delete(&format!("/sessions/{id}")).status, 404, "ended already");
    assert!(case.list("/sessions").is_empty());
    assert!(!is_active(server(), &case.client, &bound), "what ends with the session has ended");
    assert!(is_active(server(), &case.client, &case.access_token), "offline access has not");

    let changes = server().admin(Method::GET, "/audit?limit=50", &[], Vec::new());
    assert!(changes.body.contains("end_session"), "{changes:?}");
}

#[test]
fn sec_011_grants_are_listed_and_ended_at_once() {
    let case = case("access-grants");
    let grants = case.list("/grants");
    assert_eq!(grants.len(), 1, "{grants:?}");
    assert_eq!((&grants[0]["client_id"], &grants[0]["code"]), (&json!(case.client.client_id), &json!("spent")));
    assert!(grants[0]["refresh_token"]["expires_at"].as_i64() > Some(0), "{grants:?}");
    let text = grants[0].to_string();
    assert!(!text.contains("digest") && !text.contains(&case.refresh_token), "{text}");
    let id = grants[0]["grant_id"].as_str().expect("an id");

    assert_eq!(self::case("access-grants-other").delete(&format!("/grants/{id}")).status, 404, "a grant of somebody else's");
    assert!(is_active(server(), &case.client, &case.access_token));
    assert_eq!(case.delete(&format!("/grants/{id}")).status, 204);
    case.has_ended();
    assert_eq!(case.delete(&format!("/grants/{id}")).status, 404);
    assert_eq!(case.delete("/grants/nonsense").status, 404);
    assert!(case.list("/grants").is_empty());
}

#[test]
fn rft_013_a_consent_that_is_withdrawn_ends_its_grants() {
    let case = case("access-consents");
    let consents = case.list("/consents");
    assert_eq!(consents.len(), 1, "{consents:?}");
    assert_eq!(consents[0]["client_id"], json!(case.client.client_id));
    let (user, client) = (case.username.as_str(), case.client.client_id.as_str());
    assert!(server().command_json(&["user", "consents", user]).to_string().contains(client));
    assert!(server().command(&["user", "withdraw-consent", user, client]).status.success());
    case.has_ended();
    assert!(case.list("/consents").is_empty());
    assert!(!server().command(&["user", "withdraw-consent", user, client]).status.success(), "there is none left");
}

#[test]
fn rft_013_a_password_that_is_set_or_taken_away_ends_what_there_was() {
    for remove in [false, true] {
        let case = case(&format!("access-password-{remove}"));
        let bound = redeem(server(), &case.client, &code(server(), &case.person, &case.client, SESSION_BOUND), "").okt();
        let done = if remove {
            case.delete("/password")
        } else {
            server().admin_post(&case.path("/password"), &json!({ "password": "another long password" }))
        };
        assert!(done.status < 300, "{done:?}");
        case.has_ended();
        assert!(!is_active(server(), &case.client, &bound));
        assert!(case.list("/sessions").is_empty() && case.list("/grants").is_empty());
    }
}

#[test]
fn rft_013_who_comes_back_after_being_disabled_comes_back_to_nothing() {
    let case = case("access-disabled");
    for enabled in [false, true] {
        let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
        let patch = json!({ "enabled": enabled }).to_string().into_bytes();
        let reply = server().admin(Method::PATCH, &case.path(""), &headers, patch);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    case.has_ended();
    assert!(case.list("/sessions").is_empty());
}

#[test]
fn sec_011_the_commands_end_everything() {
    let case = case("access-commands");
    let user = case.username.as_str();
    for kind in ["sessions", "grants"] {
        let held = server().command_json(&["user", kind, user]);
        assert_eq!(held["items"].as_array().map(Vec::len), Some(1), "{held}");
        assert!(server().command(&["user", &format!("end-{kind}"), user]).status.success());
        assert!(case.list(&format!("/{kind}")).is_empty());
    }
    case.has_ended();
}
