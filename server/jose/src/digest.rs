//! SHA-256 digests as a type of their own, and HMAC-SHA-256.

use std::fmt;
use std::hash::{Hash, Hasher};

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use subtle::ConstantTimeEq;

use crate::base64url;
use crate::error::JoseFault;

/// A SHA-256 digest: 32 bytes. Equality takes constant time; `Debug` shows the first four bytes only.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// Text or bytes that are not a 32-byte digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest: expected 32 bytes")]
pub struct MalformedDigest;

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(openssl::sha::sha256(bytes))
    }

    /// Takes over a digest computed or stored earlier.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Result<Self, MalformedDigest> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(MalformedDigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }

    /// 43 characters of unpadded base64url.
    pub fn to_base64url(&self) -> String {
        base64url::encode(self.0)
    }

    /// Reads 43 characters of unpadded base64url.
    pub fn from_base64url(text: &str) -> Result<Self, MalformedDigest> {
        let bytes = base64url::decode(text).map_err(|_| MalformedDigest)?;
        Self::try_from(bytes.as_slice())
    }
}

fn nibble(digit: u8) -> Result<u8, MalformedDigest> {
    char::from(digit).to_digit(16).map(|value| value as u8).ok_or(MalformedDigest)
}

impl TryFrom<&[u8]> for Digest {
    type Error = MalformedDigest;

    fn try_from(bytes: &[u8]) -> Result<Self, MalformedDigest> {
        bytes.try_into().map(Self).map_err(|_| MalformedDigest)
    }
}

// Security: digests of secrets are compared; an early exit would tell how much of a guess was right.
impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "Digest({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// HMAC-SHA-256 over the concatenation of `parts` (RFC 2104). Where boundaries between parts matter, the caller makes
/// them unambiguous.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Result<Digest, JoseFault> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    for part in parts {
        signer.update(part)?;
    }
    let mut tag = [0; 32];
    signer.sign(&mut tag)?;
    Ok(Digest(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_empty_string() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.to_base64url(), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
        assert_eq!(format!("{digest:?}"), "Digest(e3b0c442…)");
    }

    #[test]
    fn text_forms_round_trip_and_others_are_refused() {
        let digest = Digest::of(b"abc");
        assert_eq!(Digest::from_hex(&digest.to_hex()).unwrap(), digest);
        assert_eq!(Digest::from_hex(&digest.to_hex().to_uppercase()).unwrap(), digest);
        assert_eq!(Digest::from_base64url(&digest.to_base64url()).unwrap(), digest);
        assert!(Digest::from_hex(&digest.to_hex()[1..]).is_err());
        assert!(Digest::from_hex(&"g".repeat(64)).is_err());
        assert!(Digest::from_base64url("AAAA").is_err());
        assert!(Digest::try_from(&[0_u8; 31][..]).is_err());
        assert_ne!(digest, Digest::of(b"abd"));
    }

    #[test]
    fn hmac_vectors_of_rfc_4231() {
        let tag = hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"]).unwrap();
        assert_eq!(tag.to_hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let tag = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]).unwrap();
        assert_eq!(tag.to_hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
