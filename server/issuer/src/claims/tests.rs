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
        confirmation: None,
        allowed: None,
    };
    Claims::draft(&entitlement, "token-1".into(), Timestamp::from_seconds(1_000))
}

const NONE: Authority<'_> = Authority { binding: 7, permissions: &[], lifetime_ceiling: 3_600 };

fn granted(permissions: &[Permission]) -> Authority<'_> {
    Authority { permissions, ..NONE }
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
fn jat_002_no_permission_takes_the_subject_away() {
    let subject = |value: Value| apply(vec![Edit::SetClaim("sub".to_owned(), value)], &["sub"]);
    assert_eq!(subject("other".into()).expect("granted")["sub"], "other");
    for value in ["".into(), Value::Integer(7), Value::Json("{}".into()), Value::Texts(vec!["a".into()])] {
        assert!(matches!(subject(value), Err(EditRefused::Malformed(_))));
    }
    assert!(matches!(apply(vec![Edit::RemoveClaim("sub".to_owned())], &["sub"]), Err(EditRefused::Malformed(_))));
    assert!(apply(vec![Edit::RemoveClaim("acr".to_owned())], &["acr"]).is_ok(), "the others may be absent");
}

#[test]
fn an_audience_has_each_member_once() {
    let uris = ["urn:other:api", "https://api.example", "urn:other:api"].map(str::to_owned).to_vec();
    let payload = apply(vec![Edit::SetAudience(uris)], &["audience:urn:other:api"]).expect("granted");
    assert_eq!(payload["aud"], serde_json::json!(["urn:other:api", "https://api.example"]));
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
        assert!(members.apply(vec![Edit::SetResponseMember(name.to_owned(), "x".into())], NONE).is_err(), "{name}");
    }
    let mut members = ResponseMembers::default();
    members.apply(vec![Edit::SetResponseMember("partner_id".to_owned(), Value::Integer(7))], NONE).expect("a name of its own");
    assert_eq!(members.members()[0].value, Value::Integer(7));
    assert!(members.apply(vec![claim("org")], NONE).is_err(), "claims are not set here");
}

