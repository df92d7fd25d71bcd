use claimsmith_protocol::error::{ErrorCode, Reason};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::GrantId;

use super::super::rig::{NOW, Rig, case, form};
use super::super::{Entitled, From, Newcomer, Refresh};
use super::{Refusal, decide, parse};
use crate::person::UserId;

const ASKED: &str = "username=alice&password=p%C3%A4ssw%C3%B6rd";

/// Alice has proved who she is, and the client may ask.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.client_mut(|client| client.grants.push(GrantType::Password));
    rig.newcomer = Some(Newcomer {
        grant: GrantId::from_bytes([8; 16]),
        user_id: UserId::from_random([1; 16]),
        subject: "alice-here".into(),
        auth_time: NOW.seconds(),
        acr: Some("urn:one".into()),
        amr: vec!["pwd".into()],
        attributes: Some(r#"{"directory":"old"}"#.into()),
        device: None,
    });
    rig
}

fn ask(rig: &Rig, more: &str) -> Result<Entitled, Refusal> {
    decide(&parse(&form(&format!("{ASKED}{more}"))).expect("well formed"), &case(rig))
}

fn refused(rig: &Rig, more: &str) -> ErrorCode {
    ask(rig, more).expect_err("refused").code
}

#[test]
fn rop_001_a_client_that_is_not_registered_for_it_is_refused() {
    let mut rig = rig();
    rig.client_mut(|client| client.grants.retain(|grant| *grant != GrantType::Password));
    assert_eq!(refused(&rig, ""), ErrorCode::UnauthorizedClient);
}

#[test]
fn rop_002_whoever_is_not_made_sure_of_gets_nothing() {
    let mut rig = rig();
    rig.newcomer = None;
    let refusal = ask(&rig, "").expect_err("refused");
    assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidGrant, Reason::WrongPassword));
}

#[test]
fn rop_005_username_and_password_are_wanted_and_may_be_any_utf8() {
    for body in ["password=x", "username=alice", "username=&password=x", "username=alice&password="] {
        let refusal = parse(&form(body)).expect_err(body);
        assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidRequest, Reason::MissingParameter), "{body}");
    }
    let request = parse(&form(ASKED)).expect("well formed");
    assert_eq!((&*request.username, request.password.expose().as_str()), ("alice", "pässwörd"));
    assert!(!format!("{request:?}").contains("ssw\u{f6}rd"), "a password is never printed");
}

#[test]
fn the_grant_begins_with_the_request_and_holds_what_was_asked_for() {
    let entitled = ask(&rig(), "&scope=openid+read").expect("entitled");
    let person = entitled.person.as_ref().expect("for alice");
    assert_eq!((person.from, person.id_token), (From::New, true));
    let allowed = &person.grant.allowed;
    assert_eq!((&*allowed.subject, allowed.auth_time, allowed.acr.as_deref()), ("alice-here", NOW.seconds(), Some("urn:one")));
    assert_eq!(allowed.scopes, entitled.scopes);
    assert_eq!(person.grant.client_id.as_str(), "app");
    assert_eq!((person.grant.created_at, person.grant.expires_at), (NOW, NOW.plus(entitled.lifetime_ceiling)));
}

#[test]
fn a_refresh_token_comes_with_offline_access_and_makes_the_grant_last() {
    let mut rig = rig();
    rig.policy.refresh.require_offline_access = true;
    let person = |more: &str| ask(&rig, more).expect("entitled").person.expect("for alice");
    assert_eq!(person("&scope=read").refresh, Refresh::None);
    let offline = person("&scope=read+offline_access");
    assert!(matches!(offline.refresh, Refresh::Issue { number: 0, .. }));
    assert_eq!(offline.grant.expires_at, NOW.plus(rig.policy.refresh_lifetime));
}

#[test]
fn nobody_gets_more_than_the_client_is_registered_for() {
    assert_eq!(refused(&rig(), "&scope=admin"), ErrorCode::InvalidScope);
    assert_eq!(refused(&rig(), "&resource=https%3A%2F%2Fother.example"), ErrorCode::InvalidTarget);
}
