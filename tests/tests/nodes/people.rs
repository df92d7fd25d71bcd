//! People on two nodes: the way in is begun on one and ended on the other, and of many who redeem at once, one wins.

use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{Person, Registered, Reply, encode};
use serde_json::json;

const CALLBACK: &str = "https://app.example/cb";
pub(super) const PASSWORD: &str = "a long enough password";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) fn setup(node: &Node<'_>) -> Registered {
    let created = node.admin(reqwest::Method::POST, "/users", Some(&json!({ "username": "alice", "password": PASSWORD })));
    assert_eq!(created.status, 201, "{created:?}");
    node.register(&json!({
        "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK], "scope": "openid offline_access",
    }))
}

pub(super) fn request(client: &Registered) -> String {
    let (id, callback) = (encode(&client.client_id), encode(CALLBACK));
    let pkce = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    format!("{ISSUER}/oauth2/authorize?response_type=code&scope=openid+offline_access&client_id={id}&redirect_uri={callback}&{pkce}")
}

pub(super) fn redeem(node: &Node<'_>, client: &Registered, code: &str) -> Reply {
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    node.post("/oauth2/token", Some(&client.basic()), &form)
}

pub(super) fn refresh(node: &Node<'_>, client: &Registered, token: &str) -> Reply {
    node.post("/oauth2/token", Some(&client.basic()), &format!("grant_type=refresh_token&refresh_token={token}"))
}

/// Fifty at once, on both nodes by turns.
pub(super) fn at_once(nodes: &[Node<'_>; 2], ask: impl Fn(&Node<'_>) -> Reply + Sync) -> (Vec<Reply>, Vec<Reply>) {
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let ask = &ask;
        let all: Vec<_> = (0..50).map(|number| scope.spawn(move || ask(&nodes[number % 2]))).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    replies.into_iter().partition(|reply| reply.status == 200)
}

#[test]
fn of_fifty_on_two_nodes_one_wins() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let nodes = [site.serve(&token, &[]), site.serve(&token, &[])];
    let client = setup(&nodes[0]);
    let alice = Person::at(&nodes[0].http, ISSUER, "alice", PASSWORD);
    let code = alice.walk(&request(&client)).parameter("code").expect("a code");

    // Redeemed once, then refreshed by all at once: the winner keeps working tokens.
    let first = redeem(&nodes[1], &client, &code);
    first.okt();
    let one = first.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    let (won, lost) = at_once(&nodes, |node| refresh(node, &client, &one));
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    assert!(nodes[0].is_active(&client, &won[0].okt()) && nodes[1].is_active(&client, &won[0].okt()));
    let next = won[0].json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    refresh(&nodes[0], &client, &next).okt();

    // A code redeemed by all at once: one wins, and a code in two hands is worth nothing.
    let code = alice.go(&format!("{}&prompt=none", request(&client))).parameter("code").expect("a code");
    let (won, lost) = at_once(&nodes, |node| redeem(node, &client, &code));
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    assert!(!nodes[0].is_active(&client, &won[0].okt()) && !nodes[1].is_active(&client, &won[0].okt()));
}

#[test]
fn a_way_begun_on_one_node_is_ended_on_the_other() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let nodes = [site.serve(&token, &[]), site.serve(&token, &[])];
    let client = setup(&nodes[0]);
    let here = Person::at(&nodes[0].http, ISSUER, "alice", PASSWORD);
    let there = Person::at(&nodes[1].http, ISSUER, "alice", PASSWORD);
    let page = here.go(&request(&client)).page();
    let carry = |from: &Person, to: &Person| {
        for name in ["browser", "session", "device"] {
            let name = format!("__Host-claimsmith-{name}");
            to.set_cookie(&name, &from.cookie(&name).unwrap_or_default());
        }
    };
    carry(&here, &there);
    let consent = there.sign_in(&page).page();
    carry(&there, &here);
    let code = here.allow(&consent).parameter("code").expect("a code");
    let reply = redeem(&nodes[1], &client, &code);
    reply.okt();
    let claims = nodes[0].decode(reply.json()["id_token"].as_str().expect("an ID token")).claims;
    assert_eq!(claims["iss"], ISSUER);
}
