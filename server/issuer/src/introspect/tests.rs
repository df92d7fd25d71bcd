//! Who learns of a token, and what.

use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::scope::ScopeSet;
use serde_json::json;

use super::*;
use crate::client::Authentication;
use crate::resource::Resource;

const API: &str = "https://api.example";

fn client(id: &str, enabled: bool) -> Arc<Client> {
    let client = Client::new(ClientId::parse(id).expect("an id"), Authentication::Public);
    Arc::new(Client { enabled, ..client })
}

fn caller(id: &str) -> AuthenticatedClient {
    crate::grants::rig::admit(Client::clone(&client(id, true)))
}

fn resources() -> Resources {
    let resource = |identifier: &str, introspector: &str| Resource {
        identifier: identifier.into(),
        name: None,
        scopes: ScopeSet::default(),
        token_format: None,
        signing_alg: None,
        lifetime_ceiling: None,
        introspectors: vec![ClientId::parse(introspector).expect("an id")],
    };
    let both = [resource(API, "rs1"), resource("https://other.example", "rs2")];
    both.into_iter().map(|one| (one.identifier.clone(), Arc::new(one))).collect()
}

fn claims(change: impl Fn(&mut Map<String, Json>)) -> Map<String, Json> {
    let claims = json!({
        "iss": "https://issuer.example", "sub": "demo", "client_id": "demo", "aud": API, "scope": "read",
        "iat": 1_000, "exp": 1_300, "jti": "j",
    });
    let Json::Object(mut claims) = claims else { panic!("an object") };
    change(&mut claims);
    claims
}

fn token() -> KnownToken {
    KnownToken::from_claims(claims(|_| ())).expect("a token")
}

fn learns(who: &str, token: &KnownToken, owner: Option<&Arc<Client>>, now: i64) -> bool {
    may_learn(&caller(who), token, owner, &resources(), Timestamp::from_seconds(now))
}

fn answer(claims: Map<String, Json>) -> Json {
    let members = KnownToken::from_claims(claims).expect("a token").members();
    let pairs = members.iter().map(|member| {
        let value = serde_json::from_str(&member.value.to_json()).expect("JSON");
        (member.name.to_string(), value)
    });
    Json::Object(pairs.collect())
}

#[test]
fn int_003_the_answer_is_what_the_token_says() {
    let expected = json!({
        "token_type": "Bearer", "iss": "https://issuer.example", "sub": "demo", "client_id": "demo", "aud": API,
        "scope": "read", "iat": 1_000, "exp": 1_300, "jti": "j",
    });
    assert_eq!(answer(claims(|_| ())), expected);
    assert!(answer(claims(|_| ()))["exp"].is_i64(), "a whole number");
}

#[test]
fn int_007_what_is_beyond_the_standard_is_shown_as_the_token_has_it() {
    let further = json!({
        "cnf": {"jkt": claimsmith_jose::Digest::of(b"x").to_base64url()}, "act": {"sub": "a"}, "acr": "1", "auth_time": 7, "ratio": 0.5, "trial": true, "roles": ["a", "b"],
        "large": 18_446_744_073_709_551_615_u64,
    });
    let shown = answer(claims(|claims| claims.extend(further.as_object().expect("an object").clone())));
    for (name, value) in further.as_object().expect("an object") {
        assert_eq!(&shown[name], value, "{name}");
    }
}

#[test]
fn int_006_only_its_own_client_and_who_introspects_for_its_audience_learn_of_a_token() {
    let owner = client("demo", true);
    for (who, learned) in [("demo", true), ("rs1", true), ("rs2", false), ("stranger", false)] {
        assert_eq!(learns(who, &token(), Some(&owner), 1_100), learned, "{who}");
    }
    let both = claims(|claims| drop(claims.insert("aud".into(), json!([API, "https://other.example"]))));
    let both = KnownToken::from_claims(both).expect("a token");
    assert!(learns("rs2", &both, Some(&owner), 1_100), "one of several audiences is enough");
    let unknown = claims(|claims| drop(claims.insert("aud".into(), json!("https://gone.example"))));
    assert!(!learns("rs1", &KnownToken::from_claims(unknown).expect("a token"), Some(&owner), 1_100));
}

#[test]
fn a_token_is_active_until_it_expires_and_no_longer() {
    let owner = client("demo", true);
    for (now, active) in [(1_000, true), (1_299, true), (1_300, false), (9_999, false)] {
        assert_eq!(learns("demo", &token(), Some(&owner), now), active, "{now}");
        assert_eq!(learns("rs1", &token(), Some(&owner), now), active, "{now}");
    }
}

#[test]
fn tok_031_tokens_of_a_disabled_or_deleted_client_are_inactive() {
    for owner in [None, Some(client("demo", false))] {
        assert!(!learns("demo", &token(), owner.as_ref(), 1_100));
        assert!(!learns("rs1", &token(), owner.as_ref(), 1_100));
    }
}

#[test]
fn int_009_claims_of_another_kind_of_token_are_none_of_ours() {
    for name in ["jti", "client_id", "aud", "exp"] {
        assert!(KnownToken::from_claims(claims(|claims| drop(claims.remove(name)))).is_none(), "without {name}");
        let odd = claims(|claims| drop(claims.insert(name.into(), json!(true))));
        assert!(KnownToken::from_claims(odd).is_none(), "{name} of another type");
    }
}

#[test]
fn rev_003_nobody_ends_the_token_of_another_client() {
    assert!(may_revoke(&caller("demo"), &token()));
    for other in ["rs1", "stranger"] {
        assert!(!may_revoke(&caller(other), &token()), "{other}");
    }
}

#[test]
fn dpo_024_and_mtl_008_the_answer_says_what_the_token_is_bound_to() {
    use claimsmith_jose::Digest;
    let members = |cnf: Option<Json>| {
        let token = KnownToken::from_claims(claims(|claims| {
            claims.extend(cnf.clone().map(|cnf| ("cnf".to_owned(), cnf)));
        }))?;
        let members = token.members();
        let text = |name: &str| members.iter().find(|member| &*member.name == name).map(|member| member.value.to_json());
        Some((text("token_type"), text("cnf")))
    };
    let digest = Digest::of(b"x").to_base64url();
    let quoted = |text: &str| Some(format!("\"{text}\""));
    let jkt = json!({ "jkt": digest });
    assert_eq!(members(Some(jkt.clone())), Some((quoted("DPoP"), Some(jkt.to_string()))));
    let x5t = json!({ "x5t#S256": digest });
    assert_eq!(members(Some(x5t.clone())), Some((quoted("Bearer"), Some(x5t.to_string()))));
    assert_eq!(members(None), Some((quoted("Bearer"), None)));
    assert_eq!(members(Some(json!({ "jkt": 1 }))), None, "a binding that cannot be read is not the absence of one");
}
