//! Attestations of clients
//! ([draft-ietf-oauth-attestation-based-client-auth](https://datatracker.ietf.org/doc/draft-ietf-oauth-attestation-based-client-auth/)): pure.
//!
//! ```text
//! headers ── read ──► Carried ── (the attester's signature: trust) ──► Instance ── pop or DPoP proof ──► Attested
//! ```
//!
//! Refuses with `invalid_client_attestation` what is none for this request, with `use_fresh_attestation` what is too old, and with
//! `use_attestation_challenge` where a challenge of ours is wanted.

use claimsmith_jose::{Digest, HeaderAlg, Jws, SigningAlg, VerifyingKey, numeric_date};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value};

use crate::client_auth::ReplayGuard;
use crate::dpop::{self, Nonces, Space};
use crate::trust::{Assured, TrustRefusal};

/// The longest proof and the longest `jti` that are read, in bytes.
const PROOF_LENGTH_MAX: usize = 8 * 1024;
const JTI_LENGTH_MAX: usize = 512;

/// Seconds by which a proof may be younger than our clock says it can be.
const SKEW: i64 = 30;

/// What a server wants of attestations.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whether any are looked at.
    pub is_on: bool,
    /// The algorithms of attestations and of the proofs that go with them.
    pub algs: Vec<SigningAlg>,
    /// Whether every proof carries a challenge of ours.
    pub requires_challenge: bool,
    /// How old a proof may be, in seconds.
    pub proof_lifetime: i64,
    /// How old an attestation may be, in seconds; as old as it says when absent.
    pub age_max: Option<i64>,
}

/// What came in the headers of a request, unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried<'h> {
    /// The attestation.
    pub attestation: &'h str,
    /// The proof of its key's possession; where it is missing, a DPoP proof is that (§5.2).
    pub proof: Option<&'h str>,
}

/// The attestation among the headers of a request, one of each kind at most (§7.1). Nothing where there is none.
pub fn carried<'h>(
    mut attestations: impl Iterator<Item = &'h [u8]>,
    mut proofs: impl Iterator<Item = &'h [u8]>,
) -> Result<Option<Carried<'h>>, Refusal> {
    let (attestation, proof) = (attestations.next(), proofs.next());
    if attestations.next().is_some() || proofs.next().is_some() {
        return Err(refused("there is more than one attestation, or more than one proof of it"));
    }
    match (attestation, proof) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(refused("there is a proof of an attestation, and no attestation")),
        (Some(attestation), proof) => Ok(Some(Carried { attestation: token68(attestation)?, proof: proof.map(token68).transpose()? })),
    }
}

/// §4: the syntax of RFC 9110 §11.2.
fn token68(value: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(value).map_err(|_| refused("an attestation header is not token68"))?;
    let body = text.trim_end_matches('=');
    let is_good = !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    if is_good { Ok(text) } else { Err(refused("an attestation header is not token68")) }
}

/// The client that an attestation names, before anything is believed.
pub fn alleged_client_id(carried: Carried<'_>) -> Result<String, Refusal> {
    let jws = Jws::parse(carried.attestation).map_err(|_| refused("the attestation is not a compact JWS"))?;
    jws.alleged_subject().map(str::to_owned).ok_or(refused("the attestation names no client"))
}

/// What is said where an attester is not believed.
pub const fn unbelieved(refusal: TrustRefusal) -> Refusal {
    match refusal {
        TrustRefusal::Times | TrustRefusal::TooLong => too_old(),
        TrustRefusal::Type => refused("the attestation's typ is not oauth-client-attestation+jwt"),
        TrustRefusal::Subject => refused("the attestation names no client"),
        TrustRefusal::Audience => refused("the attestation is for another server"),
        TrustRefusal::Issuer | TrustRefusal::Keys | TrustRefusal::Signature | TrustRefusal::Identifier => {
            refused("the attestation is not of an attester that is trusted for this client")
        }
    }
}

/// An instance of a client, as an attester whom we believe describes it.
#[derive(Debug)]
pub struct Instance {
    client_id: Box<str>,
    key: VerifyingKey,
    claims: Map<String, Value>,
}

impl Instance {
    /// Reads a believed attestation (§4.1): its key is public, and it is young enough.
    pub fn read(assured: Assured, policy: &Policy, now: Timestamp) -> Result<Self, Refusal> {
        let key = assured.claims.get("cnf").and_then(|cnf| cnf.get("jwk")).and_then(Value::as_object);
        let key = key.ok_or(refused("the attestation has no cnf with a jwk"))?;
        let key = VerifyingKey::from_jwk(key).map_err(|_| refused("the attestation's key is no public key for signatures"))?;
        let iat = numeric_date(&assured.claims, "iat").ok().flatten();
        // Who holds attestations to an age wants to know it.
        if policy.age_max.is_some_and(|age_max| iat.is_none_or(|iat| now.seconds() - iat > age_max)) {
            return Err(too_old());
        }
        Ok(Self { client_id: assured.subject, key, claims: assured.claims })
    }