#[test]
fn introspection_keeps_what_the_token_says() {
    let mut answer = IntrospectionAnswer::of(vec![Member::known("iss", "i".into())], "rs");
    let permissions = [Permission::ClaimPrefix("".into())];
    for name in ["active", "iss", "exp", "sub", "client_id", "scope", "aud", "token_type", "jti"] {
        assert!(answer.apply(vec![claim(name)], granted(&permissions)).is_err(), "{name}");
    }
    answer.apply(vec![claim("region")], granted(&permissions)).expect("granted");
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

#[test]
fn jat_003_scope_is_what_was_granted_and_absent_when_nothing_was() {
    assert_eq!(apply(vec![], &[]).expect("nothing to refuse")["scope"], "read write");
    let repeated = vec![Edit::SetScopes(["write", "write", "read"].map(str::to_owned).to_vec())];
    assert_eq!(apply(repeated, &[]).expect("narrowed")["scope"], "write read", "each once");
    assert_eq!(apply(vec![Edit::SetScopes(vec![])], &[]).expect("narrowed").get("scope"), None);
}

#[test]
fn jat_012_a_token_says_no_more_than_it_must() {
    let payload = apply(vec![], &[]).expect("nothing to refuse");
    let mut names: Vec<&str> = payload.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"]);
}

#[test]
fn plg_001_with_every_permission_a_plugin_still_narrows_shortens_and_adds_and_nothing_else() {
    let everything = ["claim:*", "sub", "acr", "amr", "auth_time", "scope:admin", "audience:urn:other:api", "lifetime:4294967295"];
    let edits = vec![
        Edit::SetScopes(vec!["read".to_owned()]),
        Edit::SetLifetime(60),
        Edit::OmitRefreshToken,
        Edit::SetClaim("tier".to_owned(), "gold".into()),
    ];
    let payload = apply(edits, &everything).expect("granted");
    assert_eq!((&payload["scope"], &payload["exp"], &payload["tier"]), (&"read".into(), &1_060.into(), &"gold".into()));
    assert_eq!(
        (&payload["iss"], &payload["client_id"], &payload["jti"]),
        (&"https://issuer.example".into(), &"demo".into(), &"token-1".into())
    );
    // What binds the token and names its parties stays.
    for name in ["iss", "client_id", "exp", "iat", "jti", "cnf"] {
        assert!(apply(vec![claim(name)], &everything).is_err(), "{name}");
        assert!(apply(vec![Edit::RemoveClaim(name.to_owned())], &everything).is_err(), "{name}");
    }
    assert_eq!(apply(vec![Edit::SetLifetime(u32::MAX)], &everything).expect("clamped")["exp"], 4_600);
}

#[test]
fn plg_012_answers_have_no_headers_that_a_plugin_could_change() {
    let header = || vec![Edit::SetHeader("cache-control".to_owned(), "public".into())];
    assert_eq!(ResponseMembers::default().apply(header(), NONE), Err(EditRefused::Misplaced("set-header")));
    assert_eq!(IntrospectionAnswer::of(vec![], "rs").apply(header(), NONE), Err(EditRefused::Misplaced("set-header")));
}

#[test]
fn edits_that_mean_nothing_at_a_hook_point_are_named() {
    let others = || {
        [
            (Edit::SetScopes(vec![]), "set-scopes"),
            (Edit::SetAudience(vec![]), "set-audience"),
            (Edit::SetLifetime(1), "set-lifetime"),
            (Edit::OmitRefreshToken, "omit-refresh-token"),
        ]
    };
    let response = [(claim("org"), "set-claim"), (Edit::RemoveClaim("org".to_owned()), "remove-claim")];
    for (edit, name) in others().into_iter().chain(response) {
        assert_eq!(ResponseMembers::default().apply(vec![edit], NONE), Err(EditRefused::Misplaced(name)));
    }
    let member = Edit::SetResponseMember("partner_id".to_owned(), "x".into());
    for (edit, name) in others().into_iter().chain([(member.clone(), "set-response-member")]) {
        assert_eq!(IntrospectionAnswer::of(vec![], "rs").apply(vec![edit], NONE), Err(EditRefused::Misplaced(name)));
    }
    assert_eq!(apply(vec![member], &["claim:*"]), Err(EditRefused::Misplaced("set-response-member")));
}

#[test]
fn bounds_are_exact() {
    assert!(apply(vec![claim("a"); EDITS_MAX], &["claim:*"]).is_ok());
    assert!(apply(vec![claim(&"n".repeat(NAME_LENGTH_MAX))], &["claim:*"]).is_ok());
    let member = Edit::SetResponseMember("a".to_owned(), "x".into());
    assert_eq!(ResponseMembers::default().apply(vec![member.clone(); EDITS_MAX + 1], NONE), Err(EditRefused::TooMany("edits")));
    assert!(ResponseMembers::default().apply(vec![member; EDITS_MAX], NONE).is_ok());
    let everything = [Permission::ClaimPrefix("".into())];
    let answer = || IntrospectionAnswer::of(vec![], "rs");
    assert_eq!(answer().apply(vec![claim("a"); EDITS_MAX + 1], granted(&everything)), Err(EditRefused::TooMany("edits")));
    assert!(answer().apply(vec![claim("a"); EDITS_MAX], granted(&everything)).is_ok());
    // Three of the server's own are there from the beginning.
    let mut claims = draft();
    let authority = Authority { binding: 1, permissions: &everything, lifetime_ceiling: 300 };
    let numbered = |from: usize, to: usize| (from..to).map(|number| claim(&format!("c{number}"))).collect::<Vec<_>>();
    claims.apply(numbered(0, 128), authority).expect("half");
    claims.apply(numbered(128, CLAIMS_MAX - 3), authority).expect("full");
    assert_eq!(claims.apply(numbered(CLAIMS_MAX, CLAIMS_MAX + 1), authority), Err(EditRefused::TooMany("claims")));
}

#[test]
fn introspection_loses_what_a_plugin_removes_and_keeps_what_it_may_not() {
    let mut answer = IntrospectionAnswer::of(vec![Member::known("org", "a".into()), Member::known("tier", "b".into())], "rs");
    let permissions = [Permission::Claim("org".into())];
    answer.apply(vec![Edit::RemoveClaim("org".to_owned())], granted(&permissions)).expect("granted");
    assert!(answer.apply(vec![Edit::RemoveClaim("tier".to_owned())], granted(&permissions)).is_err());
    assert!(answer.apply(vec![Edit::SetClaim("org".to_owned(), Value::Json("null".into()))], granted(&permissions)).is_err());
    let view = answer.view();
    assert_eq!((view.members, view.text), (&[Member::known("tier", "b".into())][..], "rs"));
}

#[test]
fn a_plugin_sees_the_draft_as_it_is() {
    let claims = draft();
    let view = claims.view();
    assert_eq!((view.members.len(), view.scopes, view.words, view.lifetime), (3, claims.scopes(), claims.audience(), 300));
    let mut response = ResponseMembers::default();
    response.apply(vec![Edit::SetResponseMember("partner_id".to_owned(), "x".into())], NONE).expect("a name of its own");
    assert_eq!((response.view().members, response.members().len()), (response.members(), 1));
}

#[test]
fn shaped_claims_tell_what_goes_beside_them() {
    let mut claims = draft();
    let authority = Authority { binding: 7, permissions: &[], lifetime_ceiling: 300 };
    let edits = vec![
        Edit::SetHeader("tenant".to_owned(), "a".into()),
        Edit::SetScopes(vec!["read".to_owned()]),
        Edit::SetAudience(vec!["https://api.example".to_owned()]),
        Edit::SetLifetime(60),
    ];
    claims.apply(edits, authority).expect("narrowed");
    let shaped = claims.finish();
    assert_eq!(shaped.header(), [Member::known("tenant", "a".into())]);
    let touched: Vec<&str> = shaped.provenance().iter().map(|entry| entry.what.as_ref()).collect();
    assert_eq!(touched, ["header:tenant", "scope", "aud", "exp"]);
    let (begin, end) = (shaped.issued_at().seconds(), shaped.expires_at().seconds());
    assert_eq!(
        (shaped.scopes().len(), shaped.audience().len(), shaped.lifetime(), shaped.jti(), begin, end),
        (1, 1, 60, "token-1", 1_000, 1_060)
    );
}

#[test]
fn plg_002_a_permission_opens_its_own_claim_and_no_other() {
    for (permission, name) in
        [("acr", "sub"), ("sub", "acr"), ("amr", "auth_time"), ("sub", "org"), ("claim:sub", "sub"), ("claim:org", "organisation")]
    {
        assert!(matches!(apply(vec![claim(name)], &[permission]), Err(EditRefused::NotPermitted(_))), "{permission} {name}");
    }
}

#[test]
fn a_removed_claim_is_gone_and_the_others_stay() {
    let edits = vec![claim("org"), claim("tier"), Edit::RemoveClaim("org".to_owned())];
    let payload = apply(edits, &["claim:*"]).expect("granted");
    assert_eq!((payload.get("org"), &payload["tier"], &payload["sub"]), (None, &"x".into(), &"demo".into()));
}
