use claimsmith_protocol::handle::GrantId;
use serde_json::json;

use super::super::Newcomer;
use super::super::rig::{NOW, Rig, case, form};
use super::*;
use crate::person::UserId;

/// An issuer that the client may bring assertions of says something of alice.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.client_mut(|client| {
        client.grants.push(TYPE);
        client.scopes = ScopeSet::parse("read write openid offline_access").expect("good");
        client.default_scopes = ScopeSet::parse("read").expect("good");
    });
    rig.newcomer = Some(Newcomer {
        grant: GrantId::from_bytes([8; 16]),
        user_id: UserId::from_random([1; 16]),
        subject: "alice-here".into(),
        auth_time: NOW.seconds(),
        acr: None,
        amr: Vec::new(),
        attributes: None,
        device: None,
    });
    let trusted = TrustedIssuer {
        issuer: "https://them.example".into(),
        clients: vec!["app".into()],
        scopes: vec!["read".into(), "write".into(), "admin".into(), "openid".into()],
        ..TrustedIssuer::default()
    };
    let assured = Assured {
        issuer: trusted.issuer.clone(),
        subject: "alice".into(),
        jti_digest: Some(Digest::of(b"1")),
        expires_at: NOW,
        claims: serde_json::Map::new(),
    };
    rig.asserted = Some(Asserted { trusted: Arc::new(trusted), assured, purpose: Purpose::JwtBearer });
    rig
}

fn says(rig: &mut Rig, name: &str, value: serde_json::Value) {
    rig.asserted.as_mut().expect("there").assured.claims.insert(name.into(), value);
}

fn ask(rig: &Rig, more: &str) -> Result<Entitled, Refusal> {
    decide(&parse(&form(&format!("assertion=x{more}"))).expect("well formed"), &case(rig))
}

fn code(rig: &Rig, more: &str) -> ErrorCode {
    ask(rig, more).expect_err("refused").code
}

#[test]
fn jwb_001_an_assertion_is_wanted() {
    for body in ["", "assertion=", "scope=read"] {
        assert_eq!(parse(&form(body)).expect_err(body).code, ErrorCode::InvalidRequest);
    }
}

#[test]
fn jwb_002_and_006_who_is_not_believed_or_not_known_gets_nothing() {
    let mut unknown = rig();
    unknown.asserted = None;
    assert_eq!(code(&unknown, ""), ErrorCode::InvalidGrant);
    let mut nobody = rig();
    nobody.newcomer = None;
    assert_eq!(code(&nobody, ""), ErrorCode::InvalidGrant);
    let mut not_named = rig();
    let asserted = not_named.asserted.as_mut().expect("there");
    asserted.trusted = Arc::new(TrustedIssuer { clients: Vec::new(), ..(*asserted.trusted).clone() });
    assert_eq!(code(&not_named, ""), ErrorCode::InvalidGrant);
    let mut unregistered = rig();
    unregistered.client_mut(|client| client.grants.clear());
    assert_eq!(code(&unregistered, ""), ErrorCode::UnauthorizedClient);
}

#[test]
fn jwb_005_and_idj_008_an_assertion_counts_once_and_an_identity_assertion_until_it_ends() {
    let rig = rig();
    let asserted = rig.asserted.expect("there");
    assert!(asserted.guard().is_some());
    assert!(Asserted { purpose: Purpose::IdJag, ..asserted.clone() }.guard().is_none());
    let reusable = Arc::new(TrustedIssuer { reusable: true, ..(*asserted.trusted).clone() });
    assert!(Asserted { trusted: reusable, ..asserted }.guard().is_none());
}

#[test]
fn jwb_007_and_008_nothing_beyond_issuer_client_and_assertion_and_no_refresh_token() {
    let entitled = ask(&rig(), "").expect("entitled");
    assert_eq!(entitled.scopes, [Box::from("read")]);
    let person = entitled.person.expect("alice");
    assert_eq!((person.refresh, person.id_token, person.from), (super::super::Refresh::None, false, super::super::From::New));
    assert_eq!(ask(&rig(), "&scope=write").expect("the client's").scopes, [Box::from("write")]);
    for scope in ["admin", "openid", "offline_access", "other"] {
        assert_eq!(code(&rig(), &format!("&scope={scope}")), ErrorCode::InvalidScope, "{scope}");
    }
    let mut narrow = rig();
    says(&mut narrow, "scope", json!("write admin"));
    assert_eq!(ask(&narrow, "").expect("entitled").scopes, [Box::from("write")]);
    assert_eq!(code(&narrow, "&scope=read"), ErrorCode::InvalidScope);
}

#[test]
fn idj_006_an_identity_assertion_names_the_client() {
    let mut rig = rig();
    rig.asserted.as_mut().expect("there").purpose = Purpose::IdJag;
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
    says(&mut rig, "client_id", json!("other"));
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
    says(&mut rig, "client_id", json!("app"));
    assert!(ask(&rig, "").is_ok());
}

#[test]
fn idj_007_resources_are_those_of_the_assertion() {
    let mut rig = rig();
    says(&mut rig, "resource", json!("https://other.example"));
    assert_eq!(code(&rig, "&resource=https%3A%2F%2Fapi.example"), ErrorCode::InvalidTarget);
    says(&mut rig, "resource", json!([1]));
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
}

#[test]
fn idj_011_an_assertion_that_is_bound_to_a_key_needs_it() {
    let mut rig = rig();
    let jkt = Digest::of(b"key");
    says(&mut rig, "cnf", json!({ "jkt": jkt.to_base64url() }));
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
    rig.confirmation = Some(Confirmation::Jkt(Digest::of(b"other")));
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
    rig.confirmation = Some(Confirmation::Jkt(jkt));
    assert!(ask(&rig, "").is_ok());
    says(&mut rig, "cnf", json!("unreadable"));
    assert_eq!(code(&rig, ""), ErrorCode::InvalidGrant);
}
