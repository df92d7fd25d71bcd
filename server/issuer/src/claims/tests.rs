//! What plugins may and may not do to a token.

use super::*;
use crate::value::Value;

fn draft() -> Claims<Draft> {
    let scopes = ["read".into(), "write".into()];
    let audience = ["https://api.example".into()];
    let entitlement = Entitlement {
        issuer: "https://issuer.example",
        subject: "demo",
        client_id: "demo",
        scopes: &scopes,
        audience: &audience,
        lifetime: 300,
    };
    Claims::draft(&entitlement, "token-1".into(), Timestamp::from_seconds(1_000))
}

fn apply(edits: Vec<Edit>, permissions: &[&str]) -> Result<serde_json::Value, EditRefused> {
    let permissions: Vec<_> = permissions.iter().map(|text| Permission::parse(text).expect("a permission")).collect();
    let mut claims = draft();
    claims.apply(edits, Authority { binding: 7, permissions: &permissions, lifetime_ceiling: 3_600 })?;
    let mut out = Vec::new();
    claims.finish().render(&mut out);
    Ok(serde_json::from_slice(&out).expect("an object"))
}

fn claim(name: &str) -> Edit {
    Edit::SetClaim(name.to_owned(), "x".into())
}

#[test]
fn jat_002_every_required_claim_is_there() {
    let payload = apply(vec![], &[]).expect("nothing to refuse");
    let expected = serde_json::json!({
        "iss": "https://issuer.example", "sub": "demo", "client_id": "demo", "aud": "https://api.example",
        "scope": "read write", "iat": 1_000, "exp": 1_300, "jti": "token-1",
    });
    assert_eq!(payload, expected);
}

#[test]
fn plg_002_reserved_claims_are_immutable_whatever_the_permission() {
    for name in
        ["iss", "exp", "nbf", "iat", "jti", "cnf", "act", "client_id", "nonce", "at_hash", "c_hash", "s_hash", "azp", "aud", "scope"]
    {
        assert_eq!(apply(vec![claim(name)], &["claim:*"]), Err(EditRefused::Reserved(name.to_owned())));
        assert_eq!(apply(vec![Edit::RemoveClaim(name.to_owned())], &["claim:*"]), Err(EditRefused::Reserved(name.to_owned())));
        assert!(Permission::parse(&format!("claim:{name}")).is_err());
    }
}

#[test]
fn plg_002_protected_claims_need_a_permission_of_their_own() {
    for name in ["sub", "acr", "amr", "auth_time"] {
        assert_eq!(apply(vec![claim(name)], &["claim:*"]), Err(EditRefused::NotPermitted(name.to_owned())));
        assert_eq!(apply(vec![claim(name)], &[name]).expect("granted")[name], "x");
    }
}

#[test]
fn claims_need_a_permission_exact_or_by_prefix() {
    assert_eq!(apply(vec![claim("org")], &[]), Err(EditRefused::NotPermitted("claim:org".to_owned())));
    assert_eq!(apply(vec![claim("org")], &["claim:org"]).expect("granted")["org"], "x");
    assert_eq!(apply(vec![claim("urn:example:tier")], &["claim:urn:example:*"]).expect("granted")["urn:example:tier"], "x");
    assert!(apply(vec![claim("urn:other:tier")], &["claim:urn:example:*"]).is_err());
}

#[test]
fn plg_002_scope_and_audience_are_narrowed_and_never_widened_without_permission() {
    let scopes = |names: &[&str]| vec![Edit::SetScopes(names.iter().map(|name| (*name).to_owned()).collect())];
    assert_eq!(apply(scopes(&["read"]), &[]).expect("narrowed")["scope"], "read");
    assert_eq!(apply(scopes(&[]), &[]).expect("narrowed").get("scope"), None);
    assert_eq!(apply(scopes(&["read", "admin"]), &[]), Err(EditRefused::NotPermitted("scope:admin".to_owned())));
    assert_eq!(apply(scopes(&["read", "admin"]), &["scope:admin"]).expect("granted")["scope"], "read admin");
    assert!(matches!(apply(scopes(&["a b"]), &[]), Err(EditRefused::Malformed(_))));
    let audience = |uri: &str| vec![Edit::SetAudience(vec![uri.to_owned()])];
    assert_eq!(apply(audience("urn:other:api"), &[]), Err(EditRefused::NotPermitted("audience:urn:other:api".to_owned())));
    assert_eq!(apply(audience("urn:other:api"), &["audience:urn:other:api"]).expect("granted")["aud"], "urn:other:api");
    assert!(apply(vec![Edit::SetAudience(vec![])], &[]).is_err(), "a token without audience is never made");
}

