//! Keeps this node as new as the database: every 250 ms one row is read, and what changed is loaded and put in place.
//!
//! A version of a plugin is compiled and loaded before anything points to it. One that cannot be loaded never replaces the one
//! that runs: the node goes on with what it has, and says so.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claimsmith_hooks::{Compiler, Host, Plugin, Registry};
use claimsmith_jose::Digest;
use claimsmith_store::{EntityKind, KeyLife, KeyRow, PluginRecord, Reload, Store, VersionState};
use claimsmith_vault::{KeyState, Keyring, Sealer, StoredKey};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::directory::{Directory, Policy};
use crate::object_keys::ObjectKeys;
use crate::rooms::{Rooms, resources_by_identifier};

/// How often the generation is read.
const PULSE: Duration = Duration::from_millis(250);

/// How often the node says that it lives, and what it has ready.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a version that could not be loaded is left alone.
const RETRY: Duration = Duration::from_secs(30);

/// Reads policy and keeps plugins loaded.
pub struct Freshness {
    store: Arc<Store>,
    host: Arc<Host>,
    sealer: Arc<Sealer>,
    compiler: Arc<Compiler>,
    clock: Clock,
    node_id: Arc<str>,
    loaded: HashMap<Digest, Arc<Plugin>>,
    failed: HashMap<Digest, Instant>,
    serial: u64,
    object_keys: Arc<ObjectKeys>,
}

/// Why policy could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] claimsmith_store::Fault),
    /// A signing key does not open.
    #[error("the signing keys cannot be opened")]
    Keys(#[from] claimsmith_vault::VaultFault),
}

impl Freshness {
    /// Nothing read and nothing loaded yet.
    pub fn new(store: Arc<Store>, host: Arc<Host>, sealer: Arc<Sealer>, compiler: Compiler, node_id: Arc<str>) -> Self {
        let (loaded, failed) = (HashMap::new(), HashMap::new());
        Self {
            store,
            host,
            sealer,
            compiler: Arc::new(compiler),
            clock: Clock::default(),
            node_id,
            loaded,
            failed,
            serial: 0,
            object_keys: Arc::default(),
        }
    }

    /// From now on these keys are published with those that sign.
    pub fn publish(&mut self, keys: Arc<ObjectKeys>) {
        self.object_keys = keys;
    }

    /// Reads the policy and loads its plugins.
    pub async fn read_policy(&mut self, held: Option<&Policy>) -> Result<Policy, PolicyFault> {
        let facts = self.store.load_policy().await?;
        self.load_plugins(&facts.plugins).await;
        let stored: Vec<StoredKey> = facts.keys.iter().map(stored_key).collect();
        let keyring = Keyring::open(&stored, &self.sealer, self.clock.now().timestamp().seconds())?;
        self.serial += 1;
        let jwks = self.object_keys.join(keyring.jwks());
        Ok(Policy {
            serial: self.serial,
            generation: facts.generation,
            resources: resources_by_identifier(facts.resources),
            trusted: facts.trusted.into_iter().map(|trusted| (trusted.issuer.clone(), Arc::new(trusted))).collect(),
            bindings: facts.bindings.into_iter().map(Arc::new).collect(),
            plugins: self.registry(&facts.plugins, held),
            jwks_etag: format!("\"{}\"", Digest::of(&jwks).to_base64url()).into(),
            jwks: jwks.into(),
            keyring,
        })
    }

    /// Loads every version that may be asked for and is not loaded yet.
    async fn load_plugins(&mut self, plugins: &[PluginRecord]) {
        let usable = plugins.iter().flat_map(|plugin| &plugin.versions).filter(|version| version.state == VersionState::Ready);
        let wanted: HashSet<Digest> = usable.map(|version| version.digest).collect();
        self.loaded.retain(|digest, _| wanted.contains(digest));
        self.failed.retain(|digest, at| wanted.contains(digest) && at.elapsed() < RETRY);
        for digest in wanted {
            if self.loaded.contains_key(&digest) || self.failed.contains_key(&digest) {
                continue;
            }
            match self.load(digest).await {
                Ok(plugin) => {
                    self.loaded.insert(digest, plugin);
                }
                Err(reason) => {
                    tracing::error!(digest = digest.to_hex(), reason, "a plugin version cannot be loaded on this node");
                    self.failed.insert(digest, Instant::now());
                }
            }
        }
    }

    /// From the folder of compiled code, or compiled from the stored component.
    async fn load(&self, digest: Digest) -> Result<Arc<Plugin>, String> {
        match self.host.load_kept(&digest) {
            Ok(Some(plugin)) => return Ok(plugin),
            Ok(None) => {}
            Err(fault) => tracing::warn!(%fault, "compiled code is made again"),
        }
        let component = self.store.plugin_component(digest).await.map_err(|fault| fault.to_string())?;
        let component = component.ok_or("its component is not in the database")?;
        let (host, compiler) = (Arc::clone(&self.host), Arc::clone(&self.compiler));
        let loading = tokio::task::spawn_blocking(move || host.load(&digest, &component, &compiler));
        loading.await.map_err(|_| "loading it panicked".to_owned())?.map_err(|fault| fault.to_string())
    }

