//! Hashes of passwords that somebody else made. They are believed until the next sign-in, and then replaced by Argon2id.
//!
//! | begins with | function |
//! |---|---|
//! | `$argon2id$`, `$argon2i$`, `$argon2d$` | Argon2 (RFC 9106), PHC string |
//! | `$2a$`, `$2b$`, `$2y$` | bcrypt |
//! | `$pbkdf2-sha256$`, `$pbkdf2-sha512$`, `$pbkdf2$`, `pbkdf2_sha256$` | PBKDF2 (RFC 8018): PHC, passlib, Django |
//! | `$scrypt$` | scrypt (RFC 7914), PHC string |
//! | `$6$`, `$5$` | SHA-512-crypt and SHA-256-crypt |
//! | `{SSHA}`, `{SSHA256}`, `{SSHA512}`, `{SHA}` … | LDAP (RFC 2307); `{CRYPT}` before any of the others |

mod ldap;
mod pbkdf2;

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use claimsmith_jose::Secret;

use super::cost::{self, Cost};

/// The longest hash that is looked at, in bytes.
pub const HASH_MAX: usize = 512;

/// Caps on what a stored hash may ask of us; each is about a second of work, or the memory that one check may take.
const BCRYPT_COST_MAX: u32 = 14;
const SHA_CRYPT_ROUNDS_MAX: u32 = 1_000_000;
const MEMORY_MAX: u64 = 128 << 20;
const SCRYPT_WORK_MAX: u64 = 512 << 20;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Why a hash is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashRefusal {
    /// No format that is known.
    #[error("no known format: argon2, bcrypt, pbkdf2, scrypt, sha512-crypt and the salted ones of LDAP are")]
    Unknown,
    /// A known format, but not well-formed.
    #[error("not a well-formed hash of its format")]
    Malformed,
    /// More than we are willing to spend at a sign-in.
    #[error("its parameters ask for more memory or time than a sign-in may take")]
    TooCostly,
}

/// A stored hash with its parameters checked.
#[derive(Debug)]
enum Stored<'a> {
    Argon2(Box<Phc>),
    Bcrypt(&'a str),
    Pbkdf2(pbkdf2::Stored),
    Scrypt { params: scrypt::Params, salt: Vec<u8>, hash: Vec<u8> },
    ShaCrypt(&'a str),
    Ldap(ldap::Stored),
}

/// Whether a hash is one that passwords can be checked against.
pub fn recognise_hash(text: &str) -> Result<(), HashRefusal> {
    parse(text).map(drop)
}

/// Whether a hash is other than what a new one would be: made by another function, or cheaper to guess at.
pub(super) fn wants_upgrade(text: &str, cost: Cost) -> bool {
    match cost::recognise_phc(text) {
        Err(_) => true,
        Ok(stored) => stored.memory_kib < cost.memory_kib || stored.passes < cost.passes,
    }
}

/// Whether `presented` is what was hashed. A hash that we would not accept matches nothing.
pub(super) fn matches(text: &str, presented: &Secret<String>) -> bool {
    let password = presented.expose().as_bytes();
    match parse(text) {
        Ok(Stored::Argon2(hash)) => Argon2::default().verify_password(password, &*hash).is_ok(),
        // Security: what bcrypt does not look at, beyond 72 bytes, was never part of the hash; the upgrade takes it in.
        Ok(Stored::Bcrypt(text)) => bcrypt::verify(password, text).unwrap_or(false),
        Ok(Stored::Pbkdf2(stored)) => stored.matches(password),
        Ok(Stored::Scrypt { params, salt, hash }) => {
            let mut computed = vec![0; hash.len()];
            scrypt::scrypt(password, &salt, &params, &mut computed).is_ok() && Secret::new(computed).equals(&hash)
        }
        Ok(Stored::ShaCrypt(text)) => sha_crypt_matches(text, password),
        Ok(Stored::Ldap(stored)) => stored.matches(password),
        Err(reason) => {
            tracing::error!(%reason, "a stored password hash is unusable");
            false
        }
    }
}

fn sha_crypt_matches(text: &str, password: &[u8]) -> bool {
    use sha_crypt::PasswordVerifier as _;
    let Ok(hash) = sha_crypt::PasswordHash::new(text) else { return false };
    sha_crypt::ShaCrypt::default().verify_password(password, &hash).is_ok()
}

fn parse(text: &str) -> Result<Stored<'_>, HashRefusal> {
    if text.len() > HASH_MAX {
        return Err(HashRefusal::Malformed);
    }
    let text = text.strip_prefix("{CRYPT}").or_else(|| text.strip_prefix("{crypt}")).unwrap_or(text);
    let begins = |heads: &[&str]| heads.iter().any(|head| text.starts_with(head));
    if begins(&["$argon2id$", "$argon2i$", "$argon2d$"]) {
        argon2(text).map(|hash| Stored::Argon2(Box::new(hash)))
    } else if begins(&["$2a$", "$2b$", "$2y$"]) {
        bcrypt(text).map(Stored::Bcrypt)
    } else if begins(&["$pbkdf2", "pbkdf2_"]) {
        pbkdf2::parse(text).map(Stored::Pbkdf2)
    } else if begins(&["$scrypt$"]) {
        scrypt(text)
    } else if begins(&["$6$", "$5$"]) {
        sha_crypt(text).map(Stored::ShaCrypt)
    } else if begins(&["{"]) {
        ldap::parse(text).map(Stored::Ldap)
    } else {
        Err(HashRefusal::Unknown)
    }
}