    /// The client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Checks the proof of possession in its own header (§5.1).
    pub fn prove(self, proof: &str, policy: &Policy, expected: &Expected<'_>) -> Result<Attested, Refusal> {
        let jws = Jws::parse_within(proof, PROOF_LENGTH_MAX).map_err(|_| refused("the proof of the attestation is not a compact JWS"))?;
        if !jws.header().has_typ("oauth-client-attestation-pop+jwt") {
            return Err(refused("the proof's typ is not oauth-client-attestation-pop+jwt"));
        }
        if !matches!(jws.header().alg(), HeaderAlg::Signature(_)) {
            return Err(refused("the proof's algorithm is not acceptable"));
        }
        let jws = jws.verify(&self.key, &policy.algs).map_err(|_| refused("the proof's signature is not that of the attested key"))?;
        let claims = jws.claims();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let audience = claims.get("aud");
        let is_ours = match audience {
            Some(Value::String(one)) => one == expected.issuer,
            Some(Value::Array(all)) => all.len() == 1 && all[0] == expected.issuer,
            _ => false,
        };
        if !is_ours {
            return Err(refused("the proof's aud is not the issuer of this server"));
        }
        // §5.1 of older drafts: the client, where it is there.
        if text("iss").is_some_and(|iss| *iss != *self.client_id) {
            return Err(refused("the proof's iss is not the client of the attestation"));
        }
        let jti = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= JTI_LENGTH_MAX);
        let jti_digest = Digest::of(jti.ok_or(refused("the proof's jti is missing or too long"))?.as_bytes());
        check_challenge(claims, policy, expected)?;
        let expires_at = check_times(claims, policy, expected.now)?;
        let instance = self.key.thumbprint();
        let guard = Some(ReplayGuard { jti_digest, expires_at });
        Ok(Attested { client_id: self.client_id, instance, guard, claims: self.claims })
    }

    /// Takes a DPoP proof for the proof of possession (§5.2). Its own mark is settled where DPoP proofs are.
    pub fn combine(self, proof: Option<&dpop::Proof>, policy: &Policy) -> Result<Attested, Refusal> {
        let proof = proof.ok_or(refused("the attestation comes without a proof of its key"))?;
        let instance = self.key.thumbprint();
        if *proof.jkt() != instance {
            return Err(refused("the DPoP proof is not of the attested key"));
        }
        if policy.requires_challenge && !proof.has_nonce() {
            return Err(challenge_wanted());
        }
        Ok(Attested { client_id: self.client_id, instance, guard: None, claims: self.claims })
    }
}

/// What a proof is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer's identifier: the audience.
    pub issuer: &'a str,
    /// Challenges: the same texts are nonces of DPoP proofs (§5.2).
    pub nonces: &'a Nonces,
    /// The time.
    pub now: Timestamp,
}

fn check_challenge(claims: &Map<String, Value>, policy: &Policy, expected: &Expected<'_>) -> Result<(), Refusal> {
    match claims.get("challenge") {
        None if policy.requires_challenge => Err(challenge_wanted()),
        None => Ok(()),
        Some(Value::String(text)) if expected.nonces.is_good(Space::AuthorizationServer, text, expected.now) => Ok(()),
        Some(Value::String(_)) => Err(challenge_wanted()),
        Some(_) => Err(refused("the proof's challenge is not a string")),
    }
}

/// `iat` is there and fresh; `exp` and `nbf`, where they are, hold. Until when the proof could be accepted.
fn check_times(claims: &Map<String, Value>, policy: &Policy, now: Timestamp) -> Result<Timestamp, Refusal> {
    let seconds = now.seconds();
    let date = |name: &str| numeric_date(claims, name).map_err(|_| refused("a date in the proof is not a number"));
    let iat = date("iat")?.ok_or(refused("the proof's iat is missing"))?;
    let ended = date("exp")?.is_some_and(|exp| exp <= seconds - SKEW);
    let not_begun = date("nbf")?.is_some_and(|nbf| nbf > seconds + SKEW);
    if iat < seconds - policy.proof_lifetime || iat > seconds + SKEW || ended || not_begun {
        return Err(refused("the proof's iat is too far from now"));
    }
    Ok(Timestamp::from_seconds(seconds + policy.proof_lifetime + SKEW))
}

/// An attestation that is good, with the proof of its key.
#[derive(Debug, Clone)]
pub struct Attested {
    client_id: Box<str>,
    instance: Digest,
    guard: Option<ReplayGuard>,
    claims: Map<String, Value>,
}

impl Attested {
    /// The JWK thumbprint of the instance's key.
    pub const fn instance(&self) -> &Digest {
        &self.instance
    }

    /// The mark that must be settled before it counts; where the proof is a DPoP proof, that has its own.
    pub const fn guard(&self) -> Option<&ReplayGuard> {
        self.guard.as_ref()
    }

    /// What the attester says.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether it is of the client that the request names (§7.1, §7.6).
    pub fn check_client(&self, client_id: &str) -> Result<(), Refusal> {
        if *self.client_id == *client_id { Ok(()) } else { Err(refused("the attestation is of another client")) }
    }

    /// Whether the key was proved as the client registered it.
    pub fn check_possession(&self, combined: bool) -> Result<(), Refusal> {
        match (combined, &self.guard) {
            (false, Some(_)) | (true, None) => Ok(()),
            (false, None) => Err(refused("this client proves its key with an OAuth-Client-Attestation-PoP header")),
            (true, Some(_)) => Err(refused("this client proves its key with a DPoP proof and no other")),
        }
    }
}

/// An attestation that is no use for this request.
pub const fn refused(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidClientAttestation, Reason::WrongAttestation, description)
}

const fn too_old() -> Refusal {
    Refusal::new(ErrorCode::UseFreshAttestation, Reason::WrongAttestation, "the attestation is over, or too old")
}

const fn challenge_wanted() -> Refusal {
    Refusal::new(ErrorCode::UseAttestationChallenge, Reason::NonceWanted, "a challenge of this server is required in the proof")
}

/// A proof that was used before.
pub const fn replayed() -> Refusal {
    Refusal::new(ErrorCode::InvalidClientAttestation, Reason::ReplayedProof, "the proof of the attestation was used before")
}

#[cfg(test)]
mod tests;
