//! Compact JWE: parsed, and opened with a secret, which nobody's bytes but the right ones may do.

use claimsmith_jose::{Jwe, Secret};

use crate::Outcome;

/// The secret of the seeds.
const SECRET: &str = "the secret of the seeds, which everybody knows";

/// What opens has a plaintext and came in five parts; nothing that was bent opens.
pub fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else { return Outcome::Refused };
    let Ok(jwe) = Jwe::parse(text) else { return Outcome::Refused };
    assert_eq!(text.split('.').count(), 5);
    let secret = Secret::new(SECRET.to_owned());
    match jwe.decrypt_with_secret(&secret) {
        Ok(opened) => {
            assert_eq!(opened.plaintext().expose(), b"seed");
            Outcome::Accepted
        }
        Err(_) => Outcome::Refused,
    }
}
