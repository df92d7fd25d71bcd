//! The admin API and the commands, as an operator meets them.

use reqwest::Method;
use serde_json::{Value, json};

use claimsmith_tests::{AssertionKey, Dev, Person, encode, send};

use super::code_flow::{app, code, redeem};
use crate::server;

#[test]
fn the_admin_api_wants_its_own_token() {
    let url = format!("{}/admin/v1/clients", server().info["admin_url"].as_str().expect("a URL"));
    let bare = send(server().http.get(&url));
    assert_eq!((bare.status, bare.header("content-type")), (401, "application/problem+json"));
    let wrong = send(server().http.get(&url).bearer_auth("csat_wrong"));
    assert_eq!(wrong.status, 401);
    let public = send(server().http.get(format!("{}/admin/v1/clients", server().issuer())));
    assert_eq!(public.status, 404, "never on the public port");
}

#[test]
fn a_wrong_client_names_every_field_at_fault() {
    let reply = server().admin_post("/clients", &json!({ "grant_types": ["nonsense"], "scope": "a  b", "clientname": "x" }));
    assert_eq!((reply.status, reply.header("content-type")), (422, "application/problem+json"));
    for field in ["grant_types", "scope", "clientname"] {
        assert!(reply.body.contains(field), "{field}: {}", reply.body);
    }
    assert!(reply.body.contains("client_name"), "the nearest known name: {}", reply.body);
}

#[test]
fn updates_are_conditional() {
    let client = server().register_basic("read");
    let path = format!("/clients/{}", client.client_id);
    let shown = server().admin(Method::GET, &path, &[], Vec::new());
    let etag = shown.header("etag").to_owned();
    let patch = |etag: Option<&str>| {
        let mut headers = vec![("content-type", "application/merge-patch+json")];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        server().admin(Method::PATCH, &path, &headers, b"{\"client_name\":\"New\"}".to_vec()).status
    };
    assert_eq!(patch(None), 428);
    assert_eq!(patch(Some(&etag)), 200);
    assert_eq!(patch(Some(&etag)), 412, "somebody changed it since");
}

#[test]
fn lists_are_paged() {
    for _ in 0..3 {
        server().register_basic("read");
    }
    let first = server().admin(Method::GET, "/clients?limit=2", &[], Vec::new()).json();
    assert_eq!(first["items"].as_array().expect("items").len(), 2);
    let next = first["next"].as_str().expect("a next page");
    let second = server().admin(Method::GET, &format!("/clients?limit=2&after={}", claimsmith_tests::encode(next)), &[], Vec::new()).json();
    assert_ne!(first["items"], second["items"]);
}

