//! JWB, IDJ: what another issuer says of a person.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Registered, Reply, encode};
use serde_json::{Value, json};

use super::code_flow::{app, is_active, token};
use super::dpop::{fresh, now};
use super::hooks::outlives;
use crate::{server, wide};

const TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Good claims of an issuer about alice.
pub(super) fn claims(issuer: &str) -> Value {
    json!({ "iss": issuer, "sub": "7", "preferred_username": "alice", "aud": wide().issuer(), "iat": now(), "exp": now() + 60, "jti": fresh() })
}

/// Trusts an issuer whose tokens `client` may bring.
pub(super) fn issuer(name: &str, key: &AssertionKey, client: &Registered, more: Value) {
    let mut trusted = json!({ "issuer": name, "jwks": key.jwks(), "algorithms": ["ES256"], "purposes": ["jwt_bearer", "id_jag"],
        "clients": [client.client_id], "scopes": ["read"], "subjects": "username", "username_claim": "preferred_username" });
    for (member, value) in more.as_object().expect("an object") {
        trusted[member] = value.clone();
    }
    let reply = wide().admin_post("/trusted-issuers", &trusted);
    assert_eq!(reply.status, 201, "{reply:?}");
}

struct Rig {
    name: String,
    key: AssertionKey,
    client: Registered,
}

fn client() -> Registered {
    app(wide(), json!({ "grant_types": [TYPE, "refresh_token"], "redirect_uris": [], "default_scope": "read" }))
}

fn rig(more: Value) -> Rig {
    let rig = Rig { name: format!("https://{}.issuer.example", fresh()), key: AssertionKey::generate(SigningAlg::Es256), client: client() };
    issuer(&rig.name, &rig.key, &rig.client, more);
    rig
}

impl Rig {
    fn assertion(&self, typ: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims(&self.name);
        change(&mut claims);
        self.key.sign(&json!({ "alg": "ES256", "kid": self.key.kid(), "typ": typ }), &claims)
    }

    fn bring(&self, assertion: &str, more: &str) -> Reply {
        token(wide(), &self.client, &format!("grant_type={}&assertion={}{more}", encode(TYPE), encode(assertion)))
    }

    fn ask(&self, change: impl FnOnce(&mut Value)) -> Reply {
        self.bring(&self.assertion("JWT", change), "")
    }
}

#[test]
fn jwb_002_and_008_alice_is_known_by_what_is_said_of_her() {
    let rig = rig(json!({}));
    let reply = rig.ask(|_| ());
    let held = wide().decode(&reply.okt()).claims;
    assert!(held["sub"].as_str().is_some_and(|sub| sub != "7") && held["client_id"] == *rig.client.client_id, "{held:?}");
    assert_eq!((&reply.json()["scope"], reply.json().get("refresh_token")), (&json!("read"), None));
    assert!(is_active(wide(), &rig.client, &reply.okt()));
    rig.ask(|claims| claims["preferred_username"] = json!("nobody-here")).err("invalid_grant");
    rig.ask(|claims| claims["iss"] = json!("https://untrusted.example")).err("invalid_grant");
    let other = Rig { key: AssertionKey::generate(SigningAlg::Es256), name: rig.name.clone(), client: rig.client.clone() };
    other.ask(|_| ()).err("invalid_grant");
    let stranger = Rig { client: client(), ..rig };
    stranger.ask(|_| ()).err("invalid_grant");
}

#[test]
fn jwb_008_somebody_is_known_by_their_link_to_an_issuer() {
    let rig = rig(json!({ "subjects": "link", "username_claim": null }));
    let sub = fresh();
    let ask = || rig.ask(|claims| claims["sub"] = json!(sub));
    ask().err("invalid_grant");
    wide().command_json(&["user", "link", "alice", &rig.name, &sub]);
    let alice = wide().command_json(&["user", "show", "alice"])["user_id"].clone();
    assert_eq!(wide().decode(&ask().okt()).claims["sub"], alice);
    // One subject is one person.
    assert!(!wide().command(&["user", "link", "bob", &rig.name, &sub]).status.success());
    let links = wide().command_json(&["user", "links", "alice"]);
    assert!(links["items"].as_array().expect("a list").contains(&json!({ "issuer": rig.name, "subject": sub })), "{links}");
    wide().command_json(&["user", "unlink", "alice", &rig.name]);
    ask().err("invalid_grant");
    assert!(!wide().command(&["user", "unlink", "alice", &rig.name]).status.success(), "there is no link any more");
}

