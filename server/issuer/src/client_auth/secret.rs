//! `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).
//!
//! Refused when no stored secret matches, or only one that has expired. Secrets that we generated are random and held as
//! SHA-256; those that somebody else chose are held as Argon2id, which is somebody else's work to compute.

use claimsmith_jose::{Digest, Secret};
use claimsmith_protocol::credentials::Presented;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::time::Timestamp;

use super::{Evidence, Need, ReplayGuard};
use crate::client::{SecretVerifier, StoredSecret};

/// Hashes what was presented for nothing, so that an unknown client takes as long as a wrong secret.
pub(super) fn spend(presented: &Presented) {
    if let Presented::Basic { secret, .. } | Presented::Post { secret, .. } = presented {
        std::hint::black_box(Digest::of(secret.expose().as_bytes()));
    }
}

fn is_live(secret: &StoredSecret, now: Timestamp) -> bool {
    secret.expires_at.is_none_or(|end| now < end)
}

/// Whether a random secret matches. Security: every one is compared, in constant time each.
fn matches(secrets: &[StoredSecret], presented: &Secret<String>, live: impl Fn(&StoredSecret) -> bool) -> bool {
    let presented_digest = Digest::of(presented.expose().as_bytes());
    secrets.iter().fold(false, |found, secret| {
        let equal = matches!(&secret.verifier, SecretVerifier::Sha256(digest) if *digest == presented_digest);
        found | (equal & live(secret))
    })
}

/// Argon2id is asked only when no random secret matches.
pub(super) fn need<'a>(secrets: &'a [StoredSecret], presented: &'a Secret<String>, now: Timestamp) -> Need<'a> {
    if matches(secrets, presented, |secret| is_live(secret, now)) {
        return Need::Nothing;
    }
    let costly: Vec<_> = secrets
        .iter()
        .filter(|secret| is_live(secret, now))
        .filter_map(|secret| match &secret.verifier {
            SecretVerifier::Argon2id(phc) => Some((secret.id, phc.as_ref())),
            SecretVerifier::Sha256(_) => None,
        })
        .collect();
    if costly.is_empty() { Need::Nothing } else { Need::Argon2id { presented, secrets: costly } }
}

pub(super) fn verify(
    secrets: &[StoredSecret],
    presented: &Secret<String>,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Option<ReplayGuard>, Refusal> {
    let good = matches!(evidence, Evidence::Argon2id(true)) || matches(secrets, presented, |secret| is_live(secret, now));
    if good {
        return Ok(None);
    }
    let expired = matches(secrets, presented, |_| true);
    Err(Refusal::invalid_client(if expired { Reason::ExpiredSecret } else { Reason::WrongSecret }))
}
