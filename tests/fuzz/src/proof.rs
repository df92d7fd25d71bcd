//! DPoP proofs, against a request and a clock that stand still.

use claimsmith_issuer::dpop::{Expected, Nonces, Policy, Space, verify};
use claimsmith_jose::{Secret, SigningAlg};
use claimsmith_protocol::time::Timestamp;

use crate::Outcome;

/// When the seeds were made.
const NOW: i64 = 1_800_000_000;

/// What is accepted names a key, and can be held against nothing but the request it was made for.
pub fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else { return Outcome::Refused };
    let policy = Policy { algs: SigningAlg::ALL.to_vec(), lifetime: 60, requires_nonce: false, origins: vec!["https://id.example".into()] };
    let nonces = Nonces::new(Secret::new([7; 32]), 300);
    let request = Expected {
        method: "POST",
        path: "/oauth2/token",
        token: None,
        space: Space::AuthorizationServer,
        now: Timestamp::from_seconds(NOW),
    };
    let Ok(proof) = verify(text, &policy, &nonces, &request) else { return Outcome::Refused };
    assert!(proof.guard().expires_at.seconds() > NOW);
    assert!(verify(text, &policy, &nonces, &Expected { method: "GET", ..request }).is_err());
    assert!(verify(text, &policy, &nonces, &Expected { path: "/oauth2/par", ..request }).is_err());
    Outcome::Accepted
}
