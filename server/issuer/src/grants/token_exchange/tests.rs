use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::registration::{IdentityAssertions, TokenExchange, TransactionTokens};

use super::super::rig::{NOW, Rig, case, form};
use super::*;

const TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";

#[allow(clippy::needless_pass_by_value, reason = "`json!` where a test needs it reads better than a reference to it")]
fn held(client_id: &str, claims: Value) -> Held {
    Held {
        subject: "alice".into(),
        origin: Origin::Ours { client_id: client_id.into(), audience: vec!["https://elsewhere.example".into()] },
        expires_at: NOW.plus(Lifetime::from_seconds(100)),
        confirmation: None,
        claims: claims.as_object().expect("an object").clone(),
    }
}

/// The client has a token of `front`, whose tokens it may exchange, and one of its own.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.client_mut(|client| {
        client.grants.push(TYPE);
        client.scopes = ScopeSet::parse("read write openid").expect("good");
        client.registration.token_exchange = Some(TokenExchange { subject_clients: vec!["front".into()], ..TokenExchange::default() });
    });
    rig.exchange = Some(Exchange {
        ourselves: "https://id.example".into(),
        subject: Some(held("front", json!({ "scope": "openid read" }))),
        actor: Some(Held { subject: "app".into(), ..held("app", json!({})) }),
        known_as: Some("alice at wiki".into()),
        device: None,
        offers: offers(),
    });
    rig
}

pub(super) fn offers() -> Arc<Offers> {
    Arc::new(Offers {
        trust_domain: Some("urn:inside".into()),
        transaction_lifetime: Lifetime::from_seconds(60),
        assertion_lifetime: Lifetime::from_seconds(90),
    })
}

fn ask(rig: &Rig, more: &str) -> Result<Entitled, Refusal> {
    let body = format!("subject_token=x&subject_token_type={TOKEN}&actor_token=y&actor_token_type={TOKEN}{more}");
    decide(&parse(&form(&body)).expect("well formed"), &case(rig))
}

fn alone(rig: &Rig) -> Result<Entitled, Refusal> {
    decide(&parse(&form(&format!("subject_token=x&subject_token_type={TOKEN}"))).expect("well formed"), &case(rig))
}

fn act(entitled: &Entitled) -> Value {
    let act = entitled.exchanged.as_ref().and_then(|exchanged| exchanged.act.as_ref()).expect("somebody acts");
    serde_json::from_str(act).expect("JSON")
}

fn subject(rig: &mut Rig) -> &mut Held {
    rig.exchange.as_mut().and_then(|exchange| exchange.subject.as_mut()).expect("a subject token")
}

#[test]
fn tex_001_and_006_parameters_go_together_and_types_are_known() {
    for body in [
        "subject_token=x".to_owned(),
        format!("subject_token_type={TOKEN}"),
        format!("subject_token=x&subject_token_type={TOKEN}&actor_token=y"),
        format!("subject_token=x&subject_token_type={TOKEN}&actor_token_type={TOKEN}"),
        "subject_token=x&subject_token_type=access_token".to_owned(),
        format!("subject_token=x&subject_token_type={TOKEN}&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Asaml2"),
    ] {
        assert_eq!(parse(&form(&body)).expect_err(&body).code, ErrorCode::InvalidRequest, "{body}");
    }
}

#[test]
fn tex_002_a_token_that_is_no_good_is_invalid_request() {
    for spoil in [
        (|exchange| exchange.subject = None) as fn(&mut Exchange),
        |exchange| exchange.actor = None,
        |exchange| exchange.subject.as_mut().expect("there").expires_at = NOW,
        |exchange| exchange.actor.as_mut().expect("there").expires_at = NOW,
    ] {
        let mut rig = rig();
        spoil(rig.exchange.as_mut().expect("there"));
        assert_eq!(ask(&rig, "").expect_err("no good").code, ErrorCode::InvalidRequest);
    }
    let mut over = rig();
    over.grant.revoked_at = Some(NOW);
    assert_eq!(ask(&over, "").expect_err("revoked").code, ErrorCode::InvalidRequest);
    let mut gone = rig();
    gone.person_is_there = false;
    assert_eq!(ask(&gone, "").expect_err("gone").code, ErrorCode::InvalidRequest);
}

#[test]
fn tex_003_an_unknown_target_is_invalid_target() {
    for more in ["&audience=https%3A%2F%2Fother.example", "&resource=https%3A%2F%2Fother.example"] {
        assert_eq!(ask(&rig(), more).expect_err("unknown").code, ErrorCode::InvalidTarget, "{more}");
    }
}

#[test]
fn tex_007_actors_are_kept_one_within_the_other() {
    let entitled = ask(&rig(), "").expect("entitled");
    assert_eq!(act(&entitled), json!({ "iss": "https://id.example", "sub": "app", "client_id": "app" }));
    let mut second = rig();
    subject(&mut second).claims.insert("act".into(), json!({ "sub": "first" }));
    assert_eq!(act(&ask(&second, "").expect("entitled"))["act"], json!({ "sub": "first" }));
}