#[test]
fn lifetimes_are_clamped() {
    let expiry = |seconds, permissions: &[&str]| apply(vec![Edit::SetLifetime(seconds)], permissions).expect("applied")["exp"].as_i64();
    assert_eq!(expiry(60, &[]), Some(1_060));
    assert_eq!(expiry(900, &[]), Some(1_300), "never longer without permission");
    assert_eq!(expiry(900, &["lifetime:600"]), Some(1_600));
    assert_eq!(expiry(90_000, &["lifetime:86400"]), Some(4_600), "never beyond the ceiling");
    assert!(apply(vec![Edit::SetLifetime(0)], &[]).is_err());
}

#[test]
fn all_edits_are_applied_or_none() {
    let mut claims = draft();
    let permissions = [Permission::Claim("org".into())];
    let authority = Authority { binding: 1, permissions: &permissions, lifetime_ceiling: 300 };
    assert!(claims.apply(vec![claim("org"), claim("iss")], authority).is_err());
    assert_eq!(claims.members.len(), 3);
    assert!(claims.provenance.is_empty());
}

#[test]
fn header_members_with_a_meaning_are_refused() {
    for name in ["alg", "typ", "kid", "crit", "jwk", "jku", "x5c", "x5t#S256", "b64", "zip"] {
        assert!(apply(vec![Edit::SetHeader(name.to_owned(), "x".into())], &["claim:*"]).is_err(), "{name}");
    }
    assert!(apply(vec![Edit::SetHeader("tenant".to_owned(), "x".into())], &[]).is_ok());
}

#[test]
fn jat_008_groups_roles_and_entitlements_are_arrays() {
    for name in ["groups", "roles", "entitlements"] {
        assert!(apply(vec![claim(name)], &["claim:*"]).is_err());
        let array = Edit::SetClaim(name.to_owned(), Value::Texts(vec!["a".into()]));
        assert_eq!(apply(vec![array], &["claim:*"]).expect("an array")[name][0], "a");
    }
}

#[test]
fn plg_011_response_members_cannot_collide_with_standard_names() {
    for name in ["access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token", "error", "issued_token_type"] {
        let mut members = ResponseMembers::default();
        assert!(members.apply(vec![Edit::SetResponseMember(name.to_owned(), "x".into())]).is_err(), "{name}");
    }
    let mut members = ResponseMembers::default();
    members.apply(vec![Edit::SetResponseMember("partner_id".to_owned(), Value::Integer(7))]).expect("a name of its own");
    assert_eq!(members.members()[0].value, Value::Integer(7));
    assert!(members.apply(vec![claim("org")]).is_err(), "claims are not set here");
}

#[test]
fn introspection_keeps_what_the_token_says() {
    let mut answer = IntrospectionAnswer::of(vec![Member::known("iss", "i".into())]);
    let permissions = [Permission::ClaimPrefix("".into())];
    for name in ["active", "iss", "exp", "sub", "client_id", "scope", "aud", "token_type", "jti"] {
        assert!(answer.apply(vec![claim(name)], &permissions).is_err(), "{name}");
    }
    answer.apply(vec![claim("region")], &permissions).expect("granted");
    let mut out = Vec::new();
    answer.render(&mut out);
    assert_eq!(out, br#"{"active":true,"iss":"i","region":"x"}"#);
}

#[test]
fn nulls_bad_names_and_floods_are_refused() {
    let null = Edit::SetClaim("org".to_owned(), Value::Json("null".into()));
    assert!(apply(vec![null], &["claim:*"]).is_err());
    for name in ["", "a\nb", &"n".repeat(257)] {
        assert!(apply(vec![claim(name)], &["claim:*"]).is_err(), "{name:?}");
    }
    assert_eq!(apply(vec![claim("a"); EDITS_MAX + 1], &["claim:*"]), Err(EditRefused::TooMany("edits")));
}

#[test]
fn provenance_names_the_last_binding_that_touched_a_claim() {
    let mut claims = draft();
    let permissions = [Permission::ClaimPrefix("".into())];
    for binding in [1, 2] {
        claims.apply(vec![claim("org")], Authority { binding, permissions: &permissions, lifetime_ceiling: 300 }).expect("granted");
    }
    assert_eq!(claims.finish().provenance(), [Provenance { what: "org".into(), binding: 2 }]);
}
