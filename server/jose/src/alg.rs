//! The algorithms that exist for us. `none` does not (RFC 8725 §3.2), and a MAC is never a signature.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;

/// A digital signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlg {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// Ed25519, under its older, polymorphic name.
    EdDsa,
}

/// A hash function of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlg {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

/// An elliptic curve for ECDSA (RFC 7518 §6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// A message authentication algorithm, keyed by a shared secret (RFC 7518 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MacAlg {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl SigningAlg {
    /// Every signature algorithm, the default first.
    pub const ALL: [Self; 10] =
        [Self::Es256, Self::Es384, Self::Es512, Self::Rs256, Self::Rs384, Self::Rs512, Self::Ps256, Self::Ps384, Self::Ps512, Self::EdDsa];

    /// The registered name, as in a header's `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads a registered name, case-sensitively. The fully specified name `Ed25519` (RFC 9864 §2.2) is `EdDSA`.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// The hash it signs; `None` for Ed25519, which hashes on its own.
    pub const fn hash(self) -> Option<HashAlg> {
        match self {
            Self::Es256 | Self::Rs256 | Self::Ps256 => Some(HashAlg::Sha256),
            Self::Es384 | Self::Rs384 | Self::Ps384 => Some(HashAlg::Sha384),
            Self::Es512 | Self::Rs512 | Self::Ps512 => Some(HashAlg::Sha512),
            Self::EdDsa => None,
        }
    }

    /// The curve of an ECDSA algorithm.
    pub const fn curve(self) -> Option<Curve> {
        match self {
            Self::Es256 => Some(Curve::P256),
            Self::Es384 => Some(Curve::P384),
            Self::Es512 => Some(Curve::P521),
            _ => None,
        }
    }

    /// Whether it takes an RSA key.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rs256 | Self::Rs384 | Self::Rs512) || self.is_pss()
    }

    /// Whether it is RSA with PSS padding.
    pub const fn is_pss(self) -> bool {
        matches!(self, Self::Ps256 | Self::Ps384 | Self::Ps512)
    }
}

impl MacAlg {
    /// Every MAC algorithm.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Hs384, Self::Hs512];

    /// The registered name, as in a header's `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// Reads a registered name, case-sensitively.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// The hash inside.
    pub const fn hash(self) -> HashAlg {
        match self {
            Self::Hs256 => HashAlg::Sha256,
            Self::Hs384 => HashAlg::Sha384,
            Self::Hs512 => HashAlg::Sha512,
        }
    }

    /// The shortest key in bytes: as long as the hash output (RFC 7518 §3.2).
    pub const fn minimum_key_len(self) -> usize {
        self.hash().len()
    }
}

impl HashAlg {
    /// Output length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "a hash output is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of `bytes`.
    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => openssl::sha::sha256(bytes).to_vec(),
            Self::Sha384 => openssl::sha::sha384(bytes).to_vec(),
            Self::Sha512 => openssl::sha::sha512(bytes).to_vec(),
        }
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

impl Curve {
    /// Length in bytes of a coordinate, and of each half of a signature.
    pub const fn field_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name in a JWK's `crv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.as_str() == name)
    }

    pub(crate) const fn alg(self) -> SigningAlg {
        match self {
            Self::P256 => SigningAlg::Es256,
            Self::P384 => SigningAlg::Es384,
            Self::P521 => SigningAlg::Es512,
        }
    }

    pub(crate) const fn nid(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for alg in SigningAlg::ALL {
            assert_eq!(SigningAlg::parse(alg.as_str()), Some(alg));
            assert_eq!(MacAlg::parse(alg.as_str()), None);
        }
        for alg in MacAlg::ALL {
            assert_eq!(MacAlg::parse(alg.as_str()), Some(alg));
            assert_eq!(SigningAlg::parse(alg.as_str()), None);
        }
    }

    #[test]
    fn caj_023_the_fully_specified_name_is_eddsa() {
        assert_eq!(SigningAlg::parse("Ed25519"), Some(SigningAlg::EdDsa));
        assert_eq!(SigningAlg::parse("Ed448"), None);
        assert_eq!(SigningAlg::parse("ES256K"), None);
    }

    #[test]
    fn jbp_002_none_is_no_algorithm() {
        for name in ["none", "None", "NONE", "nOnE", "", "es256", "hs256", "ES256 "] {
            assert_eq!(SigningAlg::parse(name), None, "{name:?}");
            assert_eq!(MacAlg::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn caj_014_a_mac_key_is_at_least_as_long_as_the_hash() {
        assert_eq!(MacAlg::ALL.map(MacAlg::minimum_key_len), [32, 48, 64]);
    }
}
