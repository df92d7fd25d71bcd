//! Proofs of possession ([RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)): pure.
//!
//! ```text
//! headers ── one ──► &str ── verify ──► Proof ── (nonce, replay: settled by the caller) ──► Confirmation
//! ```
//!
//! Refuses with `invalid_dpop_proof` what is no proof for this request, and with `use_dpop_nonce` what lacks a nonce of ours where
//! one is wanted, or has an old one.

mod nonce;

use claimsmith_jose::{Digest, HeaderAlg, Jws, SigningAlg, Verified, numeric_date};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::target::normalise;
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value as Json};

pub use nonce::{Nonces, Space};

/// The longest proof and the longest `jti` that are read, in bytes.
const PROOF_LENGTH_MAX: usize = 8 * 1024;
const JTI_LENGTH_MAX: usize = 512;

/// Seconds by which a proof may be younger than our clock says it can be.
const SKEW: i64 = 30;

/// What a server wants of proofs.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The algorithms of proofs.
    pub algs: Vec<SigningAlg>,
    /// How old a proof without a nonce may be, in seconds.
    pub lifetime: i64,
    /// Whether every proof carries a nonce of ours.
    pub requires_nonce: bool,
    /// Scheme, host and port under which the endpoints are reached: the issuer's, and that of the listener that asks for
    /// certificates.
    pub origins: Vec<Box<str>>,
}

/// What a proof is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The path of the request, as sent.
    pub path: &'a str,
    /// The access token that came with it; at the token endpoint there is none.
    pub token: Option<&'a str>,
    /// Whose nonces count.
    pub space: Space,
    /// The time.
    pub now: Timestamp,
}

/// A proof that was verified for one request. Whether it was used before is for the ledger to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    jkt: Digest,
    alg: SigningAlg,
    is_for_token: bool,
    has_nonce: bool,
    has_latest_nonce: bool,
    guard: ReplayGuard,
}

/// The mark that a proof leaves, so that it counts once per key and target (RFC 9449 §11.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayGuard {
    /// SHA-256 of target and `jti`; unique per key.
    pub digest: Digest,
    /// When the proof is refused anyway.
    pub expires_at: Timestamp,
}

impl Proof {
    /// The JWK thumbprint of its key (RFC 7638).
    pub const fn jkt(&self) -> &Digest {
        &self.jkt
    }

    /// The algorithm of its signature.
    pub const fn alg(&self) -> SigningAlg {
        self.alg
    }

    /// Whether it was made for the access token that came with it, and for no other.
    pub const fn is_for_token(&self) -> bool {
        self.is_for_token
    }

    /// Whether it carries a good nonce.
    pub const fn has_nonce(&self) -> bool {
        self.has_nonce
    }

    /// Whether its nonce is the latest, so that the client needs no other yet (RFC 9449 §8.2).
    pub const fn has_latest_nonce(&self) -> bool {
        self.has_latest_nonce
    }

    /// The mark that must be settled before the proof counts.
    pub const fn guard(&self) -> &ReplayGuard {
        &self.guard
    }
}

/// The proof among the values of the request's `DPoP` headers; nothing where there is none. More than one is refused (§4.3).
pub fn one<'h>(mut headers: impl Iterator<Item = &'h [u8]>) -> Result<Option<&'h str>, Refusal> {
    let Some(value) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(refused("there is more than one DPoP header"));
    }
    let text = std::str::from_utf8(value).map_err(|_| refused("the proof is not a compact JWS"))?;
    Ok(Some(text))
}

/// Checks a proof against a request (§4.3).
pub fn verify(text: &str, policy: &Policy, nonces: &Nonces, expected: &Expected<'_>) -> Result<Proof, Refusal> {
    let (jws, key) = Jws::parse_carrying_key(text, PROOF_LENGTH_MAX)
        .map_err(|_| refused("the proof is not a compact JWS with a public key in its header"))?;
    if !jws.header().has_typ("dpop+jwt") {
        return Err(refused("the proof's typ is not dpop+jwt"));
    }
    let HeaderAlg::Signature(alg) = jws.header().alg() else { return Err(refused("the proof's algorithm or signature is not acceptable")) };
    let jws = jws.verify(&key, &policy.algs).map_err(|_| refused("the proof's algorithm or signature is not acceptable"))?;
    let htu = check_target(jws.claims(), policy, expected)?;
    check_token(jws.claims(), expected.token)?;
    let jti = text_of(&jws, "jti").filter(|jti| !jti.is_empty() && jti.len() <= JTI_LENGTH_MAX);
    let jti = jti.ok_or(refused("the proof's jti is missing or too long"))?;
    let (has_nonce, has_latest_nonce) = check_nonce(jws.claims(), policy, nonces, expected)?;
    // A nonce says at the earliest when the proof was made, so clocks may differ by as much as it is good for.
    let (old, early) = if has_nonce { (2 * nonces.window(), 2 * nonces.window()) } else { (policy.lifetime, SKEW) };
    check_times(jws.claims(), (old, early), expected.now)?;
    let digest = Digest::of(format!("{htu}\0{jti}").as_bytes());
    // The latest moment at which the same proof could still be accepted, whatever its age is now.
    let expires_at = Timestamp::from_seconds(expected.now.seconds() + old + early);
    let guard = ReplayGuard { digest, expires_at };
    Ok(Proof { jkt: key.thumbprint(), alg, is_for_token: expected.token.is_some(), has_nonce, has_latest_nonce, guard })
}

