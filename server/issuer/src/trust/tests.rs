//! Who is believed, and for what.

use std::sync::LazyLock;

use claimsmith_jose::{JwkSet, SigningKey, base64url};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const US: [&str; 2] = ["https://us.example", "https://us.example/oauth2/token"];
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(SigningAlg::Es256, 2048).expect("a key"));

fn jwks() -> Value {
    serde_json::from_slice(&JwkSet::render_public([KEY.verifying_key().as_ref()])).expect("JSON")
}

fn trusted() -> TrustedIssuer {
    TrustedIssuer {
        issuer: "https://them.example".into(),
        jwks: Some(jwks()),
        algorithms: vec!["ES256".into()],
        purposes: Purpose::ALL.to_vec(),
        ..TrustedIssuer::default()
    }
}

fn good() -> Value {
    json!({ "iss": "https://them.example", "sub": "alice", "aud": US[0], "exp": NOW + 60, "iat": NOW, "jti": "1" })
}

fn verified(typ: &str, claims: &Value) -> Jws<Verified> {
    let header = json!({ "alg": "ES256", "typ": typ });
    let input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = KEY.sign(input.as_bytes()).expect("a signature");
    let set = JwkSet::parse(jwks().to_string().as_bytes()).expect("a set");
    let jws = Jws::parse(&format!("{input}.{}", base64url::encode(&signature))).expect("compact");
    jws.verify_among(&set, &[SigningAlg::Es256]).expect("signed")
}

fn judged(trusted: &TrustedIssuer, purpose: Purpose, typ: &str, claims: &Value) -> Result<Assured, TrustRefusal> {
    judge(trusted, verified(typ, claims), &Expected { purpose, ourselves: &US, now: Timestamp::from_seconds(NOW) })
}

fn bearer(change: impl FnOnce(&mut Value)) -> Result<Assured, TrustRefusal> {
    let mut claims = good();
    change(&mut claims);
    judged(&trusted(), Purpose::JwtBearer, "JWT", &claims)
}

fn without(name: &'static str) -> impl FnOnce(&mut Value) {
    move |claims| _ = claims.as_object_mut().expect("an object").remove(name)
}

#[test]
fn nothing_is_believed_that_is_not_in_the_list() {
    assert_eq!(&*bearer(|_| {}).expect("good").subject, "alice");
    let disabled = TrustedIssuer { disabled: true, ..trusted() };
    assert_eq!(judged(&disabled, Purpose::JwtBearer, "JWT", &good()), Err(TrustRefusal::Issuer));
    for purpose in Purpose::ALL {
        let for_nothing_else = TrustedIssuer { purposes: vec![purpose], ..trusted() };
        for other in Purpose::ALL.into_iter().filter(|other| *other != purpose) {
            let typ = if other == Purpose::IdJag { "oauth-id-jag+jwt" } else { "JWT" };
            assert_eq!(judged(&for_nothing_else, other, typ, &good()), Err(TrustRefusal::Issuer), "{purpose:?} {other:?}");
        }
    }
    assert_eq!(bearer(|claims| claims["iss"] = json!("https://them.example/")), Err(TrustRefusal::Issuer));
    assert!(!trusted().admits("anybody"), "a client that is not named brings nothing");
}

#[test]
fn jwb_003_the_audience_is_this_server() {
    for good in [json!(US[0]), json!(US[1]), json!([US[0]]), json!(["https://other.example", US[1]])] {
        assert!(bearer(|claims| claims["aud"] = good.clone()).is_ok(), "{good}");
    }
    for bad in [json!("https://us.example/"), json!("https://other.example"), json!([]), json!([1]), json!({ "a": US[0] }), json!(null)] {
        assert_eq!(bearer(|claims| claims["aud"] = bad.clone()), Err(TrustRefusal::Audience), "{bad}");
    }
    assert_eq!(bearer(without("aud")), Err(TrustRefusal::Audience));
    let other_name = TrustedIssuer { audiences: vec!["urn:us".into()], ..trusted() };
    let mut claims = good();
    claims["aud"] = json!("urn:us");
    assert!(judged(&other_name, Purpose::JwtBearer, "JWT", &claims).is_ok());
}

