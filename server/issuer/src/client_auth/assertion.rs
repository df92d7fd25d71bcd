//! What every client assertion must say (RFC 7521 §4.2, RFC 7523 §3, OpenID Connect Core §9).

use claimsmith_jose::{Digest, Jws, Secret, Unverified, Verified, numeric_date};
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value};

use super::{Policy, ReplayGuard};
use crate::client::AssertionAudience;

/// Seconds by which another's clock may be off.
pub const SKEW: i64 = 30;

/// Seconds from now beyond which an assertion's `exp` is refused.
pub const ASSERTION_LIFETIME_MAX: i64 = 3_600;

/// The longest assertion and the longest `jti` we read, in bytes.
const ASSERTION_LENGTH_MAX: usize = 16 * 1024;
const JTI_LENGTH_MAX: usize = 512;

/// What the claims are held against.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) audience: AssertionAudience,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

/// Reads an assertion and its `typ`: absent, `JWT` or `client-authentication+jwt`. A token of another kind is none.
pub(super) fn parse(assertion: &Secret<String>) -> Result<Jws<Unverified>, Refusal> {
    let malformed = || Refusal::invalid_client(Reason::MalformedAssertion);
    let jws = Jws::parse_within(assertion.expose(), ASSERTION_LENGTH_MAX).map_err(|_| malformed())?;
    let typ = jws.header().typ().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match typ {
        None => Ok(jws),
        Some(typ) if typ.eq_ignore_ascii_case("jwt") || typ.eq_ignore_ascii_case("client-authentication+jwt") => Ok(jws),
        Some(_) => Err(malformed()),
    }
}

/// The algorithms the server allows, or the one among them that the client registered.
pub(super) fn allowed<Alg: Copy + PartialEq>(server: &[Alg], registered: Option<Alg>) -> Vec<Alg> {
    server.iter().copied().filter(|alg| registered.is_none_or(|registered| registered == *alg)).collect()
}

/// Checks the claims; what comes back is the mark that keeps the assertion from counting twice.
pub(super) fn check(jws: &Jws<Verified>, expected: &Expected<'_>) -> Result<ReplayGuard, Refusal> {
    let claims = jws.claims();
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let names_client = text("iss") == Some(expected.client_id) && text("sub") == Some(expected.client_id);
    let expires_at = check_times(claims, expected.now);
    let jti = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= JTI_LENGTH_MAX);
    match (names_client && is_for_us(claims.get("aud"), expected), expires_at, jti) {
        (true, Some(expires_at), Some(jti)) => {
            Ok(ReplayGuard { jti_digest: Digest::of(jti.as_bytes()), expires_at: Timestamp::from_seconds(expires_at + SKEW) })
        }
        _ => Err(Refusal::invalid_client(Reason::WrongAssertionClaims)),
    }
}

/// `exp` is there, not past and not far off; `nbf` and `iat`, where they are, are not in the future. Returns `exp`.
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Option<i64> {
    let now = now.seconds();
    let exp = numeric_date(claims, "exp").ok()??;
    let begun = ["nbf", "iat"].into_iter().all(|name| match numeric_date(claims, name) {
        Ok(begin) => begin.is_none_or(|begin| begin <= now + SKEW),
        Err(_) => false,
    });
    (begun && exp > now - SKEW && exp <= now + ASSERTION_LIFETIME_MAX + SKEW).then_some(exp)
}

/// Strict: the issuer as a single string, as the successor of RFC 7523 wants it. Legacy: the issuer or a URL of the token
/// endpoint, alone or in an array.
fn is_for_us(aud: Option<&Value>, expected: &Expected<'_>) -> bool {
    let policy = expected.policy;
    let legacy = |text: &str| *text == *policy.issuer || policy.token_endpoints.iter().any(|url| **url == *text);
    match (expected.audience, aud) {
        (AssertionAudience::Strict, Some(Value::String(text))) => **text == *policy.issuer,
        (AssertionAudience::Legacy, Some(Value::String(text))) => legacy(text),
        (AssertionAudience::Legacy, Some(Value::Array(several))) => several.iter().filter_map(Value::as_str).any(legacy),
        _ => false,
    }
}
