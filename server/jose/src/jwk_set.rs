//! JWK sets: read from outside, rendered for outside (RFC 7517 §5).

use serde_json::{Map, Value};

use crate::alg::SigningAlg;
use crate::digest::Digest;
use crate::error::KeyRefusal;
use crate::jwe::{EncryptionKey, KeyAlg};
use crate::key::VerifyingKey;
use crate::strict_json::parse_object;

/// A set with more keys than this is refused: each may have to be tried.
const MAX_KEYS: usize = 32;

/// The keys of one party that can verify signatures, and those that can be encrypted to.
#[derive(Debug, Default)]
pub struct JwkSet {
    keys: Vec<VerifyingKey>,
    encryption_keys: Vec<EncryptionKey>,
    certified: Vec<Digest>,
    skipped: Vec<SkippedKey>,
}

/// A key of a set that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedKey {
    /// Position in `keys`, from 0.
    pub index: usize,
    /// What was wrong with it.
    pub reason: KeyRefusal,
}

/// Why a set as a whole was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetRefusal {
    /// Not a JSON object with an array `keys`.
    #[error("not a JWK set: a JSON object with an array named keys")]
    NotASet,
    /// More than 32 keys.
    #[error("the set has more than {MAX_KEYS} keys")]
    TooManyKeys,
    /// A key is broken, weak or secret (strict reading only).
    #[error("key {index} of the set is refused: {reason}")]
    Key {
        /// Position in `keys`, from 0.
        index: usize,
        /// What is wrong with it.
        reason: KeyRefusal,
    },
    /// Two usable keys have the same `kid` (strict reading only).
    #[error("key {index} of the set has the kid of an earlier key")]
    DuplicateKid {
        /// Position of the second one in `keys`, from 0.
        index: usize,
    },
}

impl JwkSet {
    /// Reads a set as other parties publish it: keys that cannot be used are left out, with their reasons.
    pub fn parse(json: &[u8]) -> Result<Self, JwkSetRefusal> {
        Self::from_members(&parse_object(json).map_err(|_| JwkSetRefusal::NotASet)?)
    }

    /// As [`JwkSet::parse`], of a set that was parsed already (with distinct member names).
    pub fn from_members(set: &Map<String, Value>) -> Result<Self, JwkSetRefusal> {
        let entries = set.get("keys").and_then(Value::as_array).ok_or(JwkSetRefusal::NotASet)?;
        if entries.len() > MAX_KEYS {
            return Err(JwkSetRefusal::TooManyKeys);
        }
        let mut read = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let key = entry.as_object().ok_or(KeyRefusal::NotAnObject).and_then(VerifyingKey::from_jwk);
            // A key that says nothing of its use may serve for both.
            read.encryption_keys.extend(entry.as_object().and_then(|jwk| EncryptionKey::from_jwk(jwk).ok()));
            match key {
                Ok(key) => {
                    read.certified.extend(entry.get("x5c").map(|_| key.thumbprint()));
                    read.keys.push(key);
                }
                Err(reason) => read.skipped.push(SkippedKey { index, reason }),
            }
        }
        Ok(read)
    }

    /// Reads a set that someone registers with us: a broken, weak, symmetric or private key refuses the whole. Keys that
    /// are merely not for us (encryption, unknown kinds) are left out.
    pub fn parse_strict(json: &[u8]) -> Result<Self, JwkSetRefusal> {
        let set = parse_object(json).map_err(|_| JwkSetRefusal::NotASet)?;
        Self::from_members_strict(&set)
    }

    /// As [`JwkSet::parse_strict`], of a set that was parsed already (with distinct member names).
    pub fn from_members_strict(set: &Map<String, Value>) -> Result<Self, JwkSetRefusal> {
        let read = Self::from_members(set)?;
        if let Some(SkippedKey { index, reason }) = read.skipped.iter().find(|skipped| !skipped.reason.is_foreign()) {
            return Err(JwkSetRefusal::Key { index: *index, reason: *reason });
        }
        let kid_of = |key: &VerifyingKey| key.kid().map(str::to_owned);
        let mut seen = std::collections::HashSet::new();
        let used = (0..).filter(|index| read.skipped.iter().all(|skipped| skipped.index != *index));
        for (key, index) in read.keys.iter().zip(used) {
            if kid_of(key).is_some_and(|kid| !seen.insert(kid)) {
                return Err(JwkSetRefusal::DuplicateKid { index });
            }
        }
        Ok(read)
    }

    /// The usable keys, in their order.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Whether there is no key for signatures and none for encryption.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.encryption_keys.is_empty()
    }

    /// Whether a key stands there together with a certificate.
    pub fn has_certificates(&self) -> bool {
        !self.certified.is_empty()
    }

    /// The keys that were left out, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Whether a key of this name is there. When a token names one that is not, the set may be out of date.
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
    }

    /// The keys that a token with this `kid` and `alg` may be checked with. A token without `kid` may belong to any key
    /// of its algorithm.
    // Security: `kid` is compared and nothing else: it is text from outside (RFC 8725 §3.10).
    pub fn candidates(&self, kid: Option<&str>, alg: SigningAlg) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter().filter(move |key| (kid.is_none() || key.kid() == kid) && key.admits(alg))
    }

    /// The key to encrypt to with this algorithm: one that is said to be for encryption before one that says nothing.
    pub fn encryption_key(&self, alg: KeyAlg) -> Option<&EncryptionKey> {
        let fitting = || self.encryption_keys.iter().filter(|key| key.admits(alg));
        fitting().find(|key| key.is_marked()).or_else(|| fitting().next())
    }

    /// Whether the key of this thumbprint (RFC 7638) is in the set together with a certificate (`x5c`), as RFC 8705 §2.2.2 wants
    /// it of clients with certificates that they signed themselves.
    pub fn certifies(&self, thumbprint: &Digest) -> bool {
        self.certified.contains(thumbprint)
    }

    /// Renders the JWK set document of the given keys: public members only, each with `use`, and `alg` and `kid` where
    /// known.
    pub fn render_public<'a>(keys: impl IntoIterator<Item = &'a VerifyingKey>) -> Vec<u8> {
        let keys: Vec<Value> = keys.into_iter().map(|key| Value::Object(key.public_jwk())).collect();
        serde_json::to_vec(&serde_json::json!({ "keys": keys })).expect("a JSON value always renders")
    }
}

#[cfg(test)]
mod tests;
