//! STP: people who have to show more, or once more (RFC 9470).

use std::time::Duration;

use claimsmith_tests::{Dev, Person, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, code, error_at_client, redeem, refresh, refresh_token, request, userinfo};
use crate::server;

const PASSWORD: &str = "urn:claimsmith:acr:password";
const MFA: &str = "urn:claimsmith:acr:mfa";

fn challenge(reply: &Reply) -> String {
    let all = reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().expect("text").to_owned());
    all.filter(|one| one.contains("error=")).collect::<Vec<_>>().join(" | ")
}

fn tokens(dev: &Dev, person: &Person, client: &Registered, more: &str) -> Reply {
    let reply = redeem(dev, client, &code(dev, person, client, &format!("&scope=openid+offline_access{more}")), "");
    reply.okt();
    reply
}

fn id_token(dev: &Dev, reply: &Reply) -> Value {
    Value::Object(dev.decode(reply.json()["id_token"].as_str().expect("an ID token")).claims)
}

/// What introspection tells of the access token.
fn told(dev: &Dev, client: &Registered, reply: &Reply) -> Value {
    dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={}", encode(&reply.okt()))).json()
}

#[test]
fn stp_001_stp_002_and_stp_004_our_resource_says_what_sign_in_it_wants_and_a_newer_one_opens_it() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_USERINFO__MAX_AGE", "4 s")]);
    let (client, alice) = (app(&dev, json!({})), Person::alice(&dev));
    let first = tokens(&dev, &alice, &client, "");
    assert_eq!(userinfo(&dev, &first.okt()).status, 200);
    std::thread::sleep(Duration::from_secs(6));
    let refused = userinfo(&dev, &first.okt());
    assert_eq!(refused.status, 401, "{refused:?}");
    let text = challenge(&refused);
    assert!(text.starts_with("Bearer ") && text.contains("error=\"insufficient_user_authentication\""), "{text}");
    assert!(text.contains("max_age=\"4\"") && !text.contains("acr_values"), "{text}");
    assert_eq!(refused.json()["error"], "insufficient_user_authentication");
    // A refresh makes no sign-in younger (STP-004), and what the challenge names does.
    assert_eq!(userinfo(&dev, &refresh(&dev, &client, &refresh_token(&first), "").okt()).status, 401);
    let landed = alice.go(&request(&dev, &client, "&scope=openid+offline_access&max_age=4"));
    let page = landed.page();
    assert!(page.body.contains("value=\"password\""), "they sign in again: {page:?}");
    let second = tokens(&dev, &alice, &client, "&max_age=4");
    assert_eq!(userinfo(&dev, &second.okt()).status, 200);
    assert!(id_token(&dev, &second)["auth_time"].as_i64() > id_token(&dev, &first)["auth_time"].as_i64());
}

#[test]
fn stp_001_our_resource_names_the_class_that_it_wants() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_USERINFO__ACR_VALUES", MFA)]);
    let (client, alice) = (app(&dev, json!({})), Person::alice(&dev));
    let refused = userinfo(&dev, &tokens(&dev, &alice, &client, "").okt());
    let text = challenge(&refused);
    assert_eq!(refused.status, 401);
    assert!(text.contains("error=\"insufficient_user_authentication\"") && text.contains(&format!("acr_values=\"{MFA}\"")), "{text}");
    assert!(!text.contains("max_age"), "{text}");
}

#[test]
fn stp_003_tokens_of_both_forms_say_how_and_when_their_person_signed_in() {
    for format in ["jwt", "opaque"] {
        let client = app(server(), json!({ "access_token_format": format }));
        let reply = tokens(server(), &Person::alice(server()), &client, "&max_age=1000");
        let (id_token, told) = (id_token(server(), &reply), told(server(), &client, &reply));
        assert_eq!((&told["active"], &told["acr"]), (&json!(true), &json!(PASSWORD)), "{told}");
        assert!(told["auth_time"].as_i64().is_some_and(|at| at > 1_700_000_000) && told["auth_time"] == id_token["auth_time"], "{told}");
        if format == "jwt" {
            let claims = server().decode(&reply.okt()).claims;
            assert_eq!((&claims["acr"], &claims["auth_time"]), (&told["acr"], &told["auth_time"]));
        }
        let later = refresh(server(), &client, &refresh_token(&reply), "");
        let later = self::told(server(), &client, &later);
        assert_eq!((&later["acr"], &later["auth_time"]), (&told["acr"], &told["auth_time"]), "STP-004");
    }
}

#[test]
fn stp_005_metadata_name_the_classes() {
    let supported = server().metadata()["acr_values_supported"].as_array().expect("a list").clone();
    assert!(supported.contains(&json!(PASSWORD)) && supported.contains(&json!(MFA)), "{supported:?}");
}

#[test]
fn stp_006_a_class_out_of_reach_is_a_lower_one_or_an_error() {
    let (client, alice) = (app(server(), json!({})), Person::alice(server()));
    // A wish stays one: the person has nothing but a password.
    let wish = tokens(server(), &alice, &client, &format!("&acr_values={}", encode(MFA)));
    assert_eq!(id_token(server(), &wish)["acr"], PASSWORD);
    let essential = json!({ "id_token": { "acr": { "essential": true, "values": [MFA] } } }).to_string();
    let landed = alice.walk(&request(server(), &client, &format!("&scope=openid&claims={}", encode(&essential))));
    assert_eq!(error_at_client(&landed), "unmet_authentication_requirements");
    let within = json!({ "id_token": { "acr": { "essential": true, "values": [PASSWORD] } } }).to_string();
    assert!(alice.walk(&request(server(), &client, &format!("&scope=openid&claims={}", encode(&within)))).parameter("code").is_some());
}
