//! The admin API and the commands, as an operator meets them.

use reqwest::Method;
use serde_json::json;

use claimsmith_tests::send;

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
