//! JWK and JWK sets, as clients publish and as administrators register them.

use claimsmith_jose::{JwkSet, SigningAlg, VerifyingKey, parse_object};

use crate::Outcome;

/// A key that is read is written without private members, and read again as the same key.
pub fn run(json: &[u8]) -> Outcome {
    if let Ok(members) = parse_object(json) {
        let lax: serde_json::Value = serde_json::from_slice(json).expect("what the strict parser takes, every parser takes");
        assert_eq!(lax.as_object(), Some(&members), "two parsers, two objects");
    }
    let key = VerifyingKey::parse(json);
    if let Ok(key) = &key {
        check(key);
    }
    let Ok(set) = JwkSet::parse(json) else {
        assert!(JwkSet::parse_strict(json).is_err());
        return if key.is_ok() { Outcome::Accepted } else { Outcome::Refused };
    };
    set.keys().iter().for_each(check);
    if let Ok(strict) = JwkSet::parse_strict(json) {
        assert_eq!(strict.keys().len(), set.keys().len());
    }
    let written = JwkSet::parse(&JwkSet::render_public(set.keys())).expect("what was read can be written and read");
    assert!(written.skipped().is_empty());
    assert_eq!(written.keys().len(), set.keys().len());
    if set.keys().is_empty() { Outcome::Refused } else { Outcome::Accepted }
}

fn check(key: &VerifyingKey) {
    let public = key.public_jwk();
    assert!(["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().all(|member| !public.contains_key(*member)));
    let again = VerifyingKey::from_jwk(&public).expect("what was read can be written and read");
    assert_eq!((again.thumbprint(), again.kid(), again.alg()), (key.thumbprint(), key.kid(), key.alg()));
    assert!(key.rsa_bits().is_none_or(|bits| bits >= 2048));
    assert!(SigningAlg::ALL.into_iter().any(|alg| key.admits(alg)), "a key for nothing");
}
