//! What this node holds of clients and policy, so that a warm request asks the database nothing.
//!
//! Policy (resources, bindings on tags and on all, plugins, keys) is one immutable snapshot behind one atomic pointer. A
//! request takes it once, when it enters, and keeps it to the end: it can never see two versions. Clients are kept in a
//! bounded cache, loaded on first use and dropped when they change. `freshness` replaces both as the database changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use claimsmith_hooks::Plugin;
use claimsmith_issuer::binding::{Binding, Target};
use claimsmith_issuer::client::Client;
use claimsmith_issuer::client_document::Hosts;
use claimsmith_issuer::grants::Resources;
use claimsmith_issuer::hook::HookPoint;
use claimsmith_issuer::trust::{Purpose, TrustedIssuer};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{LoadedClient, Store};
use claimsmith_vault::Keyring;
use quick_cache::sync::Cache;
use tokio::sync::Notify;

use crate::failure::{Failure, Fault};

/// Everything but clients that a request is decided by. It does not change; a new one takes its place.
pub struct Policy {
    /// Counts snapshots of this process.
    pub serial: u64,
    /// The database's generation it was read at.
    pub generation: i64,
    /// The registry of resources.
    pub resources: Resources,
    /// Other issuers that are believed, by name.
    pub trusted: HashMap<Box<str>, Arc<TrustedIssuer>>,
    /// Bindings on all clients and on tags, in order.
    pub bindings: Vec<Arc<Binding>>,
    /// Plugins that are loaded.
    pub plugins: claimsmith_hooks::Registry,
    /// Keys.
    pub keyring: Keyring,
    /// The JWK set document.
    pub jwks: bytes::Bytes,
    /// Its entity tag.
    pub jwks_etag: Box<str>,
}

/// A client with its bindings, and the chain of plugins that follows from them and a policy.
pub struct Entry {
    /// The client.
    pub client: Arc<Client>,
    bindings: Vec<Arc<Binding>>,
    chain: ArcSwap<Chain>,
    /// The second until which its document is taken for true; where it has one.
    document: Option<AtomicI64>,
}

/// The plugins that run for a client under one policy, in order.
pub struct Chain {
    serial: u64,
    /// The links, in the order in which they run.
    pub links: Vec<Link>,
}

/// One binding with the plugin it means.
pub struct Link {
    /// The binding.
    pub binding: Arc<Binding>,
    /// Its plugin; absent when this node does not have it.
    pub plugin: Option<Arc<Plugin>>,
}

impl Chain {
    /// Whether any of its plugins has a say at a hook point.
    pub fn has(&self, point: HookPoint) -> bool {
        self.links.iter().any(|link| link.has(point))
    }
}

impl Link {
    /// Whether the link has a say at a hook point. A plugin that is missing has a say everywhere: nobody knows better.
    pub fn has(&self, point: HookPoint) -> bool {
        self.plugin.as_ref().is_none_or(|plugin| plugin.hooks().any(|hook| hook == point))
    }
}

impl Entry {
    fn new(client: Client, bindings: Vec<Binding>) -> Self {
        let chain = ArcSwap::from_pointee(Chain { serial: 0, links: Vec::new() });
        Self { client: Arc::new(client), bindings: bindings.into_iter().map(Arc::new).collect(), chain, document: None }
    }

    fn loaded(loaded: LoadedClient) -> Self {
        let document = loaded.document.map(|kept| AtomicI64::new(kept.good_until.seconds()));
        Self { document, ..Self::new(loaded.record.client, loaded.bindings) }
    }

    /// Whether it is a client that its document must be read for, now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.document.as_ref().is_some_and(|until| until.load(Ordering::Relaxed) <= now.seconds())
    }

    /// Whether it is what a document at its `client_id` says.
    pub const fn has_document(&self) -> bool {
        self.document.is_some()
    }

    /// Its document was read again and says the same.
    pub fn prolong(&self, good_until: Timestamp) {
        if let Some(until) = &self.document {
            until.fetch_max(good_until.seconds(), Ordering::Relaxed);
        }
    }

    /// What stands for the server's own pages: plugins that are bound to everything run there.
    pub fn of_server(client: Client) -> Self {
        Self::new(client, Vec::new())
    }

    /// The chain under a policy: bindings on all, then on the client's tags, then its own; by position within each.
    pub fn chain(&self, policy: &Policy) -> Arc<Chain> {
        let held = self.chain.load();
        if held.serial == policy.serial {
            return Arc::clone(&held);
        }
        let chain = Arc::new(self.resolve(policy));
        // A request of an older policy must not put its chain in the place of a newer one.
        if held.serial < policy.serial {
            self.chain.store(Arc::clone(&chain));
        }
        chain
    }

    fn resolve(&self, policy: &Policy) -> Chain {
        let applies = |binding: &&Arc<Binding>| match &binding.target {
            Target::All => true,
            Target::Tag(tag) => self.client.tags.contains(tag),
            Target::Client(_) => false,
        };
        let shared = policy.bindings.iter().filter(applies);
        let mut bindings: Vec<&Arc<Binding>> = shared.chain(&self.bindings).collect();
        bindings.sort_by_key(|binding| (rank(&binding.target), binding.position, binding.id));
        let link = |binding: &&Arc<Binding>| Link { binding: Arc::clone(binding), plugin: plugin_of(binding, policy) };
        Chain { serial: policy.serial, links: bindings.iter().map(link).collect() }
    }
}

