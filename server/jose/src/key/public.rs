//! The public half of a key: checked numbers, and their one rendering as JWK members.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::pkey::{HasPublic, Id, PKey, Public};
use openssl::rsa::Rsa;

use super::{ecdsa, rsa};
use crate::alg::{Curve, SigningAlg};
use crate::base64url;
use crate::digest::Digest;
use crate::error::{JwsRefusal, KeyRefusal};

const MIN_RSA_BITS: i32 = 2048;
const MAX_RSA_BITS: i32 = 8192;
const MIN_RSA_EXPONENT: u32 = 65_537;
const MAX_RSA_EXPONENT_BITS: i32 = 64;

/// The points of Ed25519 whose order divides 8, the sign bit cleared, canonical or not: every signature can be made to
/// verify under them.
const SMALL_ORDER: [[u8; 32]; 7] = [
    repeated(0x00, 0x00, 0x00),
    repeated(0x01, 0x00, 0x00),
    repeated(0xec, 0xff, 0x7f),
    repeated(0xed, 0xff, 0x7f),
    repeated(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
        0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
        0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn repeated(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// The numbers of a public key, checked.
// Invariant: an EC point is on its curve, RSA has 2048 to 8192 bits and a sane exponent, Ed25519 has no small order.
pub(crate) enum PublicMaterial {
    Ec { curve: Curve, key: EcKey<Public> },
    Rsa(PKey<Public>),
    Ed25519(PKey<Public>),
}

impl PublicMaterial {
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyRefusal> {
        // RFC 7518 §6.2.1.2: coordinates have the full length of the field.
        if x.len() != curve.field_len() || y.len() != curve.field_len() {
            return Err(KeyRefusal::MalformedParameter);
        }
        let build = || -> Result<EcKey<Public>, ErrorStack> {
            let group = EcGroup::from_curve_name(curve.nid())?;
            let (x, y) = (BigNum::from_slice(x)?, BigNum::from_slice(y)?);
            let key = EcKey::from_public_key_affine_coordinates(&group, &x, &y)?;
            // Security: a point off the curve leaks private keys in key agreement and voids every proof about ECDSA.
            key.check_key()?;
            Ok(key)
        };
        Ok(Self::Ec { curve, key: build().map_err(|_| KeyRefusal::InvalidPoint)? })
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyRefusal> {
        let malformed = |_| KeyRefusal::MalformedParameter;
        let modulus = BigNum::from_slice(modulus).map_err(malformed)?;
        let exponent = BigNum::from_slice(exponent).map_err(malformed)?;
        if modulus.num_bits() < MIN_RSA_BITS {
            return Err(KeyRefusal::WeakRsa);
        }
        if modulus.num_bits() > MAX_RSA_BITS {
            return Err(KeyRefusal::HugeRsa);
        }
        let smallest = BigNum::from_u32(MIN_RSA_EXPONENT).map_err(malformed)?;
        if !modulus.is_bit_set(0) || !exponent.is_bit_set(0) || exponent < smallest || exponent.num_bits() > MAX_RSA_EXPONENT_BITS {
            return Err(KeyRefusal::RsaParameters);
        }
        let key = Rsa::from_public_components(modulus, exponent).and_then(PKey::from_rsa);
        key.map(Self::Rsa).map_err(malformed)
    }

    pub(crate) fn ed25519(point: &[u8]) -> Result<Self, KeyRefusal> {
        let mut unsigned: [u8; 32] = point.try_into().map_err(|_| KeyRefusal::MalformedParameter)?;
        unsigned[31] &= 0x7f;
        if SMALL_ORDER.contains(&unsigned) {
            return Err(KeyRefusal::InvalidPoint);
        }
        let key = PKey::public_key_from_raw_bytes(point, Id::ED25519);
        key.map(Self::Ed25519).map_err(|_| KeyRefusal::MalformedParameter)
    }

    /// The public half of an OpenSSL key, passed through the same checks as one from outside.
    pub(crate) fn of<T: HasPublic>(key: &PKey<T>) -> Result<Self, KeyRefusal> {
        let malformed = |_| KeyRefusal::MalformedParameter;
        match key.id() {
            Id::EC => {
                let key = key.ec_key().map_err(malformed)?;
                let curve = [Curve::P256, Curve::P384, Curve::P521]
                    .into_iter()
                    .find(|curve| key.group().curve_name() == Some(curve.nid()))
                    .ok_or(KeyRefusal::UnsupportedKind)?;
                let (x, y) = coordinates(curve, &key).map_err(malformed)?;
                Self::ec(curve, &x, &y)
            }
            Id::RSA => {
                let key = key.rsa().map_err(malformed)?;
                Self::rsa(&key.n().to_vec(), &key.e().to_vec())
            }
            Id::ED25519 => Self::ed25519(&key.raw_public_key().map_err(malformed)?),
            _ => Err(KeyRefusal::UnsupportedKind),
        }
    }

    pub(crate) fn fits(&self, alg: SigningAlg) -> bool {
        match self {
            Self::Ec { curve, .. } => alg.curve() == Some(*curve),
            Self::Rsa(_) => alg.is_rsa(),
            Self::Ed25519(_) => alg == SigningAlg::EdDsa,
        }
    }

    /// The algorithm, where the kind of key leaves one only.
    pub(crate) fn only_alg(&self) -> Option<SigningAlg> {
        match self {
            Self::Ec { curve, .. } => Some(curve.alg()),
            Self::Rsa(_) => None,
            Self::Ed25519(_) => Some(SigningAlg::EdDsa),
        }
    }

    /// Bits of an RSA modulus.
    pub(crate) fn rsa_bits(&self) -> Option<u32> {
        match self {
            Self::Rsa(key) => Some(key.bits()),
            Self::Ec { .. } | Self::Ed25519(_) => None,
        }
    }

    // Invariant: the caller has checked `fits(alg)`.
    pub(crate) fn verify(&self, alg: SigningAlg, input: &[u8], signature: &[u8]) -> Result<(), JwsRefusal> {
        match self {
            Self::Ec { curve, key } => ecdsa::verify(*curve, key, input, signature),
            Self::Rsa(key) => rsa::verify(alg, key, input, signature),
            Self::Ed25519(key) => verify_ed25519(key, input, signature),
        }
    }

    /// The members that make the key, in lexicographic order, as RFC 7638 §3.2 wants them.
    pub(crate) fn members(&self) -> Result<Vec<(&'static str, String)>, ErrorStack> {
        Ok(match self {
            Self::Ec { curve, key } => {
                let (x, y) = coordinates(*curve, key)?;
                vec![("crv", curve.as_str().to_owned()), ("kty", "EC".to_owned()), ("x", base64url::encode(x)), ("y", base64url::encode(y))]
            }
            Self::Rsa(key) => {
                let key = key.rsa()?;
                vec![("e", base64url::encode(key.e().to_vec())), ("kty", "RSA".to_owned()), ("n", base64url::encode(key.n().to_vec()))]
            }
            Self::Ed25519(key) => {
                vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", base64url::encode(key.raw_public_key()?))]
            }
        })
    }
}

/// The JWK thumbprint with SHA-256 (RFC 7638 §3) of members as [`PublicMaterial::members`] gives them.
pub(crate) fn thumbprint(members: &[(&'static str, String)]) -> Digest {
    // Every value is base64url or a fixed name: nothing needs escaping.
    let pairs: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    Digest::of(format!("{{{}}}", pairs.join(",")).as_bytes())
}

fn coordinates<T: HasPublic>(curve: Curve, key: &EcKey<T>) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
    let (mut x, mut y, mut context) = (BigNum::new()?, BigNum::new()?, BigNumContext::new()?);
    key.public_key().affine_coordinates(key.group(), &mut x, &mut y, &mut context)?;
    let length = curve.field_len() as i32;
    Ok((x.to_vec_padded(length)?, y.to_vec_padded(length)?))
}

fn verify_ed25519(key: &PKey<Public>, input: &[u8], signature: &[u8]) -> Result<(), JwsRefusal> {
    if signature.len() != 64 {
        return Err(JwsRefusal::SignatureLength);
    }
    let verified = openssl::sign::Verifier::new_without_digest(key).and_then(|mut verifier| verifier.verify_oneshot(signature, input));
    match verified {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(JwsRefusal::BadSignature),
    }
}