#[test]
fn both_openapi_documents_are_served() {
    let admin = send(server().http.get(format!("{}/admin/v1/openapi.json", server().info["admin_url"].as_str().expect("a URL"))));
    assert_eq!(admin.json()["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let public = send(server().http.get(format!("{}/openapi.json", server().issuer())));
    assert!(public.json()["paths"]["/oauth2/token"]["post"].is_object());
}

#[test]
fn commands_tell_by_their_exit_code() {
    let code = |arguments: &[&str]| server().command(arguments).status.code();
    assert_eq!(code(&["client", "show", "demo"]), Some(0));
    assert_eq!(code(&["client", "show", "nobody"]), Some(1));
    assert_eq!(code(&["client", "nonsense"]), Some(2));
    let unreachable = std::process::Command::new(claimsmith_tests::binary())
        .args(["client", "list", "--admin", "https://127.0.0.1:1"])
        .env("CLAIMSMITH_ADMIN_TOKEN", "csat_x")
        .output()
        .expect("run");
    assert_eq!(unreachable.status.code(), Some(3), "{}", String::from_utf8_lossy(&unreachable.stderr));
}

#[test]
fn sec_010_the_audit_knows_who_did_what() {
    let client = server().register_basic("read");
    let audit = server().admin(Method::GET, "/audit?limit=50", &[], Vec::new());
    assert_eq!(audit.status, 200, "{}", audit.body);
    assert!(audit.body.contains(&client.client_id));
    assert!(!audit.body.contains(client.client_secret.as_deref().expect("a secret")));
    server().token(&client, "").okt();
    server().post("token_endpoint", Some(&claimsmith_tests::basic(&client.client_id, "wrong")), "grant_type=client_credentials");
    claimsmith_tests::wait_for("both records", || {
        let issuance = server().admin(Method::GET, &format!("/audit/tokens?client_id={}", client.client_id), &[], Vec::new());
        issuance.body.contains("\"issued\"") && issuance.body.contains("wrong_secret")
    });
}

#[test]
fn health_and_metrics_are_there() {
    let admin = server().info["admin_url"].as_str().expect("a URL");
    for base in [admin, server().issuer()] {
        for path in ["/health/live", "/health/ready"] {
            assert_eq!(send(server().http.get(format!("{base}{path}"))).status, 200, "{base}{path}");
        }
    }
    server().token(&server().demo(), "").okt();
    let metrics = send(server().http.get(format!("{admin}/metrics")));
    assert!(metrics.body.contains("# TYPE"), "{}", metrics.body);
    assert_eq!(send(server().http.get(format!("{}/metrics", server().issuer()))).status, 404);
}

/// What one change of the table below is: a request, and the audit's word for it.
struct Deed {
    path: String,
    body: Vec<u8>,
    kind: &'static str,
    action: &'static str,
    key: String,
}

/// A change by its row of the API's own description, on things made for it.
fn deed(dev: &Dev, method: &str, path: &str) -> Option<Deed> {
    let client = || dev.register_basic("read").client_id;
    let binding = || {
        let binding = json!({ "plugin": "bound", "configuration": { "claims": {} } });
        let made = dev.admin_post(&format!("/clients/{}/bindings", client()), &binding);
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].to_string()
    };
    let resource = || {
        let identifier = format!("https://{}.example", client());
        assert_eq!(dev.admin_post("/resources", &json!({ "identifier": identifier, "scopes": ["a"] })).status, 201);
        identifier
    };
    let trusted = |issuer: &str| {
        let keys = AssertionKey::generate(claimsmith_jose::SigningAlg::Es256).jwks();
        json!({ "issuer": issuer, "jwks": keys, "algorithms": ["ES256"], "purposes": ["jwt_bearer"] })
    };
    let trust = || {
        let issuer = format!("https://{}.example", client());
        assert_eq!(dev.admin_post("/trusted-issuers", &trusted(&issuer)).status, 201);
        issuer
    };
    let plugin = || {
        let name = format!("p-{}", client()).to_ascii_lowercase();
        for example in ["tenant-claims", "claims-mapper"] {
            let file = claimsmith_tests::plugin(example);
            dev.command_json(&["plugin", "push", file.to_str().expect("a path"), "--name", &name, "--channel", "active"]);
        }
        name
    };
    let versions = |name: &str| {
        let shown = dev.admin(Method::GET, &format!("/plugins/{name}"), &[], Vec::new()).json();
        let digest = |member: &str| shown[member].as_str().expect("a digest").to_owned();
        (digest("active"), digest("previous"))
    };
    let user = |members: Value| {
        let mut body = json!({ "username": format!("u-{}", client()) });
        body.as_object_mut().expect("members").extend(members.as_object().cloned().unwrap_or_default());
        let made = dev.admin_post("/users", &body);
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["user_id"].as_str().expect("an id").to_owned()
    };
    // Somebody who has signed in and agreed to something, and the first of a list about them.
    let signed_in = |list: &str, member: &str| {
        let id = user(json!({ "password": "correct horse" }));
        let shown = |tail: &str| dev.admin(Method::GET, &format!("/users/{id}{tail}"), &[], Vec::new()).json();
        let username = shown("")["username"].as_str().expect("a name").to_owned();
        let app = app(dev, json!({ "scope": "openid offline_access", "resources": [] }));
        let code = code(dev, &Person::new(dev, &username, "correct horse"), &app, "&scope=openid+offline_access");
        redeem(dev, &app, &code, "").okt();
        let first = shown(&format!("/{list}"))["items"][0][member].clone();
        (id.clone(), first.as_str().unwrap_or_else(|| panic!("no {list}: {first}")).to_owned())
    };
    let key = || dev.admin_post("/keys", &json!({ "alg": "ES384" })).json()["kid"].as_str().expect("a kid").to_owned();
    let seen = |kind, action, path: String, key: String, body: Value| {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Some(Deed { path, body, kind, action, key })
    };
    let bound = json!({ "plugin": "bound", "configuration": { "claims": {} } });
    match (method, path) {
        ("post", "/clients") => seen(
            "client",
            "create",
            "/clients".into(),
            "made-here".into(),
            json!({ "client_id": "made-here", "grant_types": ["client_credentials"], "scope": "a" }),
        ),
        ("put", "/clients/{client_id}") => {
            let id = client();
            seen("client", "update", format!("/clients/{id}"), id, json!({ "grant_types": ["client_credentials"], "scope": "b" }))
        }
        ("patch", "/clients/{client_id}") => {
            let id = client();
            seen("client", "update", format!("/clients/{id}"), id, json!({ "scope": "b" }))
        }
        ("delete", "/clients/{client_id}") => {
            let id = client();
            seen("client", "delete", format!("/clients/{id}"), id, Value::Null)
        }
        ("post", "/clients/{client_id}/secrets") => {
            let id = client();
            seen("client", "", format!("/clients/{id}/secrets"), id, Value::Null)
        }
        ("post", "/clients/{client_id}/bindings") => {
            seen("binding", "bind", format!("/clients/{}/bindings", client()), String::new(), bound)
        }
        ("post", "/tags/{tag}/bindings") => seen("binding", "bind", "/tags/some/bindings".into(), String::new(), bound),
        ("post", "/all/bindings") => seen("binding", "bind", "/all/bindings".into(), String::new(), bound),
        ("put" | "patch", "/bindings/{id}") => {
            let id = binding();
            seen("binding", "rebind", format!("/bindings/{id}"), id, bound)
        }
        ("delete", "/bindings/{id}") => {
            let id = binding();
            seen("binding", "unbind", format!("/bindings/{id}"), id, Value::Null)
        }
        ("post", "/resources") => seen(
            "resource",
            "create",
            "/resources".into(),
            "https://a.example".into(),
            json!({ "identifier": "https://a.example", "scopes": ["a"] }),
        ),
        ("put" | "patch", "/resources/{identifier}") => {
            let identifier = resource();
            seen("resource", "update", format!("/resources/{}", encode(&identifier)), identifier, json!({ "scopes": ["b"] }))
        }
        ("delete", "/resources/{identifier}") => {
            let identifier = resource();
            seen("resource", "delete", format!("/resources/{}", encode(&identifier)), identifier, Value::Null)
        }
        ("post", "/trusted-issuers") => {
            seen("trusted_issuer", "create", "/trusted-issuers".into(), "https://new.example".into(), trusted("https://new.example"))
        }
        ("put" | "patch", "/trusted-issuers/{issuer}") => {
            let issuer = trust();
            seen("trusted_issuer", "update", format!("/trusted-issuers/{}", encode(&issuer)), issuer.clone(), trusted(&issuer))
        }
        ("delete", "/trusted-issuers/{issuer}") => {
            let issuer = trust();
            seen("trusted_issuer", "delete", format!("/trusted-issuers/{}", encode(&issuer)), issuer, Value::Null)
        }
        ("post", "/registration-tokens") => {
            seen("registration_token", "create", "/registration-tokens".into(), "partner".into(), json!({ "name": "partner", "uses": 1 }))
        }
        ("delete", "/registration-tokens/{name}") => {
            let name = format!("t-{}", client());
            assert_eq!(dev.admin_post("/registration-tokens", &json!({ "name": name })).status, 201);
            seen("registration_token", "revoke", format!("/registration-tokens/{name}"), name, Value::Null)
        }
        ("post", "/users") => seen("user", "create", "/users".into(), String::new(), json!({ "username": "made-here" })),
        ("put" | "patch", "/users/{user_id}") => {
            let id = user(json!({}));
            seen("user", "update", format!("/users/{id}"), id, json!({ "username": format!("other-{}", client()) }))
        }
        ("delete", "/users/{user_id}") => {
            let id = user(json!({}));
            seen("user", "delete", format!("/users/{id}"), id, Value::Null)
        }
        ("post", "/users/{user_id}/password") => {
            let id = user(json!({}));
            seen("user", "set_password", format!("/users/{id}/password"), id, json!({ "password": "correct horse" }))
        }
        ("delete", "/users/{user_id}/password") => {
            let id = user(json!({ "password": "correct horse" }));
            seen("user", "set_password", format!("/users/{id}/password"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/factors/{factor_id}") => {
            // Only people set up factors; the row stands for one that this person has lost.
            let id = user(json!({}));
            let sql = format!("INSERT INTO recovery_codes (user_id, code_digest) VALUES ('{id}', sha256('x'))");
            let url = dev.info["database_url"].as_str().expect("a URL");
            assert!(std::process::Command::new("psql").args([url, "--quiet", "--command", &sql]).status().expect("psql").success());
            seen("user", "set_recovery_codes", format!("/users/{id}/factors/recovery_codes"), id, Value::Null)
        }
        ("post", "/users/{user_id}/links") => {
            let id = user(json!({}));
            let link = json!({ "issuer": "https://idp.example", "subject": id });
            seen("user", "link", format!("/users/{id}/links"), id, link)
        }
        ("delete", "/users/{user_id}/links/{issuer}") => {
            let id = user(json!({}));
            let link = json!({ "issuer": "https://idp.example", "subject": id });
            assert_eq!(dev.admin_post(&format!("/users/{id}/links"), &link).status, 201);
            seen("user", "unlink", format!("/users/{id}/links/{}", encode("https://idp.example")), id, Value::Null)
        }
        ("post", "/users/{user_id}/end_everything") => {
            let (id, _) = signed_in("grants", "grant_id");
            seen("user", "end_everything", format!("/users/{id}/end_everything"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/sessions") => {
            let (id, _) = signed_in("sessions", "session_id");
            seen("user", "end_sessions", format!("/users/{id}/sessions"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/sessions/{session_id}") => {
            let (id, session) = signed_in("sessions", "session_id");
            seen("user", "end_session", format!("/users/{id}/sessions/{session}"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/grants") => {
            let (id, _) = signed_in("grants", "grant_id");
            seen("user", "end_grants", format!("/users/{id}/grants"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/grants/{grant_id}") => {
            let (id, grant) = signed_in("grants", "grant_id");
            seen("user", "end_grant", format!("/users/{id}/grants/{grant}"), id, Value::Null)
        }
        ("delete", "/users/{user_id}/consents/{client_id}") => {
            let (id, client) = signed_in("consents", "client_id");
            seen("user", "withdraw_consent", format!("/users/{id}/consents/{client}"), id, Value::Null)
        }
        ("post", "/clients/{client_id}/end_everything") => {
            let id = client();
            seen("client", "end_everything", format!("/clients/{id}/end_everything"), id, Value::Null)
        }
        ("post", "/plugins") => {
            let body = std::fs::read(claimsmith_tests::plugin("scope-guard")).expect("a component");
            Some(Deed { path: "/plugins?name=pushed".into(), body, kind: "plugin", action: "upload", key: "pushed".into() })
        }
        ("delete", "/plugins/{name}") => {
            let name = plugin();
            seen("plugin", "delete", format!("/plugins/{name}"), name, Value::Null)
        }
        ("post", "/plugins/{name}/enable" | "/plugins/{name}/disable" | "/plugins/{name}/rollback") => {
            let (name, verb) = (plugin(), path.rsplit('/').next().expect("a verb"));
            let action = ["enable", "disable", "rollback"].into_iter().find(|action| *action == verb).expect("one of them");
            seen("plugin", action, format!("/plugins/{name}/{verb}"), name, Value::Null)
        }
        ("post", "/plugins/{name}/versions/{digest}/activate") => {
            let name = plugin();
            let (_, previous) = versions(&name);
            seen("plugin", "activate", format!("/plugins/{name}/versions/{previous}/activate"), name, Value::Null)
        }
        ("post", "/plugins/{name}/versions/{digest}/disable" | "/plugins/{name}/versions/{digest}/enable") => {
            let (name, verb) = (plugin(), path.rsplit('/').next().expect("a verb"));
            let (_, previous) = versions(&name);
            seen("plugin", "version", format!("/plugins/{name}/versions/{previous}/{verb}"), name, Value::Null)
        }
        ("post", "/keys") => seen("key", "create", "/keys".into(), String::new(), json!({ "alg": "ES512" })),
        ("post", "/keys/{kid}/retire") => {
            let kid = key();
            seen("key", "retire", format!("/keys/{kid}/retire"), kid, Value::Null)
        }
        ("delete", "/keys/{kid}") => {
            let kid = key();
            seen("key", "delete", format!("/keys/{kid}"), kid, Value::Null)
        }
        ("post", "/keys/reseal") => seen("master_key", "reseal", "/keys/reseal".into(), String::new(), Value::Null),
        ("post", "/tokens/revoke") => {
            let token = dev.token(&dev.register_basic("read"), "").okt();
            let jti = dev.decode(&token).claims["jti"].as_str().expect("a jti").to_owned();
            seen("token", "revoke", "/tokens/revoke".into(), jti, json!({ "token": token }))
        }
        _ => None,
    }
}

#[test]
fn sec_010_every_change_is_in_the_audit_under_its_actor() {
    let dev = Dev::start_with(&["--no-demo"], &[]);
    let file = claimsmith_tests::plugin("tenant-claims");
    dev.command_json(&["plugin", "push", file.to_str().expect("a path"), "--name", "bound", "--channel", "active"]);
    let latest = || dev.admin(Method::GET, "/audit?limit=1", &[], Vec::new()).json()["items"][0].clone();
    let url = format!("{}/admin/v1/openapi.json", dev.info["admin_url"].as_str().expect("a URL"));
    let described = send(dev.http.get(url)).json();
    let mut tried = 0;
    for (path, operations) in described["paths"].as_object().expect("paths") {
        let Some(path) = path.strip_prefix("/admin/v1") else { continue };
        for method in
            operations.as_object().expect("operations").keys().filter(|name| ["post", "put", "patch", "delete"].contains(&name.as_str()))
        {
            // Questions that travel in a body.
            if matches!(path, "/tokens/introspect" | "/tokens/explain") {
                continue;
            }
            // A route that is new needs a row above, and so an entry in the audit.
            let deed = deed(&dev, method, path).unwrap_or_else(|| panic!("{method} {path} has no row here"));
            let before = latest()["generation"].as_i64().expect("a number");
            let kind = if path == "/plugins" { "application/wasm" } else { "application/json" };
            let headers = [("content-type", kind), ("if-match", "*")];
            let reply = dev.admin(method.to_uppercase().parse().expect("a method"), &deed.path, &headers, deed.body);
            assert!((200..300).contains(&reply.status), "{method} {path}: {reply:?}");
            let entry = latest();
            assert!(entry["generation"].as_i64().expect("a number") > before, "{method} {path} is not in the audit: {entry}");
            assert_eq!((&entry["kind"], &entry["actor"]), (&json!(deed.kind), &json!("dev")), "{method} {path}: {entry}");
            assert!(deed.action.is_empty() || entry["action"] == deed.action, "{method} {path}: {entry}");
            assert!(deed.key.is_empty() || entry["key"] == json!(deed.key), "{method} {path}: {entry}");
            tried += 1;
        }
    }
    assert!(tried > 25, "{tried}");
}

#[test]
fn oar_018_where_others_begin_a_sign_in_is_https_and_kept() {
    let metadata = |uri: &str| json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"], "initiate_login_uri": uri });
    for uri in ["http://app.example/begin", "https://app.example/begin#x", "/begin", "javascript:alert(1)"] {
        let reply = server().admin_post("/clients", &metadata(uri));
        assert!(reply.status == 422 && reply.body.contains("initiate_login_uri"), "{uri}: {reply:?}");
    }
    let client = server().register(&metadata("https://app.example/begin?a=b"));
    let held = server().admin(Method::GET, &format!("/clients/{}", client.client_id), &[], Vec::new());
    assert_eq!(held.json()["initiate_login_uri"], "https://app.example/begin?a=b");
}
