//! Compact JWS (RFC 7515 §7.1) holding a JWT (RFC 7519): text → [`Unverified`] → [`Verified`] → claims.

mod header;

use std::fmt;

use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub use self::header::{Header, HeaderAlg, is_reserved_header};
use crate::alg::{MacAlg, SigningAlg};
use crate::base64url;
use crate::error::{JwsRefusal, KeyRefusal};
use crate::jwk_set::JwkSet;
use crate::key::VerifyingKey;
use crate::secret::Secret;
use crate::strict_json::parse_object;

/// The longest compact JWS that [`Jws::parse`] reads, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A compact JWS whose payload is a JSON object, in one of two stages: [`Unverified`] or [`Verified`].
///
/// Only the second gives claims:
///
/// ```compile_fail,E0599
/// let token = claimsmith_jose::Jws::parse("eyJhbGciOiJFUzI1NiJ9.e30.AAAA").unwrap();
/// token.claims();
/// ```
///
/// and only verification makes the second:
///
/// ```compile_fail,E0308
/// use claimsmith_jose::{Jws, Verified};
/// let token: Jws<Verified> = Jws::parse("eyJhbGciOiJFUzI1NiJ9.e30.AAAA").unwrap();
/// ```
pub struct Jws<Stage> {
    header: Header,
    payload: Map<String, Value>,
    stage: Stage,
}

/// The stage of a JWS that nobody vouches for yet.
pub struct Unverified {
    signing_input: String,
    signature: Vec<u8>,
}

/// The stage of a JWS whose signature or MAC was verified.
pub struct Verified(());

impl<Stage> Jws<Stage> {
    /// The protected header.
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

impl Jws<Unverified> {
    /// Parses a compact JWS of at most 64 KiB.
    pub fn parse(compact: &str) -> Result<Self, JwsRefusal> {
        Self::parse_within(compact, MAX_BYTES)
    }

    /// Parses a compact JWS of at most `max_bytes` bytes.
    pub fn parse_within(compact: &str, max_bytes: usize) -> Result<Self, JwsRefusal> {
        if compact.len() > max_bytes {
            return Err(JwsRefusal::TooLong);
        }
        let (header, payload, signature) = three_parts(compact)?;
        let signing_input = &compact[..header.len() + 1 + payload.len()];
        let header = Header::parse(&base64url::decode(header).map_err(|_| JwsRefusal::NotBase64url)?)?;
        let payload = base64url::decode(payload).map_err(|_| JwsRefusal::NotBase64url)?;
        let signature = base64url::decode(signature).map_err(|_| JwsRefusal::NotBase64url)?;
        Ok(Self {
            header,
            payload: parse_object(&payload).map_err(|_| JwsRefusal::MalformedPayload)?,
            stage: Unverified { signing_input: signing_input.to_owned(), signature },
        })
    }

    /// As [`Jws::parse_within`], with the public key that its header carries (`jwk`).
    ///
    /// Security: such a key proves that the sender holds its private half, and nothing about who the sender is. That is all that
    /// a DPoP proof wants (RFC 9449 §4.3); nothing else may be read in this way.
    pub fn parse_carrying_key(compact: &str, max_bytes: usize) -> Result<(Self, VerifyingKey), JwsRefusal> {
        let jws = Self::parse_within(compact, max_bytes)?;
        let (header, _, _) = three_parts(compact)?;
        let json = base64url::decode(header).map_err(|_| JwsRefusal::NotBase64url)?;
        let members = parse_object(&json).map_err(|_| JwsRefusal::MalformedHeader)?;
        let jwk = members.get("jwk").and_then(Value::as_object).ok_or(JwsRefusal::CarriedKey(KeyRefusal::NotAnObject))?;
        let key = VerifyingKey::from_jwk(jwk).map_err(JwsRefusal::CarriedKey)?;
        Ok((jws, key))
    }

    /// Who the token says issued it (`iss`): good for choosing the key to verify with, and for nothing else.
    pub fn alleged_issuer(&self) -> Option<&str> {
        self.payload.get("iss").and_then(Value::as_str)
    }

    /// Whom the token says it is about (`sub`): good for choosing the key to verify with, and for nothing else.
    pub fn alleged_subject(&self) -> Option<&str> {
        self.payload.get("sub").and_then(Value::as_str)
    }

    /// Verifies the signature with one key. The token's algorithm must be among `allowed`, and be the key's.
    pub fn verify(self, key: &VerifyingKey, allowed: &[SigningAlg]) -> Result<Jws<Verified>, JwsRefusal> {
        let alg = self.allowed_alg(allowed)?;
        self.check(key, alg)?;
        Ok(self.verified())
    }

