//! SUB: by which name a client, and its resources, know a person.

use claimsmith_tests::{Person, Registered, encode};
use serde_json::{Value, json};

use super::code_flow::{VERIFIER, app, token, userinfo};
use super::par::{parameters, push, request_uri, url};
use crate::server;

fn pairwise(host: &str) -> Registered {
    app(server(), json!({ "subject_type": "pairwise", "redirect_uris": [format!("https://{host}.example/cb")] }))
}

/// The tokens of a person at a client of this host.
fn tokens(client: &Registered, host: &str, person: &Person, more: &str) -> Value {
    let callback = format!("https://{host}.example/cb");
    let form = parameters(client, &format!("&scope=openid+read{more}")).replace("app.example", &format!("{host}.example"));
    let landed = person.walk(&url(client, &request_uri(&push(client, &form)), ""));
    let code = landed.parameter("code").unwrap_or_else(|| panic!("{landed:?}"));
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(&callback));
    let reply = token(server(), client, &form);
    reply.okt();
    reply.json()
}

fn subject(tokens: &Value) -> String {
    server().decode(tokens["id_token"].as_str().expect("an ID token")).claims["sub"].as_str().expect("a subject").to_owned()
}

#[test]
fn sub_001_sub_002_and_sub_005_a_pairwise_client_meets_one_subject_everywhere() {
    assert_eq!(server().metadata()["subject_types_supported"], json!(["public", "pairwise"]));
    let alice = Person::alice(server());
    let public = app(server(), json!({}));
    let open = subject(&tokens(&public, "app", &alice, ""));
    assert!(open.starts_with("usr_"));

    let client = pairwise("one");
    let held = tokens(&client, "one", &alice, "");
    let own = subject(&held);
    assert!(own != open && !own.starts_with("usr_"));
    let access = held["access_token"].as_str().expect("a token");
    let told = server().post("introspection_endpoint", Some(&client.basic()), &format!("token={access}")).json();
    let info = userinfo(server(), access).json();
    for sub in [&info["sub"], &told["sub"], &server().decode(access).claims["sub"]] {
        assert_eq!(*sub, json!(own));
    }
    assert_eq!(subject(&tokens(&pairwise("one"), "one", &alice, "")), own, "the same sector");
    assert_ne!(subject(&tokens(&pairwise("two"), "two", &alice, "")), own, "another sector");
    assert_ne!(subject(&tokens(&client, "one", &Person::bob(server()), "")), own, "another person");
}

#[test]
fn int_012_a_caller_with_a_sector_of_its_own_hears_the_name_of_that_sector() {
    let alice = Person::alice(server());
    let (own, open) = (pairwise("five"), app(server(), json!({})));
    let resource = "https://pairwise.example/api";
    let made = json!({ "identifier": resource, "scopes": ["read"], "introspectors": [own.client_id, open.client_id] });
    assert_eq!(server().admin_post("/resources", &made).status, 201);
    let client = app(server(), json!({ "resources": [resource] }));
    let held = tokens(&client, "app", &alice, &format!("&resource={}", encode(resource)));
    let access = held["access_token"].as_str().expect("a token");
    let told = |caller: &Registered| {
        let reply = server().post("introspection_endpoint", Some(&caller.basic()), &format!("token={access}")).json();
        reply["sub"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    };
    assert_eq!(told(&open), subject(&held));
    let hers = subject(&tokens(&pairwise("five"), "five", &alice, ""));
    assert_eq!(told(&own), hers, "as its own ID tokens name her");
    assert_ne!(told(&own), told(&open));
}

#[test]
fn sub_006_resources_of_pairwise_clients_cannot_be_joined() {
    let alice = Person::alice(server());
    let open = subject(&tokens(&app(server(), json!({})), "app", &alice, ""));
    let at_resource = |host: &str| {
        let held = tokens(&pairwise(host), host, &alice, "&resource=https%3A%2F%2Fapi.example");
        let claims = server().decode(held["access_token"].as_str().expect("a token")).claims;
        assert!(!json!(claims).to_string().contains(&open), "the subject of everybody: {claims:?}");
        claims["sub"].as_str().expect("a subject").to_owned()
    };
    assert_ne!(at_resource("three"), at_resource("four"), "one resource, two sectors");
}
