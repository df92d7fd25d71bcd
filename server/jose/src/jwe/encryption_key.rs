//! A public key of another, to encrypt to.

use std::fmt;

use serde_json::{Map, Value};

use super::KeyAlg;
use super::alg::Family;
use crate::error::KeyRefusal;
use crate::jwk;
use crate::key::PublicMaterial;

/// A public key that content keys may be encrypted to. It was checked when it was made.
pub struct EncryptionKey {
    kid: Option<String>,
    alg: Option<KeyAlg>,
    is_marked: bool,
    pub(super) material: PublicMaterial,
}

impl EncryptionKey {
    /// Reads a JWK. `alg`, `use`, `key_ops` and `kid` are honoured; certificates in it are ignored.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyRefusal> {
        let kind = jwk::public_kind(jwk)?;
        let purpose = jwk::optional_text(jwk, "use")?;
        if purpose.is_some_and(|purpose| purpose != "enc") {
            return Err(KeyRefusal::NotForEncryption);
        }
        if let Some(operations) = jwk.get("key_ops") {
            let operations = operations.as_array().ok_or(KeyRefusal::MalformedMember)?;
            if !["encrypt", "wrapKey", "deriveKey", "deriveBits"].iter().any(|wanted| operations.iter().any(|held| held == wanted)) {
                return Err(KeyRefusal::NotForEncryption);
            }
        }
        let name = jwk::optional_text(jwk, "alg")?;
        let alg = name.map(|name| KeyAlg::parse(name).ok_or(KeyRefusal::UnsupportedAlg)).transpose()?;
        let material = jwk::material(kind, jwk)?;
        if family(&material).is_none() {
            return Err(KeyRefusal::UnsupportedKind);
        }
        let key = Self { kid: jwk::kid(jwk)?, alg, is_marked: purpose.is_some(), material };
        match alg {
            Some(alg) if !key.admits(alg) => Err(KeyRefusal::AlgMismatch),
            _ => Ok(key),
        }
    }

    /// The key's name, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether its owner says that it is for encryption, as opposed to saying nothing.
    pub const fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Whether content keys may be encrypted to it in this way.
    pub fn admits(&self, alg: KeyAlg) -> bool {
        family(&self.material) == Some(alg.family()) && self.alg.is_none_or(|own| own == alg)
    }
}

pub(super) fn family(material: &PublicMaterial) -> Option<Family> {
    match material {
        PublicMaterial::Ec { .. } => Some(Family::Agreement),
        PublicMaterial::Rsa(_) => Some(Family::Rsa),
        PublicMaterial::Ed25519(_) => None,
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EncryptionKey").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}
