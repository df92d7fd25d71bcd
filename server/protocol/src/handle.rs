//! What a code, a refresh token and the `jti` of an access token have in common: they begin with the id of their grant, so that
//! everything about them is one look at one row.

use std::fmt;

use claimsmith_jose::{Digest, Secret, base64url};

/// Names a grant: what one person allowed one client, once. 128 random bits; no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId([u8; 16]);

impl GrantId {
    /// Takes 16 random bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The grant of an access token by its `jti`; absent where a client got it for itself.
    pub fn of_jti(jti: &str) -> Option<Self> {
        let bytes: [u8; 32] = base64url::decode(jti).ok()?.try_into().ok()?;
        bytes.first_chunk().copied().map(Self)
    }

    /// A `jti` for an access token of this grant; `chance` is fresh.
    pub fn jti(&self, chance: [u8; 16]) -> Box<str> {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.0);
        bytes[16..].copy_from_slice(&chance);
        base64url::encode(bytes).into_boxed_str()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&base64url::encode(self.0))
    }
}

/// An authorization code: the grant's id and 256 random bits, in 64 characters of base64url (RFC 6749 App. A.11).
pub struct Code(Secret<String>);

impl Code {
    /// Makes one; `chance` is fresh.
    pub fn new(grant: GrantId, chance: [u8; 32]) -> Self {
        Self(Secret::new(join(grant, &chance)))
    }

    /// What is sent.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept.
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }

    /// The grant that a presented code claims to be of; absent where it is no code of ours.
    pub fn grant_of(text: &str) -> Option<GrantId> {
        split::<48>(text).map(|(grant, _)| grant)
    }
}

/// A refresh token: the grant's id, the number of the token within the grant, and a MAC over both, in 70 characters of base64url.
///
/// The MAC is what makes it a secret. It can be made again from its number, so that a retry may get the same answer, and it tells a
/// token that once was good from one that somebody made up, without a row for every token that ever was.
pub struct RefreshToken(Secret<String>);

/// What a refresh token says about itself before anybody believes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaim {
    /// The grant.
    pub grant: GrantId,
    /// Which of the grant's tokens it is, from 0.
    pub number: u32,
    /// The MAC it came with.
    pub mac: [u8; 32],
}

impl RefreshToken {
    /// What the MAC is made over.
    pub fn message(grant: GrantId, number: u32) -> [u8; 20] {
        let mut message = [0; 20];
        message[..16].copy_from_slice(grant.as_bytes());
        message[16..].copy_from_slice(&number.to_be_bytes());
        message
    }

    /// Puts one together.
    pub fn new(grant: GrantId, number: u32, mac: [u8; 32]) -> Self {
        let mut tail = [0; 36];
        tail[..4].copy_from_slice(&number.to_be_bytes());
        tail[4..].copy_from_slice(&mac);
        Self(Secret::new(join(grant, &tail)))
    }

    /// What is sent.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept.
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }

    /// Reads a presented refresh token; absent where it is none of ours.
    pub fn read(text: &str) -> Option<RefreshClaim> {
        let (grant, tail) = split::<52>(text)?;
        let number = u32::from_be_bytes(*tail.first_chunk()?);
        Some(RefreshClaim { grant, number, mac: *tail.last_chunk()? })
    }
}

/// The secret of a device: the id of its first app's grant, and a MAC, in 64 characters of base64url (OpenID Connect Native SSO §3.2).
pub struct DeviceSecret(Secret<String>);

impl DeviceSecret {
    /// Puts one together.
    pub fn new(grant: GrantId, mac: [u8; 32]) -> Self {
        Self(Secret::new(join(grant, &mac)))
    }

    /// What is sent.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The grant and the MAC that a presented one claims; absent where it is none of ours.
    pub fn read(text: &str) -> Option<(GrantId, [u8; 32])> {
        let (grant, mac) = split::<48>(text)?;
        Some((grant, mac.try_into().ok()?))
    }
}

fn join(grant: GrantId, tail: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(16 + tail.len());
    bytes.extend_from_slice(grant.as_bytes());
    bytes.extend_from_slice(tail);
    base64url::encode(bytes)
}

fn split<const LENGTH: usize>(text: &str) -> Option<(GrantId, Vec<u8>)> {
    // Security: nothing long is decoded.
    if text.len() > 2 * LENGTH {
        return None;
    }
    let bytes = base64url::decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
    Some((GrantId(*bytes.first_chunk()?), bytes[16..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: GrantId = GrantId([7; 16]);

    #[test]
    fn cod_011_a_code_is_short_and_url_safe() {
        let code = Code::new(GRANT, [0xff; 32]);
        assert!(code.expose().len() == 64 && code.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        assert_eq!(Code::grant_of(code.expose()), Some(GRANT));
    }

    #[test]
    fn each_kind_is_told_by_its_length() {
        let (code, refresh) = (Code::new(GRANT, [1; 32]), RefreshToken::new(GRANT, 3, [9; 32]));
        assert_eq!(RefreshToken::read(refresh.expose()), Some(RefreshClaim { grant: GRANT, number: 3, mac: [9; 32] }));
        assert_eq!((RefreshToken::read(code.expose()), Code::grant_of(refresh.expose())), (None, None));
        for text in ["", "x", "a.b.c", &"A".repeat(10_000), &format!("{}=", refresh.expose())] {
            assert_eq!((RefreshToken::read(text), Code::grant_of(text)), (None, None), "{text}");
        }
    }

    #[test]
    fn a_jti_leads_to_its_grant() {
        let jti = GRANT.jti([5; 16]);
        assert_eq!(GrantId::of_jti(&jti), Some(GRANT));
        assert_eq!(GrantId::of_jti("AAAAAAAAAAAAAAAAAAAAAA"), None, "a client's own");
        assert_eq!(GrantId::parse(&GRANT.to_string()), Some(GRANT));
    }
}
