//! The hook points at which plugins judge proofs: of a client, of a password; and the one that is told of a revocation.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Registered, Reply};
use serde_json::{Value, json};

use super::client_auth::{assert_with, with_key};
use super::code_flow::{is_active, refresh, refresh_token, userinfo};
use super::hooks::{at, install, unbind};
use super::password::{PASSWORD, ask, client, somebody};
use crate::{server, wide};

/// Binds the guest that has every hook, with these permissions and no others.
fn bind(dev: &Dev, client: &Registered, configuration: &Value, permissions: &[&str]) -> String {
    let binding = json!({ "plugin": install(dev), "configuration": configuration, "permissions": permissions });
    let reply = dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["id"].to_string().trim_matches('"').to_owned()
}

#[test]
fn plg_009_a_client_that_a_plugin_refuses_has_used_up_nothing() {
    let (dev, key) = (server(), AssertionKey::generate(SigningAlg::Es256));
    let client = with_key(&key, json!({}));
    let assertion = key.assertion(&client.client_id, dev.issuer(), "asked of a plugin");
    let refuse = |code: &str| json!({ "at": "client_authentication", "refuse": code });
    for (code, told, status) in [
        ("access_denied", "invalid_client", 401),
        ("foo\r\nX: 1", "invalid_client", 401),
        ("invalid_client", "invalid_client", 401),
        ("unauthorized_client", "unauthorized_client", 400),
    ] {
        let binding = bind(dev, &client, &refuse(code), &[]);
        assert_with(&assertion).err_with(told, status);
        unbind(dev, &binding);
    }
    let binding = bind(dev, &client, &at("client_authentication", "fails"), &[]);
    let failed = assert_with(&assertion);
    assert_eq!((failed.status, failed.json()["error"].as_str()), (500, Some("server_error")), "PLG-003: {failed:?}");
    unbind(dev, &binding);
    // Nothing but a refusal has a meaning there, whatever the binding permits.
    let edits = json!({ "at": "client_authentication", "edits": [{ "set_user": "x" }] });
    let binding = bind(dev, &client, &edits, &["set_user", "claim:*", "metadata:*"]);
    assert_eq!(assert_with(&assertion).status, 500, "PLG-001");
    unbind(dev, &binding);
    assert_with(&assertion).okt();
    assert_with(&assertion).err_with("invalid_client", 401);
}

#[test]
fn plg_001_a_plugin_is_not_asked_for_a_client_that_proves_nothing() {
    let dev = server();
    let client = dev.register(&json!({ "grant_types": ["client_credentials"], "scope": "read" }));
    let binding = bind(dev, &client, &at("client_authentication", "fails"), &[]);
    let wrong = Registered { client_secret: Some("not it, and long enough to be one".to_owned()), ..client.clone() };
    dev.token(&wrong, "").err_with("invalid_client", 401);
    for endpoint in ["introspection_endpoint", "revocation_endpoint"] {
        assert_eq!(dev.post(endpoint, Some(&client.basic()), "token=x").status, 500, "{endpoint}: it is asked wherever a client comes");
    }
    unbind(dev, &binding);
    dev.token(&client, "").okt();
}

#[test]
fn plg_001_a_revocation_is_kept_up_by_permission_alone() {
    let dev = server();
    let client = dev.register(&json!({ "grant_types": ["client_credentials"], "scope": "read" }));
    let revoke = |token: &str| dev.post("revocation_endpoint", Some(&client.basic()), &format!("token={token}"));
    for configuration in [at("revocation", "refuse"), at("revocation", "fails"), json!({ "at": "revocation", "edits": ["mark_notified"] })]
    {
        let token = dev.token(&client, "").okt();
        let binding = bind(dev, &client, &configuration, &[]);
        assert_eq!(revoke(&token).status, 200, "{configuration}");
        unbind(dev, &binding);
        assert!(!is_active(dev, &client, &token), "{configuration}");
    }
    let token = dev.token(&client, "").okt();
    for (deed, status) in [("refuse", 400), ("fails", 500)] {
        let binding = bind(dev, &client, &at("revocation", deed), &["refuse_revocation"]);
        assert_eq!(revoke(&token).status, status, "{deed}");
        unbind(dev, &binding);
        assert!(is_active(dev, &client, &token), "{deed}");
    }
    assert_eq!(revoke(&token).status, 200);
    assert!(!is_active(dev, &client, &token));
}

