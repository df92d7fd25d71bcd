//! Recovery codes: for who has lost app and passkeys. Eighty random bits each, shown once, good once.

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::person::UserId;
use claimsmith_jose::{Digest, Secret};
use claimsmith_protocol::time::Timestamp;

use super::{Origin, People, Refused, SignInFailure, throttle};
use crate::failure::Fault;

/// Codes of one set.
pub const CODES: usize = 10;

/// Crockford's alphabet: no letter that could be read as a digit, and no U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 16;

impl People {
    /// Gives somebody a new set of codes; the former set ends. They are shown now and never again.
    pub async fn new_recovery_codes(&self, user: &UserId) -> Result<Vec<Secret<String>>, Fault> {
        let codes: Vec<Secret<String>> = (0..CODES).map(|_| fresh()).collect();
        let digests = codes.iter().map(|code| digest(user, code.expose())).collect();
        self.store.replace_recovery_codes(user, user, digests).await?;
        Ok(codes)
    }

    /// Uses up a recovery code.
    pub async fn verify_recovery_code(
        &self,
        user: &UserId,
        code: &str,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Method, SignInFailure> {
        let device = self.device(user, origin, now);
        let account = throttle::Account::Code(user);
        let charged = throttle::charge(&self.store, &self.settings.throttle, account, origin.address, device).await?;
        if !self.store.spend_recovery_code(user, digest(user, code)).await? {
            return Err(Refused::Wrong.into());
        }
        charged.refund(&self.store).await?;
        Ok(Method::RecoveryCode)
    }
}

/// `xxxx-xxxx-xxxx-xxxx`.
fn fresh() -> Secret<String> {
    let mut bytes = [0; LETTERS];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    let mut code = String::with_capacity(LETTERS + 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index.is_multiple_of(4) {
            code.push('-');
        }
        // Invariant: 32 letters divide 256, so each is as likely as the others.
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Secret::new(code)
}

/// The digest of a code, whatever its capitals, spaces and hyphens, and with the letters that it does not have read as digits.
fn digest(user: &UserId, code: &str) -> Digest {
    let letters = code.chars().filter(char::is_ascii_alphanumeric).map(|letter| match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        letter => letter,
    });
    Digest::of(format!("{user} {}", letters.collect::<String>()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eighty_bits_and_reads_the_same_however_it_is_typed() {
        let (code, user) = (fresh(), UserId::from_random([1; 16]));
        let text = code.expose();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3));
        assert!(!text.contains(['i', 'l', 'o', 'u']));
        assert_ne!(fresh().expose(), text);
        let same = text.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "I");
        assert_eq!(digest(&user, &same), digest(&user, text));
        assert_ne!(digest(&UserId::from_random([2; 16]), text), digest(&user, text));
    }
}
