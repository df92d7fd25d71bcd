//! Finds what a presented token is: one of ours that is not revoked, or nothing.

use claimsmith_issuer::introspect::KnownToken;
use claimsmith_jose::{Digest, HeaderAlg, Jws, SigningAlg};
use serde_json::{Map, Value};

use crate::clock::Now;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::rooms::Rooms;

/// The longest token that is looked at, in bytes.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// The token, when it is an access token of ours that nobody has revoked. Whether it has expired is for others to say.
pub async fn find(rooms: &Rooms, visit: &Visit, text: &str, now: Now) -> Result<Option<KnownToken>, Failure> {
    if text.len() > TOKEN_LENGTH_MAX {
        return Ok(None);
    }
    if text.contains('.') {
        let Some(token) = verify(rooms, visit, text, now).and_then(KnownToken::from_claims) else { return Ok(None) };
        let revoked = rooms.store.is_revoked(Digest::of(token.jti.as_bytes())).await?;
        return Ok((!revoked).then_some(token));
    }
    let Some(found) = rooms.store.opaque_token(Digest::of(text.as_bytes())).await? else { return Ok(None) };
    let claims = serde_json::from_str(&found.token.claims).ok();
    Ok(claims.and_then(KnownToken::from_claims).filter(|_| !found.revoked))
}

/// The claims of a self-contained access token that one of our published keys has signed. The key fixes the algorithm.
fn verify(rooms: &Rooms, visit: &Visit, text: &str, now: Now) -> Option<Map<String, Value>> {
    let jws = Jws::parse_within(text, TOKEN_LENGTH_MAX).ok()?;
    // RFC 9068 §4: a token of another type is no access token, whoever signed it.
    if !jws.header().has_typ("at+jwt") {
        return None;
    }
    let HeaderAlg::Signature(alg) = jws.header().alg() else { return None };
    let alg: SigningAlg = alg;
    let key = visit.policy().keyring.verifying_key(jws.header().kid()?, now.timestamp().seconds())?;
    let claims = jws.verify(key, &[alg]).ok()?.into_claims();
    (claims.get("iss").and_then(Value::as_str) == Some(rooms.urls.as_str())).then_some(claims)
}