#[test]
fn jwb_002_a_disabled_person_gets_nothing() {
    let rig = rig(json!({}));
    assert_eq!(wide().admin_post("/users", &json!({ "username": "jwb-disabled" })).status, 201);
    let ask = || rig.ask(|claims| claims["preferred_username"] = json!("jwb-disabled"));
    ask().okt();
    assert!(wide().command(&["user", "update", "jwb-disabled", "--disable"]).status.success());
    ask().err("invalid_grant");
}

#[test]
fn jwb_001_003_and_004_an_assertion_is_one_for_us_and_now() {
    let rig = rig(json!({}));
    token(wide(), &rig.client, &format!("grant_type={}", encode(TYPE))).err("invalid_request");
    let good = rig.assertion("JWT", |_| ());
    rig.bring(&good, &format!("&assertion={good}")).err("invalid_request");
    rig.ask(|claims| claims["aud"] = json!([wide().url("token_endpoint")])).okt();
    rig.ask(|claims| claims["aud"] = json!("https://other.example")).err("invalid_grant");
    rig.ask(|claims| claims["exp"] = json!(now() - 60)).err("invalid_grant");
    rig.ask(|claims| claims["nbf"] = json!(now() + 120)).err("invalid_grant");
    rig.ask(|claims| claims["exp"] = json!(now() + 90_000)).err("invalid_grant");
    rig.ask(|claims| _ = claims.as_object_mut().expect("an object").remove("exp")).err("invalid_grant");
}

#[test]
fn jwb_005_an_assertion_counts_once_however_many_bring_it() {
    let rig = rig(json!({}));
    let good = rig.assertion("JWT", |_| ());
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..50).map(|_| scope.spawn(|| rig.bring(&good, ""))).collect();
        racers.into_iter().map(|racer| racer.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.iter().for_each(|reply| reply.err("invalid_grant"));
    let again = self::rig(json!({ "reusable": true }));
    let good = again.assertion("JWT", |_| ());
    again.bring(&good, "").okt();
    again.bring(&good, "").okt();
}

#[test]
fn jwb_006_and_010_the_client_proves_itself_and_speaks_for_nobody() {
    let rig = rig(json!({}));
    let form = format!("grant_type={}&assertion={}", encode(TYPE), rig.assertion("JWT", |_| ()));
    wide().post("token_endpoint", None, &form).err_with("invalid_client", 401);
    wide().post("token_endpoint", None, &format!("{form}&client_id={}", rig.client.client_id)).err_with("invalid_client", 401);
    token(server(), &server().demo(), &form).err("unsupported_grant_type");
    token(wide(), &app(wide(), json!({})), &form).err("unauthorized_client");
    rig.ask(|claims| claims["iss"] = json!(rig.client.client_id)).err("invalid_grant");
}

#[test]
fn jwb_007_nothing_beyond_what_the_issuer_may_hand_out() {
    let rig = rig(json!({}));
    let with = |more: &str| rig.bring(&rig.assertion("JWT", |_| ()), more);
    with("&scope=read").okt();
    with("&scope=write").err("invalid_scope");
    with("&scope=openid").err("invalid_scope");
    with("&resource=https%3A%2F%2Fother.example").err("invalid_target");
    rig.ask(|claims| claims["scope"] = json!("write")).okt();
}

