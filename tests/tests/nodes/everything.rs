//! Everything of a client or of a person ends at once, on both nodes.

use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::Person;
use claimsmith_tests::serve::{ISSUER, Site};
use serde_json::json;

use super::people::{PASSWORD, redeem, refresh, request, setup};

#[test]
fn rev_009_everything_of_a_client_ends_on_every_node_tokens_without_a_row_too() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    let bystander = super::client(&one);
    let kept = two.token(&bystander, "").okt();
    for format in ["jwt", "opaque"] {
        let metadata = json!({ "grant_types": ["client_credentials"], "scope": "read", "access_token_format": format });
        let client = one.register(&metadata);
        let issued = [one.token(&client, "").okt(), two.token(&client, "").okt()];
        for token in &issued {
            assert!(one.is_active(&client, token) && two.is_active(&client, token), "{format}");
        }
        one.command_json(&["client", "end-everything", &client.client_id]);
        for token in &issued {
            assert!(!one.is_active(&client, token) && !two.is_active(&client, token), "{format}");
        }
        // What is issued afterwards is good: tokens tell whole seconds.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        let fresh = two.token(&client, "").okt();
        assert!(one.is_active(&client, &fresh) && two.is_active(&client, &fresh), "{format}");
        assert!(!two.is_active(&client, &issued[0]), "what has ended stays so");
    }
    assert!(one.is_active(&bystander, &kept), "no other client loses anything");
    let missing = one.admin(reqwest::Method::POST, "/clients/nobody/end_everything", None);
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[test]
fn rev_009_everything_of_a_person_ends_on_every_node() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let (one, two) = (site.serve(&token, &[]), site.serve(&token, &[]));
    let client = setup(&one);
    let alice = Person::at(&one.http, ISSUER, "alice", PASSWORD);
    for ended in [["user", "end-everything", "alice"], ["client", "end-everything", &client.client_id]] {
        let code = alice.walk(&request(&client)).parameter("code").expect("a code");
        let spare = alice.walk(&request(&client)).parameter("code").expect("a code");
        let reply = redeem(&two, &client, &code);
        let (access_token, tokens) = (reply.okt(), reply.json());
        assert!(one.is_active(&client, &access_token) && two.is_active(&client, &access_token));
        one.command_json(&ended);
        for node in [&one, &two] {
            assert!(!node.is_active(&client, &access_token), "{ended:?}");
            refresh(node, &client, tokens["refresh_token"].as_str().expect("a token")).err_with("invalid_grant", 400);
            redeem(node, &client, &spare).err_with("invalid_grant", 400);
        }
        if ended[0] == "user" {
            let sessions = one.command_json(&["user", "sessions", "alice"]);
            assert_eq!(sessions["items"].as_array().map(Vec::len), Some(0), "{sessions}");
        }
    }
}
