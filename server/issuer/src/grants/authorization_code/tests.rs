use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::registration::Registration;

use super::super::rig::{NOW, Rig, VERIFIER, case, code, form};
use super::*;
use crate::grants::Refresh;

fn refused(verdict: Verdict) -> (ErrorCode, Reason, Option<Remedy>) {
    match verdict {
        Verdict::Refused(refusal, remedy) => (refusal.code, refusal.reason, remedy),
        Verdict::Entitled(entitled) => panic!("entitled: {entitled:?}"),
    }
}

fn entitled(verdict: Verdict) -> super::super::Entitled {
    match verdict {
        Verdict::Entitled(entitled) => entitled,
        Verdict::Refused(refusal, _) => panic!("{refusal}"),
    }
}

fn body(more: &str) -> String {
    format!("code={}&redirect_uri=https%3A%2F%2Fa.example%2Fcb&code_verifier={VERIFIER}{more}", code().expose())
}

fn judge_of(rig: &Rig, body: &str) -> Verdict {
    decide(&parse(&form(body)).expect("well formed"), &case(rig))
}

#[test]
fn cod_001_what_was_asked_for_is_what_is_given() {
    let rig = Rig::new();
    let entitled = entitled(judge_of(&rig, &body("")));
    let person = entitled.person.expect("for a person");
    assert_eq!(entitled.scopes.iter().map(AsRef::as_ref).collect::<Vec<_>>(), ["openid", "offline_access", "read"]);
    assert!(person.id_token && matches!(person.refresh, Refresh::Issue { number: 0, .. }));
    assert_eq!(person.from, From::Code(code().digest()));
}

#[test]
fn cod_001_and_cod_006_another_clients_code_is_unknown_and_nothing_comes_of_it() {
    let mut rig = Rig::new();
    rig.grant.client_id = claimsmith_protocol::id::ClientId::parse("other").expect("an id");
    assert_eq!(refused(judge_of(&rig, &body(""))), (ErrorCode::InvalidGrant, Reason::UnknownGrantHandle, None));
    let mut spent = rig;
    spent.grant.code.as_mut().expect("a code").spent_at = Some(NOW);
    assert_eq!(refused(judge_of(&spent, &body(""))).2, None, "not even when it is spent");
}

#[test]
fn cod_002_the_redirect_uri_is_repeated() {
    let rig = Rig::new();
    for uri in ["", "&redirect_uri=https%3A%2F%2Fa.example%2Fother"] {
        let body = format!("code={}&code_verifier={VERIFIER}{uri}", code().expose());
        assert_eq!(refused(judge_of(&rig, &body)), (ErrorCode::InvalidGrant, Reason::UnknownRedirectUri, None), "{uri}");
    }
    let mut new = Rig::new();
    new.client_mut(|client| {
        *client.registration = Registration::from_text(r#"{"redirect_uris":["https://a.example/cb"],"profile":"oauth2_1"}"#).expect("good")
    });
    entitled(judge_of(&new, &format!("code={}&code_verifier={VERIFIER}", code().expose())));
}

#[test]
fn cod_003_and_cod_004_old_and_spent_codes() {
    let mut rig = Rig::new();
    rig.grant.code.as_mut().expect("a code").expires_at = NOW;
    assert_eq!(refused(judge_of(&rig, &body(""))), (ErrorCode::InvalidGrant, Reason::RevokedGrant, None));
    let mut rig = Rig::new();
    rig.grant.code.as_mut().expect("a code").spent_at = Some(NOW);
    let id = rig.grant.id;
    assert_eq!(refused(judge_of(&rig, &body(""))), (ErrorCode::InvalidGrant, Reason::SpentCode, Some(Remedy::Revoke(id))), "COD-005");
}

#[test]
fn cod_007_pkc_006_pkc_007_and_pkc_008_verifiers() {
    let rig = Rig::new();
    let with = |verifier: &str| format!("code={}&redirect_uri=https%3A%2F%2Fa.example%2Fcb{verifier}", code().expose());
    assert_eq!(refused(judge_of(&rig, &with(""))), (ErrorCode::InvalidGrant, Reason::WrongVerifier, None), "PKC-006");
    let flipped = VERIFIER.replace("Xk", "Xl");
    let (_, reason, remedy) = refused(judge_of(&rig, &with(&format!("&code_verifier={flipped}"))));
    assert_eq!((reason, remedy), (Reason::WrongVerifier, Some(Remedy::Spend(rig.grant.id, code().digest()))), "nobody guesses twice");
    let mut bare = Rig::new();
    bare.grant.allowed.challenge = None;
    assert_eq!(refused(judge_of(&bare, &body(""))).1, Reason::WrongVerifier, "PKC-008: a verifier that nobody asked for");
    entitled(judge_of(&bare, &with("")));
}

#[test]
fn dpo_022_a_code_for_a_key_needs_that_key() {
    let mut rig = Rig::new();
    let key = Digest::of(b"key");
    rig.grant.allowed.dpop_jkt = Some(key.to_base64url().into());
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::WrongProof);
    rig.confirmation = Some(Confirmation::Jkt(Digest::of(b"other")));
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::WrongProof);
    rig.confirmation = Some(Confirmation::X5tS256(key));
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::WrongProof);
    rig.confirmation = Some(Confirmation::Jkt(key));
    entitled(judge_of(&rig, &body("")));
}

