//! DIS and KEY: what the server says of itself.

use std::collections::{BTreeSet, HashSet};

use claimsmith_jose::SigningAlg;
use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{Node, Site};
use claimsmith_tests::{AssertionKey, send, wait_for};
use josekit::jws::alg::hmac::HmacJwsAlgorithm;
use josekit::jws::{JwsAlgorithm as _, JwsHeader};
use reqwest::Method;
use serde_json::{Value, json};

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
    assert!(metadata["authorization_endpoint"].is_string(), "a grant needs it");
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
    assert_eq!(listed, json!(["client_credentials", "authorization_code", "refresh_token"]));
    for grant in ["implicit", "password", "urn:ietf:params:oauth:grant-type:device_code"] {
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
        "dpop_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens",
        "scopes_supported",
        "authorization_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
        "pushed_authorization_request_endpoint_auth_methods_supported",
        "pushed_authorization_request_endpoint_auth_signing_alg_values_supported",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
        "require_request_uri_registration",
        "response_modes_supported",
        "code_challenge_methods_supported",
        "authorization_response_iss_parameter_supported",
        "subject_types_supported",
        "acr_values_supported",
        "claims_supported",
        "claim_types_supported",
        "claims_parameter_supported",
        "prompt_values_supported",
        "request_parameter_supported",
        "request_object_signing_alg_values_supported",
        "request_object_encryption_alg_values_supported",
        "request_object_encryption_enc_values_supported",
        "ui_locales_supported",
        "id_token_signing_alg_values_supported",
        "id_token_encryption_alg_values_supported",
        "id_token_encryption_enc_values_supported",
        "userinfo_signing_alg_values_supported",
        "introspection_signing_alg_values_supported",
        "introspection_encryption_alg_values_supported",
        "introspection_encryption_enc_values_supported",
        "userinfo_encryption_alg_values_supported",
        "userinfo_encryption_enc_values_supported",
        "authorization_signing_alg_values_supported",
        "authorization_encryption_alg_values_supported",
        "authorization_encryption_enc_values_supported",
        "authorization_details_types_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
        "frontchannel_logout_supported",
        "frontchannel_logout_session_supported",
        "check_session_iframe",
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
    // In one second, too: the last one made is the one that signs.
    let rotate = || dev.command_json(&["key", "rotate", "--alg", "ES256", "--now"])["kid"].clone();
    let new_kid = (0..4).fold(json!(null), |_, _| rotate());
    wait_for("a token of the new key", || dev.decode(&dev.token(&client, "").okt()).header["kid"] == new_kid);
    dev.decode(&old);
    let is_active =
        |token: &str| dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={token}")).json()["active"] == json!(true);
    assert!(is_active(&old), "the old key still counts");
    let removed = dev.admin(Method::DELETE, &format!("/keys/{old_kid}"), &[("if-match", "*")], Vec::new());
    assert!(removed.status < 300, "{}", removed.body);
    wait_for("the removal", || !is_active(&old));
}

fn texts(metadata: &Value, member: &str) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    metadata[member].as_array().unwrap_or_else(|| panic!("{member} is no list: {metadata}")).iter().map(text).collect()
}

#[test]
fn dis_004_what_is_required_is_there_and_leads_somewhere() {
    let metadata = server().metadata();
    // RFC 8414 §2.
    assert_eq!(metadata["issuer"], server().issuer());
    assert!(metadata["issuer"].as_str().is_some_and(|issuer| issuer.starts_with("https://") && !issuer.ends_with('/')));
    assert!(!texts(metadata, "response_types_supported").is_empty());
    let posted = send(server().http.post(server().url("token_endpoint")).header("content-type", "application/x-www-form-urlencoded"));
    posted.err("invalid_request");
    let keys = send(server().http.get(server().url("jwks_uri"))).json();
    let published: BTreeSet<_> = keys["keys"].as_array().expect("keys").iter().filter_map(|key| key["alg"].as_str()).collect();
    assert!(published.contains("ES256"), "what tokens are signed with: {keys}");
    // OpenID Connect Discovery §3.
    for member in ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported", "claims_supported"] {
        assert!(!texts(metadata, member).is_empty(), "{member}");
    }
    assert!(texts(metadata, "id_token_signing_alg_values_supported").contains("ES256"));
    assert_eq!(send(server().http.get(server().url("authorization_endpoint"))).status, 400, "a page that says what is missing");
    assert_eq!(send(server().http.get(server().url("userinfo_endpoint"))).status, 401);
}

