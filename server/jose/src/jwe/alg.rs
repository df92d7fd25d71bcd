//! The algorithms of encryption that exist for us (RFC 7518 §4.1, §5.1).

use zeroize::Zeroizing;

use crate::alg::HashAlg;
use crate::secret::Secret;

/// How the content key reaches its recipient (RFC 7518 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlg {
    /// RSAES-OAEP with the default parameters: SHA-1 in a place where collisions do not matter.
    RsaOaep,
    /// RSAES-OAEP with SHA-256.
    RsaOaep256,
    /// Ephemeral key agreement whose outcome is the content key.
    EcdhEs,
    /// Ephemeral key agreement, AES-128 key wrap.
    EcdhEsA128Kw,
    /// Ephemeral key agreement, AES-256 key wrap.
    EcdhEsA256Kw,
    /// AES-128 key wrap under a shared secret.
    A128Kw,
    /// AES-256 key wrap under a shared secret.
    A256Kw,
    /// The shared secret is the content key.
    Dir,
}

/// How the content is encrypted and authenticated (RFC 7518 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentEnc {
    /// AES-128-CBC with HMAC-SHA-256: what registrations mean when they name none.
    A128CbcHs256,
    /// AES-256-CBC with HMAC-SHA-512.
    A256CbcHs512,
    /// AES-128-GCM.
    A128Gcm,
    /// AES-256-GCM.
    A256Gcm,
}

/// What kind of key an algorithm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    Agreement,
    Shared,
}

impl KeyAlg {
    /// Every algorithm.
    pub const ALL: [Self; 8] =
        [Self::RsaOaep, Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw, Self::A128Kw, Self::A256Kw, Self::Dir];

    /// The registered name, as in a header's `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::A128Kw => "A128KW",
            Self::A256Kw => "A256KW",
            Self::Dir => "dir",
        }
    }

    /// Reads a registered name, case-sensitively.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// Whether it takes a secret that both sides share, and not a public key.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::A128Kw | Self::A256Kw | Self::Dir)
    }

    /// Whether no encrypted key travels with the text.
    pub(super) const fn is_direct(self) -> bool {
        matches!(self, Self::Dir | Self::EcdhEs)
    }

    pub(super) const fn family(self) -> Family {
        match self {
            Self::RsaOaep | Self::RsaOaep256 => Family::Rsa,
            Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw => Family::Agreement,
            Self::A128Kw | Self::A256Kw | Self::Dir => Family::Shared,
        }
    }

    /// Bytes of the AES key that wraps.
    pub(super) const fn wrapping_len(self) -> Option<usize> {
        match self {
            Self::EcdhEsA128Kw | Self::A128Kw => Some(16),
            Self::EcdhEsA256Kw | Self::A256Kw => Some(32),
            Self::RsaOaep | Self::RsaOaep256 | Self::EcdhEs | Self::Dir => None,
        }
    }

    /// The key that a client secret makes: the left of a hash of its UTF-8 bytes, the shortest of the SHA-2 family that is long
    /// enough (OpenID Connect Core §10.2). None for an algorithm with public keys.
    pub(super) fn secret_key(self, enc: ContentEnc, secret: &Secret<String>) -> Option<Zeroizing<Vec<u8>>> {
        let length = match self {
            Self::Dir => enc.key_len(),
            _ if self.is_symmetric() => self.wrapping_len()?,
            _ => return None,
        };
        let hash = [HashAlg::Sha256, HashAlg::Sha384, HashAlg::Sha512].into_iter().find(|hash| length <= hash.len())?;
        let mut key = Zeroizing::new(hash.digest(secret.expose().as_bytes()));
        key.truncate(length);
        Some(key)
    }
}

impl ContentEnc {
    /// Every algorithm, the default of registrations first.
    pub const ALL: [Self; 4] = [Self::A128CbcHs256, Self::A256CbcHs512, Self::A128Gcm, Self::A256Gcm];

    /// The registered name, as in a header's `enc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Reads a registered name, case-sensitively.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.as_str() == name)
    }

    /// Bytes of the content key.
    pub(super) const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// Bytes of the initialisation vector.
    pub(super) const fn iv_len(self) -> usize {
        match self {
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
            Self::A128Gcm | Self::A256Gcm => 12,
        }
    }

    /// Bytes of the tag.
    pub(super) const fn tag_len(self) -> usize {
        match self {
            Self::A256CbcHs512 => 32,
            Self::A128CbcHs256 | Self::A128Gcm | Self::A256Gcm => 16,
        }
    }
}