#[test]
fn what_was_taken_back_and_who_is_gone() {
    let mut rig = Rig::new();
    rig.grant.revoked_at = Some(NOW);
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::RevokedGrant, "COD-012");
    let mut rig = Rig::new();
    rig.person_is_there = false;
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::UserGone);
    let mut rig = Rig::new();
    rig.client_mut(|client| client.grants.clear());
    assert_eq!(refused(judge_of(&rig, &body(""))).0, ErrorCode::UnauthorizedClient);
}

#[test]
fn rft_024_a_refresh_token_needs_the_grant_and_the_scope() {
    let refresh = |rig: &Rig| entitled(judge_of(rig, &body(""))).person.expect("for a person").refresh;
    let mut rig = Rig::new();
    rig.grant.allowed.scopes.retain(|scope| **scope != *"offline_access");
    assert_eq!(refresh(&rig), Refresh::None);
    rig.policy.refresh.require_offline_access = false;
    assert!(matches!(refresh(&rig), Refresh::Issue { .. }));
    rig.client_mut(|client| client.grants.retain(|grant| *grant != GrantType::RefreshToken));
    assert_eq!(refresh(&rig), Refresh::None);
}

#[test]
fn res_004_a_resource_is_one_of_those_agreed_to() {
    let mut rig = Rig::new();
    rig.grant.allowed.resources = vec!["https://api.example".into()];
    let entitled_to = entitled(judge_of(&rig, &body("&resource=https%3A%2F%2Fapi.example")));
    assert_eq!(entitled_to.audience, ["https://api.example".into()]);
    assert_eq!(refused(judge_of(&rig, &body("&resource=https%3A%2F%2Fother.example"))).0, ErrorCode::InvalidTarget);
}

#[test]
fn rar_007_details_get_fewer_and_never_more() {
    let mut rig = Rig::new();
    rig.grant.allowed.details = Some(r#"[{"type":"a"},{"type":"b"}]"#.into());
    let details = |verdict: Verdict| entitled(verdict).person.expect("for a person").grant.allowed.details;
    assert_eq!(
        details(judge_of(&rig, &body("&authorization_details=%5B%7B%22type%22%3A%22b%22%7D%5D"))).as_deref(),
        Some(r#"[{"type":"b"}]"#)
    );
    assert!(details(judge_of(&rig, &body(""))).is_some());
    assert_eq!(
        refused(judge_of(&rig, &body("&authorization_details=%5B%7B%22type%22%3A%22c%22%7D%5D"))).0,
        ErrorCode::InvalidAuthorizationDetails
    );
    assert_eq!(refused(judge_of(&rig, &body("&authorization_details=x"))).0, ErrorCode::InvalidAuthorizationDetails);
}

#[test]
fn a_code_that_is_none_is_unknown() {
    let mut rig = Rig::new();
    let request = parse(&form("code=x&code_verifier=y")).expect("well formed");
    assert_eq!(request.grant, None);
    rig.known = false;
    assert_eq!(refused(judge_of(&rig, &body(""))).1, Reason::UnknownGrantHandle);
    assert_eq!(parse(&form("")).expect_err("missing").code, ErrorCode::InvalidRequest);
}