#[test]
fn jwb_009_and_011_tokens_of_other_kinds_and_forged_ones_are_none() {
    let rig = rig(json!({}));
    for typ in ["client-authentication+jwt", "at+jwt", "dpop+jwt"] {
        rig.bring(&rig.assertion(typ, |_| ()), "").err("invalid_grant");
    }
    let none = rig.key.sign(&json!({ "alg": "none" }), &claims(&rig.name));
    rig.bring(none.rsplit_once('.').map(|(rest, _)| format!("{rest}.")).as_deref().expect("three parts"), "").err("invalid_grant");
    rig.bring(&rig.key.sign(&json!({ "alg": "HS256" }), &claims(&rig.name)), "").err("invalid_grant");
    rig.bring("not.a.jwt", "").err("invalid_grant");
}

#[test]
fn idj_005_to_008_an_identity_assertion_is_for_one_client_and_lasts_until_it_ends() {
    let rig = rig(json!({}));
    let id = rig.client.client_id.clone();
    let jag = |change: &dyn Fn(&mut Value)| {
        rig.assertion("oauth-id-jag+jwt", |claims| {
            claims["client_id"] = json!(id);
            claims["scope"] = json!("read");
            change(claims);
        })
    };
    let good = jag(&|_| ());
    let reply = rig.bring(&good, "");
    reply.okt();
    assert_eq!((&reply.json()["scope"], reply.json().get("refresh_token")), (&json!("read"), None));
    rig.bring(&good, "").okt();
    rig.bring(&jag(&|claims| claims["client_id"] = json!("other")), "").err("invalid_grant");
    rig.bring(&jag(&|claims| _ = claims.as_object_mut().expect("an object").remove("client_id")), "").err("invalid_grant");
    rig.bring(&jag(&|claims| claims["aud"] = json!([wide().issuer(), "https://other.example"])), "").err("invalid_grant");
    rig.bring(&good, "&scope=write").err("invalid_scope");
    let only = self::rig(json!({ "purposes": ["jwt_bearer"] }));
    only.bring(&only.assertion("oauth-id-jag+jwt", |claims| claims["client_id"] = json!(only.client.client_id)), "").err("invalid_grant");
}

#[test]
fn plg_009_jwt_bearer_outlives_every_hook_that_refuses_or_fails() {
    let rig = rig(json!({}));
    let one = rig.assertion("JWT", |_| ());
    outlives(wide(), &rig.client, &["jwt_bearer", "access_token", "token_response"], "JWT bearer", &|| rig.bring(&one, ""));
    rig.bring(&one, "").okt();
}

#[test]
fn trusted_issuers_are_managed_and_taken_over_at_once() {
    let rig = rig(json!({}));
    let path = format!("/trusted-issuers/{}", encode(&rig.name));
    let call = |method, headers: &[(&str, &str)], body: Value| wide().admin(method, &path, headers, body.to_string().into_bytes());
    let merge = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    rig.ask(|_| ()).okt();
    let off = call(reqwest::Method::PATCH, &merge, json!({ "disabled": true }));
    assert_eq!((off.status, &off.json()["disabled"], &off.json()["version"]), (200, &json!(true), &json!(2)), "{off:?}");
    rig.ask(|_| ()).err("invalid_grant");
    let stale = call(reqwest::Method::PATCH, &[merge[0], ("if-match", "\"1\"")], json!({ "disabled": false }));
    assert_eq!(stale.status, 412, "{stale:?}");
    let wrong = wide().admin_post("/trusted-issuers", &json!({ "issuer": "https://x.example", "algorithms": ["none"], "purposes": [] }));
    assert!(wrong.status == 422 && ["jwks", "algorithms.0", "purposes"].iter().all(|field| wrong.body.contains(field)), "{wrong:?}");
    let listed = wide().command_json(&["trusted-issuer", "list"]).to_string();
    assert!(listed.contains(&rig.name), "{listed}");
    assert_eq!(call(reqwest::Method::DELETE, &[("if-match", "*")], json!({})).status, 204);
    rig.ask(|_| ()).err("invalid_grant");
}
