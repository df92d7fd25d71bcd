//! The key that makes a signature.

use std::fmt;
use std::sync::Arc;

use openssl::ec::{EcGroup, EcKey};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use super::public::PublicMaterial;
use super::verifying::VerifyingKey;
use super::{ecdsa, rsa};
use crate::alg::{Curve, SigningAlg};
use crate::base64url;
use crate::error::{JoseFault, KeyRefusal};
use crate::secret::Secret;

/// A private key with the one algorithm it is for. Its `kid` is its JWK thumbprint (RFC 7638), so it cannot be given
/// twice to different keys.
///
/// Signing takes `&self` and no lock; threads may sign at the same time.
pub struct SigningKey {
    alg: SigningAlg,
    kid: String,
    private: PrivateMaterial,
    public: Arc<VerifyingKey>,
}

enum PrivateMaterial {
    // Kept parsed and ready: a signature with it costs a third less than one through a context made per call.
    Ec { curve: Curve, key: EcKey<Private> },
    Rsa(PKey<Private>),
    Ed25519(PKey<Private>),
}

impl SigningKey {
    /// Makes a new key. `rsa_bits` is the length of the modulus and is looked at for RSA only: 2048 to 8192.
    pub fn generate(alg: SigningAlg, rsa_bits: u32) -> Result<Self, JoseFault> {
        let key = if let Some(curve) = alg.curve() {
            let group = EcGroup::from_curve_name(curve.nid())?;
            PKey::from_ec_key(EcKey::generate(&group)?)?
        } else if alg.is_rsa() {
            if rsa_bits < 2048 {
                return Err(KeyRefusal::WeakRsa.into());
            }
            if rsa_bits > 8192 {
                return Err(KeyRefusal::HugeRsa.into());
            }
            PKey::from_rsa(Rsa::generate(rsa_bits)?)?
        } else {
            PKey::generate_ed25519()?
        };
        Self::of(alg, key)
    }

    /// Reads a private key from PKCS #8 in DER (RFC 5208), unencrypted. The key must be of the kind that `alg` needs.
    pub fn from_pkcs8(alg: SigningAlg, der: &Secret<Vec<u8>>) -> Result<Self, JoseFault> {
        Self::of(alg, PKey::private_key_from_pkcs8(der.expose())?)
    }

    /// The private key as PKCS #8 in DER, unencrypted.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, JoseFault> {
        let der = match &self.private {
            PrivateMaterial::Ec { key, .. } => PKey::from_ec_key(key.clone())?.private_key_to_pkcs8()?,
            PrivateMaterial::Rsa(key) | PrivateMaterial::Ed25519(key) => key.private_key_to_pkcs8()?,
        };
        Ok(Secret::new(der))
    }

    fn of(alg: SigningAlg, key: PKey<Private>) -> Result<Self, JoseFault> {
        // Refuses a key that is not of the algorithm's kind.
        let unnamed = VerifyingKey::new(PublicMaterial::of(&key)?, None, Some(alg))?;
        let kid = unnamed.thumbprint().to_base64url();
        let public = Arc::new(VerifyingKey::new(PublicMaterial::of(&key)?, Some(kid.clone()), Some(alg))?);
        let private = match alg.curve() {
            Some(curve) => {
                let key = key.ec_key()?;
                key.check_key()?;
                PrivateMaterial::Ec { curve, key }
            }
            None if alg.is_rsa() => PrivateMaterial::Rsa(key),
            None => PrivateMaterial::Ed25519(key),
        };
        Ok(Self { alg, kid, private, public })
    }

    /// The algorithm of every signature this key makes.
    pub const fn alg(&self) -> SigningAlg {
        self.alg
    }

    /// The key's name: its JWK thumbprint, 43 characters.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, with `kid` and `alg`. It may outlive the private one.
    pub const fn verifying_key(&self) -> &Arc<VerifyingKey> {
        &self.public
    }

    /// Signs `input`; the raw signature in JOSE's form (`r || s` for ECDSA).
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, JoseFault> {
        match &self.private {
            PrivateMaterial::Ec { curve, key } => {
                let mut buffer = [0; 132];
                let length = ecdsa::sign(*curve, key, input, &mut buffer)?;
                Ok(buffer[..length].to_vec())
            }
            PrivateMaterial::Rsa(key) => rsa::sign(self.alg, key, input),
            PrivateMaterial::Ed25519(key) => Ok(Signer::new_without_digest(key)?.sign_oneshot_to_vec(input)?),
        }
    }

    /// Signs what `compact` holds from `start` on (`header.payload`) and appends `.signature` to it. When it fails,
    /// `compact` is unchanged.
    pub fn append_signature(&self, compact: &mut Vec<u8>, start: usize) -> Result<(), JoseFault> {
        if let PrivateMaterial::Ec { curve, key } = &self.private {
            let mut buffer = [0; 132];
            let length = ecdsa::sign(*curve, key, &compact[start..], &mut buffer)?;
            compact.push(b'.');
            base64url::encode_into(&buffer[..length], compact);
            return Ok(());
        }
        let signature = self.sign(&compact[start..])?;
        compact.push(b'.');
        base64url::encode_into(&signature, compact);
        Ok(())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigningKey").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}