#[test]
fn tex_008_nobody_is_impersonated_unless_that_is_allowed() {
    let mut rig = rig();
    assert_eq!(alone(&rig).expect_err("no actor").code, ErrorCode::InvalidRequest);
    rig.client_mut(|client| client.registration.token_exchange.as_mut().expect("there").impersonation = true);
    let exchanged = alone(&rig).expect("allowed").exchanged.expect("exchanged");
    assert_eq!((&*exchanged.act.unwrap_or_default(), exchanged.issued), ("", Kind::AccessToken.as_str()));
}

#[test]
fn tex_009_the_subject_token_says_who_may_act() {
    for (may_act, good) in [
        (json!({ "sub": "app" }), true),
        (json!({ "sub": "app", "iss": "https://id.example" }), true),
        (json!({ "sub": "other" }), false),
        (json!({ "sub": "app", "iss": "https://other.example" }), false),
        (json!({ "client_id": "app" }), false),
        (json!({}), false),
        (json!("app"), false),
    ] {
        let mut rig = rig();
        subject(&mut rig).claims.insert("may_act".into(), may_act.clone());
        assert_eq!(ask(&rig, "").is_ok(), good, "{may_act}");
    }
}

#[test]
fn tex_010_no_scope_beyond_the_subject_token_and_the_client() {
    assert_eq!(ask(&rig(), "").expect("entitled").scopes, [Box::from("read")], "openid is not handed on");
    for scope in ["write", "admin", "openid", "read+write"] {
        assert_eq!(ask(&rig(), &format!("&scope={scope}")).expect_err(scope).code, ErrorCode::InvalidScope);
    }
}

#[test]
fn tex_011_it_does_not_outlive_the_subject_token() {
    let entitled = ask(&rig(), "").expect("entitled");
    assert_eq!((entitled.lifetime.seconds(), entitled.lifetime_ceiling.seconds()), (100, 100));
}

#[test]
fn tex_012_a_token_of_a_stranger_is_not_exchanged() {
    let mut stolen = rig();
    subject(&mut stolen).origin = Origin::Ours { client_id: "stranger".into(), audience: vec!["https://api.example".into()] };
    assert_eq!(ask(&stolen, "").expect_err("stolen").code, ErrorCode::InvalidRequest);
    let mut own_actor = rig();
    own_actor.exchange.as_mut().and_then(|held| held.actor.as_mut()).expect("there").origin =
        Origin::Ours { client_id: "front".into(), audience: Vec::new() };
    assert_eq!(ask(&own_actor, "").expect_err("the actor is somebody else").code, ErrorCode::InvalidRequest);
    let mut for_it = rig();
    subject(&mut for_it).origin = Origin::Ours { client_id: "stranger".into(), audience: vec!["app".into()] };
    assert!(ask(&for_it, "").is_ok());
}

#[test]
fn tex_013_a_client_without_the_grant_is_refused() {
    let mut rig = rig();
    rig.client_mut(|client| client.grants.clear());
    assert_eq!(ask(&rig, "").expect_err("not registered").code, ErrorCode::UnauthorizedClient);
}

#[test]
fn tex_015_a_bound_token_needs_its_key_or_leads_to_another() {
    let (theirs, own) = (Confirmation::Jkt(Digest::of(b"theirs")), Confirmation::Jkt(Digest::of(b"own")));
    let mut rig = rig();
    subject(&mut rig).confirmation = Some(theirs);
    assert_eq!(ask(&rig, "").expect_err("no proof").code, ErrorCode::InvalidRequest);
    rig.confirmation = Some(own);
    assert_eq!(ask(&rig, "").expect_err("another key").code, ErrorCode::InvalidRequest);
    rig.client_mut(|client| client.registration.token_exchange.as_mut().expect("there").bound_tokens = true);
    assert!(ask(&rig, "").is_ok());
    rig.confirmation = None;
    assert_eq!(ask(&rig, "").expect_err("no way back to bearer").code, ErrorCode::InvalidRequest);
    rig.confirmation = Some(theirs);
    assert!(ask(&rig, "").is_ok());
}

#[test]
fn tex_017_and_018_it_hangs_on_the_grant_and_brings_no_refresh_token() {
    let rig = rig();
    let person = ask(&rig, "").expect("entitled").person.expect("a person's");
    assert_eq!((person.grant.id, person.from, person.refresh, person.id_token), (rig.grant.id, From::Unchanged, Refresh::None, false));
}

#[test]
fn tex_020_the_chain_of_actors_is_bounded() {
    let chain = |length: usize| (1..length).fold(json!({ "sub": "0" }), |act, number| json!({ "sub": number.to_string(), "act": act }));
    for (length, good) in [(ACTORS_MAX - 1, true), (ACTORS_MAX, false), (100, false)] {
        let mut rig = rig();
        subject(&mut rig).claims.insert("act".into(), chain(length));
        assert_eq!(ask(&rig, "").is_ok(), good, "{length}");
    }
}

const ID_TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token";
const WIKI: &str = "https://wiki.example";