    /// Verifies the signature with whichever key of the set fits the token's `kid` and `alg`.
    ///
    /// [`JwsRefusal::NoSuchKey`] says that the set may be out of date.
    pub fn verify_among(self, keys: &JwkSet, allowed: &[SigningAlg]) -> Result<Jws<Verified>, JwsRefusal> {
        let alg = self.allowed_alg(allowed)?;
        let kid = self.header.kid();
        let none = match kid {
            Some(kid) if keys.has_kid(kid) => JwsRefusal::AlgOfOtherKey,
            _ => JwsRefusal::NoSuchKey,
        };
        let mut outcome = Err(none);
        for key in keys.candidates(kid, alg) {
            outcome = self.check(key, alg);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| self.verified())
    }

    /// Verifies the MAC with a shared secret, which is taken as it is (for a client secret: its UTF-8 bytes). A secret
    /// shorter than the hash output is refused (RFC 7518 §3.2).
    ///
    /// A public key cannot be passed here, so HMAC keyed with one cannot happen.
    pub fn verify_mac<T>(self, secret: &Secret<T>, allowed: &[MacAlg]) -> Result<Jws<Verified>, JwsRefusal>
    where
        T: Zeroize + AsRef<[u8]>,
    {
        self.verify_mac_among(std::slice::from_ref(secret), allowed)
    }

    /// Verifies the MAC with whichever of the shared secrets made it, as [`Jws::verify_mac`] does with one: while one
    /// secret replaces another, both are good.
    pub fn verify_mac_among<T>(self, secrets: &[Secret<T>], allowed: &[MacAlg]) -> Result<Jws<Verified>, JwsRefusal>
    where
        T: Zeroize + AsRef<[u8]>,
    {
        let alg = match self.header.alg() {
            HeaderAlg::Mac(alg) if allowed.contains(&alg) => alg,
            HeaderAlg::Mac(_) | HeaderAlg::Signature(_) => return Err(JwsRefusal::AlgNotAllowed),
        };
        let mut outcome = Err(JwsRefusal::BadSignature);
        for secret in secrets {
            outcome = self.check_mac(secret.expose().as_ref(), alg);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| self.verified())
    }

    fn check_mac(&self, secret: &[u8], alg: MacAlg) -> Result<(), JwsRefusal> {
        if secret.len() < alg.minimum_key_len() {
            return Err(JwsRefusal::SecretTooShort);
        }
        if self.stage.signature.len() != alg.hash().len() {
            return Err(JwsRefusal::SignatureLength);
        }
        let expected = PKey::hmac(secret)
            .and_then(|key| Signer::new(alg.hash().message_digest(), &key)?.sign_oneshot_to_vec(self.stage.signing_input.as_bytes()));
        match expected {
            Ok(expected) if bool::from(expected.ct_eq(&self.stage.signature)) => Ok(()),
            Ok(_) | Err(_) => Err(JwsRefusal::BadSignature),
        }
    }

    fn allowed_alg(&self, allowed: &[SigningAlg]) -> Result<SigningAlg, JwsRefusal> {
        match self.header.alg() {
            HeaderAlg::Signature(alg) if allowed.contains(&alg) => Ok(alg),
            HeaderAlg::Signature(_) | HeaderAlg::Mac(_) => Err(JwsRefusal::AlgNotAllowed),
        }
    }

    fn check(&self, key: &VerifyingKey, alg: SigningAlg) -> Result<(), JwsRefusal> {
        if let (Some(named), Some(own)) = (self.header.kid(), key.kid())
            && named != own
        {
            return Err(JwsRefusal::OtherKeyId);
        }
        key.verify(alg, self.stage.signing_input.as_bytes(), &self.stage.signature)
    }

    // Invariant: called after a signature or MAC was verified, and nowhere else.
    fn verified(self) -> Jws<Verified> {
        Jws { header: self.header, payload: self.payload, stage: Verified(()) }
    }
}

impl Jws<Verified> {
    /// The claims.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// The claims, owned.
    pub fn into_claims(self) -> Map<String, Value> {
        let Verified(()) = self.stage;
        self.payload
    }

    /// The claims as a type.
    pub fn claims_as<T: DeserializeOwned>(self) -> Result<T, JwsRefusal> {
        serde_json::from_value(Value::Object(self.into_claims())).map_err(|_| JwsRefusal::UnexpectedClaims)
    }
}

impl<Stage> fmt::Debug for Jws<Stage> {
    // Security: a token in a log is a token in the wrong hands.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Jws").field("header", &self.header).finish_non_exhaustive()
    }
}

fn three_parts(compact: &str) -> Result<(&str, &str, &str), JwsRefusal> {
    let mut parts = compact.split('.');
    let three = (parts.next(), parts.next(), parts.next());
    match (three, parts.count()) {
        ((Some(header), Some(payload), Some(signature)), 0) => Ok((header, payload, signature)),
        (_, 2) => Err(JwsRefusal::Encrypted),
        _ => Err(JwsRefusal::NotCompact),
    }
}

#[cfg(test)]
mod tests;
