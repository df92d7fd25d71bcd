//! Compact JWS from outside.

use std::sync::LazyLock;

use claimsmith_jose::{Jws, MacAlg, Secret, SigningAlg, Unverified, VerifyingKey, base64url};

use crate::Outcome;

/// The key of RFC 7515 App. A.3, whose private half nobody here has.
const ES256: &[u8] =
    br#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// The key of RFC 7515 App. A.2.
const RS256: &[u8] = br#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;
/// The payload that both keys have signed, and nothing else.
const SIGNED: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

static KEYS: LazyLock<[VerifyingKey; 2]> = LazyLock::new(|| [ES256, RS256].map(|jwk| VerifyingKey::parse(jwk).expect("a key of the RFC")));

/// A token that is read has three canonical parts; nothing is verified that was not signed.
pub fn run(bytes: &[u8]) -> Outcome {
    let Ok(compact) = std::str::from_utf8(bytes) else { return Outcome::Refused };
    let read = || Jws::parse(compact);
    let Ok(token) = read() else { return Outcome::Refused };
    let parts: Vec<_> = compact.split('.').collect();
    assert_eq!(parts.len(), 3);
    for part in &parts {
        let decoded = base64url::decode(part).expect("it was read");
        assert_eq!(base64url::encode(decoded), *part, "two texts for one token");
    }
    let alleged = token.alleged_subject().map(str::to_owned);
    assert!(alleged.is_none_or(|subject| subject.len() <= compact.len()));
    for (key, alg) in KEYS.iter().zip(["eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9"]) {
        let verified = read().and_then(|token: Jws<Unverified>| token.verify(key, &SigningAlg::ALL));
        assert!(verified.is_err() || (parts[0], parts[1]) == (alg, SIGNED), "verified, and nobody signed it");
    }
    let secret = Secret::new(vec![0x5a; 64]);
    assert!(token.verify_mac(&secret, &MacAlg::ALL).is_err(), "a MAC under a secret that nobody knows");
    Outcome::Accepted
}
