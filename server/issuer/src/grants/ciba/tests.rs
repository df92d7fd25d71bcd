use claimsmith_protocol::error::{ErrorCode, Reason};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::time::Timestamp;

use super::super::rig::{NOW, Rig, case, code, form};
use super::super::{DeferredState, Entitled, From, Polled, Remedy};
use super::*;

/// The person has said yes, and the client asks in good time.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.client_mut(|client| client.grants = vec![GrantType::Ciba, GrantType::RefreshToken]);
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
    let request = parse(&form(&format!("auth_req_id={}", code().expose()))).expect("well formed");
    match decide(&request, &case(rig)) {
        Verdict::Entitled(entitled) => Ok(entitled),
        Verdict::Refused(refusal, remedy) => Err((refusal.code, remedy)),
    }
}

#[test]
fn cib_017_an_approval_becomes_tokens_once() {
    let mut rig = rig();
    let person = ask(&rig).expect("entitled").person.expect("for a person");
    assert!(person.id_token && person.from == From::Code(code().digest()));
    rig.grant.code.as_mut().expect("a code").spent_at = Some(NOW);
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, Some(Remedy::Revoke(rig.grant.id)))), "CIB-021");
}

#[test]
fn cib_018_waiting_and_waiting_longer() {
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
fn cib_020_a_no_and_a_late_answer() {
    let mut rig = rig();
    polled(&mut rig).state = DeferredState::Denied;
    assert_eq!(ask(&rig), Err((ErrorCode::AccessDenied, None)));
    for state in [DeferredState::Pending, DeferredState::Approved] {
        (polled(&mut rig).state, polled(&mut rig).expires_at) = (state, NOW);
        assert_eq!(ask(&rig), Err((ErrorCode::ExpiredToken, None)));
    }
}

#[test]
fn cib_021_for_the_right_client_with_the_right_code() {
    let mut rig = rig();
    rig.polled = None;
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)), "unknown, or another client's");
    rig = self::rig();
    polled(&mut rig).digest = claimsmith_jose::Digest::of(b"another");
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)));
    rig = self::rig();
    rig.grant.allowed.deferred = false;
    assert_eq!(ask(&rig), Err((ErrorCode::InvalidGrant, None)), "a code of a browser is none of the backchannel");
    rig = self::rig();
    rig.client_mut(|client| client.grants = vec![GrantType::AuthorizationCode]);
    assert_eq!(ask(&rig), Err((ErrorCode::UnauthorizedClient, None)));
    let refusal = parse(&form("auth_req_id=")).expect_err("missing");
    assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidRequest, Reason::MissingParameter));
}

#[test]
fn cib_017_who_is_given_tokens_does_not_ask_for_them() {
    let mut rig = rig();
    rig.client_mut(|client| client.registration.backchannel_token_delivery_mode = Some(DeliveryMode::Push));
    assert_eq!(ask(&rig), Err((ErrorCode::UnauthorizedClient, None)));
    let verdict = decide(&pushed(code().expose()), &case(&rig));
    assert!(matches!(verdict, Verdict::Entitled(_)), "{verdict:?}");
    rig.client_mut(|client| client.registration.backchannel_token_delivery_mode = Some(DeliveryMode::Ping));
    assert!(ask(&rig).is_ok() && matches!(decide(&pushed(code().expose()), &case(&rig)), Verdict::Refused(..)));
}
