//! The public keys of clients: their `jwks`, or what stands at their `jwks_uri` (OpenID Connect Core §10.1.1).
//!
//! A fetched set is kept for as long as its sender says, within bounds. An assertion that names a key which is not in it has
//! the set fetched again, at most once per cool-down, so that a client may change its keys whenever it likes and nobody can
//! make us hammer its server. While its server is down, the last set goes on serving for a while.
//!
//! `quick_cache` keeps both tables bounded: it weighs entries and resists scans. Caches that expire or fetch by themselves
//! (moka) are of no more use here, for none knows of unknown keys, cool-downs and sets that are stale but better than none.

mod entry;

use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::{JwkSet, JwkSetRefusal};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use tokio::time::Instant;

use crate::fetch::{Fetch, FetchRefusal, Fetched};
use entry::{Entry, Outcome, Step};

/// Bounds on `cache_time` and on what senders say.
const CACHE_TIME_MIN: Duration = Duration::from_secs(60);
const CACHE_TIME_MAX: Duration = Duration::from_secs(3_600);
/// What an entry weighs besides its keys, and what a key does besides its name; in bytes, roughly.
const OVERHEAD: usize = 512;
const KEY: usize = 2_048;
/// Parts of a table, each with its lock and its share of the bytes.
const SHARDS: usize = 8;

/// How long sets are kept.
#[derive(Debug, Clone)]
pub struct ClientKeysSettings {
    /// How many bytes all sets may take, roughly; fetched ones and inline ones each.
    pub bytes: u64,
    /// How long a fetched set is good where its sender does not say; 1 to 60 minutes, as what senders say.
    pub cache_time: Duration,
    /// The least time between two fetches for an unknown key.
    pub cool_down: Duration,
    /// How long a failure is remembered, where there is no set that is good.
    pub failure_time: Duration,
    /// How long a set that is not good any more is used while no other can be had.
    pub stale_time: Duration,
    /// Requests that may wait for one fetch; others do with what there is.
    pub waiters: usize,
}

impl Default for ClientKeysSettings {
    fn default() -> Self {
        Self {
            bytes: 16 * 1024 * 1024,
            cache_time: Duration::from_secs(300),
            cool_down: Duration::from_secs(30),
            failure_time: Duration::from_secs(10),
            stale_time: Duration::from_secs(3_600),
            waiters: 64,
        }
    }
}

/// The keys of all clients that were asked for lately. Shared by all threads.
pub struct ClientKeysCache {
    source: Arc<dyn Fetch>,
    settings: ClientKeysSettings,
    sets: Arc<Table<Arc<Entry>>>,
    inline: Table<Arc<JwkSet>>,
}

/// Why a document is no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Fetch(#[from] FetchRefusal),
    #[error(transparent)]
    Set(#[from] JwkSetRefusal),
}

/// Parses a registered `jwks`. Keys that cannot be used are left out.
pub fn parse_inline(jwks: &str) -> Result<Arc<JwkSet>, JwkSetRefusal> {
    JwkSet::parse(jwks.as_bytes()).map(Arc::new)
}

impl ClientKeysCache {
    /// An empty cache before `source`.
    pub fn new(mut settings: ClientKeysSettings, source: Arc<dyn Fetch>) -> Self {
        settings.cache_time = settings.cache_time.clamp(CACHE_TIME_MIN, CACHE_TIME_MAX);
        let (sets, inline) = (Arc::new(table(settings.bytes)), table(settings.bytes));
        Self { sets, inline, source, settings }
    }

    /// A client's registered `jwks`, parsed once as long as its text stays the same.
    pub fn inline(&self, jwks: &str) -> Option<Arc<JwkSet>> {
        if let Some(known) = self.inline.get(jwks) {
            return Some(known.value);
        }
        let value = parse_inline(jwks).ok()?;
        let weight = weight_of(&value, self.settings.bytes);
        self.inline.insert(jwks.into(), Weighed { weight, value: Arc::clone(&value) });
        Some(value)
    }

