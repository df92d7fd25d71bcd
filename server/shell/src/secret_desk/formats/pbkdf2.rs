//! PBKDF2 with HMAC (RFC 8018 §5.2), in the three spellings that are about.

use claimsmith_jose::Secret;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{HashRefusal, decode};

/// About a second of SHA-512.
const ROUNDS_MAX: u32 = 2_000_000;

#[derive(Debug, Clone, Copy)]
enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Debug)]
pub(super) struct Stored {
    prf: Prf,
    rounds: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// ```text
/// $pbkdf2-sha256$i=600000,l=32$<salt>$<hash>     PHC
/// $pbkdf2-sha256$29000$<salt>$<hash>             passlib: `.` for `+`
/// pbkdf2_sha256$600000$<salt as text>$<hash>     Django
/// ```
pub(super) fn parse(text: &str) -> Result<Stored, HashRefusal> {
    let fields: Vec<&str> = text.strip_prefix('$').unwrap_or(text).split('$').collect();
    let [name, parameters, salt, hash] = fields[..] else { return Err(HashRefusal::Malformed) };
    let prf = match name {
        "pbkdf2-sha256" | "pbkdf2_sha256" => Prf::Sha256,
        "pbkdf2-sha512" | "pbkdf2_sha512" => Prf::Sha512,
        "pbkdf2" | "pbkdf2_sha1" => Prf::Sha1,
        _ => return Err(HashRefusal::Unknown),
    };
    let rounds = match parameters.split(',').find_map(|parameter| parameter.strip_prefix("i=")) {
        Some(rounds) => rounds,
        None => parameters,
    };
    let rounds: u32 = rounds.parse().map_err(|_| HashRefusal::Malformed)?;
    let (salt, hash) = match text.starts_with('$') {
        true => (decode(&salt.replace('.', "+"))?, decode(&hash.replace('.', "+"))?),
        false => (salt.as_bytes().to_vec(), decode(hash)?),
    };
    if rounds > ROUNDS_MAX {
        return Err(HashRefusal::TooCostly);
    }
    if rounds == 0 || salt.is_empty() || !(16..=64).contains(&hash.len()) {
        return Err(HashRefusal::Malformed);
    }
    Ok(Stored { prf, rounds, salt, hash })
}

impl Stored {
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut computed = vec![0; self.hash.len()];
        match self.prf {
            Prf::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, &self.salt, self.rounds, &mut computed),
            Prf::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, &self.salt, self.rounds, &mut computed),
            Prf::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, &self.salt, self.rounds, &mut computed),
        }
        Secret::new(computed).equals(&self.hash)
    }
}
