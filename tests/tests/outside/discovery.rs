//! DIS and KEY: what the server says of itself.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use claimsmith_tests::send;

use crate::server;

fn get(path: &str) -> claimsmith_tests::Reply {
    send(server().http.get(format!("{}{path}", server().issuer())))
}

#[test]
fn dis_001_002_018_both_documents_are_there_and_cacheable() {
    let documents = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"].map(get);
    for document in &documents {
        assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
        assert_eq!(document.header("access-control-allow-origin"), "*");
        assert!(document.header("cache-control").contains("max-age"));
    }
    assert_eq!(documents[0].json(), documents[1].json());
}

#[test]
fn dis_003_005_013_the_issuer_and_what_it_has() {
    let metadata = server().metadata();
    assert_eq!(metadata["issuer"], server().issuer());
    assert!(metadata["token_endpoint"].is_string());
    assert!(metadata["response_types_supported"].is_array());
    assert!(metadata.get("authorization_endpoint").is_none(), "no grant needs it");
}

#[test]
fn dis_006_nothing_is_empty_or_null() {
    fn walk(value: &Value, path: &str) {
        match value {
            Value::Null => panic!("{path} is null"),
            Value::Array(items) => {
                assert!(!items.is_empty(), "{path} is empty");
                items.iter().for_each(|item| walk(item, path));
            }
            Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"))),
            _ => {}
        }
    }
    walk(server().metadata(), "");
}

#[test]
fn dis_007_every_url_is_https_under_the_issuer() {
    for (name, value) in server().metadata().as_object().expect("an object") {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().is_some_and(|url| url.starts_with(server().issuer())), "{name}: {value}");
        }
    }
}

#[test]
fn dis_008_the_grants_are_those_that_work() {
    let client = server().register_basic("read");
    let listed = server().metadata()["grant_types_supported"].clone();
    assert_eq!(listed, json!(["client_credentials"]));
    for grant in ["authorization_code", "refresh_token", "password", "urn:ietf:params:oauth:grant-type:device_code"] {
        let form = format!("grant_type={}", claimsmith_tests::encode(grant));
        server().post("token_endpoint", Some(&client.basic()), &form).err("unsupported_grant_type");
    }
}

#[test]
fn dis_010_cau_011_caj_021_int_019_rev_011_methods_and_algorithms_are_listed() {
    let metadata = server().metadata();
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().expect("methods");
        for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"] {
            assert!(methods.contains(&json!(method)), "{endpoint}: {method}");
        }
        let algs = metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")].as_array().expect("algorithms");
        assert!(algs.contains(&json!("ES256")) && algs.contains(&json!("HS256")) && !algs.contains(&json!("none")));
    }
}

#[test]
fn dis_011_members_are_registered_ones() {
    let known = [
        "issuer",
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "jwks_uri",
        "grant_types_supported",
        "response_types_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "request_uri_parameter_supported",
        "mtls_endpoint_aliases",
    ];
    for name in server().metadata().as_object().expect("an object").keys() {
        assert!(known.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn dis_012_what_is_absent_and_would_mean_true_is_said() {
    assert_eq!(server().metadata()["request_uri_parameter_supported"], false);
}

#[test]
fn key_001_004_005_the_key_set_is_public_and_unambiguous() {
    let reply = send(server().http.get(server().url("jwks_uri")));
    assert_eq!(reply.header("content-type"), "application/jwk-set+json");
    let json = reply.json();
    let keys = json["keys"].as_array().expect("keys");
    let mut kids = HashSet::new();
    for key in keys {
        assert!(kids.insert(key["kid"].as_str().expect("a kid").to_owned()));
        assert_eq!(key["use"], "sig");
        assert!(key["alg"].is_string() && key["kty"] != "oct");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    assert!(!keys.is_empty());
}

#[test]
fn net_017_head_and_conditional_requests_work_on_documents() {
    for url in [server().url("jwks_uri").to_owned(), format!("{}/.well-known/openid-configuration", server().issuer())] {
        let whole = send(server().http.get(&url));
        let head = send(server().http.request(Method::HEAD, &url));
        assert_eq!((head.status, head.body.as_str(), head.header("etag")), (200, "", whole.header("etag")));
        let again = send(server().http.get(&url).header("if-none-match", whole.header("etag")));
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        let other = send(server().http.get(&url).header("if-none-match", "\"other\""));
        assert_eq!(other.status, 200);
    }
}

#[test]
fn key_002_and_003_rotation_keeps_the_old_key_and_removal_ends_it() {
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &[]);
    let client = dev.register_basic("read");
    let old = dev.token(&client, "").okt();
    let old_kid = dev.decode(&old).header["kid"].as_str().expect("a kid").to_owned();
    dev.command_json(&["key", "rotate", "--alg", "ES256", "--now"]);
    claimsmith_tests::wait_for("a token of the new key", || dev.decode(&dev.token(&client, "").okt()).header["kid"] != json!(old_kid));
    dev.decode(&old);
    let is_active =
        |token: &str| dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={token}")).json()["active"] == json!(true);
    assert!(is_active(&old), "the old key still counts");
    let removed = dev.admin(Method::DELETE, &format!("/keys/{old_kid}"), &[("if-match", "*")], Vec::new());
    assert!(removed.status < 300, "{}", removed.body);
    claimsmith_tests::wait_for("the removal", || !is_active(&old));
}
