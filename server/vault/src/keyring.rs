//! The set of keys in use: which one signs, which ones are believed, and the document that says so.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use claimsmith_jose::{Digest, JwkSet, SigningAlg, VerifyingKey};

use crate::fault::VaultFault;
use crate::sealing::Sealer;
use crate::signer::Signer;
use crate::stored_key::{KeyState, StoredKey};

/// The `typ` of access tokens (RFC 9068 §2.1).
const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// The keys of one moment. It does not change: after a change in the database, or at [`Keyring::stale_at`], a new one is
/// opened and takes its place.
pub struct Keyring {
    /// Keys that may sign, by algorithm; within one, the latest `active_from` first.
    signers: Vec<TimedSigner>,
    published: HashMap<String, PublishedKey>,
    jwks: Arc<[u8]>,
    etag: String,
    stale_at: Option<i64>,
}

struct TimedSigner {
    active_from: i64,
    signer: Arc<Signer>,
    plain: Arc<Signer>,
}

struct PublishedKey {
    state: KeyState,
    key: Arc<VerifyingKey>,
}

impl Keyring {
    /// Opens the stored keys. Keys whose time is over at `now` (seconds since 1970) are left out; one key that does not
    /// open refuses the whole, for a node that lacks a key would sign or refuse tokens differently from its peers.
    pub fn open(stored: &[StoredKey], sealer: &Sealer, now: i64) -> Result<Self, VaultFault> {
        let mut opened = Vec::new();
        let mut published = HashMap::new();
        for row in stored.iter().filter(|row| row.state.is_published(now)) {
            let (signer, key) = open_key(row, sealer)?;
            opened.extend(signer);
            if published.insert(row.kid.clone(), PublishedKey { state: row.state, key }).is_some() {
                return Err(VaultFault::DuplicateKey { kid: row.kid.clone() });
            }
        }
        opened.sort_by(|a, b| (b.active_from, b.signer.kid()).cmp(&(a.active_from, a.signer.kid())));
        let jwks: Arc<[u8]> = render(&published).into();
        let etag = format!("\"{}\"", Digest::of(&jwks).to_base64url());
        let stale_at = published.values().filter_map(|key| match key.state {
            KeyState::Current { .. } => None,
            KeyState::Retired { published_until, .. } => Some(published_until),
        });
        Ok(Self { stale_at: stale_at.min(), signers: opened, published, jwks, etag })
    }

    /// The signer of access tokens (`typ` `at+jwt`) of this algorithm at `now`: the youngest key whose time has come.
    /// Another kind of token is signed by [`Signer::with_typ`] of it.
    // Invariant: a key published ahead of its time does not sign before it (OIDC Core §10.1.1).
    pub fn signer(&self, alg: SigningAlg, now: i64) -> Option<&Arc<Signer>> {
        let active = self.signers.iter().find(|timed| timed.signer.alg() == alg && timed.active_from <= now);
        active.map(|timed| &timed.signer)
    }

    /// The signer of ID tokens, signed UserInfo and what else has the plain `typ` `JWT`; see [`Keyring::signer`].
    pub fn plain_signer(&self, alg: SigningAlg, now: i64) -> Option<&Arc<Signer>> {
        let active = self.signers.iter().find(|timed| timed.signer.alg() == alg && timed.active_from <= now);
        active.map(|timed| &timed.plain)
    }

    /// The key that verifies our own tokens of this `kid` at `now`. It is fixed to one algorithm.
    pub fn verifying_key(&self, kid: &str, now: i64) -> Option<&VerifyingKey> {
        self.published.get(kid).filter(|published| published.state.is_published(now)).map(|published| &*published.key)
    }

    /// The JWK set document (RFC 7517 §5).
    pub const fn jwks(&self) -> &Arc<[u8]> {
        &self.jwks
    }

    /// The document's strong entity tag, in its quotation marks (RFC 9110 §8.8.3).
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The algorithms that can be signed with at `now`, in the order of [`SigningAlg::ALL`].
    pub fn algs(&self, now: i64) -> Vec<SigningAlg> {
        SigningAlg::ALL.into_iter().filter(|alg| self.signer(*alg, now).is_some()).collect()
    }

    /// When the document will name a key whose time is over (seconds since 1970): open the keys again then.
    pub const fn stale_at(&self) -> Option<i64> {
        self.stale_at
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keyring").field("etag", &self.etag).field("keys", &self.published.len()).finish_non_exhaustive()
    }
}

/// Opens one key. Of a retired one only the public half is kept.
fn open_key(row: &StoredKey, sealer: &Sealer) -> Result<(Option<TimedSigner>, Arc<VerifyingKey>), VaultFault> {
    let signing = row.open(sealer)?;
    let key = Arc::clone(signing.verifying_key());
    let signer = match row.state {
        KeyState::Retired { .. } => None,
        KeyState::Current { active_from } => {
            let signer = Arc::new(Signer::new(Arc::new(signing), ACCESS_TOKEN_TYP));
            let plain = Arc::new(signer.with_typ("JWT"));
            Some(TimedSigner { active_from, signer, plain })
        }
    };
    Ok((signer, key))
}

/// The same keys make the same bytes on every node: they are ordered by name.
fn render(published: &HashMap<String, PublishedKey>) -> Vec<u8> {
    let mut keys: Vec<&VerifyingKey> = published.values().map(|published| &*published.key).collect();
    keys.sort_by_key(|key| key.kid());
    JwkSet::render_public(keys)
}

#[cfg(test)]
mod tests;
