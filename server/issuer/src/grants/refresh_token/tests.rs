use claimsmith_protocol::registration::Registration;

use super::super::rig::{NOW, Rig, case, form, token, with_refresh};
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn ask(rig: &Rig, number: u32, more: &str) -> Verdict {
    decide(&parse(&form(&format!("refresh_token={}{more}", token(number).expose()))).expect("well formed"), &case(rig))
}

fn refused(verdict: Verdict) -> (ErrorCode, Reason, Option<Remedy>) {
    match verdict {
        Verdict::Refused(refusal, remedy) => (refusal.code, refusal.reason, remedy),
        Verdict::Entitled(entitled) => panic!("entitled: {entitled:?}"),
    }
}

fn entitled(verdict: Verdict) -> Entitled {
    match verdict {
        Verdict::Entitled(entitled) => entitled,
        Verdict::Refused(refusal, _) => panic!("{refusal}"),
    }
}

fn refresh(verdict: Verdict) -> (Refresh, From) {
    let person = entitled(verdict).person.expect("for a person");
    (person.refresh, person.from)
}

#[test]
fn rft_006_rotation_by_client_and_profile() {
    let rig = with_refresh(3);
    assert!(matches!(refresh(ask(&rig, 3, "")), (Refresh::Issue { number: 4, .. }, From::Refresh(_))));
    let mut kept = with_refresh(3);
    kept.client_mut(|client| client.registration.refresh_token_rotation = Some(Rotation::Keep));
    assert_eq!(refresh(ask(&kept, 3, "")).0, Refresh::Keep);
    let mut fapi = with_refresh(3);
    fapi.client_mut(|client| *client.registration = Registration::from_text(r#"{"profile":"fapi2_security"}"#).expect("good"));
    assert_eq!(refresh(ask(&fapi, 3, "")).0, Refresh::Keep, "FAP-004");
}

#[test]
fn rft_007_rft_009_and_the_reuse_interval() {
    let mut rig = with_refresh(3);
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(-5));
    assert_eq!(refused(ask(&rig, 2, "")), (ErrorCode::InvalidGrant, Reason::ReplayedRefreshToken, None), "it lost a race");
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(-10));
    let revoke = Some(Remedy::Revoke(rig.grant.id));
    assert_eq!(refused(ask(&rig, 2, "")), (ErrorCode::InvalidGrant, Reason::ReplayedRefreshToken, revoke));
    // One before that is a replay at any time.
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(0));
    assert_eq!(refused(ask(&rig, 1, "")).2, revoke);
}

#[test]
fn rft_008_a_retry_within_the_grace_gets_the_same() {
    let mut rig = with_refresh(3);
    rig.client_mut(|client| client.registration.refresh_token_grace = Some(30));
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(-29));
    assert_eq!(refresh(ask(&rig, 2, "")), (Refresh::Repeat { number: 3 }, From::Unchanged));
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(-30));
    assert!(refused(ask(&rig, 2, "")).2.is_some());
    rig.grant.refresh.as_mut().expect("there").rotated_at = Some(at(-1));
    assert!(refused(ask(&rig, 1, "")).2.is_some(), "RFT-009");
}

#[test]
fn rft_001_nobody_else_ends_a_grant() {
    let mut forged = with_refresh(3);
    forged.genuine = false;
    assert_eq!(refused(ask(&forged, 1, "")), (ErrorCode::InvalidGrant, Reason::UnknownGrantHandle, None));
    let mut other = with_refresh(3);
    other.grant.client_id = claimsmith_protocol::id::ClientId::parse("other").expect("an id");
    assert_eq!(refused(ask(&other, 1, "")), (ErrorCode::InvalidGrant, Reason::UnknownGrantHandle, None));
}

#[test]
fn rft_012_both_ends() {
    let mut idle = with_refresh(3);
    idle.grant.refresh.as_mut().expect("there").expires_at = NOW;
    assert_eq!(refused(ask(&idle, 3, "")).1, Reason::RevokedGrant);
    let mut over = with_refresh(3);
    over.grant.expires_at = NOW;
    assert_eq!(refused(ask(&over, 3, "")).1, Reason::RevokedGrant);
    // However long the idle time, the whole is not longer.
    let rig = with_refresh(3);
    let person = entitled(ask(&rig, 3, "")).person.expect("for a person");
    let state = state_after(&person, Some((4, Digest::of(b"4"))), NOW, Lifetime::from_seconds(u32::MAX), None).expect("a state");
    assert_eq!((state.expires_at, state.number, state.rotated_at), (rig.grant.expires_at, 4, Some(NOW)));
    assert_eq!(state.previous_digest, Some(token(3).digest()));
}

#[test]
fn rft_015_and_rft_017_a_bound_token_needs_its_key() {
    let mut rig = with_refresh(3);
    let held = Confirmation::Jkt(Digest::of(b"key"));
    rig.grant.refresh.as_mut().expect("there").bound_to = Some(held.to_json().into());
    assert_eq!(refused(ask(&rig, 3, "")).1, Reason::WrongProof);
    rig.confirmation = Some(Confirmation::Jkt(Digest::of(b"other")));
    assert_eq!(refused(ask(&rig, 3, "")).1, Reason::WrongProof);
    rig.confirmation = Some(Confirmation::X5tS256(Digest::of(b"key")));
    assert_eq!(refused(ask(&rig, 3, "")).1, Reason::WrongProof);
    rig.confirmation = Some(held);
    entitled(ask(&rig, 3, ""));
}

#[test]
fn rft_003_rft_013_and_rft_018_less_and_never_more() {
    let rig = with_refresh(3);
    assert_eq!(refused(ask(&rig, 3, "&scope=admin")).0, ErrorCode::InvalidScope);
    assert_eq!(entitled(ask(&rig, 3, "&scope=read")).scopes, ["read".into()]);
    let mut resourced = with_refresh(3);
    resourced.grant.allowed.resources = vec!["https://api.example".into()];
    assert_eq!(refused(ask(&resourced, 3, "&resource=https%3A%2F%2Fother.example")).0, ErrorCode::InvalidTarget);
    let mut gone = with_refresh(3);
    gone.person_is_there = false;
    assert_eq!(refused(ask(&gone, 3, "")).1, Reason::UserGone);
    gone.policy.refresh.check_user = false;
    entitled(ask(&gone, 3, ""));
    let mut revoked = with_refresh(3);
    revoked.grant.revoked_at = Some(NOW);
    assert_eq!(refused(ask(&revoked, 3, "")).1, Reason::RevokedGrant);
}
