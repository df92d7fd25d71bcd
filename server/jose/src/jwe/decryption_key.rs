//! A private key of ours, for what others encrypt to us.

use std::fmt;

use openssl::ec::{EcGroup, EcKey};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::agreement::{Parties, agree};
use super::encryption_key::family;
use super::header::JweHeader;
use super::wrap;
use crate::alg::Curve;
use crate::error::{JoseFault, JweRefusal, KeyRefusal};
use crate::key::{PublicMaterial, thumbprint};
use crate::secret::Secret;

/// The kinds of private keys for decryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecryptionKind {
    /// For RSA-OAEP and RSA-OAEP-256, with so many bits.
    Rsa(u32),
    /// For ECDH-ES and its variants, on P-256.
    P256,
}

/// A private key for decryption. Its `kid` is its JWK thumbprint (RFC 7638).
pub struct DecryptionKey {
    kid: String,
    private: PKey<Private>,
    public: PublicMaterial,
}

impl DecryptionKey {
    /// Makes a new key.
    pub fn generate(kind: DecryptionKind) -> Result<Self, JoseFault> {
        let key = match kind {
            DecryptionKind::Rsa(bits) if bits < 2048 => return Err(KeyRefusal::WeakRsa.into()),
            DecryptionKind::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits)?)?,
            DecryptionKind::P256 => PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(Curve::P256.nid())?.as_ref())?)?,
        };
        Self::of(key)
    }

    /// Reads a private key from PKCS #8 in DER (RFC 5208), unencrypted.
    pub fn from_pkcs8(der: &Secret<Vec<u8>>) -> Result<Self, JoseFault> {
        Self::of(PKey::private_key_from_pkcs8(der.expose())?)
    }

    /// The private key as PKCS #8 in DER, unencrypted.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, JoseFault> {
        Ok(Secret::new(self.private.private_key_to_pkcs8()?))
    }

    fn of(private: PKey<Private>) -> Result<Self, JoseFault> {
        let public = PublicMaterial::of(&private)?;
        if family(&public).is_none() {
            return Err(KeyRefusal::UnsupportedKind.into());
        }
        let kid = thumbprint(&public.members()?).to_base64url();
        Ok(Self { kid, private, public })
    }

    /// The key's name: its JWK thumbprint, 43 characters.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK, with `use` = `enc` and `kid`; without `alg`, for the key serves several (RFC 7517 §4.4).
    pub fn public_jwk(&self) -> Result<Map<String, Value>, JoseFault> {
        let text = |name: &str, value: String| (name.to_owned(), Value::String(value));
        let mut jwk: Map<String, Value> = self.public.members()?.into_iter().map(|(name, value)| text(name, value)).collect();
        jwk.extend([text("use", "enc".to_owned()), text("kid", self.kid.clone())]);
        Ok(jwk)
    }

    /// The content key of a message; none where it cannot be had, which is not yet to be told to anybody.
    pub(super) fn unwrap_key(&self, header: &JweHeader, encrypted_key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, JweRefusal> {
        let (alg, enc) = (header.alg(), header.enc());
        if family(&self.public) != Some(alg.family()) {
            return Err(JweRefusal::AlgOfOtherKey);
        }
        let PublicMaterial::Ec { curve, .. } = &self.public else {
            return Ok(wrap::unwrap_rsa(alg, &self.private, encrypted_key).ok());
        };
        let peer = match &header.epk {
            Some(PublicMaterial::Ec { curve: theirs, key }) if theirs == curve => key,
            _ => return Err(JweRefusal::MalformedKey),
        };
        let parties = Parties { apu: &header.apu, apv: &header.apv };
        let agreed = agree((alg, enc), &self.private, peer, &parties).map_err(|_| JweRefusal::MalformedKey)?;
        Ok(if alg.is_direct() { Some(agreed) } else { wrap::unwrap_aes(&agreed, encrypted_key).ok() })
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DecryptionKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
