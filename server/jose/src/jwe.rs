//! Compact JWE (RFC 7516 §7.1): bytes for one recipient, and back.
//!
//! ```text
//! &str ── Jwe::parse ──► Jwe<Encrypted> ── decrypt(key) ──► Jwe<Decrypted> ── plaintext()
//! ```
//!
//! What is inside may be anything: who reads a nested token verifies its signature as that of any other.
//!
//! RSA1_5, PBES2, compression and the general serialisation do not exist here (RFC 8725 §3.2 and its successor).

mod agreement;
mod alg;
mod content;
mod decryption_key;
mod encrypt;
mod encryption_key;
mod header;
mod wrap;

use std::fmt;

use zeroize::Zeroizing;

pub use self::alg::{ContentEnc, KeyAlg};
pub use self::decryption_key::{DecryptionKey, DecryptionKind};
pub use self::encrypt::Encryption;
pub use self::encryption_key::EncryptionKey;
pub use self::header::JweHeader;
use crate::base64url;
use crate::error::JweRefusal;
use crate::secret::Secret;

/// The longest compact JWE that [`Jwe::parse`] reads, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A compact JWE in one of two stages: [`Encrypted`] or [`Decrypted`].
///
/// Only the second has a plaintext:
///
/// ```compile_fail,E0599
/// let token = claimsmith_jose::Jwe::parse("a.b.c.d.e").unwrap();
/// token.plaintext();
/// ```
pub struct Jwe<Stage> {
    header: JweHeader,
    stage: Stage,
}

/// The stage of a JWE that nobody has opened yet.
pub struct Encrypted {
    protected: String,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    text: Vec<u8>,
    tag: Vec<u8>,
}

/// The stage of a JWE that was opened, and whose tag was right.
pub struct Decrypted {
    plain: Secret<Vec<u8>>,
}

impl<Stage> Jwe<Stage> {
    /// The protected header.
    pub const fn header(&self) -> &JweHeader {
        &self.header
    }
}

impl Jwe<Encrypted> {
    /// Parses a compact JWE of at most 64 KiB.
    pub fn parse(compact: &str) -> Result<Self, JweRefusal> {
        Self::parse_within(compact, MAX_BYTES)
    }

    /// Parses a compact JWE of at most `max_bytes` bytes.
    pub fn parse_within(compact: &str, max_bytes: usize) -> Result<Self, JweRefusal> {
        if compact.len() > max_bytes {
            return Err(JweRefusal::TooLong);
        }
        let parts: Vec<&str> = compact.splitn(6, '.').collect();
        let [protected, encrypted_key, iv, text, tag] = parts[..] else { return Err(JweRefusal::NotCompact) };
        let bytes = |part: &str| base64url::decode(part).map_err(|_| JweRefusal::NotBase64url);
        let header = JweHeader::parse(&bytes(protected)?)?;
        let stage = Encrypted {
            protected: protected.to_owned(),
            encrypted_key: bytes(encrypted_key)?,
            iv: bytes(iv)?,
            text: bytes(text)?,
            tag: bytes(tag)?,
        };
        if header.alg().is_direct() != stage.encrypted_key.is_empty() {
            return Err(JweRefusal::MalformedKey);
        }
        Ok(Self { header, stage })
    }

    /// Opens it with a private key of ours.
    pub fn decrypt(self, key: &DecryptionKey) -> Result<Jwe<Decrypted>, JweRefusal> {
        let header = &self.header;
        if header.kid().is_some_and(|kid| kid != key.kid()) {
            return Err(JweRefusal::OtherKeyId);
        }
        let content_key = key.unwrap_key(header, &self.stage.encrypted_key)?;
        self.open(content_key)
    }

    /// Opens it with a key made of a client's secret ([OpenID Connect Core §10.2](https://openid.net/specs/openid-connect-core-1_0.html#Encryption)).
    pub fn decrypt_with_secret(self, secret: &Secret<String>) -> Result<Jwe<Decrypted>, JweRefusal> {
        let (alg, enc) = (self.header.alg(), self.header.enc());
        let own = alg.secret_key(enc, secret).ok_or(JweRefusal::AlgOfOtherKey)?;
        let content_key = if alg.is_direct() { Ok(own) } else { wrap::unwrap_aes(&own, &self.stage.encrypted_key) };
        self.open(content_key.ok())
    }

    /// Security: a key that could not be unwrapped, or has the wrong length, is replaced by one of chance, so that it looks like
    /// a wrong tag in every respect (RFC 7516 §11.5).
    fn open(self, content_key: Option<Zeroizing<Vec<u8>>>) -> Result<Jwe<Decrypted>, JweRefusal> {
        let enc = self.header.enc();
        let content_key = match content_key.filter(|key| key.len() == enc.key_len()) {
            Some(key) => key,
            None => content::fresh_key(enc).map_err(|_| JweRefusal::Undecipherable)?,
        };
        let Encrypted { protected, iv, text, tag, .. } = &self.stage;
        let plain = content::open(enc, &content_key, protected.as_bytes(), &content::Sealed { iv, text, tag })?;
        Ok(Jwe { header: self.header, stage: Decrypted { plain: Secret::new(plain) } })
    }
}

impl Jwe<Decrypted> {
    /// What was inside.
    pub const fn plaintext(&self) -> &Secret<Vec<u8>> {
        &self.stage.plain
    }
}

impl<Stage> fmt::Debug for Jwe<Stage> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Jwe").field("header", &self.header).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
