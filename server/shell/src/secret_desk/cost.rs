//! What Argon2id may cost, and its strings.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use claimsmith_jose::Secret;

/// The longest PHC string that is looked at, in bytes.
const PHC_MAX: usize = 256;
/// Caps on what a stored hash may ask of us: 64 MiB, and 256 MiB filled in all passes together (about 0.3 s).
const MEMORY_MAX_KIB: u32 = 64 * 1024;
const WORK_MAX_KIB: u64 = 256 * 1024;
const LANES_MAX: u32 = 8;
/// Hashes shorter than this, in bytes, could be matched by chance.
const OUTPUT_MIN: usize = 16;

/// The parameters of Argon2id (RFC 9106 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes. They are computed one after another here.
    pub lanes: u32,
}

impl Default for Cost {
    /// The first choice of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// Why a PHC string, or a cost, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhcRefusal {
    /// Not a PHC string with salt and hash.
    #[error("not a PHC string with parameters, salt and hash")]
    Malformed,
    /// Another function than Argon2id.
    #[error("only argon2id is accepted")]
    NotArgon2id,
    /// Another version than 19 (0x13).
    #[error("only version 19 of argon2id is accepted")]
    Version,
    /// Parameters besides m, t and p, or values that Argon2id does not have.
    #[error("the parameters m, t and p are not ones that argon2id has")]
    Parameters,
    /// More than we are willing to spend.
    #[error("the parameters ask for more than {MEMORY_MAX_KIB} KiB, {WORK_MAX_KIB} KiB in all passes, or {LANES_MAX} lanes")]
    TooCostly,
    /// The hash is too short.
    #[error("the hash is shorter than {OUTPUT_MIN} bytes")]
    ShortHash,
}

impl Cost {
    /// Whether it is one that stored hashes may have.
    pub fn check(self) -> Result<(), PhcRefusal> {
        self.params().map(|_| ())
    }

    /// Security: a stored hash says itself what checking it costs; one that was brought in may say anything.
    fn params(self) -> Result<Params, PhcRefusal> {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        if self.memory_kib > MEMORY_MAX_KIB || work > WORK_MAX_KIB || self.lanes > LANES_MAX {
            return Err(PhcRefusal::TooCostly);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| PhcRefusal::Parameters)
    }

    /// Hashes; none where Argon2 cannot, which needs a secret of more than 4 GiB.
    pub(super) fn hash(self, secret: &Secret<String>, salt: &[u8]) -> Option<String> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params().ok()?);
        let hashed = argon2.hash_password_with_salt(secret.expose().as_bytes(), salt).ok()?;
        Some(hashed.to_string())
    }
}

/// Whether a stored or imported string is one that secrets can be checked against; tells its cost.
pub fn recognise_phc(text: &str) -> Result<Cost, PhcRefusal> {
    parse(text).map(|(_, cost)| cost)
}

fn parse(text: &str) -> Result<(PasswordHash, Cost), PhcRefusal> {
    if text.len() > PHC_MAX {
        return Err(PhcRefusal::Malformed);
    }
    let parsed = PasswordHash::new(text).map_err(|_| PhcRefusal::Malformed)?;
    if parsed.algorithm.as_str() != "argon2id" {
        return Err(PhcRefusal::NotArgon2id);
    }
    if parsed.version != Some(Version::V0x13.into()) {
        return Err(PhcRefusal::Version);
    }
    let (Some(_), Some(hash)) = (&parsed.salt, &parsed.hash) else { return Err(PhcRefusal::Malformed) };
    if hash.len() < OUTPUT_MIN {
        return Err(PhcRefusal::ShortHash);
    }
    let parameter = |name: &str| parsed.params.get_decimal(name).ok_or(PhcRefusal::Parameters);
    let cost = Cost { memory_kib: parameter("m")?, passes: parameter("t")?, lanes: parameter("p")? };
    if parsed.params.iter().count() != 3 {
        return Err(PhcRefusal::Parameters);
    }
    cost.check()?;
    Ok((parsed, cost))
}