#[test]
fn jwb_004_times_are_a_must() {
    assert!(bearer(|claims| claims["exp"] = json!(NOW - 10)).is_ok(), "within the skew");
    assert!(bearer(without("iat")).is_ok());
    for (name, value, refusal) in [
        ("exp", json!(NOW - 31), TrustRefusal::Times),
        ("exp", json!("soon"), TrustRefusal::Times),
        ("exp", json!(NOW + 4_000), TrustRefusal::TooLong),
        ("nbf", json!(NOW + 60), TrustRefusal::Times),
        ("iat", json!(NOW + 60), TrustRefusal::Times),
        ("iat", json!(NOW - 4_000), TrustRefusal::TooLong),
    ] {
        assert_eq!(bearer(|claims| claims[name] = value.clone()), Err(refusal), "{name} {value}");
    }
    assert_eq!(bearer(without("exp")), Err(TrustRefusal::Times));
}

#[test]
fn jwb_005_an_assertion_says_which_one_it_is_unless_it_may_be_used_again() {
    assert_eq!(bearer(without("jti")), Err(TrustRefusal::Identifier));
    let reusable = TrustedIssuer { reusable: true, ..trusted() };
    let mut claims = good();
    without("jti")(&mut claims);
    assert!(judged(&reusable, Purpose::JwtBearer, "JWT", &claims).is_ok());
    assert_eq!(bearer(without("sub")), Err(TrustRefusal::Subject));
}

#[test]
fn jwb_009_and_idj_005_a_token_of_another_kind_is_none() {
    for typ in ["client-authentication+jwt", "at+jwt", "oauth-id-jag+jwt", "dpop+jwt", "logout+jwt"] {
        assert_eq!(judged(&trusted(), Purpose::JwtBearer, typ, &good()), Err(TrustRefusal::Type), "{typ}");
    }
    for typ in ["JWT", "at+jwt"] {
        assert_eq!(judged(&trusted(), Purpose::IdJag, typ, &good()), Err(TrustRefusal::Type), "{typ}");
    }
    assert!(judged(&trusted(), Purpose::IdJag, "oauth-id-jag+jwt", &good()).is_ok());
    let mut claims = good();
    claims["aud"] = json!([US[0], "https://other.example"]);
    assert_eq!(judged(&trusted(), Purpose::IdJag, "oauth-id-jag+jwt", &claims), Err(TrustRefusal::Audience));
}

#[test]
fn a_software_statement_needs_neither_audience_nor_end() {
    let mut claims = good();
    for name in ["aud", "exp", "sub"] {
        without(name)(&mut claims);
    }
    assert!(judged(&trusted(), Purpose::SoftwareStatement, "JWT", &claims).is_ok());
    claims["exp"] = json!(NOW - 60);
    assert_eq!(judged(&trusted(), Purpose::SoftwareStatement, "JWT", &claims), Err(TrustRefusal::Times));
}

#[test]
fn what_is_wrong_with_a_registration_is_named() {
    type Spoil = fn(&mut TrustedIssuer);
    let table: [(&str, Spoil); 9] = [
        ("issuer", |held| held.issuer = "".into()),
        ("jwks", |held| held.jwks = None),
        ("jwks", |held| held.jwks_uri = Some("https://them.example/jwks".into())),
        ("jwks_uri", |held| (held.jwks, held.jwks_uri) = (None, Some("http://them.example/jwks".into()))),
        ("algorithms", |held| held.algorithms.clear()),
        ("algorithms.0", |held| held.algorithms = vec!["HS256".into()]),
        ("algorithms.0", |held| held.algorithms = vec!["none".into()]),
        ("purposes", |held| held.purposes.clear()),
        ("username_claim", |held| held.subjects = Subjects::Username),
    ];
    assert_eq!(trusted().check(), []);
    for (field, change) in table {
        let mut held = trusted();
        change(&mut held);
        let fields: Vec<String> = held.check().into_iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, [field], "{held:?}");
    }
}

#[test]
fn a_registration_survives_the_way_there_and_back() {
    let held = TrustedIssuer { subjects: Subjects::Username, username_claim: Some("email".into()), ..trusted() };
    assert_eq!(TrustedIssuer::from_text(&held.to_text()), Some(held));
    let unknown = serde_json::from_str::<TrustedIssuer>(r#"{"issuers":[]}"#).expect_err("unknown").to_string();
    for name in TrustedIssuer::MEMBERS {
        assert!(unknown.contains(&format!("`{name}`")), "{name}");
    }
}
