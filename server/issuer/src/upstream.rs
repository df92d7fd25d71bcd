//! What another OpenID Provider says about a person, and whether it is to be believed (OpenID Connect Core §3.1.3.7).
//!
//! The signature has been verified before; here are the claims, and what is taken over from them.

use claimsmith_jose::{Jws, Verified, numeric_date};
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value};

use crate::person::check_claims;

/// How far the provider's clock may be off, seconds.
const SKEW: i64 = 60;
/// How old a fresh ID token may be, seconds.
const AGE_MAX: i64 = 600;
/// The longest `sub` (OpenID Connect Core §2).
const SUBJECT_MAX: usize = 255;
/// What is taken over about somebody who is new here.
const TAKEN_OVER: [&str; 6] = ["name", "given_name", "family_name", "preferred_username", "email", "email_verified"];

/// What an ID token of the provider has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider's issuer identifier.
    pub issuer: &'a str,
    /// Our client id there.
    pub client_id: &'a str,
    /// What we sent with the request.
    pub nonce: &'a str,
    /// The person was to sign in anew: not before then, seconds.
    pub not_before: Option<i64>,
    /// The time.
    pub now: Timestamp,
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamRefusal {
    /// `iss`.
    #[error("iss is not the provider")]
    Issuer,
    /// `aud`.
    #[error("aud does not name this server's client")]
    Audience,
    /// `azp`, or several audiences without it.
    #[error("azp does not name this server's client")]
    AuthorizedParty,
    /// `exp`.
    #[error("exp is missing or past")]
    Expired,
    /// `iat`.
    #[error("iat is missing, long ago or in the future")]
    IssuedAt,
    /// `nonce`.
    #[error("nonce is not that of the request")]
    Nonce,
    /// `sub`.
    #[error("sub is missing or too long")]
    Subject,
    /// `auth_time`.
    #[error("auth_time says that the person did not sign in anew")]
    NotAnew,
}

/// Whom the provider vouches for.
#[derive(Debug, Clone, PartialEq)]
pub struct Vouched {
    /// Who that is at the provider: theirs for ever, unlike names and addresses.
    pub subject: Box<str>,
    /// Everything that was said.
    pub claims: Map<String, Value>,
}

/// Reads the claims of an ID token whose signature is the provider's.
pub fn vouched(token: Jws<Verified>, expected: &Expected<'_>) -> Result<Vouched, UpstreamRefusal> {
    let claims = token.into_claims();
    check(&claims, expected)?;
    let subject = subject_of(&claims).ok_or(UpstreamRefusal::Subject)?;
    Ok(Vouched { subject: subject.into(), claims })
}

/// The `sub` of an ID token or of UserInfo.
pub fn subject_of(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty() && subject.len() <= SUBJECT_MAX)
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), UpstreamRefusal> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let ensure = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
    let now = expected.now.seconds();
    ensure(text("iss") == Some(expected.issuer), UpstreamRefusal::Issuer)?;
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == expected.client_id => false,
        Some(Value::Array(all)) if all.iter().any(|one| one.as_str() == Some(expected.client_id)) => all.len() > 1,
        _ => return Err(UpstreamRefusal::Audience),
    };
    match claims.get("azp") {
        None => ensure(!several, UpstreamRefusal::AuthorizedParty)?,
        Some(party) => ensure(party.as_str() == Some(expected.client_id), UpstreamRefusal::AuthorizedParty)?,
    }
    let date = |name| numeric_date(claims, name).ok().flatten();
    ensure(date("exp").is_some_and(|at| now < at.saturating_add(SKEW)), UpstreamRefusal::Expired)?;
    ensure(date("iat").is_some_and(|at| at <= now + SKEW && now - at <= AGE_MAX), UpstreamRefusal::IssuedAt)?;
    ensure(text("nonce") == Some(expected.nonce), UpstreamRefusal::Nonce)?;
    if let (Some(earliest), Some(at)) = (expected.not_before, date("auth_time")) {
        ensure(at >= earliest - SKEW, UpstreamRefusal::NotAnew)?;
    }
    Ok(())
}