#[test]
fn plg_001_with_a_refresh_token_everything_ends_whatever_a_plugin_says() {
    somebody(wide(), "hook-revocation");
    let client = client(json!({}));
    let reply = ask(&client, "hook-revocation", PASSWORD, "&scope=openid+offline_access");
    let binding = bind(wide(), &client, &at("revocation", "refuse"), &[]);
    let revoked = wide().post("revocation_endpoint", Some(&client.basic()), &format!("token={}", refresh_token(&reply)));
    assert_eq!(revoked.status, 200);
    unbind(wide(), &binding);
    refresh(wide(), &client, &refresh_token(&reply), "").err("invalid_grant");
}

/// Asks with a password while a plugin says that it is for this user.
fn vouched(client: &Registered, (username, password): (&str, &str), edits: Value, permissions: &[&str]) -> Reply {
    let binding = bind(wide(), client, &json!({ "at": "password", "edits": edits }), permissions);
    let reply = ask(client, username, password, "&scope=openid");
    unbind(wide(), &binding);
    reply
}

#[test]
fn plg_001_who_has_no_password_here_is_let_in_by_permission_alone() {
    let id = somebody(wide(), "hook-vouched");
    let client = client(json!({}));
    let edits = || json!([{ "set_user": id }, { "add_amr": ["otp"] }]);
    let stranger = ("nobody-of-that-name", "from elsewhere");
    let refused = vouched(&client, stranger, edits(), &["password", "user:*", "sub", "amr"]);
    assert_eq!((refused.status, refused.json()["error"].as_str()), (500, Some("server_error")), "{refused:?}");
    let reply = vouched(&client, stranger, edits(), &["set_user", "amr"]);
    let id_token = wide().decode(reply.json()["id_token"].as_str().unwrap_or_else(|| panic!("{reply:?}")));
    assert_eq!((&id_token.claims["sub"], &id_token.claims["amr"]), (&json!(id), &json!(["otp"])));
    assert!(id_token.claims.get("acr").is_none(), "what the plugin saw is no class of ours");
    assert_eq!(userinfo(wide(), &reply.okt()).status, 200);
    // The user must be there, and enabled.
    let gone = json!([{ "set_user": "AAAAAAAAAAAAAAAAAAAAAA" }]);
    vouched(&client, stranger, gone, &["set_user"]).err("invalid_grant");
    vouched(&client, stranger, json!([{ "set_user": "no identifier" }]), &["set_user"]).err("invalid_grant");
    assert!(wide().command(&["user", "update", "hook-vouched", "--disable"]).status.success());
    vouched(&client, stranger, edits(), &["set_user", "amr"]).err("invalid_grant");
    // And nobody is let in by a plugin that says nothing.
    vouched(&client, stranger, json!([]), &["set_user"]).err("invalid_grant");
    vouched(&client, ("hook-vouched", "not it"), json!([]), &["set_user"]).err("invalid_grant");
}

#[test]
fn plg_005_a_plugin_sees_a_password_by_permission_alone() {
    let dev = Dev::start_with(
        &["--no-demo"],
        &[("CLAIMSMITH_GRANTS__ENABLED", "password"), ("CLAIMSMITH_LOG__LEVEL", "info"), ("CLAIMSMITH_LOG__FORMAT", "json")],
    );
    somebody(&dev, "hook-password");
    let client = dev.register(&json!({ "grant_types": ["password"], "scope": "read" }));
    let form = |password: &str| format!("grant_type=password&username=hook-password&password={password}");
    let tells = json!({ "tells": true });
    let binding = bind(&dev, &client, &tells, &["user:*", "claim:*", "set_user"]);
    super::code_flow::token(&dev, &client, &form("guess-that-nobody-sees")).err("invalid_grant");
    unbind(&dev, &binding);
    let binding = bind(&dev, &client, &tells, &["password"]);
    super::code_flow::token(&dev, &client, &form("guess-that-is-shown")).err("invalid_grant");
    unbind(&dev, &binding);
    // The log is written behind the answers.
    let begin = std::time::Instant::now();
    while !dev.log().contains("guess-that-is-shown") && begin.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let log = dev.log();
    assert!(log.contains("guess-that-is-shown"), "this guest tells its log what it was shown");
    assert!(!log.contains("guess-that-nobody-sees"));
}
