use claimsmith_protocol::error::{ErrorCode, Reason};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::time::Timestamp;

use super::super::rig::{NOW, Rig, case, code, form};
use super::super::{DeferredState, Entitled, From, Polled, Remedy};
use super::*;

/// The person has said yes, and the device asks in good time.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.client_mut(|client| client.grants = vec![GrantType::DeviceCode, GrantType::RefreshToken]);
    let allowed = &mut rig.grant.allowed;
    (allowed.deferred, allowed.redirect_uri, allowed.challenge) = (true, None, None);
    let expires_at = Timestamp::from_seconds(NOW.seconds() + 60);
    rig.polled = Some(Polled { digest: code().digest(), state: DeferredState::Approved, too_fast: false, expires_at });
    rig
}

fn polled(rig: &mut Rig) -> &mut Polled {
    rig.polled.as_mut().expect("it is there")
}

fn ask(rig: &Rig) -> Result<Entitled, (ErrorCode, Option<Remedy>)> {
    let request = parse(&form(&format!("device_code={}", code().expose()))).expect("well formed");
    match decide(&request, &case(rig)) {
        Verdict::Entitled(entitled) => Ok(entitled),
        Verdict::Refused(refusal, remedy) => Err((refusal.code, remedy)),
    }
}

#[test]
fn an_approval_becomes_tokens_once() {
    let mut rig = rig();
    let person = ask(&rig).expect("entitled").person.expect("for a person");
    assert!(person.id_token && person.from == From::Code(code().digest()));
    rig.grant.code.as_mut().expect("a code").spent_at = Some(NOW);
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, Some(Remedy::Revoke(rig.grant.id)))), "DEV-011");
}

#[test]
fn dev_006_dev_007_and_dev_008_waiting_and_waiting_longer() {
    let mut rig = rig();
    polled(&mut rig).too_fast = true;
    assert_eq!(ask(&rig), Err((ErrorCode::SlowDown, None)), "even where somebody has said yes");
    polled(&mut rig).too_fast = false;
    polled(&mut rig).state = DeferredState::Pending;
    assert_eq!(ask(&rig), Err((ErrorCode::AuthorizationPending, None)));
    polled(&mut rig).state = DeferredState::Approved;
    assert!(ask(&rig).is_ok(), "nothing is lost by asking too often");
}

#[test]
fn dev_010_a_no_and_a_late_answer() {
    let mut rig = rig();
    polled(&mut rig).state = DeferredState::Denied;
    assert_eq!(ask(&rig), Err((ErrorCode::AccessDenied, None)));
    for state in [DeferredState::Pending, DeferredState::Approved] {
        (polled(&mut rig).state, polled(&mut rig).expires_at) = (state, NOW);
        assert_eq!(ask(&rig), Err((ErrorCode::ExpiredToken, None)));
    }
}

#[test]
fn dev_002_dev_012_and_dev_013_for_the_right_client_with_the_right_code() {
    let mut rig = rig();
    rig.polled = None;
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)), "unknown, or another client's");
    rig = self::rig();
    polled(&mut rig).digest = claimsmith_jose::Digest::of(b"another");
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)));
    rig = self::rig();
    rig.grant.allowed.deferred = false;
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)), "a code of a browser is no code of a device");
    rig = self::rig();
    rig.client_mut(|client| client.grants = vec![GrantType::AuthorizationCode]);
    assert_eq!(ask(&rig), Err((ErrorCode::UnauthorizedClient, None)));
    let refusal = parse(&form("device_code=")).expect_err("missing");
    assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidRequest, Reason::MissingParameter));
}

#[test]
fn a_person_who_is_gone_or_took_it_back() {
    let mut rig = rig();
    rig.person_is_there = false;
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)));
    rig = self::rig();
    rig.grant.revoked_at = Some(NOW);
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)));
}