#[test]
fn dis_009_every_scope_that_is_listed_can_be_got() {
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &[]);
    let metadata = || send(dev.http.get(format!("{}/.well-known/openid-configuration", dev.issuer()))).json();
    let standard: BTreeSet<String> = ["openid", "offline_access", "profile", "email", "address", "phone"].map(str::to_owned).into();
    assert_eq!(texts(&metadata(), "scopes_supported"), standard);
    let private = dev.register_basic("private:scope");
    dev.token(&private, "").okt();
    for (resource, scopes) in [("https://one.example", vec!["one:read", "shared"]), ("https://two.example", vec!["shared", "two!#[]~"])] {
        assert_eq!(dev.admin_post("/resources", &json!({ "identifier": resource, "scopes": scopes })).status, 201);
    }
    let listed: BTreeSet<String> = texts(&metadata(), "scopes_supported").difference(&standard).cloned().collect();
    assert_eq!(listed, ["one:read", "shared", "two!#[]~"].map(str::to_owned).into(), "each once, and no client's own");
    for scope in &listed {
        assert!(scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "RFC 6749 §3.3: {scope}");
        let resource = if scope.starts_with("two") { "https://two.example" } else { "https://one.example" };
        let client = dev.register(&json!({ "grant_types": ["client_credentials"], "scope": scope, "resources": [resource] }));
        let reply = dev.token(&client, &format!("scope={}", claimsmith_tests::encode(scope)));
        reply.okt();
        assert_eq!(reply.json()["scope"], *scope);
    }
    let hidden = claimsmith_tests::Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_TOKENS__ADVERTISE_SCOPES", "false")]);
    assert_eq!(hidden.admin_post("/resources", &json!({ "identifier": "https://one.example", "scopes": ["one"] })).status, 201);
    let document = send(hidden.http.get(format!("{}/.well-known/openid-configuration", hidden.issuer()))).json();
    assert_eq!(texts(&document, "scopes_supported"), standard, "{document}");
}

#[test]
fn dis_009_every_method_and_algorithm_that_is_listed_works() {
    let metadata = server().metadata();
    let listed = texts(metadata, "token_endpoint_auth_methods_supported");
    let tried = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"].map(str::to_owned);
    assert_eq!(listed, tried.into(), "each of them has its test here or in client_auth.rs");
    let form = |assertion: &str| {
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}")
    };
    let mut works = BTreeSet::new();
    for alg in SigningAlg::ALL {
        let key = AssertionKey::generate(alg);
        let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() });
        let client = server().register(&metadata);
        let assertion = key.assertion(&client.client_id, server().issuer(), alg.as_str());
        if server().post("token_endpoint", None, &form(&assertion)).status == 200 {
            works.insert(alg.as_str().to_owned());
        }
    }
    for alg in [HmacJwsAlgorithm::Hs256, HmacJwsAlgorithm::Hs384, HmacJwsAlgorithm::Hs512] {
        let client = server().register(
            &json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "client_secret_jwt" }),
        );
        let secret = client.client_secret.clone().expect("a secret");
        let claims = claimsmith_tests::claims(&client.client_id, server().issuer(), alg.name()).to_string();
        let signer = alg.signer_from_bytes(secret.as_bytes()).expect("a key");
        let assertion = josekit::jws::serialize_compact(claims.as_bytes(), &JwsHeader::new(), &signer).expect("a MAC");
        if server().post("token_endpoint", None, &form(&assertion)).status == 200 {
            works.insert(alg.name().to_owned());
        }
    }
    assert_eq!(texts(metadata, "token_endpoint_auth_signing_alg_values_supported"), works);
    // A public client ends its own tokens and learns nothing: `none` is listed at the one endpoint and not at the other.
    let public = server().register(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    for (endpoint, status) in [("revocation", 200), ("introspection", 401)] {
        let reply = server().post(&format!("{endpoint}_endpoint"), None, &format!("token=x&client_id={}", public.client_id));
        assert_eq!(reply.status, status, "{endpoint}");
        let listed = texts(metadata, &format!("{endpoint}_endpoint_auth_methods_supported")).contains("none");
        assert_eq!(listed, status == 200, "{endpoint}");
    }
}

#[test]
fn dis_019_a_change_shows_in_the_metadata_of_every_node() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    let documents = |node: &Node<'_>| {
        let both = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"].map(|path| node.get(path).json());
        assert_eq!(both[0], both[1]);
        both[0].clone()
    };
    let lists =
        |node: &Node<'_>, scope: &str| documents(node)["scopes_supported"].as_array().is_some_and(|list| list.contains(&json!(scope)));

    // The registry: at once where it was changed, within the pulse elsewhere, with another entity tag.
    let before = two.get("/.well-known/openid-configuration").header("etag").to_owned();
    let resource = json!({ "identifier": "https://api.example", "scopes": ["api:use"] });
    assert_eq!(one.admin(Method::POST, "/resources", Some(&resource)).status, 201);
    assert!(lists(&one, "api:use"));
    wait_for("the other node", || lists(&two, "api:use"));
    let after = two.get("/.well-known/openid-configuration").header("etag").to_owned();
    assert_ne!(before, after);
    assert_eq!(documents(&one), documents(&two));
    one.command_json(&["resource", "delete", "https://api.example"]);
    wait_for("its end", || !lists(&one, "api:use") && !lists(&two, "api:use"));

    // A setting that needs a restart is not in force before it, and metadata say what is in force, node by node.
    let methods = |node: &Node<'_>| texts(&documents(node), "token_endpoint_auth_methods_supported");
    site.configure("url_file = \"db.url\"", "[client_auth]\nmethods = [\"client_secret_basic\", \"private_key_jwt\"]\n");
    one.signal("HUP");
    wait_for("the log's word", || one.log().contains("client_auth.methods"));
    assert!(methods(&one).contains("client_secret_post"), "it is still accepted");
    let client = one
        .register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "client_secret_basic" }));
    one.token(&client, "").okt();
    drop((one, two));
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    for node in [&one, &two] {
        assert_eq!(methods(node), ["client_secret_basic", "private_key_jwt"].map(str::to_owned).into());
        node.token(&client, "").okt();
    }
}
