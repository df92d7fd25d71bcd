//! The life of signing keys: made, published, used, followed by another, retired, gone (OpenID Connect Core §10.1.1).

use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{Fault as StoreFault, KeyLife as Life, KeyRow, Store, Written};
use claimsmith_vault::{Sealer, StoredKey, VaultFault};

use crate::freshness::key_row;

/// Seconds for which a key that was followed by another still counts as in use: nodes learn of the other one within them.
const OVERLAP: i64 = 10;

/// How keys live.
#[derive(Debug, Clone)]
pub struct KeyLifeSettings {
    /// The algorithms that have keys.
    pub algs: Vec<SigningAlg>,
    /// The size of new RSA keys.
    pub rsa_bits: u32,
    /// The age at which a key is followed by another; never when absent.
    pub rotation: Option<Duration>,
    /// How long a new key is published before it signs.
    pub publish_before_use: Duration,
    /// The longest any token lives, in seconds.
    pub longest_lifetime: i64,
}

/// Makes and retires signing keys.
pub struct KeyLife {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    settings: KeyLifeSettings,
}

/// Why a key could not be made or retired.
#[derive(Debug, thiserror::Error)]
pub enum KeyLifeFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The key itself.
    #[error(transparent)]
    Vault(#[from] VaultFault),
}

impl KeyLife {
    /// For a store and its master key.
    pub const fn new(store: Arc<Store>, sealer: Arc<Sealer>, settings: KeyLifeSettings) -> Self {
        Self { store, sealer, settings }
    }

    /// Does what is due: a first key for each algorithm, a next one for a key that is old, the end of one that was followed, and
    /// the removal of one whose tokens have all expired. Run it as often as you like, on every node.
    pub async fn tend(&self, now: Timestamp) -> Result<(), KeyLifeFault> {
        let keys = self.store.list_keys().await?;
        for alg in &self.settings.algs {
            let youngest = current(&keys, *alg).map(|(_, from)| from).max();
            match (youngest, self.settings.rotation) {
                (None, _) => drop(self.create("server", *alg, now).await?),
                (Some(from), Some(age)) if now.since(from) >= seconds(age) => drop(self.follow("server", *alg, now).await?),
                (Some(_), _) => {}
            }
        }
        self.retire_followed(&keys, now).await?;
        for key in &keys {
            if matches!(key.life, Life::Retired { published_until_at, .. } if published_until_at < now) {
                self.store.delete_key("server", &key.kid).await?;
            }
        }
        Ok(())
    }

    /// A new key that signs at once: the first of its algorithm, or one that must replace another now.
    pub async fn create(&self, actor: &str, alg: SigningAlg, now: Timestamp) -> Result<Written<Box<str>>, KeyLifeFault> {
        self.save(actor, alg, now).await
    }

    /// A new key that is published first and signs once verifiers have had time to learn of it.
    pub async fn follow(&self, actor: &str, alg: SigningAlg, now: Timestamp) -> Result<Written<Box<str>>, KeyLifeFault> {
        let from = Timestamp::from_seconds(now.seconds() + seconds(self.settings.publish_before_use));
        self.save(actor, alg, from).await
    }

    /// Ends a key: it signs no more, and stays published until its last token has expired.
    pub async fn retire(&self, actor: &str, kid: &str, now: Timestamp) -> Result<Written, KeyLifeFault> {
        let until = Timestamp::from_seconds(now.seconds() + self.settings.longest_lifetime);
        Ok(self.store.retire_key(actor, kid, now, until).await?)
    }

    async fn save(&self, actor: &str, alg: SigningAlg, from: Timestamp) -> Result<Written<Box<str>>, KeyLifeFault> {
        // Invariant: of two keys it is the younger one that signs, so no two of an algorithm begin in the same second.
        let keys = self.store.list_keys().await?;
        let taken = |from: &i64| current(&keys, alg).any(|(_, other)| other.seconds() == *from);
        let from = (from.seconds()..).find(|from| !taken(from)).map_or(from, Timestamp::from_seconds);
        let (sealer, bits, at) = (Arc::clone(&self.sealer), self.settings.rsa_bits, from.seconds());
        // An RSA key takes a second to find: not on a thread that others wait for.
        let made = tokio::task::spawn_blocking(move || StoredKey::generate(alg, bits, &sealer, at)).await;
        // Invariant: making a key does not panic; if it did, so do we.
        let key = made.expect("making a key does not panic")?;
        let written = self.store.save_key(actor, key_row(&key), Vec::new()).await?;
        tracing::info!(kid = key.kid, alg = alg.as_str(), "a signing key was made");
        Ok(Written { generation: written.generation, value: key.kid.into() })
    }

    /// A key is followed when a younger one of its algorithm has been signing for a little while.
    async fn retire_followed(&self, keys: &[KeyRow], now: Timestamp) -> Result<(), KeyLifeFault> {
        for (kid, alg, from) in keys.iter().filter_map(|key| active_from(key).map(|from| (&key.kid, key.alg, from))) {
            let followed = current(keys, alg).any(|(_, younger)| younger > from && now.since(younger) > OVERLAP);
            if followed {
                self.retire("server", kid, now).await?;
                tracing::info!(%kid, alg = alg.as_str(), "a signing key was retired");
            }
        }
        Ok(())
    }
}

fn active_from(key: &KeyRow) -> Option<Timestamp> {
    match key.life {
        Life::Current { active_from_at } => Some(active_from_at),
        Life::Retired { .. } => None,
    }
}

fn current(keys: &[KeyRow], alg: SigningAlg) -> impl Iterator<Item = (&KeyRow, Timestamp)> {
    keys.iter().filter(move |key| key.alg == alg).filter_map(|key| Some((key, active_from(key)?)))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
