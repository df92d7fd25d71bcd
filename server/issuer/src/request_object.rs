//! Request objects ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)): pure.
//!
//! ```text
//! text ── open ──► text ── parse ──► Jws<Unverified> ── (the client's keys are fetched) ── verify ──► RequestObject
//! ```
//!
//! Only what stands inside counts (RFC 9101 §6.3). Refuses with `invalid_request_object` what is not signed by the client, not meant
//! for this server, not good now, or a token of another kind.

use std::borrow::Cow;

use claimsmith_jose::{DecryptionKey, Digest, HeaderAlg, Jwe, JwkSet, Jws, SigningAlg, Unverified, numeric_date};
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Profile;
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::client_auth::SKEW;

/// The longest request object and the longest `jti` that are read, in bytes.
const OBJECT_LENGTH_MAX: usize = 32 * 1024;
const JTI_LENGTH_MAX: usize = 512;

/// The longest way from `nbf` to now, and from `nbf` to `exp`, in seconds (FAPI 2.0 Message Signing §5.3.1; FAPI-CIBA §5.2.2 for
/// whatever comes to the backchannel).
const WINDOW: i64 = 3_600;

/// Seconds after which an object without `exp` could be forgotten.
const REMEMBERED: i64 = 86_400;

/// What an object is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The client that the request names beside the object.
    pub client: &'a Client,
    /// The issuer's identifier.
    pub issuer: &'a str,
    /// The algorithms of the server.
    pub algs: &'a [SigningAlg],
    /// The time.
    pub now: Timestamp,
    /// Whether it came to the backchannel, where more has to be said (OpenID Connect CIBA §7.1.1).
    pub backchannel: bool,
}

/// A request object that its client signed.
#[derive(Debug)]
pub struct RequestObject {
    /// What it asks for.
    pub parameters: Parameters,
    /// The mark that keeps it from counting twice, where it has a `jti`.
    pub replay: Option<ReplayGuard>,
}

/// The mark of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayGuard {
    /// SHA-256 over the kind of token and its `jti`, so that the `jti` of an assertion is another one.
    pub digest: Digest,
    /// When the object is refused anyway.
    pub expires_at: Timestamp,
}

fn bad(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequestObject, Reason::MalformedRequestObject, description)
}

/// The signed object within an encrypted one (RFC 9101 §6.1); one that is not encrypted is that already.
///
/// Security: whatever is wrong with an encrypted object, it is one refusal, so that nobody learns how far we got.
pub fn open<'a>(text: &'a str, keys: &[DecryptionKey]) -> Result<Cow<'a, str>, Refusal> {
    // A JWS has three parts, a JWE five (RFC 7516 §9).
    if text.split('.').count() != 5 {
        return Ok(Cow::Borrowed(text));
    }
    if keys.is_empty() {
        return Err(bad("request objects are not encrypted here"));
    }
    let opened = |key: &DecryptionKey| Jwe::parse_within(text, OBJECT_LENGTH_MAX).ok()?.decrypt(key).ok();
    let within = keys.iter().find_map(opened).and_then(|jwe| String::from_utf8(jwe.plaintext().expose().clone()).ok());
    within.map(Cow::Owned).ok_or_else(|| bad("the request object cannot be decrypted"))
}

/// Reads an object and its `typ`: absent, `JWT` or `oauth-authz-req+jwt` (RFC 9101 §10.8). A token of another kind is none, and
/// neither is one without a signature.
pub fn parse(text: &str) -> Result<Jws<Unverified>, Refusal> {
    let jws = Jws::parse_within(text, OBJECT_LENGTH_MAX).map_err(|_| bad("the request object is not a signed JWT"))?;
    let typ = jws.header().typ().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match typ {
        None => Ok(jws),
        Some(typ) if typ.eq_ignore_ascii_case("jwt") || typ.eq_ignore_ascii_case("oauth-authz-req+jwt") => Ok(jws),
        Some(_) => Err(bad("the request object is a token of another kind")),
    }
}

