//! What a request proves to hold beside its credentials: the key of a DPoP proof, a certificate.
//!
//! What is decided is decided in `issuer::dpop` and `issuer::confirmation`; here is the waiting. A request with neither pays for
//! a look into its headers and nothing else.

use claimsmith_issuer::confirmation::{Confirmation, Offered, decide};
use claimsmith_issuer::dpop::{self, Expected, Proof, Space};
use claimsmith_jose::Digest;
use claimsmith_store::{Claim, Outcome, ReplayGuard};
use http::{HeaderName, HeaderValue};

use crate::desk::Caller;
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;

/// The header of proofs (RFC 9449 §4.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The header of nonces (RFC 9449 §8.1).
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The request's proof, held against the request; nothing where there is none. Whether it was used before is not known yet.
/// `token` is the access token that came with it, at a resource.
///
/// It comes before client authentication, so that who is told to use a nonce has spent nothing: no code, no refresh token, no
/// assertion (RFC 9449 §8).
pub fn proof(rooms: &Rooms, arrival: &Arrival, space: Space, token: Option<&str>) -> Result<Option<Proof>, Failure> {
    let Some(text) = dpop::one(arrival.headers.get_all(DPOP).iter().map(|value| value.as_bytes()))? else { return Ok(None) };
    let now = rooms.clock.now().timestamp();
    let expected = Expected { method: arrival.method.as_str(), path: arrival.path(), token, space, now };
    Ok(Some(dpop::verify(text, &rooms.settings.dpop, &rooms.dpop_nonces, &expected)?))
}

/// Lets a proof count, once for all nodes (RFC 9449 §11.1).
pub async fn settle(rooms: &Rooms, proof: &Proof) -> Result<(), Failure> {
    let guard = ReplayGuard::of_key(proof.jkt(), proof.guard().digest, proof.guard().expires_at);
    match rooms.store.settle(vec![Claim::Guard(guard)]).await?.as_slice() {
        [Outcome::Settled] => Ok(()),
        _ => Err(dpop::replayed().into()),
    }
}

/// SHA-256 of the certificate that the caller proved to hold.
pub fn certificate_digest(arrival: &Arrival) -> Option<Digest> {
    arrival.peer.client_certificate.as_deref().map(Digest::of)
}

/// What the tokens of this request are bound to; the proof counts from here on.
pub async fn confirmation(
    rooms: &Rooms,
    caller: &Caller,
    arrival: &Arrival,
    proof: Option<&Proof>,
) -> Result<Option<Confirmation>, Failure> {
    let registration = &caller.client.client().registration;
    // A digest is made only for those who want it.
    let certificate = registration.tls_client_certificate_bound_access_tokens.then(|| certificate_digest(arrival)).flatten();
    let confirmation = decide(registration, Offered { proof, certificate })?;
    if let Some(proof) = proof {
        settle(rooms, proof).await?;
    }
    Ok(confirmation)
}

/// The answer with a nonce for the next proof.
pub fn with_nonce(rooms: &Rooms, space: Space, answer: Answer) -> Answer {
    let nonce = rooms.dpop_nonces.latest(space, rooms.clock.now().timestamp());
    // Invariant: a nonce is base64url.
    answer.with(DPOP_NONCE, HeaderValue::from_str(&nonce).expect("a nonce is ASCII"))
}

/// The answer, with a new nonce where the one in the proof will soon be old (RFC 9449 §8.2).
pub fn renew_nonce(rooms: &Rooms, space: Space, proof: Option<&Proof>, answer: Answer) -> Answer {
    match proof {
        Some(proof) if proof.has_nonce() && !proof.has_latest_nonce() => with_nonce(rooms, space, answer),
        _ => answer,
    }
}