/// What is taken over about somebody who is new here: what it says is the provider's word, so an address is verified only where the
/// provider says so, and what is malformed is left out.
pub fn taken_over(said: &Map<String, Value>) -> Map<String, Value> {
    let mut taken: Map<String, Value> = TAKEN_OVER.iter().filter_map(|name| Some(((*name).to_owned(), said.get(*name)?.clone()))).collect();
    for refusal in check_claims(&taken) {
        taken.remove(&refusal.claim);
    }
    if !taken.contains_key("email") {
        taken.remove("email_verified");
    }
    taken
}

/// Usernames for somebody who is new here, the best first. An address is one only where the provider has verified it.
pub fn usernames(taken: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let text = |name: &str| taken.get(name).and_then(Value::as_str);
    let verified = taken.get("email_verified") == Some(&Value::Bool(true));
    text("preferred_username").into_iter().chain(text("email").filter(|_| verified))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn expected() -> Expected<'static> {
        let now = Timestamp::from_seconds(NOW);
        Expected { issuer: "https://up.example", client_id: "us", nonce: "n", not_before: Some(NOW - 30), now }
    }

    fn good() -> Value {
        json!({ "iss": "https://up.example", "aud": "us", "sub": "a", "exp": NOW + 300, "iat": NOW, "nonce": "n", "auth_time": NOW })
    }

    fn with(changes: &Value) -> Result<(), UpstreamRefusal> {
        let mut claims = good();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut claims = claims.as_object().unwrap().clone();
        claims.retain(|_, value| !value.is_null());
        check(&claims, &expected()).and_then(|()| subject_of(&claims).map(drop).ok_or(UpstreamRefusal::Subject))
    }

    #[test]
    fn an_id_token_of_the_provider_is_believed_when_every_claim_is_right() {
        for fine in [
            json!({}),
            json!({ "aud": ["us"] }),
            json!({ "aud": ["us", "other"], "azp": "us" }),
            json!({ "exp": NOW - SKEW + 1 }),
            json!({ "auth_time": null }),
        ] {
            assert_eq!(with(&fine), Ok(()), "{fine}");
        }
        use UpstreamRefusal::*;
        for (bad, refusal) in [
            (json!({ "iss": "https://up.example/" }), Issuer),
            (json!({ "iss": null }), Issuer),
            (json!({ "aud": "other" }), Audience),
            (json!({ "aud": ["other"] }), Audience),
            (json!({ "aud": null }), Audience),
            (json!({ "aud": ["us", "other"] }), AuthorizedParty),
            (json!({ "azp": "other" }), AuthorizedParty),
            (json!({ "exp": NOW - SKEW }), Expired),
            (json!({ "exp": null }), Expired),
            (json!({ "exp": "soon" }), Expired),
            (json!({ "iat": NOW + SKEW + 1 }), IssuedAt),
            (json!({ "iat": NOW - AGE_MAX - 1 }), IssuedAt),
            (json!({ "iat": null }), IssuedAt),
            (json!({ "nonce": "other" }), Nonce),
            (json!({ "nonce": null }), Nonce),
            (json!({ "auth_time": NOW - 600 }), NotAnew),
            (json!({ "sub": null }), Subject),
            (json!({ "sub": "" }), Subject),
            (json!({ "sub": "x".repeat(256) }), Subject),
        ] {
            assert_eq!(with(&bad), Err(refusal), "{bad}");
        }
    }

    #[test]
    fn only_what_is_well_formed_is_taken_over_and_only_verified_addresses_make_names() {
        let said = json!({ "sub": "a", "name": "Ann", "preferred_username": "ann", "email": "ann@example.org", "email_verified": true,
            "picture": "https://x.example/p", "family_name": 7, "groups": ["admin"] });
        let taken = taken_over(said.as_object().unwrap());
        assert_eq!(
            Value::Object(taken.clone()),
            json!({ "name": "Ann", "preferred_username": "ann", "email": "ann@example.org", "email_verified": true })
        );
        assert_eq!(usernames(&taken).collect::<Vec<_>>(), ["ann", "ann@example.org"]);
        let unverified = json!({ "email": "ann@example.org" });
        assert_eq!(usernames(unverified.as_object().unwrap()).count(), 0);
        let no_address = json!({ "email": "no address", "email_verified": true });
        assert!(taken_over(no_address.as_object().unwrap()).is_empty());
    }
}