/// The client has an ID token of its own, and may have assertions for a wiki.
fn signed_in() -> Rig {
    let mut rig = rig();
    rig.client_mut(|client| {
        let wiki = IdentityAssertions {
            audience: WIKI.into(),
            client_id: "app-at-wiki".into(),
            scopes: vec!["pages".into(), "edit".into()],
            resources: vec!["https://wiki.example/api".into()],
            known_to: None,
        };
        client.registration.token_exchange = Some(TokenExchange { identity_assertions: vec![wiki], ..TokenExchange::default() });
    });
    *subject(&mut rig) = held("app", json!({}));
    rig
}

fn assertion_of(rig: &Rig, more: &str) -> Result<Entitled, Refusal> {
    let wanted = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid-jag";
    let body = format!("subject_token=x&subject_token_type={ID_TOKEN}&requested_token_type={wanted}{more}");
    decide(&parse(&form(&body)).expect("well formed"), &case(rig))
}

#[test]
fn idj_001_only_for_a_sign_in_at_this_client_that_has_not_ended() {
    let to_wiki = format!("&audience={WIKI}");
    assertion_of(&signed_in(), &to_wiki).expect("entitled");
    for spoil in [
        (|rig| subject(rig).origin = Origin::Ours { client_id: "front".into(), audience: Vec::new() }) as fn(&mut Rig),
        |rig| rig.grant.client_id = ClientId::parse("front").expect("an id"),
        |rig| rig.grant.revoked_at = Some(NOW),
        |rig| rig.person_is_there = false,
        |rig| rig.known = false,
        |rig| subject(rig).expires_at = NOW,
        |rig| rig.exchange.as_mut().expect("there").known_as = None,
    ] {
        let mut rig = signed_in();
        spoil(&mut rig);
        assert_eq!(assertion_of(&rig, &to_wiki).expect_err("spoilt").code, ErrorCode::InvalidRequest);
    }
    let wanted = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid-jag";
    for kind in [TOKEN, "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Asaml2"] {
        let body = format!("subject_token=x&subject_token_type={kind}&requested_token_type={wanted}&audience={WIKI}");
        assert_eq!(parse(&form(&body)).expect_err(kind).code, ErrorCode::InvalidRequest, "{kind}");
    }
    let as_access_token = format!("subject_token=x&subject_token_type={ID_TOKEN}");
    assert_eq!(parse(&form(&as_access_token)).expect_err("an ID token is for this alone").code, ErrorCode::InvalidRequest);
}

#[test]
fn idj_002_the_assertion_is_for_that_server_in_its_words() {
    let entitled = assertion_of(&signed_in(), &format!("&audience={WIKI}&scope=edit&resource=https%3A%2F%2Fwiki.example%2Fapi"));
    let entitled = entitled.expect("entitled");
    let exchanged = entitled.makes_no_access_token().expect("no access token");
    let Product::Assertion(facts) = &exchanged.product else { panic!("{exchanged:?}") };
    assert_eq!((&*exchanged.subject, &*facts.client_id, &*entitled.audience), ("alice at wiki", "app-at-wiki", &[WIKI.into()] as &[_]));
    assert_eq!((&*entitled.scopes, entitled.lifetime.seconds(), entitled.person.is_none()), (&["edit".into()] as &[_], 90, true));
    let mut claims = Map::new();
    facts.write(&mut claims);
    assert_eq!((&claims["client_id"], &claims["resource"]), (&json!("app-at-wiki"), &json!("https://wiki.example/api")));
    assert_eq!(claims["auth_time"], json!(case(&signed_in()).grant.expect("there").allowed.auth_time));
}

#[test]
fn idj_004_audiences_scopes_and_resources_are_the_operators_choice() {
    let refused = |more: &str| assertion_of(&signed_in(), more).expect_err(more).code;
    assert_eq!(refused(""), ErrorCode::InvalidRequest);
    assert_eq!(refused("&audience=https://other.example"), ErrorCode::InvalidTarget);
    assert_eq!(refused(&format!("&audience={WIKI}&audience=https://other.example")), ErrorCode::InvalidTarget);
    assert_eq!(refused(&format!("&audience={WIKI}&scope=admin")), ErrorCode::InvalidScope);
    assert_eq!(refused(&format!("&audience={WIKI}&resource=https://wiki.example/other")), ErrorCode::InvalidTarget);
}

#[test]
fn txn_009_a_workload_that_sends_a_secret_gets_none() {
    let mut rig = rig();
    rig.client_mut(|client| {
        let transactions = TransactionTokens { scopes: vec!["read".into()], ..TransactionTokens::default() };
        client.registration.token_exchange = Some(TokenExchange { transaction_tokens: Some(transactions), ..TokenExchange::default() });
    });
    let wanted = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Atxn_token";
    let body = format!("subject_token=x&subject_token_type={TOKEN}&requested_token_type={wanted}&audience=urn:inside&scope=read");
    let refusal = decide(&parse(&form(&body)).expect("well formed"), &case(&rig)).expect_err("a secret");
    assert_eq!(refusal.code, ErrorCode::UnauthorizedClient);
}