/// Whether `presented` is what was hashed. A string that we would not accept matches nothing.
pub(super) fn matches(text: &str, presented: &Secret<String>) -> bool {
    match parse(text) {
        Ok((hash, _)) => Argon2::default().verify_password(presented.expose().as_bytes(), &hash).is_ok(),
        Err(reason) => {
            tracing::error!(%reason, "a stored secret hash is unusable");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$c2FsdHNhbHRzYWx0$cXdlcnR5dWlvcGFzZGZnaGprbHp4Y3Zibm0xMjM0NTY";

    #[test]
    fn imported_strings_are_held_to_what_we_can_afford() {
        let ok = |m, t, p| Ok(Cost { memory_kib: m, passes: t, lanes: p });
        let table = [
            ("argon2id$v=19$m=19456,t=2,p=1", ok(19_456, 2, 1)),
            ("argon2id$v=19$m=65536,t=3,p=4", ok(65_536, 3, 4)),
            ("argon2id$v=19$m=65536,t=4,p=1", ok(65_536, 4, 1)),
            ("argon2id$v=19$m=65536,t=5,p=1", Err(PhcRefusal::TooCostly)),
            ("argon2id$v=19$m=65537,t=1,p=1", Err(PhcRefusal::TooCostly)),
            ("argon2id$v=19$m=4294967295,t=4294967295,p=1", Err(PhcRefusal::TooCostly)),
            ("argon2id$v=19$m=8,t=4294967295,p=1", Err(PhcRefusal::TooCostly)),
            ("argon2id$v=19$m=1024,t=1,p=9", Err(PhcRefusal::TooCostly)),
            ("argon2id$v=19$m=8,t=1,p=8", Err(PhcRefusal::Parameters)),
            ("argon2id$v=19$m=1024,t=0,p=1", Err(PhcRefusal::Parameters)),
            ("argon2id$v=19$m=1024,t=1", Err(PhcRefusal::Parameters)),
            ("argon2id$v=19$m=1024,t=1,p=1,keyid=YWJj", Err(PhcRefusal::Parameters)),
            ("argon2id$v=16$m=1024,t=1,p=1", Err(PhcRefusal::Version)),
            ("argon2id$m=1024,t=1,p=1", Err(PhcRefusal::Version)),
            ("argon2i$v=19$m=1024,t=1,p=1", Err(PhcRefusal::NotArgon2id)),
            ("scrypt$v=19$m=1024,t=1,p=1", Err(PhcRefusal::NotArgon2id)),
        ];
        for (head, expected) in table {
            assert_eq!(recognise_phc(&format!("${head}{HASH}")), expected, "{head}");
        }
        assert_eq!(recognise_phc("$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0"), Err(PhcRefusal::Malformed));
        assert_eq!(recognise_phc("$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0$cXdlcnR5dWlvcGE"), Err(PhcRefusal::ShortHash));
        assert_eq!(recognise_phc("$2b$12$abcdefghijklmnopqrstuv"), Err(PhcRefusal::Malformed));
        assert_eq!(recognise_phc(&format!("$argon2id$v=19$m=1024,t=1,p=1${}{HASH}", "a".repeat(PHC_MAX))), Err(PhcRefusal::Malformed));
    }

    #[test]
    fn what_was_hashed_matches_and_nothing_else() {
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let stored = cost.hash(&Secret::new("p+ä:%/=".to_owned()), b"saltsaltsaltsalt").unwrap();
        assert_eq!(recognise_phc(&stored), Ok(cost));
        assert!(matches(&stored, &Secret::new("p+ä:%/=".to_owned())));
        assert!(!matches(&stored, &Secret::new("p+ä:%/".to_owned())));
        assert!(!matches(&stored, &Secret::new(String::new())));
    }

    #[test]
    fn the_vector_of_rfc_9106_without_key_and_data() {
        // The reference program: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(matches(stored, &Secret::new("password".to_owned())));
    }

    #[test]
    fn a_hostile_string_is_not_computed() {
        let stored = format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1{HASH}");
        assert!(!matches(&stored, &Secret::new("x".to_owned())));
    }
}
