//! SHA-256 digests as a type of their own, and HMAC-SHA-256.

use std::fmt;
use std::hash::{Hash, Hasher};

use openssl::sha::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base64url;

/// Bytes that SHA-256 takes at a time.
const SHA_256_BLOCK: usize = 64;

/// A SHA-256 digest: 32 bytes. Equality takes constant time; `Debug` shows the first four bytes only.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// Text or bytes that are not a 32-byte digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest: expected 32 bytes")]
pub struct MalformedDigest;

impl Digest {
    /// The SHA-256 digest of `bytes`.
    // The one-shot function of OpenSSL 3 looks its algorithm up in a shared table on every call; this way does not.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(bytes);
        Self(hash.finish())
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
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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

/// HMAC-SHA-256 over the concatenation of `parts` (RFC 2104 §2). Where boundaries between parts matter, the caller makes
/// them unambiguous.
///
/// Written out over the hash because OpenSSL's generic way through a key object costs five times as much as the hashing.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut block = Zeroizing::new([0_u8; SHA_256_BLOCK]);
    if key.len() > SHA_256_BLOCK {
        block[..32].copy_from_slice(Digest::of(key).as_bytes());
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new();
    inner.update(&block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new();
    outer.update(&block.map(|byte| byte ^ 0x5c));
    outer.update(&inner.finish());
    Digest(outer.finish())
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
        let tag = hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"]);
        assert_eq!(tag.to_hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let tag = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]);
        assert_eq!(tag.to_hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let tag = hmac_sha256(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(tag.to_hex(), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn hmac_agrees_with_openssl_for_every_key_length() {
        for length in 1..200 {
            let key = vec![0xa5; length];
            let pkey = openssl::pkey::PKey::hmac(&key).unwrap();
            let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &pkey).unwrap();
            assert_eq!(hmac_sha256(&key, &[b"in", b"put"]).as_bytes()[..], signer.sign_oneshot_to_vec(b"input").unwrap());
        }
    }
}
