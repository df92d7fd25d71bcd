//! The key that checks a signature.

use std::fmt;

use openssl::pkey::PKey;
use serde_json::{Map, Value};

use super::PublicMaterial;
use super::public::thumbprint;
use crate::alg::SigningAlg;
use crate::digest::Digest;
use crate::error::{JwsRefusal, KeyRefusal};

/// A public key for signatures. It was checked when it was made; it knows which algorithms it may be used with.
pub struct VerifyingKey {
    kid: Option<String>,
    alg: Option<SigningAlg>,
    material: PublicMaterial,
    members: Vec<(&'static str, String)>,
}

impl VerifyingKey {
    pub(crate) fn new(material: PublicMaterial, kid: Option<String>, alg: Option<SigningAlg>) -> Result<Self, KeyRefusal> {
        if alg.is_some_and(|alg| !material.fits(alg)) {
            return Err(KeyRefusal::AlgMismatch);
        }
        let members = material.members().map_err(|_| KeyRefusal::MalformedParameter)?;
        Ok(Self { kid, alg: alg.or(material.only_alg()), material, members })
    }

    /// Reads the public key of a certificate: a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1.2.7).
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRefusal> {
        let key = PKey::public_key_from_der(der).map_err(|_| KeyRefusal::MalformedParameter)?;
        Self::new(PublicMaterial::of(&key)?, None, None)
    }

    /// The key's name, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm the key is for. `None` only for an RSA key from outside whose owner named none.
    pub const fn alg(&self) -> Option<SigningAlg> {
        self.alg
    }

    /// Whether signatures of this algorithm may be checked with the key.
    // Security: the key decides the algorithm, never the token alone (RFC 8725 §3.1).
    pub fn admits(&self, alg: SigningAlg) -> bool {
        match self.alg {
            Some(own) => own == alg,
            None => self.material.fits(alg),
        }
    }

    /// Bits of the modulus, for an RSA key.
    pub fn rsa_bits(&self) -> Option<u32> {
        self.material.rsa_bits()
    }

    /// The JWK thumbprint with SHA-256 (RFC 7638).
    pub fn thumbprint(&self) -> Digest {
        thumbprint(&self.members)
    }

    /// The key as a JWK: public members, `use` = `sig`, and `alg` and `kid` where known (RFC 7517 §4).
    pub fn public_jwk(&self) -> Map<String, Value> {
        let text = |name: &str, value: &str| (name.to_owned(), Value::String(value.to_owned()));
        let mut jwk: Map<String, Value> = self.members.iter().map(|(name, value)| text(name, value)).collect();
        jwk.extend([text("use", "sig")]);
        jwk.extend(self.alg.map(|alg| text("alg", alg.as_str())));
        jwk.extend(self.kid().map(|kid| text("kid", kid)));
        jwk
    }

    pub(crate) fn verify(&self, alg: SigningAlg, input: &[u8], signature: &[u8]) -> Result<(), JwsRefusal> {
        if !self.admits(alg) {
            return Err(JwsRefusal::AlgOfOtherKey);
        }
        self.material.verify(alg, input, signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VerifyingKey").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}