/// Checks the signature and the claims.
pub fn verify(jws: Jws<Unverified>, keys: Option<&JwkSet>, expected: &Expected<'_>) -> Result<RequestObject, Refusal> {
    let registration = &expected.client.registration;
    let allowed = registration.algs_of(expected.algs);
    // RFC 9101 §10.1: a client that registered an algorithm is held to it.
    let registered = match expected.backchannel {
        true => &registration.backchannel_authentication_request_signing_alg,
        false => &registration.request_object_signing_alg,
    };
    let agreed = match (registered, jws.header().alg()) {
        (None, _) => true,
        (Some(name), HeaderAlg::Signature(alg)) => SigningAlg::parse(name) == Some(alg),
        (Some(_), _) => false,
    };
    if !agreed {
        return Err(bad("the request object has another algorithm than the registered one"));
    }
    let keys = keys.ok_or_else(|| bad("the keys of the client cannot be had"))?;
    let verified = jws.verify_among(keys, &allowed).map_err(|_| bad("the signature of the request object is not good"))?;
    let claims = verified.claims();
    check_names(claims, expected)?;
    let expires_at = check_times(claims, expected)?;
    let replay = match claims.get("jti").map(Value::as_str) {
        None => None,
        Some(Some(jti)) if !jti.is_empty() && jti.len() <= JTI_LENGTH_MAX => {
            let digest = Digest::of([b"request object\0", jti.as_bytes()].concat().as_slice());
            Some(ReplayGuard { digest, expires_at: Timestamp::from_seconds(expires_at + SKEW) })
        }
        Some(_) => return Err(bad("jti must be a text of at most 512 bytes")),
    };
    if expected.backchannel && (replay.is_none() || ["exp", "iat", "nbf"].iter().any(|name| !claims.contains_key(*name))) {
        return Err(bad("the signed request needs exp, iat, nbf and jti"));
    }
    let parameters = Parameters::of_object(claims).map_err(|_| bad("a member of the request object has the wrong type"))?;
    if ["request", "request_uri"].into_iter().any(|name| claims.contains_key(name)) {
        return Err(bad("a request object must not hold another one"));
    }
    Ok(RequestObject { parameters, replay })
}

/// Whose it is, and for whom (RFC 9101 §4, §5 and §10.8).
fn check_names(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let id = expected.client.id.as_str();
    // OpenID Connect CIBA §7.1.1: there the issuer says whose it is.
    if expected.backchannel && text("iss") != Some(id) {
        return Err(bad("iss in the signed request is not the client"));
    }
    if text("client_id") != Some(id) && (!expected.backchannel || claims.contains_key("client_id")) {
        return Err(bad("client_id in the request object is not the one beside it"));
    }
    if claims.contains_key("iss") && text("iss") != Some(id) {
        return Err(bad("iss in the request object is not the client"));
    }
    // Security: a client assertion is about the client; then it is not a request.
    if text("sub") == Some(id) {
        return Err(bad("a request object is not about its client"));
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::String(aud)) => *aud == *expected.issuer,
        Some(Value::Array(several)) => several.iter().any(|aud| aud.as_str() == Some(expected.issuer)),
        _ => false,
    };
    if !is_for_us {
        return Err(bad("aud in the request object does not name this server"));
    }
    Ok(())
}

/// `exp` is not past, `nbf` and `iat` are not in the future; under FAPI 2.0 Message Signing §5.3.1 both ends are there and near.
/// Returns when the object is over.
fn check_times(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<i64, Refusal> {
    let now = expected.now.seconds();
    let time = |name| numeric_date(claims, name).map_err(|_| bad("a time in the request object is no number"));
    let (exp, nbf, iat) = (time("exp")?, time("nbf")?, time("iat")?);
    if exp.is_some_and(|exp| exp <= now - SKEW) {
        return Err(bad("the request object is over"));
    }
    if [nbf, iat].into_iter().flatten().any(|begin| begin > now + SKEW) {
        return Err(bad("the request object is not good yet"));
    }
    if expected.backchannel || expected.client.registration.profile == Some(Profile::Fapi2MessageSigning) {
        let (Some(exp), Some(nbf)) = (exp, nbf) else { return Err(bad("the request object needs exp and nbf")) };
        if nbf < now - WINDOW - SKEW || exp > nbf.saturating_add(WINDOW) {
            return Err(bad("exp of the request object is more than 60 minutes after nbf, or nbf more than 60 minutes ago"));
        }
    }
    Ok(exp.unwrap_or(now + REMEMBERED))
}

#[cfg(test)]
mod tests;
