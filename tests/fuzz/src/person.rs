//! What people type as their name, and what is said about them: the first line is a username, the rest the claims as JSON.

use claimsmith_issuer::person::{STANDARD_CLAIMS, USERNAME_MAX, Username, check_claims};

use crate::{Outcome, first_line};

/// A name that was prepared once stays what it is, and so does what it is found by; claims that pass are standard ones.
pub fn run(bytes: &[u8]) -> Outcome {
    let (name, claims) = first_line(bytes);
    let mut outcome = Outcome::Refused;
    if let Ok(name) = std::str::from_utf8(name)
        && let Ok(username) = Username::parse(name)
    {
        let again = Username::parse(username.as_str()).expect("what was prepared is a name");
        assert_eq!((again.as_str(), again.key()), (username.as_str(), username.key()));
        assert_eq!(Username::parse(username.key()).expect("the key is a name").key(), username.key());
        assert!(username.as_str().len() <= USERNAME_MAX && !username.key().chars().any(|letter| letter.is_control() || letter == ' '));
        outcome = Outcome::Accepted;
    }
    if let Ok(claims) = claimsmith_jose::parse_object(claims) {
        let refusals = check_claims(&claims);
        for (name, value) in claims.iter().filter(|(name, _)| refusals.iter().all(|refusal| !refusal.claim.starts_with(name.as_str()))) {
            let plain = name.split('#').next().unwrap_or_default();
            assert!(STANDARD_CLAIMS.contains(&plain) && !value.is_null());
            assert_eq!(value.is_boolean(), plain.ends_with("_verified"));
        }
    }
    outcome
}
