//! Proof key for code exchange ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)). `plain` does not exist.

use claimsmith_jose::{Digest, base64url};
use serde::{Deserialize, Serialize};

/// An S256 `code_challenge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge(Box<str>);

/// Why a challenge cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChallenge {
    /// Another method than S256; a challenge without a method is `plain` (§4.3).
    #[error("transform algorithm not supported: code_challenge_method must be S256")]
    Method,
    /// Not 43 characters of base64url (§4.2).
    #[error("code_challenge must be 43 characters of base64url")]
    Syntax,
    /// A method without a challenge.
    #[error("code_challenge is missing")]
    Missing,
}

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`; nothing when neither was sent.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, InvalidChallenge> {
        let (challenge, method) = match (challenge, method) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(InvalidChallenge::Missing),
            (Some(challenge), method) => (challenge, method.unwrap_or("plain")),
        };
        if method != "S256" {
            return Err(InvalidChallenge::Method);
        }
        let digest = base64url::decode(challenge).map_err(|_| InvalidChallenge::Syntax)?;
        if challenge.len() != 43 || digest.len() != 32 {
            return Err(InvalidChallenge::Syntax);
        }
        Ok(Some(Self(challenge.into())))
    }

    /// Whether the verifier is the one that the challenge was made from ([RFC 7636 §4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6)).
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let expected = base64url::decode(&*self.0).ok().and_then(|bytes| Digest::try_from(bytes.as_slice()).ok());
        // Security: digests are compared in constant time.
        is_verifier(verifier) && expected == Some(Digest::of(verifier.as_bytes()))
    }
}

/// Whether the text can be a `code_verifier`: 43 to 128 unreserved characters (§4.1).
pub fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 App. B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn parse(challenge: &str) -> Result<Option<Challenge>, InvalidChallenge> {
        Challenge::parse(Some(challenge), Some("S256"))
    }

    #[test]
    fn pkc_003_and_pkc_004_only_s256_is_a_method() {
        for method in [None, Some("plain"), Some("S512"), Some("s256")] {
            assert_eq!(Challenge::parse(Some(CHALLENGE), method), Err(InvalidChallenge::Method), "{method:?}");
        }
        assert_eq!(Challenge::parse(None, Some("S256")), Err(InvalidChallenge::Missing));
        assert_eq!(Challenge::parse(None, None), Ok(None));
    }

    #[test]
    fn pkc_005_a_challenge_has_43_characters() {
        assert!(parse(CHALLENGE).is_ok_and(|read| read.is_some()));
        for bad in [
            &CHALLENGE[1..],
            &format!("{CHALLENGE}A"),
            &format!("{}=", &CHALLENGE[1..]),
            &format!("{}!", &CHALLENGE[1..]),
            &"A".repeat(129),
            "",
        ] {
            assert_eq!(parse(bad), Err(InvalidChallenge::Syntax), "{bad}");
        }
    }

    #[test]
    fn pkc_007_and_pkc_010_the_verifier_is_the_challenges_own() {
        let challenge = parse(CHALLENGE).expect("good").expect("there");
        assert!(challenge.is_met_by(VERIFIER));
        let flipped = VERIFIER.replace("Xk", "Xl");
        for other in [flipped.as_str(), CHALLENGE, &format!("{VERIFIER}="), "", &VERIFIER.to_uppercase()] {
            assert!(!challenge.is_met_by(other), "{other}");
        }
    }

    #[test]
    fn pkc_009_verifiers_keep_to_their_syntax() {
        assert!(is_verifier(VERIFIER) && is_verifier(&"~".repeat(128)));
        for bad in [&"a".repeat(42), &"a".repeat(129), &format!("{VERIFIER}\u{e4}"), &format!("{VERIFIER}=")] {
            assert!(!is_verifier(bad), "{bad}");
        }
    }
}