const fn rank(target: &Target) -> u8 {
    match target {
        Target::All => 0,
        Target::Tag(_) => 1,
        Target::Client(_) => 2,
    }
}

fn plugin_of(binding: &Binding, policy: &Policy) -> Option<Arc<Plugin>> {
    let plugin = match &binding.pinned {
        Some(digest) => policy.plugins.plugin(digest),
        None => policy.plugins.active(&binding.plugin),
    };
    plugin.cloned()
}

/// One request's hold on the policy.
#[derive(Clone)]
pub struct Visit {
    policy: Arc<Policy>,
}

impl Visit {
    /// The policy, the same from beginning to end.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The registry of resources.
    pub fn resources(&self) -> &Resources {
        &self.policy.resources
    }

    /// Another issuer, where it is in the list.
    pub fn trusted(&self, issuer: &str) -> Option<&Arc<TrustedIssuer>> {
        self.policy.trusted.get(issuer)
    }

    /// The one issuer that attests a client, for attestations that do not name it; nothing where there are several.
    pub fn attester_of(&self, client_id: &str) -> Option<&Arc<TrustedIssuer>> {
        let attests = |trusted: &&Arc<TrustedIssuer>| trusted.is_for(Purpose::ClientAttestation) && trusted.admits(client_id);
        let mut attesters = self.policy.trusted.values().filter(attests);
        attesters.next().filter(|_| attesters.next().is_none())
    }
}

/// How long anybody waits at most for this node to take over a change.
const CATCH_UP: Duration = Duration::from_secs(2);

/// What this node holds.
pub struct Directory {
    store: Arc<Store>,
    /// Whose documents are read: other clients with documents are not there.
    hosts: Hosts,
    policy: ArcSwap<Policy>,
    clients: Cache<Box<str>, Option<Arc<Entry>>>,
    /// Counts the times that clients were dropped, so that one loaded meanwhile is not kept.
    drops: AtomicU64,
    began: Instant,
    /// Milliseconds since `began` at which the database last said how new we are.
    fresh_at: AtomicI64,
    max_stale: Duration,
    /// Wakes who keeps the policy fresh, before its next pulse.
    pub nudge: Notify,
}

impl Directory {
    /// A directory that begins with a policy just read.
    pub fn new(store: Arc<Store>, policy: Policy, hosts: Hosts, clients_max: usize, max_stale: Duration) -> Self {
        Self {
            store,
            hosts,
            policy: ArcSwap::from_pointee(policy),
            clients: Cache::new(clients_max),
            drops: AtomicU64::new(0),
            began: Instant::now(),
            fresh_at: AtomicI64::new(0),
            max_stale,
            nudge: Notify::new(),
        }
    }

    /// Begins a request. Refused when the database has been away for too long to know what is true.
    pub fn visit(&self) -> Result<Visit, Fault> {
        if self.is_stale() { Err(Fault::Stale) } else { Ok(Visit { policy: self.policy.load_full() }) }
    }

    /// The policy now.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// A client, from memory where it is held; absent when there is none of that name.
    pub async fn client(&self, client_id: &str) -> Result<Option<Arc<Entry>>, Failure> {
        if let Some(held) = self.clients.get(client_id) {
            return Ok(held);
        }
        let Ok(id) = ClientId::parse(client_id) else { return Ok(None) };
        let drops = self.drops.load(Ordering::Acquire);
        let loaded = self.store.load_client(&id).await?;
        // Its bindings may be newer than the policy and name plugins that this node is about to load.
        let generation = loaded.as_ref().map_or(0, |loaded| loaded.generation);
        self.reach(generation).await;
        let known = loaded.filter(|loaded| loaded.document.is_none() || self.hosts.admit(&loaded.record.client.id));
        let entry = known.map(|loaded| Arc::new(Entry::loaded(loaded)));
        self.clients.insert(client_id.into(), entry.clone());
        // What changed while it was being loaded may be missing in it, unless it is as new as the policy, for what changes
        // after that is dropped with the next: the next request asks again.
        if self.drops.load(Ordering::Acquire) != drops && generation < self.policy.load().generation {
            self.clients.remove(client_id);
        }
        Ok(entry)
    }

    /// Waits until the policy is at least as new as a generation, or for two seconds.
    pub async fn reach(&self, generation: i64) {
        let reached = async {
            while self.policy.load().generation < generation {
                self.nudge.notify_one();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(CATCH_UP, reached).await.is_err() {
            tracing::warn!(generation, "the node has not taken over a change yet");
        }
    }

    /// Puts a new policy in place, with one atomic switch.
    pub fn replace_policy(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }

    /// Drops clients that have changed.
    pub fn drop_clients<'a>(&self, client_ids: impl Iterator<Item = &'a str>) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        for client_id in client_ids {
            self.clients.remove(client_id);
        }
    }

    /// Drops every client: when it is not known which have changed.
    pub fn drop_all_clients(&self) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        self.clients.clear();
    }

    /// Notes that the database has just said how new we are.
    pub fn heard(&self) {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.fresh_at.store(elapsed, Ordering::Relaxed);
    }

    /// How long ago the database last said how new we are.
    pub fn staleness(&self) -> Duration {
        let heard = u64::try_from(self.fresh_at.load(Ordering::Relaxed)).unwrap_or(0);
        self.began.elapsed().saturating_sub(Duration::from_millis(heard))
    }

    /// Whether that is too long ago.
    pub fn is_stale(&self) -> bool {
        self.staleness() > self.max_stale
    }
}