    /// What is active. Where the active version is not loaded, the one that was before stays: a broken version never replaces
    /// a good one.
    fn registry(&self, plugins: &[PluginRecord], held: Option<&Policy>) -> Registry {
        let mut registry = Registry::new();
        for plugin in self.loaded.values() {
            registry.insert(Arc::clone(plugin));
        }
        for plugin in plugins.iter().filter(|plugin| plugin.enabled) {
            let Some(active) = plugin.active else { continue };
            let before = held.and_then(|policy| policy.plugins.active(&plugin.name));
            match before {
                Some(before) if !self.loaded.contains_key(&active) => {
                    registry.insert(Arc::clone(before));
                    registry.activate(&plugin.name, *before.digest());
                }
                _ => registry.activate(&plugin.name, active),
            }
        }
        registry
    }

    /// Says that the node lives and what it has ready.
    pub async fn report(&self) -> Result<(), claimsmith_store::Fault> {
        let ready: Vec<Digest> = self.loaded.keys().copied().collect();
        self.store.report_ready(&self.node_id, env!("CARGO_PKG_VERSION"), &ready).await
    }

    /// Runs until told to stop.
    pub async fn run(mut self, rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reported = Instant::now();
        loop {
            tokio::select! {
                _ = pulse.tick() => {}
                () = rooms.directory.nudge.notified() => {}
                _ = stop.changed() => return,
            }
            let changed = self.beat(&rooms).await;
            if matches!(changed, Ok(true)) || reported.elapsed() >= HEARTBEAT {
                reported = Instant::now();
                if let Err(fault) = self.report().await {
                    tracing::warn!(%fault, "the node could not say that it lives");
                }
            }
        }
    }

    /// One look at the database; answers whether something was put in place.
    async fn beat(&mut self, rooms: &Rooms) -> Result<bool, ()> {
        let directory = &rooms.directory;
        let held = directory.policy();
        let generation = self.store.generation().await.map_err(|fault| tracing::debug!(%fault, "the generation was not read"))?;
        let now = self.clock.now().timestamp().seconds();
        let keys_due = held.keyring.stale_at().is_some_and(|at| at <= now);
        let retry = self.failed.values().any(|at| at.elapsed() >= RETRY);
        if generation == held.generation && !keys_due && !retry {
            directory.heard();
            return Ok(false);
        }
        let policy = self.read_policy(Some(&held)).await.map_err(|fault| tracing::error!(%fault, "the policy was not read"))?;
        self.drop_changed(directory, held.generation).await?;
        directory.replace_policy(policy);
        directory.heard();
        Ok(true)
    }

    /// Drops the clients that changed since; all of them when the log of changes does not reach back so far.
    async fn drop_changed(&self, directory: &Directory, since: i64) -> Result<(), ()> {
        let changes = self.store.changes_since(since).await.map_err(|fault| tracing::warn!(%fault, "changes were not read"))?;
        match changes.reload {
            Reload::Everything => directory.drop_all_clients(),
            Reload::Entities(entities) => {
                let clients = entities.iter().filter(|(kind, _)| *kind == EntityKind::Client);
                directory.drop_clients(clients.map(|(_, key)| key.as_str()));
            }
        }
        Ok(())
    }
}

/// A key as the vault knows it.
pub fn stored_key(row: &KeyRow) -> StoredKey {
    let state = match row.life {
        KeyLife::Current { active_from_at } => KeyState::Current { active_from: active_from_at.seconds() },
        KeyLife::Retired { retired_at, published_until_at, .. } => {
            KeyState::Retired { retired_at: retired_at.seconds(), published_until: published_until_at.seconds() }
        }
    };
    StoredKey { kid: row.kid.to_string(), alg: row.alg, sealed_private: row.sealed_private.clone(), state }
}

/// A key as the store keeps it.
pub fn key_row(key: &StoredKey) -> KeyRow {
    use claimsmith_protocol::time::Timestamp;
    let at = Timestamp::from_seconds;
    let life = match key.state {
        KeyState::Current { active_from } => KeyLife::Current { active_from_at: at(active_from) },
        KeyState::Retired { retired_at, published_until } => {
            KeyLife::Retired { active_from_at: at(retired_at), retired_at: at(retired_at), published_until_at: at(published_until) }
        }
    };
    KeyRow { kid: key.kid.as_str().into(), alg: key.alg, sealed_private: key.sealed_private.clone(), life }
}
