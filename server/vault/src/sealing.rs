//! Values at rest: AES-256-GCM under a key derived from the master key, bound to the place where they are kept.
//!
//! ```text
//! format 0x01 │ master key id (8) │ nonce (12) │ ciphertext │ tag (16)
//! ```

use claimsmith_jose::Secret;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use crate::fault::SealFault;
use crate::master_key::{MasterKey, MasterKeyId, Purpose};

const FORMAT: u8 = 1;
const ID_END: usize = 9;
const NONCE_END: usize = ID_END + 12;
const TAG_LEN: usize = 16;

/// What the check value says when it opens.
const CHECK_TEXT: &[u8] = b"claimsmith master key check";
const CHECK_PLACE: Place<'static> = Place { table: "vault", column: "check_value", row: "" };

/// Where a sealed value is kept. A value opens in its own place only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Table name.
    pub table: &'static str,
    /// Column name.
    pub column: &'static str,
    /// The row's primary key as text.
    pub row: &'a str,
}

/// Seals with the current master key; opens with it and with older ones.
// Invariant: all keys are different, so a key id finds one key.
#[derive(Debug)]
pub struct Sealer {
    current: SealingKey,
    older: Vec<SealingKey>,
}

#[derive(Debug)]
struct SealingKey {
    id: MasterKeyId,
    key: Secret<[u8; 32]>,
}

/// What a good check value says about the configured master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckValue {
    /// It was made with the current master key.
    Current,
    /// It was made with an older one: values wait to be sealed again.
    Older(MasterKeyId),
}

impl SealingKey {
    fn of(master: &MasterKey) -> Self {
        Self { id: master.id(), key: master.derive(Purpose::Sealing) }
    }
}

impl Sealer {
    /// A sealer that seals with `current` and also opens what `older` keys sealed.
    pub fn new(current: &MasterKey, older: &[MasterKey]) -> Self {
        let older = older.iter().filter(|key| key.id() != current.id()).map(SealingKey::of).collect();
        Self { current: SealingKey::of(current), older }
    }

    /// The name of the key that seals.
    pub const fn current_key_id(&self) -> MasterKeyId {
        self.current.id
    }

    /// Seals `plain` for `place`; 37 bytes longer than it.
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealFault> {
        // Invariant: a random 96-bit nonce is safe for 2^32 values under one key (NIST SP 800-38D §8.3).
        let mut nonce = [0; 12];
        openssl::rand::rand_bytes(&mut nonce)?;
        let mut sealed = Vec::with_capacity(NONCE_END + plain.len() + TAG_LEN);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&self.current.id.0);
        let bound = bound_data(&sealed, place);
        let mut tag = [0; TAG_LEN];
        let cipher = Cipher::aes_256_gcm();
        let text = encrypt_aead(cipher, self.current.key.expose(), Some(&nonce), &bound, plain, &mut tag)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealFault> {
        let key_id = sealed_under(sealed).ok_or_else(|| malformed(place))?;
        let key = self.find(key_id).ok_or_else(|| SealFault::UnknownKey { key_id, configured: self.configured() })?;
        let (head, rest) = sealed.split_at(NONCE_END);
        let (text, tag) = rest.split_at(rest.len() - TAG_LEN);
        let bound = bound_data(&head[..ID_END], place);
        let nonce = &head[ID_END..];
        match decrypt_aead(Cipher::aes_256_gcm(), key.key.expose(), Some(nonce), &bound, text, tag) {
            Ok(plain) => Ok(Secret::new(plain)),
            Err(_) => Err(tampered(place)),
        }
    }

    /// Seals a value again when it is not under the current key; `None` when it is. It must open in any case.
    pub fn reseal(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealFault> {
        let plain = self.open(place, sealed)?;
        if sealed_under(sealed) == Some(self.current.id) {
            return Ok(None);
        }
        self.seal(place, plain.expose()).map(Some)
    }

    /// A value to keep beside the sealed ones, by which a start with a wrong master key is noticed at once.
    pub fn check_value(&self) -> Result<Vec<u8>, SealFault> {
        self.seal(&CHECK_PLACE, CHECK_TEXT)
    }

    /// Checks the configured master keys against a kept check value. [`SealFault::UnknownKey`] names the key that is
    /// missing.
    pub fn verify_check_value(&self, kept: &[u8]) -> Result<CheckValue, SealFault> {
        let opened = self.open(&CHECK_PLACE, kept)?;
        if !opened.equals(CHECK_TEXT) {
            return Err(tampered(&CHECK_PLACE));
        }
        match sealed_under(kept) {
            Some(id) if id != self.current.id => Ok(CheckValue::Older(id)),
            _ => Ok(CheckValue::Current),
        }
    }

    fn find(&self, id: MasterKeyId) -> Option<&SealingKey> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.id == id)
    }

    fn configured(&self) -> String {
        let ids = std::iter::once(&self.current).chain(&self.older).map(|key| key.id.to_string());
        ids.collect::<Vec<_>>().join(", ")
    }
}

/// The master key a sealed value names; `None` when it is no sealed value.
fn sealed_under(sealed: &[u8]) -> Option<MasterKeyId> {
    if sealed.len() < NONCE_END + TAG_LEN || sealed[0] != FORMAT {
        return None;
    }
    sealed[1..ID_END].try_into().ok().map(MasterKeyId)
}

/// What the tag vouches for beside the text: format, key and place. Lengths go first, so that no two places run together.
fn bound_data(head: &[u8], place: &Place<'_>) -> Vec<u8> {
    let mut bound = head.to_vec();
    for part in [place.table, place.column, place.row] {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}

fn tampered(place: &Place<'_>) -> SealFault {
    SealFault::Tampered { table: place.table, column: place.column, row: place.row.to_owned() }
}

fn malformed(place: &Place<'_>) -> SealFault {
    SealFault::Malformed { table: place.table, column: place.column, row: place.row.to_owned() }
}

#[cfg(test)]
mod tests;
