//! `userPassword` of LDAP (RFC 2307 §5.3): one round of a hash over password and salt. Weak, and therefore soon replaced.

use claimsmith_jose::Secret;
use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha512};

use super::{HashRefusal, decode};

#[derive(Debug, Clone, Copy)]
enum Function {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Debug)]
pub(super) struct Stored {
    function: Function,
    hash: Vec<u8>,
    salt: Vec<u8>,
}

/// `{SSHA}` and base64 of the hash with the salt after it; without a salt, `{SHA}`.
pub(super) fn parse(text: &str) -> Result<Stored, HashRefusal> {
    let (scheme, value) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')).ok_or(HashRefusal::Malformed)?;
    let (function, length, salted) = match scheme.to_ascii_uppercase().as_str() {
        "SSHA" => (Function::Sha1, 20, true),
        "SSHA256" => (Function::Sha256, 32, true),
        "SSHA512" => (Function::Sha512, 64, true),
        "SHA" => (Function::Sha1, 20, false),
        "SHA256" => (Function::Sha256, 32, false),
        "SHA512" => (Function::Sha512, 64, false),
        _ => return Err(HashRefusal::Unknown),
    };
    let mut hash = decode(value)?;
    if hash.len() < length || (hash.len() > length) != salted {
        return Err(HashRefusal::Malformed);
    }
    let salt = hash.split_off(length);
    Ok(Stored { function, hash, salt })
}

impl Stored {
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let computed = match self.function {
            Function::Sha1 => Sha1::new().chain_update(password).chain_update(&self.salt).finalize().to_vec(),
            Function::Sha256 => Sha256::new().chain_update(password).chain_update(&self.salt).finalize().to_vec(),
            Function::Sha512 => Sha512::new().chain_update(password).chain_update(&self.salt).finalize().to_vec(),
        };
        Secret::new(computed).equals(&self.hash)
    }
}
