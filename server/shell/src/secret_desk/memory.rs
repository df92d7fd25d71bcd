//! Which secrets were right lately.
//!
//! A memory is a MAC under a key of this process over the client, the stored hash and the presented secret: useless
//! elsewhere, useless after a restart, and gone by itself as soon as the stored hash is another.

use std::time::Duration;

use claimsmith_jose::{Digest, hmac_sha256};
use quick_cache::sync::Cache;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{Attempt, SecretDeskFault};

/// The MAC of one stored secret of an attempt.
pub(super) type Mark = Digest;

#[derive(Debug)]
pub(super) struct Memory {
    key: Key,
    right: Cache<Mark, Remembered>,
    good_for: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    client: Digest,
    until: Instant,
}

/// Security: made at start, in no file and no log.
struct Key(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

impl Memory {
    pub(super) fn new(capacity: usize, good_for: Duration) -> Result<Self, SecretDeskFault> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key)?;
        Ok(Self { key: Key(key), right: Cache::new(capacity.max(1)), good_for })
    }

    /// The marks of an attempt, one for each stored secret, in their order.
    pub(super) fn marks(&self, attempt: &Attempt<'_>) -> Vec<Mark> {
        let client = attempt.client_id.as_bytes();
        let mark = |&(id, phc): &(i64, &str)| {
            let id = id.to_be_bytes();
            // Lengths first: no two attempts make the same text.
            let lengths = [client.len() as u64, phc.len() as u64].map(u64::to_be_bytes);
            let parts = [&lengths[0][..], &lengths[1], &id, client, phc.as_bytes(), attempt.presented.expose().as_bytes()];
            hmac_sha256(&*self.key.0, &parts)
        };
        attempt.secrets.iter().map(mark).collect()
    }

    /// Whether one of the marks is remembered. If so, it is for as long again.
    pub(super) fn recalls(&self, marks: &[Mark], now: Instant) -> bool {
        let known = marks.iter().find_map(|mark| self.right.get(mark).filter(|known| now < known.until).map(|known| (mark, known)));
        if let Some((mark, known)) = known {
            let until = now + self.good_for;
            // Soft replacing does not bring back what `forget` took away in between.
            _ = self.right.replace(*mark, Remembered { until, ..known }, false);
        }
        known.is_some()
    }

    pub(super) fn remember(&self, client_id: &str, mark: Mark, now: Instant) {
        let client = Digest::of(client_id.as_bytes());
        self.right.insert(mark, Remembered { client, until: now + self.good_for });
    }

    pub(super) fn forget(&self, client_id: &str) {
        let client = Digest::of(client_id.as_bytes());
        self.right.retain(|_, known| known.client != client);
    }

    pub(super) fn forget_all(&self) {
        self.right.clear();
    }
}