    /// The keys at a client's `jwks_uri`; `kid` is the one that an assertion names. None where there are none to be had: why
    /// stands in the log, for the client that is `invalid_client` like any other wrong proof.
    ///
    /// Whether the named key is in the set is the caller's to find out. Dropping the future stops no fetch, so that nobody
    /// can start fetches and walk away for others to start them again.
    pub async fn fetched(&self, client_id: &str, uri: &str, kid: Option<&str>) -> Option<Arc<JwkSet>> {
        let entry = self.entry(uri);
        let (mut outcome, pass) = match entry.step(kid, Instant::now(), &self.settings) {
            Step::Use(set) => return set,
            Step::Join(outcome, pass) => (outcome, pass),
            Step::Lead(flight, outcome, pass) => {
                let errand = self.errand(client_id, uri);
                let (sets, uri, bytes) = (Arc::clone(&self.sets), Arc::<str>::from(uri), self.settings.bytes);
                tokio::spawn(async move {
                    let outcome = errand.await;
                    let weight = outcome.as_ref().map_or(OVERHEAD, |outcome| weight_of(&outcome.set, bytes));
                    let entry = flight.land(outcome, Instant::now());
                    sets.insert(uri, Weighed { weight, value: entry });
                });
                (outcome, pass)
            }
        };
        // An error means that the flight ended without landing, with its runtime; then what is there is used.
        _ = outcome.wait_for(|landed| *landed).await;
        drop(pass);
        entry.usable(Instant::now(), &self.settings)
    }

    /// Forgets what was fetched from `uri`: for a client whose registration changed.
    pub fn forget(&self, uri: &str) {
        self.sets.remove(uri);
    }

    fn entry(&self, uri: &str) -> Arc<Entry> {
        if let Some(known) = self.sets.get(uri) {
            return known.value;
        }
        let fresh = || Ok::<_, std::convert::Infallible>(Weighed { weight: OVERHEAD, value: Arc::default() });
        let Ok(known) = self.sets.get_or_insert_with(&Arc::<str>::from(uri), fresh);
        known.value
    }

    /// Fetches and parses, and says in the log what came of it.
    fn errand(&self, client_id: &str, uri: &str) -> impl Future<Output = Option<Outcome>> + Send + use<> {
        let (document, cache_time) = (self.source.fetch(uri), self.settings.cache_time);
        let (client_id, uri) = (client_id.to_owned(), uri.to_owned());
        async move {
            match document.await.map_err(Unusable::from).and_then(|fetched| read(&fetched, cache_time)) {
                Ok(outcome) => {
                    tracing::debug!(client_id, uri, keys = outcome.set.keys().len(), skipped = ?outcome.set.skipped(), "client keys fetched");
                    Some(outcome)
                }
                Err(reason) => {
                    tracing::info!(client_id, uri, %reason, "client keys cannot be fetched");
                    None
                }
            }
        }
    }
}

/// Makes keys of a document.
fn read(fetched: &Fetched, cache_time: Duration) -> Result<Outcome, Unusable> {
    let set = Arc::new(JwkSet::parse(&fetched.body)?);
    let good_for = fetched.max_age.map_or(cache_time, |age| age.clamp(CACHE_TIME_MIN, CACHE_TIME_MAX));
    Ok(Outcome { set, good_for })
}

/// What a set takes in a table of so many bytes.
///
/// Invariant: less than a shard holds, or it would be fetched again for every request.
fn weight_of(set: &JwkSet, bytes: u64) -> usize {
    let keys = set.keys().iter().map(|key| KEY + key.kid().map_or(0, str::len));
    let most = bytes / (2 * SHARDS as u64);
    (OVERHEAD + keys.sum::<usize>()).min(usize::try_from(most).unwrap_or(usize::MAX))
}

type Table<T> = Cache<Arc<str>, Weighed<T>, ByWeight, RandomState>;

fn table<T: Clone>(bytes: u64) -> Table<T> {
    let expected = usize::try_from(bytes / 4_096).unwrap_or(usize::MAX).clamp(16, 65_536);
    let options = OptionsBuilder::new().shards(SHARDS).estimated_items_capacity(expected).weight_capacity(bytes).build();
    let options = options.expect("both capacities are given");
    Cache::with_options(options, ByWeight, RandomState::new(), DefaultLifecycle::default())
}

#[derive(Debug, Clone)]
struct Weighed<T> {
    weight: usize,
    value: T,
}

#[derive(Debug, Clone)]
struct ByWeight;

impl<T> Weighter<Arc<str>, Weighed<T>> for ByWeight {
    fn weight(&self, key: &Arc<str>, entry: &Weighed<T>) -> u64 {
        // URLs are bounded in length, and the texts of registered sets where they are registered.
        (key.len() + entry.weight) as u64
    }
}

#[cfg(test)]
mod tests;
