//! RAR: authorization details, from the request to the resource.

use std::sync::LazyLock;

use claimsmith_tests::{Dev, Person, Registered, encode};
use serde_json::{Value, json};

use super::code_flow::{app, error_at_client, redeem, refresh, refresh_token, request};
use super::par::{parameters, push, request_uri, url};
use crate::server;

/// A server that knows two types.
static TYPED: LazyLock<Dev> = LazyLock::new(|| {
    let file = std::env::temp_dir().join(format!("claimsmith-details-{}.json", std::process::id()));
    let types = json!({
        "payment": {
            "title": { "en": "A payment in your name" },
            "schema": {
                "type": "object", "required": ["type", "instructedAmount"], "additionalProperties": false,
                "properties": {
                    "type": true, "locations": { "type": "array" },
                    "instructedAmount": {
                        "type": "object", "required": ["currency", "amount"],
                        "properties": { "currency": { "enum": ["EUR", "USD"] }, "amount": { "type": "string", "pattern": "^[0-9.]+$" } },
                    },
                },
            },
        },
        "account": { "schema": { "properties": { "actions": { "items": { "enum": ["read", "write"] } } } } },
    });
    std::fs::write(&file, types.to_string()).expect("written");
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__DETAILS_TYPES_FILE", file.to_str().expect("a path"))]);
    std::fs::remove_file(&file).expect("removed");
    dev
});

fn client(more: Value) -> Registered {
    let mut metadata = json!({ "authorization_details_types": ["payment", "account"] });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    app(server(), metadata)
}

fn payment(amount: &str) -> Value {
    json!({ "type": "payment", "instructedAmount": { "currency": "EUR", "amount": amount } })
}

fn with(details: &Value) -> String {
    format!("&authorization_details={}", encode(&details.to_string()))
}

fn held(token: &str) -> Option<Value> {
    server().decode(token).claims.get("authorization_details").cloned()
}

#[test]
fn rar_001_rar_004_and_rar_012_what_is_no_list_of_the_clients_own_types_is_refused() {
    let client = client(json!({}));
    let many = Value::Array(vec![payment("1"); 33]);
    let long = json!([{ "type": "payment", "note": "x".repeat(17 << 10) }]);
    for details in [
        "{}".to_owned(),
        "x".to_owned(),
        "[1]".to_owned(),
        r#"[{"amount":1}]"#.to_owned(),
        r#"[{"type":1}]"#.to_owned(),
        r#"[{"type":"unknown"}]"#.to_owned(),
        many.to_string(),
        long.to_string(),
    ] {
        let more = format!("&authorization_details={}", encode(&details));
        push(&client, &parameters(&client, &more)).err("invalid_authorization_details");
        let landed = Person::alice(server()).go(&request(server(), &client, &more));
        if details.len() < 8 << 10 {
            assert_eq!(error_at_client(&landed), "invalid_authorization_details", "{details}");
        }
    }
    let other = app(server(), json!({}));
    push(&other, &parameters(&other, &with(&json!([payment("1")])))).err("invalid_authorization_details");
}