fn argon2(text: &str) -> Result<Phc, HashRefusal> {
    let hash = Phc::new(text).map_err(|_| HashRefusal::Malformed)?;
    let known = Algorithm::new(hash.algorithm).is_ok() && hash.params.iter().count() == 3;
    let enough = hash.salt.is_some() && hash.hash.as_ref().is_some_and(|hash| hash.len() >= 16);
    if !known || !enough {
        return Err(HashRefusal::Malformed);
    }
    let parameter = |name: &str| hash.params.get_decimal(name).ok_or(HashRefusal::Malformed);
    let cost = Cost { memory_kib: parameter("m")?, passes: parameter("t")?, lanes: parameter("p")? };
    match cost.check() {
        Ok(()) => Ok(hash),
        Err(cost::PhcRefusal::TooCostly) => Err(HashRefusal::TooCostly),
        Err(_) => Err(HashRefusal::Malformed),
    }
}

fn bcrypt(text: &str) -> Result<&str, HashRefusal> {
    let parts: bcrypt::HashParts = text.parse().map_err(|_| HashRefusal::Malformed)?;
    match parts.get_cost() {
        4..=BCRYPT_COST_MAX => Ok(text),
        0..4 => Err(HashRefusal::Malformed),
        _ => Err(HashRefusal::TooCostly),
    }
}

/// `$scrypt$ln=16,r=8,p=1$salt$hash`.
fn scrypt(text: &str) -> Result<Stored<'_>, HashRefusal> {
    let mut fields = text.trim_start_matches("$scrypt$").split('$');
    let (Some(parameters), Some(salt), Some(hash), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        return Err(HashRefusal::Malformed);
    };
    let mut numbers = [("ln", None), ("r", None), ("p", None)];
    for parameter in parameters.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(HashRefusal::Malformed)?;
        let slot = numbers.iter_mut().find(|(known, slot)| *known == name && slot.is_none()).ok_or(HashRefusal::Malformed)?;
        slot.1 = Some(value.parse::<u32>().map_err(|_| HashRefusal::Malformed)?);
    }
    let [Some(log_n), Some(r), Some(p)] = numbers.map(|(_, number)| number) else { return Err(HashRefusal::Malformed) };
    let memory = 128_u64.checked_shl(log_n).unwrap_or(u64::MAX).saturating_mul(r.into());
    if log_n > 24 || memory > MEMORY_MAX || memory.saturating_mul(p.into()) > SCRYPT_WORK_MAX {
        return Err(HashRefusal::TooCostly);
    }
    let log_n = u8::try_from(log_n).map_err(|_| HashRefusal::Malformed)?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| HashRefusal::Malformed)?;
    let (salt, hash) = (decode(salt)?, decode(hash)?);
    if hash.len() < 16 {
        return Err(HashRefusal::Malformed);
    }
    Ok(Stored::Scrypt { params, salt, hash })
}

/// `$6$salt$hash` or `$6$rounds=10000$salt$hash`.
fn sha_crypt(text: &str) -> Result<&str, HashRefusal> {
    let fields: Vec<&str> = text.split('$').skip(2).collect();
    let (rounds, hash) = match fields[..] {
        [_, hash] => (None, hash),
        [rounds, _, hash] => (Some(rounds.strip_prefix("rounds=").ok_or(HashRefusal::Malformed)?), hash),
        _ => return Err(HashRefusal::Malformed),
    };
    let rounds = rounds.map_or(Ok(5_000), str::parse::<u32>).map_err(|_| HashRefusal::Malformed)?;
    let length = if text.starts_with("$6$") { 86 } else { 43 };
    if rounds > SHA_CRYPT_ROUNDS_MAX {
        return Err(HashRefusal::TooCostly);
    }
    if hash.len() != length || rounds < 1_000 || sha_crypt::PasswordHash::new(text).is_err() {
        return Err(HashRefusal::Malformed);
    }
    Ok(text)
}

fn decode(text: &str) -> Result<Vec<u8>, HashRefusal> {
    BASE64.decode(text).map_err(|_| HashRefusal::Malformed)
}

#[cfg(test)]
mod tests;