fn text_of<'a>(jws: &'a Jws<Verified>, name: &str) -> Option<&'a str> {
    jws.claims().get(name).and_then(Json::as_str)
}

/// `htm` is the method; `htu` is the target without query and fragment, at one of our origins. The target, in its one spelling.
fn check_target(claims: &Map<String, Json>, policy: &Policy, expected: &Expected<'_>) -> Result<String, Refusal> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    if text("htm") != Some(expected.method) {
        return Err(refused("the proof's htm is not the request's method"));
    }
    let wrong = || refused("the proof's htu is not the request's target");
    let htu = normalise(text("htu").ok_or_else(wrong)?).ok_or_else(wrong)?;
    let is_ours = |origin: &str| normalise(&format!("{origin}{}", expected.path)).is_some_and(|target| target == htu);
    if policy.origins.iter().any(|origin| is_ours(origin)) { Ok(htu) } else { Err(wrong()) }
}

/// `ath` is the digest of the access token, wherever there is one (§4.3 item 12).
fn check_token(claims: &Map<String, Json>, token: Option<&str>) -> Result<(), Refusal> {
    let Some(token) = token else { return Ok(()) };
    let ath = claims.get("ath").and_then(Json::as_str).and_then(|text| Digest::from_base64url(text).ok());
    if ath == Some(Digest::of(token.as_bytes())) { Ok(()) } else { Err(refused("the proof's ath is not that of the access token")) }
}

/// Whether it has a good nonce, and whether that is the latest.
fn check_nonce(claims: &Map<String, Json>, policy: &Policy, nonces: &Nonces, expected: &Expected<'_>) -> Result<(bool, bool), Refusal> {
    match claims.get("nonce") {
        None if policy.requires_nonce => Err(nonce_wanted()),
        None => Ok((false, false)),
        Some(Json::String(nonce)) if nonces.is_good(expected.space, nonce, expected.now) => {
            Ok((true, *nonce == nonces.latest(expected.space, expected.now)))
        }
        Some(Json::String(_)) => Err(nonce_wanted()),
        Some(_) => Err(refused("the proof's nonce is not a string")),
    }
}

/// `iat` is there, neither old nor early by more than so many seconds. `exp` and `nbf`, where they are, hold.
fn check_times(claims: &Map<String, Json>, (old, early): (i64, i64), now: Timestamp) -> Result<(), Refusal> {
    let now = now.seconds();
    let date = |name: &str| numeric_date(claims, name).map_err(|_| refused("a date in the proof is not a number"));
    let iat = date("iat")?.ok_or(refused("the proof's iat is missing"))?;
    let ended = date("exp")?.is_some_and(|exp| exp <= now - SKEW);
    let not_begun = date("nbf")?.is_some_and(|nbf| nbf > now + SKEW);
    if iat < now - old || iat > now + early || ended || not_begun {
        return Err(refused("the proof's iat is too far from now"));
    }
    Ok(())
}

const fn refused(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidDpopProof, Reason::WrongProof, description)
}

/// Holds a client to a nonce of ours where it is registered so and the server as a whole asks for none (§8). Before anything of the
/// request is spent, or the answer would cost the client its code, its refresh token or its assertion.
pub fn check_nonce_of(registration: &Registration, proof: Option<&Proof>) -> Result<(), Refusal> {
    match proof {
        Some(proof) if registration.dpop_require_nonce && !proof.has_nonce() => Err(nonce_wanted()),
        _ => Ok(()),
    }
}

/// Holds a client to the algorithms of its profile (FAPI 2.0 Security Profile §5.4.1).
pub fn check_alg_of(registration: &Registration, proof: &Proof) -> Result<(), Refusal> {
    if registration.may_sign_with(proof.alg()) {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::InvalidDpopProof, Reason::WrongProof, "the proof's algorithm is not one of FAPI 2.0"))
}

/// `use_dpop_nonce` (§8): the answer carries a nonce to use.
pub const fn nonce_wanted() -> Refusal {
    Refusal::new(ErrorCode::UseDpopNonce, Reason::NonceWanted, "a nonce of this server is required in the proof")
}

/// A proof that was used before.
pub const fn replayed() -> Refusal {
    Refusal::new(ErrorCode::InvalidDpopProof, Reason::ReplayedProof, "the proof was used before")
}

#[cfg(test)]
mod tests;