#[test]
fn rar_003_rar_005_rar_006_rar_007_rar_008_and_rar_011_from_the_page_to_the_resource() {
    let client = client(json!({}));
    let alice = Person::alice(server());
    let details = json!([payment("123.50"), { "type": "account", "actions": ["read"] }]);
    let uri = request_uri(&push(&client, &parameters(&client, &format!("&scope=read+offline_access{}", with(&details)))));
    let page = alice.sign_in(&alice.go(&url(&client, &uri, "")).page()).page();
    for shown in ["payment", "123.50", "EUR", "account", "read"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let code = alice.allow(&page).parameter("code").expect("a code");
    let reply = redeem(server(), &client, &code, "");
    let token = reply.okt();
    assert_eq!(reply.json()["authorization_details"], details);
    assert_eq!(held(&token), Some(details.clone()));
    let told = server().post("introspection_endpoint", Some(&client.basic()), &format!("token={token}")).json();
    assert_eq!(told["authorization_details"], details);

    let narrowed = refresh(server(), &client, &refresh_token(&reply), &with(&json!([payment("123.50")])));
    assert_eq!(narrowed.json()["authorization_details"], json!([payment("123.50")]));
    assert_eq!(held(&narrowed.okt()), Some(json!([payment("123.50")])));
    let next = refresh_token(&narrowed);
    refresh(server(), &client, &next, &with(&json!([payment("999")]))).err("invalid_authorization_details");
    let whole = refresh(server(), &client, &next, "");
    assert_eq!(held(&whole.okt()), Some(details));
}

#[test]
fn rar_003_and_rar_007_the_token_request_asks_for_a_part() {
    let client = client(json!({}));
    let alice = Person::alice(server());
    let details = json!([payment("1"), payment("2")]);
    let code = || alice.walk(&request(server(), &client, &format!("&scope=read{}", with(&details)))).parameter("code").expect("a code");
    let reply = redeem(server(), &client, &code(), &with(&json!([payment("2")])));
    assert_eq!(held(&reply.okt()), Some(json!([payment("2")])));
    redeem(server(), &client, &code(), &with(&json!([payment("3")]))).err("invalid_authorization_details");
}

#[test]
fn rar_006_and_rar_009_a_resource_learns_what_is_meant_for_it() {
    for name in ["rar-one", "rar-two"] {
        let resource = json!({ "identifier": format!("https://{name}.example"), "scopes": ["read"] });
        assert_eq!(server().admin_post("/resources", &resource).status, 201);
    }
    let client = client(json!({ "resources": ["https://rar-one.example", "https://rar-two.example"] }));
    let at = |place: &str| json!({ "type": "account", "locations": [format!("https://{place}.example")] });
    let details = json!([at("rar-one"), at("rar-two"), payment("1")]);
    let both = "&resource=https%3A%2F%2Frar-one.example&resource=https%3A%2F%2Frar-two.example";
    let alice = Person::alice(server());
    let code = alice.walk(&request(server(), &client, &format!("&scope=read+offline_access{both}{}", with(&details))));
    let reply = redeem(server(), &client, &code.parameter("code").expect("a code"), "&resource=https%3A%2F%2Frar-one.example");
    assert_eq!(held(&reply.okt()), Some(json!([at("rar-one"), payment("1")])));
    assert_eq!(reply.json()["scope"], "read offline_access");
    let reply = refresh(server(), &client, &refresh_token(&reply), "&resource=https%3A%2F%2Frar-two.example");
    assert_eq!(held(&reply.okt()), Some(json!([at("rar-two"), payment("1")])));
}

#[test]
fn rar_002_rar_004_and_rar_010_what_a_type_says_of_its_members_is_checked() {
    assert_eq!(TYPED.metadata()["authorization_details_types_supported"], json!(["account", "payment"]));
    let metadata = json!({ "grant_types": ["client_credentials"], "authorization_details_types": ["payment", "unknown"] });
    let reply = TYPED.admin_post("/clients", &metadata);
    assert!(reply.status == 422 && reply.body.contains("authorization_details_types.1"), "{reply:?}");
    let client = app(&TYPED, json!({ "authorization_details_types": ["payment", "account"] }));
    let push = |details: &Value| {
        let form = request(&TYPED, &client, &format!("&scope=read{}", with(details))).split_once('?').expect("a query").1.to_owned();
        TYPED.post("pushed_authorization_request_endpoint", Some(&client.basic()), &form)
    };
    for bad in [
        json!([{ "type": "payment" }]),
        json!([{ "type": "payment", "instructedAmount": { "currency": "EUR", "amount": 12 } }]),
        json!([{ "type": "payment", "instructedAmount": { "currency": "GBP", "amount": "12" } }]),
        json!([{ "type": "payment", "instructedAmount": { "currency": "EUR", "amount": "12" }, "more": 1 }]),
        json!([payment("1"), { "type": "account", "actions": ["destroy"] }]),
    ] {
        push(&bad).err("invalid_authorization_details");
        let landed = Person::alice(&TYPED).go(&request(&TYPED, &client, &with(&bad)));
        assert_eq!(error_at_client(&landed), "invalid_authorization_details", "{bad}");
    }
    let good = json!([payment("12.50"), { "type": "account", "actions": ["read"] }]);
    assert_eq!(push(&good).status, 201);
    let alice = Person::alice(&TYPED);
    let page = alice.sign_in(&alice.go(&request(&TYPED, &client, &format!("&scope=read{}", with(&good)))).page()).page();
    assert!(page.body.contains("A payment in your name") && page.body.contains("12.50"), "{}", page.body);
}
